"""ADOT's datagrams: OpenTelemetry spans as X-Ray documents."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from tests.local.server import clients
from tests.local.server.clients import HEADER
from xray_local import documents as xray_documents
from xray_local import otlp
from xray_local.otlp import BadPayloadError, Kind
from xray_local.server import Running

TRACE = bytes.fromhex("6b03d72d0123456789abcdef01234567")
X_RAY_TRACE = "1-6b03d72d-0123456789abcdef01234567"
PARENT = "53995c3f42cd8ad8"
START, END = 1_795_413_805_250_000_000, 1_795_413_805_500_000_000
LAMBDA = {
    "service.name": "orders",
    "cloud.platform": "aws_lambda",
    "cloud.region": "eu-west-1",
    "faas.name": "orders",
    "telemetry.sdk.language": "python",
}
SERVER, CLIENT, PRODUCER, INTERNAL = (
    Span.SPAN_KIND_SERVER,
    Span.SPAN_KIND_CLIENT,
    Span.SPAN_KIND_PRODUCER,
    Span.SPAN_KIND_INTERNAL,
)


def any_value(value: Any) -> AnyValue:
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=[any_value(item) for item in value]))
        case _:
            return AnyValue(string_value=value)


def pairs(attributes: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=any_value(value)) for key, value in attributes.items()]


def span(
    name: str,
    kind: Span.SpanKind.ValueType = INTERNAL,
    parent: str = PARENT,
    attributes: dict[str, Any] | None = None,
    **fields: Any,
) -> Span:
    """A finished span of a quarter second."""
    return Span(
        trace_id=TRACE,
        span_id=bytes.fromhex("00000000000000aa"),
        parent_span_id=bytes.fromhex(parent),
        name=name,
        kind=kind,
        start_time_unix_nano=START,
        end_time_unix_nano=END,
        attributes=pairs(attributes or {}),
        **fields,
    )


def payload(*spans: Span, resource: dict[str, Any] | None = None, scope: str = "mine", prefix: bytes = b"T1S") -> bytes:
    """What ADOT's UDP exporter puts behind the header."""
    scoped = ScopeSpans(scope=InstrumentationScope(name=scope), spans=spans)
    request = ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=Resource(attributes=pairs(resource or {})), scope_spans=[scoped])]
    )
    return prefix + base64.b64encode(request.SerializeToString())


def document(one: Span, resource: dict[str, Any] | None = None, scope: str = "mine") -> dict[str, Any]:
    """The one document of a span, which X-Ray itself would take."""
    [made] = otlp.documents(payload(one, resource=resource, scope=scope))
    assert xray_documents.parse(json.dumps(made)) == made
    return made


BASE = {"id": "00000000000000aa", "trace_id": X_RAY_TRACE, "start_time": 1795413805.25, "end_time": 1795413805.5}
SUB = {**BASE, "parent_id": PARENT, "type": "subsegment"}


