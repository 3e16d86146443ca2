"""Segments that X-Ray adds: the other side of calls to services that send none, as their callers saw them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from hashlib import blake2b

from .model import Document
from .names import INFERRING, inferred_origin

# What an inferred segment shows of its call beside its times; seen in X-Ray's answers. The page knows it too: ui/trace/answer.js.
COPIED = ("in_progress", "error", "throttle", "fault", "http", "aws", "sql")


def inferred_segments(
    segment: Document, trace_id: str, claimed: Container[str | None], known_ids: Mapping[str, str]
) -> Iterator[Document]:
    """One for each call in `segment` that no segment names as its parent.

    Args:
        segment: a segment, or a subsegment without one.
        trace_id: of the trace.
        claimed: the calls that segments name as their parents.
        known_ids: ids of inferred segments, by their calls' ids; others are made.
    """
    rest = [segment]
    while rest:
        entity = rest.pop()
        if "subsegments" in entity:
            rest += entity["subsegments"]
        if entity.get("namespace") in INFERRING and entity["id"] not in claimed:
            yield _inferred(entity, trace_id, known_ids.get(entity["id"]) or inferred_id(entity["id"]))


def _inferred(subsegment: Document, trace_id: str, new_id: str) -> Document:
    new: Document = {
        "id": new_id,
        "name": subsegment["name"],
        "start_time": subsegment["start_time"],
        "trace_id": trace_id,
    }
    if "end_time" in subsegment:
        new["end_time"] = subsegment["end_time"]
    new["parent_id"] = subsegment["id"]
    new["inferred"] = True
    for key in COPIED:
        if key in subsegment:
            new[key] = subsegment[key]
    origin = inferred_origin(subsegment)
    if origin:
        new["origin"] = origin
    return new


def inferred_id(subsegment_id: str) -> str:
    """The same id every time a trace is compiled. X-Ray draws one, and its first digit is 0 to 3 in all that we have seen."""
    digest = blake2b(subsegment_id.encode(), digest_size=8).hexdigest()
    return "0123"[int(digest[0], 16) % 4] + digest[1:]
