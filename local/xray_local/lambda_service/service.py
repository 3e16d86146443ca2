"""The Lambda service as one object: its event loop in a thread of its own, and everything that runs there.

    catalog (functions) ─┐
    api (HTTP) ──────────┼─ invoker ─ executor (environments)        all of it on the loop "xray-lambda"
    sources (pollers) ───┘     └──── emission ─ store, forwarder     a thread of its own, since disks may be slow

State is touched on that loop only, so there are no locks; whoever stands outside comes in through `run`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import uuid
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from . import naming
from .catalog import Catalog, Tell
from .clients import Clients
from .destinations import Destinations
from .emission import Emission
from .invocations import Invocations
from .logs import Sink
from .model import Desk, Event, Execution, LambdaError
from .naming import Target
from .ports import Environments
from .running import Outside
from .sampling import Decide
from .sources import Sources

LOG = logging.getLogger(__name__)
Result = TypeVar("Result")

# How often the template is looked at while nobody invokes: schedules and queues follow it, too.
LOOK_S = 1.0
# Ctrl-C waits that long for what runs; then the environments are ended.
FINISH_S = 5.0
# After that the invocations have to learn that their environments are gone, and tell X-Ray.
SETTLE_S = 5.0


@dataclass(frozen=True)
class Parts:
    """What the service is made of; tests put in their own."""

    executor: Callable[[Desk, Sink], Environments]
    emission: Emission
    decide: Decide
    """Sampling."""
    log: Sink
    """Gets each record of a function's log, with the function's name."""
    tell: Tell
    """Gets sentences for the user."""


@dataclass
class LambdaService:
    """Functions that can be invoked, once it is started; `close` it."""

    desk: Desk
    catalog: Catalog
    parts: Parts
    clients: Clients = field(init=False)
    executor: Environments = field(init=False)
    invoker: Invocations = field(init=False)
    sources: Sources = field(init=False)
    _closing: bool = False

    def __post_init__(self) -> None:
        """Nothing runs yet."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run_loop, name="xray-lambda", daemon=True)
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Everything runs from here on."""
        self._thread.start()
        try:
            self.run(self._begin()).result()
        except BaseException:
            self._stop()
            raise

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    def run(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Do the work on the service's loop; for every other thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _begin(self) -> None:
        desk, parts = self.desk, self.parts
        self.clients = Clients(desk)
        self.executor = parts.executor(desk, parts.log)
        outside = Outside(emit=parts.emission, decide=parts.decide)
        self.invoker = Invocations(self.executor, outside, desk, Destinations(self.clients, desk.function_arn))
        self.sources = Sources(desk, self.clients, self.invoker, parts.tell)
        self.sources.start(self.catalog.functions.values())
        self._watching = self._loop.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.refresh()
            except Exception:
                LOG.exception("the template could not be read again")

    async def refresh(self) -> None:
        """Take a changed template over. Environments of functions that changed end by themselves (pool.py)."""
        if self.catalog.changed and await self.catalog.refresh():
            await self.sources.replace(self.catalog.functions.values())

    async def target(self, said: str, qualifier: str | None = None) -> Target:
        """The function that a caller means, as the template is at this moment. Raises LambdaError."""
        if self._closing:
            raise LambdaError("xray-local is shutting down.", "ServiceException", 500)
        await self.refresh()
        return naming.find(self.catalog.functions, self.desk, said, qualifier)

    async def invoke(self, target: Target, event: Event) -> tuple[Event, Execution]:
        """Invoke and wait. Raises LambdaError."""
        return await self.invoker.request_response(target.function, event)

    async def enqueue(self, target: Target, event: Event) -> Event:
        """Accept an event. What comes back has the header that tells its trace."""
        return self.invoker.enqueue(target.function, event)

    def health(self) -> dict[str, Any]:
        """The functions, their environments and their sources. For every thread, also at the end."""
        environments: Mapping[str, Any] = {}
        sources: list[dict[str, Any]] = []
        if self._loop.is_running():
            with contextlib.suppress(TimeoutError):
                environments, sources = self.run(self._now()).result(SETTLE_S)
        functions = [
            {
                "name": function.name,
                "arn": self.desk.function_arn(function.name),
                "handler": function.handler,
                "runtime": function.runtime,
                "tracing": function.tracing.value,
                "code": str(function.code),
                "environments": list(environments.get(function.name, ())),
            }
            for function in self.catalog.functions.values()
        ]
        return {
            "functions": functions,
            "sources": sources,
            "notes": list(self.catalog.notes),
            "traced": self.desk.trace_layer is not None,
            "dropped_documents": self.parts.emission.dropped,
            "refused_documents": self.parts.emission.refused,
        }

    async def _now(self) -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
        return self.executor.health(), self.sources.health()

    def close(self) -> None:
        """Finish what runs, as far as that takes some seconds only, and end the environments."""
        if self._loop.is_closed():
            return
        self.run(self._end()).result()
        self._stop()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SETTLE_S)
        self.parts.emission.close()

    async def _end(self) -> None:
        self._closing = True
        if self._watching is not None:
            self._watching.cancel()
        await self.sources.close()
        finishing = self._loop.create_task(self.invoker.close())
        await asyncio.wait({finishing}, timeout=FINISH_S)
        await self.executor.close()
        with contextlib.suppress(TimeoutError):
            dropped = await asyncio.wait_for(finishing, SETTLE_S)
            if dropped:
                self.parts.tell(f"{dropped} asynchronous invocations were waiting and are lost")


def new_event(target: Target, payload: bytes, trace_header: str | None = None, **more: Any) -> Event:
    """An event of a caller's, with an id of its own."""
    return Event(str(uuid.uuid4()), payload or b"{}", trace_header, invoked_arn=target.arn, **more)
