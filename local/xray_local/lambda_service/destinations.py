"""What became of an asynchronous invocation, sent to the function's destination: a queue, a topic, a function, an event bus.

An event that is given up goes to the function's dead-letter queue or topic as well, if it has one.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .clients import Clients
from .model import Event, Execution, Function

log = logging.getLogger(__name__)

Record = dict[str, Any]
# Bytes of the error's text that a dead letter has (AWS Lambda developer guide, "Adding a dead-letter queue").
LONGEST_ERROR = 1024


class Condition(Enum):
    """Why an event is done with, in the words of the invocation record."""

    SUCCESS = "Success"
    RETRIES_EXHAUSTED = "RetriesExhausted"
    EVENT_AGE_EXCEEDED = "EventAgeExceeded"
    ZERO_RESERVED_CONCURRENCY = "ZeroReservedConcurrency"


@dataclass(frozen=True)
class Outcome:
    """How an asynchronous invocation ended."""

    function: Function
    event: Event
    condition: Condition
    attempts: int
    at: float
    execution: Execution | None
    """Of the last attempt; None when there was none."""

    @property
    def destination(self) -> str | None:
        """ARN of where that is to be told."""
        config = self.function.invoke_config
        return config.on_success if self.condition is Condition.SUCCESS else config.on_failure


Letter = tuple[str, dict[str, dict[str, str]]]
"""Body and attributes of a message."""
Senders = Mapping[str, Callable[[Any, str, Any, str], None]]
"""By the service: sends something to an ARN with boto3's client, with the trace header."""
Deliver = Callable[[Outcome, str], Awaitable[None]]
"""Sends an outcome to its destination, with the trace header for it. Never raises."""


async def nowhere(_outcome: Outcome, _header: str) -> None:
    """Without destinations."""


def record(outcome: Outcome, arn: str) -> Record:
    """The invocation record, version 1.0 (AWS Lambda developer guide, "Capturing records of asynchronous invocations").

    Args:
        outcome: of the invocation.
        arn: of the function, as it was invoked.
    """
    unqualified = arn.count(":") == 6
    told: Record = {
        "version": "1.0",
        "timestamp": datetime.fromtimestamp(outcome.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": outcome.event.request_id,
            "functionArn": f"{arn}:$LATEST" if unqualified else arn,
            "condition": outcome.condition.value,
            "approximateInvokeCount": outcome.attempts,
        },
        "requestPayload": _json(outcome.event.payload),
    }
    execution = outcome.execution
    if execution is None:  # nothing ran: there is no response to tell of
        return told
    failed = {"functionError": "Unhandled"} if execution.failed else {}
    told["responseContext"] = {"statusCode": 200, "executedVersion": outcome.function.version, **failed}
    told["responsePayload"] = _json(execution.payload)
    return told


