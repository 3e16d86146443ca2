"""Disks and files that cannot be used: each as a real process meets it, and what its user then reads."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local.server import clients
from tests.local.terminal.making import environment, request, run, texts, trace_id, wait_until
from tests.local.terminal.processes import COMMAND, on_a_small_disk, serving, without_rights
from xray_local.database import migrations
from xray_local.store import Store
from xray_local.terminal.source import health

FULL = "the disk is full: free some space, or start with --memory"


def put(endpoint: str, number: int, size: int = 0) -> str:
    """Sends a document of at least that size; the answer's error, or nothing."""
    document = json.dumps(request(number, time.time(), metadata={"default": {"pad": "x" * size}}))
    body = json.dumps({"TraceSegmentDocuments": [document]}).encode()
    status, _headers, answer = clients.http(f"{endpoint}/TraceSegments", body)
    return "" if status == 200 else f"{status} {json.loads(answer)['message']}"


def fill(path: Path) -> None:
    """Writes a file until nothing fits any more."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass


def counts(endpoint: str) -> dict[str, Any]:
    """What the store has."""
    found = health(endpoint)
    assert found is not None
    counted: dict[str, Any] = found["store"]["counts"]
    return counted


def plain(text: str, folder: Path) -> str:
    """A sentence without what differs from run to run."""
    return re.sub(r"\b\d[\d,.]*\b", "N", text.replace(f"{folder}/", ""))


def found(home: Path, endpoint: str) -> tuple[int, dict[str, str]]:
    """What doctor says there, each sentence with its advice; and its exit code."""
    done = run(home, "doctor", "--json", "--endpoint", endpoint)
    return done.returncode, {plain(one["text"], home): plain(one["advice"], home) for one in json.loads(done.stdout)}


def test_a_full_disk(tmp_path: Path) -> None:
    """The API says it, `up` and doctor say it, what comes by UDP waits, and all goes on by itself when there is room again."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = [*on_a_small_disk(disk, 4), *COMMAND]
    with serving(tmp_path, "--port", "0", "--db", str(disk / "traces.db"), command=command) as server:
        assert put(server.endpoint, 1) == ""
        wait_until(lambda: counts(server.endpoint)["pending"] == 0)
        filler = server.inside(disk / "filler")
        fill(filler)
        errors = [put(server.endpoint, number, 50_000) for number in range(2, 20)]
        refused = f"500 the store {disk / 'traces.db'} failed: {FULL} (database or disk is full)"
        assert (errors[-1], set(errors) - {""}) == (refused, {refused})
        segments = [clients.segment("udp", number, metadata={"default": {"pad": "x" * 50_000}}) for number in range(100, 130)]
        send(server.address, *map(clients.datagram, segments))
        wait_until(lambda: (health(server.endpoint) or {})["udp"]["datagrams"] == 30)
        code, told = found(tmp_path, server.endpoint)
        failing = next(text for text in told if "store disk/traces.db" in text)
        assert (code, re.sub("N (ms|s)", "N s", failing), told[failing]) == (
            1,
            f"Nothing can be stored for N s: the store disk/traces.db failed: {FULL} (database or disk is full)",
            "N datagrams wait in memory and are stored as soon as that is mended",
        )
        # What was there before can still be looked at.
        listed = json.loads(run(tmp_path, "traces", "--json", "--endpoint", server.endpoint).stdout)
        assert [trace["EntryPoint"]["Name"] for trace in listed] == ["shop"]
        filler.unlink()
        kept = 1 + errors.count("") + 30
        wait_until(lambda: counts(server.endpoint)["traces"] == kept)
        assert put(server.endpoint, 200, 50_000) == ""
        code, told = found(tmp_path, server.endpoint)
        assert (code, [text for text in told if "Storing failed" in text and "it works now" in text] == []) == (0, False)
        about = [plain(line, tmp_path) for line in server.said() if "disk/traces.db" in line]
    consequence = "datagrams wait in memory meanwhile, and callers of the API are told"
    assert (about[0], about[-1]) == (
        f"xray-local: the store disk/traces.db failed: {FULL} (database or disk is full); {consequence}",
        "xray-local: the store disk/traces.db works again, after N s and N failures",
    )


