"""Accepted events: how long they wait, how often they are tried, what ends them, and what a shutdown does to them."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.kit.fakes import CountingIds, FakeClock
from tests.local.lambda_service.cases import desk
from tests.local.lambda_service.scripted import COLD, ERROR, OK, THROTTLED, Scripted, Step
from xray_local.lambda_service.asynchronous import back_off
from xray_local.lambda_service.destinations import Condition, Outcome
from xray_local.lambda_service.invocations import Invocations
from xray_local.lambda_service.model import Event, Execution, Function, InvokeConfig, LambdaError, Status, TooManyRequestsError
from xray_local.lambda_service.ports import Executor, Started
from xray_local.lambda_service.running import Outside
from xray_local.model import Document

FUNCTION = Function("orders", "app.handler", Path())
EVENT = Event("request-1", b"{}", None)


@dataclass
class Told:
    """What came of events that a script worked off."""

    slept: list[float] = field(default_factory=list)
    outcomes: list[tuple[Outcome, str]] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)

    def endings(self) -> list[tuple[Condition, int]]:
        """Of each event why it is done with, and after how many attempts."""
        return [(outcome.condition, outcome.attempts) for outcome, _header in self.outcomes]


def work_off(script: list[Step], function: Function = FUNCTION, scale: float = 1.0, *, executor: Executor | None = None) -> Told:
    """Accept one event and see it through."""
    clock, told = FakeClock(), Told()

    async def sleep(seconds: float) -> None:
        told.slept.append(round(seconds, 6))
        clock.advance(seconds)

    async def deliver(outcome: Outcome, header: str) -> None:
        told.outcomes.append((outcome, header))

    async def run() -> None:
        outside = Outside(lambda sent: told.documents.extend(map(dict, sent)), clock=clock, sleep=sleep, new_id=CountingIds())
        environments = executor or Scripted(clock, deque(script))
        invocations = Invocations(environments, outside, desk(time_scale=scale), deliver)
        invocations.enqueue(function, EVENT)
        await invocations.settled()

    asyncio.run(run())
    return told


def with_config(**changes: float) -> Function:
    """The function with another EventInvokeConfig."""
    return replace(FUNCTION, invoke_config=InvokeConfig(**changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("script", "function", "slept", "ending"),
    [
        ([COLD], FUNCTION, [], (Condition.SUCCESS, 1)),
        ([ERROR, ERROR, OK], FUNCTION, [60.0, 120.0], (Condition.SUCCESS, 3)),
        ([ERROR, ERROR, ERROR], FUNCTION, [60.0, 120.0], (Condition.RETRIES_EXHAUSTED, 3)),
        ([ERROR, ERROR], with_config(retries=1), [60.0], (Condition.RETRIES_EXHAUSTED, 2)),
        ([ERROR], with_config(retries=0), [], (Condition.RETRIES_EXHAUSTED, 1)),
        ([Step(Status.TIMEOUT), OK], FUNCTION, [60.0], (Condition.SUCCESS, 2)),
        ([THROTTLED] * 4 + [ERROR] + [THROTTLED] * 2 + [OK], FUNCTION, [1.0, 2.0, 4.0, 8.0, 60.0, 1.0, 2.0], (Condition.SUCCESS, 2)),
        ([], replace(FUNCTION, concurrency=0), [], (Condition.ZERO_RESERVED_CONCURRENCY, 0)),
        ([THROTTLED] * 6, with_config(maximum_age_s=60), [1.0, 2.0, 4.0, 8.0, 16.0, 29.0], (Condition.EVENT_AGE_EXCEEDED, 0)),
        ([ERROR], with_config(maximum_age_s=60), [60 - 0.2749], (Condition.EVENT_AGE_EXCEEDED, 1)),
    ],
)  # fmt: skip
def test_waits_and_endings(script: list[Step], function: Function, slept: list[float], ending: tuple[Condition, int]) -> None:
    """Retries after one and two minutes, throttled events by back-off and not counted, until the age is over."""
    told = work_off(script, function)

    assert (told.slept, told.endings()) == (slept, [ending])


def test_the_desks_time_scale() -> None:
    """Waits and ages are multiplied by the scale."""
    told = work_off([ERROR, THROTTLED, ERROR, ERROR], scale=0.01)
    aged = work_off([THROTTLED, THROTTLED], with_config(maximum_age_s=2), scale=0.5)

    assert (told.slept, told.endings()) == ([0.6, 0.01, 1.2], [(Condition.RETRIES_EXHAUSTED, 3)])
    assert (aged.slept, aged.endings()) == ([0.5, 0.5], [(Condition.EVENT_AGE_EXCEEDED, 0)])


def test_back_off_doubles_up_to_five_minutes() -> None:
    """1, 2, 4 and so on to 300 seconds, however often."""
    assert [back_off(turn) for turn in (1, 2, 3, 8, 9, 10, 10_000)] == [1.0, 2.0, 4.0, 128.0, 256.0, 300.0, 300.0]


def test_an_event_that_never_ran_is_no_success() -> None:
    """Its Dwell Time ends as throttled when it is given up."""
    told = work_off([THROTTLED] * 6, with_config(maximum_age_s=60))

    flagged = [
        (document["name"], document["end_time"] - document["start_time"], document.get("throttle"))
        for document in told.documents
        if "end_time" in document
    ]
    assert flagged == [("orders", 0.0, None), ("Dwell Time", 60.0, True)]


def test_what_destinations_are_told() -> None:
    """The outcome has the last execution, and the header names the last attempt."""
    told = work_off([ERROR, ERROR, COLD])

    ((outcome, header),) = told.outcomes
    (attempt,) = [part["id"] for part in told.documents if part["name"] == "Attempt #3" and "end_time" in part]
    assert outcome.execution is not None
    assert (outcome.event, outcome.execution.payload, header.split(";")[1]) == (EVENT, b'{"found": 1}', f"Parent={attempt}")


async def for_ever(_seconds: float) -> None:
    """A wait that only something else can end."""
    await asyncio.Event().wait()


@dataclass
class Limited:
    """An Executor with few environments; each execution takes a few turns of the loop."""

    most: int
    taken: int = 0
    done: list[str] = field(default_factory=list)
    hold: asyncio.Event = field(default_factory=asyncio.Event)

    async def execute(self, function: Function, event: Event, started: Started) -> Execution:
        """Throttles above the limit."""
        if self.taken == self.most:
            raise TooManyRequestsError
        self.taken += 1
        started(1.0, None)
        await self.hold.wait()
        await asyncio.sleep(0)
        self.taken -= 1
        self.done.append(event.request_id)
        return Execution(Status.OK, 1.0, 2.0, b"", invocation_start=1.1, invocation_end=1.9)

    async def close(self) -> None:
        """Nothing to end."""


def test_a_free_environment_is_used_at_once() -> None:
    """Of 30 events 27 find no environment; each is tried again when one is free, although their back-off never ends."""

    async def run() -> list[str]:
        executor = Limited(3)
        outside = Outside(lambda _sent: None, clock=FakeClock(), sleep=for_ever)
        invocations = Invocations(executor, outside, desk())
        for number in range(30):
            invocations.enqueue(FUNCTION, replace(EVENT, request_id=f"{number:02}"))
        await asyncio.sleep(0.01)
        executor.hold.set()
        await asyncio.wait_for(invocations.settled(), 5)
        return executor.done

    assert sorted(asyncio.run(run())) == [f"{number:02}" for number in range(30)]


def test_a_free_environment_is_its_own_functions_first() -> None:
    """A warm environment goes to an event of the same function, even if another's waits for longer."""

    async def run() -> list[str]:
        executor = Limited(1)
        outside = Outside(lambda _sent: None, clock=FakeClock(), sleep=for_ever)
        invocations = Invocations(executor, outside, desk())
        for number, name in enumerate(("orders", "stock", "orders")):
            invocations.enqueue(replace(FUNCTION, name=name), replace(EVENT, request_id=f"{name}-{number}"))
        await asyncio.sleep(0.01)
        executor.hold.set()
        await asyncio.wait_for(invocations.settled(), 5)
        return executor.done

    assert asyncio.run(run()) == ["orders-0", "orders-2", "stock-1"]


