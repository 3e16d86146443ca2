"""Documents as senders write them, short enough to read in a test."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence

from xray_local.model import CompiledTrace, Document
from xray_local.trace import compile_trace

TRACE = "1-5f84c7a5-7fa8b9c0d1e2f30415263748"


def eid(number: int) -> str:
    """The id that a test calls 1, 2, 3."""
    return f"{number:016x}"


def segment(number: int, name: str = "shop", start: float = 100, end: float | None = 110, **fields: object) -> Document:
    """A segment; in progress if it has no end."""
    times = {"start_time": start, "in_progress": True} if end is None else {"start_time": start, "end_time": end}
    return {"id": eid(number), "name": name, "trace_id": TRACE, **times, **fields}


def embedded(number: int, name: str = "work", start: float = 101, end: float | None = 102, **fields: object) -> Document:
    """A subsegment inside another document."""
    document = segment(number, name, start, end, **fields)
    del document["trace_id"]
    return document


def subsegment(
    number: int, parent: int, name: str = "work", start: float = 101, end: float | None = 102, **fields: object
) -> Document:
    """A subsegment that is sent by itself."""
    return segment(number, name, start, end, type="subsegment", parent_id=eid(parent), **fields)


def call(number: int, name: str, **fields: object) -> Document:
    """A subsegment of an AWS call inside another document."""
    return {**embedded(number, name, namespace="aws"), **fields}


def compiled(*documents: Document) -> CompiledTrace:
    """The trace of these documents; they are left as they are."""
    before = copy.deepcopy(documents)
    trace = compile_trace(TRACE, documents)
    assert documents == before
    return trace


def apart(document: Document) -> list[Document]:
    """The same as one document for each segment and subsegment."""
    rest, parts = [document], []
    while rest:
        entity = rest.pop()
        below = entity.get("subsegments", [])
        parts.append({key: value for key, value in entity.items() if key != "subsegments"})
        rest += [{**child, "type": "subsegment", "trace_id": document["trace_id"], "parent_id": entity["id"]} for child in below]
    return parts


def shuffled(documents: Sequence[Document], seed: int) -> list[Document]:
    """In another order, the same for the same seed."""
    mixed = list(documents)
    random.Random(seed).shuffle(mixed)  # noqa: S311
    return mixed
