"""What became of an asynchronous invocation, sent to the function's destination: a queue, a topic, a function, an event bus."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
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
        if outcome.destination is None:
            return
        arn = outcome.event.invoked_arn or self._function_arn(outcome.function.name)
        try:
            await asyncio.to_thread(self._send, outcome.destination, record(outcome, arn), header)
        except (BotoCoreError, ClientError, ValueError) as error:
            log.warning(
                "%s: the record of event %s did not reach %s: %s",
                *(outcome.function.name, outcome.event.request_id, outcome.destination, error),
            )

    def _send(self, destination: str, told: Record, header: str) -> None:
        service = destination.split(":")[2] if destination.count(":") >= 5 else ""
        send = _SENDERS.get(service)
        if send is None:
            raise ValueError("a destination is the ARN of an SQS queue, an SNS topic, a Lambda function or an EventBridge bus")
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
    url = client.get_queue_url(QueueName=destination.rpartition(":")[2])["QueueUrl"]
    # The attribute as well: moto takes it and ignores the HTTP header.
    attribute = {"AWSTraceHeader": {"DataType": "String", "StringValue": header}}
    client.send_message(QueueUrl=url, MessageBody=json.dumps(told), MessageSystemAttributes=attribute)


def _to_topic(client: Any, destination: str, told: Record, _header: str) -> None:
    client.publish(TopicArn=destination, Message=json.dumps(told))


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


_SENDERS: dict[str, Callable[[Any, str, Record, str], None]] = {
    "sqs": _to_queue,
    "sns": _to_topic,
    "lambda": _to_function,
    "events": _to_bus,
}
