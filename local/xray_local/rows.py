"""A trace's documents in, its derived rows out; nothing here knows of a database.

Whatever a sender wrote fits a row, also numbers beyond 64 bits. Text is UTF-8: documents.py and store.py see to that.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .graph import contribution
from .model import CLIENT, Annotation, Call, Contribution, Document, Edge, Node, Outcome, ServiceKey, Statistics, Summary, Visit
from .summary import summarise, to_api
from .trace import compile_trace

# json.dumps makes an encoder per call when it is told about separators: 10 us of the 30 for one summary.
dump = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
# SQLite's largest integer.
LARGEST = 2**63 - 1
# A trace id may hold any 8 hex digits as its time (W3C ids are random). X-Ray keeps traces for 30 days (facts A.1): what
# lies further from the trace's first segment than that is no time.
TRUE_WITHIN_SECONDS = 30 * 86_400


@dataclass(frozen=True)
class Derived:
    """Everything the store derives from one trace, as rows without the trace's key."""

    graph: Contribution
    summary: dict[str, Any]
    annotations: list[tuple[Any, ...]]
    users: list[tuple[str]]
    resources: list[tuple[str, str]]
    visits: list[tuple[Any, ...]]
    calls: list[tuple[Any, ...]]


def derive(trace_id: str, texts: Sequence[str], revision: int, mirrored: Iterable[tuple[str, Document]] = ()) -> Derived:
    """The rows of a trace.

    `texts`: its documents, all parsed once before, in the order of arrival; `mirrored`: links that other traces told of.
    """
    trace = compile_trace(trace_id, [json.loads(text) for text in texts], mirrored)
    summary = replace(summarise(trace), revision=revision)
    graph = contribution(trace)
    # As filters.view has them: whom a client called, and who answers without segments of its own.
    entered = {call.callee for call in graph.calls if call.source.type == CLIENT}
    inferred = {visit.id for visit in graph.visits if visit.inferred}
    return Derived(
        graph=graph,
        summary=_summary(summary, graph),
        annotations=[_annotation(annotation) for annotation in summary.annotations],
        users=[(user.name,) for user in summary.users],
        resources=_resources(summary),
        visits=[_visit(visit, entered=visit.id in entered) for visit in graph.visits],
        calls=[_call(call, inferred=call.callee in inferred) for call in graph.calls],
    )


def id_time(trace_id: str, start_time: float) -> float:
    """The time a trace id stands for, the trace's start where that cannot be."""
    try:
        told = float(int(trace_id[2:10], 16))
    except ValueError:
        return start_time
    return told if abs(told - start_time) <= TRUE_WITHIN_SECONDS else start_time


def dump_graph(graph: Contribution) -> str:
    """Nodes and edges as JSON; the single visits and calls are rows of their own."""
    return json.dumps(
        [
            graph.trace_id,
            graph.start_time,
            graph.end_time,
            [_dump_node(n) for n in graph.nodes],
            [_dump_edge(e) for e in graph.edges],
        ],
        separators=(",", ":"),
    )


def load_graph(text: str) -> Contribution:
    """The other way: without visits and calls."""
    trace_id, start_time, end_time, nodes, edges = json.loads(text)
    return Contribution(trace_id, start_time, end_time, [_load_node(n) for n in nodes], [_load_edge(e) for e in edges], [], [])


def _summary(summary: Summary, graph: Contribution) -> dict[str, Any]:
    start_time, entry = _real(summary.start_time) or 0.0, summary.entry_point
    return {
        "trace_id": summary.id,
        "id_time": id_time(summary.id, start_time),
        "start_time": start_time,
        "end_time": _real(summary.end_time) or start_time,
        "duration": _real(summary.duration),
        "response_time": None if summary.response_time is None else _real(summary.response_time),
        "has_fault": summary.has_fault,
        "has_error": summary.has_error,
        "has_throttle": summary.has_throttle,
        "is_partial": summary.is_partial,
        "has_inferred": any(visit.inferred for visit in graph.visits),
        "has_fault_causes": bool(summary.fault_root_causes),
        "has_error_causes": bool(summary.error_root_causes),
        "has_response_time_causes": bool(summary.response_time_root_causes),
        "http_url": summary.http.url or None,
        "http_method": summary.http.method or None,
        "http_status": _integer(summary.http.status) or None,
        "http_useragent": summary.http.user_agent or None,
        "http_clientip": summary.http.client_ip or None,
        "entry_name": entry.name if entry else None,
        "entry_type": entry.type if entry else None,
        "entry_account": entry.account if entry else None,
        "revision": summary.revision,
        "api": dump(to_api(summary)),
        "graph": dump_graph(graph),
    }


def _annotation(annotation: Annotation) -> tuple[Any, ...]:
    key, value = annotation.key, annotation.value
    if isinstance(value, bool):
        return (key, None, None, value)
    if isinstance(value, str):
        return (key, value, None, None)
    return (key, None, _real(value), None)


def _resources(summary: Summary) -> list[tuple[str, str]]:
    kinds = {
        "availabilityzone": summary.availability_zones,
        "instance.id": summary.instance_ids,
        "resource.arn": summary.resource_arns,
    }
    return [(kind, value) for kind, values in kinds.items() for value in values]


def _visit(visit: Visit, *, entered: bool) -> tuple[Any, ...]:
    head = (visit.id, visit.parent_id, *_key(visit.service), visit.inferred)
    return (*head, _real(visit.start_time), *_outcome(visit.outcome), entered)


def _call(call: Call, *, inferred: bool) -> tuple[Any, ...]:
    ends = (*_key(call.source), *_key(call.target), call.caller, call.callee)
    return (*ends, _real(call.start_time), *_outcome(call.outcome), call.link, inferred)


def _key(key: ServiceKey) -> tuple[str, str, str]:
    return (key.name, key.type, key.account)


def _outcome(outcome: Outcome) -> tuple[Any, ...]:
    return (_real(outcome.response_time), outcome.error, outcome.throttle, outcome.fault, outcome.in_progress)


def _real(value: float) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _integer(value: int) -> int | None:
    return int(value) if abs(value) <= LARGEST else None


def _dump_node(node: Node) -> list[Any]:
    head = [*_key(node.key), node.names, node.root, node.active, node.start_time, node.end_time]
    return [*head, _dump_statistics(node.statistics), node.response_times]


def _load_node(row: list[Any]) -> Node:
    name, kind, account, names, root, active, start, end, statistics, times = row
    return Node(
        ServiceKey(name, kind, account), tuple(names), root, active, start, end, Statistics(*statistics), _histogram(times)
    )


def _dump_edge(edge: Edge) -> list[Any]:
    head = [_key(edge.source), _key(edge.target), edge.link, edge.start_time, edge.end_time]
    return [*head, _dump_statistics(edge.statistics), edge.response_times, edge.ages]


def _load_edge(row: list[Any]) -> Edge:
    source, target, link, start, end, statistics, times, ages = row
    ends = ServiceKey(*source), ServiceKey(*target)
    return Edge(*ends, link, start, end, Statistics(*statistics), _histogram(times), _histogram(ages))


def _dump_statistics(counts: Statistics) -> list[Any]:
    return [counts.ok, counts.error, counts.throttle, counts.fault, counts.total_response_time]


def _histogram(stored: dict[str, int]) -> dict[int, int]:
    """JSON has text as keys only."""
    return {int(value): count for value, count in stored.items()}
