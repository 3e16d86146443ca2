"""The service graph: what one trace adds to it, and the sum of many.

A node is a service: all segments of one name, type and account. Its statistics come from its own segments. An edge leads
from the service that calls to the one that is called, and its statistics come from the caller's subsegment, so both sides of
a slow network show. Whoever starts a trace is a node of its own, the client.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .documents import MAX_TIME
from .entities import Entity, entities
from .mirrors import receives
from .model import CLIENT, Call, CompiledTrace, Contribution, Document, Edge, Node, Outcome, Service, ServiceKey, Visit
from .shapes import graph_json

__all__ = ["Contribution", "Edge", "Node", "Service", "contribution", "merge", "to_api"]

EdgeKey = tuple[ServiceKey, ServiceKey, bool]


def contribution(trace: CompiledTrace) -> Contribution:
    """Nodes and edges of one trace."""
    found = entities(trace.segments)
    visits = [_visit(entity) for entity in found.values() if entity.is_top]
    calls = [*_calls(trace, found), *_links(found)]
    nodes: dict[ServiceKey, Node] = {}
    for visit in visits:
        _count_visit(nodes, visit)
    edges: dict[EdgeKey, Edge] = {}
    for call in calls:
        _count_call(edges, call)
        _meet(nodes, call)
    return Contribution(
        trace_id=trace.id,
        start_time=trace.start_time,
        end_time=trace.end_time,
        nodes=[nodes[key] for key in sorted(nodes)],
        edges=[edges[key] for key in sorted(edges)],
        visits=visits,
        calls=calls,
    )


def outcome(document: Document) -> Outcome:
    """How a segment or subsegment ended."""
    start = document["start_time"]
    throttle = document.get("throttle") is True
    return Outcome(
        # A clock that was set back must not take time off the others. Microseconds: a double holds no more of today's time, and
        # 100.3 - 100.2 has to be equal to the 0.1 of a filter.
        response_time=round(max(0.0, document.get("end_time", start) - start), 6),
        # A throttled call was answered 429, which is a 4xx, whether its sender says so or not.
        error=document.get("error") is True or throttle,
        throttle=throttle,
        fault=document.get("fault") is True,
        in_progress=document.get("in_progress") is True,
    )


def _visit(entity: Entity) -> Visit:
    segment = entity.document
    return Visit(
        service=entity.service,
        id=segment["id"],
        parent_id=segment.get("parent_id", ""),
        inferred=segment.get("inferred") is True,
        start_time=segment["start_time"],
        outcome=outcome(segment),
    )


def _calls(trace: CompiledTrace, found: dict[str, Entity]) -> Iterator[Call]:
    seen: set[tuple[str, ServiceKey]] = set()
    for segment in trace.segments:
        callee = found[segment["id"]]
        caller = found.get(segment.get("parent_id", ""))
        if caller is None:
            # What began with another trace's message was called by no client: the link's edge leads to it.
            if (segment["id"] == trace.root_id or "parent_id" not in segment) and not receives(segment):
                yield _call(ServiceKey(callee.service.name, CLIENT), callee, "", segment)
            continue
        # One call, even if it was answered by two segments of one service (a retry that the caller does not see).
        once = (caller.document["id"], callee.service)
        if once in seen:
            continue
        seen.add(once)
        # Also from segment to segment (AWS::Lambda to AWS::Lambda::Function), where no subsegment tells the caller's side: in
        # X-Ray's graphs such an edge then has the times of the calling segment.
        yield _call(caller.service, callee, caller.document["id"], caller.document)


def _call(source: ServiceKey, callee: Entity, caller: str, told_by: Document) -> Call:
    return Call(source, callee.service, caller, callee.document["id"], told_by["start_time"], outcome(told_by))


def _links(found: dict[str, Entity]) -> Iterator[Call]:
    """Messages that later traces took up. X-Ray notes each at both ends; the sender's end counts, so that each counts once."""
    called = {
        entity.document["parent_id"]: entity for entity in found.values() if entity.is_top and entity.document.get("parent_id")
    }
    for entity in found.values():
        # The message waited in what the sender called (a queue); if that is not known, the sender itself is the source.
        source = called.get(entity.document["id"], entity).service
        for link in entity.document.get("links") or ():
            target = _linked(link)
            if target:
                sent = _end(entity.document)
                age = Outcome(_age(link, sent))
                yield Call(source, target, entity.document["id"], _text(link.get("id")), sent, age, link=True)


def _end(document: Document) -> float:
    end: float = document["end_time"] if "end_time" in document else document["start_time"]
    return end


