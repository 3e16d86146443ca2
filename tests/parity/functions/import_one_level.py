"""Fails while it is imported."""


def check(value):
    if value > 1:
        raise RuntimeError("not in this module")
    return value


VALUE = check(2)