def test_ctrl_c_while_the_disk_is_full(tmp_path: Path) -> None:
    """It ends within seconds, and says how many datagrams were lost with it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = [*on_a_small_disk(disk, 2), *COMMAND]
    with serving(tmp_path, "--port", "0", "--db", str(disk / "traces.db"), command=command) as server:
        fill(server.inside(disk / "filler"))
        segments = [clients.segment("udp", number, metadata={"default": {"pad": "x" * 60_000}}) for number in range(1, 41)]
        send(server.address, *map(clients.datagram, segments))
        wait_until(lambda: any(FULL in line for line in server.said()))
        waiting = (health(server.endpoint) or {})["udp"]["backlog"]
        server.process.send_signal(signal.SIGINT)
        begin = time.monotonic()
        assert server.process.wait(30) == 0
        assert time.monotonic() - begin < 10
        lost = [re.search(r"(\d+) datagrams are lost: StoreError: .*" + FULL, line) for line in server.said()]
        assert (waiting > 0, sum(int(one[1]) for one in lost if one)) == (True, waiting)


def test_a_disk_that_is_full_from_the_start(tmp_path: Path) -> None:
    """`up` does not start, and says why; nothing half-made is left in the way of the next start."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = on_a_small_disk(disk, 1)
    script = 'head -c 2m /dev/zero > "$0/filler" 2>/dev/null; "$@"; echo $? >&2; rm "$0/filler"; ls "$0" >&2; exec "$@"'
    command = [*made, "sh", "-c", script, str(disk), *COMMAND]
    with serving(tmp_path, "--port", "0", "--db", str(disk / "traces.db"), command=command) as server:
        assert put(server.endpoint, 1) == ""
        assert server.said()[:2] == [f"xray-local: the store {disk / 'traces.db'} failed: {FULL} (database or disk is full)", "1"]


def send(address: str, *datagrams: bytes) -> None:
    """Sends datagrams to a daemon."""
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for datagram in datagrams:
            sock.sendto(datagram, (host, int(port)))
            # The default buffer holds four of the largest ones.
            time.sleep(0.005)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose parents a process without root's rights may enter."""
    path = Path(tempfile.mkdtemp(prefix="xray-local-"))
    yield path
    path.chmod(0o700)
    shutil.rmtree(path)


