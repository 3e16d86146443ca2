"""Questions about traces: pages of summaries, ids, the service graph of a time.

No documents are parsed here but for an expression that SQL cannot decide: then traces are compiled one by one, and a page
ends after SCANNED_AT_MOST of them, as X-Ray's own pages do (a page may be empty and still have a next one).
"""

from __future__ import annotations

import base64
import functools
import json
import math
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .database import Database, sql
from .graph import contribution
from .link_rows import links_of
from .minutes import SECONDS, add_up
from .model import CompiledTrace, Contribution, Document, Summary
from .rows import load_graph
from .summary import summarise
from .trace import compile_trace

if TYPE_CHECKING:
    from .filters import Expression

# Some 60 ms of compiling, twice that while other programs are busy.
SCANNED_AT_MOST = 200
# GetTraceSummaries has no documented page size; boto3's own paginator shows what comes. Short first answers are worth more.
PAGE = 100
# The newest possible place of a page: before any time, any trace.
FROM_THE_TOP = (float("inf"), 2**63 - 1)
# TimeRangeType to statement and column (facts F, botocore's model).
RANGES = {
    "TraceId": ("summaries_page", "id_time"),
    "Event": ("summaries_overlapping", "start_time"),
    "Service": ("summaries_page", "end_time"),
}


# How many rows are asked in the order of the page before all are asked in the order of the table: some 3 ms.
NEAR = 5_000
# Row after row instead of by way of an index. Among 100,000 traces a filter that nothing matches takes 36 ms so, and not 61.
IN_TABLE_ORDER = "+s.trace IN (SELECT s.trace FROM headlines AS s NOT INDEXED WHERE {0})"


class BadTokenError(ValueError):
    """A NextToken that this store never gave."""


@dataclass(frozen=True)
class Page:
    """Which page, and how long: `token` is the `next` of the page before."""

    token: str | None = None
    limit: int = PAGE


@dataclass(frozen=True)
class Summaries:
    """One page of trace summaries in the shape of the API, newest first. `next` is None at the end."""

    summaries: list[dict[str, Any]]
    next: str | None
    processed: int


@dataclass(frozen=True)
class View:
    """One trace as an expression sees it; made as far as the expression asks."""

    id: str
    texts: Sequence[str]
    links: Sequence[tuple[str, Document]] = ()

    @functools.cached_property
    def trace(self) -> CompiledTrace:
        """The segments."""
        return compile_trace(self.id, [json.loads(text) for text in self.texts], self.links)

    @functools.cached_property
    def summary(self) -> Summary:
        """The trace as a whole."""
        return summarise(self.trace)

    @functools.cached_property
    def contribution(self) -> Contribution:
        """Its visits and calls."""
        return contribution(self.trace)


@dataclass(frozen=True)
class _Range:
    """A time range with a filter in SQL."""

    start: float
    end: float
    kind: str
    where: str = "TRUE"
    values: tuple[Any, ...] = ()

    @property
    def by_columns(self) -> bool:
        """Whether each row has to be looked at, because the filter is no list of traces (filters.sql)."""
        return self.where != "TRUE" and "SELECT" not in self.where


