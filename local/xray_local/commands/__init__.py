"""The commands that run something: `up` and `invoke`. Those that read are in cli.py."""
