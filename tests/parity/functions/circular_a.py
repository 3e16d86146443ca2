"""Half of a circle."""

NAME = "a"
COUNT = globals().get("COUNT", 0) + 1

import circular_b  # noqa: E402


def other():
    return circular_b.NAME + circular_b.seen_name