def _attributes(link: Any) -> dict[str, Any]:
    attributes = link.get("attributes") if isinstance(link, dict) else None
    return attributes if isinstance(attributes, dict) else {}


def _linked(link: Any) -> ServiceKey | None:
    attributes = _attributes(link)
    names = attributes.get("aws.xray.reserved.names")
    name = names[0] if isinstance(names, list) and names else None
    if attributes.get("aws.xray.reserved.reference_type") != "child" or not isinstance(name, str):
        return None
    return ServiceKey(name, _text(attributes.get("aws.xray.reserved.type")))


def _age(link: Any, sent: float) -> float:
    """How long the message waited, as far as its receiver told."""
    received = _attributes(link).get("aws.xray.reserved.received_event_end_time")
    if not isinstance(received, int | float) or received > MAX_TIME:
        return 0.0
    return max(0.0, received - sent)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count_visit(nodes: dict[ServiceKey, Node], visit: Visit) -> None:
    end = visit.start_time + visit.outcome.response_time
    node = nodes.get(visit.service)
    if node is None:
        node = nodes[visit.service] = Node(visit.service, (visit.service.name,), start_time=visit.start_time, end_time=end)
    node.active |= not visit.inferred
    node.start_time, node.end_time = min(node.start_time, visit.start_time), max(node.end_time, end)
    if not visit.outcome.in_progress:
        node.statistics.count(visit.outcome)
        _tally(node.response_times, visit.outcome.response_time)


def _count_call(edges: dict[EdgeKey, Edge], call: Call) -> None:
    end = call.start_time + call.outcome.response_time
    key = (call.source, call.target, call.link)
    edge = edges.get(key)
    if edge is None:
        edge = edges[key] = Edge(*key, start_time=call.start_time, end_time=end)
    edge.start_time, edge.end_time = min(edge.start_time, call.start_time), max(edge.end_time, end)
    if call.link:
        _tally(edge.ages, call.outcome.response_time)
    elif not call.outcome.in_progress:
        edge.statistics.count(call.outcome)
        _tally(edge.response_times, call.outcome.response_time)


def _meet(nodes: dict[ServiceKey, Node], call: Call) -> None:
    """Nodes that have no segment in this trace: the client, and what a link leads to. A client's first callee is a root."""
    for key in (call.source, call.target):
        end = call.start_time + call.outcome.response_time
        node = nodes.setdefault(key, Node(key, (key.name,), start_time=call.start_time, end_time=end))
        if key.type == CLIENT:
            node.start_time, node.end_time = min(node.start_time, call.start_time), max(node.end_time, end)
    nodes[call.target].root |= call.source.type == CLIENT


def _tally(histogram: dict[int, int], seconds: float, count: int = 1) -> None:
    milliseconds = round(seconds * 1000)
    histogram[milliseconds] = histogram.get(milliseconds, 0) + count


def merge(contributions: Iterable[Contribution]) -> list[Service]:
    """The graph of many traces: services in key order, each with its edges in key order."""
    nodes: dict[ServiceKey, Node] = {}
    edges: dict[EdgeKey, Edge] = {}
    for part in contributions:
        for node in part.nodes:
            _add_node(nodes, node)
        for edge in part.edges:
            _add_edge(edges, edge)
    services = {key: Service(nodes[key]) for key in sorted(nodes)}
    for edge_key in sorted(edges):
        services[edge_key[0]].edges.append(edges[edge_key])
    return list(services.values())


def _add_node(nodes: dict[ServiceKey, Node], node: Node) -> None:
    total = nodes.get(node.key)
    if total is None:
        total = nodes[node.key] = Node(node.key, node.names, start_time=node.start_time, end_time=node.end_time)
    total.root |= node.root
    total.active |= node.active
    _add(total, node)


def _add_edge(edges: dict[EdgeKey, Edge], edge: Edge) -> None:
    key = (edge.source, edge.target, edge.link)
    total = edges.get(key)
    if total is None:
        total = edges[key] = Edge(*key, start_time=edge.start_time, end_time=edge.end_time)
    _add(total, edge)
    for milliseconds, count in edge.ages.items():
        total.ages[milliseconds] = total.ages.get(milliseconds, 0) + count


def _add(total: Node | Edge, part: Node | Edge) -> None:
    total.start_time, total.end_time = min(total.start_time, part.start_time), max(total.end_time, part.end_time)
    total.statistics.add(part.statistics)
    for milliseconds, count in part.response_times.items():
        total.response_times[milliseconds] = total.response_times.get(milliseconds, 0) + count


def to_api(services: list[Service], start: float, end: float) -> dict[str, Any]:
    """A graph as GetServiceGraph returns it (GetTraceGraph: its Services)."""
    return graph_json(services, start, end)
