"""What boto3 builds upon calls, and what looks like a call and is none."""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import WaiterError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from tests.aws.conftest import S3_EXTENDED_ID, S3_REQUEST_ID, MakeClient
from tests.aws.recording import Recording, node, tree
from tests.kit.aws_stub import REQUEST_ID, AwsStub, Reply, error_xml
from tests.kit.fakes import Document
from xray_instrument.context import live, parent
from xray_instrument.recorder import recorder


def dynamodb_call(operation: str, length: int = 2, **resources: object) -> Document:
    """One finished call of DynamoDB in a normalised tree."""
    aws = {"operation": operation, "region": "eu-west-1", **resources, "request_id": REQUEST_ID, "retries": 0}
    return node(
        "DynamoDB", type="subsegment", namespace="aws", aws=aws, http={"response": {"status": 200, "content_length": length}}
    )


def s3_call(operation: str, status: int = 200, length: int = 0, **fields: object) -> Document:
    aws: Document = {"operation": operation, "region": "eu-west-1", "bucket_name": "orders", "request_id": S3_REQUEST_ID}
    aws |= {"id_2": S3_EXTENDED_ID, "retries": 0}
    response = {"status": status, "content_length": length}
    return node("S3", type="subsegment", namespace="aws", aws=aws, http={"response": response}, **fields)


def trees_at_the_end(recording: Recording) -> list[Document]:
    recording.end()
    return recording.trees()


