"""Threads: whose parent is the subsegment that was open where the thread was started or the work submitted.

Nothing of the function's is wrapped, because a wrapper would stand in its tracebacks. `threading` notes each
thread that is being started in its own dictionary `_limbo`; ours remembers which subsegment was open then.
An executor's worker fetches `work_item.run`; ours is a descriptor that first makes the subsegment current that
was open when the work was submitted. No other context variable is touched.

All this starts with the first subsegment that other things can hang below: until then everything hangs below the
root anyway, in whichever thread, and a function that opens none pays nothing.
"""

from .context import PARENT, enter, live, parent
from .guard import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


@guarded("threads")
def _remember(attributes: "dict[str, Any]") -> None:
    """Note on a thread or a work item what is open here."""
    attributes[PARENT] = parent() if live.trace.recording else None


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
            enter(item.__dict__.get(PARENT))
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
