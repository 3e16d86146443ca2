"""The watcher: one thread that tells slow calls and the deadline, and is otherwise not there."""

from __future__ import annotations

import os
import sys
import threading
import time
from _thread import allocate_lock, get_ident
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from tests.kit.fakes import CapturedDatagrams, CountingIds, Document, FakeClock
from tests.kit.runtime_api import PARENT, ROOT, SAMPLED
from xray_instrument import header, watch
from xray_instrument.context import live
from xray_instrument.emitter import Emitter
from xray_instrument.invocation import Invocation
from xray_instrument.model import NOTHING
from xray_instrument.recorder import Recorder
from xray_instrument.watch import Watcher

# Nobody waits that long: a starved machine's patience, with a clock that stands still meanwhile.
PATIENCE_S = 30.0


@dataclass
class Clock(FakeClock):
    """A clock that stands still until a test moves it, and knows how often the watcher has looked at it."""

    looks: int = 0
    function: int = field(default_factory=get_ident)

    def __call__(self) -> float:
        self.looks += get_ident() != self.function
        return self.now


class Watched:
    """An invocation with a watcher of its own, in a time that goes on when the test says so."""

    def __init__(self, slow_call: float, margin: float) -> None:
        self.captured = CapturedDatagrams()
        self.clock = Clock()
        self.recorder = Recorder(self.clock, CountingIds())
        self.emitter = Emitter(self.captured.send)
        self.watcher = Watcher(self.recorder, slow_call, margin)

    def begin(self, seconds_left: float = 0.0) -> Invocation:
        found, _reason = header.parse(SAMPLED)
        assert found is not None
        invocation = Invocation(found, "app.handler", self.recorder, self.emitter)
        invocation.root.fields = {"annotations": {}, "metadata": {}}
        invocation.root.announced = True
        invocation.deadline = self.clock() + seconds_left if seconds_left else 0.0
        live.trace = invocation
        self.watcher.wake()
        return invocation

    def later(self, seconds: float) -> None:
        """Time goes by, and the watcher has looked more than once since."""
        self.clock.advance(seconds)
        looks = self.clock.looks + 3
        wait_until(lambda: self.clock.looks >= looks)

    def names(self) -> list[tuple[str, bool]]:
        return [(document["name"], bool(document.get("in_progress"))) for document in self.captured.documents()]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A watcher that looks every 10 ms and parks after three looks at nothing."""
    monkeypatch.setattr(watch, "TICK", 0.01)
    monkeypatch.setattr(watch, "PARK_AFTER", 3)


@pytest.fixture
def watched(quick: None) -> Iterator[Watched]:
    made = Watched(slow_call=0.3, margin=0.3)
    yield made
    live.trace = NOTHING
    made.watcher.before_fork()  # the one way to end the thread


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_slow_call_is_told_once(watched: Watched) -> None:
    """A call open longer than the limit is sent in progress, once, however long it takes; a quick one never."""
    watched.begin()
    slow = watched.recorder.begin("slow", leaf=True)
    watched.later(0.29)
    assert watched.names() == []
    watched.later(0.02)
    assert watched.names() == [("slow", True)]
    watched.later(5.0)
    watched.recorder.end(slow)
    quick_one = watched.recorder.begin("quick", leaf=True)
    watched.later(0.29)
    watched.recorder.end(quick_one)
    watched.later(5.0)

    assert watched.names() == [("slow", True), ("slow", False), ("quick", False)]


def test_deadline_is_told_once_with_the_stack(watched: Watched) -> None:
    """Shortly before the deadline: what is open in progress, and one complete subsegment with the place where the function is."""
    until_told = allocate_lock()
    until_told.acquire()
    send = watched.captured.send

    def release(data: bytes) -> None:
        send(data)
        if watched.names()[-1][0] == "Deadline":
            until_told.release()

    watched.emitter = Emitter(release)
    invocation = watched.begin(0.6)
    watched.recorder.begin("hanging", leaf=True)
    # 10 ms earlier than it has to be told, nothing is.
    watched.later(0.29)
    assert watched.names() == []

    def hang_here() -> None:
        watched.clock.advance(0.11)
        until_told.acquire(timeout=PATIENCE_S)

    hang_here()
    watched.later(0.1)
    watched.later(1.0)

    assert watched.names() == [("hanging", True), ("Deadline", False)]
    told: Document = watched.captured.documents()[-1]
    (exception,) = told.pop("cause")["exceptions"]
    assert [frame["label"] for frame in exception["stack"]][-1] == "hang_here"
    assert exception["message"] == "still running 200 ms before the function's deadline; this is where"
    times = {"start_time": invocation.deadline - 0.2, "end_time": invocation.deadline}
    identity = {"name": "Deadline", "trace_id": ROOT, "parent_id": invocation.root.id, "type": "subsegment", "fault": True}
    assert {key: value for key, value in told.items() if key != "id"} == pytest.approx(identity | times, abs=1e-5)
    assert invocation.root.parent_id == PARENT


def test_nothing_after_the_end(watched: Watched) -> None:
    """An invocation that ends in time is told nothing, neither then nor when its deadline passes."""
    invocation = watched.begin(0.5)
    invocation.end(watched.clock())
    live.trace = NOTHING
    watched.clock.advance(0.3)
    wait_until(lambda: watched.watcher._parked)

    assert watched.names() == [("app.handler", False)]


def test_a_new_invocation_has_its_own_deadline(watched: Watched) -> None:
    """Each invocation's deadline is told for that one only."""
    for seconds in (0.5, 9.0, 0.5):
        invocation = watched.begin(seconds)
        watched.later(0.4)
        invocation.end(watched.clock())
        live.trace = NOTHING
        watched.clock.advance(0.4)

    assert watched.names() == [(name, False) for name in ("Deadline", "app.handler", "app.handler", "Deadline", "app.handler")]


