"""The seams between the parts of the Lambda service. Everything here runs on the service's one event loop (service.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from .model import Event, Execution, Function, Initialization

Started = Callable[[float, Initialization | None], None]
"""Called when an environment takes the event, with the execution's start and the cold start that it had to wait for."""


class Executor(Protocol):
    """Runs events in execution environments: warm ones first, new ones up to the limit (pool.py)."""

    async def execute(self, function: Function, event: Event, started: Started) -> Execution:
        """Run one event.

        Raises TooManyRequestsError at once when no environment may be had; every other failure is an Execution. Cancelling
        the caller does not stop the function.
        """

    async def close(self) -> None:
        """End every environment, as on a shutdown."""


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

    async def batch(self, function: Function, event: Event, producers: Sequence[str]) -> Execution:
        """Invoke with a batch of a poll-based source, in a new trace.

        `producers` are the AWSTraceHeader values of its messages, to which the new trace is linked.
        """
