"""The one place where a fault of ours is caught.

Rule: the function never sees us fail. Each entry point into our code belongs to a part; the first
fault in a part is told in one line on stderr and switches that part off for good, the rest goes on.
Tests set `Guard.strict`, and then every fault is raised.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Raised in our code when the function's own code has used up the stack or the memory: nobody's fault
# here, and no reason to switch off (measured: the function's own recursion meets the limit inside us).
_NOT_OURS = (RecursionError, MemoryError)


class Guard:
    """Wraps our entry points. `guarded("part")(function)` never raises an Exception."""

    strict = False

    def __init__(self) -> None:
        self.off: "dict[str, str]" = {}

    def __call__(self, part: str) -> "Callable[[Callable[..., Any]], Callable[..., Any]]":
        """Make a decorator for one entry point of `part`. The result returns None after a fault."""
        off = self.off

        def decorate(function: "Callable[..., Any]") -> "Callable[..., Any]":
            def xray_instrument_guarded(*args: "Any", **kwargs: "Any") -> "Any":
                if part in off:
                    return None
                try:
                    return function(*args, **kwargs)
                except Exception as error:  # noqa: BLE001  (the layer's faults are caught nowhere else)
                    self._fault(part, error)
                return None

            return xray_instrument_guarded

        return decorate

    def _fault(self, part: str, error: Exception) -> None:
        if self.strict:
            raise error
        if isinstance(error, _NOT_OURS):
            return
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
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


def attempt(call: "Callable[[Any], str]", argument: object, otherwise: str) -> str:
    """Return call(argument), or `otherwise` where the function's own code in it (a __str__, say) fails."""
    try:
        return call(argument)
    except Exception:  # noqa: BLE001  (not our fault, so nothing is told and nothing switched off)
        return otherwise
