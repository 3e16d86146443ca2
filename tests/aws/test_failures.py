"""Calls that fail: X-Ray's flags by its own definitions, retries with a child per attempt, no response at all."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.aws.conftest import S3_EXTENDED_ID, S3_REQUEST_ID, MakeClient
from tests.aws.recording import NOW, Recording, subsegment
from tests.kit.aws_stub import REQUEST_ID, AwsStub, Reply, error_json, error_xml
from tests.kit.fakes import Document

TABLE = {"operation": "GetItem", "region": "eu-west-1", "table_name": "orders", "request_id": REQUEST_ID}
BUCKET = {"region": "eu-west-1", "bucket_name": "orders", "request_id": S3_REQUEST_ID, "id_2": S3_EXTENDED_ID}
ERROR, THROTTLE, FAULT = {"error": True}, {"error": True, "throttle": True}, {"fault": True}


def get_item(client: Any) -> None:
    client.get_item(TableName="orders", Key={"pk": {"S": "1"}})


def answered(status: int, body: bytes) -> Document:
    return {"response": {"status": status, "content_length": len(body)}}


def remote(code: str, message: str = "scripted", innermost: str = "_make_api_call") -> list[Document]:
    """The cause for an error that the service answered: the stack ends where botocore got the answer."""
    return [{"type": code, "message": message, "remote": True, "innermost": innermost}]


def attempt(number: int, **fields: object) -> Document:
    """The child for one attempt; the call's own id is drawn first, then theirs."""
    return {"name": f"Attempt #{number}", "id": f"{number + 2:016x}", "start_time": NOW, "end_time": NOW, **fields}


FLAGS = (
    (400, "ProvisionedThroughputExceededException", THROTTLE),
    (400, "ThrottlingException", THROTTLE),
    (400, "RequestLimitExceeded", THROTTLE),
    (429, "TooManyRequestsException", THROTTLE),
    (429, "SomethingElse", THROTTLE),
    (400, "ConditionalCheckFailedException", ERROR),
    (400, "TransactionCanceledException", ERROR),
    (400, "ResourceNotFoundException", ERROR),
    (403, "AccessDeniedException", ERROR),
    (500, "InternalServerError", FAULT),
    (503, "ThrottlingException", {"fault": True, "throttle": True}),
)


@pytest.mark.parametrize(("status", "code", "flags"), FLAGS)
def test_flags_of_an_error_answer(
    status: int, code: str, flags: Document, recording: Recording, client: MakeClient, aws: AwsStub
) -> None:
    """4xx is an error, throttling by status or by code is throttle too, 5xx a fault: the whole document of each."""
    body = error_json(code)
    aws.script("dynamodb.GetItem", Reply(status, body))

    with pytest.raises(ClientError):
        get_item(client("dynamodb"))

    assert recording.documents() == [subsegment("DynamoDB", TABLE, http=answered(status, body), **flags, cause=remote(code))]