@pytest.mark.parametrize(
    ("one", "resource", "wanted"),
    [
        pytest.param(span("work"), {}, {**SUB, "name": "work"}, id="inside"),
        pytest.param(
            span("orders/handler", SERVER, attributes={"faas.execution": "r1"}),
            LAMBDA,
            {**SUB, "name": "orders/handler", "metadata": {"default": {"faas.execution": "r1"}}},
            id="a Lambda handler stands below Lambda's own segment",
        ),
        pytest.param(
            span("GET /x", SERVER, attributes={"http.request.method": "GET", "url.scheme": "http", "server.address": "shop", "server.port": 8080, "url.path": "/x", "url.query": "a=1", "http.response.status_code": 200, "client.address": "10.0.0.1", "user_agent.original": "curl", "enduser.id": "ana"}),
            {"service.name": "shop", "cloud.platform": "aws_ec2", "telemetry.sdk.language": "python", "telemetry.sdk.version": "1.2", "cloud.account.id": "123456789012", "service.version": "7"},
            {
                **BASE,
                "name": "shop",
                "parent_id": PARENT,
                "origin": "AWS::EC2::Instance",
                "service": {"version": "7"},
                "http": {
                    "request": {"method": "GET", "user_agent": "curl", "client_ip": "10.0.0.1", "url": "http://shop:8080/x?a=1"},
                    "response": {"status": 200},
                },
                "aws": {"xray": {"sdk": "opentelemetry for python", "auto_instrumentation": False, "sdk_version": "1.2"}, "account_id": "123456789012"},
                "user": "ana",
            },
            id="a server elsewhere is a segment",
        ),
        pytest.param(
            span("DynamoDB.PutItem", CLIENT, attributes={"rpc.system": "aws-api", "rpc.service": "DynamoDB", "rpc.method": "PutItem", "aws.request_id": "R", "aws.region": "eu-west-1", "http.status_code": 200, "aws.dynamodb.table_names": ["orders"]}),
            LAMBDA,
            {
                **SUB,
                "name": "DynamoDB",
                "namespace": "aws",
                "http": {"response": {"status": 200}},
                "aws": {"operation": "PutItem", "region": "eu-west-1", "request_id": "R", "table_name": "orders"},
            },
            id="a call of AWS",
        ),
        pytest.param(
            span("SQS.SendMessage", PRODUCER, attributes={"rpc.system": "aws-api", "rpc.service": "SQS", "rpc.method": "SendMessage", "aws.queue_url": "https://sqs/q"}),
            LAMBDA,
            {**SUB, "name": "SQS", "namespace": "aws", "aws": {"operation": "SendMessage", "queue_url": "https://sqs/q", "region": "eu-west-1"}},
            id="a message to a queue",
        ),
        pytest.param(
            span("GET", CLIENT, attributes={"http.method": "GET", "http.url": "https://api.example.com/v1?q=1", "http.status_code": 429}),
            {},
            {
                **SUB,
                "name": "api.example.com",
                "namespace": "remote",
                "http": {"request": {"method": "GET", "url": "https://api.example.com/v1?q=1"}, "response": {"status": 429}},
                "error": True,
                "throttle": True,
            },
            id="a call over HTTP that is throttled",
        ),
        pytest.param(
            span("SELECT", CLIENT, attributes={"db.system": "postgresql", "db.name": "shop", "db.statement": "SELECT 1", "db.user": "app", "net.peer.name": "db", "net.peer.port": 5432}),
            {},
            {
                **SUB,
                "name": "shop@db",
                "namespace": "remote",
                "sql": {"sanitized_query": "SELECT 1", "database_type": "postgresql", "user": "app", "url": "db:5432/shop"},
                "metadata": {"default": {"net.peer.name": "db", "net.peer.port": 5432}},
            },
            id="a database",
        ),
        pytest.param(
            span("work", attributes={"tier": "gold", "n": 3, "odd key": True, "rest": ["a", 1], "aws.xray.annotations": ["tier", "n", "odd key"]}),
            {},
            {**SUB, "name": "work", "annotations": {"tier": "gold", "n": 3, "odd_key": True}, "metadata": {"default": {"rest": ["a", 1]}}},
            id="annotations by name, the rest is metadata",
        ),
        pytest.param(
            span("r(o)ot?", SERVER, parent=""),
            {},
            {**BASE, "name": "root", "aws": {"xray": {"sdk": "opentelemetry for unknown", "auto_instrumentation": False}}},
            id="names lose what X-Ray does not allow",
        ),
        pytest.param(
            span("work", links=[Span.Link(trace_id=TRACE, span_id=bytes(7) + b"\x01", attributes=pairs({"a": "b"}))]),
            {},
            {**SUB, "name": "work", "links": [{"trace_id": X_RAY_TRACE, "id": "0000000000000001", "attributes": {"a": "b"}}]},
            id="links",
        ),
        pytest.param(
            span("work", status=Status(code=Status.STATUS_CODE_ERROR, message="went wrong")),
            {},
            {**SUB, "name": "work", "fault": True, "cause": {"working_directory": "", "paths": [], "exceptions": [{"id": "00000000000000ab", "type": "", "message": "went wrong"}]}},
            id="a status without an exception",
        ),
    ],
)  # fmt: skip
def test_spans_become_documents(one: Span, resource: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Each kind of span is the whole document that is expected."""
    assert document(one, resource) == wanted


def test_exceptions_become_causes() -> None:
    """The events of a failed call become exceptions with their frames, the innermost first."""
    try:
        json.loads("{")
    except ValueError:
        import traceback  # noqa: PLC0415

        text = traceback.format_exc()
    exception = {"exception.type": "json.JSONDecodeError", "exception.message": "Expecting", "exception.stacktrace": text}
    failed = Status(code=Status.STATUS_CODE_ERROR)
    made = document(
        span("S3.GetObject", CLIENT, status=failed, attributes={"rpc.system": "aws-api", "rpc.service": "S3"},
             events=[Span.Event(name="log"), Span.Event(name="exception", attributes=pairs(exception))]),
        scope="opentelemetry.instrumentation.botocore",
    )  # fmt: skip
    [cause] = made["cause"]["exceptions"]
    stack = cause.pop("stack")
    assert cause == {"id": "00000000000000ab", "type": "json.JSONDecodeError", "message": "Expecting", "remote": True}
    assert [frame["label"] for frame in stack] == ["raw_decode", "decode", "loads", "test_exceptions_become_causes"]
    assert [(frame["path"], type(frame["line"])) for frame in stack][-1] == (__file__, int)
    assert made["fault"] is True


def test_a_span_without_an_end_is_in_progress() -> None:
    """No end time: the document says that it is not complete."""
    one = span("work")
    one.end_time_unix_nano = 0
    wanted = {**SUB, "name": "work", "in_progress": True}
    del wanted["end_time"]
    assert document(one) == wanted


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"T1S", Kind.SAMPLED),
        (b"T1UAAAA", Kind.UNSAMPLED),
        (b"M1AAAA", Kind.METRICS),
        (b'{"T1S":1}', None),
        (b"", None),
        (b"T1", None),
    ],
)
def test_payloads_are_told_by_their_first_characters(body: bytes, kind: Kind | None) -> None:
    """Three prefixes are ADOT's; a document begins with none of them."""
    assert otlp.kind(body) is kind


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"T1S!!", "behind T1S must stand base64: "),
        (b"T1UAAA", "behind T1U must stand base64: "),
        (b"T1S" + base64.b64encode(b"\xff\xff\xff\xff"), "the payload is no OTLP trace request: "),
    ],
)
def test_payloads_that_are_none(body: bytes, reason: str) -> None:
    """What is not base64 of protobuf is refused with the reason."""
    with pytest.raises(BadPayloadError) as caught:
        otlp.documents(body)
    assert str(caught.value).startswith(reason)


