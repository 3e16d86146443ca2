"""What `doctor` finds, on real servers in each state, and in tables for what takes hours to come about."""

from __future__ import annotations

import contextlib
import copy
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.terminal.making import request, texts, wait_until
from xray_local.server import Running
from xray_local.terminal import source
from xray_local.terminal.doctor import NOTE, OK, PROBLEM, Facts, Finding, examine, findings, lines
from xray_local.terminal.source import EndpointSource, Reader


@contextlib.contextmanager
def asked(server: Running) -> Iterator[Reader]:
    """A reader of a server."""
    with Reader(EndpointSource(server.endpoint)) as reader:
        yield reader


def found(server: Running, environment: dict[str, str] | None = None) -> list[Finding]:
    """What doctor finds there, without the first line that tells process and path."""
    with asked(server) as reader, pytest.MonkeyPatch.context() as patient:
        # This server is there; on a busy machine it may answer later than a person would wait.
        patient.setattr(source, "HEALTH_TIMEOUT_S", 30.0)
        environment = {"AWS_XRAY_DAEMON_ADDRESS": server.address} if environment is None else environment
        first, *others = findings(examine(server.endpoint, reader, environment))
    assert (first.level, f"listens on {server.address}" in first.text, str(server.store.path) in first.text) == (OK, True, True)
    return others


