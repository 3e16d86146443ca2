"""Every way in which an invocation goes, as a list, a map and a timeline show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from tests.local.core import lambdas
from tests.local.core.making import shuffled
from xray_local.graph import contribution, merge
from xray_local.model import CauseEntity, CompiledTrace, Document, RootCause, Statistics
from xray_local.summary import summarise
from xray_local.terminal.timeline import Row, forest, rows
from xray_local.trace import compile_trace


def trace_of(documents: Sequence[Document]) -> CompiledTrace:
    """In an order of arrival that is not the one of sending."""
    return compile_trace(documents[0]["trace_id"], shuffled(documents, 7))


@dataclass(frozen=True)
class Shown:
    """What GetTraceSummaries says about a trace, as far as it differs from one way to the other."""

    duration: float
    response_time: float | None
    status: int
    flags: str = ""
    """fault, error, throttle, partial: those that are set."""
    faults: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    slow: tuple[str, ...] = ()


def way(cause: RootCause) -> str:
    """`f AWS::Lambda::Function: f KeyError > Invocation`; of a response time the API tells no exceptions."""

    def step(entity: CauseEntity) -> str:
        return " ".join([entity.name, *(found.name for found in entity.exceptions if not entity.coverage)])

    return " | ".join(
        f"{part.service.name} {part.service.type}: {' > '.join(map(step, part.entities))}" for part in cause.services
    )


def shown(documents: Sequence[Document]) -> Shown:
    """The summary of a trace."""
    found = summarise(trace_of(documents))
    flags = {"fault": found.has_fault, "error": found.has_error, "throttle": found.has_throttle, "partial": found.is_partial}
    return Shown(
        found.duration,
        found.response_time,
        found.http.status,
        " ".join(flag for flag, is_set in flags.items() if is_set),
        tuple(map(way, found.fault_root_causes)),
        tuple(map(way, found.error_root_causes)),
        tuple(map(way, found.response_time_root_causes)),
    )


FAILED = "f AWS::Lambda::Function: f KeyError > Invocation"
SUMMARIES = {
    "sync": Shown(1.75, 1.5, 200, slow=("f AWS::Lambda: f | f AWS::Lambda::Function: f > Initialization",)),
    "asynchronous": Shown(182.5, 0.015, 202, faults=(FAILED, FAILED)),
    "throttle": Shown(0.01, 0.01, 429, "error throttle", errors=("f AWS::Lambda: f",)),
    "init_error": Shown(
        1.0,
        1.0,
        200,
        "error",
        faults=("f AWS::Lambda::Function: f KeyError > Initialization",),
        slow=("f AWS::Lambda: f | f AWS::Lambda::Function: f > Initialization",),
    ),
    "timeout": Shown(
        3.0,
        3.0,
        200,
        "error partial",
        faults=("f AWS::Lambda::Function: f Sandbox.Timedout > Invocation",),
        slow=("f AWS::Lambda: f | f AWS::Lambda::Function: f > Invocation",),
    ),
    "sender": Shown(1.5, 1.5, 200, slow=("f AWS::Lambda: f | f AWS::Lambda::Function: f > Invocation",)),
    "receiver": Shown(
        1.5, 1.5, 200, slow=("consumer AWS::Lambda: consumer | consumer AWS::Lambda::Function: consumer > Invocation",)
    ),
}


@pytest.mark.parametrize("name", SUMMARIES)
def test_summaries(name: str) -> None:
    """Times and flags are the service segment's, the causes the function's; what an event waited is no response time."""
    assert shown(getattr(lambdas, name)()) == SUMMARIES[name]


def edges(*traces: CompiledTrace) -> dict[str, Statistics | dict[int, int]]:
    """The map's edges with their counts; those of links with their messages' ages in ms."""
    found = [edge for service in merge(map(contribution, traces)) for edge in service.edges]
    return {
        f"{edge.source.name} {edge.source.type} -> {edge.target.name} {edge.target.type}": edge.ages
        if edge.link
        else edge.statistics
        for edge in found
    }


START = "f client -> f AWS::Lambda"
RUN = "f AWS::Lambda -> f AWS::Lambda::Function"
EDGES = {
    "sync": {
        START: Statistics(ok=1, total_response_time=1.5),
        RUN: Statistics(ok=1, total_response_time=1.5),
        "f AWS::Lambda::Function -> orders AWS::DynamoDB::Table": Statistics(ok=1, total_response_time=0.2),
    },
    # Three calls of the function, each as its attempt saw it; one of the service, which took the event.
    "asynchronous": {
        START: Statistics(ok=1, total_response_time=0.015),
        RUN: Statistics(ok=1, error=2, total_response_time=1.5),
    },
    "throttle": {START: Statistics(throttle=1, total_response_time=0.01)},
    "init_error": {START: Statistics(error=1, total_response_time=1), RUN: Statistics(error=1, total_response_time=1)},
    # The call that hangs has no end, so it counts nowhere; it is on the map.
    "timeout": {
        START: Statistics(error=1, total_response_time=3),
        RUN: Statistics(error=1, total_response_time=3),
        "f AWS::Lambda::Function -> example.com remote": Statistics(),
    },
}


@pytest.mark.parametrize("name", EDGES)
def test_maps(name: str) -> None:
    """Client, service, function, in this order, and what the function called; each edge counts what its caller saw."""
    found = edges(trace_of(getattr(lambdas, name)()))

    rounded = {edge: statistics for edge, statistics in found.items() if isinstance(statistics, Statistics)}
    for statistics in rounded.values():
        statistics.total_response_time = round(statistics.total_response_time, 6)
    assert (rounded, len(rounded)) == (EDGES[name], len(found))


def test_the_map_of_both_ends_of_a_message() -> None:
    """A queue leads to the function that took the message up, with the message's age; that function has no client of its own."""
    found = edges(trace_of(lambdas.sender()), trace_of(lambdas.receiver()))

    assert [edge for edge in found if not edge.startswith("f ")] == [
        "consumer AWS::Lambda -> consumer AWS::Lambda::Function",
        f"{lambdas.QUEUE} AWS::SQS::Queue -> consumer AWS::Lambda",
    ]
    assert found[f"{lambdas.QUEUE} AWS::SQS::Queue -> consumer AWS::Lambda"] == {4500: 1}


