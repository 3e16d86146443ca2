"""A package whose own __init__ has a handler."""

print("package", __name__)


def handler(event, context):
    return {"package": __name__, "event": event}
