"""Handlers of every kind a Python function can be: what is called, and what it gives back."""

import functools
import warnings


def sync(event, context):
    return {"event": event, "ünï": "çødé", "id": context.aws_request_id}


async def coroutine(event, context):
    return event


def generator(event, context):
    yield event


class Callable:
    def __call__(self, event, context):
        return {"called": event}

    def method(self, event, context):
        return {"method": event}

    @classmethod
    def of_class(cls, event, context):
        return {"class": cls.__name__, "event": event}

    @staticmethod
    def static(event, context):
        return {"static": event}


instance = Callable()
bound_method = Callable().method
class_method = Callable.of_class
static_method = Callable.static


class AsHandler:
    def __init__(self, event, context):
        self.event = event


class AsDictionary(dict):
    def __init__(self, event, context):
        super().__init__(event=event)


def _three(extra, event, context):
    return {"extra": extra, "event": event}


partial = functools.partial(_three, "bound")


def _wrapping(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return {"inner": function(*args, **kwargs)}

    return inner


def _anonymous(function):
    def inner(event, context):
        return function(event, context)

    return inner


@_wrapping
def decorated(event, context):
    return event


@_anonymous
@_wrapping
def decorated_twice(event, context):
    raise LookupError("below two decorators")


def one_argument(event):
    return event


def no_arguments():
    return None


def keyword_only(event, *, context):
    return event


def defaults(event=None, context=None, *more, **named):
    return {"more": more, "named": named}


not_callable = 42
a_lambda = lambda event, context: {"lambda": event}  # noqa: E731


def nothing(event, context):
    pass


def as_bytes(event, context):
    return b"\x00\xffraw"


def not_json(event, context):
    return {"deep": [{"down": object}]}


def a_set(event, context):
    return {1}


def not_a_number(event, context):
    return [float("nan"), float("inf"), 1e308 * 10]


def surrogate(event, context):
    return {"lonely": "\ud83d"}


def circular(event, context):
    loop = []
    loop.append(loop)
    return loop


def five_megabytes(event, context):
    return "x" * (5 * 1024 * 1024)


def warning(event, context):
    warnings.warn("a user warning", stacklevel=1)
    warnings.warn("an old way", DeprecationWarning, stacklevel=1)
    warnings.warn("a resource", ResourceWarning, stacklevel=1)
    warnings.warn("later", FutureWarning, stacklevel=2)
    return len(warnings.filters)