def letter(outcome: Outcome) -> Letter:
    """The dead letter of an event that was given up: the event as it came, and message attributes (same guide).

    Returns:
        The body, and the attributes RequestID, ErrorCode and ErrorMessage. ErrorCode is the status of the last answer: 200 for a
        function that failed, 429 when none ran.
    """
    execution = outcome.execution
    text = "Rate Exceeded." if execution is None else execution.error_message or execution.error_type or "Unhandled"
    error = text.encode()[:LONGEST_ERROR].decode("utf-8", "ignore")
    attributes = {
        "RequestID": {"DataType": "String", "StringValue": outcome.event.request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": "429" if execution is None else "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": error},
    }
    return outcome.event.payload.decode("utf-8", "replace") or "{}", attributes


def _json(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode("utf-8", "replace")


class Destinations:
    """Sends records by boto3, in threads, so that the service goes on.

    Args:
        clients: boto3's, of the desk.
        function_arn: of a function by its name.
    """

    def __init__(self, clients: Clients, function_arn: Callable[[str], str]) -> None:
        self._clients = clients
        self._function_arn = function_arn

    async def __call__(self, outcome: Outcome, header: str) -> None:
        """Tell the destination of this outcome, if there is one; what cannot be delivered is said in the log."""
        function, event = outcome.function, outcome.event
        if outcome.destination is not None:
            told = record(outcome, event.invoked_arn or self._function_arn(function.name))
            await self._deliver(outcome, "the record", outcome.destination, _SENDERS, told, header)
        if function.dead_letter_arn and outcome.condition is not Condition.SUCCESS:
            await self._deliver(outcome, "the dead letter", function.dead_letter_arn, _LETTER_SENDERS, letter(outcome), header)

    async def _deliver(self, outcome: Outcome, what: str, destination: str, senders: Senders, told: Any, header: str) -> None:
        try:
            await asyncio.to_thread(self._send, destination, senders, told, header)
        except (BotoCoreError, ClientError, ValueError) as error:
            log.warning(
                "%s: %s of event %s did not reach %s: %s",
                *(outcome.function.name, what, outcome.event.request_id, destination, error),
            )

    def _send(self, destination: str, senders: Senders, told: Any, header: str) -> None:
        service = destination.split(":")[2] if destination.count(":") >= 5 else ""
        send = senders.get(service)
        if send is None:
            names = " or ".join(f"the ARN of {_SERVICES[name]}" for name in senders)
            raise ValueError(f"it must be {names}")
        _header.set(header)  # of this thread's copy of the context
        client = self._clients(service)
        client.meta.events.register("before-call", _with_header, unique_id="xray-local")
        send(client, destination, told, header)


# Read by _with_header; asyncio.to_thread gives every delivery a context of its own.
_header: ContextVar[str] = ContextVar("trace header of a delivery")


def _with_header(params: dict[str, Any], **_more: Any) -> None:
    """Hands the trace on as every AWS service takes it (SQS, SNS, EventBridge, Lambda)."""
    header = _header.get("")
    if header:
        params["headers"]["X-Amzn-Trace-Id"] = header


def _to_queue(client: Any, destination: str, told: Record, header: str) -> None:
    _letter_to_queue(client, destination, (json.dumps(told), {}), header)


def _letter_to_queue(client: Any, destination: str, told: Letter, header: str) -> None:
    url = client.get_queue_url(QueueName=destination.rpartition(":")[2])["QueueUrl"]
    # The attribute as well: moto takes it and ignores the HTTP header.
    system = {"AWSTraceHeader": {"DataType": "String", "StringValue": header}}
    client.send_message(QueueUrl=url, MessageBody=told[0], MessageAttributes=told[1], MessageSystemAttributes=system)


def _to_topic(client: Any, destination: str, told: Record, header: str) -> None:
    _letter_to_topic(client, destination, (json.dumps(told), {}), header)


def _letter_to_topic(client: Any, destination: str, told: Letter, _header: str) -> None:
    client.publish(TopicArn=destination, Message=told[0], MessageAttributes=told[1])


def _to_function(client: Any, destination: str, told: Record, _header: str) -> None:
    client.invoke(FunctionName=destination, InvocationType="Event", Payload=json.dumps(told))


def _to_bus(client: Any, destination: str, told: Record, header: str) -> None:
    ending = "Success" if told["requestContext"]["condition"] == Condition.SUCCESS.value else "Failure"
    entry = {
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {ending}",
        "Resources": [destination, told["requestContext"]["functionArn"]],
        "Detail": json.dumps(told),
        "EventBusName": destination,
        "TraceHeader": header,
    }
    answer = client.put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        raise ValueError(f"EventBridge refused it: {answer['Entries'][0].get('ErrorMessage')}")


_SERVICES = {"sqs": "an SQS queue", "sns": "an SNS topic", "lambda": "a Lambda function", "events": "an EventBridge bus"}
_SENDERS: Senders = {
    "sqs": _to_queue,
    "sns": _to_topic,
    "lambda": _to_function,
    "events": _to_bus,
}
_LETTER_SENDERS: Senders = {"sqs": _letter_to_queue, "sns": _letter_to_topic}