def test_closing_drops_what_waits_and_finishes_what_runs() -> None:
    """Of 5 events 2 run to their end; 3 wait and are dropped: their Dwell Time ends as a fault, nothing stays pending."""
    documents: list[Document] = []

    async def run() -> tuple[int, list[str]]:
        executor = Limited(2)
        outside = Outside(lambda sent: documents.extend(map(dict, sent)), clock=FakeClock(), sleep=for_ever)
        invocations = Invocations(executor, outside, desk())
        for number in range(5):
            invocations.enqueue(FUNCTION, replace(EVENT, request_id=str(number)))
        await asyncio.sleep(0.01)
        closing = asyncio.get_running_loop().create_task(invocations.close())
        await asyncio.sleep(0.01)
        executor.hold.set()
        return await asyncio.wait_for(closing, 5), executor.done

    assert asyncio.run(run()) == (3, ["0", "1"])
    ended = [
        document.get("fault", False) for document in documents if document["name"] == "Dwell Time" and "end_time" in document
    ]
    begun = [document["id"] for document in documents if "in_progress" in document]
    over = {document["id"] for document in documents if "end_time" in document}
    assert (sorted(ended), [one for one in begun if one not in over]) == ([False, False, True, True, True], [])


def test_a_failure_while_closing_is_counted() -> None:
    """An attempt that fails while the service ends is not tried again: the event counts as dropped."""

    async def run() -> int:
        outside = Outside(lambda _sent: None, clock=FakeClock(), sleep=for_ever)
        invocations = Invocations(Scripted(FakeClock(), deque([ERROR])), outside, desk())
        invocations.enqueue(FUNCTION, EVENT)
        await asyncio.sleep(0)
        return await asyncio.wait_for(invocations.close(), 5)

    assert asyncio.run(run()) == 1


