"""The stand-in for AWS: scripts, the smallest answers of every protocol, and signatures that are really checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from tests.kit.aws_stub import AwsStub, Reply, error_json, error_xml

CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "dynamodb.GetItem": ("dynamodb", "get_item", {"TableName": "t", "Key": {"a": {"S": "x"}}}),
    "sns.Publish": ("sns", "publish", {"TopicArn": "arn:aws:sns:eu-west-1:1:t", "Message": "m"}),
    "s3.PUT /b/a key/ü+": ("s3", "put_object", {"Bucket": "b", "Key": "a key/ü+", "Body": b"xyz"}),
    "lambda.POST /2015-03-31/functions/f/invocations": ("lambda", "invoke", {"FunctionName": "f"}),
}
SECRET, TOKEN = "secret", "token"


@pytest.fixture
def aws() -> Iterator[AwsStub]:
    """A fresh AWS."""
    with AwsStub() as stub:
        yield stub


def _call(aws: AwsStub, operation: str) -> object:
    service, method, parameters = CALLS[operation]
    config = Config(read_timeout=0.3, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    client = boto3.client(service, "eu-west-1", None, True, None, aws.url, "AKID", SECRET, TOKEN, config)
    return getattr(client, method)(**parameters)


@pytest.mark.parametrize("operation", CALLS)
def test_every_protocol_is_understood(aws: AwsStub, operation: str) -> None:
    """A request of each protocol is named, answered, and its signature holds for the right secret only."""
    _call(aws, operation)

    (request,) = aws.requests
    signed = [request.signature_is_valid(secret, TOKEN) for secret in (SECRET, "another")]
    assert (request.operation, signed) == (operation, [True, False])


def test_replies_come_in_their_order(aws: AwsStub) -> None:
    """Scripted answers first, then the smallest success again."""
    aws.script("dynamodb.GetItem", Reply(400, error_json("ThrottlingException")), Reply(500, b"{}"))
    codes = []
    for _ in range(3):
        try:
            _call(aws, "dynamodb.GetItem")
            codes.append("ok")
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])

    assert codes == ["ThrottlingException", "500", "ok"]


def test_errors_in_xml_are_read(aws: AwsStub) -> None:
    """The query protocol's error body gives its code."""
    aws.script("sns.Publish", Reply(404, error_xml("NotFound")))

    with pytest.raises(ClientError, match=r"NotFound"):
        _call(aws, "sns.Publish")


@pytest.mark.parametrize(
    ("reply", "error"), [(Reply(silent=True), ReadTimeoutError), (Reply(hang_up=True), ConnectionClosedError)]
)
def test_answers_that_never_come(aws: AwsStub, reply: Reply, error: type[Exception]) -> None:
    """A silent server is a read timeout, one that hangs up a closed connection."""
    aws.script("dynamodb.GetItem", reply)

    with pytest.raises(error):
        _call(aws, "dynamodb.GetItem")
