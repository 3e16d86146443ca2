"""The collector builds the trees that X-Ray would build, from real datagrams in any order."""

from __future__ import annotations

import socket

import pytest

from tests.kit.collector import Collector, compiled, duplicates, normalised
from tests.kit.fakes import HEADER, BadDatagramError, CapturedDatagrams, CountingIds, Document, FakeClock, parse_datagram

TRACE = "1-65a0f3c2-0123456789abcdef01234567"
OPEN: Document = {"trace_id": TRACE, "id": "000000000000000a", "parent_id": "53995c3f42cd8ad8", "name": "app", "start_time": 1.0}
ROOT: Document = {**OPEN, "end_time": 9.0}
CALL: Document = {
    "trace_id": TRACE,
    "id": "000000000000000b",
    "parent_id": OPEN["id"],
    "name": "S3",
    "start_time": 3.0,
    "end_time": 4.0,
    "subsegments": [{"id": "000000000000000c", "name": "attempt", "start_time": 3.5, "end_time": 3.6}],
}
EARLIER: Document = {
    "trace_id": TRACE,
    "id": "000000000000000d",
    "parent_id": OPEN["id"],
    "name": "SQS",
    "start_time": 2.0,
    "end_time": 2.5,
}


def test_documents_become_one_tree_in_any_order() -> None:
    """Children before parents, the complete document before the one in progress: the same tree, siblings by start time."""
    attempt = {**CALL["subsegments"][0], "trace_id": TRACE, "parent_id": CALL["id"]}
    tree = {**ROOT, "subsegments": [EARLIER, {**CALL, "subsegments": [attempt]}]}

    orders = ([{**OPEN, "in_progress": True}, EARLIER, CALL, ROOT], [CALL, ROOT, {**OPEN, "in_progress": True}, EARLIER])

    assert [compiled(order) for order in orders] == [[tree], [tree]]


def test_a_document_without_its_parent_is_a_root() -> None:
    """What names a parent that never arrives stands beside the others, as an orphan does in X-Ray."""
    assert [tree["name"] for tree in compiled([CALL, EARLIER])] == ["SQS", "S3"]


def test_a_second_complete_document_is_refused() -> None:
    """One in-progress and one complete document per id are fine; the second complete one is a duplicate and does not count."""
    second = {**ROOT, "end_time": 10.0}
    documents = [{**OPEN, "in_progress": True}, ROOT, second]

    assert (duplicates(documents), compiled(documents)) == ([second], [ROOT])


def test_normalised_trees_compare_whole() -> None:
    """Ids are numbered in tree order, times named, and a parent outside the tree stays what it is."""
    assert normalised(compiled([EARLIER, ROOT])) == [
        {
            "trace_id": TRACE,
            "id": "id1",
            "parent_id": "53995c3f42cd8ad8",
            "name": "app",
            "start_time": "start",
            "end_time": "end",
            "subsegments": [
                {"trace_id": TRACE, "id": "id2", "parent_id": "id1", "name": "SQS", "start_time": "start", "end_time": "end"},
            ],
        },
    ]


def test_time_that_runs_backwards_is_not_normalised_away() -> None:
    """A subsegment that ends before it starts is an error, not a `start` and an `end`."""
    with pytest.raises(ValueError, match="ends before it starts"):
        normalised([{**ROOT, "end_time": 0.5}])


def test_datagrams_arrive_over_udp() -> None:
    """What is sent to the address is what documents() gives."""
    with Collector() as collector, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        host, _, port = collector.address.partition(":")
        for name in (b"a", b"b"):
            sender.sendto(HEADER + b'{"name":"' + name + b'"}', (host, int(port)))

        assert collector.wait_for(lambda documents: len(documents) == 2) == [{"name": "a"}, {"name": "b"}]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b'{"format":"json"}\n{}', "expected"),
        (HEADER + b"{", "not a JSON document"),
        (HEADER + b"[]", "a document is a JSON object"),
    ],
)
def test_what_the_daemon_would_drop_is_an_error(data: bytes, text: str) -> None:
    """A wrong header, broken JSON and a list are refused, each with its reason."""
    with pytest.raises(BadDatagramError, match=text):
        parse_datagram(data)


def test_the_fakes_are_deterministic() -> None:
    """The clock moves only when told, ids count, and sent bytes come back as documents."""
    clock, new_id, captured = FakeClock(5.0), CountingIds(), CapturedDatagrams()

    captured.send(HEADER + b'{"a":1}')

    assert (clock(), clock.advance(1.5), clock()) == (5.0, 6.5, 6.5)
    assert (new_id(), new_id(), captured.documents()) == ("0000000000000001", "0000000000000002", [{"a": 1}])
