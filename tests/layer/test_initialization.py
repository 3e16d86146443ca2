"""The cold start opened up: imports by their time, calls made in it, and when it is not shown as one."""

from __future__ import annotations

import os
import time

import pytest

from tests.kit.fakes import CapturedDatagrams, CountingIds, Document, FakeClock
from tests.kit.runtime_api import PARENT, ROOT, SAMPLED
from xray_instrument import header
from xray_instrument.context import live
from xray_instrument.emitter import Emitter
from xray_instrument.initialization import KEPT_CALLS, Initialization, process_start
from xray_instrument.invocation import Invocation
from xray_instrument.recorder import Recorder

START = 1_700_000_000.0


class Cold:
    """A cold start under way, with a clock that moves when it is told to."""

    def __init__(self, threshold: float = 0.005) -> None:
        self.clock = FakeClock(START)
        self.captured = CapturedDatagrams()
        self.recorder = Recorder(self.clock, CountingIds())
        self.emitter = Emitter(self.captured.send)
        self.init = Initialization("app.handler", START, threshold, self.recorder, self.emitter)
        live.trace = self.init

    def load(self, name: str, seconds: float, *inside: tuple[str, float]) -> None:
        """An import that takes that long by itself, with others inside."""
        self.init.import_began(name)
        self.clock.advance(seconds)
        for inner, taken in inside:
            self.load(inner, taken)
        self.init.import_ended(name)

    def call(self, name: str) -> None:
        """A call at module scope."""
        self.recorder.end(self.recorder.begin(name, leaf=True))

    def adopted(self, kind: str = "on-demand", after: float = 0.0) -> list[Document]:
        """What is sent when the first sampled invocation comes."""
        self.init.end()
        self.clock.advance(after)
        found, _reason = header.parse(SAMPLED)
        assert found is not None
        invocation = Invocation(found, "app.handler", self.recorder, self.emitter)
        self.init.adopt(invocation, kind)
        return self.captured.documents()


def took(total: float, own: float) -> Document:
    return {"metadata": {"import": {"total_ms": total, "own_ms": own}}}


def outline(document: Document) -> object:
    """Names with total and own milliseconds."""
    numbers = document.get("metadata", {}).get("import", {})
    below = [outline(child) for child in document.get("subsegments", ())]
    return (document["name"], numbers.get("total_ms"), numbers.get("own_ms"), below)


def test_whole_document() -> None:
    """A cold start is one document beside the invocation's root: what was loaded, how long it took, and by what right."""
    cold = Cold()
    cold.clock.advance(0.05)
    cold.init.client_ready()
    cold.load("app", 0.02, ("boto3", 0.25))

    (document,) = cold.adopted(after=0.5)

    at = [START, START + 0.05, START + 0.07, START + 0.32]
    children = [
        {"name": "runtime start", "start_time": at[0], "end_time": at[1], **took(50.0, 50.0)},
        {
            "name": "app", "start_time": at[1], "end_time": at[3], **took(270.0, 20.0),
            "subsegments": [{"name": "boto3", "start_time": at[2], "end_time": at[3], **took(250.0, 250.0)}],
        },
    ]  # fmt: skip
    assert rounded(document) == {
        "name": "app.handler init", "trace_id": ROOT, "parent_id": PARENT, "type": "subsegment", "start_time": at[0], "end_time": at[3],
        "annotations": {"initialization_type": "on-demand"},
        "metadata": {"xray_instrument": {"modules_loaded": 2, "import_threshold_ms": 5.0}},
        "subsegments": children,
    }  # fmt: skip


def rounded(document: Document) -> Document:
    """Without ids, times to the microsecond."""
    kept: Document = {key: value for key, value in document.items() if key != "id"}
    kept.update({key: round(kept[key], 6) for key in ("start_time", "end_time")})
    if "subsegments" in kept:
        kept["subsegments"] = [rounded(child) for child in kept["subsegments"]]
    return kept


def test_threshold() -> None:
    """Imports below the threshold are counted and not shown; one at it is."""
    cold = Cold(threshold=0.01)
    cold.load("quick", 0.009)
    cold.load("slow", 0.0101)

    (document,) = cold.adopted()
    assert outline(document)[3] == [("slow", 10.1, 10.1, [])]  # type: ignore[index]
    assert document["metadata"]["xray_instrument"]["modules_loaded"] == 2