def test_a_datagram_of_adot(server: Running, xray: Any) -> None:
    """A sampled payload is a trace, with the call below the handler; unsampled spans and metrics are counted, not kept."""
    call = span(
        "DynamoDB.GetItem", CLIENT, parent="00000000000000bb", attributes={"rpc.system": "aws-api", "rpc.service": "DynamoDB"}
    )
    handler = span("handler", SERVER)
    handler.span_id = bytes.fromhex("00000000000000bb")
    unsampled = payload(span("work"), resource=LAMBDA, prefix=b"T1U")
    clients.send(server, HEADER + unsampled, HEADER + b"M1AAAA", HEADER + payload(call, handler, resource=LAMBDA))
    traces = clients.eventually(lambda: xray.batch_get_traces(TraceIds=[X_RAY_TRACE])["Traces"])
    trees = [json.loads(segment["Document"]) for segment in traces[0]["Segments"]]
    shape = [
        (tree["name"], [child["name"] for child in tree.get("subsegments", [])]) for tree in trees if not tree.get("inferred")
    ]
    assert shape == [("handler", ["DynamoDB"])]
    udp = server.health()["udp"]
    assert (udp["datagrams"], udp["documents"], udp["unsampled"], udp["metrics"], udp["bad_datagrams"]) == (3, 2, 1, 1, 0)