def test_what_is_said() -> None:
    """Of whole traces nothing; of one whose process was killed, what never ended."""
    told = {name: trace_of(getattr(lambdas, name)()).notices for name in SUMMARIES}

    assert told == {name: [] for name in SUMMARIES} | {"timeout": ["Still in progress: app.handler, example.com"]}


def test_the_timeline_of_an_asynchronous_invocation() -> None:
    """One tree on one axis of all 182.5 s: the wait, and each attempt with its function below it."""
    (tree,) = forest(trace_of(lambdas.asynchronous()).segments)

    lines = [(row.guide + row.label, row.detail, row.flag, row.duration_ms and round(row.duration_ms)) for row in rows(tree)]
    function, raised = "AWS::Lambda::Function", "KeyError: 'price'"
    assert lines == [
        ("f", "AWS::Lambda", "", 15),
        ("├─ Dwell Time", "", "", 1000),
        ("├─ Attempt #1", "", "ERROR", 500),
        ("│  └─ f", function, "FAULT", 500),
        ("│     │  ", raised, "", None),
        ("│     └─ Invocation", "", "FAULT", 500),
        ("├─ Attempt #2", "", "ERROR", 500),
        ("│  └─ f", function, "FAULT", 500),
        ("│     │  ", raised, "", None),
        ("│     └─ Invocation", "", "FAULT", 500),
        ("└─ Attempt #3", "", "", 500),
        ("   └─ f", function, "", 500),
        ("      └─ Invocation", "", "", 500),
    ]
    spans = {row.label: row.span for row in rows(tree) if row.label.startswith(("Dwell", "Attempt"))}
    assert {label: [round(place * 182.5, 6) for place in span or ()] for label, span in spans.items()} == {
        "Dwell Time": [0, 1],
        "Attempt #1": [1, 1.5],
        "Attempt #2": [61.5, 62],
        "Attempt #3": [182, 182.5],
    }


def test_the_timeline_of_a_cold_start() -> None:
    """Initialization begins before the function's own bar, Overhead ends behind the service's."""
    (tree,) = forest(trace_of(lambdas.sync()).segments)

    places = {row.label: [round(place * 1.75, 6) for place in row.span or ()] for row in rows(tree)}
    assert places == {
        "f": [1, 1.75],
        "Initialization": [0.2, 1],
        "Invocation": [1, 1.5],
        "DynamoDB PutItem orders": [1.2, 1.4],
        "Overhead": [1.5, 1.75],
    }
    assert next(rows(tree)) == Row("", "f", "AWS::Lambda", "", (0.0, 1.5 / 1.75), 1500.0)