def test_throttled_twice_then_ok(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """A throttle at HTTP 400 that a retry heals is no error of the call, but each attempt shows its own flags."""
    throttled = Reply(400, error_json("ProvisionedThroughputExceededException"))
    aws.script("dynamodb.GetItem", throttled, throttled)

    get_item(client("dynamodb", retries={"max_attempts": 5, "mode": "standard"}))

    cause = [{"type": "ProvisionedThroughputExceededException", "message": "scripted"}]
    throttle = {"http": {"response": {"status": 400}}, **THROTTLE, "cause": cause}
    expected = subsegment(
        "DynamoDB",
        {**TABLE, "retries": 2},
        http=answered(200, b"{}"),
        subsegments=[attempt(1, **throttle), attempt(2, **throttle), attempt(3, http={"response": {"status": 200}})],
    )
    assert recording.documents() == [expected]


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_fault_twice_then_ok(mode: str, recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """Two 500 and a 200 are one call with two retries and three children without a namespace."""
    fault = Reply(500, error_json("InternalServerError"))
    aws.script("dynamodb.GetItem", fault, fault)

    get_item(client("dynamodb", retries={"max_attempts": 4, "mode": mode}))

    cause = [{"type": "InternalServerError", "message": "scripted"}]
    failed = {"http": {"response": {"status": 500}}, **FAULT, "cause": cause}
    expected = subsegment(
        "DynamoDB",
        {**TABLE, "retries": 2},
        http=answered(200, b"{}"),
        subsegments=[attempt(1, **failed), attempt(2, **failed), attempt(3, http={"response": {"status": 200}})],
    )
    assert recording.documents() == [expected]


def test_retries_used_up(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """When the last retry fails as well the call has the fault, and its children are all the attempts."""
    body = error_json("InternalServerError")
    aws.script("dynamodb.GetItem", then=Reply(500, body))

    with pytest.raises(ClientError):
        get_item(client("dynamodb", retries={"total_max_attempts": 2, "mode": "standard"}))

    cause = [{"type": "InternalServerError", "message": "scripted"}]
    failed = {"http": {"response": {"status": 500}}, **FAULT, "cause": cause}
    expected = subsegment(
        "DynamoDB",
        {**TABLE, "retries": 1},
        http=answered(500, body),
        fault=True,
        cause=[{**remote("InternalServerError")[0]}],
        subsegments=[attempt(1, **failed), attempt(2, **failed)],
    )
    assert recording.documents() == [expected]


def test_missing_object(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """HeadObject of an object that is not there answers 404 without a body: an error, never a fault."""
    aws.script("s3.HEAD /orders/key", Reply(404, b""))

    with pytest.raises(ClientError):
        client("s3").head_object(Bucket="orders", Key="key")

    expected = subsegment(
        "S3", {"operation": "HeadObject", **BUCKET}, http=answered(404, b""), error=True, cause=remote("404", "Not Found")
    )
    assert recording.documents() == [expected]


def test_error_with_a_fault_inside_a_200(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """CopyObject may answer 200 with an error in the body: botocore takes it for a 500, and so do we."""
    body = error_xml("InternalError", s3=True)
    aws.script("s3.PUT /orders/copy", Reply(200, body))

    with pytest.raises(ClientError):
        client("s3").copy_object(Bucket="orders", Key="copy", CopySource="orders/key")

    expected = subsegment(
        "S3", {"operation": "CopyObject", **BUCKET}, http=answered(500, body), fault=True, cause=remote("InternalError")
    )
    assert recording.documents() == [expected]


def test_query_protocol_error(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """An error in XML has its code and request id read as one in JSON."""
    body = error_xml("InvalidParameter")
    aws.script("sns.Publish", Reply(400, body))

    with pytest.raises(ClientError):
        client("sns").publish(TopicArn="arn:aws:sns:eu-west-1:123456789012:orders", Message="m")

    block = {
        "operation": "Publish",
        "region": "eu-west-1",
        "topic_arn": "arn:aws:sns:eu-west-1:123456789012:orders",
        "account_id": "123456789012",
        "request_id": REQUEST_ID,
    }
    assert recording.documents() == [
        subsegment("SNS", block, http=answered(400, body), error=True, cause=remote("InvalidParameter"))
    ]


def bare(url: str, **config: Any) -> Any:
    """A client of something that is no AWS."""
    settings = {"retries": {"max_attempts": 0}, "connect_timeout": 2, "read_timeout": 2, **config}
    return boto3.session.Session().client("dynamodb", endpoint_url=url, config=Config(**settings))


def closed_port() -> int:
    """A port at which nothing listens: it was free a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def refused(_aws: AwsStub) -> Any:
    return bare(f"http://127.0.0.1:{closed_port()}")


def never_answered(aws: AwsStub) -> Any:
    aws.script("dynamodb.GetItem", then=Reply(silent=True))
    return bare(aws.url, read_timeout=0.2)


def hung_up(aws: AwsStub) -> Any:
    aws.script("dynamodb.GetItem", then=Reply(hang_up=True))
    return bare(aws.url)


def cut_short(aws: AwsStub) -> Any:
    aws.script("dynamodb.GetItem", then=Reply(200, b"{", headers=(("Content-Length", "500"),)))
    return bare(aws.url, read_timeout=0.2)


def unknown_host(_aws: AwsStub) -> Any:
    # RFC 6761: names below .invalid never exist.
    return bare("http://dynamodb.invalid")


def not_tls(aws: AwsStub) -> Any:
    return bare(aws.url.replace("http:", "https:"))


TRANSPORT = (
    (refused, "EndpointConnectionError"),
    (never_answered, "ReadTimeoutError"),
    (hung_up, "ConnectionClosedError"),
    (cut_short, "ReadTimeoutError"),
    (unknown_host, "EndpointConnectionError"),
    (not_tls, "SSLError"),
)


@pytest.mark.parametrize(("make", "error_type"), TRANSPORT, ids=lambda value: getattr(value, "__name__", value))
def test_no_response_at_all(make: Callable[[AwsStub], Any], error_type: str, recording: Recording, aws: AwsStub) -> None:
    """Without a response the call is a fault with botocore's exception, its chain, and the stack from the function's code on."""
    client = make(aws)

    with pytest.raises((BotoCoreError, ssl.SSLError)) as caught:
        get_item(client)

    assert type(caught.value).__name__ == error_type
    (raw,) = recording.captured.documents()
    (document,) = recording.documents()
    cause = document.pop("cause")
    block = {key: value for key, value in TABLE.items() if key != "request_id"}
    assert document == subsegment("DynamoDB", block, fault=True)
    assert cause[0]["type"] == error_type
    labels = [frame["label"] for frame in raw["cause"]["exceptions"][0]["stack"]]
    here = labels.index("get_item")
    assert labels[here:].count("_make_request") == 1
    assert labels[here + 1 : here + 4] == ["_api_call", "wrapper", "_make_api_call"]
    assert cause[-1].get("led_to_by") is None


def test_connect_timeout(recording: Recording) -> None:
    """A host that does not even take the connection is a fault named ConnectTimeoutError."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        # Linux drops further SYNs when the accept queue is full (backlog 0 holds one connection).
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        client = bare(f"http://127.0.0.1:{full.getsockname()[1]}", connect_timeout=0.3)
        with pytest.raises(BotoCoreError) as caught:
            get_item(client)
        for filler in fillers:
            filler.close()

    (document,) = recording.documents()
    assert type(caught.value).__name__ == document["cause"][0]["type"] == "ConnectTimeoutError"
    block = {key: value for key, value in TABLE.items() if key != "request_id"}
    assert {**document, "cause": None} == subsegment("DynamoDB", block, fault=True, cause=None)


def test_refused_then_ok(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """A connection closed without an answer, then a 200: one retry, the first attempt with the exception."""
    aws.script("dynamodb.GetItem", Reply(hang_up=True))

    get_item(client("dynamodb", retries={"max_attempts": 2, "mode": "standard"}))

    (document,) = recording.documents()
    first, second = document.pop("subsegments")
    assert document == subsegment("DynamoDB", {**TABLE, "retries": 1}, http=answered(200, b"{}"))
    assert next(step["type"] for step in first.pop("cause")) == "ConnectionClosedError"
    assert first == attempt(1, fault=True)
    assert second == attempt(2, http={"response": {"status": 200}})


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_transport_retries_used_up(mode: str, recording: Recording, aws: AwsStub) -> None:
    """Two attempts without a response: one retry, said so, though botocore itself does not count them."""
    aws.script("dynamodb.GetItem", then=Reply(hang_up=True))

    with pytest.raises(BotoCoreError):
        get_item(bare(aws.url, retries={"total_max_attempts": 2, "mode": mode}))

    (document,) = recording.documents()
    assert len(aws.requests) == 2
    assert document["aws"] == {**{key: value for key, value in TABLE.items() if key != "request_id"}, "retries": 1}
    assert [child["name"] for child in document["subsegments"]] == ["Attempt #1", "Attempt #2"]
    assert (document["fault"], "http" in document) == (True, False)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_interrupted_call(
    interruption: type[BaseException], recording: Recording, client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that Ctrl-C or sys.exit leaves is closed as a fault without a response, and nothing stays open."""
    from botocore.httpsession import URLLib3Session  # noqa: PLC0415

    dynamodb = client("dynamodb")

    def interrupt(*_args: object) -> None:
        raise interruption

    monkeypatch.setattr(URLLib3Session, "send", interrupt)

    with pytest.raises(interruption):
        get_item(dynamodb)

    message = "the call ended without a result: cancelled, interrupted, or an event handler of the function's own failed"
    block = {key: value for key, value in TABLE.items() if key != "request_id"}
    expected = subsegment("DynamoDB", block, fault=True, cause=[{"type": "NoResult", "message": message}])
    assert recording.documents() == [expected]
    assert recording.begin().open == {}


def test_call_that_fails_validation(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """What botocore refuses to send is no call: no subsegment, and the next call hangs where it should."""
    dynamodb = client("dynamodb")
    with pytest.raises(BotoCoreError):
        dynamodb.get_item(TableName="orders", Key="not a dictionary")

    get_item(dynamodb)

    assert recording.documents() == [subsegment("DynamoDB", TABLE, http=answered(200, b"{}"))]
    assert len(aws.requests) == 1


def test_redirect_to_another_region(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """S3's 301 to another region is followed by botocore: one call, two attempts, the second one answered."""
    moved = error_xml("PermanentRedirect", s3=True)
    aws.script("s3.GET /orders/key", Reply(301, moved, headers=(("x-amz-bucket-region", "us-west-2"),)))

    client("s3", s3={"addressing_style": "path"}).get_object(Bucket="orders", Key="key")["Body"].read()

    assert [(request.header("Authorization") or "").split("/")[2] for request in aws.requests] == ["eu-west-1", "us-west-2"]
    (document,) = recording.documents()
    children = document.pop("subsegments")
    assert document == subsegment("S3", {"operation": "GetObject", **BUCKET, "retries": 1}, http=answered(200, b""))
    cause = [{"type": "PermanentRedirect", "message": "scripted"}]
    assert children == [
        attempt(1, http={"response": {"status": 301}}, error=True, cause=cause),
        attempt(2, http={"response": {"status": 200}}),
    ]
