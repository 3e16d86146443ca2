"""A handler two folders down, with a relative import."""

from .. import handler as outer


def handler(event, context):
    if event["round"] == 2:
        raise ValueError("from two folders down")
    return {"module": __name__, "outer": outer(event, context)}
