"""The trace header on its way into messages, where moto leaves it out."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from typing import Any
from urllib.parse import urlencode

from tests.kit.pythons import REPOSITORY
from tests.local.lambda_service.aws import client, moto
from xray_local.lambda_service.moto_header import ATTRIBUTE

HEADER = "Root=1-5f84c7a5-7fa8b9c0d1e2f30415263748;Parent=53995c3f42cd8ad8;Sampled=1"


def test_a_header_of_the_request_is_the_messages_attribute() -> None:
    """boto3 against moto, as SQS does it: for one message, for each of a batch, not over an attribute of the sender's."""
    own = {"DataType": "String", "StringValue": "Root=1-5f84c7a5-000000000000000000000001"}
    received: list[Any] = []
    with moto() as endpoint:
        sqs = client(endpoint, "sqs")
        url = sqs.create_queue(QueueName="with-header")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="without")
        sqs.meta.events.register("before-send.sqs", lambda request, **_: request.headers.__setitem__("X-Amzn-Trace-Id", HEADER))
        sqs.send_message(QueueUrl=url, MessageBody="one")
        sqs.send_message(QueueUrl=url, MessageBody="own", MessageSystemAttributes={ATTRIBUTE: own})
        sqs.send_message_batch(
            QueueUrl=url, Entries=[{"Id": str(number), "MessageBody": f"batch {number}"} for number in range(2)]
        )
        while len(received) < 5:
            received += sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
    assert {one["Body"]: one["Attributes"].get(ATTRIBUTE) for one in received} == {
        "without": None,
        "one": HEADER,
        "own": own["StringValue"],
        "batch 0": HEADER,
        "batch 1": HEADER,
    }


def test_the_query_protocol() -> None:
    """Older SDKs' forms get it too."""
    # By the credential's scope moto knows the service.
    scope = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=0"
    headers = {"X-Amzn-Trace-Id": HEADER, "Authorization": scope}
    form = {"Action": "SendMessage", "MessageBody": "a", "Version": "2012-11-05"}
    with moto() as endpoint:
        sqs = client(endpoint, "sqs")
        url = sqs.create_queue(QueueName="by-query")["QueueUrl"]
        request = urllib.request.Request(url, urlencode(form).encode(), headers)  # noqa: S310
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            assert b"<SendMessageResult>" in answer.read()
        (message,) = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert message["Attributes"][ATTRIBUTE] == HEADER


def test_the_command_serves_moto() -> None:
    """In the place of moto_server: it tells its address, answers boto3, and ends without a word."""
    command = [sys.executable, "-m", "xray_local.lambda_service.moto_header", "-p", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(REPOSITORY / "local")}) as process:  # noqa: S603
        try:
            assert process.stdout is not None
            name, _, endpoint = process.stdout.readline().strip().partition(": ")
            assert (name, client(endpoint, "sqs").list_queues().get("QueueUrls")) == ("moto", None)
        finally:
            process.terminate()
