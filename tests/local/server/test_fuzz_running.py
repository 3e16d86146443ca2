"""Whatever arrives at a server that runs as a user starts it: it goes on, and says what became of everything.

test_fuzz.py is quicker and finds mistakes in single functions; this one has the sockets, the threads and uvicorn between.
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local import fuzzing
from tests.local.server import clients
from tests.local.server.clients import HEADER
from tests.local.server.test_fuzz import DATAGRAMS, GOOD, JSON
from tests.local.terminal.processes import serving
from xray_local.api import model

# Each takes 4 ms: two datagrams at most, and a request.
FUZZ = settings(
    max_examples=fuzzing.cases(60, 0.5),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
METHODS = st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "OPTIONS", "X"])
PATHS = st.sampled_from([*sorted(model.paths()), "/", "/health", "/nothing", "/%00", "//", "/TraceSummaries?a=%ff"])
NAMES = st.sampled_from(["Host", "Origin", "Content-Type", "Authorization", "X-Amz-Date", "Expect", "Accept-Encoding"])
# What a header may hold: more is refused by http.client before it is sent.
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=20)
BODIES = st.one_of(
    st.binary(max_size=100),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.lists(JSON | st.just(GOOD.decode()), max_size=3).map(
        lambda documents: json.dumps({"TraceSegmentDocuments": documents}).encode()
    ),
    st.fixed_dictionaries({"StartTime": st.integers(0, 2**33), "EndTime": st.integers(0, 2**33)}).map(
        lambda value: json.dumps(value).encode()
    ),
)


class Sender:
    """Sends to one server, and counts what it sent by UDP."""

    def __init__(self, address: str) -> None:
        host, port = address.rsplit(":", 1)
        self.address = (host, int(port))
        self.sent = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def udp(self, datagram: bytes) -> None:
        self._socket.sendto(datagram, self.address)
        # Empty ones are passed over, as by the real daemon.
        self.sent += datagram != b""

    def http(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def udp_counts(self) -> dict[str, Any]:
        """What the daemon says of itself."""
        status, body = self.http("GET", "/health", b"", {})
        assert status == 200
        counts: dict[str, Any] = json.loads(body)["udp"]
        return counts

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sender]:
    """One server for all cases, which must still be itself at the end and have nothing to complain of."""
    home = tmp_path_factory.mktemp("home")
    with serving(home, "--port", "0", "--memory") as server:
        made = Sender(server.address)
        yield made
        made.close()
        assert (server.process.poll(), server.said()) == (None, [])


@FUZZ
@given(
    datagrams=st.lists(DATAGRAMS, max_size=2),
    method=METHODS,
    path=PATHS,
    body=BODIES,
    headers=st.dictionaries(NAMES, VALUES, max_size=2),
)
def test_a_running_server_answers_whatever_came(
    sender: Sender, datagrams: list[bytes], method: str, path: str, body: bytes, headers: dict[str, str]
) -> None:
    """Each request gets an answer that is no fault of the server's: 501 for what is missing, never 500."""
    for datagram in datagrams:
        sender.udp(datagram)
    status, _answer = sender.http(method, path, body, headers)
    assert status < 500 or status == 501


def test_everything_that_was_sent_is_accounted_for(sender: Sender) -> None:
    """After all of it: received and dropped are what was sent, nothing waits, and the next good document is a trace."""
    last = clients.segment("after all", 77)
    sender.udp(HEADER + json.dumps(last).encode())
    udp = clients.eventually(sender.udp_counts, lambda udp: udp["datagrams"] + udp["kernel_drops"] == sender.sent)
    udp = clients.eventually(sender.udp_counts, lambda udp: udp["backlog"] == 0)
    told = {name: udp[name] for name in ("backlog", "backlog_drops", "store_errors", "last_error")}
    assert (udp["datagrams"] + udp["kernel_drops"], told) == (
        sender.sent,
        {"backlog": 0, "backlog_drops": 0, "store_errors": 0, "last_error": ""},
    )
    ids = json.dumps({"TraceIds": [last["trace_id"]]}).encode()

    def found() -> list[int]:
        return [len(trace["Segments"]) for trace in json.loads(sender.http("POST", "/Traces", ids, {})[1])["Traces"]]

    assert clients.eventually(found) == [1]
