"""Which traces a command is about: the source to read, the time, the newest one.

Sources are looked for in this order: --endpoint or --db if given, AWS_ENDPOINT_URL_XRAY, a server that runs on this machine,
and at last the database that one has left.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from xray_local import home

from .source import DatabaseSource, EndpointSource, Query, Reader, Source, SourceError, health

ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL_XRAY"
DEFAULT_ENDPOINT = "http://127.0.0.1:2000"
# As far back as one question to X-Ray itself may reach.
SINCE = "6h"
UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd])")


@contextlib.contextmanager
def opened(endpoint: str | None, db: Path | None) -> Iterator[Reader]:
    """The reader that the options and the environment ask for."""
    if endpoint and db:
        raise SourceError("--endpoint and --db exclude each other")
    with Reader(_source(endpoint or os.environ.get(ENDPOINT_VARIABLE), db)) as reader:
        yield reader


def _source(endpoint: str | None, db: Path | None) -> Source:
    if db:
        return DatabaseSource(db)
    if endpoint:
        return EndpointSource(endpoint)
    if running := running_endpoint():
        return EndpointSource(running)
    if home.database().exists():
        return DatabaseSource(home.database())
    raise SourceError("no xray-local runs on this machine, and none has left a database: start one with `xray-local up`")


def running_endpoint() -> str | None:
    """The server on this machine; the one that was started last, if there are several."""
    candidates = [*(instance.endpoint for instance in home.instances()), DEFAULT_ENDPOINT]
    return next(filter(health, candidates), None)


def last(reader: Reader) -> str:
    """The id of the newest trace."""
    newest = next(reader.summaries(query(reader, SINCE)), None)
    if newest is None:
        raise SourceError(f"no traces in {reader.source.describe()} since {SINCE} ago")
    return str(newest["Id"])


def advice(expression: str) -> str | None:
    """What else to ask when an expression has found nothing; the trouble may lie behind the entry of the trace."""
    # Lark takes 150 ms to import, and most questions have an answer.
    from xray_local import filters  # noqa: PLC0415

    try:
        return filters.hint(filters.parse(expression)) if expression.strip() else None
    except filters.FilterError:
        # Whoever was asked takes it, so it is no error of the user's.
        return None


def query(reader: Reader, since: str, expression: str = "") -> Query:
    """The time range of the options."""
    now = time.time()
    return Query(now - seconds(since), now + reader.source.ahead_s, expression)


def seconds(text: str) -> float:
    """`90s`, `15m`, `6h`, `7d`."""
    match = DURATION.fullmatch(text)
    if match is None:
        raise SourceError(f"{text!r} is no time span: write 30s, 15m, 6h or 7d")
    return float(match[1]) * UNITS[match[2]]