@dataclass
class Troubled:
    """An Executor whose environments are lost on the way, then is well."""

    troubles: list[Exception]
    clock: FakeClock = field(default_factory=FakeClock)

    async def execute(self, function: Function, event: Event, started: Started) -> Execution:
        """The next trouble, after the environment has taken the event."""
        start = self.clock.advance(0.5)
        started(start, None)
        if self.troubles:
            raise self.troubles.pop(0)
        return Execution(Status.OK, start, start + 0.3, b"", invocation_start=start + 0.1, invocation_end=start + 0.2)

    async def close(self) -> None:
        """Nothing to end."""


def test_an_environment_that_never_took_the_event() -> None:
    """Where the executor says nothing before it fails, Dwell Time and Attempt are sent with the end."""

    class Silent(Scripted):
        async def execute(self, function: Function, event: Event, started: Started) -> Execution:
            return await super().execute(function, event, lambda _start, _initialization: None)

    told = work_off([], with_config(retries=0), executor=Silent(FakeClock(), deque([Step(Status.INIT_ERROR)])))

    sent = [(document["name"], document.get("in_progress", False), document.get("error")) for document in told.documents]
    assert sent == [
        ("orders", False, None),
        ("Dwell Time", True, None),
        ("orders", False, None),
        ("Dwell Time", False, None),
        ("Attempt #1", True, None),
        ("Attempt #1", False, True),
    ]


def test_trouble_of_the_service(caplog: pytest.LogCaptureFixture) -> None:
    """An event that the service could not run is said, tried again by back-off, and its attempt counts as a fault."""
    told = work_off([], executor=Troubled([LambdaError("no interpreter", "ServiceException", 500)]))

    attempts = [
        (part["name"], part.get("fault"), part["http"]) for part in told.documents if "Attempt" in part["name"] and "http" in part
    ]
    assert attempts == [
        ("Attempt #1", True, {"response": {"status": 500}}),
        ("Attempt #2", None, {"response": {"status": 200}}),
    ]
    assert (told.slept, told.endings()) == ([1.0], [(Condition.SUCCESS, 2)])
    assert caplog.messages == ["orders: event request-1 could not be run and is tried again in 1.0 s: no interpreter"]


def test_a_bug_of_ours_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected exception costs the event, not silently."""
    with caplog.at_level(logging.ERROR):
        told = work_off([], executor=Troubled([RuntimeError("bug")]))

    assert ([record.exc_text for record in caplog.records] != [], told.endings(), caplog.messages) == (
        True,
        [],
        ["an accepted event was lost"],
    )
