"""One event in one environment, with its function segment: what all kinds of invocation share."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from .model import Desk, Event, Execution, Function, Initialization
from .ports import Emit, Executor, Started
from .sampling import Decide, everything
from .segments import FunctionSegment, Subject
from .tracing import Context, context

Result = TypeVar("Result")


def random_id() -> str:
    """16 hex digits."""
    return os.urandom(8).hex()


def _nowhere(documents: Sequence[Mapping[str, Any]]) -> None:
    """Where the documents of an invocation go that is not recorded."""


@dataclass(frozen=True)
class Outside:
    """What an invocation needs of the world besides an environment; tests put in their own."""

    emit: Emit
    decide: Decide = everything
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    new_id: Callable[[], str] = random_id


@dataclass(frozen=True)
class Traced:
    """A function's invocation and its place in a trace. All attempts at one event have the same."""

    function: Function
    context: Context
    subject: Subject
    emit: Emit
    """Where its documents go; nowhere when it is not recorded."""

    def event(self, event: Event, parent_id: str, segment_id: str | None = None) -> Event:
        """The event with the header for what hangs below `parent_id`."""
        header = self.context.header(parent_id)
        recorded = segment_id if self.context.recorded else None
        return replace(event, trace_header=header, segment_id=recorded, invoked_arn=self.subject.invoked_arn)


class Running:
    """Executes events and emits their function segments.

    Args:
        executor: has the environments.
        outside: clock, ids, sampling, and where documents go.
        desk: the region and account of ARNs, and the scale of times.
    """

    def __init__(self, executor: Executor, outside: Outside, desk: Desk) -> None:
        self.outside = outside
        self.desk = desk
        self.freed: Callable[[Function], None] = lambda _function: None
        """Told when an execution is over and its environment may be had."""
        self._executor = executor
        self._tasks: set[asyncio.Task[Any]] = set()

    def traced(self, function: Function, event: Event, header: str | None) -> Traced:
        """Decide about an event's trace, once for all attempts at it."""
        outside, arn = self.outside, self.desk.function_arn(function.name)
        found = context(header, function.tracing, arn, lambda: outside.decide(function, arn), self._new_trace_id)
        invoked = event.invoked_arn or arn
        subject = Subject(found.trace_id, function.name, arn, self.desk.account, event.request_id, invoked, function.log_group)
        return Traced(function, found, subject, outside.emit if found.recorded else _nowhere)

    def _new_trace_id(self) -> str:
        return f"1-{int(self.outside.clock()):08x}-{(self.outside.new_id() + self.outside.new_id())[:24]}"

    async def execute(
        self, traced: Traced, event: Event, parent_id: str, begun: Callable[[], None] = lambda: None
    ) -> tuple[Event, Execution]:
        """Run one event; the function segment hangs below `parent_id`. Raises what the executor raises, and then emits nothing.

        `begun` is called when an environment takes the event, before the function segment is emitted.
        """
        new_id = self.outside.new_id
        segment = FunctionSegment(traced.subject, parent_id, new_id(), new_id(), new_id(), new_id())
        given = traced.event(event, segment.invocation_id, segment.id)

        def started(start: float, initialization: Initialization | None) -> None:
            begun()
            traced.emit([segment.in_progress(start, initialization)])

        execution = await self._executed(traced.function, given, started)
        traced.emit([segment.complete(execution, new_id)])
        return given, execution

    async def _executed(self, function: Function, event: Event, started: Started) -> Execution:
        execution = await self._executor.execute(function, event, started)
        self.freed(function)
        return execution

    async def finish(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do the work to its end, also when whoever waits for it goes away: a client may close its connection."""
        return await asyncio.shield(self.start(work))

    def start(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """Begin work that `settled` waits for."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def settled(self) -> None:
        """Wait until everything that was begun is over."""
        while self._tasks:
            await asyncio.wait(self._tasks)
