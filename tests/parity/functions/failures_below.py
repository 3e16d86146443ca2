"""One module further down the stack."""


def first(event):
    return second(event, level=1)


def second(event, level):
    """Fails on a line of several, so that Python 3.11+ has columns to mark."""
    return {
        "level": level,
        "value": event["missing"]["deeper"],
    }
