"""The core's values as JSON of the X-Ray API. Times are seconds since the epoch; what is not known is left out."""

from __future__ import annotations

import math
from typing import Any

from .model import Annotation, Edge, Histogram, Http, Node, RootCause, Service, ServiceKey, Statistics, Summary

Json = dict[str, Any]


def service_id(key: ServiceKey) -> Json:
    """A ServiceId."""
    known = {"AccountId": key.account, "Type": key.type}
    return {"Name": key.name, "Names": [key.name]} | {name: value for name, value in known.items() if value}


def summary_json(summary: Summary) -> Json:
    """A TraceSummary; MatchedEventTime belongs to a query, so whoever answers one adds it."""
    return {
        "Id": summary.id,
        "StartTime": summary.start_time,
        "Duration": summary.duration,
        **({} if summary.response_time is None else {"ResponseTime": summary.response_time}),
        "HasFault": summary.has_fault,
        "HasError": summary.has_error,
        "HasThrottle": summary.has_throttle,
        "IsPartial": summary.is_partial,
        "Http": _http(summary.http),
        "Annotations": _annotations(summary.annotations),
        "Users": [{"UserName": user.name, "ServiceIds": [service_id(key) for key in user.services]} for user in summary.users],
        "ServiceIds": [service_id(key) for key in summary.services],
        "ResourceARNs": [{"ARN": arn} for arn in summary.resource_arns],
        "InstanceIds": [{"Id": id_} for id_ in summary.instance_ids],
        "AvailabilityZones": [{"Name": zone} for zone in summary.availability_zones],
        **({"EntryPoint": service_id(summary.entry_point)} if summary.entry_point else {}),
        "FaultRootCauses": [_root_cause(cause, "Exceptions") for cause in summary.fault_root_causes],
        "ErrorRootCauses": [_root_cause(cause, "Exceptions") for cause in summary.error_root_causes],
        "ResponseTimeRootCauses": [_root_cause(cause, "Coverage") for cause in summary.response_time_root_causes],
        "Revision": summary.revision,
    }


def _http(http: Http) -> Json:
    fields = {
        "HttpURL": http.url,
        "HttpStatus": http.status,
        "HttpMethod": http.method,
        "UserAgent": http.user_agent,
        "ClientIp": http.client_ip,
    }
    return {name: value for name, value in fields.items() if value}


def _annotations(annotations: tuple[Annotation, ...]) -> Json:
    found: Json = {}
    for annotation in annotations:
        value = {"AnnotationValue": _value(annotation), "ServiceIds": [service_id(key) for key in annotation.services]}
        found.setdefault(annotation.key, []).append(value)
    return found


def _value(annotation: Annotation) -> Json:
    kind = {bool: "BooleanValue", str: "StringValue"}.get(type(annotation.value), "NumberValue")
    return {kind: float(annotation.value) if kind == "NumberValue" else annotation.value}


def _root_cause(cause: RootCause, told: str) -> Json:
    services = []
    for part in cause.services:
        path = []
        for entity in part.entities:
            step: Json = {"Name": entity.name, "Remote": entity.remote}
            if told == "Coverage":
                step["Coverage"] = entity.coverage
            else:
                step["Exceptions"] = [{"Name": found.name, "Message": found.message} for found in entity.exceptions]
            path.append(step)
        services.append({**service_id(part.service), "EntityPath": path, "Inferred": part.inferred})
    return {"Services": services, "ClientImpacting": cause.client_impacting}


def graph_json(services: list[Service], start: float, end: float) -> Json:
    """GetServiceGraph's answer; GetTraceGraph's has its Services. The same graph has the same ReferenceIds every time."""
    references = {service.node.key: number for number, service in enumerate(services)}
    return {
        "StartTime": start,
        "EndTime": end,
        "Services": [_service(service, references) for service in services],
        "ContainsOldGroupVersions": False,
    }


def _service(service: Service, references: dict[ServiceKey, int]) -> Json:
    node = service.node
    return {
        "ReferenceId": references[node.key],
        **service_id(node.key),
        "Names": list(node.names),
        # Only the entry services have it.
        **({"Root": True} if node.root else {}),
        "State": "active" if node.active else "unknown",
        **_times(node),
        "Edges": [_edge(edge, references) for edge in service.edges],
        **(_node_statistics(node) if node.statistics.total else {}),
    }


def _node_statistics(node: Node) -> Json:
    times = histogram(node.response_times)
    # X-Ray's two histograms of a node are equal in all answers that we have seen.
    return {"SummaryStatistics": statistics(node.statistics), "DurationHistogram": times, "ResponseTimeHistogram": times}


def _edge(edge: Edge, references: dict[ServiceKey, int]) -> Json:
    told = (
        {"EdgeType": "link", "ReceivedEventAgeHistogram": histogram(edge.ages)}
        if edge.link
        else {"SummaryStatistics": statistics(edge.statistics), "ResponseTimeHistogram": histogram(edge.response_times)}
    )
    return {"ReferenceId": references[edge.target], **_times(edge), **told, "Aliases": []}


def _times(part: Node | Edge) -> Json:
    """Whole seconds, as in X-Ray's graphs."""
    return {"StartTime": math.floor(part.start_time), "EndTime": math.floor(part.end_time)}


def statistics(counts: Statistics) -> Json:
    """ServiceStatistics or EdgeStatistics."""
    return {
        "OkCount": counts.ok,
        "ErrorStatistics": {
            "ThrottleCount": counts.throttle,
            "OtherCount": counts.error,
            "TotalCount": counts.throttle + counts.error,
        },
        "FaultStatistics": {"OtherCount": counts.fault, "TotalCount": counts.fault},
        "TotalCount": counts.total,
        "TotalResponseTime": round(counts.total_response_time, 3),
    }


def histogram(counts: Histogram) -> list[Json]:
    """A Histogram: seconds in steps of a millisecond, ascending."""
    return [{"Value": milliseconds / 1000, "Count": counts[milliseconds]} for milliseconds in sorted(counts)]
