"""One execution environment: its folders, its process of the runtime, and the events that it takes one after the other.

    the first event ── Initialization ─┬─ ready ──────────────────────── next ── handler ── response ── next ── …
                                       └─ failed, or not ready in 10 s ── once more, within the invocation and its timeout

The first initialization has 10 s of its own; the second, which Lambda calls suppressed, counts against the function's timeout.
After a timeout, a crash or a second failed initialization the environment is over.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Protocol

from . import logs, settings
from .model import Desk, Event, Execution, Function, Initialization, LambdaError, Status
from .ports import Started
from .process import GRACE_S, Exit
from .runtime_api import Answer, RuntimeApi

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
INIT_LIMIT_S = 10.0
# What a runtime that has reported a failed initialization gets to leave by itself.
LEAVE_S = 1.0
CLOSED = LambdaError("xray-local is shutting down.", "ServiceException", 500)
_FRAME = re.compile(r'File "(?P<path>.*)", [Ll]ine (?P<line>\d+)(?:, in (?P<label>.*))?')


class Running(Protocol):
    """The runtime while it runs, with everything it started: a process, or a container."""

    exited: asyncio.Future[Exit]
    began: float
    """When its first process began: making a container takes a second, which is no part of the initialization."""

    def alive(self) -> bool:
        """Whether it still runs; as far as one can know, not as far as one was told."""

    async def settle(self) -> None:
        """Until everything that was written up to now is passed on."""

    def peak_mb(self) -> int | None:
        """The most memory it ever had, in MiB; None where nobody tells."""

    async def end(self, grace_s: float = 0.0) -> Exit:
        """Kill it, at once or so long after a SIGTERM; all that it wrote is passed on then."""


class Launcher(Protocol):
    """Starts the runtime of one environment: once, or a second time if the first initialization failed."""

    async def start(self, stream: str, runtime_api: str, on_output: Callable[[bytes], None], threads: Executor) -> Running:
        """Start it with that log stream's name and Runtime API."""


@dataclass(frozen=True)
class Outside:
    """What all environments share."""

    desk: Desk
    threads: Executor
    """For what blocks."""
    sink: logs.Sink = lambda _name, _text: None
    clock: Callable[[], float] = time.time
    init_limit_s: float = INIT_LIMIT_S


@dataclass(frozen=True)
class _Failure:
    """Why there is no response."""

    status: Status
    error_type: str
    message: str
    """Without the request id in front."""
    answer: Answer | None = None
    """What the runtime said about it."""

    def payload(self, event: Event) -> bytes:
        """The error as the caller gets it: the runtime's own words, or Lambda's."""
        if self.answer is not None:
            return self.answer.payload
        return json.dumps({"errorType": self.error_type, "errorMessage": self.text(event)}, separators=(",", ":")).encode()

    def text(self, event: Event) -> str:
        """The errorMessage."""
        if self.answer is not None:
            return self.answer.error_message or ""
        return f"RequestId: {event.request_id} Error: {self.message}"

    def cause(self) -> Mapping[str, Any] | None:
        """The runtime reports none for an initialization; its error has the same in words."""
        return None if self.answer is None else cause_of(self.answer)


def cause_of(answer: Answer) -> Mapping[str, Any]:
    """What X-Ray is told about an error: the runtime's own report, or the same made from its error."""
    if answer.cause:
        return answer.cause
    try:
        told = json.loads(answer.payload)
    except ValueError:
        told = {}
    trace = told.get("stackTrace") if isinstance(told, dict) else None
    frames = [match for line in trace or () if isinstance(line, str) and (match := _FRAME.search(line))]
    stack = [{"path": frame["path"], "line": int(frame["line"]), "label": (frame["label"] or "").strip()} for frame in frames]
    exception = {"type": answer.error_type or "", "message": answer.error_message or "", "stack": stack}
    return {"exceptions": [exception], "paths": sorted({frame["path"] for frame in frames})}


