"""Kinesis streams and the streams of DynamoDB tables as event sources: shards, iterators, batches in order.

A shard is read by one task, which reads on only when a batch is done or given up; a shard that came of another one waits
for that. Where a shard stands is kept in memory: a new start begins at the starting position again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from ..patterns import passes
from .batches import Attempts
from .polling import AGAIN, Poller, Record, arn_parts, sized
from .records import dynamodb, kinesis

BATCH_SIZE = 100
# Shards come and go by the minute at most.
LIST_AGAIN_S = 10.0
LATEST, TRIM_HORIZON = "LATEST", "TRIM_HORIZON"
# The iterator is too old (a batch took more than five minutes), or what it pointed to is gone.
EXPIRED, TRIMMED = "ExpiredIteratorException", "TrimmedDataAccessException"


@dataclass(frozen=True)
class Shard:
    """A shard as the stream lists it."""

    id: str
    parents: tuple[str, ...]
    closed: bool

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Shard:
        """From ListShards or DescribeStream."""
        parents = (told.get("ParentShardId"), told.get("AdjacentParentShardId"))
        closed = bool(told.get("SequenceNumberRange", {}).get("EndingSequenceNumber"))
        return cls(told["ShardId"], tuple(parent for parent in parents if parent), closed)


class Stream(Poller):
    """A stream and the function that reads it."""

    poll_s = 1.0
    """How often Lambda reads a shard that has nothing new."""
    image = ""
    """Where a record of an event has its sequence number."""

    async def run(self) -> None:
        """Read the stream, and the one that is made in its place: a stand-in that is started anew has forgotten it."""
        while True:
            stream, made = await self.find()
            reading = asyncio.get_running_loop().create_task(self._run(stream))
            try:
                while not reading.done() and made == (await self.find())[1]:
                    await asyncio.wait([reading], timeout=LIST_AGAIN_S)
            finally:
                reading.cancel()
                await asyncio.wait([reading])
            if not reading.cancelled():
                reading.result()
            self.world.say(f"{self.title}: it was made anew, and is read from its start")

    async def _run(self, stream: str) -> None:
        """Read every shard, those that come later too."""
        tasks: dict[str, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                for shard in [shard async for shard in self.shards(stream)]:
                    if shard.id not in tasks:
                        await self._begin(group, tasks, stream, shard)
                self.began()
                await self.world.sleep(LIST_AGAIN_S)

    async def _begin(self, group: asyncio.TaskGroup, tasks: dict[str, asyncio.Task[None]], stream: str, shard: Shard) -> None:
        # What came of a shard after the start is read from its own start on.
        position = self.source.starting_position if self.status.state == "Creating" else TRIM_HORIZON
        if position == LATEST and shard.closed:
            tasks[shard.id] = group.create_task(asyncio.sleep(0))
            return
        # Taken here, so that "latest" means now, and not when the task has its turn.
        iterator = await self._iterator(stream, shard.id, position, None)
        before = [tasks[parent] for parent in shard.parents if parent in tasks]
        tasks[shard.id] = group.create_task(self._read(stream, shard.id, iterator, before))

    async def _read(self, stream: str, shard: str, iterator: str | None, before: Iterable[asyncio.Task[None]]) -> None:
        """One shard to its end."""
        for task in before:
            await asyncio.wait([task])
        last: str | None = None

        def checkpoint(record: Record) -> None:
            nonlocal last
            last = self.sequence(record)

        attempts = Attempts(self, self.sequence, checkpoint)
        while iterator:
            try:
                records, following = await self._gather(shard, stream, iterator)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                iterator = await self._iterator(stream, shard, *self._where(code, last))
                continue
            for batch in sized(records):
                await attempts.work_off(batch)
            iterator = following
            if iterator and not records:
                await self.world.sleep(self.poll_s)

    def _where(self, code: str, last: str | None) -> tuple[str, str | None]:
        """Where to read on when an iterator is no good any more."""
        if code == TRIMMED:
            return TRIM_HORIZON, None
        return ("AFTER_SEQUENCE_NUMBER", last) if last else (self.source.starting_position, None)

    async def _gather(self, shard: str, stream: str, iterator: str) -> tuple[list[Record], str | None]:
        """One batch: what is there, or with a window what comes within it."""
        size = self.source.batch_size or BATCH_SIZE
        records, following = await self._get(shard, stream, iterator, size)
        until = self.world.clock() + self.source.window_s
        while records and following and len(records) < size and self.world.clock() < until:
            await self.world.sleep(min(self.poll_s, max(until - self.world.clock(), 0.0)))
            more, following = await self._get(shard, stream, following, size - len(records))
            records += more
        return records, following

    async def _get(self, shard: str, stream: str, iterator: str, most: int) -> tuple[list[Record], str | None]:
        """Records that pass the filters. Where none does it reads on: only a shard that has nothing new is waited for."""
        following: str | None = iterator
        while following:
            answer = await self.ask("get_records", (EXPIRED, TRIMMED), ShardIterator=following, Limit=most)
            records = [self.record(record, shard, stream) for record in answer["Records"]]
            following = answer.get("NextShardIterator")
            kept = [record for record in records if passes(self.source.filters, self.source.kind, record)]
            if kept or not records:
                return kept, following
        return [], None

    async def _iterator(self, stream: str, shard: str, position: str, after: str | None) -> str | None:
        where: dict[str, Any] = {"ShardId": shard, "ShardIteratorType": position if position != "AT_TIMESTAMP" else LATEST}
        if after:
            where["StartingSequenceNumber" if self.service == "kinesis" else "SequenceNumber"] = after
        answer = await self.ask("get_shard_iterator", **self.named(stream), **where)
        found: str | None = answer.get("ShardIterator")
        return found

    def sequence(self, record: Record) -> str:
        """The sequence number of a record of an event."""
        part: Mapping[str, str] = record[self.image]
        return part.get("sequenceNumber") or part["SequenceNumber"]

    async def find(self) -> tuple[str, object]:
        """The stream's name or ARN, whichever its API takes, and what tells it from one of the same name."""
        raise NotImplementedError

    def named(self, stream: str) -> dict[str, str]:
        """How its API is told which stream."""
        raise NotImplementedError

    def shards(self, stream: str) -> AsyncIterator[Shard]:
        """All shards that there are now."""
        raise NotImplementedError

    def record(self, record: Mapping[str, Any], shard: str, stream: str) -> Record:
        """A record as the function gets it."""
        raise NotImplementedError


