"""Every kind of invocation, as a whole compiled trace."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

from tests.local.lambda_service import golden
from tests.local.lambda_service.cases import CALL, CASES, Case, scripted
from tests.local.lambda_service.consistency import flaws
from xray_local.documents import parse
from xray_local.graph import contribution
from xray_local.model import Document, ServiceKey
from xray_local.summary import summarise
from xray_local.trace import compile_trace

BY_NAME = {case.name: case for case in CASES}
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@every_case
def test_the_whole_trace(case: Case) -> None:
    """The compiled trace and the headers that the function saw are the golden document, and its times can be true."""
    recorded = scripted(case)

    assert flaws(recorded.trace().segments) == []
    golden.check(case.name, golden.normalised(recorded))


def test_no_golden_document_is_left_over() -> None:
    """Each golden document belongs to a case."""
    assert {path.stem for path in golden.FOLDER.glob("*.json")} == set(BY_NAME)


@every_case
def test_every_document_is_one_that_xray_takes(case: Case) -> None:
    """Each document passes the check of what comes in, and no id has two complete documents or two in progress."""
    documents = scripted(case).documents

    for document in documents:
        parse(json.dumps(document))
    sent = [(document["id"], document.get("in_progress", False)) for document in documents]
    assert len(sent) == len(set(sent))


@every_case
def test_any_order_of_arrival_with_the_layers_documents(case: Case) -> None:
    """The service's documents and the layer's give the same trace in whatever order they arrive, without a notice."""
    recorded = scripted(case, layer=True)
    trace = recorded.trace()
    mixed = random.Random(7)  # noqa: S311 - an order, no secret

    orders = [mixed.sample(recorded.documents, len(recorded.documents)) for _ in range(20)]
    assert [compile_trace(trace.id, order) for order in orders] == [trace] * 20
    unfinished = [notice for notice in trace.notices if "in progress" not in notice]
    assert (unfinished, flaws(finished(trace.segments))) == ([], [])


def finished(segments: list[Document]) -> list[Document]:
    """Without the layer's subsegments that a kill left in progress: they have no end."""
    found = copy.deepcopy(segments)
    rest = list(found)
    while rest:
        entity = rest.pop()
        entity["subsegments"] = [part for part in entity.get("subsegments", []) if "end_time" in part]
        rest += entity["subsegments"]
    return [segment for segment in found if "end_time" in segment]


@every_case
def test_the_trace_is_right_at_any_time(case: Case) -> None:
    """After every single document the trace hangs together: nothing without its parent but what the caller has yet to send."""
    documents = scripted(case, layer=True).documents

    for count in range(1, len(documents) + 1):
        trace = compile_trace(documents[0]["trace_id"], documents[:count])
        waits_for_caller = ("caller", CALL)  # which, by our own play, sends its segment when it has its answer
        others = [notice for notice in trace.notices if not any(text in notice for text in ("in progress", *waits_for_caller))]
        assert others == []


def test_a_pending_trace_is_partial() -> None:
    """From its acceptance to its end an asynchronous invocation is partial only while it waits for or makes an attempt."""
    documents = scripted(BY_NAME["async-failing-twice"]).documents

    partial = [compile_trace(documents[0]["trace_id"], documents[:count]).partial for count in range(1, len(documents) + 1)]
    names = [document["name"] + (" …" if "in_progress" in document else "") for document in documents]
    assert list(zip(names, partial, strict=True)) == [
        ("orders", False),
        ("Dwell Time …", True),
        ("Dwell Time", False),
        ("Attempt #1 …", True),
        ("orders …", True),
        ("orders", True),
        ("Attempt #1", False),
        ("Attempt #2 …", True),
        ("orders …", True),
        ("orders", True),
        ("Attempt #2", False),
        ("Attempt #3 …", True),
        ("orders …", True),
        ("orders", True),
        ("Attempt #3", False),
    ]


SHOP, CLIENT_OF_SHOP, CLIENT, SERVICE, EXECUTION = (
    ("shop", ""), ("shop", "client"), ("orders", "client"), ("orders", "AWS::Lambda"), ("orders", "AWS::Lambda::Function")
)  # fmt: skip


