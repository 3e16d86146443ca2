"""The guest's parts one by one, in this process."""
