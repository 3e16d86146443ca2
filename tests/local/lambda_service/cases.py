"""The invocations whose whole traces are golden documents: how they are made, and what their environments do."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.kit.fakes import CountingIds, FakeClock
from tests.local.lambda_service.scripted import COLD, ERROR, OK, THROTTLED, Scripted, Step
from xray_local.lambda_service.invocations import Invocations
from xray_local.lambda_service.model import Desk, Event, Execution, Function, LambdaError, Status, Tracing
from xray_local.lambda_service.ports import Executor
from xray_local.lambda_service.running import Outside
from xray_local.model import CompiledTrace, Document
from xray_local.trace import compile_trace

ROOT = "1-65537f20-0123456789abcdef01234567"
CALLER, CALL = "c" * 15 + "1", "c" * 15 + "2"
SAMPLED = f"Root={ROOT};Parent={CALL};Sampled=1;Lineage=1:a87bd80c:0"
REQUEST = "8c7f2c3e-5d1b-4a8e-9d64-1f2e3d4c5b6a"
PRODUCERS = (
    "Root=1-65537f00-aaaaaaaaaaaaaaaaaaaaaaaa;Parent=aaaaaaaaaaaaaaa1;Sampled=1",
    "Root=1-65537f00-aaaaaaaaaaaaaaaaaaaaaaaa;Parent=aaaaaaaaaaaaaaa1;Sampled=1",
    "Root=1-65537f01-bbbbbbbbbbbbbbbbbbbbbbbb;Parent=bbbbbbbbbbbbbbb1;Sampled=0",
    "Root=1-65537f02-cccccccccccccccccccccccc;Parent=ccccccccccccccc1;Sampled=1;Lineage=1:ffffffff:0",
    "not a header",
)


# More than a millisecond, so that the service's own times, which are cut off to milliseconds, differ as well.
TICK = 0.0011


class TickingClock(FakeClock):
    """Goes on a little whenever it is read: no two readings are the same."""

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self.advance(TICK)


@dataclass(frozen=True)
class Case:
    """One golden document."""

    name: str
    script: tuple[Step, ...]
    kind: str = "sync"
    """`sync`, `async`, `batch`, or `stream`: a batch that is tried again."""
    header: str | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    """Of the function."""
    sampled: bool = True
    """What the local rules say."""
    before: int = 0
    """How many invocations, whose traces do not count, made the environment warm."""


CASES = (
    Case("sync-ok-cold", (COLD,)),
    Case("sync-ok-warm", (COLD, OK), header=SAMPLED, before=1),
    Case("sync-error", (Step(Status.ERROR, cold=True),), header=SAMPLED),
    Case("sync-timeout", (Step(Status.TIMEOUT, cold=True),)),
    Case("sync-crash", (Step(Status.CRASH, cold=True),)),
    Case("init-error", (Step(Status.INIT_ERROR),)),
    Case("async-ok", (COLD,), "async", SAMPLED),
    Case("async-failing-twice", (Step(Status.ERROR, cold=True), ERROR, OK), "async"),
    Case("async-exhausted", (Step(Status.ERROR, cold=True), ERROR, ERROR), "async"),
    Case("async-throttled-first", (THROTTLED, THROTTLED, COLD), "async"),
    Case("async-init-error", (Step(Status.INIT_ERROR),), "async", changes={"retries": 0}),
    Case("async-zero-concurrency", (), "async", changes={"concurrency": 0}),
    Case("throttle", (THROTTLED,), header=SAMPLED),
    Case("pass-through", (COLD,), header=SAMPLED, changes={"tracing": Tracing.PASS_THROUGH}),
    Case("pass-through-alone", (COLD,), changes={"tracing": Tracing.PASS_THROUGH}),
    Case("unsampled", (COLD,), header=f"Root={ROOT};Parent={CALL};Sampled=0"),
    Case("unsampled-by-rule", (COLD,), sampled=False),
    Case("sqs-batch", (COLD,), "batch"),
    Case("stream-retried", (Step(Status.ERROR, cold=True), OK), "stream"),
)


@dataclass
class Recorded:
    """What came of a case."""

    documents: list[Document]
    headers: list[str | None]
    """That the function saw, in order."""
    events: list[Event] = field(default_factory=list)

    def trace(self) -> CompiledTrace:
        """As X-Ray returns it; of what was not recorded, an empty one."""
        trace_ids = {document["trace_id"] for document in self.documents} or {ROOT}
        (trace_id,) = trace_ids
        return compile_trace(trace_id, self.documents)


def function(case: Case, base: Function) -> Function:
    """The function of a case."""
    changes = dict(case.changes)
    config = replace(base.invoke_config, retries=changes.pop("retries", base.invoke_config.retries))
    return replace(base, invoke_config=config, **changes)


async def play(case: Case, target: Function, executor: Executor, outside: Outside, desk: Desk) -> None:
    """Make the case's invocations and wait until they are over."""
    invocations = Invocations(executor, outside, desk)
    event = Event(REQUEST, b'{"order": 7}', case.header)
    for number in range(case.before):
        silent = Invocations(executor, replace(outside, emit=lambda documents: None), desk)
        await silent.request_response(target, Event(f"warming-{number}", b'{"order": 0}', None))
    calls = outside.clock()
    status = 202 if case.kind == "async" else 200
    try:
        await _made(case, target, invocations, event)
    except LambdaError as error:
        status = error.status
    if case.header == SAMPLED:
        outside.emit([_caller(calls, outside.clock(), status)])
    await invocations.settled()


