"""The one place where a fault of ours is caught.

Rule: the function never sees us fail. Each entry point into our code belongs to a part; the first
fault in a part is told in one line on stderr and switches that part off for good, the rest goes on.
Tests set `Guard.strict`, and then every fault is raised.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Value = TypeVar("Value")

# Where the errors that our own code can raise are defined: Python's, and those of the C modules that it uses.
_OUR_ERRORS = ("builtins", "socket", "_socket", "json.decoder", "re", "re._constants")


def _came_from_outside(error: BaseException) -> bool:
    """Whether an exception is the function's own, and only met our code on its way.

    Timeouts are made so: a signal handler of the function's raises wherever the main thread stands, or another thread
    has an exception raised here (PyThreadState_SetAsyncExc). Swallowed, the function would hang on.
    """
    handlers = {_code_of(handler) for handler in _signal_handlers()} - {None}
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in handlers:
            return True
        innermost, trace = trace, trace.tb_next
        if trace is None and innermost.tb_frame.f_globals.get("__package__", "").startswith(__package__ or "xray_instrument"):
            return type(error).__module__ not in _OUR_ERRORS
    return False


def _signal_handlers() -> "list[Any]":
    signal: "Any" = sys.modules.get("signal")  # a function that has handlers has loaded it
    return [signal.getsignal(number) for number in range(1, signal.NSIG)] if signal else []


def _code_of(handler: "Any") -> "Any":
    """Return the code that runs for a handler: a function, a method, a partial, an object that can be called; or None."""
    for _ in range(5):
        code = getattr(handler, "__code__", None)
        if code is not None:
            return code
        inner = getattr(handler, "__func__", None) or getattr(handler, "func", None)
        if inner is None:
            inner = vars(type(handler)).get("__call__")
        handler = inner
    return None


class Guard:
    """Wraps our entry points. `guarded("part")(function)` never raises an Exception of ours.

    Attributes:
        off: the parts that have been switched off, with the fault.
        clean_up: for a part, what puts things right when it is switched off.
    """

    strict = False

    def __init__(self) -> None:
        self.off: "dict[str, str]" = {}
        self.clean_up: "dict[str, Callable[[], None]]" = {}

    def __call__(self, part: str) -> "Callable[[Callable[..., Any]], Callable[..., Any]]":
        """Make a decorator for one entry point of `part`. The result returns None after a fault."""
        off = self.off

        def decorate(function: "Callable[..., Any]") -> "Callable[..., Any]":
            def xray_instrument_guarded(*args: "Any", **kwargs: "Any") -> "Any":
                if part in off:
                    return None
                try:
                    return function(*args, **kwargs)
                except RecursionError:  # measured: the function's own recursion meets the limit inside us; nothing can be called
                    if self.strict:
                        raise
                except Exception as error:  # noqa: BLE001  (the layer's faults are caught nowhere else)
                    self._fault(part, error)
                return None

            return xray_instrument_guarded

        return decorate

    def _fault(self, part: str, error: Exception) -> None:
        if self.strict or _came_from_outside(error):
            raise error
        if isinstance(error, MemoryError):  # the function's own code has used it up: no reason to switch off
            return
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if part in self.clean_up:
            self.clean_up[part]()
        where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
        self.off[part] = f"{attempt(repr, error, type(error).__name__)} at {where}"
        say(f"{part} is switched off, traces are incomplete, your function is not affected: {self.off[part]}")


def say(text: str) -> None:
    """Write one line to stderr, if the function has left us one."""
    attempt(lambda line: str(sys.stderr.write(line)), f"xray_instrument: {text}\n", "")


guarded = Guard()


class Debug:
    """The debug switch: says each decision with its reason, or nothing."""

    on = False

    def __call__(self, decision: str) -> None:
        """Write one line, if the switch is on."""
        if self.on:
            say(decision)


debug = Debug()


def attempt(call: "Callable[[Any], Value]", argument: object, otherwise: "Value", failed: str = "") -> "Value":
    """Return call(argument), or `otherwise` where the function's own code in it (a __str__, say) fails.

    Args:
        failed: what the debug switch says of that, in front of the exception; empty: nothing.
    """
    try:
        return call(argument)
    except Exception as error:  # noqa: BLE001  (not our fault, so nothing is switched off)
        if failed:
            debug(f"{failed}: {error!r}")
        return otherwise
