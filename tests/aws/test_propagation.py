"""The trace header of outgoing requests, as it comes over the wire."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from tests.aws.conftest import MakeClient
from tests.aws.recording import FIRST_ID, Recording
from tests.kit.aws_stub import AwsStub, Reply, error_json
from tests.kit.process import SERVICE_ENVIRONMENT
from tests.kit.runtime_api import PARENT, ROOT

SECRET, TOKEN = SERVICE_ENVIRONMENT["AWS_SECRET_ACCESS_KEY"], SERVICE_ENVIRONMENT["AWS_SESSION_TOKEN"]

CALLS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("dynamodb", lambda client: client.get_item(TableName="orders", Key={"pk": {"S": "1"}})),  # json 1.0
    ("kinesis", lambda client: client.list_streams()),  # json 1.1
    ("sts", lambda client: client.get_caller_identity()),  # query
    ("ec2", lambda client: client.describe_instances()),  # ec2
    ("s3", lambda client: client.put_object(Bucket="orders", Key="a key/with spaces", Body=b"x" * 100)),  # rest-xml
    ("lambda", lambda client: client.invoke(FunctionName="orders", Payload=b"{}")),  # rest-json
    ("cloudwatch", lambda client: client.put_metric_data(Namespace="orders", MetricData=[])),  # rpc-v2-cbor
)
HEADERS = (
    (f"Root={ROOT};Parent={PARENT};Sampled=1", f"Root={ROOT};Parent={FIRST_ID};Sampled=1"),
    # The three shapes of Lineage that were seen; botocore quotes the bar.
    (
        f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=1:a87bd80c:0",
        f"Root={ROOT};Parent={FIRST_ID};Sampled=1;Lineage=1:a87bd80c:0",
    ),
    (
        f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=a87bd80c:0|68fd508a:5|c512fbe3:2",
        f"Root={ROOT};Parent={FIRST_ID};Sampled=1;Lineage=a87bd80c:0%7C68fd508a:5%7Cc512fbe3:2",
    ),
    (f"Sampled=1;Future=a=b;Parent={PARENT};Root={ROOT}", f"Sampled=1;Future=a=b;Parent={FIRST_ID};Root={ROOT}"),
    (
        f"Root={ROOT};Parent={PARENT};Sampled=1;Self=1-2-3;Other={PARENT}",
        f"Root={ROOT};Parent={FIRST_ID};Sampled=1;Self=1-2-3;Other={PARENT}",
    ),
)


def begun(recording: Recording, header: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An invocation with that header, in the environment too, where Lambda's runtime client puts it."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    recording.begin(header)


@pytest.mark.parametrize(("service", "call"), CALLS, ids=[service for service, _call in CALLS])
def test_every_protocol(
    service: str,
    call: Callable[[Any], Any],
    recording: Recording,
    client: MakeClient,
    aws: AwsStub,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exactly one header on each request, with this call's subsegment as Parent, and the signature is right."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", HEADERS[1][0])

    call(client(service))

    (request,) = aws.requests
    assert request.all_headers("X-Amzn-Trace-Id") == [HEADERS[1][1]]
    assert request.signature_is_valid(SECRET, TOKEN)
    assert not request.signature_is_valid("another secret", TOKEN)
    assert [document["id"] for document in recording.documents()] == [FIRST_ID]


@pytest.mark.parametrize(("given", "sent"), HEADERS)
def test_every_other_field_is_carried_on(
    given: str, sent: str, recording: Recording, client: MakeClient, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only Parent changes: order, unknown fields, Lineage, and botocore's quoting stay."""
    begun(recording, given, monkeypatch)
    recording.captured.datagrams.clear()
    from xray_instrument.recorder import recorder  # noqa: PLC0415

    recorder.new_id = iter([FIRST_ID]).__next__

    client("dynamodb").get_item(TableName="orders", Key={"pk": {"S": "1"}})

    assert [request.all_headers("X-Amzn-Trace-Id") for request in aws.requests] == [[sent]]


