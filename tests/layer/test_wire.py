"""Documents to datagrams: what fits, what is cut, what JSON lacks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.kit.fakes import HEADER, Document, parse_datagram
from tests.kit.runtime_api import PARENT, ROOT
from xray_instrument.fit import datagrams
from xray_instrument.model import Subsegment, Trace
from xray_instrument.wire import MAX_DATAGRAM, datagram

BASE: Document = {
    "name": "app.handler", "id": "0000000000000001", "trace_id": ROOT, "parent_id": PARENT, "type": "subsegment",
    "start_time": 1.0, "end_time": 2.5,
}  # fmt: skip


def sent(**fields: Any) -> list[Document]:
    """The documents that arrive for one with these fields, each within the limit."""
    parts = list(datagrams({**BASE, **fields}))
    assert all(len(part) <= MAX_DATAGRAM for part in parts)
    return [parse_datagram(part) for part in parts]


def subsegment(**fields: Any) -> Subsegment:
    trace = Trace(lambda _subsegment: None)
    trace.trace_id = ROOT
    made = Subsegment(str(BASE["name"]), str(BASE["id"]), 1.0, trace)
    made.parent_id, made.end_time, made.fields = PARENT, 2.5, fields
    return made


def test_the_short_way_and_the_long_way() -> None:
    """A subsegment's one datagram holds the same document as the long way makes of it, finished or open."""
    fields = {"namespace": "aws", "aws": {"operation": "GetItem", "größe": 'a"b\\'}, "error": True}
    finished, still_open, bare = subsegment(**fields), subsegment(**fields), subsegment()
    still_open.end_time = None

    parent = subsegment()
    parent.children = [subsegment(), subsegment(a=1)]
    for each in (finished, still_open, bare, parent):
        (long_way,) = datagrams(each.document())
        assert parse_datagram(datagram(each) or b"") == parse_datagram(long_way) == each.document()


def test_the_short_way_knows_its_limits() -> None:
    """What JSON lacks and what is too large, children included, goes the long way."""
    parent = subsegment()
    parent.children = [subsegment(metadata={"a": "x" * 70_000})]
    cases = [
        subsegment(a=float("nan")),
        subsegment(a=object()),
        subsegment(metadata={"a": "x" * 70_000}),
        parent,
        subsegment(a=nested(100_000)),
    ]

    assert [datagram(case) for case in cases] == [None] * 5


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def test_largest_datagram() -> None:
    """A document of exactly the limit goes whole; one byte more, and what is cut is said."""
    room = MAX_DATAGRAM - len(next(iter(datagrams({**BASE, "metadata": {"a": ""}}))))

    (whole,) = datagrams({**BASE, "metadata": {"a": "x" * room}})
    (cut,) = sent(metadata={"a": "x" * (room + 1)})

    assert len(whole) == MAX_DATAGRAM
    assert parse_datagram(whole) == {**BASE, "metadata": {"a": "x" * room}}
    assert cut == {
        **BASE,
        "metadata": {"xray_instrument": {"cut": ["metadata"], "bytes_before_cut": MAX_DATAGRAM - len(HEADER) + 1}},
    }


def test_the_limit_counts_bytes() -> None:
    """Characters beyond ASCII count as what they take on the wire."""
    (cut,) = sent(metadata={"a": "ü" * 30_000})

    assert cut["metadata"]["xray_instrument"]["cut"] == ["metadata"]


STACK = [{"path": "/var/task/app.py", "line": number, "label": "f"} for number in range(200)]
LARGE = "x" * 70_000


def exception(**fields: Any) -> Document:
    return {"id": "e" * 16, "type": "E", "message": "m", **fields}


