"""What the terminal shows, and the command as a process."""
