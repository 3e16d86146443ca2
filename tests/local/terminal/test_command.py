"""The command as users run it: the server as a real process on real ports, with a real kill -9.

Readers run in this process where nothing speaks against it: an interpreter with boto3 takes a second to start on a busy machine.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest

from tests.local.terminal.making import environment, part, request, run, texts, trace_id, up, wait_until
from xray_local import __version__, cli
from xray_local.server import Running
from xray_local.terminal import choosing
from xray_local.terminal.listing import clock

HEADER = b'{"format":"json","version":1}\n'

Result = tuple[int, str, str]
Command = Callable[..., Result]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command in this process, with a data folder of its own: exit code, output, errors."""
    for name in os.environ:
        if name.startswith(("AWS_", "XRAY_LOCAL", "NO_COLOR", "FORCE_COLOR")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XRAY_LOCAL_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    # A server of the user's own on port 2000 is none of the tests'.
    monkeypatch.setattr(choosing, "DEFAULT_ENDPOINT", "http://127.0.0.1:9")

    def run_here(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["xray-local", *arguments])
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        return (code, *capsys.readouterr())

    return run_here


def send(address: str, *documents: dict[str, Any]) -> None:
    """Documents as an SDK sends them."""
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for text in texts(*documents):
            sock.sendto(HEADER + text.encode(), (host, int(port)))


def ids(done: Result) -> list[str]:
    """The ids in the answer of `traces --json`."""
    return [summary["Id"] for summary in json.loads(done[1])]


def test_a_session_that_is_killed(tmp_path: Path, command: Command) -> None:
    """A server gets datagrams, and readers find it without being told.

    Killed, it leaves what it had to readers and to the next server, which goes in good order.
    """
    now = time.time()
    names = [trace_id(number, now - number) for number in (1, 2)]
    with up(tmp_path, "--port", "0") as (process, address, endpoint):
        send(address, request(1, now - 1), request(2, now - 2))
        wait_until(lambda: ids(command("traces", "--json")) == names)
        assert command("doctor")[0] == 0
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert len(list(tmp_path.glob("up-*.json"))) == 1
    assert ids(command("traces", "--json")) == names
    code, out, _ = command("doctor", "--endpoint", endpoint)
    assert (code, out.splitlines()[0]) == (1, f"✗ No xray-local answers at {endpoint}")
    with up(tmp_path, "--port", address.rpartition(":")[2]) as (process, _address, again):
        assert (again, ids(command("traces", "--json"))) == (endpoint, names)
        process.terminate()
        assert process.wait(20) == 0
    assert list(tmp_path.glob("up-*.json")) == []


def test_traces(server: Running, command: Command) -> None:
    """The newest that match, as columns; a filter that cannot be read is told with its column."""
    now = time.time()
    server.store.ingest(texts(*(request(number, now - number) for number in range(1, 4))), "api", now)
    code, out, errors = command("traces", 'http.method = "POST" AND service("orders")', "-n", "2", "--endpoint", server.endpoint)
    assert (code, errors, [line[:66].rstrip() for line in out.splitlines()]) == (
        0,
        "",
        [
            line
            for number in (1, 2)
            for line in (
                f"{clock(now - number, now):11}{trace_id(number, now - number)}",
                f"{'1,000.0 ms':>23}           shop POST /orders 200",
            )
        ],
    )
    code, out, errors = command("traces", "service(", "--endpoint", server.endpoint)
    assert (code, out, errors.split(";")[0].startswith("xray-local: Invalid filter expression: column 9: ")) == (1, "", True)


def test_a_timeline_in_80_columns(server: Running, command: Command) -> None:
    """The tree and its bars, and beside a trace that is there the one that is not."""
    name = trace_id(1, 1_700_000_000)
    server.store.ingest(texts(request(1, 1_700_000_000.0)), "api", 0)
    code, out, errors = command("trace", name, "unknown", "--endpoint", server.endpoint)
    assert (code, errors) == (1, f"xray-local: not in {server.endpoint}: unknown\n")
    assert [line.rstrip() for line in out.splitlines()] == [
        f"{name} " + "─" * 44,
        "1,000.0 ms",
        "",
        " " * 37 + "0" + "1,000.0 ms".rjust(22),
        "shop POST /orders                    ███████████████████████ 1,000.0 ms",
        "└─ DynamoDB PutItem orders 400            ██████▌              250.0 ms ERROR",
        "",
    ]


def test_what_there_is_to_say_about_a_trace(server: Running, command: Command) -> None:
    """A part without its parent, a refused document and what hides in a name stand below the heading, and in the JSON."""
    name = trace_id(1, 1_700_000_000)
    orphan = part("app\x1b.handler", 1, 1_700_000_000.0, 1_700_000_001.0, trace_id=name, parent_id="f" * 16, type="subsegment")
    refused = {**request(2, 1_700_000_000.0), "trace_id": name, "id": "x"}
    server.store.ingest(texts(orphan, refused), "api", 0)
    notices = server.store.trace(name).notices  # type: ignore[union-attr]

    _code, out, _errors = command("trace", name, "--endpoint", server.endpoint)
    _code, as_json, _errors = command("trace", name, "--json", "--endpoint", server.endpoint)
    lost = command("trace", trace_id(2, 1_700_000_000), "--endpoint", server.endpoint)

    assert [line.rstrip() for line in out.splitlines()[1:6]] == [
        "1,000.0 ms",
        "Their parent ffffffffffffffff has not arrived, so they stand by themselves:",
        "  app\N{REPLACEMENT CHARACTER}.handler",
        "X-Ray does not allow some of the characters in these names: app\N{REPLACEMENT CHARACTER}.handler",
        'Refused: id is "x"; expected 16 lower-case hex digits',
    ]
    (found,) = json.loads(as_json)
    assert found["Notices"] == [*notices, 'Refused: id is "x"; expected 16 lower-case hex digits']
    assert lost == (1, "", f"xray-local: not in {server.endpoint}: {trace_id(2, 1_700_000_000)}\n")


def test_a_trace_of_which_everything_was_refused(server: Running, command: Command) -> None:
    """It is not there, and why is said."""
    name = trace_id(1, 1_700_000_000)
    server.store.ingest(texts({**request(1, 1_700_000_000.0), "id": "x"}), "api", 0)

    code, out, errors = command("trace", name, "--endpoint", server.endpoint)

    told = ['Refused: id is "x"; expected 16 lower-case hex digits', f"not in {server.endpoint}: {name}"]
    assert (code, out, errors) == (1, "", "".join(f"xray-local: {line}\n" for line in told))


def test_json_of_a_trace_and_of_the_map(server: Running, command: Command) -> None:
    """What scripts get: documents as objects, services as the API has them; `last` is the newest trace."""
    now = time.time()
    server.store.ingest(texts(request(1, now), request(2, now - 60)), "api", now)
    code, out, errors = command("trace", "last", "--json", "--endpoint", server.endpoint)
    (found,) = json.loads(out)
    shop, orders = found["Segments"]
    assert (code, errors, found["Id"], found["Duration"]) == (0, "", trace_id(1, now), 1.0)
    assert (shop["id"], orders["parent_id"]) == (f"{100:016x}", f"{101:016x}")
    _code, out, _errors = command("map", "--trace", "last", "--json", "--endpoint", server.endpoint)
    assert sorted(service["Name"] for service in json.loads(out)["Services"]) == ["orders", "shop", "shop"]
    _code, out, _errors = command("map", "fault", "--json", "--endpoint", server.endpoint)
    assert json.loads(out) == {"Services": []}


def test_export_and_import(server: Running, tmp_path: Path, command: Command) -> None:
    """What one server exports another database takes; the file says the same when it is exported from there."""
    now = time.time()
    server.store.ingest(texts(request(1, now), request(2, now - 60)), "api", now)
    first, second, database = tmp_path / "1.json", tmp_path / "2.json", tmp_path / "other.db"
    result = command("export", "-o", str(first), "--filter", "duration >= 1", "--endpoint", server.endpoint)
    assert result == (0, "", f"xray-local: 2 traces written to {first}\n")
    with up(tmp_path / "home", "--port", "0", "--db", str(database)) as (_process, _address, endpoint):
        assert command("import", str(first), "--endpoint", endpoint) == (0, "", "xray-local: 2 documents imported, 0 refused\n")
    assert command("export", "-o", str(second), "--db", str(database))[0] == 0
    assert second.read_text(encoding="utf-8") == first.read_text(encoding="utf-8")


def test_what_cannot_be_imported(server: Running, tmp_path: Path, command: Command) -> None:
    """A document X-Ray does not take is told, a file that is none too; the exit code says so to scripts."""
    path = tmp_path / "bad.json"
    path.write_text(json.dumps({"id": "0123456789abcdef"}), encoding="utf-8")
    code, out, errors = command("import", str(path), "--endpoint", server.endpoint)
    assert (code, out, errors.splitlines()[0].startswith("xray-local: refused: 0123456789abcdef: ")) == (1, "", True)
    assert errors.splitlines()[1] == "xray-local: 0 documents imported, 1 refused"
    code, _out, errors = command("import", str(tmp_path / "none.json"), "--endpoint", server.endpoint)
    assert (code, errors.startswith(f"xray-local: cannot read {tmp_path / 'none.json'}: ")) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("traces",), "no xray-local runs on this machine, and none has left a database: start one with `xray-local up`"),
        (
            ("traces", "--since", "1y", "--db", "x"),
            "there is no database x: name another one with --db, or start `xray-local up`",
        ),
        (("map", "--db", "x", "--endpoint", "y"), "--endpoint and --db exclude each other"),
        (("up", "--memory", "--db", "x"), "--memory and --db exclude each other"),
    ],
)
def test_what_a_user_got_wrong(command: Command, arguments: tuple[str, ...], said: str) -> None:
    """One sentence, exit code 1, no traceback."""
    assert command(*arguments) == (1, "", f"xray-local: {said}\n")


