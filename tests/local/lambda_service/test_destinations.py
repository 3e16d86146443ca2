"""What became of asynchronous invocations, at their destinations: moto as a real server, and an endpoint that keeps requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.kit.aws_stub import AwsStub
from tests.local.lambda_service.cases import desk
from xray_local.lambda_service.clients import Clients
from xray_local.lambda_service.destinations import Condition, Destinations, Outcome, record
from xray_local.lambda_service.model import Event, Execution, Function, InvokeConfig, Status

ARN = "arn:aws:lambda:us-east-1:123456789012:function:orders"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:results"
HEADER = "Root=1-65537f20-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:66d2e7d4:0"
FUNCTION = Function("orders", "app.handler", Path(), invoke_config=InvokeConfig(on_success=QUEUE, on_failure=QUEUE))
EVENT = Event("8c7f2c3e-5d1b-4a8e-9d64-1f2e3d4c5b6a", b'{"order": 7}', None)
FAILED = Execution(Status.ERROR, 1.0, 2.0, b'{"errorMessage": "no", "errorType": "LookupError"}')
FAILURE = Outcome(FUNCTION, EVENT, Condition.RETRIES_EXHAUSTED, 3, 1_700_000_000.12345, FAILED)
SUCCESS = replace(FAILURE, condition=Condition.SUCCESS, attempts=1, execution=Execution(Status.OK, 1.0, 2.0, b'"done"'))

FAILURE_RECORD = {
    "version": "1.0",
    "timestamp": "2023-11-14T22:13:20.123Z",
    "requestContext": {
        "requestId": EVENT.request_id,
        "functionArn": f"{ARN}:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    },
    "requestPayload": {"order": 7},
    "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
    "responsePayload": {"errorMessage": "no", "errorType": "LookupError"},
}


def context(**changes: Any) -> dict[str, Any]:
    """The requestContext with some members changed."""
    return {**FAILURE_RECORD["requestContext"], **changes}  # type: ignore[dict-item]


def test_the_record_of_a_failure() -> None:
    """Version 1.0, as AWS documents it; a qualified ARN stays as it was invoked."""
    qualified = record(FAILURE, f"{ARN}:live")

    assert record(FAILURE, ARN) == FAILURE_RECORD
    assert qualified == {**FAILURE_RECORD, "requestContext": context(functionArn=f"{ARN}:live")}


def test_the_record_of_a_success() -> None:
    """The same without functionError."""
    response = {"responseContext": {"statusCode": 200, "executedVersion": "$LATEST"}, "responsePayload": "done"}
    expected = {**FAILURE_RECORD, "requestContext": context(condition="Success", approximateInvokeCount=1), **response}
    assert record(SUCCESS, ARN) == expected


def test_the_record_of_what_never_ran() -> None:
    """Without an attempt there is no response to tell of; a payload that is no JSON is told as text."""
    outcome = replace(
        FAILURE, condition=Condition.EVENT_AGE_EXCEEDED, attempts=0, execution=None, event=replace(EVENT, payload=b"\xff{")
    )

    expected = {key: FAILURE_RECORD[key] for key in ("version", "timestamp")}
    about = context(condition="EventAgeExceeded", approximateInvokeCount=0)
    assert record(outcome, ARN) == {**expected, "requestContext": about, "requestPayload": "\N{REPLACEMENT CHARACTER}{"}


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """Moto's address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of nobody: the machine's own must not decide what is seen."""
    for name, value in (("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_EC2_METADATA_DISABLED", "true")):
        monkeypatch.setenv(name, value)


def client(service: str, aws: str) -> Any:
    """The test's own client."""
    return boto3.client(service, endpoint_url=aws, region_name="us-east-1")


