"""What a span can be asked for besides the API's methods: what an SDK's span has, and who meets one that is recording expects.

The instrumentations of Flask, Django, WSGI, ASGI, Falcon, Pyramid and Tornado read `kind` of any span that says that it is
recording, redis's reads `name`, botocore's `attributes`. Names and types are the SDK's ReadableSpan's (opentelemetry.sdk.trace).
"""

from types import MappingProxyType, SimpleNamespace

from ..guard import attempt
from .otel_spans import Here, OtelSubsegment, Speaking, context_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..model import Document

_NS = 1_000_000_000


def _own(span: Speaking) -> "Document":
    """Return attributes, events and links: of a span of the function's, or what it has said of what is open here."""
    node = span.node
    if isinstance(node, OtelSubsegment):
        return {"attributes": node.attributes, "events": node.events, "links": node.links}
    own: "Document" = span._own() if isinstance(span, Here) else {}  # noqa: SLF001  (a part of that class, loaded late)
    return {**own, "attributes": {**node.fields.get("annotations", {}), **own.get("attributes", {})}}


def _events(span: Speaking) -> "tuple[Any, ...]":
    return tuple(
        SimpleNamespace(name=event["name"], attributes=event.get("attributes", {}), timestamp=int(event["time"] * _NS))
        for event in _own(span).get("events", ())
    )


def _links(span: Speaking) -> "tuple[Any, ...]":
    api: "Any" = span.api
    found = []
    for link in _own(span).get("links", ()):
        trace_id = int(link["trace_id"][2:10] + link["trace_id"][11:], 16)
        found.append(api.Link(api.SpanContext(trace_id, int(link["span_id"], 16), is_remote=True), link.get("attributes", {})))
    return tuple(found)


def _status(span: Speaking) -> "Any":
    api: "Any" = span.api
    failed = "ERROR" if span.node.fields.get("fault") else "UNSET"
    told: "tuple[str, Document]" = getattr(span.node, "status", (failed, {}))
    code, cause = told
    return api.Status(api.StatusCode[code], cause["exceptions"][0]["message"] if code == "ERROR" and cause else None)


def _parent(span: Speaking) -> "Any":
    """Return the context of what it hangs below; None where there is no trace id yet, and for what is open here."""
    above = span.node.parent if isinstance(span.node, OtelSubsegment) else None
    return context_of(span.api, above) if above is not None and above.trace.trace_id else None


def _end_time(span: Speaking) -> "int | None":
    return None if span.node.end_time is None else int(span.node.end_time * _NS)


def _dropped(what: str) -> "Callable[[Speaking], int]":
    return lambda span: getattr(span.node, "dropped", {}).get(what, 0)


_READ: "dict[str, Callable[[Any], Any]]" = {
    "name": lambda span: getattr(span.node, "said", span.node.name),
    "kind": lambda span: span.api.SpanKind[getattr(span.node, "kind", "INTERNAL")],
    "context": lambda span: span.get_span_context(),
    "parent": _parent,
    "start_time": lambda span: int(span.node.start_time * _NS),
    "end_time": _end_time,
    "status": _status,
    "attributes": lambda span: MappingProxyType(_own(span)["attributes"]),
    "events": _events,
    "links": _links,
    "dropped_attributes": _dropped("attributes"),
    "dropped_events": _dropped("events"),
    "dropped_links": _dropped("links"),
}


def read(span: Speaking, name: str) -> "Any":
    """Return an attribute of a span's, or raise the AttributeError that any object would."""
    if name in _READ:
        found = attempt(lambda asked: (_READ[name](asked),), span, None)
        if found:
            return found[0]
    raise AttributeError(f"{type(span).__name__!r} object has no attribute {name!r}", name=name, obj=span)
