"""Forgetting: the oldest traces go first, by age and by the room they take."""

from __future__ import annotations

from .database import Database, sql
from .minutes import minutes_changed

# Traces per transaction: some 20 ms, so that nobody who writes waits long.
CHUNK = 200
# Stop a little below the limit, so that the next document does not start it all over again.
SLACK = 0.95


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
