"""What all event sources share: calls of AWS in threads, patience with an AWS that is not there, and how it goes."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ..model import Desk, Event, Execution, Function, LambdaError, Source
from ..ports import Invoker

Record = dict[str, Any]

log = logging.getLogger(__name__)

# An AWS that does not answer, or has no such queue: asked again after this, and twice as long each time up to LONGEST_WAIT_S. A
# stand-in that is started beside us is there within seconds.
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 15.0
# Lambda backs off up to a minute when it is throttled, or when a stream's batch fails; scaled as all its delays are.
FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 60.0
# The payload of a synchronous invocation. Lambda ends a batch before it is larger.
LARGEST_BATCH = 6 * 1024 * 1024
AGAIN = " (it is tried again until it works)"
# {"Records": []}, with room to spare.
AROUND_RECORDS = 64


@dataclass(frozen=True)
class World:
    """What sources need: AWS, the service that invokes, a clock, and somebody to tell."""

    desk: Desk
    client: Callable[[str], Any]
    """boto3's client for a service, from any thread (clients.py)."""
    invoker: Invoker
    say: Callable[[str], object]
    """One line for the user."""
    threads: ThreadPoolExecutor
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass
class Status:
    """How a source goes, for /health."""

    state: str = "Creating"
    """`Creating` until it reads for the first time, then `Enabled`, as an event source mapping's State."""
    trouble: str | None = None
    """What keeps it from reading right now."""
    batches: int = 0
    """Invocations, each attempt at a batch one."""
    records: int = 0
    """Messages or records that are done with."""
    failures: int = 0
    """Invocations that failed, wholly or in part."""
    last_result: str = "No records processed"
    """As LastProcessingResult."""


@dataclass
class Poller:
    """One event source of one function."""

    function: Function
    source: Source
    world: World
    status: Status = field(default_factory=Status)
    working: set[asyncio.Task[None]] = field(default_factory=set)
    """Batches on their way, which outlive the reading."""

    service = ""
    """Of AWS, as boto3 calls it."""

    async def run(self) -> None:
        """Read and invoke until cancelled."""
        raise NotImplementedError

    @property
    def title(self) -> str:
        """Which one it is, for a person."""
        resource = arn_parts(self.source.arn)[2]
        return f"event source {self.source.name}{f' ({resource})' if resource else ''} of {self.function.name}"

    async def ask(self, operation: str, passing: Collection[str] = (), **parameters: Any) -> Any:
        """One call of AWS, made until it is answered; errors with a code among `passing` are the caller's."""
        wait = FIRST_WAIT_S
        while True:
            try:
                answer = await self.in_thread(operation, **parameters)
            except ClientError as error:
                if error.response["Error"]["Code"] in passing:
                    raise
                self.troubled(f"{error.operation_name}: {error.response['Error'].get('Message') or error}", AGAIN)
            except (BotoCoreError, OSError) as error:
                self.troubled(str(error), AGAIN)
            else:
                self._worked()
                return answer
            await self.world.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)

    def work(self, batch: Coroutine[Any, Any, None], then: Callable[[], object]) -> None:
        """Work off a batch beside the reading."""

        def done(task: asyncio.Task[None]) -> None:
            self.working.discard(task)
            then()
            if not task.cancelled() and (error := task.exception()):
                log.error("a batch of the %s failed", self.title, exc_info=error)

        task = asyncio.get_running_loop().create_task(batch)
        self.working.add(task)
        task.add_done_callback(done)

    async def in_thread(self, operation: str, **parameters: Any) -> Any:
        """One call of AWS, once."""
        work = self.world.threads.submit(self.call, operation, **parameters)
        try:
            return await asyncio.wrap_future(work)
        except asyncio.CancelledError:
            # Its answer may be here already, or on its way.
            if work.done():
                self.world.threads.submit(self._unheard, operation, work)
            else:
                work.add_done_callback(functools.partial(self._unheard, operation))
            raise

    def call(self, operation: str, **parameters: Any) -> Any:
        """The call itself, in a thread."""
        return getattr(self.world.client(self.service), operation)(**parameters)

    def _unheard(self, operation: str, work: Future[Any]) -> None:
        if not work.cancelled() and work.exception() is None:
            self.unheard(operation, work.result())

    def unheard(self, operation: str, answer: Any) -> None:
        """An answer came after the end; in a thread."""

    def troubled(self, text: str, more: str = "") -> None:
        """Something keeps it from reading: said when it begins, and shown as long as it lasts."""
        if self.status.trouble is None:
            self.world.say(f"{self.title}: {text}{more}")
        self.status.trouble = text

    def _worked(self) -> None:
        if self.status.trouble is not None:
            self.world.say(f"{self.title}: works")
        self.status.trouble = None

    def began(self) -> None:
        """It reads."""
        self.status.state = "Enabled"

    def event(self, records: Sequence[Record]) -> Event:
        """A batch as the function gets it."""
        payload = json.dumps({"Records": records}, ensure_ascii=False, separators=(",", ":"))
        return Event(request_id=str(uuid.uuid4()), payload=payload.encode("utf-8", "replace"), trace_header=None)

    def count(self, execution: Execution | LambdaError, *, failed: bool) -> None:
        """Note how an attempt at a batch went."""
        self.status.batches += 1
        self.status.failures += failed
        if isinstance(execution, LambdaError):
            self.status.last_result = f"PROBLEM: {execution.message}"
        elif failed:
            self.status.last_result = "PROBLEM: Function call failed"
        else:
            self.status.last_result = "OK"

    def delays(self) -> Iterator[float]:
        """How long to wait before one retry after the other."""
        delay = FIRST_RETRY_S
        while True:
            yield delay * self.world.desk.time_scale
            delay = min(delay * 2, LONGEST_RETRY_S)


def sized(records: Sequence[Record], largest: int = LARGEST_BATCH) -> Iterator[list[Record]]:
    """The records in batches that fit an event, each as large as it may be."""
    batch: list[Record] = []
    room = largest - AROUND_RECORDS
    for record in records:
        size = len(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")) + 1
        if batch and size > room:
            yield batch
            batch, room = [], largest - AROUND_RECORDS
        batch.append(record)
        room -= size
    if batch:
        yield batch


@functools.cache
def arn_parts(arn: str) -> tuple[str, str, str]:
    """Region, account and resource of an ARN; empty for what is not one."""
    parts = arn.split(":", 5)
    return (parts[3], parts[4], parts[5]) if len(parts) == 6 else ("", "", "")
