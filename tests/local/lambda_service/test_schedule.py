"""Schedules: when they come, and what the function gets."""

from __future__ import annotations

import asyncio
import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.local.lambda_service.aws import ACCOUNT, REGION, Reading, Scripted, function, run
from xray_local.lambda_service.model import Desk, Source
from xray_local.lambda_service.sources.polling import World
from xray_local.lambda_service.sources.schedule import BadScheduleError, Schedule, following

# A Thursday.
START = dt.datetime(2026, 1, 1, 10, 7, 30, tzinfo=dt.UTC)


def moments(expression: str, count: int) -> list[str]:
    """The next times of a schedule."""
    found: list[str] = []
    at: float | None = START.timestamp()
    while at is not None and len(found) < count:
        at = following(expression, at)
        found.append(dt.datetime.fromtimestamp(at, dt.UTC).strftime("%a %Y-%m-%d %H:%M:%S") if at is not None else "never")
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(1 minute)", ["Thu 2026-01-01 10:08:30", "Thu 2026-01-01 10:09:30"]),
        ("rate(5 hours)", ["Thu 2026-01-01 15:07:30", "Thu 2026-01-01 20:07:30"]),
        ("rate(7 days)", ["Thu 2026-01-08 10:07:30"]),
        ("cron(0 12 * * ? *)", ["Thu 2026-01-01 12:00:00", "Fri 2026-01-02 12:00:00"]),
        ("cron(15 10 ? * 6L 2026-2027)", ["Fri 2026-01-30 10:15:00", "Fri 2026-02-27 10:15:00"]),
        ("cron(0 18 ? * MON-FRI *)", ["Thu 2026-01-01 18:00:00", "Fri 2026-01-02 18:00:00", "Mon 2026-01-05 18:00:00"]),
        ("cron(0 18 ? * 2-6 *)", ["Thu 2026-01-01 18:00:00", "Fri 2026-01-02 18:00:00", "Mon 2026-01-05 18:00:00"]),
        ("cron(0 8 1 * ? *)", ["Sun 2026-02-01 08:00:00", "Sun 2026-03-01 08:00:00"]),
        ("cron(0/30 20-23 ? * 1,7 *)", ["Sat 2026-01-03 20:00:00", "Sat 2026-01-03 20:30:00"]),
        ("cron(0 9 L * ? *)", ["Sat 2026-01-31 09:00:00", "Sat 2026-02-28 09:00:00"]),
        ("cron(0 9 15W 8 ? *)", ["Fri 2026-08-14 09:00:00", "Mon 2027-08-16 09:00:00"]),
        ("cron(0 9 ? * 3#2 *)", ["Tue 2026-01-13 09:00:00", "Tue 2026-02-10 09:00:00"]),
        ("cron(0 9 ? * L *)", ["Sat 2026-01-03 09:00:00", "Sat 2026-01-10 09:00:00"]),
        ("cron(0 9 29 2 ? *)", ["Tue 2028-02-29 09:00:00"]),
        ("cron(0 9 1 1 ? 2025)", ["never"]),
        ("at(2026-02-03T04:05:06)", ["Tue 2026-02-03 04:05:06", "never"]),
        ("at(2025-02-03T04:05:06)", ["never"]),
    ],
)
def test_when_a_schedule_comes(expression: str, expected: list[str]) -> None:
    """Rates count from the start; cron has AWS's six fields, with Sunday as 1, in UTC."""
    assert moments(expression, len(expected)) == expected


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("every day", "'every day' is no schedule: write rate(5 minutes), cron(0 12 * * ? *) or at(2030-01-01T00:00:00)"),
        (
            "rate(0 minutes)",
            "'rate(0 minutes)' is no schedule: write rate(5 minutes), cron(0 12 * * ? *) or at(2030-01-01T00:00:00)",
        ),
        ("cron(0 12 * * *)", "'cron(0 12 * * *)' has 5 fields; cron(minutes hours day-of-month month day-of-week year)"),
        ("cron(0 12 * * * *)", "'cron(0 12 * * * *)': one of day-of-month and day-of-week is ?, and only one"),
        ("cron(0 12 ? * ? *)", "'cron(0 12 ? * ? *)': one of day-of-month and day-of-week is ?, and only one"),
        ("cron(61 12 * * ? *)", "'cron(61 12 * * ? *)' is no schedule: "),
    ],
)
def test_what_is_no_schedule(expression: str, reason: str) -> None:
    """The text says what to write."""
    with pytest.raises(BadScheduleError) as caught:
        following(expression, START.timestamp())
    assert str(caught.value).startswith(reason)


