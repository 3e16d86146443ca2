"""What functions get from queues and streams, and what their answers mean."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from xray_local.lambda_service.sources import records
from xray_local.lambda_service.sources.polling import arn_parts, sized
from xray_local.lambda_service.sources.responses import reported

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:shipping"
STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"
TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000"
MOMENT = dt.datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=dt.UTC)


def test_a_message() -> None:
    """Every field of the documented event, with attributes of each type in camelCase."""
    received = {
        "MessageId": "m-1",
        "ReceiptHandle": "handle",
        "MD5OfBody": "0cc1",
        "Body": '{"id": "ö"}',
        "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183", "AWSTraceHeader": "Root=1-2-3"},
        "MD5OfMessageAttributes": "9d8c",
        "MessageAttributes": {
            "text": {"StringValue": "a", "DataType": "String"},
            "number": {"StringValue": "1", "DataType": "Number.int"},
            "bytes": {"BinaryValue": b"\x00\xff", "DataType": "Binary"},
        },
    }
    lists: dict[str, list[str]] = {"stringListValues": [], "binaryListValues": []}
    assert records.message(received, QUEUE, "eu-west-1") == {
        "messageId": "m-1",
        "receiptHandle": "handle",
        "body": '{"id": "ö"}',
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183", "AWSTraceHeader": "Root=1-2-3"},
        "messageAttributes": {
            "text": {"stringValue": "a", **lists, "dataType": "String"},
            "number": {"stringValue": "1", **lists, "dataType": "Number.int"},
            "bytes": {"binaryValue": "AP8=", **lists, "dataType": "Binary"},
        },
        "md5OfBody": "0cc1",
        "md5OfMessageAttributes": "9d8c",
        "eventSource": "aws:sqs",
        "eventSourceARN": QUEUE,
        "awsRegion": "eu-west-1",
    }


def test_a_plain_message() -> None:
    """Without attributes of the user's there is no hash of them."""
    received = {"MessageId": "m-1", "ReceiptHandle": "handle", "MD5OfBody": "0cc1", "Body": "b"}
    assert records.message(received, QUEUE, "eu-west-1") == {
        "messageId": "m-1",
        "receiptHandle": "handle",
        "body": "b",
        "attributes": {},
        "messageAttributes": {},
        "md5OfBody": "0cc1",
        "eventSource": "aws:sqs",
        "eventSourceARN": QUEUE,
        "awsRegion": "eu-west-1",
    }


def test_a_record_of_a_stream() -> None:
    """Data as base64, the time with its milliseconds, the shard in the id."""
    record = {"SequenceNumber": "495", "ApproximateArrivalTimestamp": MOMENT, "Data": b"Hello \xff", "PartitionKey": "p"}
    assert records.kinesis(record, "shardId-000000000006", STREAM, "eu-west-1") == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "p",
            "sequenceNumber": "495",
            "data": "SGVsbG8g/w==",
            "approximateArrivalTimestamp": 1767323045.678,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": "shardId-000000000006:495",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
        "awsRegion": "eu-west-1",
        "eventSourceARN": STREAM,
    }


def test_a_record_of_a_table() -> None:
    """Images in DynamoDB's own types, bytes as base64 at any depth, the time in whole seconds, who let an item expire."""
    image = {
        "id": {"S": "o-1"},
        "n": {"N": "1.50"},
        "b": {"B": b"\x01"},
        "bs": {"BS": [b"\x01", b"\x02"]},
        "ns": {"NS": ["1", "2"]},
        "deep": {"M": {"list": {"L": [{"B": b"\x03"}, {"NULL": True}, {"BOOL": False}]}}},
    }
    record = {
        "eventID": "c4ca",
        "eventName": "REMOVE",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": {
            "ApproximateCreationDateTime": MOMENT,
            "Keys": {"id": {"S": "o-1"}},
            "OldImage": image,
            "SequenceNumber": "4421584500000000017450439091",
            "SizeBytes": 26,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "userIdentity": {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"},
    }
    made = records.dynamodb(record, TABLE, "eu-west-1")
    assert json.loads(json.dumps(made)) == {
        "eventID": "c4ca",
        "eventName": "REMOVE",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1767323045,
            "Keys": {"id": {"S": "o-1"}},
            "OldImage": {
                "id": {"S": "o-1"},
                "n": {"N": "1.50"},
                "b": {"B": "AQ=="},
                "bs": {"BS": ["AQ==", "Ag=="]},
                "ns": {"NS": ["1", "2"]},
                "deep": {"M": {"list": {"L": [{"B": "Aw=="}, {"NULL": True}, {"BOOL": False}]}}},
            },
            "SequenceNumber": "4421584500000000017450439091",
            "SizeBytes": 26,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
        "eventSourceARN": TABLE,
    }


@pytest.mark.parametrize(
    ("response", "failed"),
    [
        ("null", set()),
        ("{}", set()),
        ('{"batchItemFailures": null}', set()),
        ('{"batchItemFailures": []}', set()),
        ('{"statusCode": 200}', set()),
        ('{"batchItemFailures": [{"itemIdentifier": "a"}]}', {"a"}),
        ('{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "b"}, {"itemIdentifier": "a"}]}', {"a", "b"}),
        ('{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "z"}]}', None),
        ('{"batchItemFailures": [{"itemIdentifier": ""}]}', None),
        ('{"batchItemFailures": [{"itemIdentifier": null}]}', None),
        ('{"batchItemFailures": [{"itemIdentifier": 1}]}', None),
        ('{"batchItemFailures": [{"messageId": "a"}]}', None),
        ('{"batchItemFailures": ["a"]}', None),
        ('{"batchItemFailures": {"itemIdentifier": "a"}}', None),
        ('{"batchItemFailures": "a"}', None),
        ("[]", None),
        ('"ok"', None),
        ("1", None),
        ("not JSON", None),
        ("", None),
    ],
)
def test_what_a_response_reports(response: str, failed: set[str] | None) -> None:
    """Success of everything, failure of some, failure of everything (None), as the developer guide has it."""
    assert reported(response.encode(), ["a", "b", "c"]) == failed


def test_batches_fit_an_event() -> None:
    """A batch ends before the event would be too large; a record that is too large by itself goes by itself."""
    made: list[dict[str, Any]] = [{"body": "x" * size} for size in (100, 100, 100, 900, 10)]
    assert [[len(record["body"]) for record in batch] for batch in sized(made, largest=300)] == [[100, 100], [100], [900], [10]]
    assert list(sized([])) == []


def test_parts_of_an_arn() -> None:
    """Region, account and resource; nothing of what is no ARN."""
    assert arn_parts(STREAM) == ("eu-west-1", "123456789012", "stream/clicks")
    assert arn_parts("shipping") == ("", "", "")
