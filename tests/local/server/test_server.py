"""One port for both protocols, and what happens when it is taken, asked by strangers, or something behind it fails."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import xray_local
from tests.local.server import clients
from xray_local.server import PORT, Options, Running, ServeError, start
from xray_local.store import Store, StoreError
from xray_local.strangers import is_own


def test_udp_and_tcp_share_the_port(server: Running) -> None:
    """The endpoint and the daemon's address are the same port of the loopback."""
    assert (server.endpoint, server.address) == (f"http://127.0.0.1:{server.port}", f"127.0.0.1:{server.port}")
    assert server.daemon._socket.getsockname() == ("127.0.0.1", server.port)


def test_answers_do_not_wait_for_the_network(xray: Any) -> None:
    """Twenty calls on one connection: none of them waits the 40 ms that Nagle's algorithm and delayed ACKs make together."""
    taken = []
    for _ in range(20):
        before = time.perf_counter()
        xray.get_encryption_config()
        taken.append(time.perf_counter() - before)
    assert sorted(taken)[5] < 0.03


def test_ipv6(xray: Any) -> None:
    """The loopback of IPv6 does as well."""
    if not socket.has_ipv6:
        pytest.skip("this Python has no IPv6")
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")
    with Store(None) as store, start(store, "::1", 0) as running:
        document = clients.segment()
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.sendto(clients.datagram(document), ("::1", running.port))
        found = clients.eventually(lambda: store.trace(document["trace_id"]))
        assert found is not None
        status, _headers, body = clients.http(running.endpoint + "/health")
        assert (status, json.loads(body)["endpoint"]) == (200, f"http://[::1]:{running.port}")


@pytest.mark.parametrize(("kind", "name"), [(socket.SOCK_STREAM, "TCP"), (socket.SOCK_DGRAM, "UDP")])
def test_a_port_that_is_taken(kind: socket.SocketKind, name: str) -> None:
    """Whoever holds one half of the port, the text says which half, and what to do; nothing is left open."""
    with socket.socket(socket.AF_INET, kind) as holder, Store(None) as store:
        holder.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(ServeError) as caught:
            start(store, port=port)
        assert str(caught.value) == (
            f"{name} port {port} on 127.0.0.1 is taken, perhaps by an X-Ray daemon or another xray-local: end that, or choose "
            "another one with --port (and set AWS_XRAY_DAEMON_ADDRESS for your programs)"
        )
        holder.close()
        start(store, port=port).close()


def test_a_second_server_on_the_port(server: Running) -> None:
    """Two of them on one port: the second one does not start, the first one goes on."""
    with Store(None) as store, pytest.raises(ServeError):
        start(store, port=server.port)
    assert clients.http(server.endpoint + "/health")[0] == 200


def test_an_address_that_is_not_ours() -> None:
    """A host that this machine does not have is named in the error."""
    with Store(None) as store, pytest.raises(ServeError) as caught:
        start(store, "203.0.113.1", 0)
    assert str(caught.value).startswith("cannot listen on 203.0.113.1, TCP port 0: ")


def test_the_defaults_are_the_daemons() -> None:
    """Without being told otherwise it listens where SDKs send, and on the loopback only."""
    assert start.__defaults__ == ("127.0.0.1", 2000, None)
    assert PORT == 2000


FOREIGN = "http://shop.example.com"


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/GetSamplingRules", b"{}", {}, 200),
        ("/GetSamplingRules", b"{}", {"Host": "host.docker.internal:2000"}, 200),
        ("/GetSamplingRules", b"{}", {"Origin": "http://localhost:3000"}, 200),
        ("/GetSamplingRules", b"{}", {"Origin": "http://127.0.0.1:2000"}, 200),
        ("/GetSamplingRules", b"{}", {"Origin": "http://192.0.2.7:2000", "Host": "192.0.2.7:2000"}, 200),
        ("/GetSamplingRules", b"{}", {"Origin": FOREIGN}, 403),
        ("/GetSamplingRules", b"{}", {"Origin": FOREIGN, "Host": "shop.example.com"}, 403),
        ("/GetSamplingRules", b"{}", {"Origin": "http://192.0.2.7"}, 403),
        ("/GetSamplingRules", b"{}", {"Origin": "http://["}, 403),
        ("/GetSamplingRules", b"{}", {"Origin": "null"}, 403),
        ("/GetSamplingRules", b"{}", {"Origin": "http://localhost.example.com"}, 403),
        ("/health", None, {}, 200),
        ("/", None, {"Host": "localhost:2000"}, 200),
        ("/health", None, {"Host": "[::1]:2000"}, 200),
        ("/health", None, {"Host": "shop.example.com"}, 403),
        ("/", None, {"Host": "127.0.0.1.example.com"}, 403),
        ("/health", None, {"Origin": FOREIGN}, 403),
    ],
)
def test_who_may_ask(server: Running, path: str, body: bytes | None, headers: dict[str, str], status: int) -> None:
    """SDKs may from everywhere; a browser only for pages of this machine, and pages are shown under its own names only."""
    answered, sent, _text = clients.http(server.endpoint + path, body, headers)
    assert (answered, sent.get("x-amzn-errortype")) == (status, None if status == 200 else "AccessDeniedException")