class Environment:
    """Takes events; the pool sees to it that it has one at a time."""

    def __init__(self, outside: Outside, function: Function, launcher: Launcher) -> None:
        """Nothing is started before the first event."""
        self._outside, self.function, self._launcher = outside, function, launcher
        self._log = logs.Log(function.name, outside.sink)
        self._stream = settings.log_stream(function.version, outside.clock())
        self._api: RuntimeApi | None = None
        self._process: Running | None = None
        self._closing: asyncio.Task[None] | None = None
        self._stopping: set[asyncio.Task[None]] = set()
        self.on_exit: Callable[[], None] = lambda: None
        """Called when the process ends by itself between two events."""

    @property
    def usable(self) -> bool:
        """Whether it can take another event."""
        ready = self._api is not None and self._api.idle.done() and self._closing is None
        return ready and self._process is not None and self._process.alive()

    async def execute(self, event: Event, started: Started) -> Execution:
        """Run one event, after the initialization if it is the first."""
        clock = self._outside.clock
        cold = None
        failure = None
        if self._process is None:
            cold, failure = await self._initialize(self._outside.init_limit_s, "init")
        start = clock()
        deadline = start + self.function.timeout_s
        started(start, cold)
        if failure is not None:
            again, failure = await self._initialize(self.function.timeout_s, "invoke")
            deadline = again.start + self.function.timeout_s
            if failure is not None and failure.status is Status.TIMEOUT:
                failure = self._overtime()
        self._log.write(f"START RequestId: {event.request_id} Version: {self.function.version}\n")
        given = None
        if failure is None:
            given, failure = await self._run(event, deadline)
        return self._finish(event, _Course(start, cold, given, failure))

    async def _initialize(self, limit_s: float, phase: str) -> tuple[Initialization, _Failure | None]:
        outside = self._outside
        if self._closing is not None:
            raise CLOSED
        api = self._api = RuntimeApi(outside.desk, self.function, outside.clock)
        api.start()
        try:
            running = await self._launcher.start(self._stream, api.address, self._log.feed, outside.threads)
        except BaseException:
            await api.close()
            raise
        self._process, start = running, running.began
        running.exited.add_done_callback(lambda _future: self.on_exit())
        if self._closing is not None:  # while it was being started
            await self._stop(api, running)
            raise CLOSED
        await _first(limit_s, api.idle, api.failed, running.exited)
        if api.idle.done() and running.alive():
            await running.settle()
            return Initialization(start, api.idle.result()), None
        failure = await self._init_failure(api, running)
        end = outside.clock()
        self._log.write(logs.init_report(end - start, phase, failure.error_type))
        return Initialization(start, end, failure.error_type, failure.cause()), failure

    async def _init_failure(self, api: RuntimeApi, running: Running) -> _Failure:
        """Why there is no idle runtime; ends what is left of it."""
        running.peak_mb()
        if api.failed.done():
            await asyncio.wait({running.exited}, timeout=LEAVE_S)
        late = not running.exited.done() and not api.failed.done()
        ended = await self._stop(api, running)
        if late:
            return _Failure(Status.TIMEOUT, logs.TIMED_OUT, "")
        answer = api.failed.result() if api.failed.done() else None
        error_type = (answer and answer.error_type) or ended.error_type
        return _Failure(Status.INIT_ERROR, error_type, ended.described(), answer)

    async def _run(self, event: Event, deadline: float) -> tuple[float, _Failure | None]:
        """Give the event to the runtime and wait until the environment is free again, or gone."""
        api, running = self._api, self._process
        if api is None or running is None:
            raise RuntimeError("the environment has no process")
        running.peak_mb()
        given = api.deliver(event, deadline)
        idle = api.idle
        await _first(max(0.0, deadline - self._outside.clock()), idle, running.exited)
        if idle.done():
            await running.settle()
            return given, None
        if running.exited.done():
            ended = await self._stop(api, running)
            return given, _Failure(Status.CRASH, ended.error_type, ended.described())
        await self._stop(api, running)
        return given, self._overtime()

    def _overtime(self) -> _Failure:
        return _Failure(Status.TIMEOUT, logs.TIMED_OUT, f"Task timed out after {self.function.timeout_s:.2f} seconds")

    def _finish(self, event: Event, course: _Course) -> Execution:
        """Write the log's last lines and put together what is told about the event."""
        api, running, failure = self._api, self._process, course.failure
        if api is None or running is None:
            raise RuntimeError("the environment has no process")
        end = self._outside.clock()
        if failure is None:
            end = api.idle.result()
        elif failure.status is Status.CRASH:
            # It may have been gone before the event was given to it.
            end = max(course.given or course.start, running.exited.result().at)
        self._write_end(event, course, end, running.peak_mb())
        common: dict[str, Any] = {
            "start": course.start,
            "end": end,
            "initialization": course.cold,
            "invocation_start": course.given,
            "log_tail": self._log.take_tail(),
        }
        answer = api.answer
        if answer is None and failure is not None:
            return Execution(
                status=failure.status,
                payload=failure.payload(event),
                error_type=failure.error_type,
                error_message=failure.text(event),
                cause=failure.cause(),
                **common,
            )
        if answer is None:
            raise RuntimeError("the runtime asked for the next event without having answered")
        # A runtime that answered and was lost afterwards has answered.
        return Execution(
            status=Status.OK if answer.error_type is None else Status.ERROR,
            payload=answer.payload,
            invocation_end=answer.at,
            error_type=answer.error_type,
            error_message=answer.error_message,
            cause=None if answer.error_type is None else cause_of(answer),
            content_type=answer.content_type,
            **common,
        )

    def _write_end(self, event: Event, course: _Course, end: float, peak_mb: int | None) -> None:
        failure, cold = course.failure, course.cold
        if failure is not None and failure.status is Status.TIMEOUT:
            self._log.write(logs.timed_out(event, self.function.timeout_s, end))
        elif failure is not None and failure.status is Status.CRASH:
            self._log.write(f"RequestId: {event.request_id} Error: {failure.message}\n{failure.error_type}\n")
        self._log.write(f"END RequestId: {event.request_id}\n")
        numbers = logs.Report(
            duration_s=end - course.start,
            memory_mb=self.function.memory_mb,
            peak_mb=peak_mb,
            init_s=cold.end - cold.start if cold and cold.error_type is None else None,
            error_type=failure.error_type if failure else None,
        )
        self._log.write(logs.report(event, numbers))

    async def _stop(self, api: RuntimeApi, running: Running) -> Exit:
        """End the process; its listener closes by itself meanwhile, which takes uvicorn a moment."""
        running.peak_mb()
        ended = await running.end(GRACE_S if api.extensions.present else 0.0)
        task = asyncio.create_task(api.close())
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)
        return ended

    async def close(self) -> None:
        """End everything; whoever calls it again waits for the same."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        self.on_exit = lambda: None
        if self._api is not None and self._process is not None:
            await self._stop(self._api, self._process)
        await asyncio.gather(*self._stopping)


async def _first(limit_s: float, *futures: asyncio.Future[Any]) -> None:
    await asyncio.wait(futures, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)


@dataclass(frozen=True)
class _Course:
    """How one event went, before it is told."""

    start: float
    cold: Initialization | None
    given: float | None
    failure: _Failure | None