class Queries:
    """Reads the derived rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def summaries(self, start: float, end: float, kind: str, expression: Expression | None, page: Page) -> Summaries:
        """One page of the summaries of a time range that match the expression."""
        decided, where, values = _condition(expression)
        wanted = _Range(start, end, kind, where, tuple(values))
        place = _place(page.token)
        with self._database.read() as connection:
            if decided or expression is None:
                return self._decided(connection, wanted, place, page.limit)
            return self._scanned(connection, wanted, expression, (place, page.limit))

    def trace_ids(self, start: float, end: float, kind: str, limit: int) -> list[str]:
        """The ids of the traces of a time range, newest first."""
        with self._database.read() as connection:
            return [row[1] for row in _rows(connection, _Range(start, end, kind), FROM_THE_TOP, limit)]

    def changes(self, since: int, limit: int) -> tuple[int, list[dict[str, Any]]]:
        """Summaries that changed after `since`, in that order, and the number to ask with next time."""
        with self._database.read() as connection:
            rows = connection.execute(sql("summaries_since"), (since, limit)).fetchall()
        return (rows[-1][0] if rows else since), [json.loads(row[2]) for row in rows]

    def contributions(self, start: float, end: float, expression: Expression | None) -> list[Contribution]:
        """What the traces that start within the range add to the graph.

        Without an expression full minutes come added up, one contribution per minute.
        """
        if expression is not None:
            return self._matching(start, end, expression)
        first, last = math.ceil(start / SECONDS), math.floor(end / SECONDS)
        if first >= last:
            return self._single(start, end)
        with self._database.read() as connection:
            minutes = connection.execute(sql("minutes_between"), (first, last)).fetchall()
        return [*self._single(start, first * SECONDS), *add_up(self._database, minutes), *self._single(last * SECONDS, end)]

    def of_trace(self, trace_id: str) -> Contribution | None:
        """What one trace adds to the graph, without its single visits and calls; None if it has to be compiled for that."""
        with self._database.read() as connection:
            row = connection.execute(sql("graph_of_trace"), (trace_id,)).fetchone()
        return load_graph(row[0]) if row else None

    def _single(self, start: float, end: float) -> list[Contribution]:
        with self._database.read() as connection:
            return [load_graph(row[0]) for row in connection.execute(sql("graphs_between"), (start, end))]

    def _matching(self, start: float, end: float, expression: Expression) -> list[Contribution]:
        decided, where, values = _condition(expression)
        with self._database.read() as connection:
            rows = connection.execute(sql("graphs_matching").format(filter=where), (start, end, *values)).fetchall()
            if not decided:
                rows = [row for row in rows if _matches(expression, self._view(connection, row[0], row[1]))]
        return [load_graph(row[2]) for row in rows]

    def _decided(self, connection: sqlite3.Connection, wanted: _Range, place: tuple[float, int], limit: int) -> Summaries:
        rows = _found(connection, wanted, place, limit + 1)
        kept = rows[:limit]
        more = _token(kept[-1][2], kept[-1][0]) if len(rows) > limit else None
        return Summaries([json.loads(row[3]) for row in kept], more, len(kept))

    def _scanned(
        self, connection: sqlite3.Connection, wanted: _Range, expression: Expression, page: tuple[tuple[float, int], int]
    ) -> Summaries:
        place, limit = page
        found: list[dict[str, Any]] = []
        scanned = 0
        for row in _found(connection, wanted, place, SCANNED_AT_MOST):
            scanned += 1
            if _matches(expression, self._view(connection, row[0], row[1])):
                found.append(json.loads(row[3]))
            if len(found) == limit or scanned == SCANNED_AT_MOST:
                return Summaries(found, _token(row[2], row[0]), scanned)
        return Summaries(found, None, scanned)

    @staticmethod
    def _view(connection: sqlite3.Connection, key: int, trace_id: str) -> View:
        texts = connection.execute(sql("documents_of_key"), (key,)).fetchall()
        return View(trace_id, [row[0] for row in texts], links_of(connection, trace_id))


def _rows(connection: sqlite3.Connection, wanted: _Range, place: tuple[float, int], limit: int) -> Iterator[tuple[Any, ...]]:
    statement, column = RANGES[wanted.kind]
    values = (wanted.end, wanted.start, *place, *wanted.values, limit)
    return connection.execute(sql(statement).format(time=column, filter=wanted.where), values)


def _found(connection: sqlite3.Connection, wanted: _Range, place: tuple[float, int], limit: int) -> list[tuple[Any, ...]]:
    """The first rows of a page: soon where many match, and not much later where few do.

    What many traces match is found among the next NEAR in the page's order. What few match makes SQLite look at each row, and by
    way of the order's index that takes twice as long as row after row.
    """
    _statement, column = RANGES[wanted.kind]
    if not wanted.by_columns or wanted.kind == "Event":
        return list(_rows(connection, wanted, place, limit))
    edge = connection.execute(sql("summaries_edge").format(time=column), (wanted.end, wanted.start, *place, NEAR)).fetchone()
    if edge is None:
        return list(_rows(connection, wanted, place, limit))
    near = list(_rows(connection, replace(wanted, start=edge[0]), place, limit))
    if len(near) == limit:
        return near
    return list(_rows(connection, replace(wanted, where=IN_TABLE_ORDER.format(wanted.where)), place, limit))


def _place(token: str | None) -> tuple[float, int]:
    """Where a page begins. The token is opaque to callers and holds no secret."""
    if token is None:
        return FROM_THE_TOP
    try:
        at, trace = json.loads(base64.urlsafe_b64decode(token.encode()))
        return float(at), int(trace)
    except (ValueError, TypeError, OverflowError) as error:
        raise BadTokenError("the NextToken is not one of this store: ask for the first page again, without a token") from error


def _token(at: float, trace: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([at, trace]).encode()).decode()


def _condition(expression: Expression | None) -> tuple[bool, str, list[Any]]:
    """Whether SQL alone decides, and the condition: what it leaves over is asked again otherwise."""
    if expression is None:
        return True, "TRUE", []
    # Lark takes 150 ms to import; most who open a store have no expression.
    from .filters import prefilter, to_sql  # noqa: PLC0415

    exact = to_sql(expression)
    return (True, *exact) if exact is not None else (False, *prefilter(expression))


def _matches(expression: Expression, view: View) -> bool:
    from .filters import matches  # noqa: PLC0415 - as above

    return matches(expression, view)