@pytest.mark.parametrize(
    ("case", "flags", "edges"),
    [
        ("sync-ok-cold", "", {(CLIENT, SERVICE): (1, 0, 0), (SERVICE, EXECUTION): (1, 0, 0)}),
        ("sync-timeout", "error", {(CLIENT, SERVICE): (0, 1, 0), (SERVICE, EXECUTION): (0, 1, 0)}),
        ("throttle", "throttle", {(CLIENT_OF_SHOP, SHOP): (1, 0, 0), (SHOP, SERVICE): (0, 0, 1)}),
        ("async-failing-twice", "", {(CLIENT, SERVICE): (1, 0, 0), (SERVICE, EXECUTION): (1, 2, 0)}),
        ("async-ok", "", {(CLIENT_OF_SHOP, SHOP): (1, 0, 0), (SHOP, SERVICE): (1, 0, 0), (SERVICE, EXECUTION): (1, 0, 0)}),
        ("stream-retried", "", {(CLIENT, SERVICE): (1, 0, 0), (SERVICE, EXECUTION): (1, 0, 0)}),
    ],
)  # fmt: skip
def test_summary_and_map(case: str, flags: str, edges: dict[Any, tuple[int, int, int]]) -> None:
    """What the list of traces says of it (HasError, not HasFault, for a failed function), and the calls that the map counts."""
    trace = scripted(BY_NAME[case]).trace()

    summary = summarise(trace)
    found = {(_node(edge.source), _node(edge.target)): edge.statistics for edge in contribution(trace).edges}
    counts = {ends: (counted.ok, counted.error, counted.throttle) for ends, counted in found.items()}
    flagged = [name for name in ("error", "fault", "throttle") if getattr(summary, f"has_{name}")]
    assert (" ".join(flagged), counts) == (flags, edges)


def _node(key: ServiceKey) -> tuple[str, str]:
    return key.name, key.type


def _find(segments: list[Document], *names: str) -> Document:
    """An entity by the way down to it; of a segment the origin is its name."""
    level = segments
    for name in names:
        found = next(entity for entity in level if name in (entity["name"], entity.get("origin")))
        level = found.get("subsegments", [])
    return found


def _changed(case: str, way: tuple[str, ...], **fields: Any) -> list[str]:
    """What the check says of a case's trace in which one entity has other fields."""
    segments = copy.deepcopy(scripted(BY_NAME[case], layer=True).trace().segments)
    _find(segments, *way).update(fields)
    return flaws(segments)


FUNCTION = "AWS::Lambda::Function"


@pytest.mark.parametrize(
    ("case", "way", "fields", "flaw"),
    [
        ("sync-ok-cold", (FUNCTION, "Initialization"), {"end_time": 1.8e9}, "Initialization ends after the function segment has begun"),
        ("sync-ok-cold", (FUNCTION, "Initialization"), {"start_time": 1.6e9}, "Initialization begins before anybody has called"),
        ("sync-ok-cold", (FUNCTION, "Invocation"), {"end_time": 1.8e9}, "Invocation is not within the function segment"),
        ("sync-ok-cold", (FUNCTION, "Overhead"), {"start_time": 1.6e9}, "Overhead is not what follows Invocation to the end"),
        ("sync-ok-cold", (FUNCTION,), {"parent_id": "0" * 16}, "the function segment hangs below nothing"),
        ("sync-ok-cold", ("AWS::Lambda",), {"end_time": 1.7e9}, "the function ran outside of orders"),
        ("sync-ok-cold", (FUNCTION, "Overhead"), {"end_time": 1.6e9}, "Overhead ends before it begins"),
        ("sync-ok-cold", (FUNCTION, "Invocation", "app.handler"), {"end_time": 1.8e9}, "app.handler is not within Invocation"),
        ("sync-ok-warm", ("AWS::Lambda",), {"start_time": 1.6e9}, "orders: the caller does not enclose the service segment"),
        ("async-ok", ("AWS::Lambda", "Dwell Time"), {"start_time": 1.7e9 - 9}, "Dwell Time does not begin with the acceptance"),
        ("async-ok", ("AWS::Lambda", "Dwell Time"), {"end_time": 1.8e9}, "Dwell Time does not end with the first attempt"),
        ("async-exhausted", ("AWS::Lambda", "Attempt #2"), {"name": "Attempt #3"}, "the attempts are not numbered in order"),
        ("async-exhausted", ("AWS::Lambda", "Attempt #1"), {"end_time": 1.8e9}, "Attempt #2 begins before Attempt #1 has ended"),
    ],
)  # fmt: skip
def test_the_check_of_times_sees(case: str, way: tuple[str, ...], fields: dict[str, Any], flaw: str) -> None:
    """Each rule of the check finds the trace that breaks it."""
    assert flaw in _changed(case, way, **fields)