OWN = ("localhost", "a.localhost:1", "127.0.0.1:2000", "[::1]", "192.168.0.2")
OTHERS = ("example.com", "", "localhost.", "[", "127.0.0.1.nip.io", "a@b")


@pytest.mark.parametrize("host", OWN + OTHERS)
def test_own_names(host: str) -> None:
    """Addresses and localhost are this machine's; every other name may be anyone's."""
    assert is_own(host) is (host in OWN)


def test_health_says_how_it_goes(server: Running, xray: Any) -> None:
    """The health page names the server, and counts what came in and what was refused."""
    before = server.health()
    identity = {name: before[name] for name in ("name", "version", "pid", "endpoint", "address", "forward", "rejected")}
    assert identity == {
        "name": "xray-local",
        "version": xray_local.__version__,
        "pid": os.getpid(),
        "endpoint": server.endpoint,
        "address": server.address,
        "forward": None,
        "rejected": [],
    }
    clients.send(server, clients.datagram(clients.segment()), b"x")
    xray.put_trace_segments(TraceSegmentDocuments=["{}"])
    clients.eventually(server.health, lambda seen: seen["udp"]["documents"] == 1 and len(seen["rejected"]) == 2)
    status, _headers, body = clients.http(server.endpoint + "/health")
    udp = json.loads(body)["udp"]
    assert (status, udp["datagrams"], udp["documents"], udp["bad_datagrams"]) == (200, 2, 1, 1)
    assert sorted(row["text"] for row in json.loads(body)["rejected"]) == ["x", "{}"]


class Failing:
    """A store whose every method fails in its own way."""

    path = None

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, _name: str) -> Any:
        def fail(*_arguments: object) -> None:
            raise self._error

        return fail


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (StoreError("the store /x failed: the disk is full"), "the store /x failed: the disk is full"),
        (KeyError("x"), "xray-local failed: KeyError: 'x'"),
    ],
)
def test_a_failure_behind_the_api(error: Exception, message: str, caplog: pytest.LogCaptureFixture) -> None:
    """A store that fails, and a fault of our own, are a 500 that SDKs try again, with the reason; the server goes on."""
    with start(Failing(error), port=0) as running:  # type: ignore[arg-type]
        body = json.dumps({"TraceSegmentDocuments": ["{}"]}).encode()
        answers = [clients.http(running.endpoint + "/TraceSegments", body) for _ in range(2)]
    wanted = (500, {"__type": "InternalFailure", "message": message})
    assert [(status, json.loads(text)) for status, _headers, text in answers] == [wanted, wanted]
    assert [record.message for record in caplog.records] == (
        [] if isinstance(error, StoreError) else ["/TraceSegments failed"] * 2
    )


SCRIPT = """
import sys
from pathlib import Path
from xray_local.server import serve
from xray_local.store import Store

with Store(Path(sys.argv[1])) as store:
    serve(store, port=0, ready=lambda running: print(running.port, flush=True))
print("ended")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_until_a_signal(number: signal.Signals, tmp_path: Path) -> None:
    """A process that serves ends by Ctrl-C or SIGTERM, with what it received on disk, quickly and without a traceback."""
    environment = {**os.environ, "PYTHONPATH": str(Path(xray_local.__file__).parents[1])}
    path = tmp_path / "traces.db"
    command = [sys.executable, "-c", SCRIPT, str(path)]
    document = clients.segment()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(clients.datagram(document), ("127.0.0.1", port))
        # A signal overtakes the datagram's way through a busy kernel now and then.
        time.sleep(0.1)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, b"ended\n", b"")
    with Store(path) as store:
        assert store.trace(document["trace_id"]) is not None


def test_old_traces_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a server runs, traces that are older than its limit go by themselves, and younger ones stay."""
    monkeypatch.setattr("xray_local.server.HOUSEKEEPING_S", 0.05)
    old, young = clients.segment("old", 1), clients.segment("young", 2)
    with Store(None) as store:
        store.ingest([json.dumps(old)], "test", time.time() - 7200)
        store.ingest([json.dumps(young)], "test", time.time())
        with start(store, port=0, options=Options(retain_s=3600)):
            clients.eventually(lambda: store.trace(old["trace_id"]) is None)
        assert [store.trace(document["trace_id"]) is None for document in (old, young)] == [True, False]