def deliver(outcome: Outcome, destination: str, aws: str | None, endpoint: str = "http://127.0.0.1:9") -> None:
    """Send an outcome to a destination."""
    at = replace(desk(aws_endpoint=aws), endpoint=endpoint)
    config = InvokeConfig(on_failure=destination) if outcome is FAILURE else InvokeConfig(on_success=destination)
    destinations = Destinations(Clients(at), at.function_arn)
    asyncio.run(destinations(replace(outcome, function=replace(FUNCTION, invoke_config=config)), HEADER))


def received(queue: str, aws: str) -> list[tuple[Any, str | None]]:
    """Bodies of a queue's messages with their trace headers; each is read once."""
    answer = client("sqs", aws).receive_message(QueueUrl=queue, MessageSystemAttributeNames=["All"], MaxNumberOfMessages=10)
    return [(json.loads(found["Body"]), found["Attributes"].get("AWSTraceHeader")) for found in answer.get("Messages", [])]


def test_a_queue(aws: str) -> None:
    """The message is the record, with the trace header as its attribute."""
    queue = client("sqs", aws).create_queue(QueueName="results")["QueueUrl"]

    deliver(FAILURE, QUEUE, aws)

    assert received(queue, aws) == [(FAILURE_RECORD, HEADER)]


def test_a_topic(aws: str) -> None:
    """The topic's message is the record."""
    queue = client("sqs", aws).create_queue(QueueName="from-topic")["QueueUrl"]
    topic = client("sns", aws).create_topic(Name="failures")["TopicArn"]
    client("sns", aws).subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE.replace("results", "from-topic"))

    deliver(FAILURE, topic, aws)

    assert [json.loads(body["Message"]) for body, _header in received(queue, aws)] == [FAILURE_RECORD]


def test_an_event_bus(aws: str) -> None:
    """The event's detail is the record; type, source and resources are Lambda's."""
    queue = client("sqs", aws).create_queue(QueueName="from-bus")["QueueUrl"]
    events = client("events", aws)
    bus = events.create_event_bus(Name="outcomes")["EventBusArn"]
    events.put_rule(Name="all", EventBusName="outcomes", EventPattern='{"source": ["lambda"]}')
    events.put_targets(Rule="all", EventBusName="outcomes", Targets=[{"Id": "1", "Arn": QUEUE.replace("results", "from-bus")}])

    deliver(SUCCESS, bus, aws)

    [(body, _header)] = received(queue, aws)
    facts = {key: body[key] for key in ("source", "detail-type", "resources", "detail")}
    assert facts == {
        "source": "lambda",
        "detail-type": "Lambda Function Invocation Result - Success",
        "resources": [bus, f"{ARN}:$LATEST"],
        "detail": record(SUCCESS, ARN),
    }


def test_a_function() -> None:
    """A function is invoked asynchronously at the desk, with the trace header, wherever the rest of AWS is."""
    with AwsStub() as lambdas:
        deliver(FAILURE, f"{ARN}-failed", None, lambdas.url)

        [request] = lambdas.requests
    headers = request.header("X-Amz-Invocation-Type"), request.header("X-Amzn-Trace-Id")
    assert (request.operation, *headers, json.loads(request.body)) == (
        f"lambda.POST /2015-03-31/functions/{ARN}-failed/invocations",
        "Event",
        HEADER,
        FAILURE_RECORD,
    )


def test_every_service_gets_the_header_of_its_own_delivery() -> None:
    """Deliveries at the same time, by the same client, each carry their own trace header."""
    headers = [HEADER.replace("53995c3f42cd8ad8", f"{number:016x}") for number in range(8)]
    with AwsStub() as lambdas:
        at = replace(desk(), endpoint=lambdas.url)
        function = replace(FUNCTION, invoke_config=InvokeConfig(on_failure=f"{ARN}-failed"))

        async def at_once() -> None:
            destinations = Destinations(Clients(at), at.function_arn)
            await asyncio.gather(*(destinations(replace(FAILURE, function=function), header) for header in headers))

        asyncio.run(at_once())

        assert sorted(request.header("X-Amzn-Trace-Id") or "" for request in lambdas.requests) == headers


