"""What ADOT sends to the daemon's port: OTLP in place of a segment document (facts B.3).

Behind the header line stand `T1S` (sampled spans), `T1U` (unsampled ones) or `M1` (metrics), then base64 of an OTLP export
request in protobuf. Lambda's own daemon makes X-Ray documents of the spans; so does this module, after the rules of the
OpenTelemetry Collector's X-Ray exporter (opentelemetry-collector-contrib, exporter/awsxrayexporter/internal/translator),
which are the ones AWS publishes:

- A span of kind SERVER, or without a parent, is a segment; any other is an independent subsegment.
- In Lambda, the service has made the segments already: everything that has a parent is a subsegment there.
- CLIENT and PRODUCER spans go to the outside: namespace aws for calls of AWS's API, remote for others.
- Known attributes become http, aws and sql; those named in aws.xray.annotations become annotations; the rest metadata.

Which attribute is which field is in otlp_fields.py.
"""

from __future__ import annotations

import base64
import binascii
import enum
import re
from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from xray_local import otlp_fields as fields
from xray_local.otlp_fields import Attributes

Document = dict[str, Any]


class BadPayloadError(ValueError):
    """The payload is not what its first characters promise. The text is shown to the user as it is."""


class Kind(enum.Enum):
    """What a payload holds, by the characters it begins with."""

    SAMPLED = b"T1S"
    UNSAMPLED = b"T1U"
    METRICS = b"M1"


def kind(body: bytes) -> Kind | None:
    """Which of ADOT's payloads this is; None for an X-Ray document, which begins with a brace."""
    return next((kind for kind in Kind if body.startswith(kind.value)), None)


def documents(body: bytes) -> list[Document]:
    """The X-Ray documents of a T1S or T1U payload, one for each span."""
    try:
        message = base64.b64decode(body[3:].strip(), validate=True)
    except binascii.Error as error:
        raise BadPayloadError(f"behind {body[:3].decode()} must stand base64: {error}; there is {body[3:43]!r}") from error
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(message)
    except DecodeError as error:
        raise BadPayloadError(f"the payload is no OTLP trace request: {error}") from error
    return [
        _document(span, _attributes(group.resource.attributes), scope.scope.name)
        for group in request.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]


def _value(value: AnyValue) -> Any:
    match value.WhichOneof("value"):
        case "array_value":
            return [_value(item) for item in value.array_value.values]
        case "kvlist_value":
            return _attributes(value.kvlist_value.values)
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case None:
            return None
        case name:
            return getattr(value, name)


def _attributes(pairs: Iterable[KeyValue]) -> Attributes:
    return {pair.key: _value(pair.value) for pair in pairs}


def trace_id(raw: bytes) -> str:
    """W3C's id in X-Ray's form (facts A.4)."""
    text = raw.hex()
    return f"1-{text[:8]}-{text[8:]}"


def _seconds(nanoseconds: int) -> float:
    # Microseconds are what a float of today's epoch holds exactly enough to print.
    return round(nanoseconds / 1e9, 6)


def _document(span: Span, resource: Attributes, scope: str) -> Document:
    attributes = _attributes(span.attributes)
    # The collector's rule; and Lambda's own segments stand above the handler's span.
    in_lambda = resource.get("cloud.platform") == "aws_lambda" or "faas.name" in resource
    is_segment = not span.parent_span_id or (span.kind == Span.SPAN_KIND_SERVER and not in_lambda)
    outward = not is_segment and span.kind in (Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_PRODUCER)

    document: Document = {
        "name": fields.name(span.name, attributes, resource, outward=outward, is_segment=is_segment),
        "id": span.span_id.hex(),
        "trace_id": trace_id(span.trace_id),
        "start_time": _seconds(span.start_time_unix_nano),
    }
    if span.end_time_unix_nano:
        document["end_time"] = _seconds(span.end_time_unix_nano)
    else:
        document["in_progress"] = True
    if span.parent_span_id:
        document["parent_id"] = span.parent_span_id.hex()
    if is_segment:
        document |= fields.of_segment(resource)
    else:
        document["type"] = "subsegment"
    if outward:
        document["namespace"] = "aws" if fields.is_aws_call(attributes) else "remote"

    blocks, used = fields.blocks(attributes, resource, is_segment=is_segment)
    document |= blocks
    document |= _outcome(span, document, scope)
    document |= fields.leftovers(attributes, used)
    if links := [_link(link) for link in span.links]:
        document["links"] = links
    return document


def _link(link: Span.Link) -> Document:
    made: Document = {"trace_id": trace_id(link.trace_id), "id": link.span_id.hex()}
    if attributes := _attributes(link.attributes):
        made["attributes"] = attributes
    return made


def _outcome(span: Span, document: Document, scope: str) -> Document:
    """Flags by status and HTTP status, as the collector's cause.go sets them, and the exceptions of the span's events."""
    exceptions = list(_exceptions(span, scope))
    failed = span.status.code == Status.STATUS_CODE_ERROR
    status = document.get("http", {}).get("response", {}).get("status", 0)
    made: Document = {}
    if 400 <= status < 500:
        made["error"] = True
        if status == 429:
            made["throttle"] = True
    elif failed or status >= 500:
        made["fault"] = True
    if failed and span.status.message and not exceptions:
        exceptions = [{"id": _exception_id(span, 0), "type": "", "message": span.status.message}]
    if exceptions and (failed or made):
        made["cause"] = {"working_directory": "", "paths": [], "exceptions": exceptions}
    return made


def _exception_id(span: Span, position: int) -> str:
    """16 hex digits that are the same whenever the same span comes again."""
    return f"{(int.from_bytes(span.span_id, 'big') + position + 1) % 2**64:016x}"


def _exceptions(span: Span, scope: str) -> Iterator[Document]:
    events = [event for event in span.events if event.name == "exception"]
    for position, event in enumerate(events):
        attributes = _attributes(event.attributes)
        exception: Document = {
            "id": _exception_id(span, position),
            "type": str(attributes.get("exception.type", "")),
            "message": str(attributes.get("exception.message", "")),
        }
        if stack := stack_frames(str(attributes.get("exception.stacktrace", ""))):
            exception["stack"] = stack
        # The AWS SDKs raise what the service answered: remote is what the X-Ray SDK calls that.
        if "botocore" in scope:
            exception["remote"] = True
        yield exception


_FRAME = re.compile(r'^\s*File "(?P<path>[^"]+)", line (?P<line>\d+), in (?P<label>.+?)\s*$', re.MULTILINE)


def stack_frames(traceback: str) -> list[Document]:
    """The frames of a Python traceback, innermost first, as X-Ray lists them."""
    frames = [
        {"path": match["path"], "line": int(match["line"]), "label": match["label"]} for match in _FRAME.finditer(traceback)
    ]
    return frames[::-1]