def send(server: Running, datagram: bytes) -> None:
    """One datagram to the daemon."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(datagram, (server.host, server.port))


def test_nothing_has_arrived(server: Running) -> None:
    """A fresh server says what to set and where."""
    nothing, empty = found(server)
    assert (nothing.level, nothing.text, empty) == (
        PROBLEM,
        "Nothing has arrived since the start",
        Finding(NOTE, "There are no traces yet"),
    )
    assert f"set AWS_XRAY_DAEMON_ADDRESS={server.address};" in nothing.advice
    assert f"host.docker.internal:{server.port}" in nothing.advice


def test_all_is_well(server: Running) -> None:
    """With traces of now there is no problem and no advice."""
    with asked(server) as reader:
        reader.put(texts(request(1, time.time() - 2)))
    well = found(server)
    assert [(finding.level, finding.advice) for finding in well] == [(OK, ""), (OK, "")]
    assert well[0].text == "Received: 0 datagrams since the start; 1 documents by the API in all"
    assert well[1].text.startswith("1 traces of 1 documents; the last one came ")


def test_refused_documents(server: Running) -> None:
    """Each reason is told once, with how often it was the reason."""
    for datagram in (b"no newline", b"no newline", b'{"format":"json","version":1}\n{"id":'):
        send(server, datagram)
    wait_until(lambda: server.store.counts()["rejected"] == 3)
    received, *refused = found(server)
    assert received == Finding(OK, "Received: 3 datagrams since the start; 0 documents by the API in all")
    assert [(finding.level, finding.text.split(":")[0]) for finding in refused] == [
        (PROBLEM, "Refused (1 of the newest)"),
        (PROBLEM, "Refused (2 of the newest)"),
        (NOTE, f"3 refused documents are kept; {server.endpoint.split(':')[0]}"),
        (NOTE, "There are no traces yet"),
    ]
    assert "not JSON" in refused[0].text
    assert "no newline" in refused[1].text


def test_everything_is_unsampled(server: Running) -> None:
    """An SDK that reports requests and traces none is told from one that sends nothing."""
    with asked(server) as reader:
        report = {"RuleName": "Default", "ClientID": "a" * 24, "Timestamp": time.time(), "RequestCount": 7, "SampledCount": 0}
        reader.source.ask("GetSamplingTargets", {"SamplingStatisticsDocuments": [report]})
        (unsampled,) = (finding for finding in found(server) if "unsampled" in finding.text)
        assert (unsampled.level, unsampled.text) == (
            PROBLEM,
            "Everything is unsampled: programs reported 7 requests in the last hour and traced none of them",
        )
        reader.source.ask("GetSamplingTargets", {"SamplingStatisticsDocuments": [{**report, "SampledCount": 2}]})
    assert Finding(OK, "Sampled: 2 of 14 requests of the last hour") in found(server)


def test_a_clock_that_is_ahead(server: Running) -> None:
    """A trace from the future is a wrong clock."""
    with asked(server) as reader:
        reader.put(texts(request(1, time.time() + 3 * 3600 + 60)))
    last = found(server)[-1]
    assert (last.level, last.text) == (PROBLEM, "The newest trace starts 3 h in the future: a clock is wrong")


def test_what_was_imported_is_older(server: Running) -> None:
    """Old traces that came just now are no problem, but lists need --since for them."""
    with asked(server) as reader:
        reader.put(texts(request(1, time.time() - 5 * 86_400)))
    assert found(server)[-1] == Finding(
        NOTE, "What came last started 5 d ago: imported, or a clock is wrong", "xray-local traces --since 6d"
    )


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"AWS_XRAY_DAEMON_ADDRESS": "{address}"}, ""),
        ({"AWS_XRAY_DAEMON_ADDRESS": "localhost:{port}"}, ""),
        ({"AWS_XRAY_DAEMON_ADDRESS": "tcp:127.0.0.1:1 udp:127.0.0.1:{port}"}, ""),
        ({"AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:1"}, "AWS_XRAY_DAEMON_ADDRESS is 127.0.0.1:1 here, and xray-local at {address}"),
        ({}, "AWS_XRAY_DAEMON_ADDRESS is not set here: programs send to port 2000, not to {address}"),
        (
            {"AWS_XRAY_DAEMON_ADDRESS": "{address}", "AWS_XRAY_SDK_ENABLED": "False"},
            "AWS_XRAY_SDK_ENABLED=false here: the X-Ray SDK sends nothing",
        ),
        (
            {"AWS_XRAY_DAEMON_ADDRESS": "{address}", "OTEL_SDK_DISABLED": "true"},
            "OTEL_SDK_DISABLED=true here: OpenTelemetry sends nothing",
        ),
        ({"AWS_XRAY_DAEMON_ADDRESS": "{address}", "AWS_ENDPOINT_URL_XRAY": "http://localhost:{port}"}, ""),
        (
            {"AWS_XRAY_DAEMON_ADDRESS": "{address}", "AWS_ENDPOINT_URL_XRAY": "http://127.0.0.1:1"},
            "AWS_ENDPOINT_URL_XRAY is http://127.0.0.1:1 here: xray-local's readers and AWS's clients look there",
        ),
    ],
)
def test_what_this_shell_tells_programs(server: Running, environment: dict[str, str], said: str) -> None:
    """Settings that send traces elsewhere, or nowhere."""
    places = {"address": server.address, "port": server.port}
    told = {name: value.format(**places) for name, value in environment.items()}
    others = ("Nothing has arrived since the start", "There are no traces yet")
    assert [finding.text for finding in found(server, told) if finding.text not in others] == (
        [said.format(**places)] if said else []
    )


@pytest.mark.parametrize("kind", [None, socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_no_server(kind: socket.SocketKind | None) -> None:
    """Without a server it says so, and whether somebody else has the port."""
    with socket.socket(socket.AF_INET, kind or socket.SOCK_STREAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        if kind is None:
            sock.close()
        elif kind == socket.SOCK_STREAM:
            sock.listen()
        address = f"127.0.0.1:{port}"
        missing, *others = findings(examine(f"http://{address}", None, {"AWS_XRAY_DAEMON_ADDRESS": address}))
    assert missing == Finding(PROBLEM, f"No xray-local answers at http://{address}", "start one: xray-local up")
    protocol = {None: "", socket.SOCK_STREAM: "TCP", socket.SOCK_DGRAM: "UDP"}[kind]
    assert [finding.text for finding in others] == (
        [f"Something else uses port {port} ({protocol}), perhaps an X-Ray daemon"] if protocol else []
    )


def test_an_address_of_another_machine_is_not_said_to_be_taken() -> None:
    """Whether a port is free can be known on this machine only."""
    (missing,) = findings(examine("http://203.0.113.1:2000", None, {}))
    assert missing == Finding(PROBLEM, "No xray-local answers at http://203.0.113.1:2000", "start one: xray-local up")


LATER: dict[str, Any] = {
    "udp": {
        "kernel_drops": 3,
        "granted_buffer": 425_984,
        "backlog_drops": 4,
        "store_errors": 1,
        "last_error": "full",
        "unsampled": 9,
    },
    "store": {"pending": 200},
    "forward": {"sent": 5, "refused": 1, "dropped": 2, "retries": 0, "waiting": 7, "last_error": "no credentials"},
}
WELL = {"failures": 0, "since": None, "last": None, "text": ""}


def test_what_takes_hours_to_come_about(server: Running) -> None:
    """Drops of the kernel and of ours, a full disk, a backlog, failed forwarding and unsampled spans are said with their numbers."""
    health = copy.deepcopy(server.health())
    health["udp"] |= {**LATER["udp"], "datagrams": 10, "backlog": 1}
    health["store"]["counts"] |= LATER["store"]
    health["forward"] = {**LATER["forward"], "trouble": WELL}
    told = findings(Facts(server.endpoint, health, environment={"AWS_XRAY_DAEMON_ADDRESS": server.address}))
    assert [(finding.level, finding.text) for finding in told[2:-1]] == [
        (NOTE, "9 OpenTelemetry spans came marked as not sampled; X-Ray shows no trace of those"),
        (
            PROBLEM,
            "The kernel dropped 3 datagrams: they came faster than this machine could take them (receive buffer: 425,984 bytes)",
        ),
        (PROBLEM, "4 datagrams were dropped: the disk did not keep up"),
        (PROBLEM, "1 batches of datagrams were lost on the way to the store: full"),
        (NOTE, "1 datagrams and 200 traces are still being worked on"),
        (PROBLEM, "Forwarded to AWS X-Ray: 5 documents; 2 were dropped, 1 refused: no credentials"),
    ]


def test_what_fails_just_now_and_what_did(server: Running) -> None:
    """A disk that is full, forwarding that fails, and a clock that was set are told while they last, and what is over as a note."""
    health, environment = server.health(), {"AWS_XRAY_DAEMON_ADDRESS": server.address}
    health["udp"] |= {"datagrams": 10, "backlog": 9}
    now = health["now"]
    failing = {"failures": 3, "since": now - 180, "last": now - 60, "text": "full"}
    health |= {"clock_set_s": 3_600.0, "forward": {**LATER["forward"], "trouble": failing}}
    health["store"] |= {"trouble": failing, "misplaced": "x was deleted"}
    told = findings(Facts(server.endpoint, health, environment=environment))
    assert [(finding.level, finding.text, finding.advice) for finding in told[2:-1]] == [
        (
            PROBLEM,
            "Nothing can be stored for 3 min: full",
            "9 datagrams wait in memory and are stored as soon as that is mended",
        ),
        (
            PROBLEM,
            "These traces are gone when xray-local ends: x was deleted",
            "start xray-local up again; `xray-local export` saves what it still has",
        ),
        (
            NOTE,
            "This machine's clock was set while xray-local ran: 60 min ahead since the start; no trace was forgotten for it",
            "once it is right, start xray-local up again: until then it goes by the old time",
        ),
        (
            PROBLEM,
            "Forwarding to AWS X-Ray fails for 3 min, 7 documents wait, 2 were dropped: no credentials",
            "check credentials and region of the shell that started xray-local up",
        ),
    ]
    over = {**health["store"], "trouble": {**failing, "since": None}, "misplaced": None}
    told = findings(
        Facts(server.endpoint, {**health, "store": over, "clock_set_s": 1.0, "forward": None}, environment=environment)
    )
    assert [finding.text for finding in told[2:-1]] == ["Storing failed 3 times, the last time 60 s ago; it works now: full"]


def test_sampling_of_long_ago_is_none_of_now(server: Running) -> None:
    """Reports that are older than an hour say nothing about why no traces arrive now."""
    health = server.health()
    row = {"Timestamp": health["now"] - 3_700, "RequestCount": 5, "SampledCount": 0, "BorrowCount": 0}
    told = findings(Facts(server.endpoint, health, sampling=[row], environment={"AWS_XRAY_DAEMON_ADDRESS": server.address}))
    assert [finding.text for finding in told[1:]] == ["Nothing has arrived since the start", "There are no traces yet"]


def test_advice_stands_below_its_finding() -> None:
    """As it is printed."""
    told = [Finding(PROBLEM, "wrong", "do\nthis"), Finding(OK, "fine")]
    assert [line.plain for line in lines(told)] == ["✗ wrong", "  → do this", "✓ fine"]