async def _made(case: Case, target: Function, invocations: Invocations, event: Event) -> None:
    if case.kind == "sync":
        await invocations.request_response(target, event)
    elif case.kind == "async":
        invocations.enqueue(target, event)
    elif case.kind == "batch":
        await invocations.batch(target, event, PRODUCERS)
    else:
        await invocations.batch(target, event, (), _again(event))


def _again(event: Event) -> Callable[[Execution], Any]:
    async def again(execution: Execution) -> Event | None:
        return event if execution.failed else None

    return again


def _caller(start: float, end: float, status: int) -> Document:
    """The segment of a program that calls the function by boto3, with its clock around the call."""
    flags = {"error": True, "throttle": True} if status == 429 else {}
    call = {
        "name": "Lambda",
        "id": CALL,
        "start_time": start,
        "end_time": end,
        "namespace": "aws",
        "http": {"response": {"status": status}},
        "aws": {"operation": "Invoke", "function_name": "orders"},
        **flags,
    }
    return {"name": "shop", "id": CALLER, "trace_id": ROOT, "start_time": start, "end_time": end, "subsegments": [call]}


def base_function() -> Function:
    """The function as the scripted cases have it."""
    return Function("orders", "app.handler", code=None, timeout_s=1.0)  # type: ignore[arg-type]


def desk(**changes: Any) -> Desk:
    """The desk of the scripted cases."""
    return Desk("127.0.0.1:2000", "http://127.0.0.1:2000", **changes)


def scripted(case: Case, *, layer: bool = False) -> Recorded:
    """The case on a clock that stands still between what happens."""
    clock, documents = TickingClock(), list[Document]()
    # The documents before the case's own invocation are not of its trace.
    executor = Scripted(clock, deque(case.script), documents.extend if layer else None)

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)
        await asyncio.sleep(0)

    outside = Outside(lambda sent: documents.extend(map(dict, sent)), lambda _f, _a: case.sampled, clock, sleep, CountingIds())
    asyncio.run(play(case, function(case, base_function()), executor, outside, desk()))
    assert not executor.script
    given = executor.given[case.before :]
    kept = [document for document in documents if document["trace_id"] in _traces(given, documents)]
    return Recorded(kept, [event.trace_header for event in given], given)


def _traces(given: list[Event], documents: list[Document]) -> set[str]:
    seen = {str(event.trace_header)[5:40] for event in given}
    return seen or {document["trace_id"] for document in documents}
