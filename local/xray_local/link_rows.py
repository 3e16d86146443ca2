"""Links between traces (mirrors.py) as rows: written with the documents that tell of them, read with the traces they lead to."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping

from .database import sql
from .mirrors import mirrors
from .model import Document


def keep(connection: sqlite3.Connection, documents: Iterable[Document], keys: Mapping[str, int]) -> None:
    """Remember what documents say about their senders, whose traces are due for that. `keys`: of the documents' traces."""
    found = [(keys[document["trace_id"]], mirror) for document in documents for mirror in mirrors(document)]
    if not found:
        return
    rows = [(key, mirror.receiver, mirror.trace_id, mirror.sender, json.dumps(mirror.link)) for key, mirror in found]
    connection.executemany(sql("link_put"), rows)
    connection.executemany(sql("trace_linked"), [(trace_id,) for trace_id in sorted({mirror.trace_id for _, mirror in found})])


def links_of(connection: sqlite3.Connection, trace_id: str) -> list[tuple[str, Document]]:
    """What other traces tell of a trace's messages: the sending (sub)segment and the link."""
    return [(sender, json.loads(link)) for sender, link in connection.execute(sql("links_of_trace"), (trace_id,))]
