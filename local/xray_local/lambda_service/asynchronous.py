"""Accepted events: Lambda's internal queue, with dwell time, attempts, retries, and what is told to destinations in the end.

Events are kept in memory; those that still wait when the service ends are dropped, and their number is said.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass

from .destinations import Condition, Deliver, Outcome
from .model import Event, Execution, Function, LambdaError, TooManyRequestsError
from .running import Running, Traced
from .segments import ACCEPTED, LOST, THROTTLED, Answer, Part, ServiceSegment, answer_to, refusal, response_time

log = logging.getLogger(__name__)

# Waits before the second and the third attempt (AWS Lambda developer guide, asynchronous invocation).
RETRY_DELAYS_S = (60.0, 120.0)
# Waits of an event that found no environment, or a service in trouble: doubling, 5 minutes at most (same page).
FIRST_BACK_OFF_S = 1.0
LONGEST_BACK_OFF_S = 300.0


def _told(work: asyncio.Task[None]) -> None:
    """A bug of ours costs the event; it is said, since nobody waits for this task."""
    error = None if work.cancelled() else work.exception()
    if error:
        log.error("an accepted event was lost", exc_info=error)


def back_off(turns_away: int) -> float:
    """Seconds to wait after an event was turned away that many times."""
    return float(min(FIRST_BACK_OFF_S * 2 ** min(turns_away - 1, 16), LONGEST_BACK_OFF_S))


@dataclass
class Accepted:
    """One event on its way."""

    event: Event
    traced: Traced
    service: ServiceSegment
    dwell: Part
    attempts: int = 0
    turned_away: int = 0
    """How many times it found no environment since its last attempt."""
    last: Execution | None = None
    last_parent: str = ""
    """CHOICE destination-parent: the newest attempt's id is the Parent of the trace header that a destination gets."""

    @property
    def function(self) -> Function:
        """As it was when the event was accepted."""
        return self.traced.function


class Asynchronous:
    """Works off accepted events, in any order, as many at a time as there are environments."""

    def __init__(self, running: Running, deliver: Deliver) -> None:
        self._running = running
        self._outside = running.outside
        self._scale = running.desk.time_scale
        self._deliver = deliver
        self._waiting: set[asyncio.Task[None]] = set()
        self._turned_away: deque[tuple[Function, asyncio.Future[None]]] = deque()
        self._closing = False
        self.dropped = 0
        """Events that were given up because the service ends, after `drop` has answered."""
        running.freed = self._environment_is_free

    def accept(self, function: Function, event: Event) -> Event:
        """Take an event, as the answer 202 says; its attempts begin at once."""
        start = self._outside.clock()
        traced = self._running.traced(function, event, event.trace_header)
        service = ServiceSegment(traced.subject, self._outside.new_id(), start, traced.context.parent_id)
        dwell = Part(traced.subject, service.id, self._outside.new_id(), "Dwell Time", start)
        traced.emit([service.complete(self._outside.clock(), ACCEPTED), dwell.in_progress()])
        work = self._running.start(self._work_off(Accepted(event, traced, service, dwell, last_parent=service.id)))
        work.add_done_callback(_told)
        return traced.event(event, service.id)

    def drop(self) -> int:
        """Give up what waits, now and from now on; how many wait now. What runs goes on to its end."""
        self._closing = True
        for task in self._waiting:
            task.cancel()
        return len(self._waiting)

    async def _work_off(self, item: Accepted) -> None:
        condition = self._condition(item)
        while condition is None:
            if self._closing:
                self.dropped += 1
                self._never_ran(item, LOST)
                return
            delay = await self._attempt(item)
            try:
                await self._wait(item, delay)
            except asyncio.CancelledError:
                self._never_ran(item, LOST)
                raise
            condition = self._condition(item)
        self._never_ran(item, THROTTLED)
        outcome = Outcome(item.function, item.event, condition, item.attempts, self._outside.clock(), item.last)
        await self._deliver(outcome, item.traced.context.header(item.last_parent))

    def _never_ran(self, item: Accepted, answer: Answer) -> None:
        """End the Dwell Time of an event that is given up without an attempt: it must not look like a success."""
        if item.attempts == 0:
            item.traced.emit([item.dwell.complete(self._outside.clock(), answer)])

    def _condition(self, item: Accepted) -> Condition | None:
        """How it ended; None when it has not."""
        config = item.function.invoke_config
        if item.last and not item.last.failed:
            return Condition.SUCCESS
        if item.attempts > config.retries:
            return Condition.RETRIES_EXHAUSTED
        if item.function.concurrency == 0:
            return Condition.ZERO_RESERVED_CONCURRENCY
        tried = item.attempts or item.turned_away
        return Condition.EVENT_AGE_EXCEEDED if tried and self._left(item) <= 0 else None

    def _left(self, item: Accepted) -> float:
        """Seconds until the event is too old."""
        limit = item.function.invoke_config.maximum_age_s * self._scale
        return item.service.start + limit - self._outside.clock()

    async def _attempt(self, item: Accepted) -> float:
        """Try once; how long to wait before the next try, in Lambda's seconds."""
        outside, service = self._outside, item.service
        start, number = outside.clock(), item.attempts + 1
        part = Part(item.traced.subject, service.id, outside.new_id(), f"Attempt #{number}", start)

        def begun() -> None:
            waited = [item.dwell.complete(start)] if number == 1 else []
            item.traced.emit([*waited, part.in_progress()])
            item.attempts = number

        try:
            _given, execution = await self._running.execute(item.traced, item.event, part.id, begun)
        except LambdaError as error:
            if item.attempts == number:  # it was lost on the way
                item.traced.emit([part.complete(outside.clock(), refusal(error))])
            return self._turn_away(item, error)
        if item.attempts < number:  # it ended before an environment had taken the event: the initialization failed
            begun()
        item.traced.emit([part.complete(response_time(execution), answer_to(execution))])
        item.turned_away, item.last, item.last_parent = 0, execution, part.id
        return RETRY_DELAYS_S[number - 1] if number <= len(RETRY_DELAYS_S) else 0.0

    def _turn_away(self, item: Accepted, error: LambdaError) -> float:
        item.turned_away += 1
        delay = back_off(item.turned_away)
        if not isinstance(error, TooManyRequestsError):
            log.warning(
                "%s: event %s could not be run and is tried again in %.1f s: %s",
                *(item.function.name, item.event.request_id, delay * self._scale, error.message),
            )
        return delay

    async def _wait(self, item: Accepted, delay: float) -> None:
        """Let time pass before the next try; the event's age ends the wait."""
        if self._closing or self._condition(item) is not None:
            return
        pause = asyncio.ensure_future(self._outside.sleep(max(0.0, min(delay * self._scale, self._left(item)))))
        free: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that runs has one; for mypy
        self._waiting.add(task)
        if item.turned_away:
            self._turned_away.append((item.function, free))
        try:
            await asyncio.wait((pause, free), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waiting.discard(task)
            pause.cancel()
            free.cancel()

    def _environment_is_free(self, function: Function) -> None:
        """Wake the event that waits longest for one: of this function, else of any.

        CHOICE free-environment: back-off alone would leave environments idle for minutes where a desk has 10 of them and a
        burst 100 events; AWS's queue reads on as concurrency allows.
        """
        waiting = [entry for entry in self._turned_away if not entry[1].done()]
        chosen = next((entry for entry in waiting if entry[0].name == function.name), waiting[0] if waiting else None)
        self._turned_away = deque(entry for entry in waiting if entry is not chosen)
        if chosen:
            chosen[1].set_result(None)
