"""The store: what was received, kept for good when `ingest` returns, and what is asked of it.

Two steps, on purpose. `ingest` writes documents as they came and commits: that is what a sender is told. Compiling traces
and writing the derived rows follows within moments on a thread of its own (deriver.py), once per trace and burst and not
once per document: a trace of 500 subsegments that arrive one by one would otherwise be compiled 500 times. Readers let
that step finish first, for at most SETTLE_SECONDS, so that who writes and then reads finds what was written.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from . import documents
from .collector import held_back
from .database import Database, StoreError, sql
from .deriver import Deriver
from .graph import contribution
from .link_rows import keep, links_of
from .model import Contribution, Document
from .queries import BadTokenError, Page, Queries, Summaries
from .records import Record, Records
from .retention import retain
from .trace import CompiledTrace, compile_trace
from .trouble import Trouble

if TYPE_CHECKING:
    from .filters import Expression

__all__ = ["BadTokenError", "Page", "Record", "Records", "RejectedDocument", "Rejection", "Store", "StoreError", "Summaries"]

# Half a surrogate pair by itself, as JavaScript cuts strings.
HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")
FIRST = Page()
# Longer than one burst of a function (some 100 traces) takes to compile, shorter than a person waits.
SETTLE_SECONDS = 1.0
# A datagram or an API document is 64 KiB at most; what is longer is shown cut.
REJECTED_BYTES = 64 * 1024
# Enough to see what goes wrong; a sender in a loop fills no disk (64 MB at the very worst).
REJECTED_KEPT = 1_000
TELEMETRY_KEPT = 10_000


@dataclass(frozen=True)
class Rejection:
    """Why one document was not taken; the fields of UnprocessedTraceSegments."""

    id: str | None
    code: str
    message: str


@dataclass(frozen=True)
class RejectedDocument:
    """A document that was not taken, as it came."""

    received: float
    source: str
    reason: str
    text: bytes


class Idle:
    """In a Deriver's place where nothing may be written: what is not compiled yet stays so."""

    def wake(self, documents: int = 0) -> None:
        """Nothing is done."""

    def settle(self, _seconds: float) -> bool:
        """There is nothing that could be done."""
        return True

    def subscribe(self, _callback: Callable[[Sequence[str]], object]) -> Callable[[], None]:
        """Nothing changes."""
        return lambda: None

    def stop(self) -> None:
        """Nothing runs."""


