"""The watcher: one parked thread that sees what the hanging function cannot tell.

Started at the first sampled invocation, with _thread rather than threading, so that the function sees no
thread of ours. It looks four times a second while invocations are recorded and parks for good after
some seconds without any; an invocation wakes it only from there. Lambda kills at the deadline without a
signal (SIGKILL, measured), so what is to survive must have been sent before.
"""

import sys
from _thread import allocate_lock, get_ident, get_native_id, start_new_thread
from posix import stat

from .context import acquire, live, sleep
from .guard import debug, guarded
from .invocation import Invocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .recorder import Recorder

TICK = 0.25
PARK_AFTER = 40  # ticks
_TASKS = "/proc/self/task"


def _exists(path: str) -> bool:
    try:
        stat(path)  # posix's: os.stat may be another by now, as `acquire` may
    except OSError:
        return False
    return True


class Watcher:
    """Announces slow calls, and tells the deadline.

    Args:
        slow_call: seconds after which an open call is sent as in progress.
        margin: seconds before the deadline at which it is told.
    """

    def __init__(self, recorder: "Recorder", slow_call: float, margin: float) -> None:
        self._recorder = recorder
        self._slow_call = slow_call
        self._margin = margin
        self._main = get_ident()
        self._bell = allocate_lock()
        self._gone = allocate_lock()
        acquire(self._bell)
        self._native = 0
        self._running = False
        self._parked = False
        self._stop = False
        self.resume = False

    def wake(self) -> None:
        """Make sure that the thread runs. Two attribute reads when it does."""
        if not self._running:
            self._running = True
            self._stop = False
            acquire(self._gone)
            try:
                start_new_thread(self._run, ())
            except RuntimeError:  # no more threads: the next invocation may have one
                self._gone.release()
                self._running = False
                debug("the watcher's thread could not be started")
        elif self._parked:
            self._parked = False
            self._bell.release()

    def before_fork(self) -> None:
        """End the thread: from 3.12 on, a fork with more than one thread running warns the function's code."""
        if self._running:
            self._stop = True
            if self._bell.locked():
                self._bell.release()
            # Half a second is for a starved processor, and a tenth at least for the kernel to follow; usual are 0.1 ms each.
            if acquire(self._gone, timeout=0.5):
                self._gone.release()
            own = f"{_TASKS}/{self._native}"
            for _ in range(500):
                if not _exists(own):
                    break
                sleep(0.0002)
            acquire(self._bell, blocking=False)
            self._running = self._parked = False
            self.resume = True

    def after_fork_in_parent(self) -> None:
        """Start the thread again if the fork ended it."""
        if self.resume:
            self.resume = False
            self.wake()

    def _run(self) -> None:
        self._native = get_native_id()
        watch = guarded("watcher")(self._watch)
        idle = 0
        try:
            while not self._stop:
                wait = watch()
                idle = idle + 1 if wait is None else 0
                if idle < PARK_AFTER:
                    acquire(self._bell, timeout=TICK if wait is None else wait)
                else:
                    idle = 0
                    self._parked = True
                    acquire(self._bell)
        finally:
            self._gone.release()

    def _watch(self) -> "float | None":
        """Look once. Returns seconds until the next look, or None when nothing is recorded."""
        trace = live.trace
        if not isinstance(trace, Invocation):
            return None
        now = self._recorder.clock()
        # Sent already, unless the client has a marshaller of the function's own; not before the event has been read.
        if now - trace.root.start_time >= TICK:
            trace.announce(trace.root)
        for subsegment in list(trace.open.values()):
            if now - subsegment.start_time >= self._slow_call:
                trace.announce(subsegment)
        remaining = trace.deadline - now
        if not trace.deadline or trace.told_deadline or remaining > TICK + self._margin:
            return TICK
        if remaining > self._margin:
            return remaining - self._margin
        if remaining > -TICK and live.trace is trace:
            live.load("causes")
            from . import causes  # noqa: PLC0415  (needed for failures only)

            frame = sys._current_frames().get(self._main)  # noqa: SLF001
            trace.tell_deadline(remaining, now, causes.stack_of(frame), self._recorder)
        trace.told_deadline = True
        return TICK