def test_submodules_are_folded_into_their_package() -> None:
    """A package's own submodules count as the package; what other packages they load hangs below it."""
    cold = Cold()
    cold.load("app", 0.01, ("boto3", 0.1), ("app.sub", 0.02), ("boto3.session", 0.05))

    (document,) = cold.adopted()
    assert outline(document)[3] == [("app", 180.0, 30.0, [("boto3", 150.0, 150.0, [])])]  # type: ignore[index]


def test_import_that_fails_halfway() -> None:
    """importlib leaves failing imports too, so the tree stays right for what comes after."""
    cold = Cold()
    cold.init.import_began("app")
    cold.load("optional", 0.02)
    cold.init.import_began("broken")
    cold.clock.advance(0.01)
    cold.init.import_ended("broken")
    cold.init.import_ended("app")
    cold.load("later", 0.03)

    (document,) = cold.adopted()
    names: list[object] = [
        ("app", 30.0, 0.0, [("optional", 20.0, 20.0, []), ("broken", 10.0, 10.0, [])]),
        ("later", 30.0, 30.0, []),
    ]
    assert outline(document)[3] == names  # type: ignore[index]


def test_calls_hang_below_the_import_that_made_them() -> None:
    """A call at module scope hangs below its module, which is shown for it though it was quick; others below init itself."""
    cold = Cold()
    cold.call("first")
    cold.init.import_began("app")
    cold.init.import_began("config")
    cold.call("second")
    cold.init.import_ended("config")
    cold.init.import_ended("app")

    init, first, second = cold.adopted()
    (app,) = init["subsegments"]
    (config,) = app["subsegments"]
    assert [app["name"], config["name"]] == ["app", "config"]
    assert [first["parent_id"], second["parent_id"]] == [init["id"], config["id"]]
    assert [first["trace_id"], second["trace_id"]] == [ROOT, ROOT]


def test_ten_thousand_calls() -> None:
    """As many calls as are kept are sent; how many are lost is said on the initialization."""
    cold = Cold()
    for _ in range(10_000):
        cold.call("call")

    init, *calls = cold.adopted()
    assert len(calls) == KEPT_CALLS
    assert init["metadata"]["xray_instrument"]["lost"] == {"too_many_at_init": 10_000 - KEPT_CALLS}


KINDS: tuple[tuple[str, float, Document, Document], ...] = (
    ("on-demand", 0.0, {"initialization_type": "on-demand"}, {}),
    ("on-demand", 10.0, {"initialization_type": "on-demand"}, {}),
    ("on-demand", 10.5, {"initialization_type": "on-demand", "initialized_ahead": True}, {"seconds_before_invocation": 10.5}),
    ("provisioned-concurrency", 0.0, {"initialization_type": "provisioned-concurrency", "initialized_ahead": True}, {"seconds_before_invocation": 0.0}),
    ("provisioned-concurrency", 7200.0, {"initialization_type": "provisioned-concurrency", "initialized_ahead": True},
     {"seconds_before_invocation": 7200.0}),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "after", "annotations", "details"), KINDS)
def test_made_ahead_of_need(kind: str, after: float, annotations: Document, details: Document) -> None:
    """Provisioned concurrency, and a gap that only a proactive initialization explains, are marked with their distance."""
    (document,) = Cold().adopted(kind, after)

    assert document["annotations"] == annotations
    assert document["metadata"]["xray_instrument"] == {"modules_loaded": 0, "import_threshold_ms": 5.0, **details}


def test_process_start() -> None:
    """bash's clock counts where it is plausible; else the kernel is asked, whose ticks are 10 ms; never later than our own first code."""
    now = time.time()
    with open("/proc/self/stat", "rb") as stat:  # noqa: PTH123
        ticks = int(stat.read().rpartition(b")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    kernel = now - (time.clock_gettime(time.CLOCK_BOOTTIME) - ticks)

    assert process_start(now, now, f"{now - 0.25:.6f}") == pytest.approx(now - 0.25, abs=1e-5)
    assert process_start(now, now, f"{now - 0.25:.6f}".replace(".", ",")) == pytest.approx(now - 0.25, abs=1e-5)
    for reading in (None, "", "garbage", f"{now + 60}", f"{now - 5000}"):
        assert process_start(now, now, reading) == pytest.approx(kernel if now - kernel < 900 else now, abs=0.05)
    assert process_start(now, kernel - 1, None) == kernel - 1