CUTS: tuple[tuple[Document, Document, list[str]], ...] = (
    ({"metadata": {"a": LARGE}, "annotations": {"a": 1}}, {"annotations": {"a": 1}}, ["metadata"]),
    (
        {"cause": {"working_directory": "/", "paths": [LARGE], "exceptions": [exception(message="y" * 70_000, stack=STACK, truncated=7)]}},
        {"cause": {"working_directory": "/", "exceptions": [exception(message="y" * 1000, stack=STACK[-10:], truncated=197)]}},
        ["cause"],
    ),
    ({"sql": {"a": LARGE}, "aws": {"a": 1}}, {"aws": {"a": 1}}, ["sql"]),
    ({"annotations": {"a": LARGE}, "http": {"a": 1}}, {"http": {"a": 1}}, ["annotations"]),
    ({"aws": {"a": LARGE}, "fault": True}, {"fault": True}, ["aws"]),
    ({"http": {"a": LARGE}, "fault": True}, {"fault": True}, ["http"]),
    ({"metadata": {"a": LARGE}, "aws": {"a": LARGE}}, {}, ["metadata", "aws"]),
    # A cause that is an exception's id has nothing to shorten, and only one of such a size is dropped.
    ({"cause": LARGE}, {}, ["cause"]),
    ({"cause": {"exceptions": [exception(type=LARGE)]}}, {}, ["cause", "cause"]),
)  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "left", "cut"), CUTS, ids=[f"{'-'.join(cut)}-{number}" for number, (_f, _l, cut) in enumerate(CUTS)]
)
def test_what_is_cut_and_said(fields: Document, left: Document, cut: list[str]) -> None:
    """The largest and least needed go first, one after the other, until the document fits; the rest is whole."""
    (document,) = sent(**fields)

    own = document["metadata"].pop("xray_instrument")
    before = len(json.dumps({**BASE, **fields}, separators=(",", ":")))
    assert document == {**BASE, "metadata": {}, **left}
    assert own == {"cut": cut, "bytes_before_cut": before}


def test_nothing_left_to_cut() -> None:
    """A document too large in what it must have is not sent at all."""
    assert sent(name=LARGE) == []


def test_embedded_subsegments_travel_alone() -> None:
    """Too large together: the embedded ones are sent as independent subsegments, at any depth, and nothing is lost."""
    grandchild = {"name": "c", "id": "c" * 16, "start_time": 1.0, "end_time": 2.0, "metadata": {"a": "x" * 40_000}}
    child = {
        "name": "b",
        "id": "b" * 16,
        "start_time": 1.0,
        "end_time": 2.0,
        "metadata": {"a": "x" * 40_000},
        "subsegments": [grandchild],
    }

    documents = sent(metadata={"a": "x" * 40_000}, subsegments=[child])

    alone = {"type": "subsegment", "trace_id": ROOT}
    assert documents == [
        {**grandchild, **alone, "parent_id": "b" * 16},
        {key: value for key, value in {**child, **alone, "parent_id": BASE["id"]}.items() if key != "subsegments"},
        {**BASE, "metadata": {"a": "x" * 40_000}},
    ]


class Unspeakable:
    """Fails at being text."""

    def __str__(self) -> str:
        raise ValueError("no")


@dataclass
class Point:
    x: int


VALUES = (
    (float("nan"), "nan"),
    (float("inf"), "inf"),
    (-float("inf"), "-inf"),
    (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02 00:00:00+00:00"),
    (Decimal("1.10"), "1.10"),
    (b"bytes", "b'bytes'"),
    (Point(1), "Point(x=1)"),
    ((1, None, True), [1, None, True]),
    ({1}, [1]),
    ({(1, 2): 3, None: 4}, {"(1, 2)": 3, "None": 4}),
    (Unspeakable(), "<Unspeakable: no text>"),
    ({Unspeakable(): 1}, {"<Unspeakable: no text>": 1}),
    (10**5000, "<int: no text>"),
)


@pytest.mark.parametrize(
    ("value", "shown"), VALUES, ids=[str(type(value).__name__) + str(number) for number, (value, _s) in enumerate(VALUES)]
)
def test_what_json_lacks(value: object, shown: object) -> None:
    """What JSON has no word for becomes text, and the rest of the document stays as it is."""
    assert sent(metadata={"a": value, "b": 1}) == [{**BASE, "metadata": {"a": shown, "b": 1}}]


def test_lone_surrogates() -> None:
    """Text that is no Unicode does not keep a document from being sent, nor from being read."""
    (document,) = sent(metadata={"a": "x\ud800y", "b": object})

    assert list(document["metadata"]) == ["a", "b"]
    document["metadata"]["a"].encode()


def test_deep_nesting() -> None:
    """A value nested deeper than the encoder goes is cut at depth 20 and says so."""
    (document,) = sent(metadata={"a": nested(100_000)})

    value, depth = document["metadata"]["a"], 0
    while isinstance(value, list):
        value, depth = value[0], depth + 1
    assert (value, depth) == ("<cut: list nested too deep>", 18)


def test_cycle() -> None:
    """A value that contains itself is cut in the same way."""
    loop: dict[str, Any] = {}
    loop["self"] = loop

    (document,) = sent(metadata=loop)

    assert "nested too deep" in json.dumps(document)
