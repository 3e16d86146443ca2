"""Begin and end of subsegments: ids, times, where they hang, and who sends them."""

import os
from time import time

from .context import enter, leave, live, parent
from .model import NOTHING, Subsegment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def random_id() -> str:
    """Return 16 hex digits from the kernel: distinct also after a fork or from one snapshot restored twice."""
    return os.urandom(8).hex()


class Recorder:
    """Opens and closes subsegments where the code stands.

    Args:
        clock: seconds since the epoch.
        new_id: gives 16 hex digits.
    """

    def __init__(self, clock: "Callable[[], float]" = time, new_id: "Callable[[], str]" = random_id) -> None:
        self.clock = clock
        self.new_id = new_id

    def begin(self, name: str, *, leaf: bool = False) -> Subsegment:
        """Open a subsegment below the one that is open here, and make it the open one."""
        self._look_around(leaf=leaf)
        above = parent()
        opened = Subsegment(name, self.new_id(), self.clock(), above.trace)
        opened.leaf = leaf
        return self._open(opened, above)

    def begin_below(self, opened: Subsegment, above: Subsegment) -> Subsegment:
        """Open a subsegment that its maker has made, with an id and a start of its own, below the given one."""
        self._look_around(leaf=opened.leaf)
        return self._open(opened, above)

    def begin_beside(self, opened: Subsegment, above: Subsegment) -> Subsegment:
        """The same, but what is the open one here stays so: its maker has a context of its own, and says so (live.also_open)."""
        self._look_around(leaf=opened.leaf)
        return self._hang(opened, above)

    def _look_around(self, *, leaf: bool) -> None:
        if live.until and self.clock() > live.until:
            live.trace = NOTHING  # a worker that was forked in an invocation and kept must not record into it for ever
        if not leaf and live.follow_threads is not None:
            follow, live.follow_threads = live.follow_threads, None
            follow()

    @staticmethod
    def _hang(opened: Subsegment, above: Subsegment) -> Subsegment:
        opened.parent = above
        opened.parent_id = above.id
        opened.trace.open[opened.id] = opened
        return opened

    def _open(self, opened: Subsegment, above: Subsegment) -> Subsegment:
        self._hang(opened, above)
        opened.token = enter(opened)
        return opened

    def end(self, subsegment: Subsegment, end_time: "float | None" = None) -> None:
        """Close a subsegment and send it. The second call for the same one does nothing."""
        if subsegment.end_time is not None:
            return
        subsegment.end_time = self.clock() if end_time is None else end_time
        trace = subsegment.trace
        trace.open.pop(subsegment.id, None)
        leave(subsegment)
        trace.deliver(subsegment)

    def drop(self, subsegment: Subsegment) -> None:
        """Close a subsegment that turned out to be none: nothing of it is sent."""
        subsegment.end_time = self.clock()
        subsegment.trace.open.pop(subsegment.id, None)
        leave(subsegment)


recorder = Recorder()
