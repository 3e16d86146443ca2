"""The file: versions, privacy, and what the user is told when it does not work."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
from pathlib import Path

import pytest

from tests.local.store.making import START, call, segment, text, trace_id
from xray_local import database, deriver
from xray_local.store import Store, StoreError


def test_every_statement_is_used_and_every_name_is_a_file() -> None:
    """The folder sql and the names in the code are the same set."""
    package = Path(database.__file__).parent
    code = "".join(path.read_text(encoding="utf-8") for path in package.glob("*.py"))
    files = {path.stem for path in database.SQL.glob("*.sql")}
    quoted = {found for found in re.findall(r'"([a-z_]+)"', code) if found in files}
    asked = set(re.findall(r'sql\("([a-z_]+)"\)', code))
    assert (quoted, asked - files) == (files, set())


def test_a_store_is_there_again_after_closing(tmp_path: Path) -> None:
    """Documents, summaries, groups and counts live in the file."""
    path = tmp_path / "traces.db"
    with Store(path) as store:
        store.ingest([text(segment(1))], "udp", START)
        store.groups.put("slow", {"FilterExpression": "responsetime > 5"}, 1.0)
    with Store(path) as store:
        assert store.trace_ids(0, 2e9) == [trace_id(1)]
        assert [(group.name, group.body) for group in store.groups.all()] == [("slow", {"FilterExpression": "responsetime > 5"})]
        assert store.counts()["received udp"] == 1


def test_what_was_not_compiled_before_the_end_is_compiled_at_the_next_start(tmp_path: Path) -> None:
    """A store that closes at once leaves its traces due; the next one derives them without being asked for them."""
    path = tmp_path / "traces.db"
    with Store(path) as store:
        store.ingest([text(segment(number)) for number in range(50)], "udp", START)
    with Store(path) as store:
        assert store.settle(10)
        assert len(store.trace_ids(0, 2e9)) == 50


def test_new_code_makes_the_derived_rows_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that older code derived is derived again, which the numbers of change show."""
    path = tmp_path / "traces.db"
    with Store(path) as store:
        store.ingest([text(segment(1))], "udp", START)
        last, _ = store.changes()
        assert store.changes(last) == (last, [])
    with Store(path) as store:
        assert store.changes(last) == (last, [])
    monkeypatch.setattr(deriver, "maker", lambda: 1)
    with Store(path) as store:
        assert [one["Id"] for one in store.changes(last)[1]] == [trace_id(1)]


def test_two_processes_may_share_the_file(tmp_path: Path) -> None:
    """What one writes the other reads, and may write too."""
    path = tmp_path / "traces.db"
    with Store(path) as up, Store(path) as reader:
        up.ingest([text(segment(1))], "udp", START)
        assert reader.trace_ids(0, 2e9) == [trace_id(1)]
        reader.ingest([text(segment(2))], "import", START)
        assert sorted(up.trace_ids(0, 2e9)) == [trace_id(1), trace_id(2)]


def test_nobody_else_reads_the_files(tmp_path: Path) -> None:
    """The folder that was made, the file and its logs are the user's own, whatever the umask."""
    path = tmp_path / "data" / "traces.db"
    before = os.umask(0)
    try:
        with Store(path) as store:
            store.ingest([text(segment(1))], "udp", START)
            modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert modes == {"traces.db": 0o600, "traces.db-wal": 0o600, "traces.db-shm": 0o600}


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """An older xray-local refuses it, says what to do and changes nothing."""
    path = tmp_path / "traces.db"
    Store(path).close()
    known = database.migrations()[-1][0]
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError) as caught:
        Store(path)
    assert str(caught.value) == (
        f"the store {path} has version 99 of the schema, this xray-local knows {known}: "
        "update xray-local, or choose another file with --db"
    )
    with sqlite3.connect(path) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (99,)


