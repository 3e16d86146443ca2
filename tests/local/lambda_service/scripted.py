"""An Executor whose environments follow a script, on a clock that only they and waiting move.

What it gives is what the real one gives: the times of a cold or a warm execution, and what the runtime client reports. Where
asked to, it also sends what the layer sends from inside the function, made by the layer's own modules.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.kit.fakes import CountingIds, FakeClock
from xray_instrument import header
from xray_instrument.invocation import Invocation
from xray_instrument.model import Subsegment
from xray_instrument.recorder import Recorder
from xray_local.lambda_service.model import (
    Event,
    Execution,
    Function,
    Initialization,
    Status,
    TooManyRequestsError,
)
from xray_local.lambda_service.ports import Started
from xray_local.model import Document

# How long each phase takes, in seconds; no two alike, so that no order in time is by chance.
SPAWN, INIT, GIVE, READ, WORK, OVERHEAD = 0.013, 0.41, 0.0023, 0.0007, 0.27, 0.0019

CAUSE = {
    "working_directory": "/var/task",
    "exceptions": [
        {
            "message": "no such order",
            "type": "LookupError",
            "stack": [{"label": "handler", "path": "app.py", "line": 7}, {"label": "find", "path": "orders.py", "line": 31}],
        }
    ],
    "paths": ["app.py", "orders.py"],
}
ERRORS = {
    Status.ERROR: ("LookupError", "no such order"),
    Status.TIMEOUT: ("Sandbox.Timedout", "RequestId: {id} Error: Task timed out after 1.00 seconds"),
    Status.CRASH: ("Runtime.ExitError", "RequestId: {id} Error: Runtime exited with error: exit status 1"),
    Status.INIT_ERROR: ("LookupError", "no such order"),
}


@dataclass(frozen=True)
class Step:
    """How one event goes."""

    status: Status = Status.OK
    cold: bool = False
    throttled: bool = False
    flaw: bool = False
    """The first initialization failed; the one after it, within the invocation, did not."""


OK, COLD, ERROR, THROTTLED = Step(), Step(cold=True), Step(Status.ERROR), Step(throttled=True)


@dataclass
class Scripted:
    """The Executor. `emit` gets the layer's documents; without it the function has no layer."""

    clock: FakeClock
    script: deque[Step]
    emit: Callable[[list[Document]], None] | None = None
    given: list[Event] = field(default_factory=list)
    """Every event that an environment took."""
    ids: CountingIds = field(default_factory=lambda: CountingIds(0xF000))
    closed: bool = False

    async def execute(self, function: Function, event: Event, started: Started) -> Execution:
        """The next step of the script."""
        step = self.script.popleft()
        if step.throttled:
            raise TooManyRequestsError
        await asyncio.sleep(0)
        self.given.append(event)
        first = self._initialized(step)
        start = self.clock.advance(GIVE)
        started(start, first)
        if step.status is Status.INIT_ERROR:
            return self._execution(step, event, start, self.clock.advance(INIT), first)
        if step.flaw:
            self.clock.advance(INIT)
        await asyncio.sleep(0)
        read = self.clock.advance(READ)
        layer = self._layer_begins(event)
        responded = self.clock.advance(WORK)
        lived = step.status in (Status.OK, Status.ERROR)
        if layer and lived:
            layer.end(responded - READ)
        end = self.clock.advance(OVERHEAD if lived else GIVE)
        return self._execution(step, event, start, end, first, (read, responded if lived else None))

    async def close(self) -> None:
        """Nothing is left behind."""
        self.closed = True

    def _initialized(self, step: Step) -> Initialization | None:
        if not (step.cold or step.flaw or step.status is Status.INIT_ERROR):
            return None
        start = self.clock.advance(SPAWN)
        failed = step.flaw or step.status is Status.INIT_ERROR
        failure: tuple[str | None, dict[str, Any] | None] = ("LookupError", CAUSE) if failed else (None, None)
        return Initialization(start, self.clock.advance(INIT), *failure)

    def _execution(
        self,
        step: Step,
        event: Event,
        start: float,
        end: float,
        first: Initialization | None,
        invocation: tuple[float | None, float | None] = (None, None),
    ) -> Execution:
        kind, text = ERRORS.get(step.status, (None, None))
        message = text.format(id=event.request_id) if text else None
        payload = json.dumps({"errorMessage": message, "errorType": kind}) if kind else '{"found": 1}'
        told = step.status in (Status.ERROR, Status.INIT_ERROR)
        return Execution(
            status=step.status,
            start=start,
            end=end,
            payload=payload.encode(),
            initialization=first,
            invocation_start=invocation[0],
            invocation_end=invocation[1],
            error_type=kind,
            error_message=message,
            cause=CAUSE if told else None,
        )

    def _layer_begins(self, event: Event) -> Invocation | None:
        """The root in progress and one call of the layer's, as they go out while the function runs."""
        found, _reason = header.parse(event.trace_header)
        if self.emit is None or found is None:
            return None
        invocation = Invocation(found, "app.handler", Recorder(self.clock, self.ids), _Sender(self.emit))  # type: ignore[arg-type]
        invocation.root.fields = {"annotations": {"cold_start": False}, "metadata": {"lambda": {"function_name": "orders"}}}
        invocation.announce(invocation.root)
        call = Subsegment("DynamoDB", self.ids(), self.clock(), invocation)
        call.parent_id = invocation.root.id
        call.fields = {"namespace": "aws", "aws": {"operation": "GetItem", "table_name": "orders"}}
        call.end_time = self.clock() + READ
        invocation.deliver(call)
        return invocation


@dataclass
class _Sender:
    """In place of the layer's Emitter: the documents go straight to where the service's go."""

    send: Callable[[list[Document]], None]

    def emit(self, subsegment: Subsegment) -> str:
        """One document; no reason why not."""
        self.send([subsegment.document()])
        return ""