class KinesisStream(Stream):
    """A Kinesis data stream."""

    service, image = "kinesis", "kinesis"

    async def find(self) -> tuple[str, object]:
        """The name; an ARN may be that of a consumer with enhanced fan-out, which is read like everything here."""
        name = arn_parts(self.source.arn)[2].split("/")[1]
        told = await self.ask("describe_stream_summary", StreamName=name)
        return name, told["StreamDescriptionSummary"].get("StreamCreationTimestamp")

    def named(self, stream: str) -> dict[str, str]:
        """By name, which every stand-in knows."""
        return {"StreamName": stream}

    async def shards(self, stream: str) -> AsyncIterator[Shard]:
        """Page by page."""
        page: dict[str, str] = self.named(stream)
        while page:
            answer = await self.ask("list_shards", **page)
            for told in answer["Shards"]:
                yield Shard.of(told)
            page = {"NextToken": answer["NextToken"]} if answer.get("NextToken") else {}

    def record(self, record: Mapping[str, Any], shard: str, stream: str) -> Record:
        """With its data as base64."""
        del stream
        return kinesis(record, shard, self.source.arn, arn_parts(self.source.arn)[0])


class TableStream(Stream):
    """The stream of a DynamoDB table."""

    service, image = "dynamodbstreams", "dynamodb"
    # Four times a second (Lambda developer guide).
    poll_s = 0.25

    async def find(self) -> tuple[str, object]:
        """The stream's ARN: the one that was named, else the table's newest; a template cannot know the label of either."""
        table = arn_parts(self.source.arn)[2].split("/")[1]
        wait = self.poll_s
        while True:
            answer = await self.ask("list_streams", TableName=table)
            arns = [stream["StreamArn"] for stream in answer.get("Streams", ())]
            if arns:
                found = self.source.arn if self.source.arn in arns else max(arns)
                return found, found
            self.troubled(f"the table {table} has no stream", AGAIN)
            wait = min(wait * 2, LIST_AGAIN_S)
            await self.world.sleep(wait)

    def named(self, stream: str) -> dict[str, str]:
        """By its ARN."""
        return {"StreamArn": stream}

    async def shards(self, stream: str) -> AsyncIterator[Shard]:
        """Page by page."""
        page: dict[str, str] = {}
        while True:
            described = (await self.ask("describe_stream", **self.named(stream), **page))["StreamDescription"]
            for told in described.get("Shards", ()):
                yield Shard.of(told)
            if not described.get("LastEvaluatedShardId"):
                return
            page = {"ExclusiveStartShardId": described["LastEvaluatedShardId"]}

    def record(self, record: Mapping[str, Any], shard: str, stream: str) -> Record:
        """With its images."""
        del shard
        return dynamodb(record, stream, arn_parts(stream)[0])
