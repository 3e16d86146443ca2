"""The service graph of every minute, added up once instead of by each reader.

Statistics and histograms are sums, so a sum of sums is the sum. A trace belongs to the minute it began in. A new trace is
added to its minute at once; one that changed cannot be taken out again (times are not sums), so its minute is forgotten
and made anew by the next who needs it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence

from .database import Database, StoreError, sql
from .graph import merge
from .model import Contribution
from .rows import dump_graph, load_graph

SECONDS = 60.0


def minutes_changed(connection: sqlite3.Connection, starts: Iterable[float]) -> None:
    """The graphs of these moments' minutes are no longer true."""
    connection.executemany(sql("minute_changed"), [(minute,) for minute in sorted({_minute(start) for start in starts})])


def minutes_grown(connection: sqlite3.Connection, graphs: Sequence[Contribution]) -> None:
    """Traces came that the store did not know: they are added to their minutes, if these are known."""
    by_minute: defaultdict[int, list[Contribution]] = defaultdict(list)
    for graph in graphs:
        by_minute[_minute(graph.start_time)].append(graph)
    for minute, new in by_minute.items():
        known = connection.execute(sql("minute"), (minute,)).fetchone()
        if known is not None and known[0] is None:
            minutes_changed(connection, [minute * SECONDS])
            continue
        before = [load_graph(known[0])] if known is not None else []
        connection.execute(sql("minute_put"), {"minute": minute, "graph": dump_graph(_combined([*before, *new], minute))})


def add_up(database: Database, minutes: Sequence[tuple[int, int, str | None]]) -> list[Contribution]:
    """The graph of each minute (its number, its version, its graph if it is known); those made here are kept."""
    graphs, made = [], []
    with database.read() as connection:
        for minute, version, known in minutes:
            if known is not None:
                graphs.append(load_graph(known))
                continue
            rows = connection.execute(sql("graphs_between"), (minute * SECONDS, (minute + 1) * SECONDS))
            graph = _combined([load_graph(row[0]) for row in rows], minute)
            graphs.append(graph)
            made.append({"minute": minute, "version": version, "graph": dump_graph(graph)})
    if made:
        # A full disk keeps nobody from reading.
        with contextlib.suppress(StoreError), database.write() as connection:
            connection.executemany(sql("minute_keep"), made)
    return graphs


def _minute(start: float) -> int:
    return int(start // SECONDS)


def _combined(graphs: Sequence[Contribution], minute: int) -> Contribution:
    services = merge(graphs)
    nodes, edges = [one.node for one in services], [edge for one in services for edge in one.edges]
    return Contribution("", minute * SECONDS, (minute + 1) * SECONDS, nodes, edges, [], [])
