"""Where we are: the trace being recorded, and the subsegment that is open here.

This module is the address of all global state of the guest: `live` (what is being recorded in this
process) and the one context variable (the open subsegment of this thread or task). Everything else gets its
state handed in.
"""

import time
from _thread import LockType, get_ident

from .model import NOTHING, Subsegment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import ContextVar, Token
    from typing import Any

    from .model import Trace

PARENT = "_xray_instrument_parent"
# What blocks, taken before the function's code is there: a checker of blocking calls in coroutines (blockbuster) puts functions
# of its own in their place, which raise.
acquire, sleep = LockType.acquire, time.sleep


class Live:
    """What this process records at the moment.

    Attributes:
        also_open: says what is innermost of the open node here and what a library with a context of its own has open here;
            None: no such library is there, or its answer is none.
        trace: the open invocation, the initialization, or NOTHING.
        threads: threading's dictionary of running threads, once threads are followed.
        load: loads a bundle (start.py) or a module of ours quicker than an import, and without a trace in importlib's caches.
        until: in a forked child, when its parent's invocation is over at the latest, seconds since the epoch; else 0.
        follow_threads: makes them followed; called before the first subsegment that others can hang below.
    """

    __slots__ = ("also_open", "follow_threads", "load", "threads", "trace", "until")

    def __init__(self) -> None:
        self.also_open: "Callable[[Subsegment | None], Subsegment | None] | None" = None
        self.follow_threads: "Callable[[], None] | None" = None
        self.load: "Callable[[str], None]" = lambda _what: None
        self.trace: "Trace" = NOTHING
        self.until = 0.0
        self.threads: "dict[int, Any]" = {}

    def custom(self) -> "Any":
        """Return the module that the helper package calls."""
        self.load("helper")
        from . import custom  # noqa: PLC0415  (only where the function uses the helper)

        return custom


live = Live()
# Made at the first subsegment that is opened: loading _contextvars is 0.3 ms of a cold start, and a function
# that opens none does without.
_variable: "ContextVar[Subsegment | None] | None" = None


def current() -> "Subsegment | None":
    """Return the open subsegment of this thread or task; it may be of an earlier invocation."""
    return None if _variable is None else _variable.get()


def enter(subsegment: "Subsegment | None") -> "Token[Subsegment | None] | None":
    """Make a subsegment the open one of this thread or task. Returns what `leave` takes."""
    global _variable  # noqa: PLW0603
    if _variable is None:
        if subsegment is None:
            return None
        from _contextvars import ContextVar  # noqa: PLC0415  (not contextvars: half the cost)

        _variable = ContextVar("xray_instrument", default=None)
    return _variable.set(subsegment)


def leave(subsegment: Subsegment) -> None:
    """Make current again what was before `subsegment`, if that is the open one here."""
    if _variable is not None and _variable.get() is subsegment:
        try:
            _variable.reset(subsegment.token)  # so that a function which lists its context finds nothing of ours
        except (ValueError, RuntimeError, TypeError):  # entered in another task's context
            _variable.set(subsegment.parent)
        before = _variable.get()
        while before is not None and before.end_time is not None:  # one that had to end after this one did not
            before = before.parent
            _variable.set(before)


def parent() -> Subsegment:
    """Return what a subsegment that begins here and now hangs below.

    The open subsegment of this thread or task; else the one that was open where the thread was started;
    else, also when those belong to an earlier invocation, the root of what is being recorded.
    """
    node = None if _variable is None else _variable.get()
    if node is None:
        node = getattr(live.threads.get(get_ident()), PARENT, None)
    if live.also_open is not None:
        node = live.also_open(node) or node
    if node is None or node.trace is not live.trace:
        return live.trace.root
    while node.leaf and node.end_time is not None and node.parent is not None:
        node = node.parent
    return node


def inside(node: "Subsegment | None", outer: Subsegment) -> bool:
    """Whether a node is `outer`, or below it."""
    while node is not None:
        if node is outer:
            return True
        node = node.parent
    return False