def tried(home: Path, *arguments: str) -> tuple[int, str]:
    """A command for whom the modes of files hold: its exit code and what it complained of."""
    done = subprocess.run(  # noqa: S603 - the command under test
        [*without_rights(), *COMMAND, *arguments], env=environment(home), capture_output=True, text=True, check=False, timeout=60
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr.replace(f"{home}/", "").removesuffix("\n")


def database(path: Path, number: int = 1) -> Path:
    """A database with one trace in it."""
    with Store(path) as store:
        store.ingest(texts(request(number, time.time())), "test", time.time())
        assert store.settle(10)
    return path


ELSEWHERE = "choose another place with --db, or start with --memory"


def test_a_folder_that_may_not_be_written(folder: Path) -> None:
    """`up` says which folder; no file is made."""
    (folder / "locked").mkdir(mode=0o500)
    assert tried(folder, "up", "--port", "0", "--db", str(folder / "locked" / "traces.db")) == (
        1,
        f"xray-local: the store locked/traces.db cannot be made: the folder may not be written; {ELSEWHERE}",
    )
    code, text = tried(folder, "up", "--port", "0", "--db", str(folder / "locked" / "deeper" / "traces.db"))
    assert (code, text.partition(" (")[0]) == (
        1,
        f"xray-local: the store locked/deeper/traces.db failed: you have no right to the file or its folder: {ELSEWHERE}",
    )
    assert list((folder / "locked").iterdir()) == []


@pytest.mark.parametrize(("file", "place"), [(0o400, 0o700), (0o600, 0o500), (0o400, 0o500)])
def test_a_database_that_may_only_be_read(folder: Path, file: int, place: int) -> None:
    """`up` refuses it and says how to look at it; readers read it, leave nothing behind, and cannot import into it."""
    path = database(folder / "data" / "traces.db")
    path.chmod(file)
    path.parent.chmod(place)
    advice = f"{ELSEWHERE} (to look at it: xray-local traces --db data/traces.db)"
    assert tried(folder, "up", "--port", "0", "--db", str(path)) == (
        1,
        f"xray-local: the store data/traces.db cannot be written: it or its folder is read-only for you; {advice}",
    )
    listed = subprocess.run(  # noqa: S603 - the command under test
        [*without_rights(), *COMMAND, "traces", "--json", "--db", str(path)],
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (listed.stderr, [trace["Duration"] for trace in json.loads(listed.stdout)]) == ("", [1.0])
    document = folder / "document.json"
    document.write_text(json.dumps(request(2, time.time())), encoding="utf-8")
    assert tried(folder, "import", str(document), "--db", str(path)) == (
        1,
        f"xray-local: the store data/traces.db cannot be written: the file or its folder is read-only: {ELSEWHERE}",
    )
    path.parent.chmod(0o700)
    assert [one.name for one in path.parent.iterdir()] == ["traces.db"]


def test_a_database_that_may_only_be_read_while_its_owner_writes(folder: Path) -> None:
    """The reader sees what the running server has not yet folded into the file."""
    path = folder / "data" / "traces.db"
    with Store(path) as store:
        store.ingest(texts(request(1, time.time())), "test", time.time())
        assert store.settle(10)
        for one in path.parent.iterdir():
            one.chmod(0o400)
        command = [*without_rights(), *COMMAND, "traces", "--json", "--db", str(path)]
        done = subprocess.run(command, env=environment(folder), capture_output=True, text=True, check=False)  # noqa: S603
        assert (done.stderr, len(json.loads(done.stdout))) == ("", 1)


def test_a_database_of_somebody_else(folder: Path) -> None:
    """Neither `up` nor a reader may open it: both name it, and its owner where there is one."""
    path = database(folder / "traces.db")
    path.chmod(0o000)
    whose = ""
    if os.geteuid() == 0:
        os.chown(path, 65_534, 65_534)
        whose = f", it belongs to {path.owner()}"
    said = f"xray-local: the store traces.db cannot be read: you have no right to it{whose}; {ELSEWHERE}"
    assert tried(folder, "up", "--port", "0", "--db", str(path)) == (1, said)
    assert tried(folder, "traces", "--db", str(path)) == (1, said)


def test_a_data_folder_of_somebody_else(folder: Path) -> None:
    """Without --db the default place is meant, and named."""
    folder.chmod(0o000)
    said = f"xray-local: {folder}/traces.db: you have no right to it; choose another place with --db or XRAY_LOCAL_HOME"
    command = [*without_rights(), *COMMAND, "traces"]
    own = environment(folder)
    done = subprocess.run(command, env=own, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said + "\n")


def test_a_folder_in_the_files_place(tmp_path: Path) -> None:
    """What to write instead is said."""
    said = "xray-local: the store . is a folder: name a file in it, such as traces.db"
    for command in (("up", "--port", "0"), ("traces",)):
        code, text = tried(tmp_path, *command, "--db", str(tmp_path))
        assert (code, text.replace(str(tmp_path), ".")) == (1, said)


def test_a_database_of_another_program(tmp_path: Path) -> None:
    """It is refused without one byte of it being changed."""
    path = tmp_path / "app.db"
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.executescript("CREATE TABLE customers (name); INSERT INTO customers VALUES ('ana'); PRAGMA user_version = 1;")
    before = path.read_bytes()
    said = "the store app.db is a database of another program: choose another one with --db, or move it away"
    for command in (("up", "--port", "0"), ("traces",)):
        assert tried(tmp_path, *command, "--db", str(path)) == (1, f"xray-local: {said}")
    assert path.read_bytes() == before


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """The same for a file of any other kind, which stays as it was."""
    path = tmp_path / "notes.txt"
    path.write_text("my notes\n" * 100, encoding="utf-8")
    said = "the file is not a database of xray-local: choose another one with --db, or move it away (file is not a database)"
    for command in (("up", "--port", "0"), ("traces",)):
        assert tried(tmp_path, *command, "--db", str(path)) == (1, f"xray-local: the store notes.txt failed: {said}")
    assert path.read_text(encoding="utf-8") == "my notes\n" * 100


def test_a_database_of_a_newer_version(tmp_path: Path) -> None:
    """Both versions are named, and the file is left as it was."""
    path = database(tmp_path / "traces.db")
    with contextlib.closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    said = f"the store traces.db has version 99 of the schema, this xray-local knows {migrations()[-1][0]}"
    for command in (("up", "--port", "0"), ("traces",)):
        assert tried(tmp_path, *command, "--db", str(path)) == (
            1,
            f"xray-local: {said}: update xray-local, or choose another file with --db",
        )
    assert path.read_bytes() == before


def test_a_database_that_is_deleted_while_it_is_used(tmp_path: Path) -> None:
    """SQLite goes on with a file that has no name any more; doctor says that the traces will be gone."""
    path = tmp_path / "traces.db"
    with serving(tmp_path, "--port", "0", "--db", str(path)) as server:
        assert put(server.endpoint, 1) == ""
        assert found(tmp_path, server.endpoint)[0] == 0
        path.unlink()
        code, told = found(tmp_path, server.endpoint)
        gone = "These traces are gone when xray-local ends: traces.db was deleted or moved away (No such file or directory)"
        assert (code, told.get(gone)) == (1, "start xray-local up again; `xray-local export` saves what it still has")
        exported = run(tmp_path, "export", "--endpoint", server.endpoint)
        assert [trace["Id"][-3:] for trace in json.loads(exported.stdout)["Traces"]] == [trace_id(1, 0)[-3:]]


def test_two_servers_on_one_database(tmp_path: Path) -> None:
    """On two ports: what either was sent both show, and neither loses anything to the other."""
    path = str(tmp_path / "traces.db")
    homes = [tmp_path / "a", tmp_path / "b"]
    for home in homes:
        home.mkdir()
    with serving(homes[0], "--port", "0", "--db", path) as one, serving(homes[1], "--port", "0", "--db", path) as other:
        for number in range(1, 101):
            segment = clients.datagram(clients.segment("udp", number))
            send((one, other)[number % 2].address, segment)
            assert put((one, other)[number % 2].endpoint, 1_000 + number) == ""
        wait_until(lambda: [counts(server.endpoint)["traces"] for server in (one, other)] == [200, 200])
        lists = [
            json.loads(run(tmp_path, "traces", "-n", "500", "--json", "--endpoint", server.endpoint).stdout)
            for server in (one, other)
        ]
        assert (len(lists[0]), lists[0] == lists[1]) == (200, True)
        assert [server.said() for server in (one, other)] == [[], []]
