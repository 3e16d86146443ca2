"""Traces as lines: a list of them, and the lines of `tail` as they arrive."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from rich.text import Text

from .labels import printable, time_text
from .source import Query, Reader

Summary = Mapping[str, Any]

FLAGS = (
    ("HasFault", "FAULT", "red"),
    ("HasThrottle", "THROTTLE", "magenta"),
    ("HasError", "ERROR", "yellow"),
    ("IsPartial", "OPEN", "cyan"),
)
# 1-, eight digits, -, 24 digits: never cut, it is what one copies.
ID_WIDTH = 35
TIME_WIDTH, DURATION_WIDTH, FLAG_WIDTH = 11, 12, 9
HEADING = (
    "time".ljust(TIME_WIDTH) + "trace".ljust(ID_WIDTH + 1) + "duration".rjust(DURATION_WIDTH) + " " + "status".ljust(FLAG_WIDTH)
)


def flag(summary: Summary) -> tuple[str, str]:
    """The worst that can be said of a trace, and its colour; twice nothing when all is well."""
    return next(((word, colour) for key, word, colour in FLAGS if summary.get(key)), ("", ""))


def what(summary: Summary) -> str:
    """The request, or else the service, that the trace is about."""
    http = summary.get("Http") or {}
    entry = (summary.get("EntryPoint") or {}).get("Name", "")
    status = http.get("HttpStatus")
    url = str(http.get("HttpURL", ""))
    path = (urlsplit(url).path or "/") if _is_url(url) else url
    words = [entry, http.get("HttpMethod", ""), path, str(status) if status else ""]
    return printable(" ".join(filter(None, words)))


def _is_url(text: str) -> bool:
    try:
        return bool(urlsplit(text).netloc)
    except ValueError:
        return False


def line(summary: Summary, width: int) -> Text:
    """One trace on one line; on a narrow terminal, the id and what is left of the rest on a second."""
    word, colour = flag(summary)
    start = summary.get("StartTime")
    at = clock(start, time.time()) if start is not None else ""
    about = Text(what(summary))
    end = Text.assemble(
        time_text(float(summary.get("Duration", 0.0)) * 1000).rjust(DURATION_WIDTH),
        " ",
        (word.ljust(FLAG_WIDTH), f"bold {colour}" if colour else ""),
        " ",
    )
    head = Text.assemble((at.ljust(TIME_WIDTH), "dim"), (summary["Id"].ljust(ID_WIDTH + 1), colour))
    if width < len(HEADING) + 16:
        second = Text.assemble(" " * TIME_WIDTH, end, about, no_wrap=True)
        second.truncate(width, overflow="ellipsis")
        head.rstrip()
        return Text("\n").join([head, second])
    whole = Text.assemble(head, end, about, no_wrap=True)
    whole.truncate(width, overflow="ellipsis")
    whole.rstrip()
    return whole


def heading(width: int) -> Text | None:
    """The columns' names; none on a narrow terminal, where they are no columns."""
    return Text(HEADING + " what", "dim") if width >= len(HEADING) + 16 else None


def clock(at: float, now: float) -> str:
    """The local time of day; of another day its date."""
    then, today = (dt.datetime.fromtimestamp(moment, dt.UTC).astimezone() for moment in (at, now))
    return then.strftime("%H:%M:%S" if then.date() == today.date() else "%Y-%m-%d")


class Follower:
    """Finds what is new among the traces of a sliding time, poll after poll. A trace counts again when it has changed."""

    def __init__(self, reader: Reader, expression: str, start: float, window: float) -> None:
        self._reader, self._expression = reader, expression
        self._start, self._window = start, window
        self._seen: dict[str, Sequence[Any]] = {}

    def poll(self, now: float) -> list[Summary]:
        """What came or changed since the last time, oldest first."""
        start = max(self._start, now - self._window)
        wanted = Query(start, now + self._reader.source.ahead_s, self._expression)
        found: list[Summary] = list(self._reader.summaries(wanted))
        fresh = [summary for summary in found if self._seen.get(summary["Id"]) != _state(summary)]
        # What left the window cannot come back, so it need not be remembered.
        self._seen = {summary["Id"]: _state(summary) for summary in found}
        return fresh[::-1]


def _state(summary: Summary) -> Sequence[Any]:
    """What makes a trace worth another line: not every document, but its end, and another outcome."""
    return (bool(summary.get("IsPartial")), flag(summary)[0], summary.get("Duration"))


def lines(summaries: Iterable[Summary], width: int) -> Iterator[Text]:
    """A list with its heading."""
    named = False
    for summary in summaries:
        first = None if named else heading(width)
        if first is not None:
            yield first
        named = True
        yield line(summary, width)