def test_paginator(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """Each page is a call of its own."""
    pages = [
        {"Items": [], "Count": 0, "ScannedCount": 5, "LastEvaluatedKey": {"pk": {"S": "1"}}},
        {"Items": [], "Count": 0, "ScannedCount": 2},
    ]
    bodies = [json.dumps(page).encode() for page in pages]
    aws.script("dynamodb.Scan", *(Reply(body=body) for body in bodies))

    seen = list(client("dynamodb").get_paginator("scan").paginate(TableName="orders"))

    assert len(seen) == 2
    calls = [
        dynamodb_call("Scan", len(body), table_name="orders", count=0, scanned_count=scanned)
        for body, scanned in zip(bodies, (5, 2), strict=True)
    ]
    below = trees_at_the_end(recording)[0]["subsegments"]
    expected = tree(calls)["subsegments"]
    assert below == expected


def test_waiter(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """Each look of a waiter is a call; the 404 that it waits out is an error, never a fault."""
    aws.script("s3.HEAD /orders/key", Reply(404, b""))

    client("s3").get_waiter("object_exists").wait(Bucket="orders", Key="key", WaiterConfig={"Delay": 0, "MaxAttempts": 3})

    missing = [{"type": "404", "message": "Not Found", "remote": True, "innermost": "_make_api_call"}]
    first = s3_call("HeadObject", 404, error=True, cause=missing)
    assert trees_at_the_end(recording) == [tree([first, s3_call("HeadObject")])]


def test_waiter_that_gives_up(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """A waiter's own failure is the function's; what is recorded are its calls."""
    aws.script("s3.HEAD /orders/key", then=Reply(404, b""))

    with pytest.raises(WaiterError):
        client("s3").get_waiter("object_exists").wait(Bucket="orders", Key="key", WaiterConfig={"Delay": 0, "MaxAttempts": 2})

    (found,) = trees_at_the_end(recording)
    assert [(child["aws"]["operation"], child["error"]) for child in found["subsegments"]] == [("HeadObject", True)] * 2


def test_resource(recording: Recording, aws: AwsStub, applied: None) -> None:
    """boto3's resources make the calls of their clients; the parameters are those of the API, not of the resource layer."""
    table = boto3.session.Session().resource("dynamodb", endpoint_url=aws.url).Table("orders")

    body = b'{"UnprocessedItems": {}}'
    aws.script("dynamodb.BatchWriteItem", Reply(body=body))
    table.put_item(Item={"pk": "canary", "n": 3})
    with table.batch_writer() as batch:
        batch.put_item(Item={"pk": "canary"})

    calls = [dynamodb_call("PutItem", table_name="orders"), dynamodb_call("BatchWriteItem", len(body), table_names=["orders"])]
    assert trees_at_the_end(recording) == [tree(calls)]
    assert json.loads(aws.requests[0].body) == {"TableName": "orders", "Item": {"pk": {"S": "canary"}, "n": {"N": "3"}}}


def test_presigned(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """Presigned URLs and POSTs are no calls: no subsegment, nothing of ours in them, and the next call stands where it should."""
    s3 = client("s3")

    url = s3.generate_presigned_url("get_object", Params={"Bucket": "orders", "Key": "key"})
    post = s3.generate_presigned_post("orders", "key")
    s3.head_object(Bucket="orders", Key="key")

    assert "amzn-trace" not in url.lower()
    assert "trace" not in json.dumps(post).lower()
    assert trees_at_the_end(recording) == [tree([s3_call("HeadObject")])]


def test_stubber(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """A stubbed client sends nothing: no subsegment, none left open, and the next real call hangs below the invocation."""
    stubbed = client("dynamodb")
    with Stubber(stubbed) as stubber:
        stubber.add_response("get_item", {"Item": {"pk": {"S": "stubbed"}}}, {"TableName": "orders", "Key": {"pk": {"S": "1"}}})
        stubber.add_client_error("get_item", "ThrottlingException", "stubbed", 400)
        answer = stubbed.get_item(TableName="orders", Key={"pk": {"S": "1"}})
        with pytest.raises(stubbed.exceptions.ClientError):
            stubbed.get_item(TableName="orders", Key={"pk": {"S": "2"}})
    assert (answer["Item"], aws.requests, live.trace.open) == ({"pk": {"S": "stubbed"}}, [], {})
    assert parent() is live.trace.root

    stubbed.get_item(TableName="orders", Key={"pk": {"S": "1"}})

    assert trees_at_the_end(recording) == [tree([dynamodb_call("GetItem", table_name="orders")])]


def test_streaming_body(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """A streamed answer reaches the function unread and of its own type; the call ended with the headers."""
    aws.script("s3.GET /orders/key", Reply(body=b"0123456789"))

    body = client("s3").get_object(Bucket="orders", Key="key")["Body"]

    assert type(body) is StreamingBody
    assert [document["http"] for document in recording.documents()] == [{"response": {"status": 200, "content_length": 10}}]
    assert (body.tell(), body.read(4), body.read()) == (0, b"0123", b"456789")
    assert trees_at_the_end(recording) == [tree([s3_call("GetObject", length=10)])]


def test_uploaded_stream(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """A body given as a file is sent whole, also by a retry, and stays open."""
    aws.script("s3.PUT /orders/key", Reply(500, error_xml("InternalError", s3=True)))
    stream = io.BytesIO(b"0123456789")

    client("s3", retries={"max_attempts": 2, "mode": "standard"}, request_checksum_calculation="when_required").put_object(
        Bucket="orders", Key="key", Body=stream
    )

    assert [request.body for request in aws.requests] == [b"0123456789"] * 2
    assert not stream.closed
    (found,) = trees_at_the_end(recording)
    assert [child["aws"]["retries"] for child in found["subsegments"]] == [1]


def event(kind: str, payload: bytes) -> bytes:
    """One message of AWS's event stream encoding: lengths, CRC, headers, payload, CRC."""
    headers = b""
    for name, value in ((":message-type", "event"), (":event-type", kind), (":content-type", "text/xml")):
        headers += bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
    prelude = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


def test_event_stream(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """An event stream reaches the function whole; the call is one subsegment."""
    body = event("Records", b"canary,1\n") + event("End", b"")
    aws.script("s3.POST /orders/key", Reply(body=body))

    answer = client("s3").select_object_content(
        Bucket="orders", Key="key", Expression="select 'canary'", ExpressionType="SQL",
        InputSerialization={"CSV": {}}, OutputSerialization={"CSV": {}},
    )  # fmt: skip
    events = list(answer["Payload"])

    assert events == [{"Records": {"Payload": b"canary,1\n"}}, {"End": {}}]
    assert trees_at_the_end(recording) == [tree([s3_call("SelectObjectContent", length=len(body))])]


def test_credentials_fetched_during_a_call(
    recording: Recording, aws: AwsStub, applied: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a call has to be signed with a role that is not assumed yet, that call to STS hangs below it: there the time went."""
    config = tmp_path / "config"
    config.write_text(
        "[profile orders]\nrole_arn = arn:aws:iam::123456789012:role/orders\ncredential_source = Environment\nregion = eu-west-1\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    role = "<Credentials><AccessKeyId>AKIDROLE</AccessKeyId><SecretAccessKey>canary</SecretAccessKey><SessionToken>canary</SessionToken>"
    role += "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
    body = f"<AssumeRoleResponse><AssumeRoleResult>{role}</AssumeRoleResult><ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></AssumeRoleResponse>"
    aws.script("sts.AssumeRole", Reply(body=body.encode()))

    kms = boto3.session.Session(profile_name="orders").client("kms")
    kms.describe_key(KeyId="alias/orders")
    kms.describe_key(KeyId="alias/orders")

    block = {
        "operation": "AssumeRole",
        "region": "eu-west-1",
        "role_arn": "arn:aws:iam::123456789012:role/orders",
        "account_id": "123456789012",
        "request_id": REQUEST_ID,
        "retries": 0,
    }
    http = {"response": {"status": 200, "content_length": len(body)}}
    sts = node("STS", type="subsegment", namespace="aws", aws=block, http=http)
    aws_block = {
        "operation": "DescribeKey",
        "region": "eu-west-1",
        "key_id": "alias/orders",
        "request_id": REQUEST_ID,
        "retries": 0,
    }
    call = node("KMS", type="subsegment", namespace="aws", aws=aws_block, http={"response": {"status": 200, "content_length": 2}})
    assert trees_at_the_end(recording) == [tree([{**call, "subsegments": [sts]}, call])]
    assert "AKIDROLE" in (aws.requests[-1].header("Authorization") or "")


def test_client_of_init_in_many_invocations(client: MakeClient, recording: Recording, aws: AwsStub) -> None:
    """A client made once serves many invocations: each call hangs below its own, with its own trace's header."""
    dynamodb = client("dynamodb")
    recording.end()
    recording.captured.datagrams.clear()
    for number in range(3):
        root = f"1-0000000{number}-0123456789abcdef01234567"
        recording.begin(f"Root={root};Parent=53995c3f42cd8ad{number};Sampled=1")
        dynamodb.get_item(TableName="orders", Key={"pk": {"S": "1"}})
        recording.end()

    documents = recording.captured.documents()
    assert [document["trace_id"][9] for document in documents] == ["0", "0", "1", "1", "2", "2"]
    calls, roots = documents[::2], documents[1::2]
    assert [call["parent_id"] for call in calls] == [root["id"] for root in roots]
    assert [request.header("X-Amzn-Trace-Id") for request in aws.requests] == [
        f"Root={call['trace_id']};Parent={call['id']};Sampled=1" for call in calls
    ]


def test_two_sessions(recording: Recording, client: MakeClient) -> None:
    """Clients of different sessions are recorded once each, also when one session makes several clients."""
    one, other = boto3.session.Session(), boto3.session.Session()

    for session in (one, one, other):
        client("dynamodb", session=session).get_item(TableName="orders", Key={"pk": {"S": "1"}})

    assert trees_at_the_end(recording) == [tree([dynamodb_call("GetItem", table_name="orders")] * 3)]


def test_nothing_is_recorded_without_an_invocation(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """Not sampled, or no header: nothing is sent and the request is as botocore makes it."""
    recording.stop()

    client("dynamodb").get_item(TableName="orders", Key={"pk": {"S": "1"}})

    assert recording.captured.datagrams == []
    assert [request.header("X-Amzn-Trace-Id") for request in aws.requests] == [None]


def test_call_that_outlives_its_invocation(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """A subsegment still open at the end is sent as in progress before the root, and complete when it ends after all."""
    opened = recorder.begin("late")
    recording.end()
    recorder.end(opened)

    sent = [(document["name"], document.get("in_progress", False)) for document in recording.captured.documents()]
    assert sent == [("late", True), ("app.handler", False), ("late", False)]


def test_five_hundred_calls(recording: Recording, client: MakeClient) -> None:
    """500 calls in one invocation are 500 documents with 500 ids, all below the root."""
    dynamodb = client("dynamodb")
    for _ in range(500):
        dynamodb.get_item(TableName="orders", Key={"pk": {"S": "1"}})

    (found,) = trees_at_the_end(recording)
    assert found == tree([dynamodb_call("GetItem", table_name="orders")] * 500)
