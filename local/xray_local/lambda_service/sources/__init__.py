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
from dataclasses import asdict
from typing import Any

from ..model import Desk, Function
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
        self._pollers: list[Poller] = []
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, functions: Iterable[Function]) -> None:
        """Begin with the sources of these functions, those that are enabled."""
        for function in functions:
            for source in function.sources:
                if not source.enabled:
                    continue
                poller = KINDS[source.kind](function, source, self._world)
                self._pollers.append(poller)
                self._tasks.append(asyncio.get_running_loop().create_task(self._guarded(poller)))

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

    async def stop(self) -> None:
        """End all of them; what was read and is not done yet comes again, to whoever reads next."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        self._pollers.clear()

    async def replace(self, functions: Iterable[Function]) -> None:
        """Go on with the sources of other functions, as after a change of the template."""
        await self.stop()
        self.start(functions)

    async def close(self) -> None:
        """The end."""
        await self.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def health(self) -> list[dict[str, Any]]:
        """Each source and how it goes."""
        return [
            {
                "function": poller.function.name,
                "name": poller.source.name,
                "kind": poller.source.kind,
                "source": poller.source.schedule if poller.source.kind == "schedule" else poller.source.arn,
                **asdict(poller.status),
            }
            for poller in self._pollers
        ]