def test_a_time_span_that_is_none(server: Running, command: Command) -> None:
    """What may be written is said."""
    said = "xray-local: '1y' is no time span: write 30s, 15m, 6h or 7d\n"
    assert command("traces", "--since", "1y", "--endpoint", server.endpoint) == (1, "", said)


def test_an_empty_answer_tells_where_it_looked(server: Running, command: Command) -> None:
    """No traces is an answer, and says what to do."""
    told = f"No traces that match in {server.endpoint} since 6h ago; `xray-local doctor` tells why.\n"
    hint = "Outside of service() { } an expression looks at the answer to the client only; anywhere in the trace: service() { fault }\n"
    assert command("traces", "fault", "--endpoint", server.endpoint) == (0, told + hint, "")
    assert command("traces", "duration > 5", "--endpoint", server.endpoint) == (0, told, "")
    told = f"No services in {server.endpoint} since 6h ago; `xray-local doctor` tells why.\n"
    assert command("map", "--endpoint", server.endpoint) == (0, told, "")


def test_two_servers_on_one_port(tmp_path: Path) -> None:
    """The second one, also one for all addresses, says who has the port; the first one stays where readers find it."""
    with up(tmp_path, "--port", "0", "--memory") as (process, address, endpoint):
        port = address.rpartition(":")[2]
        said = (
            f"xray-local: xray-local {__version__} runs at {endpoint} already (process {process.pid}, traces in memory): use "
            "that one, end it, or choose another port with --port (and set AWS_XRAY_DAEMON_ADDRESS for your programs)\n"
        )
        for host in ("127.0.0.1", "0.0.0.0"):  # noqa: S104 - it does not start
            second = run(tmp_path, "up", "--port", port, "--memory", "--host", host)
            assert (second.returncode, second.stdout, second.stderr) == (1, "", said)
        assert [path.name for path in tmp_path.glob("up-*")] == [f"up-{port}.json"]
        assert f"No traces yet in {endpoint} since 6h ago" in run(tmp_path, "traces").stdout


