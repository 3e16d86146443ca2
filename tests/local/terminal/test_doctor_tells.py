"""Why no traces arrive, as `xray-local doctor` tells it in a shell: each cause is brought about for real."""

from __future__ import annotations

import json
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.local.server import clients
from tests.local.terminal.making import request, run, wait_until
from tests.local.terminal.processes import Server, serving
from xray_local.terminal.doctor import NOTE, OK, PROBLEM
from xray_local.terminal.source import EndpointSource, Reader, health

Told = list[tuple[str, str, str]]


def doctor(home: Path, server: Server | None, *options: str, **environment: str) -> Told:
    """What it says: level, text, advice; without its first line, which tells process and path."""
    if server is not None:
        environment = {"AWS_XRAY_DAEMON_ADDRESS": server.address, **environment}
    done = run(home, "doctor", "--json", *options, **environment)
    told = [(one["level"], one["text"], one["advice"]) for one in json.loads(done.stdout)]
    assert (done.returncode, done.stderr) == (int(any(level == PROBLEM for level, _text, _advice in told)), "")
    return told if server is None else told[1:]


def send(address: str, *datagrams: bytes) -> None:
    """Sends datagrams as fast as it can."""
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for datagram in datagrams:
            sock.sendto(datagram, (host, int(port)))


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_the_port_belongs_to_something_else(tmp_path: Path, kind: socket.SocketKind) -> None:
    """Neither `up` nor doctor takes another program for an X-Ray, and both name what it holds."""
    name = "TCP" if kind == socket.SOCK_STREAM else "UDP"
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        address = f"127.0.0.1:{holder.getsockname()[1]}"
        port = address.rpartition(":")[2]
        started = run(tmp_path, "up", "--memory", "--port", port)
        told = doctor(tmp_path, None, "--endpoint", f"http://{address}", AWS_XRAY_DAEMON_ADDRESS=address)
    taken = f"xray-local: {name} port {port} on 127.0.0.1 is taken, perhaps by an X-Ray daemon or another xray-local: "
    advice = "end that, or choose another one with --port (and set AWS_XRAY_DAEMON_ADDRESS for your programs)\n"
    assert (started.returncode, started.stderr) == (1, taken + advice)
    change = "end it, or start with another port (xray-local up --port 2001) and set AWS_XRAY_DAEMON_ADDRESS for your programs"
    assert told == [
        (PROBLEM, f"No xray-local answers at http://{address}", "start one: xray-local up"),
        (PROBLEM, f"Something else uses port {port} ({name}), perhaps an X-Ray daemon", change),
    ]


def test_nothing_received_and_why(tmp_path: Path) -> None:
    """Programs of this shell send elsewhere, or nothing at all: the variable, and what to set it to."""
    with serving(tmp_path, "--port", "0", "--memory") as server:
        export = f"export AWS_XRAY_DAEMON_ADDRESS={server.address}"
        elsewhere = doctor(tmp_path, server, AWS_XRAY_DAEMON_ADDRESS="127.0.0.1:1")
        nothing = doctor(tmp_path, server)
    assert elsewhere[0] == (PROBLEM, f"AWS_XRAY_DAEMON_ADDRESS is 127.0.0.1:1 here, and xray-local at {server.address}", export)
    assert elsewhere[1:] == nothing
    assert [(level, text) for level, text, _advice in nothing] == [
        (PROBLEM, "Nothing has arrived since the start"),
        (NOTE, "There are no traces yet"),
    ]
    assert "Sampled=1" in nothing[0][2]


def test_everything_is_unsampled(tmp_path: Path) -> None:
    """An SDK's report of requests that it did not trace, and OpenTelemetry spans sent as unsampled, are both told."""
    with serving(tmp_path, "--port", "0", "--memory") as server:
        report = {"RuleName": "Default", "ClientID": "a" * 24, "Timestamp": time.time(), "RequestCount": 7, "SampledCount": 0}
        with Reader(EndpointSource(server.endpoint)) as reader:
            reader.source.ask("GetSamplingTargets", {"SamplingStatisticsDocuments": [report]})
        told = doctor(tmp_path, server)
    assert [text for level, text, _advice in told if level == PROBLEM] == [
        "Nothing has arrived since the start",
        "Everything is unsampled: programs reported 7 requests in the last hour and traced none of them",
    ]


def test_what_the_kernel_dropped(tmp_path: Path) -> None:
    """A server that gets no processor time loses datagrams when the buffer is full; how many is told, and adds up."""
    size, number = 20_000, 3_000
    datagram = clients.datagram(clients.segment(metadata={"default": {"pad": "x" * size}}))
    with serving(tmp_path, "--port", "0", "--memory") as server:
        if not Path("/proc/net/udp").exists():
            pytest.skip("this system does not count a socket's drops")
        server.process.send_signal(signal.SIGSTOP)
        send(server.address, *[datagram] * number)
        server.process.send_signal(signal.SIGCONT)
        udp = clients.eventually(
            lambda: (health(server.endpoint) or {})["udp"], lambda udp: udp["datagrams"] + udp["kernel_drops"] == number
        )
        told = doctor(tmp_path, server)
    dropped = (
        f"The kernel dropped {udp['kernel_drops']:,} datagrams: they came faster than this machine could take them "
        f"(receive buffer: {udp['granted_buffer']:,} bytes)"
    )
    larger = "allow a larger buffer: sysctl -w net.core.rmem_max=8388608, and start again"
    assert (udp["kernel_drops"] > 0, udp["datagrams"] + udp["kernel_drops"]) == (True, number)
    assert [(text, advice) for level, text, advice in told if level == PROBLEM] == [(dropped, larger)]


@pytest.mark.parametrize(
    ("credentials", "error"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s"}, "EndpointConnectionError: Could not connect"),
        ({"AWS_EC2_METADATA_DISABLED": "true"}, "NoCredentialsError: Unable to locate credentials"),
    ],
)
def test_forwarding_that_fails(tmp_path: Path, credentials: dict[str, str], error: str) -> None:
    """`up` says so once and at once, doctor as long as it lasts; here nothing is lost by it."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        other = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        more = {"AWS_REGION": "eu-west-1", "HOME": str(tmp_path), **credentials}
        with serving(tmp_path, "--port", "0", "--memory", "--forward-to", other, **more) as server:
            send(server.address, clients.datagram(request(1, time.time())))
            wait_until(lambda: (health(server.endpoint) or {})["forward"]["retries"] >= 2, 30)
            told = doctor(tmp_path, server)
            lines = server.said()
    start = f"xray-local: forwarding 1 documents failed: {error}"
    end = "; everything is kept here all the same, and `xray-local doctor` counts what is dropped"
    assert [(line.startswith(start), line.endswith(end)) for line in lines] == [(True, True)]
    (failing,) = [(text, advice) for level, text, advice in told if level == PROBLEM]
    assert (failing[0].startswith("Forwarding to AWS X-Ray fails for "), f"0 were dropped: {error}" in failing[0]) == (True, True)
    assert failing[1] == "check credentials and region of the shell that started xray-local up"
    assert [text.partition(";")[0] for level, text, _advice in told if level == OK][-1] == "1 traces of 1 documents"
