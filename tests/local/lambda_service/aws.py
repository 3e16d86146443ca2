"""AWS for the tests of what reads it: moto's real server, with boto3's real clients, and an Invoker that plays a script."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3

from xray_local.lambda_service import moto_header
from xray_local.lambda_service.clients import Clients
from xray_local.lambda_service.model import Desk, Event, Execution, Function, Source, Status
from xray_local.lambda_service.ports import Again
from xray_local.lambda_service.sources import Sources

REGION, ACCOUNT = "eu-west-1", "123456789012"


@contextmanager
def moto() -> Iterator[str]:
    """A moto of its own on a free port."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto_header.server("127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        endpoint = f"http://127.0.0.1:{server.server_port}"
        # All of a process share moto's state: what an earlier one had goes.
        urllib.request.urlopen(f"{endpoint}/moto-api/reset", b"").close()  # noqa: S310
        yield endpoint
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


CREDENTIALS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret", "region_name": REGION}


def client(endpoint: str, service: str) -> Any:
    """A user's client."""
    return boto3.client(service, endpoint_url=endpoint, **CREDENTIALS)


class Queues:
    """A queue of a test, as its users see it."""

    def __init__(self, endpoint: str, name: str, **attributes: str) -> None:
        self.endpoint = endpoint
        self._sqs = client(endpoint, "sqs")
        self.url = self._sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self.arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    def send(self, *bodies: str, **more: Any) -> list[str]:
        """Send messages; gives their ids."""
        return [self._sqs.send_message(QueueUrl=self.url, MessageBody=body, **more)["MessageId"] for body in bodies]

    def left(self) -> tuple[int, int]:
        """How many messages wait, and how many are in flight."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        told = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=list(names))["Attributes"]
        return int(told[names[0]]), int(told[names[1]])


def execution(status: Status = Status.OK, response: Any = None) -> Execution:
    """How an attempt went."""
    return Execution(status, 1.0, 2.0, json.dumps(response).encode())


OK = execution()
ERROR = execution(Status.ERROR, {"errorType": "E"})

Answer = Execution | Exception


@dataclass
class Scripted:
    """An Invoker whose function is a Python function; keeps what it was asked for."""

    handler: Callable[[Any], Answer] = lambda _event: OK
    events: list[Any] = field(default_factory=list)
    producers: list[list[str]] = field(default_factory=list)
    spans: list[int] = field(default_factory=list)
    """The number of attempts of each batch, which is of each service segment."""
    enqueued: list[Any] = field(default_factory=list)
    invoked: list[tuple[str, float]] = field(default_factory=list)
    """The functions of the batches, with a setting of theirs."""
    busy: int = 0
    busiest: int = 0
    seconds: float = 0.0
    together: int = 0
    """Nobody answers before so many are at work at a time, or ten seconds have gone by."""

    async def request_response(self, function: Function, event: Event) -> tuple[Event, Execution]:
        raise NotImplementedError

    def enqueue(self, function: Function, event: Event) -> Event:
        self.enqueued.append(json.loads(event.payload))
        return event

    async def batch(self, function: Function, event: Event, producers: Sequence[str], again: Again | None = None) -> Execution:
        self.producers.append(list(producers))
        self.invoked.append((function.name, function.timeout_s))
        self.spans.append(0)
        at = len(self.spans) - 1
        following: Event | None = event
        while following is not None:
            answer = await self._attempt(following, at)
            following = await again(answer) if again else None
        return answer

    async def _attempt(self, event: Event, at: int) -> Execution:
        self.spans[at] += 1
        payload = json.loads(event.payload)
        self.events.append(payload)
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        until = time.monotonic() + 10
        while self.busiest < self.together and time.monotonic() < until:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        await asyncio.sleep(self.seconds)
        self.busy -= 1
        answer = self.handler(payload)
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Reading:
    """Sources that run, and what they said."""

    sources: Sources
    invoker: Scripted
    said: list[str]

    async def until(self, true: Callable[[], object], seconds: float = 20.0) -> None:
        """Wait for something; the state of everything is in the failure."""
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                raise TimeoutError(f"not within {seconds} s: {self.sources.health()}, {self.said}, {self.invoker}")
            await asyncio.sleep(0.01)

    async def enabled(self) -> None:
        """Wait until every source reads."""
        await self.until(lambda: all(one["state"] == "Enabled" for one in self.sources.health()))


def function(*sources: Source) -> Function:
    """A function with those sources."""
    from pathlib import Path  # noqa: PLC0415

    return Function("worker", "app.handler", Path("/nowhere"), sources=sources)


def run(endpoint: str, source: Source, invoker: Scripted, play: Callable[[Reading], Any]) -> Reading:
    """Run a source until `play`, which acts and waits, is over. Delays are a hundredth of Lambda's."""

    async def main() -> Reading:
        desk = Desk("127.0.0.1:2000", "http://127.0.0.1:2000", REGION, ACCOUNT, aws_endpoint=endpoint, time_scale=0.01)
        said: list[str] = []
        reading = Reading(Sources(desk, Clients(desk), invoker, said.append), invoker, said)
        reading.sources.start([function(source)])
        try:
            await play(reading)
        finally:
            await reading.sources.close()
        return reading

    return asyncio.run(main())
