"""Forgetting: the oldest traces go first, by age and by the room they take."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from .database import Database, sql
from .minutes import minutes_changed

log = logging.getLogger(__name__)

# Traces per transaction: some 20 ms, so that nobody who writes waits long.
CHUNK = 200
# Stop a little below the limit, so that the next document does not start it all over again.
SLACK = 0.95
# A clock that is set differs by more; what NTP mends while a machine runs is less.
JUMP_S = 300.0
# For how long traces stay that all seem too old at the start: a clock that is wrong has been noticed by then.
GRACE_S = 3_600.0
# The clock that nobody sets and that goes on while the machine sleeps: the first name is Linux's, the second macOS's.
SLEEPLESS = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


def steady() -> float:
    """Seconds that nobody can set."""
    return time.monotonic() if SLEEPLESS is None else time.clock_gettime(SLEEPLESS)


class Calendar:
    """What time it is for forgetting, on a machine whose clock may be set while the server runs.

    Ages go by the time at the start plus the seconds since, so a clock that jumps ahead makes no trace old. One that is set
    back makes everything younger, which loses nothing.
    """

    def __init__(self, clock: Callable[[], float] = time.time, seconds: Callable[[], float] = steady) -> None:
        self._clock, self._seconds = clock, seconds
        self._began, self._origin = clock(), seconds()
        self._said = 0.0
        self._until: float | None = None

    def jump(self) -> float:
        """By how many seconds the clock was set since the start."""
        return self._clock() - self._began - (self._seconds() - self._origin)

    def now(self) -> float:
        """The time for ages; a jump is said when it is seen here first."""
        jump = self.jump()
        if abs(jump - self._said) > JUMP_S:
            self._said = jump
            log.warning("this machine's clock was set: %s; no trace is forgotten for that", said(jump))
        return self._clock() - max(jump, 0.0)

    def trusted(self, newest: float | None, keep_s: float) -> bool:
        """Whether to go by it: not yet, when that would leave nothing of what was there at the start."""
        if self._until is None:
            empties = newest is not None and self._began - newest > keep_s
            self._until = self._origin + (GRACE_S if empties else 0.0)
            if empties:
                log.warning(
                    "by this machine's clock every trace is older than %.0f days; they go in an hour, if the clock is right",
                    keep_s / 86_400,
                )
        return self._seconds() >= self._until


def said(jump: float) -> str:
    """A jump for a person; seconds that only the reading of two clocks makes are none."""
    if abs(jump) < 1:
        return "to what it was at the start"
    size, unit = next((pair for pair in ((86_400, "days"), (3_600, "h"), (60, "min")) if abs(jump) >= pair[0] * 2), (1, "s"))
    return f"{abs(jump) / size:.0f} {unit} {'ahead' if jump > 0 else 'back'} since the start"


def retain(database: Database, older_than: float | None, max_bytes: int | None) -> int:
    """Remove what is older and what is too much; the number of traces that went."""
    removed = 0
    if older_than is not None:
        while gone := _remove(database, older_than):
            removed += gone
    if max_bytes is not None and database.bytes_used() > max_bytes:
        while database.bytes_used() > max_bytes * SLACK and (gone := _remove(database, None)):
            removed += gone
    if removed:
        database.shrink()
    return removed


def _remove(database: Database, older_than: float | None) -> int:
    """One chunk of the oldest traces, all of them if `older_than` is None; their minutes of the graph are added up anew."""
    with database.write() as connection:
        limit = float("inf") if older_than is None else older_than
        rows = connection.execute(sql("traces_older"), (limit, CHUNK)).fetchall()
        connection.executemany(sql("trace_delete"), [(key,) for key, _ in rows])
        minutes_changed(connection, {start for _, start in rows if start is not None})
        return len(rows)