def test_versions_follow_each_other_or_nothing_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later version is applied to a file with traces in it; one that fails half-way leaves the version before."""
    path = tmp_path / "traces.db"
    with Store(path) as store:
        store.ingest([text(segment(1))], "udp", START)
    good, bad = tmp_path / "good.sql", tmp_path / "bad.sql"
    good.write_text("CREATE TABLE extra (a);\nINSERT INTO extra SELECT trace_id FROM traces;\n", encoding="utf-8")
    bad.write_text("DROP TABLE extra;\nNOT SQL;\n", encoding="utf-8")
    known = database.migrations()
    newest = known[-1][0]
    monkeypatch.setattr(database, "migrations", lambda: [*known, (newest + 1, good)])
    Store(path).close()
    monkeypatch.setattr(database, "migrations", lambda: [*known, (newest + 1, good), (newest + 2, bad)])
    with pytest.raises(StoreError, match="syntax error"):
        Store(path)
    with sqlite3.connect(path) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (newest + 1,)
        assert file.execute("SELECT a FROM extra").fetchall() == [(trace_id(1),)]


def test_a_file_that_is_something_else_is_said_to_be(tmp_path: Path) -> None:
    """Not a database: the text names the file and what to do, and the file stays."""
    path = tmp_path / "notes.txt"
    path.write_text("my notes\n" * 100, encoding="utf-8")
    with pytest.raises(StoreError) as caught:
        Store(path)
    assert str(caught.value) == (
        f"the store {path} failed: the file is not a database of xray-local: choose another one with --db, or move it away "
        "(file is not a database)"
    )
    assert path.read_text(encoding="utf-8") == "my notes\n" * 100


def test_a_place_that_cannot_be_written_is_said_to_be(tmp_path: Path) -> None:
    """A folder where a file is in the way (root may write anywhere else): the user is told to choose another place."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match=r"^the store .* failed: the file cannot be opened or made: choose another place"):
        Store(tmp_path / "file" / "traces.db")


def test_a_full_disk_is_told_and_nothing_is_half_there(tmp_path: Path) -> None:
    """SQLite's own page limit stands for the disk: the batch that does not fit is refused whole, those before stay."""
    path = tmp_path / "traces.db"
    with Store(path) as store:
        store.ingest([text(segment(1))], "udp", START)
        assert store.settle(10)
        store.ingest([text(call(1))], "udp", START)
        store._database._writer.execute("PRAGMA max_page_count = 1")
        with pytest.raises(StoreError, match=r"the disk is full: free some space, or start with --memory"):
            store.ingest([text(segment(number, metadata={"d": {"pad": "x" * 4000}})) for number in range(2, 90)], "udp", START)
        assert (store.trace_ids(0, 2e9), len(store.contributions(START - 1, START + 200))) == ([trace_id(1)], 1)
        store._database._writer.execute("PRAGMA max_page_count = 1000000")
        assert store.ingest([text(segment(2))], "udp", START) == [None]
        assert store.trace_ids(0, 2e9) == [trace_id(2), trace_id(1)]


def test_records_remember_when_they_were_made(tmp_path: Path) -> None:
    """A record keeps its time of creation when it changes, and kinds do not see each other."""
    with Store() as store:
        store.groups.put("a", {"n": 1}, 1.0)
        changed = store.groups.put("a", {"n": 2}, 2.0)
        assert (changed, store.groups.get("a"), store.groups.all()) == (changed, changed, [changed])
        assert (changed.body, changed.created, changed.modified) == ({"n": 2}, 1.0, 2.0)
        assert store.sampling_rules.all() == []
        assert (store.groups.delete("a"), store.groups.delete("a"), store.groups.get("a")) == (True, False, None)


def test_telemetry_is_kept_as_it_was_sent() -> None:
    """The newest first, each with its time."""
    with Store() as store:
        store.add_telemetry([{"SegmentsReceivedCount": 1}], 1.0)
        store.add_telemetry([{"SegmentsReceivedCount": 2}], 2.0)
        assert store.telemetry() == [(2.0, {"SegmentsReceivedCount": 2}), (1.0, {"SegmentsReceivedCount": 1})]
