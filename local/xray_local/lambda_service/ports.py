"""The seams between the parts of the Lambda service. Everything here runs on the service's one event loop (service.py)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from .model import Event, Execution, Function, Initialization

Started = Callable[[float, Initialization | None], None]
"""Called when an environment takes the event, with the execution's start and the cold start that it had to wait for."""


Again = Callable[[Execution], Awaitable[Event | None]]
"""What a stream's poller does after each attempt at a batch, whether it failed or not: it waits as long as Lambda would and
answers with the event of the next attempt, or with None when the batch is done or given up."""


class Executor(Protocol):
    """Runs events in execution environments: warm ones first, new ones up to the limit (pool.py)."""

    async def execute(self, function: Function, event: Event, started: Started) -> Execution:
        """Run one event.

        Raises TooManyRequestsError at once when no environment may be had; every other failure is an Execution. Cancelling
        the caller does not stop the function.
        """

    async def close(self) -> None:
        """End every environment, as on a shutdown."""


class Environments(Executor, Protocol):
    """An Executor that tells of its environments."""

    def health(self) -> Mapping[str, Sequence[Mapping[str, str]]]:
        """The environments by the names of their functions: `name`, and `state`, which is idle or busy."""


class Emit(Protocol):
    """Takes segment documents that the service itself makes, to store and forward them."""

    def __call__(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Keep these documents. Never raises, never blocks for long."""


class Invoker(Protocol):
    """Invocations with their segments, by what calls (invocations.py). Each raises LambdaError for what the API refuses."""

    async def request_response(self, function: Function, event: Event) -> tuple[Event, Execution]:
        """Invoke synchronously; `event.trace_header` is the caller's X-Amzn-Trace-Id as it came, or None.

        What comes back is the event as the function got it, whose header tells the trace, and how it went.
        """

    def enqueue(self, function: Function, event: Event) -> Event:
        """Accept an asynchronous invocation, which is then executed with dwell time, retries and destinations."""

    async def batch(self, function: Function, event: Event, producers: Sequence[str], again: Again | None = None) -> Execution:
        """Invoke with a batch of a poll-based source, in a new trace. What comes back is the last attempt.

        `producers` are the AWSTraceHeader values of its messages, to which the new trace is linked: the service segment has a
        link of reference_type "parent" for each Root and Parent, once, 20 at most. The store shows the mirror link in the
        producer's trace (links.py): its id, name and type are this segment's, and its received_event_end_time and
        dwell_end_time are the parent link's, if it has them, else this segment's start.

        With `again` one service segment spans all attempts (facts D.3), each with a function segment of its own below it; it
        is asked after every attempt, and what it answers is executed next, in the same trace. A throttled attempt ends the
        segment as any throttle does and raises TooManyRequestsError: the poller comes again with what is left.
        """
