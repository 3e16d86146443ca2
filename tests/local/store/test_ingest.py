"""What is taken, what is not, and what is derived from it."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.local.store.making import START, call, segment, text, trace_id
from xray_local.rows import Derived, derive
from xray_local.store import RejectedDocument, Rejection, Store


def test_documents_come_back_as_they_were_sent(store: Store) -> None:
    """Text and bytes, unknown fields and odd spaces: the same text, in the order of arrival."""
    sent: list[str | bytes] = [json.dumps(call(1, unknown={"ä": 1}), indent=3, ensure_ascii=False), text(segment(1)).encode()]
    assert store.ingest(sent, "udp", START) == [None, None]
    assert store.documents(trace_id(1)) == [sent[0], text(segment(1))]


def test_a_document_sent_twice_is_one_document_and_the_newest(store: Store) -> None:
    """The complete one of an id replaces a complete one, never the one in progress, and moves to the end."""
    begun = segment(1, in_progress=True)
    del begun["end_time"]
    store.ingest([text(begun), text(segment(1)), text(call(1))], "udp", START)
    store.ingest([text(segment(1, user="ana"))], "udp", START)
    assert store.documents(trace_id(1)) == [text(begun), text(call(1)), text(segment(1, user="ana"))]


def test_what_cannot_be_taken_is_kept_with_its_reason(store: Store) -> None:
    """Good documents of a batch are taken, the others answered in place and shown to the user, cut at 64 KiB."""
    nameless = segment(2)
    del nameless["name"]
    long = "x" * 70_000
    answers = store.ingest([text(segment(1)), text(nameless), b"\xff", long], "api", 5.0)
    reasons = [kept.reason for kept in store.rejected()]
    assert answers == [
        None,
        Rejection(nameless["id"], "MissingParam", reasons[2]),
        Rejection(None, "JSONFormatError", reasons[1]),
        Rejection(None, "InvalidSegment", reasons[0]),
    ]
    assert store.rejected() == [
        RejectedDocument(5.0, "api", reasons[0], b"x" * 65_536),
        RejectedDocument(5.0, "api", reasons[1], b"\xff"),
        RejectedDocument(5.0, "api", reasons[2], text(nameless).encode()),
    ]
    assert store.trace_ids(0, 2e9) == [trace_id(1)]


def test_a_datagram_that_never_was_a_document_is_kept_too(store: Store) -> None:
    """What the daemon refuses is among the rejected ones and counted by its source; only the newest 1,000 stay."""
    for number in range(1_002):
        store.reject(b"%d" % number, "udp", float(number), "no newline after the header")
    assert [kept.text for kept in store.rejected(2_000)] == [b"%d" % number for number in range(1_001, 1, -1)]
    assert store.counts()["rejected udp"] == 1_002


def test_half_a_character_does_not_stop_anything(store: Store) -> None:
    """A surrogate that JavaScript cut in two is replaced, in names and in annotations, written raw or as an escape."""
    documents = [segment(1, name="a\ud83d", annotations={"k": "v\ude00"}), segment(2, user="u\ud83d")]
    raw = json.dumps(documents[1], ensure_ascii=False)
    assert store.ingest([text(documents[0]), raw], "udp", START) == [None, None]
    assert store.trace_ids(0, 2e9) == [trace_id(2), trace_id(1)]
    assert store.counts()["pending"] == 0


def test_numbers_that_fit_no_column_do_not_stop_anything(store: Store) -> None:
    """Annotations and statuses beyond 64 bits are stored as far as SQLite can, and the trace is found."""
    huge = 10**400
    documents = [segment(1, annotations={"big": huge, "small": -(2**70)}, http={"response": {"status": huge}})]
    assert store.ingest([text(document) for document in documents], "udp", START) == [None]
    assert store.trace_ids(0, 2e9) == [trace_id(1)]


def test_counts_say_how_much_there_is(store: Store) -> None:
    """Rows, bytes, times and what ever came by source."""
    store.ingest([text(segment(1)), text(call(1)), "{"], "udp", 7.0)
    store.ingest([text(segment(2))], "api", 9.0)
    store.settle(10)
    counts = store.counts()
    assert counts == {
        "traces": 2,
        "documents": 3,
        "rejected": 1,
        "pending": 0,
        "oldest": 7.0,
        "newest": 9.0,
        "bytes": counts["bytes"],
        "received udp": 2,
        "rejected udp": 1,
        "received api": 1,
    }
    assert counts["bytes"] is not None
    assert counts["bytes"] > 4096


def test_readers_hear_of_changed_traces(store: Store) -> None:
    """A callback gets the ids of traces once they are compiled, until it takes itself off; one that fails harms nobody."""
    heard: list[str] = []
    arrived = threading.Event()

    def listen(ids: Sequence[str]) -> None:
        heard.extend(ids)
        arrived.set()

    def fail(_: Sequence[str]) -> None:
        raise ZeroDivisionError

    store.subscribe(fail)
    stop = store.subscribe(listen)
    store.ingest([text(segment(1)), text(segment(2))], "udp", START)
    assert arrived.wait(10)
    store.settle(10)
    stop()
    store.ingest([text(segment(3))], "udp", START)
    store.settle(10)
    assert sorted(heard) == [trace_id(1), trace_id(2)]


def test_a_reader_of_another_process_asks_for_changes(store: Store) -> None:
    """Each change of a summary has a number; asking from the last one on gives what is new, also of old traces."""
    store.ingest([text(segment(1))], "udp", START)
    last, first = store.changes()
    store.ingest([text(segment(2))], "udp", START)
    store.settle(10)
    store.ingest([text(call(1))], "udp", START)
    end, then = store.changes(last)
    assert [[one["Id"] for one in found] for found in (first, then)] == [[trace_id(1)], [trace_id(2), trace_id(1)]]
    assert [one["Revision"] for one in then] == [1, 2]
    assert store.changes(end) == (end, [])


def test_many_threads_write_and_read_at_once(store: Store) -> None:
    """Eight writers and two readers: nothing lost, nobody fails, a read never sees less than one before it."""
    errors: list[BaseException] = []

    def write(first: int) -> None:
        try:
            for number in range(first, first + 25):
                store.ingest([text(segment(number)), text(call(number))], "udp", START)
        except BaseException as error:  # noqa: BLE001 - the test fails with it
            errors.append(error)

    def read() -> None:
        try:
            seen = 0
            while seen < 200:
                found = len(store.trace_ids(0, 2e9))
                assert found >= seen
                seen = found
        except BaseException as error:  # noqa: BLE001 - as above
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number * 25,)) for number in range(8)]
    threads += [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert store.settle(10)
    assert sorted(store.trace_ids(0, 2e9)) == [trace_id(number) for number in range(200)]
    assert store.counts()["documents"] == 400


def test_a_trace_that_cannot_be_compiled_keeps_nobody_waiting(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that fails and one whose rows do not fit are reported with their documents; the others of the chunk are there."""

    def some(trace: str, texts: Sequence[str], revision: int, _links: object) -> Derived:
        if trace == trace_id(1):
            raise ZeroDivisionError("one")
        rows = derive(trace, texts, revision)
        return replace(rows, users=[(10**30,)]) if trace == trace_id(2) else rows  # type: ignore[list-item]

    monkeypatch.setattr("xray_local.deriver.derive", some)
    store.ingest([text(segment(number)) for number in range(5)], "udp", START)
    assert store.settle(10)
    assert sorted(store.trace_ids(0, 2e9)) == [trace_id(0), trace_id(3), trace_id(4)]
    reports = {one.reason: (one.source, one.text.decode()) for one in store.rejected()}
    asked = "its 1 documents are kept: this is a mistake of xray-local, please report it with them"
    assert reports == {
        f"the trace {trace_id(1)} cannot be compiled (ZeroDivisionError: one); {asked}": ("store", text(segment(1))),
        f"the trace {trace_id(2)} cannot be compiled (Python int too large to convert to SQLite INTEGER); {asked}": (
            "store",
            text(segment(2)),
        ),
    }
    assert store.trace(trace_id(2)) is not None
