"""Schedules: rate(5 minutes), cron(0 12 * * ? *) and at(2030-01-01T00:00:00), in UTC, and the event that EventBridge makes."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid

from croniter import croniter
from croniter.croniter import CroniterBadDateError, CroniterError

from ..model import Event, LambdaError
from .polling import Poller

RATE = re.compile(r"rate\(\s*([1-9][0-9]*)\s+(minute|hour|day)s?\s*\)")
CRON = re.compile(r"cron\(\s*(.+?)\s*\)")
AT = re.compile(r"at\(\s*(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\s*\)")
SECONDS = {"minute": 60.0, "hour": 3_600.0, "day": 86_400.0}
# Minutes, hours, day of month, month, day of week, year.
CRON_FIELDS = 6
# AWS counts the days of the week from 1, Sunday; croniter from 0. A number after / or # is no day.
DAY = re.compile(r"(?<![/#\d])([1-7])(?!\d)")
LAST_DAY = re.compile(r"([1-7])L")


class BadScheduleError(ValueError):
    """The expression is none of EventBridge's. The text is for the user."""


def following(expression: str, after: float) -> float | None:
    """When a schedule comes next; None when it does not come again. Raises BadScheduleError."""
    if found := RATE.fullmatch(expression.strip()):
        return after + int(found[1]) * SECONDS[found[2]]
    if found := AT.fullmatch(expression.strip()):
        moment = dt.datetime.fromisoformat(found[1]).replace(tzinfo=dt.UTC).timestamp()
        return moment if moment > after else None
    if found := CRON.fullmatch(expression.strip()):
        return _cron(expression, found[1].split(), after)
    raise BadScheduleError(f"{expression!r} is no schedule: write rate(5 minutes), cron(0 12 * * ? *) or at(2030-01-01T00:00:00)")


def _cron(expression: str, fields: list[str], after: float) -> float | None:
    if len(fields) != CRON_FIELDS:
        raise BadScheduleError(
            f"{expression!r} has {len(fields)} fields; cron(minutes hours day-of-month month day-of-week year)"
        )
    minute, hour, day, month, weekday, year = fields
    if (day == "?") == (weekday == "?"):
        raise BadScheduleError(f"{expression!r}: one of day-of-month and day-of-week is ?, and only one")
    if LAST_DAY.fullmatch(weekday.upper()):
        weekday = LAST_DAY.sub(lambda found: f"L{_day(found)}", weekday.upper())
    else:
        weekday = "6" if weekday.upper() == "L" else DAY.sub(_day, weekday)
    plain = ["*" if field == "?" else field for field in (minute, hour, day, month, weekday)]
    try:
        moment: float = croniter(" ".join([*plain, "0", year]), after, ret_type=float).get_next()
    except CroniterBadDateError:
        return None
    except CroniterError as error:
        raise BadScheduleError(f"{expression!r} is no schedule: {error}") from error
    return moment


def _day(found: re.Match[str]) -> str:
    return str(int(found[1]) - 1)


class Schedule(Poller):
    """A schedule and the function that it invokes, asynchronously as EventBridge does.

    Time runs as fast as all delays of the desk: with a time scale of 0.01 an hour of the schedule takes 36 s, and the events
    have the schedule's time.
    """

    async def run(self) -> None:
        """Wait and invoke, as long as the schedule goes on."""
        began, scale = self.world.clock(), self.world.desk.time_scale
        now = began
        try:
            planned = following(self.source.schedule, now)
            self.began()
            while planned is not None:
                await self.world.sleep(max(0.0, (planned - now) * scale))
                now = began + (self.world.clock() - began) / scale
                if now < planned:
                    # A sleep may end some microseconds early.
                    continue
                self._invoke(planned)
                planned = following(self.source.schedule, planned)
                if planned is not None and planned < now:
                    # Who slept (a laptop's lid) does not make up for what was missed.
                    planned = following(self.source.schedule, now)
        except BadScheduleError as error:
            self.troubled(str(error))
            return
        self.status.state = "Disabled"

    def _invoke(self, planned: float) -> None:
        event = Event(request_id=str(uuid.uuid4()), payload=json.dumps(self._payload(planned)).encode(), trace_header=None)
        try:
            self.world.invoker.enqueue(self.function, event)
        except LambdaError as error:
            self.world.say(f"{self.title}: {error.message}")
            self.status.failures += 1
        self.status.batches += 1

    def _payload(self, planned: float) -> object:
        if self.source.payload is not None:
            return self.source.payload
        desk = self.world.desk
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": desk.account,
            "time": dt.datetime.fromtimestamp(planned, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": desk.region,
            "resources": [f"arn:aws:events:{desk.region}:{desk.account}:rule/{self.source.name}"],
            "detail": {},
        }
