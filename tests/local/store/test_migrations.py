"""The schema's history: what users have on their disks does not change any more."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

from tests.local.store.making import START, segment, text, trace_id
from xray_local import database
from xray_local.filters import parse
from xray_local.store import Store

# Released versions. A change of the schema is the next file, and one more line here once that is released; a database that
# was made by the old text of a file would otherwise never get what the new text adds.
RELEASED = {
    "0001_initial.sql": "ff31eed1a3641a98ad47904c077c93c4d2a491583ad2b46ece1c1f746f033ccd",
}


def test_released_migrations_do_not_change() -> None:
    """Each released file has the bytes it was released with, and their numbers run from 1 without a gap."""
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for _number, path in database.migrations()}
    assert {name: found.get(name) for name in RELEASED} == RELEASED
    assert [number for number, _path in database.migrations()] == list(range(1, len(found) + 1))


def test_traces_of_version_1_are_found_by_what_version_2_keeps(tmp_path: Path) -> None:
    """A file that version 1 made, with a trace it had derived: after opening, filters over the new columns find the trace."""
    path = tmp_path / "traces.db"
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
    with sqlite3.connect(path) as file:
        for statement in database.statements(database.migrations()[0][1].read_text(encoding="utf-8")):
            file.execute(statement)
        file.execute("INSERT INTO traces VALUES (1, ?, ?, ?, 1, 1)", (trace_id(1), START, START))
        document = (segment(1)["id"], text(segment(1, resource_arn=arn, fault=True)))
        file.execute("INSERT INTO documents VALUES (1, 1, ?, 0, 0, 'udp', ?)", document)
        file.execute("PRAGMA user_version = 1")
    file.close()
    with Store(path) as store:
        assert store.settle(10)
        asked = (f'resource.arn = "{arn}"', "service() { root AND fault }", "rootcause.fault.service { first }", "inferred")
        found = {question: len(store.summaries(0, 2e9, expression=parse(question)).summaries) for question in asked}
    assert found == dict(zip(asked, (1, 1, 1, 0), strict=True))