class Store:
    """All documents and everything derived from them. Every method may be called from any thread."""

    def __init__(self, path: Path | None = None, *, read_only: bool = False) -> None:
        """`read_only`: for a file that may not be written; what came and was not compiled before stays unseen."""
        self.path = path
        self.trouble = Trouble(
            f"the store {path or 'in memory'}", "datagrams wait in memory meanwhile, and callers of the API are told"
        )
        self._database = Database(path, read_only=read_only)
        self._inode = path.stat().st_ino if path else 0
        self._deriver = Idle() if read_only else Deriver(self._database)
        self._queries = Queries(self._database)
        self.groups = Records(self._database, "group")
        self.sampling_rules = Records(self._database, "sampling_rule")
        self.settings = Records(self._database, "setting")
        self.tags = Records(self._database, "tag")
        self._deriver.wake()

    # What comes in

    def ingest(self, texts: Sequence[str | bytes], source: str, at: float) -> list[Rejection | None]:
        """Keep each document, or say why not, in the order given. What was taken is on disk when this returns."""
        answers: list[Rejection | None] = []
        taken: list[tuple[Document, str]] = []
        refused: list[tuple[float, str, str, bytes]] = []
        for text in texts:
            try:
                document = documents.parse(text)
                taken.append((document, _kept(text, document)))
                answers.append(None)
            except documents.BadDocumentError as error:
                raw = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
                answers.append(Rejection(error.id or None, error.code, str(error)))
                refused.append((at, source, str(error), raw[:REJECTED_BYTES]))
        with self._receiving() as connection:
            keys: dict[str, int] = {}
            for document, _ in taken:
                trace_id = document["trace_id"]
                if trace_id not in keys:
                    row = connection.execute(sql("trace_touch"), {"trace_id": trace_id, "received": at}).fetchone()
                    keys[trace_id] = row[0]
            connection.executemany(
                sql("document_put"),
                (
                    (keys[document["trace_id"]], document["id"], bool(document.get("in_progress")), at, source, text)
                    for document, text in taken
                ),
            )
            keep(connection, (document for document, _ in taken), keys)
            counted = ((f"received {source}", len(taken)), (f"rejected {source}", len(refused)))
            connection.executemany(sql("count"), [pair for pair in counted if pair[1]])
            if refused:
                connection.executemany(sql("rejected_put"), refused)
                connection.execute(sql("rejected_trim"), (REJECTED_KEPT,))
        self._deriver.wake(len(taken))
        return answers

    def reject(self, text: bytes, source: str, at: float, reason: str) -> None:
        """Keep what never was a document (a datagram without a header, a body that is no API call) for the user to see."""
        with self._receiving() as connection:
            connection.execute(sql("rejected_put"), (at, source, reason, text[:REJECTED_BYTES]))
            connection.execute(sql("rejected_trim"), (REJECTED_KEPT,))
            connection.execute(sql("count"), (f"rejected {source}", 1))

    @contextlib.contextmanager
    def _receiving(self) -> Iterator[sqlite3.Connection]:
        """A transaction for what was sent: when it fails, the user is told, and told again when one succeeds."""
        try:
            with self._database.write() as connection:
                yield connection
        except StoreError as error:
            self.trouble.failed(str(error))
            raise
        self.trouble.worked()

    def add_telemetry(self, records: Sequence[dict[str, Any]], at: float) -> None:
        """Keep what PutTelemetryRecords sent."""
        with self._database.write() as connection:
            connection.executemany(sql("telemetry_put"), [(at, json.dumps(record)) for record in records])
            connection.execute(sql("telemetry_trim"), (TELEMETRY_KEPT,))

    # What goes out

    def rejected(self, limit: int = 100) -> list[RejectedDocument]:
        """The newest documents that were not taken, the newest first."""
        with self._database.read() as connection:
            return [RejectedDocument(*row) for row in connection.execute(sql("rejected_newest"), (limit,))]

    def telemetry(self, limit: int = 100) -> list[tuple[float, dict[str, Any]]]:
        """The newest telemetry records with their times of arrival."""
        with self._database.read() as connection:
            return [(at, json.loads(body)) for at, body in connection.execute(sql("telemetry_newest"), (limit,))]

    def documents(self, trace_id: str) -> list[str]:
        """The documents of a trace as they came, in the order of arrival."""
        with self._database.read() as connection:
            return [row[0] for row in connection.execute(sql("documents_of_trace"), (trace_id,))]

    def trace(self, trace_id: str) -> CompiledTrace | None:
        """The trace as X-Ray returns it, with everything that was received until now."""
        texts = self.documents(trace_id)
        if not texts:
            return None
        with self._database.read() as connection:
            links = links_of(connection, trace_id)
        with held_back():
            return compile_trace(trace_id, [json.loads(text) for text in texts], links)

    def trace_ids(self, start: float, end: float, time_range_type: str = "TraceId", limit: int = 1_000) -> list[str]:
        """The ids of the traces of a time range, newest first."""
        self._catch_up()
        return self._queries.trace_ids(start, end, time_range_type, limit)

    def summaries(
        self, start: float, end: float, time_range_type: str = "TraceId", expression: Expression | None = None, page: Page = FIRST
    ) -> Summaries:
        """One page of trace summaries that match the expression, newest first. Raises BadTokenError."""
        self._catch_up()
        return self._queries.summaries(start, end, time_range_type, expression, page)

    def contributions(self, start: float, end: float, group_expression: Expression | None = None) -> list[Contribution]:
        """What the traces of a time range add to the service graph.

        Without an expression full minutes come added up: one contribution without an id per minute. Single visits and
        calls are not among them.
        """
        self._catch_up()
        return self._queries.contributions(start, end, group_expression)

    def contribution(self, trace_id: str) -> Contribution | None:
        """What one trace adds to the service graph, without its single visits and calls; None if there is no such trace."""
        self._catch_up()
        known = self._queries.of_trace(trace_id)
        if known is not None:
            return known
        trace = self.trace(trace_id)
        return contribution(trace) if trace else None

    def changes(self, since: int = 0, limit: int = 1_000) -> tuple[int, list[dict[str, Any]]]:
        """Summaries that changed after the number `since`, in that order, and the number for the next call.

        For readers in another process, which `subscribe` cannot reach.
        """
        self._catch_up()
        return self._queries.changes(since, limit)

    def subscribe(self, callback: Callable[[Sequence[str]], object]) -> Callable[[], None]:
        """Have `callback` called with the ids of changed traces, on the store's thread; what comes back ends that."""
        return self._deriver.subscribe(callback)

    def counts(self) -> dict[str, int | float | None]:
        """How much there is: traces, documents, rejected, pending (traces not yet compiled), bytes, oldest, newest.

        Beside them what ever came, by source: `received udp`, `rejected udp`.
        """
        names = ("traces", "documents", "rejected", "pending", "oldest", "newest")
        with self._database.read() as connection:
            found = dict(zip(names, connection.execute(sql("sizes")).fetchone(), strict=True))
            ever = {name: value for name, value in connection.execute(sql("counters")) if " " in name}
        return {**found, "bytes": self._database.bytes_used(), **ever}

    def misplaced(self) -> str | None:
        """What became of the file while it is open: SQLite goes on with a file that was deleted, and it is gone at the end."""
        if self.path is None:
            return None
        try:
            return None if self.path.stat().st_ino == self._inode else f"another file was put in the place of {self.path}"
        except OSError as error:
            return f"{self.path} was deleted or moved away ({error.strerror})"

    # What goes away

    def retain(self, max_age_s: float | None = None, max_bytes: int | None = None, now: float | None = None) -> int:
        """Forget the oldest traces: those that got nothing for `max_age_s`, and what is beyond `max_bytes`. How many went."""
        older_than = None if max_age_s is None else (time.time() if now is None else now) - max_age_s
        return retain(self._database, older_than, max_bytes)

    def settle(self, seconds: float = SETTLE_SECONDS) -> bool:
        """Compile what came, for at most that long; True when nothing is left to do."""
        return self._deriver.settle(seconds)

    def _catch_up(self) -> None:
        """Before a reader reads. What cannot be written (a full disk) keeps nobody from what was written before."""
        with contextlib.suppress(StoreError):
            self._deriver.settle(SETTLE_SECONDS)

    def close(self) -> None:
        """End the thread and close the file."""
        self._deriver.stop()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _kept(text: str | bytes, document: Document) -> str:
    """The text as it came, unless half a surrogate pair is in it: SQLite takes UTF-8, and parse has replaced it."""
    text = text if isinstance(text, str) else text.decode()
    # A whole pair written as escapes is caught too, and comes to no harm.
    if "\\ud" in text or "\\uD" in text or (not text.isascii() and HALF_CHARACTER.search(text)):
        return json.dumps(document)
    return text
