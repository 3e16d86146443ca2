"""--forward: everything arrives at the other X-Ray, later if need be, and what cannot is counted."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.local.server import clients
from xray_local import forward
from xray_local.forward import Counts, Forwarder, backoff
from xray_local.server import Options, Running, start
from xray_local.store import Store


def sent(forwarder: Forwarder, number: int) -> Counts:
    """The counts as soon as so many documents found their end."""
    ended = lambda counts: counts.sent + counts.refused + counts.dropped >= number  # noqa: E731
    return clients.eventually(lambda: forwarder.counts, ended)


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's, as boto3 finds them; and the endpoint of whoever looks at traces, which must not be used."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_ENDPOINT_URL_XRAY", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")


@pytest.fixture
def relay(server: Running) -> Iterator[Running]:
    """A second xray-local that forwards to the first."""
    forwarder = Forwarder(forward.client("eu-west-1", server.endpoint))
    with Store(None) as store, start(store, port=0, options=Options(forwarder)) as running:
        yield running


def test_both_ways_in_are_forwarded(server: Running, relay: Running, xray: Any) -> None:
    """What comes by UDP and by API is in both, and the health page counts it."""
    by_udp, by_api = clients.segment("udp", 1), clients.segment("api", 2)
    clients.send(relay, clients.datagram(by_udp))
    other = clients.boto("xray", relay.endpoint)
    other.put_trace_segments(TraceSegmentDocuments=[json.dumps(by_api), "{"])
    ids = [by_udp["trace_id"], by_api["trace_id"]]
    there = clients.eventually(lambda: xray.batch_get_traces(TraceIds=ids)["Traces"], lambda found: len(found) == 2)
    here = other.batch_get_traces(TraceIds=ids)["Traces"]
    assert there == here
    health = clients.eventually(relay.health, lambda health: health["forward"]["refused"] == 1)["forward"]
    assert (health["sent"], health["refused"], health["dropped"], health["waiting"]) == (2, 1, 0, 0)
    assert len(server.health()["rejected"]) == 1


def test_what_is_sent_at_the_end_is_forwarded(server: Running, relay: Running) -> None:
    """Closing takes along what waits."""
    documents = [clients.segment("last", number) for number in range(1, 121)]
    clients.send(relay, *map(clients.datagram, documents))
    relay.close()
    assert relay.options.forwarder is not None
    assert relay.options.forwarder.counts == Counts(sent=120)
    assert server.store.counts()["documents"] == 120


class Line:
    """An X-Ray that fails as scripted and then takes everything."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.calls: list[list[str]] = []
        self.open = threading.Event()
        self.open.set()

    def put_trace_segments(self, *, TraceSegmentDocuments: list[str]) -> dict[str, Any]:  # noqa: N803
        self.open.wait()
        self.calls.append(list(TraceSegmentDocuments))
        if self.failures:
            raise self.failures.pop(0)
        return {"UnprocessedTraceSegments": []}


def throttled() -> ClientError:
    return ClientError({"Error": {"Code": "ThrottledException", "Message": "slow"}}, "PutTraceSegments")


def test_failures_are_tried_again() -> None:
    """After a lost line and a throttled call the same batch is sent, with the pauses of the first and second attempt."""
    line = Line(EndpointConnectionError(endpoint_url="http://x"), throttled())
    pauses: list[int] = []
    forwarder = Forwarder(line, lambda attempt: pauses.append(attempt) or 0.0)  # type: ignore[func-returns-value]
    forwarder.put(["a", b"b"])
    counts = sent(forwarder, 2)
    forwarder.close()
    error = "ClientError: An error occurred (ThrottledException) when calling the PutTraceSegments operation: slow"
    assert (line.calls, pauses) == ([["a", "b"]] * 3, [1, 2])
    assert counts == Counts(sent=2, retries=2, last_error=error)


def test_a_wrong_request_is_not_tried_again() -> None:
    """What X-Ray will never take is dropped at once, and the next batch goes."""
    line = Line(ClientError({"Error": {"Code": "InvalidRequestException", "Message": "no"}}, "PutTraceSegments"))
    forwarder = Forwarder(line, lambda _attempt: 60.0)
    forwarder.put(["a"])
    sent(forwarder, 1)
    forwarder.put(["b"])
    counts = sent(forwarder, 2)
    forwarder.close()
    assert (line.calls, counts.sent, counts.dropped, counts.retries) == ([["a"], ["b"]], 1, 1, 0)


def test_attempts_come_to_an_end() -> None:
    """A batch that fails every time is dropped and counted."""
    line = Line(*(throttled() for _ in range(forward.ATTEMPTS)))
    forwarder = Forwarder(line, lambda _attempt: 0.0)
    forwarder.put(["a", "b"])
    counts = sent(forwarder, 2)
    forwarder.close()
    assert (len(line.calls), counts.dropped, counts.sent) == (forward.ATTEMPTS, 2, 0)


def test_the_queue_is_bounded() -> None:
    """While the line stands still the oldest go, and their number is known."""
    line = Line()
    line.open.clear()
    forwarder = Forwarder(line, largest_queue=100)
    forwarder.put(["first"] * 50)
    clients.eventually(lambda: forwarder.counts.waiting == 0)
    forwarder.put([str(number) for number in range(130)])
    assert (forwarder.counts.dropped, forwarder.counts.waiting) == (30, 100)
    line.open.set()
    sent(forwarder, 180)
    forwarder.close()
    assert line.calls == [["first"] * 50, [str(n) for n in range(30, 80)], [str(n) for n in range(80, 130)]]


def test_closing_interrupts_a_pause() -> None:
    """A forwarder that waits to try again ends at once, and counts what it leaves behind."""
    line = Line(throttled())
    forwarder = Forwarder(line, lambda _attempt: 3600.0)
    forwarder.put(["a"])
    clients.eventually(lambda: line.calls)
    forwarder.put(["b"])
    forwarder.close()
    assert (line.calls, forwarder.counts.sent, forwarder.counts.dropped) == ([["a"], ["b"]], 1, 1)


def test_pauses_double_up_to_half_a_minute() -> None:
    """Each pause is between half of its length and all of it."""
    lengths = [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert all(length / 2 <= backoff(attempt) <= length for attempt, length in enumerate(lengths, 1))