def test_a_root_that_was_not_announced(watched: Watched) -> None:
    """The event's own trigger goes along; only where nobody reads the event, the watcher sends the root, a moment later."""
    watched.begin().root.announced = False
    watched.later(0.0)
    assert watched.names() == []
    watched.later(0.02)
    watched.later(5.0)

    assert watched.names() == [("app.handler", True)]


def test_a_deadline_that_is_over_is_not_told(watched: Watched) -> None:
    """Who could not look in time says nothing: Lambda has killed the function by then, or it was not Lambda."""
    watched.begin(0.6)
    watched.later(0.7)

    assert watched.names() == []


def test_parks_and_wakes(watched: Watched) -> None:
    """Without anything to watch the thread parks; the next invocation wakes it."""
    watched.begin()
    live.trace = NOTHING
    wait_until(lambda: watched.watcher._parked)
    watched.begin()
    slow = watched.recorder.begin("slow", leaf=True)
    watched.later(0.4)
    watched.recorder.end(slow)

    assert watched.names() == [("slow", True), ("slow", False)]


def test_the_function_sees_no_thread(watched: Watched) -> None:
    """threading knows nothing of the watcher."""
    before = threading.enumerate()
    watched.begin()

    assert (threading.enumerate(), threading.active_count()) == (before, len(before))


def tasks() -> set[str]:
    """The kernel's threads of this process."""
    return set(os.listdir("/proc/self/task"))  # noqa: PTH208


def test_no_thread_at_a_fork(watched: Watched) -> None:
    """Before a fork the thread is gone for the kernel too, so Python 3.12 and later warn of nothing; then it is there again."""
    hooks = watched.watcher
    for turn in range(3):
        before = tasks()
        watched.begin() if not turn else hooks.after_fork_in_parent()
        (mine,) = tasks() - before
        hooks.before_fork()
        assert (mine in tasks(), hooks._running, hooks.resume) == (False, False, True)
    hooks.after_fork_in_parent()
    watched.recorder.begin("slow", leaf=True)
    watched.later(0.4)
    assert watched.names() == [("slow", True)]


def test_fork_before_the_first_invocation(watched: Watched) -> None:
    """A fork while nothing runs starts nothing."""
    watched.watcher.before_fork()
    watched.watcher.after_fork_in_parent()

    assert (watched.watcher._running, watched.captured.datagrams) == (False, [])


def test_fault_in_the_watcher(watched: Watched, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """A fault of the watcher's is told once, and the thread goes on doing nothing: it must not die with a traceback."""
    from xray_instrument.guard import Guard, guarded  # noqa: PLC0415

    monkeypatch.setattr(Guard, "strict", False)
    monkeypatch.setattr(sys, "_current_frames", None)
    watched.begin(0.15)
    wait_until(lambda: "watcher" in guarded.off)
    # Nothing is recorded for a part that is off: the thread parks, as it does when it is well.
    wait_until(lambda: watched.watcher._parked)

    off = guarded.off.pop("watcher")
    err = capfd.readouterr().err
    assert "TypeError" in off
    assert (err.count("\n"), err.startswith("xray_instrument: watcher is switched off")) == (1, True)