@pytest.mark.parametrize("given", [given for given, _sent in HEADERS])
def test_the_request_differs_in_parent_alone(
    given: str, recording: Recording, client: MakeClient, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against a request without us, everything but the id is the same, byte for byte, signature and all."""
    begun(recording, given, monkeypatch)
    traced = client("dynamodb")
    traced.get_item(TableName="orders", Key={"pk": {"S": "1"}})
    recording.stop()
    traced.get_item(TableName="orders", Key={"pk": {"S": "1"}})

    ours, bare = aws.requests
    at_each_call = ("X-Amz-Date", "Authorization", "amz-sdk-invocation-id", "X-Amzn-Trace-Id")
    assert [pair for pair in ours.headers if pair[0] not in at_each_call] == [
        pair for pair in bare.headers if pair[0] not in at_each_call
    ]
    assert [name for name, _value in ours.headers] == [name for name, _value in bare.headers]
    assert (ours.method, ours.target, ours.body) == (bare.method, bare.target, bare.body)
    sent = recording.captured.documents()[0]["id"]
    assert (ours.header("X-Amzn-Trace-Id") or "").replace(f"Parent={sent}", f"Parent={PARENT}") == bare.header("X-Amzn-Trace-Id")


def test_retries_carry_the_same_header(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """Each attempt carries the call's one header once: the attempts are not calls of their own."""
    aws.script("dynamodb.GetItem", Reply(500, error_json("InternalServerError")), Reply(hang_up=True))

    client("dynamodb", retries={"max_attempts": 3, "mode": "standard"}).get_item(TableName="orders", Key={"pk": {"S": "1"}})

    expected = [f"Root={ROOT};Parent={FIRST_ID};Sampled=1;Lineage=1:a87bd80c:0"]
    assert [request.all_headers("X-Amzn-Trace-Id") for request in aws.requests] == [expected] * 3
    assert all(request.signature_is_valid(SECRET, TOKEN) for request in aws.requests)


@pytest.mark.parametrize("name", ["X-Amzn-Trace-Id", "x-amzn-trace-id"])
def test_header_of_the_functions_own(name: str, recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """Where the function sets the header itself, in whatever case, there is still exactly one, and it is right."""
    dynamodb = client("dynamodb")

    def add(params: dict[str, Any], **_: object) -> None:
        params["headers"][name] = f"Root={ROOT};Parent={PARENT};Sampled=1;Mine=1"

    dynamodb.meta.events.register_first("before-call.dynamodb.GetItem", add)
    dynamodb.get_item(TableName="orders", Key={"pk": {"S": "1"}})

    (request,) = aws.requests
    assert request.all_headers("X-Amzn-Trace-Id") == [f"Root={ROOT};Parent={FIRST_ID};Sampled=1;Mine=1"]
    assert request.signature_is_valid(SECRET, TOKEN)


@pytest.mark.parametrize("name", ["X-Amzn-Trace-Id", "x-amzn-trace-id"])
def test_header_of_another_trace(name: str, recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """A header of another trace is the function's own decision (a tracer of its own, say) and stays as it is."""
    dynamodb = client("dynamodb")
    other = "Root=1-00000000-000000000000000000000000;Sampled=0"
    dynamodb.meta.events.register_first(
        "before-call.dynamodb.GetItem", lambda params, **_: params["headers"].update({name: other})
    )

    dynamodb.get_item(TableName="orders", Key={"pk": {"S": "1"}})

    assert [request.all_headers("X-Amzn-Trace-Id") for request in aws.requests] == [[other]]
    assert [document["id"] for document in recording.documents()] == [FIRST_ID]


def test_unsigned_requests(recording: Recording, aws: AwsStub, applied: None) -> None:
    """A client that does not sign carries the header too."""
    from botocore import UNSIGNED  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    s3 = boto3.session.Session().client("s3", endpoint_url=aws.url, config=Config(signature_version=UNSIGNED))
    s3.head_object(Bucket="orders", Key="key")

    (request,) = aws.requests
    assert request.all_headers("X-Amzn-Trace-Id") == [f"Root={ROOT};Parent={FIRST_ID};Sampled=1;Lineage=1:a87bd80c:0"]
    assert request.header("Authorization") is None


def test_the_environment_stays(recording: Recording, client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable that the function's own code may read keeps the invocation's header during and after a call."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", HEADERS[1][0])
    seen = []
    dynamodb = client("dynamodb")
    dynamodb.meta.events.register("before-send", lambda **_: seen.append(os.environ["_X_AMZN_TRACE_ID"]))

    dynamodb.get_item(TableName="orders", Key={"pk": {"S": "1"}})

    assert [*seen, os.environ["_X_AMZN_TRACE_ID"]] == [HEADERS[1][0]] * 2