def test_tail(tmp_path: Path) -> None:
    """Each trace is a line when it comes; the server may go and come back meanwhile; Ctrl-C ends it without a word."""
    now = time.time()
    with up(tmp_path, "--port", "0") as (_process, address, _endpoint):
        command = [sys.executable, "-m", "xray_local.cli", "tail", "--json"]
        tail = subprocess.Popen(  # noqa: S603 - the command under test
            command, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert tail.stdout
        # It looks from its own start on, so the first ones may be too early for it.
        number = 1
        while not has_line(tail.stdout):
            send(address, part("shop", number, time.time(), time.time() + 0.5, trace_id=trace_id(number, now)))
            number += 1
        assert json.loads(tail.stdout.readline())["EntryPoint"]["Name"] == "shop"
    assert tail.stderr
    told = tail.stderr.readline()  # it has noticed: else the server could be back before it looks
    with up(tmp_path, "--port", address.rpartition(":")[2]):
        send(address, part("again", 5000, time.time(), time.time() + 0.5, trace_id=trace_id(5000, now)))
        while json.loads(tail.stdout.readline())["EntryPoint"]["Name"] != "again":
            pass
        tail.send_signal(signal.SIGINT)
        _out, errors = tail.communicate(timeout=20)
    assert (tail.returncode, told.endswith("Trying again.\n"), errors) == (0, True, "")


def has_line(output: IO[str]) -> bool:
    """Whether something is there to read within half a second."""
    return bool(select.select([output], [], [], 0.5)[0])


def test_a_reader_that_has_seen_enough(tmp_path: Path) -> None:
    """`xray-local export | head -1` ends without a traceback."""
    with up(tmp_path, "--port", "0", "--memory") as (_process, address, _endpoint):
        now = time.time()
        send(address, *(request(number, now) for number in range(1, 300)))
        line = f'"{sys.executable}" -m xray_local.cli export | head -1'
        done = subprocess.run(  # noqa: S602 - a pipe of the shell is what is tested
            line, shell=True, env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=60
        )
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_forwarding_to_another_server(tmp_path: Path, server: Running, command: Command) -> None:
    """With --forward-to what comes in goes on to a second X-Ray, and doctor counts it."""
    now = time.time()
    credentials = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-1"}
    with up(tmp_path, "--port", "0", "--memory", "--forward-to", server.endpoint, **credentials) as (
        _process,
        address,
        _endpoint,
    ):
        send(address, request(1, now))
        wait_until(lambda: server.store.counts()["traces"] == 1)
        wait_until(lambda: "✓ Forwarded to AWS X-Ray: 1 documents; 0 wait" in command("doctor")[1])


def test_forwarding_without_a_region(tmp_path: Path) -> None:
    """What boto3 lacks is said before anything is received."""
    done = run(tmp_path, "up", "--port", "0", "--memory", "--forward", HOME=str(tmp_path), AWS_EC2_METADATA_DISABLED="true")
    said = "xray-local: --forward: You must specify a region. Set AWS_REGION and credentials as for the aws command.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)
