"""Keeps the derived rows true: a thread that compiles what has changed, in small transactions, the newest trace first.

Rule 1: documents are the truth. A trace is due while traces.derived < traces.version, so a process that dies between the
two leaves work and no wrong answer, and the next start does it.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence

from .database import Database, StoreError, sql
from .graph import merge
from .model import Contribution, Service
from .retention import minutes_changed
from .rows import Derived, derive, dump_graph, load_graph

log = logging.getLogger(__name__)

# The number of the code that derives: raise it when compiling, summaries or the graph change what they say, and every
# store makes its derived rows anew at the next start.
DERIVED_BY = 1
# A function sends its subsegments within some milliseconds of each other: wait that long and compile the trace once.
GATHER_SECONDS = 0.05
# Compiled per transaction: some 20 ms without the write lock, some 5 ms with it.
CHUNK = 100
# Minutes younger than this still change; adding them up for nobody would be done again and again.
MINUTE_RESTS_SECONDS = 120
MINUTES_AT_ONCE = 5

Callback = Callable[[Sequence[str]], object]
Due = tuple[int, str, int]


class Deriver:
    """One per store. Its thread starts with the first `wake` and ends with `stop`."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._callbacks: list[Callback] = []
        self._work = threading.Event()
        self._stopped = threading.Event()
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None
        self._start = threading.Lock()
        self._check_maker()

    def wake(self) -> None:
        """There may be something to do."""
        self._work.set()
        if self._thread is None:
            with self._start:
                if self._thread is None and not self._stopped.is_set():
                    self._thread = threading.Thread(target=self._run, name="xray-local-deriver", daemon=True)
                    self._thread.start()

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call `callback` with the ids of traces whose derived rows have changed; what comes back ends that."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def settle(self, seconds: float) -> bool:
        """Derive what is due, for at most that long. True: nothing is due any more."""
        deadline = time.monotonic() + seconds
        while due := self._due():
            if not self._turn.acquire(timeout=max(0.0, deadline - time.monotonic())):
                return False
            try:
                # Another thread may have done these while this one waited for its turn.
                due = self._due()
                if due:
                    self._chunk(due)
            finally:
                self._turn.release()
            if time.monotonic() >= deadline:
                return not self._due()
        return True

    def stop(self) -> None:
        """End the thread. What is due stays due, in the file."""
        with self._start:
            self._stopped.set()
            self._work.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._work.wait()
            self._work.clear()
            if self._stopped.wait(GATHER_SECONDS):
                return
            try:
                while not self._stopped.is_set() and not self.settle(GATHER_SECONDS):
                    pass
                self._add_up_minutes()
            except StoreError as error:
                # A full disk, most likely. Readers and writers are told by their own calls; here it is tried again with
                # the next document.
                log.warning("traces are not compiled for now: %s", error)

    def _check_maker(self) -> None:
        with self._database.write() as connection:
            made_by = dict(connection.execute(sql("counters"))).get("derived_by")
            if made_by != DERIVED_BY:
                connection.execute(sql("traces_all_due"))
                connection.execute(sql("counter_set"), ("derived_by", DERIVED_BY))

    def _due(self) -> list[Due]:
        with self._database.read() as connection:
            return connection.execute(sql("traces_to_derive"), (CHUNK,)).fetchall()

    def _chunk(self, due: Sequence[Due]) -> None:
        """Compile outside of the transaction, write inside: those who ingest wait for the second only."""
        with self._database.read() as connection:
            texts = [[row[0] for row in connection.execute(sql("documents_of_key"), (key,))] for key, _, _ in due]
        derived = [self._derive(trace_id, found, version) for (_, trace_id, version), found in zip(due, texts, strict=True)]
        changed = []
        with self._database.write() as connection:
            minutes: set[float] = set()
            for (key, trace_id, version), rows in zip(due, derived, strict=True):
                if connection.execute(sql("trace_derived"), {"key": key, "version": version}).rowcount:
                    minutes |= _replace(connection, key, rows)
                    changed.append(trace_id)
            minutes_changed(connection, minutes)
        self._announce(changed)

    def _derive(self, trace_id: str, texts: Sequence[str], version: int) -> Derived | None:
        """The rows of one trace. One that cannot be compiled is our fault and must not keep the others from it."""
        try:
            return derive(trace_id, texts, version)
        except Exception:
            log.exception("the trace %s cannot be compiled; its documents are kept: please report it with them", trace_id)
            return None

    def _announce(self, changed: Sequence[str]) -> None:
        for callback in tuple(self._callbacks):
            try:
                callback(changed)
            except Exception:
                log.exception("a reader of changes failed; it is not called again")
                self._callbacks.remove(callback)

    def _add_up_minutes(self) -> None:
        """Prepare the graph of minutes that have come to rest, as long as there is nothing else to do."""
        rested = int((self._clock() - MINUTE_RESTS_SECONDS) // 60)
        while not (self._work.is_set() or self._stopped.is_set()):
            with self._database.read() as connection:
                missing = connection.execute(sql("minutes_missing"), (rested, MINUTES_AT_ONCE)).fetchall()
            if not missing:
                return
            add_up(self._database, missing)


def add_up(database: Database, minutes: Sequence[tuple[int, int, str | None]]) -> list[Contribution]:
    """The graph of each minute (its number, its version, its graph if it is known); those made here are kept."""
    graphs, made = [], []
    with database.read() as connection:
        for minute, version, known in minutes:
            if known is not None:
                graphs.append(load_graph(known))
                continue
            rows = connection.execute(sql("graphs_between"), (minute * 60, minute * 60 + 60))
            graph = combined([load_graph(row[0]) for row in rows], minute * 60.0, minute * 60.0 + 60)
            graphs.append(graph)
            made.append({"minute": minute, "version": version, "graph": dump_graph(graph)})
    if made:
        with database.write() as connection:
            connection.executemany(sql("minute_keep"), made)
    return graphs


def combined(contributions: Sequence[Contribution], start: float, end: float) -> Contribution:
    """Many contributions as one: statistics and histograms are sums, so a sum of sums is the sum."""
    services: list[Service] = merge(contributions)
    return Contribution("", start, end, [one.node for one in services], [edge for one in services for edge in one.edges], [], [])


def _replace(connection: sqlite3.Connection, key: int, rows: Derived | None) -> set[float]:
    """Put the derived rows of a trace in the place of its old ones; the moments whose minutes have changed."""
    before = connection.execute(sql("summary_start"), (key,)).fetchone()
    changed: set[float] = {before[0]} if before else set()
    if before:
        for table in ("summary_delete", "annotations_delete", "users_delete", "visits_delete", "calls_delete"):
            connection.execute(sql(table), (key,))
    if rows is None:
        return changed
    connection.execute(sql("count"), ("serial", 1))
    connection.execute(sql("summary_put"), {**rows.summary, "trace": key})
    for table, found in (
        ("annotation_put", rows.annotations),
        ("user_put", rows.users),
        ("visit_put", rows.visits),
        ("call_put", rows.calls),
    ):
        connection.executemany(sql(table), [(key, *row) for row in found])
    return changed | {rows.start_time}