class Clock:
    """Time that passes with sleeping only; the sleep number `stop` does not end."""

    def __init__(self, stop: int) -> None:
        self.now = START.timestamp()
        self.slept: list[float] = []
        self._stop = stop

    async def sleep(self, seconds: float) -> None:
        if len(self.slept) == self._stop:
            raise asyncio.CancelledError
        self.slept.append(round(seconds, 3))
        self.now += seconds


def play(schedule: str, stop: int, *, scale: float = 1.0, payload: Any = None) -> tuple[Scripted, list[float], Schedule]:
    """Run a schedule on made-up time."""
    clock, invoker = Clock(stop), Scripted()
    desk = Desk("127.0.0.1:2000", "http://127.0.0.1:2000", REGION, ACCOUNT, time_scale=scale)

    async def main() -> Schedule:
        with ThreadPoolExecutor() as threads:
            world = World(desk, lambda _service: None, invoker, print, threads, lambda: clock.now, clock.sleep)
            source = Source("schedule", "Nightly", schedule=schedule, payload=payload)
            poller = Schedule(function(source), source, world)
            await asyncio.wait([asyncio.create_task(poller.run())])
            return poller

    return invoker, clock.slept, asyncio.run(main())


def test_the_event_of_a_rule() -> None:
    """EventBridge's scheduled event, whole; its time is the schedule's."""
    invoker, slept, _schedule = play("rate(5 minutes)", 2)
    events = invoker.enqueued
    assert slept == [300, 300]
    assert [event.pop("id") != "" for event in events] == [True, True]
    event = {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": "2026-01-01T10:12:30Z",
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/Nightly"],
        "detail": {},
    }
    assert events == [event, {**event, "time": "2026-01-01T10:17:30Z"}]


def test_an_input_of_its_own_is_the_event() -> None:
    """A schedule with an Input hands over that and nothing else, also if it is empty."""
    payloads: list[Any] = [{"a": 1}, [], 0]
    assert [play("rate(1 minute)", 1, payload=payload)[0].enqueued for payload in payloads] == [[{"a": 1}], [[]], [0]]


def test_scaled_time_runs_faster() -> None:
    """At a hundredth an hour takes 36 s, and the events have the hours of the schedule."""
    invoker, slept, _schedule = play("cron(0 * * * ? *)", 3, scale=0.01)
    assert ([event["time"][11:16] for event in invoker.enqueued], slept) == (["11:00", "12:00", "13:00"], [31.5, 36.0, 36.0])


def test_a_schedule_that_is_over_ends() -> None:
    """After its last time it is disabled."""
    invoker, slept, schedule = play("at(2026-01-01T10:08:00)", 5)
    assert (len(invoker.enqueued), slept, schedule.status.state, schedule.status.batches) == (1, [30], "Disabled", 1)


def test_a_bad_schedule_is_told() -> None:
    """What cannot be read is said and shown by /health; nothing is invoked."""

    async def act(reading: Reading) -> None:
        await reading.until(lambda: reading.said)
        assert reading.sources.health()[0]["trouble"] is not None

    reading = run("http://127.0.0.1:9", Source("schedule", "Nightly", schedule="daily"), Scripted(), act)
    text = "'daily' is no schedule: write rate(5 minutes), cron(0 12 * * ? *) or at(2030-01-01T00:00:00)"
    assert (reading.said, reading.invoker.enqueued) == ([f"event source Nightly of worker: {text}"], [])


def test_real_time() -> None:
    """A minute at a hundredth, by the real clock: the first invocation comes after 0.6 s."""

    async def act(reading: Reading) -> None:
        await reading.until(lambda: len(reading.invoker.enqueued) == 2)

    before = dt.datetime.now(dt.UTC)
    run("http://127.0.0.1:9", Source("schedule", "Often", schedule="rate(1 minute)"), Scripted(), act)
    assert 1.2 <= (dt.datetime.now(dt.UTC) - before).total_seconds() < 10
