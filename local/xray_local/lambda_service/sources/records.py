"""Records of queues and streams as functions get them: what boto3 reads in the form of Lambda's events."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Mapping
from typing import Any

Record = dict[str, Any]


def message(received: Mapping[str, Any], arn: str, region: str) -> Record:
    """A message of ReceiveMessage as a record of an SQS event."""
    attributes = received.get("MessageAttributes") or {}
    hashes = {"md5OfBody": received["MD5OfBody"]}
    if attributes:
        hashes["md5OfMessageAttributes"] = received["MD5OfMessageAttributes"]
    return {
        "messageId": received["MessageId"],
        "receiptHandle": received["ReceiptHandle"],
        "body": received["Body"],
        "attributes": dict(received.get("Attributes") or {}),
        "messageAttributes": {name: _message_attribute(value) for name, value in attributes.items()},
        **hashes,
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": region,
    }


def _message_attribute(value: Mapping[str, Any]) -> Record:
    told: Record = {}
    if "StringValue" in value:
        told["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        told["binaryValue"] = _base64(value["BinaryValue"])
    # Lists of values are reserved by SQS and always empty.
    return {**told, "stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}


def kinesis(record: Mapping[str, Any], shard: str, arn: str, region: str) -> Record:
    """A record of GetRecords as a record of a Kinesis event. The role is the execution role's; there is none here."""
    account = arn.split(":")[4]
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record["PartitionKey"],
            "sequenceNumber": record["SequenceNumber"],
            "data": _base64(record["Data"]),
            "approximateArrivalTimestamp": _seconds(record["ApproximateArrivalTimestamp"]),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard}:{record['SequenceNumber']}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:aws:iam::{account}:role/lambda-role",
        "awsRegion": region,
        "eventSourceARN": arn,
    }


def dynamodb(record: Mapping[str, Any], arn: str, region: str) -> Record:
    """A record of a table's stream as a record of a DynamoDB event; numbers stay text, binary values become base64."""
    change = dict(record["dynamodb"])
    for image in ("Keys", "NewImage", "OldImage"):
        if image in change:
            change[image] = {name: _attribute(value) for name, value in change[image].items()}
    if "ApproximateCreationDateTime" in change:
        # Whole seconds, as in Lambda's events.
        change["ApproximateCreationDateTime"] = int(_seconds(change["ApproximateCreationDateTime"]))
    made: Record = {
        "eventID": record["eventID"],
        "eventName": record["eventName"],
        "eventVersion": record.get("eventVersion", "1.1"),
        "eventSource": "aws:dynamodb",
        "awsRegion": region,
        "dynamodb": change,
        "eventSourceARN": arn,
    }
    if identity := record.get("userIdentity"):
        # An item that expired: who deleted it is DynamoDB itself.
        made["userIdentity"] = {"type": identity["Type"], "principalId": identity["PrincipalId"]}
    return made


def _attribute(value: Mapping[str, Any]) -> Record:
    """An attribute value: what is binary as base64, at any depth."""
    ((kind, inner),) = value.items()
    if kind == "B":
        return {kind: _base64(inner)}
    if kind == "BS":
        return {kind: [_base64(item) for item in inner]}
    if kind == "M":
        return {kind: {name: _attribute(item) for name, item in inner.items()}}
    if kind == "L":
        return {kind: [_attribute(item) for item in inner]}
    return {kind: list(inner) if kind in ("SS", "NS") else inner}


def _base64(value: bytes) -> str:
    return base64.b64encode(bytes(value)).decode()


def _seconds(moment: dt.datetime | float) -> float:
    return moment.timestamp() if isinstance(moment, dt.datetime) else float(moment)
