"""Keeps the derived rows true: a thread that compiles what has changed, in small transactions, the newest trace first.

Rule 1: documents are the truth. A trace is due while traces.derived < traces.version, so a process that dies between the
two leaves work and no wrong answer, and the next start does it.
"""

from __future__ import annotations

import functools
import logging
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .database import Database, StoreError, sql
from .link_rows import links_of
from .minutes import add_up, minutes_changed, minutes_grown
from .model import Document
from .rows import Derived, derive

log = logging.getLogger(__name__)

# A function sends its subsegments within some milliseconds of each other: wait that long and compile the trace once.
GATHER_SECONDS = 0.05
# A quarter of what `ingest` alone takes in a second (measured: 40 us per document). With more than that the deriver does
# one round per GIVE_WAY_SECONDS, so that something is seen during a flood.
FLOOD_PER_SECOND = 5_000
GIVE_WAY_SECONDS = 1.0
# Compiled per transaction: some 20 ms without the write lock, some 5 ms with it.
CHUNK = 100
# Minutes younger than this still change; adding them up for nobody would be done again and again.
MINUTE_RESTS_SECONDS = 120
MINUTES_AT_ONCE = 5

Callback = Callable[[Sequence[str]], object]
Due = tuple[int, str, int]
# Under this name a trace that cannot be compiled is shown among the rejected documents.
SOURCE = "store"


@dataclass(frozen=True)
class Work:
    """One trace that is due, its documents, and its rows or why there are none."""

    key: int
    trace_id: str
    version: int
    texts: Sequence[str]
    derived: Derived | str


