"""The benchmarks measure what they say: real processes, seen from outside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks import breakdown, cold, live, recorders, warm
from benchmarks.inbox import Inbox
from benchmarks.stage import BARE, LAYER, SDK, UNSAMPLED_LAYER, Stage, Variant
from tests.kit.aws_stub import AwsStub
from tests.kit.pythons import MissingPythonError


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """The folders of a benchmark; nothing is pinned, because pytest's other processes run on."""
    try:
        return Stage.create("3.12", tmp_path_factory.mktemp("stage"), pin=False)
    except MissingPythonError as error:
        pytest.skip(str(error))


def _documents(stage: Stage, variant: Variant, function: str, event: Mapping[str, object], *, threaded: bool = False) -> int:
    """How many datagrams five invocations send, after one that had the initialization with it."""
    with Inbox() as daemon, live.Loop(stage, variant, function, daemon.address, threaded=threaded) as process:
        process.block(variant.header, event, 1)
        daemon.take()
        process.block(variant.header, event, 5)
        return daemon.take()


@pytest.mark.parametrize("threaded", [False, True])
def test_only_the_layered_and_sampled_function_is_traced(stage: Stage, threaded: bool) -> None:
    """In the loop each variant does what its name says, so that its time means what it says."""
    variants = (BARE, LAYER, UNSAMPLED_LAYER)
    sent = {variant.name: _documents(stage, variant, "noop", {}, threaded=threaded) for variant in variants}
    assert {name: count > 0 for name, count in sent.items()} == {"bare": False, "layer": True, "layer, unsampled": False}


def test_calls_are_recorded_by_both_tracers(stage: Stage) -> None:
    """Each of 15 calls is on its way to the daemon, ours and the SDK's, and none of the bare function's."""
    sent = {variant.name: _documents(stage, variant, "calls", {"calls": 3}) for variant in (BARE, LAYER, SDK)}
    assert {name: count >= 15 for name, count in sent.items()} == {"bare": False, "layer": True, "aws-xray-sdk": True}


def test_a_variant_that_does_not_trace_is_an_error(stage: Stage) -> None:
    """A layer that has switched itself off must not win the benchmark."""
    with Inbox() as daemon, live.Loop(stage, BARE, "noop", daemon.address) as untraced:
        turns = warm.Turns(stage, daemon, {LAYER.name: untraced}, {}, 3)
        with pytest.raises(cold.NothingTracedError, match=r"^layer: 0 documents in a block$"):
            turns.round_of([LAYER])


def test_a_function_that_fails_says_why(stage: Stage) -> None:
    """Its error is in the exception's text, because nothing else of the process is left."""
    stage.plain.write("broken.py", "def handler(event, context):\n    raise RuntimeError('no luck today')\n")
    with (
        Inbox() as daemon,
        live.Loop(stage, BARE, "broken", daemon.address) as process,
        pytest.raises(live.LoopFailedError, match="no luck today"),
    ):
        process.block(BARE.header, {}, 1)


def test_the_profile_shows_the_layer_s_functions_only(stage: Stage) -> None:
    """The bare function's profile is empty, the layered one's has what sends each datagram."""
    shown = {}
    for variant in (BARE, LAYER):
        with Inbox() as daemon, live.Loop(stage, variant, "noop", daemon.address) as process:
            rows = process.block(variant.header, {}, 4, profile=True).profile
        shown[variant.name] = any("sendto" in name for name, *_figures in rows) if rows else None
    assert shown == {"bare": None, "layer": True}


def test_the_stations_of_a_start_come_in_their_order(stage: Stage) -> None:
    """Processor time never runs backwards, and each station is reached."""
    with Inbox() as daemon, live.Loop(stage, LAYER, "noop", daemon.address) as process:
        stations = process.block(LAYER.header, {}, 1).stations
    assert sorted(stations, key=stations.__getitem__) == [name for name, _meaning in breakdown.STATIONS]


def test_the_layer_adds_no_third_party_module_and_the_sdk_does(stage: Stage) -> None:
    """The classes of modules are told by file, so a library counts wherever it was imported from."""
    with Inbox() as daemon, AwsStub() as aws:
        starter = cold.Starter(stage, daemon, aws)
        found = {variant.name: starter.inventory(variant, "noop") for variant in (BARE, LAYER, SDK)}
    third_party = {name: each.third_party - found["bare"].third_party for name, each in found.items()}
    assert (
        third_party["layer"],
        {"wrapt", "aws_xray_sdk.core"} <= third_party["aws-xray-sdk"],
        {name: "xray_instrument.runtime" in each.ours for name, each in found.items()},
    ) == (frozenset(), True, {"bare": False, "layer": True, "aws-xray-sdk": False})


def test_a_cold_start_has_all_its_figures(stage: Stage) -> None:
    """A Python that starts takes at least some ms and MB; a zero would be a measurement that did not happen."""
    with Inbox() as daemon, AwsStub() as aws:
        start = cold.Starter(stage, daemon, aws).start(LAYER, "aws")
    assert [figure > least for figure, least in zip(vars(start).values(), (5, 5, 5_000, 5_000), strict=True)] == [True] * 4


def test_every_part_of_the_breakdown_is_still_there(stage: Stage) -> None:
    """A part that was renamed in the layer would drop out of the table without a word to anybody."""
    assert "Error" not in breakdown.micro(stage)


def test_functions_with_a_recorder_record(stage: Stage, tmp_path: Path) -> None:
    """Each of them starts, bare and layered, and sends what it should; a layered start is compared with a bare one."""
    pairs = recorders.measure(stage, tmp_path, {"noop": 1, "aws": 1})

    assert [(pair.recorder.name, pair.function, len(pair.bare), len(pair.layered)) for pair in pairs] == [
        (recorder.name, function, 1, 1) for recorder in recorders.RECORDERS for function in cold.FUNCTIONS
    ]
    assert [row.measured.median > 0.1 for row in recorders.rows(pairs)] == [True] * len(pairs)
