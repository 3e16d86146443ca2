"""Connections that hang, come in hundreds, say too much, or come from where they should not; and who can connect at all."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.local.server import clients
from tests.local.terminal.making import request, run, texts, wait_until
from tests.local.terminal.processes import Server, serving
from xray_local.commands.up import OPEN_TO_ALL
from xray_local.server import LARGEST_BODY
from xray_local.terminal.source import health

HALVES = (
    b"",
    b"P",
    b"POST /TraceSegments HTTP/1.1\r\nHost: localhost\r\n",
    b'POST /TraceSegments HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"TraceSegment',
)
# The command with less patience than the half minute that a user has.
IMPATIENT = """
    from xray_local import cli, impatient, server

    impatient.PATIENCE_S = server.PATIENCE_S = 1.0
    cli.main()
"""


@contextlib.contextmanager
def hanging(endpoint: str, number: int) -> Iterator[list[socket.socket]]:
    """So many connections that begin to say something in different places, and then nothing more."""
    address = urlsplit(endpoint)
    with contextlib.ExitStack() as stack:
        made = []
        for index in range(number):
            sock = stack.enter_context(socket.create_connection((address.hostname, address.port), timeout=10))
            sock.sendall(HALVES[index % len(HALVES)])
            made.append(sock)
        yield made


def put(endpoint: str, number: int) -> int:
    """Sends a document; the status of the answer."""
    body = json.dumps({"TraceSegmentDocuments": texts(request(number, time.time()))}).encode()
    return clients.http(f"{endpoint}/TraceSegments", body)[0]


def test_clients_that_hang_hold_up_nobody(tmp_path: Path) -> None:
    """200 of them at once: others are answered as fast as ever, and Ctrl-C ends the server within seconds, with code 0."""
    with serving(tmp_path, "--port", "0") as server, hanging(server.endpoint, 200):
        begin = time.monotonic()
        assert [put(server.endpoint, number) for number in range(1, 21)] == [200] * 20
        assert time.monotonic() - begin < 5
        server.process.send_signal(signal.SIGINT)
        begin = time.monotonic()
        assert (server.process.wait(20), server.said()) == (0, [])
        assert time.monotonic() - begin < 5
    listed = run(tmp_path, "traces", "-n", "50", "--json")
    assert len(json.loads(listed.stdout)) == 20


def test_half_a_request_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    """Half a header ends the connection, half a body gets an answer first; a client that goes on talking is left alone."""
    command = [sys.executable, "-c", textwrap.dedent(IMPATIENT)]
    with serving(tmp_path, "--port", "0", command=command) as server, hanging(server.endpoint, 8) as hung:
        slow = http.client.HTTPConnection(urlsplit(server.endpoint).netloc, timeout=20)
        answered = []
        for _ in range(8):
            slow.request("POST", "/GetSamplingRules", b"{}")
            answer = slow.getresponse()
            answered.append((answer.status, bool(answer.read())))
            time.sleep(0.25)
        slow.close()
        said = [everything(sock) for sock in hung]
    assert answered == [(200, True)] * 8
    assert [text.partition(b"\r\n")[0] for text in said] == [b"", b"", b"", b"HTTP/1.1 408 Request Timeout"] * 2
    assert said[3].endswith(b'{"__type":"RequestTimeoutException","message":"The body did not come within 1 s."}')


def everything(sock: socket.socket) -> bytes:
    """What comes until the other side closes."""
    text = b""
    with contextlib.suppress(ConnectionResetError):
        while part := sock.recv(65_536):
            text += part
    return text


def test_200_clients_at_once(tmp_path: Path) -> None:
    """Every one of 200 connections that ask at the same moment is answered, and what they sent is there."""
    with serving(tmp_path, "--port", "0") as server:
        statuses: list[int] = []
        together = threading.Barrier(200)

        def client(number: int) -> None:
            together.wait(30)
            statuses.append(put(server.endpoint, number))

        threads = [threading.Thread(target=client, args=(number,)) for number in range(1, 201)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (statuses, counts(server)["traces"], server.said()) == ([200] * 200, 200, [])


def counts(server: Server) -> dict[str, Any]:
    """What the store has."""
    found = health(server.endpoint)
    assert found is not None
    counted: dict[str, Any] = found["store"]["counts"]
    return counted


def test_too_much_at_once(tmp_path: Path) -> None:
    """A body over the limit, and one that never ends, are answered 413; the largest datagram there is, is refused with its reason."""
    with serving(tmp_path, "--port", "0", "--memory") as server:
        connection = http.client.HTTPConnection(urlsplit(server.endpoint).netloc, timeout=20)
        connection.putrequest("POST", "/TraceSegments")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(LARGEST_BODY // 0x10000 + 1):
                connection.send(chunk)
        answer = connection.getresponse()
        error = json.loads(answer.read())
        connection.close()
        assert (answer.status, error["__type"]) == (413, "RequestEntityTooLargeException")
        host, _, port = server.address.rpartition(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b'{"format":"json","version":1}\n' + b"[" * (65_507 - 30), (host, int(port)))
        wait_until(lambda: counts(server)["rejected"] == 1)
        assert put(server.endpoint, 1) == 200
        (finding,) = [one for one in doctor(tmp_path, server) if one.startswith("Refused")]
        assert finding == "Refused (1 of the newest): the document nests deeper than 200 levels; send subsegments by themselves"


def doctor(home: Path, server: Server) -> list[str]:
    """What doctor says about it."""
    return [one["text"] for one in json.loads(run(home, "doctor", "--json", "--endpoint", server.endpoint).stdout)]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/TraceSegments", {"Origin": "https://evil.example.com"}),
        ("/TraceSegments", {"Origin": "http://evil.example.com:2000", "Host": "evil.example.com:2000"}),
        ("/TraceSegments", {"Origin": "http://203.0.113.9"}),
        ("/health", {"Host": "evil.example.com"}),
    ],
)
def test_a_page_of_the_web(tmp_path: Path, path: str, headers: dict[str, str]) -> None:
    """A browser on this machine, also by way of a name that leads here (DNS rebinding), neither writes nor reads."""
    body = json.dumps({"TraceSegmentDocuments": texts(request(1, time.time()))}).encode() if path != "/health" else None
    with serving(tmp_path, "--port", "0", "--memory") as server:
        status, sent, _answer = clients.http(server.endpoint + path, body, headers)
        assert (status, sent["x-amzn-errortype"], counts(server)["documents"]) == (403, "AccessDeniedException", 0)


def own_address() -> str:
    """An address of this machine that is not its loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            # No packet is sent: this only chooses the interface.
            sock.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has its loopback only")
        return str(sock.getsockname()[0])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "0.0.0.0", "::", "address"])  # noqa: S104
