"""What a person sees in the terminal: traces as lists, timelines and maps, and why there are none."""
