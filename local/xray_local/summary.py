"""One trace as a row of a list: what GetTraceSummaries says about it.

The row speaks of the root segment (response time, errors, request) or of all segments (throttling, annotations, users,
resources), as the API's reference says for each field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .causes import error_root_causes, fault_root_causes, response_time_root_causes
from .entities import Entity, entities
from .graph import outcome
from .indexing import indexed
from .mirrors import receives
from .model import CLIENT, CompiledTrace, Document, Http, ServiceKey, Summary, User
from .shapes import summary_json

__all__ = ["Summary", "summarise", "to_api"]


def summarise(trace: CompiledTrace) -> Summary:
    """Everything GetTraceSummaries knows about a trace."""
    found = entities(trace.segments)
    root = found.get(trace.root_id)
    segment: Document = root.document if root else {}
    end = outcome(segment) if segment else None
    tops = [entity for entity in found.values() if entity.is_top]
    return Summary(
        id=trace.id,
        start_time=trace.start_time,
        end_time=trace.end_time,
        duration=trace.duration,
        response_time=round(end.response_time, 3) if end and not end.in_progress else None,
        has_fault=bool(end and end.fault),
        has_error=bool(end and end.error),
        has_throttle=any(outcome(top.document).throttle for top in tops),
        is_partial=trace.partial,
        http=_http(segment),
        annotations=tuple(indexed(found.values())[0]),
        users=tuple(_users(tops)),
        services=_services(tops, root),
        resource_arns=_distinct(top.document.get("resource_arn") for top in tops),
        instance_ids=_distinct(_ec2(top).get("instance_id") for top in tops),
        availability_zones=_distinct(_ec2(top).get("availability_zone") for top in tops),
        entry_point=root.service if root else None,
        fault_root_causes=fault_root_causes(trace.root_id, found),
        error_root_causes=error_root_causes(trace.root_id, found),
        response_time_root_causes=response_time_root_causes(trace.root_id, found),
    )


def _http(segment: Document) -> Http:
    http = segment.get("http", {})
    request, response = http.get("request", {}), http.get("response", {})
    return Http(
        url=request.get("url", ""),
        method=request.get("method", ""),
        user_agent=request.get("user_agent", ""),
        client_ip=request.get("client_ip", ""),
        status=response.get("status", 0),
    )


def _users(tops: list[Entity]) -> Iterator[User]:
    services: dict[str, dict[ServiceKey, None]] = {}
    for top in tops:
        if top.document.get("user"):
            services.setdefault(top.document["user"], {})[top.service] = None
    for name, where in services.items():
        yield User(name, tuple(where))


def _services(tops: list[Entity], root: Entity | None) -> tuple[ServiceKey, ...]:
    entries = [top for top in tops if (top is root or "parent_id" not in top.document) and not receives(top.document)]
    clients = [ServiceKey(top.service.name, CLIENT) for top in entries]
    return tuple(dict.fromkeys([*clients, *(top.service for top in tops)]))


def _ec2(top: Entity) -> dict[str, Any]:
    ec2 = top.document.get("aws", {}).get("ec2")
    return ec2 if isinstance(ec2, dict) else {}


def _distinct(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if isinstance(value, str) and value))


def to_api(summary: Summary) -> dict[str, Any]:
    """A summary as JSON of the API: times are seconds since the epoch."""
    return summary_json(summary)
