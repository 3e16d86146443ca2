"""A queue as an event source: long polls, batches, deletes what is done.

What fails is left for its visibility timeout, as Lambda leaves it; the queue's own redrive policy does the rest. A queue
gives out no more of a FIFO group while some of it is in flight, so groups stay in order as long as a batch that is split for
its size is worked off in order too, and nothing of a group is handed over behind a failure of it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ..model import Execution, LambdaError, TooManyRequestsError
from ..patterns import passes
from .polling import Poller, Record, arn_parts, sized
from .records import message
from .responses import reported

BATCH_SIZE = 10
# Most that one ReceiveMessage and one DeleteMessageBatch take.
AT_ONCE = 10
# Lambda polls for 20 s. Nobody is to wait so long for the end of a program, nor for the end of a window.
LONG_POLL_S = 1
# Lambda begins with five concurrent batches, and goes on from there.
CONCURRENCY = 5
TRACE_HEADER = "AWSTraceHeader"


class Queue(Poller):
    """A queue and the function that works it off."""

    service = "sqs"
    _url = ""
    _visibility_s = 30.0

    async def run(self) -> None:
        """Take batches and hand them over, several at a time."""
        await self._find()
        room = asyncio.Semaphore(self.source.maximum_concurrency or CONCURRENCY)
        while True:
            await room.acquire()
            messages = await self._gather()
            self.work(self._work_off(messages, self.world.clock()), room.release)

    async def _find(self) -> None:
        _region, account, name = arn_parts(self.source.arn)
        found = await self.ask("get_queue_url", QueueName=name, QueueOwnerAWSAccountId=account)
        self._url = found["QueueUrl"]
        told = await self.ask("get_queue_attributes", QueueUrl=self._url, AttributeNames=["VisibilityTimeout"])
        self._visibility_s = float(told["Attributes"]["VisibilityTimeout"])
        self.began()

    async def _gather(self) -> list[Record]:
        """One batch: what is there, or with a window what comes within it."""
        size = self.source.batch_size or BATCH_SIZE
        messages: list[Record] = []
        while not messages:
            messages = await self._receive(min(size, AT_ONCE))
        until = self.world.clock() + self.source.window_s
        try:
            while len(messages) < size and self.world.clock() < until:
                messages += await self._receive(min(size - len(messages), AT_ONCE))
        except asyncio.CancelledError:
            self.world.threads.submit(self._give_back, messages)
            raise
        return messages

    async def _receive(self, most: int) -> list[Record]:
        asked = self.ask(
            "receive_message",
            QueueUrl=self._url,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=LONG_POLL_S,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        found = self._records(await asked)
        kept = [one for one in found if passes(self.source.filters, "sqs", one)]
        if left_out := [one for one in found if one not in kept]:
            self.work(self._delete(left_out), lambda: None)
        return kept

    def unheard(self, operation: str, answer: Any) -> None:
        """What a last poll brings goes back to the queue."""
        if operation == "receive_message":
            self._give_back(self._records(answer))

    def _records(self, answer: Any) -> list[Record]:
        region = arn_parts(self.source.arn)[0]
        return [message(received, self.source.arn, region) for received in answer.get("Messages", [])]

    def _give_back(self, messages: Sequence[Record]) -> None:
        """Let the next one who reads have them at once: a restart does not cost a visibility timeout."""
        for part in batched(messages):
            entries = [{**entry, "VisibilityTimeout": 0} for entry in entries_of(part)]
            with contextlib.suppress(BotoCoreError, ClientError):
                self.call("change_message_visibility_batch", QueueUrl=self._url, Entries=entries)

    async def _work_off(self, messages: Sequence[Record], received: float) -> None:
        """Everything of one batch, which may be too large for one event."""
        blocked: set[str] = set()
        for part in sized(messages):
            batch = [one for one in part if _group(one) not in blocked]
            if not batch:
                continue
            done = await self._batch(batch, received + self._visibility_s)
            failed = [one for one in batch if one["messageId"] not in done]
            blocked |= {group for group in map(_group, failed) if group}
            self._mention_order(batch, done)
            await self._delete([one for one in batch if one["messageId"] in done])

    async def _batch(self, batch: Sequence[Record], until: float) -> frozenset[str]:
        """The ids of the messages that are done with."""
        identifiers = frozenset(one["messageId"] for one in batch)
        try:
            execution = await self._invoke(batch, until)
        except LambdaError as error:
            self.count(error, failed=True)
            return frozenset()
        if execution.failed:
            self.count(execution, failed=True)
            return frozenset()
        failed = reported(execution.payload, identifiers) if self.source.partial_responses else frozenset()
        done = frozenset() if failed is None else identifiers - failed
        self.count(execution, failed=done != identifiers)
        return done

    async def _invoke(self, batch: Sequence[Record], until: float) -> Execution:
        """Invoke, again and again when throttled, as long as the messages are ours."""
        producers = [header for one in batch if (header := one["attributes"].get(TRACE_HEADER))]
        for delay in self.delays():
            try:
                return await self.world.invoker.batch(self.function, self.event(batch), producers)
            except TooManyRequestsError as error:
                if self.world.clock() + delay >= until:
                    raise
                self.count(error, failed=True)
                await self.world.sleep(delay)
        raise AssertionError("delays never end")

    async def _delete(self, messages: Sequence[Record]) -> None:
        for part in batched(messages):
            answer = await self.ask("delete_message_batch", QueueUrl=self._url, Entries=entries_of(part))
            self.status.records += len(answer.get("Successful", ()))
            for failed in answer.get("Failed", ()):
                # Its visibility timeout was shorter than the function took: it comes again, as on AWS.
                told: dict[str, Any] = failed
                self.world.say(f"{self.title}: a message was not deleted and comes again: {told.get('Message') or told['Code']}")

    def _mention_order(self, batch: Iterable[Record], done: frozenset[str]) -> None:
        """Say what AWS's documentation asks of functions behind FIFO queues, and Lambda does not enforce."""
        failed: set[str] = set()
        for one in batch:
            group = _group(one)
            if one["messageId"] not in done:
                failed.add(group)
            elif group and group in failed:
                self.world.say(
                    f"{self.title}: message {one['messageId']} is done though an earlier one of its group {group} has failed, so "
                    "their order is lost: a function behind a FIFO queue reports everything behind a failure as failed too"
                )
                return


def batched(messages: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """As many as SQS takes in one call."""
    for at in range(0, len(messages), AT_ONCE):
        yield messages[at : at + AT_ONCE]


def entries_of(messages: Sequence[Record]) -> list[dict[str, Any]]:
    """Messages as SQS's batch operations name them."""
    return [{"Id": str(number), "ReceiptHandle": one["receiptHandle"]} for number, one in enumerate(messages)]


def _group(record: Record) -> str:
    """The message group of a FIFO queue; empty for others."""
    found: str = record["attributes"].get("MessageGroupId", "") if record["eventSourceARN"].endswith(".fifo") else ""
    return found
