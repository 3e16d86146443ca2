"""Where we are: the trace being recorded, and the subsegment that is open here.

This module is the address of all global state of the guest: `live` (what is being recorded in this
process) and the one context variable (the open subsegment of this thread or task). Everything else gets its
state handed in.

Threads: nothing of the function's is wrapped, because a wrapper would stand in its tracebacks. `threading`
notes each thread that is being started in its own dictionary `_limbo`; ours remembers which subsegment was
open then. An executor's worker fetches `work_item.run`; ours is a descriptor that first makes the
subsegment current that was open when the work was submitted. No other context variable is touched.
"""

from _thread import get_ident

from .guard import guarded
from .model import NOTHING, Subsegment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import ContextVar, Token
    from types import ModuleType
    from typing import Any

    from .model import Trace

_PARENT = "_xray_instrument_parent"


class Live:
    """What this process records at the moment.

    Attributes:
        trace: the open invocation, the initialization, or NOTHING.
    """

    __slots__ = ("threads", "trace")

    def __init__(self) -> None:
        self.trace: "Trace" = NOTHING
        self.threads: "dict[int, Any]" = {}


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


def parent() -> Subsegment:
    """Return what a subsegment that begins here and now hangs below.

    The open subsegment of this thread or task; else the one that was open where the thread was started;
    else, also when those belong to an earlier invocation, the root of what is being recorded.
    """
    node = None if _variable is None else _variable.get()
    if node is None:
        node = getattr(live.threads.get(get_ident()), _PARENT, None)
    if node is None or node.trace is not live.trace:
        return live.trace.root
    while node.leaf and node.end_time is not None and node.parent is not None:
        node = node.parent
    return node


@guarded("threads")
def _remember(attributes: "dict[str, Any]") -> None:
    """Note on a thread or a work item what is open here."""
    attributes[_PARENT] = parent() if live.trace.recording else None


class _Limbo(dict):  # type: ignore[type-arg]
    """threading's dictionary of threads that are being started; `start()` puts each in."""

    def __setitem__(self, thread: "Any", value: "Any") -> None:
        _remember(thread.__dict__)  # not setattr: a subclass may have a __setattr__ of its own
        dict.__setitem__(self, thread, value)


class _Run:
    """`run` of a work item: fetched by the worker thread just before the call."""

    def __init__(self, run: "Any") -> None:
        self._run = run

    def __get__(self, item: "Any", owner: "Any" = None) -> "Any":
        if item is not None:
            enter(item.__dict__.get(_PARENT))
        return self._run.__get__(item, owner)


def follow_threads(threading: "ModuleType") -> None:
    """Remember, for each thread started from now on, what was open at its start."""
    threading._limbo = _Limbo(threading._limbo)  # type: ignore[attr-defined]  # noqa: SLF001
    live.threads = threading._active  # noqa: SLF001


def follow_executors(thread_pools: "ModuleType") -> None:
    """Remember, for each piece of work submitted from now on, what was open where it was submitted.

    Args:
        thread_pools: the module concurrent.futures.thread.
    """
    plain = thread_pools._WorkItem  # noqa: SLF001

    class _WorkItem(plain):  # type: ignore[misc,valid-type]
        run = _Run(plain.run)

        def __init__(self, *args: "Any", **kwargs: "Any") -> None:
            plain.__init__(self, *args, **kwargs)
            _remember(self.__dict__)

    _WorkItem.__qualname__ = plain.__qualname__
    _WorkItem.__module__ = plain.__module__
    thread_pools._WorkItem = _WorkItem  # type: ignore[attr-defined]  # noqa: SLF001