def test_where_it_listens(tmp_path: Path, host: str) -> None:
    """Everything but the loopback warns; what is printed is an address that programs can send to, and that readers find."""
    asked = own_address() if host == "address" else host
    try:
        with socket.socket(socket.AF_INET6 if ":" in asked else socket.AF_INET) as probe:
            probe.bind((asked, 0))
    except OSError as error:
        pytest.skip(f"this machine does not have {asked}: {error}")
    with serving(tmp_path, "--port", "0", "--memory", "--host", asked) as server:
        first = server.greeted()[0]
        name, _, port = server.address.rpartition(":")
        expected = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1", "::1": "[::1]"}.get(asked, asked)  # noqa: S104
        bound = {"localhost": "127.0.0.1", "::": "[::]", "::1": "[::1]"}.get(asked, asked)
        assert (name, server.endpoint, first) == (
            expected,
            f"http://{expected}:{port}",
            f"xray-local {first.split()[1]} listens on {bound}:{port}: segments (UDP), the X-Ray API (TCP)",
        )
        assert (OPEN_TO_ALL in server.greeted()) == (host in ("0.0.0.0", "::", "address"))  # noqa: S104
        family = socket.AF_INET6 if "[" in expected else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.sendto(clients.datagram(clients.segment()), (name.strip("[]"), int(port)))
        wait_until(lambda: counts(server)["traces"] == 1)
        # Without --endpoint: what the server announced is what the readers go to.
        assert len(json.loads(run(tmp_path, "traces", "--json").stdout)) == 1
        shown = run(tmp_path, "doctor", AWS_XRAY_DAEMON_ADDRESS=server.address)
        assert (shown.returncode, f"listens on {bound}:{port}, process" in shown.stdout) == (0, True)


def test_a_host_that_is_none(tmp_path: Path) -> None:
    """A name nobody knows, and an address of another machine: one sentence."""
    for host in ("no-such-host.invalid", "203.0.113.1"):
        done: subprocess.CompletedProcess[str] = run(tmp_path, "up", "--port", "0", "--memory", "--host", host)
        assert (done.returncode, done.stdout, done.stderr.splitlines()[1:]) == (1, "", [])
        assert done.stderr.startswith(f"xray-local: cannot listen on {host}, TCP port 0: ")
