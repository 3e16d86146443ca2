"""Event sources: what polls queues and streams, and what runs on schedules, for the functions that name them.

sources = Sources(desk, Clients(desk), invoker, say)
sources.start(functions)        on the service's loop
sources.health()                for /health
await sources.close()
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ..model import Desk, Function, Source
from ..ports import Invoker
from .polling import LONGEST_WAIT_S, Poller, Status, World
from .schedule import Schedule
from .sqs import Queue
from .streams import KinesisStream, TableStream

__all__ = ["KINDS", "Sources", "Status"]

log = logging.getLogger(__name__)

KINDS: dict[str, type[Poller]] = {"sqs": Queue, "kinesis": KinesisStream, "dynamodb": TableStream, "schedule": Schedule}
# Each source has one call of AWS on its way, a queue some more that delete; they wait most of the time.
THREADS = 64
# How long the end waits for batches on their way; their functions run on for a while after that.
FINISH_S = 2.0


@dataclass(frozen=True)
class Running:
    """A source that is read, and what reads it."""

    poller: Poller
    task: asyncio.Task[None]

    def is_for(self, function: Function, source: Source) -> bool:
        """Whether it reads that source for the function of that name."""
        return (self.poller.function.name, self.poller.source) == (function.name, source) and not self.task.done()


class Sources:
    """The event sources of all functions. Used on the service's loop only.

    Args:
        desk: region, account and time scale.
        client: makes boto3's client for a service, from any thread.
        invoker: invokes the functions.
        say: takes a line for the user.
    """

    def __init__(self, desk: Desk, client: Callable[[str], Any], invoker: Invoker, say: Callable[[str], object]) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "xray-source")
        self._world = World(desk, client, invoker, say, self._threads)
        self._running: list[Running] = []
        self._ended: list[Poller] = []

    def start(self, functions: Iterable[Function]) -> None:
        """Read the sources of these functions, those that are enabled, and no others.

        What was read before goes on, with its function as it is now: a stream is not begun anew for a change elsewhere.
        """
        before, self._running = self._running, []
        for function in functions:
            for source in (source for source in function.sources if source.enabled):
                kept = next((one for one in before if one.is_for(function, source)), None)
                if kept:
                    before.remove(kept)
                    kept.poller.function = function
                self._running.append(kept or self._begin(KINDS[source.kind](function, source, self._world)))
        for one in before:
            self._end(one)

    def _begin(self, poller: Poller) -> Running:
        return Running(poller, asyncio.get_running_loop().create_task(self._guarded(poller)))

    def _end(self, one: Running) -> None:
        """Stop reading; the batches on their way are worked off."""
        one.task.cancel()
        self._ended = [poller for poller in self._ended if poller.working] + [one.poller]

    async def _guarded(self, poller: Poller) -> None:
        """A mistake of ours in one source stops none of the others, and this one for a while only."""
        while True:
            try:
                await poller.run()
            except Exception:
                log.exception("the %s failed; it begins anew in %.0f s", poller.title, LONGEST_WAIT_S)
                poller.status.state = "Creating"
                await self._world.sleep(LONGEST_WAIT_S)
            else:
                return

    async def replace(self, functions: Iterable[Function]) -> None:
        """Go on with the sources of other functions, as after a change of the template."""
        self.start(functions)

    async def close(self) -> None:
        """The end. What is done soon is deleted from its queue; what takes longer comes again, to whoever reads next."""
        tasks = [one.task for one in self._running]
        self.start(())
        await asyncio.gather(*tasks, return_exceptions=True)
        if working := [task for poller in self._ended for task in poller.working]:
            _done, late = await asyncio.wait(working, timeout=FINISH_S)
            for task in late:
                task.cancel()
        self._threads.shutdown(wait=False)

    def health(self) -> list[dict[str, Any]]:
        """Each source and how it goes."""
        return [
            {
                "function": poller.function.name,
                "name": poller.source.name,
                "kind": poller.source.kind,
                "source": poller.source.schedule if poller.source.kind == "schedule" else poller.source.arn,
                **vars(poller.status),
            }
            for poller in (one.poller for one in self._running)
        ]