class Deriver:
    """One per store. Its thread starts with the first `wake` and ends with `stop`."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._callbacks: list[Callback] = []
        self._arrived = 0
        self._work = threading.Event()
        self._stopped = threading.Event()
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None
        self._start = threading.Lock()
        self._check_maker()

    def wake(self, documents: int = 0) -> None:
        """There may be something to do: that many documents came."""
        self._arrived += documents
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
                    self._give_way()
                self._add_up_minutes()
            except StoreError as error:
                # A full disk, most likely. Readers and writers are told by their own calls; here it is tried again with
                # the next document.
                log.warning("traces are not compiled for now: %s", error)
            except Exception:
                log.exception("compiling traces failed; it goes on with the next document")

    def _give_way(self) -> None:
        """Leave the processor to a flood of documents for a while: what is not taken from the socket is lost for good."""
        until = time.monotonic() + GIVE_WAY_SECONDS
        while time.monotonic() < until:
            before = self._arrived
            if self._stopped.wait(GATHER_SECONDS) or self._arrived - before < FLOOD_PER_SECOND * GATHER_SECONDS:
                return

    def _check_maker(self) -> None:
        """Have everything derived anew if other code did it: an update shows old traces as it shows new ones."""
        with self._database.write() as connection:
            made_by = dict(connection.execute(sql("counters"))).get("derived_by")
            if made_by != maker():
                connection.execute(sql("traces_all_due"))
                connection.execute(sql("counter_set"), ("derived_by", maker()))

    def _due(self) -> list[Due]:
        with self._database.read() as connection:
            return connection.execute(sql("traces_to_derive"), (CHUNK,)).fetchall()

    def _chunk(self, due: Sequence[Due]) -> None:
        """Compile outside of the transaction, write inside: those who ingest wait for the second only."""
        with self._database.read() as connection:
            texts = [[row[0] for row in connection.execute(sql("documents_of_key"), (key,))] for key, _, _ in due]
            links = [links_of(connection, trace_id) for _, trace_id, _ in due]
        derived = map(_derive, due, texts, links)
        work = [Work(*one, found, rows) for one, found, rows in zip(due, texts, derived, strict=True)]
        try:
            self._keep(work)
        except Exception as error:
            if isinstance(error, StoreError) and isinstance(error.__cause__, sqlite3.OperationalError):
                # The disk or another process: no trace is to blame.
                raise
            log.exception("rows that do not fit the store; the traces are kept one by one")
            self._one_by_one(work)

    def _one_by_one(self, work: Sequence[Work]) -> None:
        """Find the trace whose rows do not fit, so that the others do not wait for it for ever."""
        for one in work:
            try:
                self._keep([one])
            except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the user is shown it
                self._keep([replace(one, derived=str(error))])

    def _keep(self, work: Sequence[Work]) -> None:
        """Write what was derived, where no documents came meanwhile; such a trace stays due."""
        with self._database.write() as connection:
            fresh = [
                one for one in work if connection.execute(sql("trace_derived"), {"key": one.key, "version": one.version}).rowcount
            ]
            _replace(connection, [(one.key, None if isinstance(one.derived, str) else one.derived) for one in fresh])
            failed = [
                (self._clock(), SOURCE, _report(one), one.texts[0].encode()) for one in fresh if isinstance(one.derived, str)
            ]
            connection.executemany(sql("rejected_put"), failed)
        self._announce([one.trace_id for one in fresh])

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


@functools.cache
def maker() -> int:
    """A number for the code that derives. Of all modules, because a number that people keep is forgotten by people."""
    modules = sorted(Path(__file__).parent.glob("*.py"))
    return zlib.crc32(b"".join(module.read_bytes() for module in modules))


def _derive(due: Due, texts: Sequence[str], links: Sequence[tuple[str, Document]]) -> Derived | str:
    """The rows of one trace. One that cannot be compiled is our fault and must not keep the others from it."""
    _key, trace_id, version = due
    try:
        return derive(trace_id, texts, version, links)
    except Exception as error:
        log.exception("the trace %s cannot be compiled", trace_id)
        return f"{type(error).__name__}: {error}"


def _report(one: Work) -> str:
    return (
        f"the trace {one.trace_id} cannot be compiled ({one.derived}); its {len(one.texts)} documents are kept: "
        "this is a mistake of xray-local, please report it with them"
    )


def _replace(connection: sqlite3.Connection, derived: Sequence[tuple[int, Derived | None]]) -> None:
    """Put the derived rows of traces in the place of their old ones."""
    made = [(key, rows) for key, rows in derived if rows is not None]
    old = _remove(connection, [key for key, _ in derived])
    minutes_grown(connection, [rows.graph for key, rows in made if key not in old])
    minutes_changed(connection, {*old.values(), *(rows.graph.start_time for key, rows in made if key in old)})
    connection.execute(sql("count"), ("serial", len(made)))
    serial = connection.execute(sql("counter"), ("serial",)).fetchone()[0] - len(made)
    headlines = [{**rows.summary, "trace": key, "serial": serial + number} for number, (key, rows) in enumerate(made, 1)]
    connection.executemany(sql("headline_put"), headlines)
    connection.executemany(sql("answer_put"), headlines)
    connection.executemany(sql("annotation_put"), [(key, *row) for key, rows in made for row in rows.annotations])
    connection.executemany(sql("user_put"), [(key, *row) for key, rows in made for row in rows.users])
    connection.executemany(sql("resource_put"), [(key, *row) for key, rows in made for row in rows.resources])
    connection.executemany(sql("visit_put"), [(key, *row) for key, rows in made for row in rows.visits])
    connection.executemany(sql("call_put"), [(key, *row) for key, rows in made for row in rows.calls])


def _remove(connection: sqlite3.Connection, keys: Sequence[int]) -> dict[int, float]:
    """Take away the derived rows of those traces that have some, and say when these traces began."""
    old = {}
    for key in keys:
        before = connection.execute(sql("headline_start"), (key,)).fetchone()
        if before:
            old[key] = before[0]
    tables = ("annotations_delete", "users_delete", "resources_delete", "visits_delete", "calls_delete")
    for table in ("headline_delete", "answer_delete", *tables):
        connection.executemany(sql(table), [(key,) for key in old])
    return old
