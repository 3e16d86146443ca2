"""One batch of a stream through all its attempts: what is tried again, how often, and what is given up.

Pure but for the waiting: who reads the stream hands a batch in and goes on when all of it is done or given up, so the order
of a shard holds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..model import Event, Execution, LambdaError, TooManyRequestsError
from .polling import Poller, Record
from .responses import reported


@dataclass
class Batch:
    """Records that are to be done, and how often they were tried again."""

    records: Sequence[Record]
    retries: int = 0


class Attempts:
    """Works off the batches of one shard for a poller.

    Args:
        poller: whose function is invoked.
        sequence: the sequence number of a record, by which functions report failures.
        checkpoint: told of each record that is done with.
    """

    def __init__(self, poller: Poller, sequence: Callable[[Record], str], checkpoint: Callable[[Record], object]) -> None:
        self._poller = poller
        self._sequence = sequence
        self._checkpoint = checkpoint
        self._delays = poller.delays()

    async def work_off(self, records: Sequence[Record]) -> None:
        """All of them, in order."""
        todo = deque([Batch(records)])
        while todo:
            batch = todo.popleft()
            todo.extendleft(reversed(await self._attempt(batch)))

    async def _attempt(self, batch: Batch) -> list[Batch]:
        """One service segment: attempts at a batch until it is done, given up, or split. What is left of it."""
        halves: list[Batch] = []
        self._delays = self._poller.delays()

        async def again(execution: Execution) -> Event | None:
            self._take_off(batch, execution)
            if not batch.records:
                return None
            if execution.failed and self._poller.source.bisect and len(batch.records) > 1:
                # A split counts as no retry, and the halves are batches of their own.
                halves.extend(_halves(batch))
                return None
            if not self._once_more(batch):
                return None
            await self._wait()
            return self._poller.event(batch.records)

        try:
            await self._poller.world.invoker.batch(self._poller.function, self._poller.event(batch.records), (), again)
        except TooManyRequestsError as error:
            # Throttles are no attempts; the same batch again, in a segment of its own.
            self._poller.count(error, failed=True)
            await self._wait()
            return [batch]
        except LambdaError as error:
            self._poller.count(error, failed=True)
            self._give_up(batch, error.message)
        return halves

    def _take_off(self, batch: Batch, execution: Execution) -> None:
        """Note an attempt, and take what is done off the batch."""
        done = self._done(batch.records, execution)
        self._poller.count(execution, failed=done < len(batch.records))
        if done:
            self._checkpoint(batch.records[done - 1])
            self._poller.status.records += done
            # What is left fails from another record on: it has not been tried again yet.
            batch.records, batch.retries = batch.records[done:], 0
            self._delays = self._poller.delays()

    def _done(self, records: Sequence[Record], execution: Execution) -> int:
        """How many records from the first on are done: all before the lowest sequence number that is reported."""
        if execution.failed:
            return 0
        if not self._poller.source.partial_responses:
            return len(records)
        numbers = [self._sequence(record) for record in records]
        failed = reported(execution.payload, numbers)
        if failed is None:
            return 0
        return next((at for at, number in enumerate(numbers) if number in failed), len(records))

    def _once_more(self, batch: Batch) -> bool:
        most = self._poller.source.retries
        if 0 <= most <= batch.retries:
            self._give_up(batch, f"failed {batch.retries + 1} times")
            return False
        batch.retries += 1
        return True

    def _give_up(self, batch: Batch, why: str) -> None:
        first, last = self._sequence(batch.records[0]), self._sequence(batch.records[-1])
        self._poller.world.say(f"{self._poller.title}: {len(batch.records)} records are given up ({why}): {first} to {last}")
        self._checkpoint(batch.records[-1])
        batch.records = ()

    async def _wait(self) -> None:
        await self._poller.world.sleep(next(self._delays))


def _halves(batch: Batch) -> list[Batch]:
    middle = len(batch.records) // 2
    return [Batch(batch.records[:middle], batch.retries), Batch(batch.records[middle:], batch.retries)]
