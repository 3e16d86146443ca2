"""Small named things the API keeps for its user: groups, sampling rules, settings, tags."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from .database import Database, sql


@dataclass(frozen=True)
class Record:
    """One of them, with its times in epoch seconds."""

    name: str
    body: dict[str, Any]
    created: float
    modified: float


class Records:
    """All records of one kind, by name."""

    def __init__(self, database: Database, kind: str) -> None:
        self._database = database
        self._kind = kind

    def all(self) -> list[Record]:
        """Every record, by name."""
        with self._database.read() as connection:
            return [_record(row) for row in connection.execute(sql("records_all"), (self._kind,))]

    def get(self, name: str) -> Record | None:
        """The record of that name, if there is one."""
        with self._database.read() as connection:
            row = connection.execute(sql("record_get"), (self._kind, name)).fetchone()
        return _record(row) if row else None

    def put(self, name: str, body: dict[str, Any], at: float) -> Record:
        """Make or replace a record; its time of creation stays."""
        with self._database.write() as connection:
            connection.execute(sql("record_put"), {"kind": self._kind, "name": name, "body": json.dumps(body), "at": at})
            return _record(connection.execute(sql("record_get"), (self._kind, name)).fetchone())

    def delete(self, name: str) -> bool:
        """Remove a record; False when there was none."""
        with self._database.write() as connection:
            return connection.execute(sql("record_delete"), (self._kind, name)).rowcount > 0


def _record(row: tuple[Any, ...] | sqlite3.Row) -> Record:
    name, body, created, modified = row
    return Record(name, json.loads(body), created, modified)
