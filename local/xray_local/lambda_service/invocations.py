"""Invocations with the segments that Lambda makes of them: synchronous, asynchronous (asynchronous.py), and by a poller."""

from __future__ import annotations

from collections.abc import Sequence

from .asynchronous import Asynchronous
from .destinations import Deliver, nowhere
from .model import Desk, Event, Execution, Function
from .ports import Again, Executor
from .running import Outside, Running, Traced
from .segments import MOST_LINKS, Answer, ServiceSegment, answer_to, links, refusal, response_time
from .tracing import producers as recorded_producers


class Invocations:
    """The Invoker of the service (ports.py).

    Args:
        executor: has the environments; closing it is its owner's business, after `close`.
        outside: clock, ids, sampling, and where documents go.
        desk: the region and account of ARNs, and the scale of times.
        deliver: sends what became of asynchronous invocations to their destinations.
    """

    def __init__(self, executor: Executor, outside: Outside, desk: Desk, deliver: Deliver = nowhere) -> None:
        self._running = Running(executor, outside, desk)
        self._outside = outside
        self._asynchronous = Asynchronous(self._running, deliver)

    async def request_response(self, function: Function, event: Event) -> tuple[Event, Execution]:
        """Invoke synchronously, with `event.trace_header` as the caller sent it."""
        return await self._running.finish(self._request_response(function, event))

    def enqueue(self, function: Function, event: Event) -> Event:
        """Accept an asynchronous invocation. What comes back has the header that tells the trace."""
        return self._asynchronous.accept(function, event)

    async def batch(self, function: Function, event: Event, producers: Sequence[str], again: Again | None = None) -> Execution:
        """Invoke with a batch of a poll-based source, in a new trace with links to the producers' traces.

        CHOICE batch-sampling: the local rules decide, as for any trace that begins here, whatever the producers decided.
        """
        return await self._running.finish(self._batch(function, event, producers, again))

    async def settled(self) -> None:
        """Wait until everything that was accepted is over, retries and destinations among it."""
        await self._running.settled()

    async def close(self) -> int:
        """Finish what runs and drop what waits; how many accepted events that were."""
        dropped = self._asynchronous.drop()
        await self._running.settled()
        return dropped + self._asynchronous.dropped

    async def _request_response(self, function: Function, event: Event) -> tuple[Event, Execution]:
        service, traced = self._begin(function, event, event.trace_header)
        try:
            given, execution = await self._running.execute(traced, event, service.id)
        except Exception as error:
            self._end(traced, service, refusal(error))
            raise
        self._end(traced, service, answer_to(execution), response_time(execution))
        return given, execution

    async def _batch(self, function: Function, event: Event, producers: Sequence[str], again: Again | None) -> Execution:
        service, traced = self._begin(function, event, None, producers)
        try:
            _given, execution = await self._running.execute(traced, event, service.id)
            following = await again(execution) if again else None
            while again and following:
                _given, execution = await self._running.execute(traced, following, service.id)
                following = await again(execution)
        except Exception as error:
            self._end(traced, service, refusal(error))
            raise
        self._end(traced, service, answer_to(execution), response_time(execution))
        return execution

    def _begin(
        self, function: Function, event: Event, header: str | None, producers: Sequence[str] = ()
    ) -> tuple[ServiceSegment, Traced]:
        traced = self._running.traced(function, event, header)
        start, service_id = self._outside.clock(), self._outside.new_id()
        linked = links(recorded_producers(tuple(producers), MOST_LINKS))
        service = ServiceSegment(traced.subject, service_id, start, traced.context.parent_id, linked)
        traced.emit([service.in_progress()])
        return service, traced

    def _end(self, traced: Traced, service: ServiceSegment, answer: Answer, at: float | None = None) -> None:
        traced.emit([service.complete(self._outside.clock() if at is None else at, answer)])
