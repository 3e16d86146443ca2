"""The other half."""

import circular_a

NAME = "b"
seen_name = circular_a.NAME