@pytest.mark.parametrize(
    ("destination", "reason"),
    [
        (QUEUE.replace("results", "missing"), "The specified queue does not exist"),
        (
            "arn:aws:s3:::bucket",
            "the ARN of an SQS queue or the ARN of an SNS topic or the ARN of a Lambda function or the ARN of an EventBridge bus",
        ),
        ("results", "it must be the ARN of an SQS queue or the ARN of an SNS topic or the ARN of a Lambda function"),
    ],
)
def test_what_cannot_be_delivered_is_said(destination: str, reason: str, aws: str, caplog: pytest.LogCaptureFixture) -> None:
    """A destination that is not there costs one line in the log, and nothing else."""
    deliver(FAILURE, destination, aws)

    [message] = [entry.message for entry in caplog.records if entry.name.endswith("destinations")]
    assert message.startswith(f"orders: the record of event {EVENT.request_id} did not reach {destination}: ")
    assert reason in message


LETTERS = {
    "a failure": (FAILURE, "200", "no"),
    "a long failure": (replace(FAILURE, execution=replace(FAILED, error_message="é" * 600)), "200", "é" * 512),
    "never ran": (replace(FAILURE, condition=Condition.EVENT_AGE_EXCEEDED, attempts=0, execution=None), "429", "Rate Exceeded."),
}


@pytest.mark.parametrize("case", LETTERS)
@pytest.mark.parametrize("kind", ["queue", "topic"])
def test_a_dead_letter(case: str, kind: str, aws: str) -> None:
    """The event as it came, with the three attributes of the developer guide and the trace header; beside the record."""
    outcome, code, error = LETTERS[case]
    results = client("sqs", aws).create_queue(QueueName="results")["QueueUrl"]
    letters = client("sqs", aws).create_queue(QueueName="letters")["QueueUrl"]
    arn = QUEUE.replace("results", "letters")
    if kind == "topic":
        queue, arn = arn, client("sns", aws).create_topic(Name="letters")["TopicArn"]
        client("sns", aws).subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    desked = desk(aws_endpoint=aws)
    send = Destinations(Clients(desked), desked.function_arn)
    execution = outcome.execution and replace(outcome.execution, error_message=outcome.execution.error_message or "no")
    asyncio.run(send(replace(outcome, execution=execution, function=replace(FUNCTION, dead_letter_arn=arn)), HEADER))

    names = {"MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"]}
    [message] = client("sqs", aws).receive_message(QueueUrl=letters, **names)["Messages"]
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert (message["Body"], told) == (
        '{"order": 7}',
        {"RequestID": EVENT.request_id, "ErrorCode": code, "ErrorMessage": error},
    )
    assert kind == "topic" or message["Attributes"]["AWSTraceHeader"] == HEADER
    # On a busy machine an answer may come too late for boto3, which then sends the same once more, as it does on AWS.
    assert {body["requestContext"]["requestId"] for body, _header in received(results, aws)} == {EVENT.request_id}


def test_a_success_is_no_dead_letter(aws: str) -> None:
    """The dead-letter queue gets nothing of what went well."""
    letters = client("sqs", aws).create_queue(QueueName="letters")["QueueUrl"]
    desked = desk(aws_endpoint=aws)
    function = replace(FUNCTION, invoke_config=InvokeConfig(), dead_letter_arn=QUEUE.replace("results", "letters"))
    asyncio.run(Destinations(Clients(desked), desked.function_arn)(replace(SUCCESS, function=function), HEADER))

    assert received(letters, aws) == []


def test_no_destination() -> None:
    """Without one nothing is called: the endpoint would refuse."""
    at = desk()

    asyncio.run(
        Destinations(Clients(at), at.function_arn)(
            replace(FAILURE, function=replace(FUNCTION, invoke_config=InvokeConfig())), HEADER
        )
    )
