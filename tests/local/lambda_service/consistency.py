"""Whether the times of a trace can be true, by what is known of Lambda's traces (docs/lambda-service.md, "Times")."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from xray_local.model import Document

# The service's segments have whole milliseconds, cut off.
CUT_OFF = 0.001


def flaws(segments: list[Document]) -> list[str]:
    """Every contradiction in a finished, compiled trace, as a sentence; none is what a test wants."""
    return [flaw for segment in segments for flaw in _of_segment(segment, segments)]


def _of_segment(segment: Document, segments: list[Document]) -> Iterator[str]:
    yield from _backwards(segment)
    callee_of = {child["id"]: child for child in _all(segments)}
    caller = callee_of.get(segment.get("parent_id", ""))
    if segment.get("origin") == "AWS::Lambda":
        yield from _of_service(segment, caller)
    if segment.get("origin") == "AWS::Lambda::Function":
        yield from _of_function(segment, caller)


def _of_service(service: Document, caller: Document | None) -> Iterator[str]:
    if caller and not _within(service, caller):
        yield f"{service['name']}: the caller does not enclose the service segment"
    # The first attempt may begin in the millisecond of the acceptance.
    below = sorted(service.get("subsegments", []), key=lambda part: (part["start_time"], part["name"] != "Dwell Time"))
    if not below:
        return
    dwell, attempts = below[0], below[1:]
    if dwell["name"] != "Dwell Time" or dwell["start_time"] != service["start_time"]:
        yield "Dwell Time does not begin with the acceptance"
    if attempts and dwell["end_time"] != attempts[0]["start_time"]:
        yield "Dwell Time does not end with the first attempt"
    if [part["name"] for part in attempts] != [f"Attempt #{number}" for number in range(1, len(attempts) + 1)]:
        yield "the attempts are not numbered in order"
    for first, second in pairwise(attempts):
        if second["start_time"] < first["end_time"]:
            yield f"{second['name']} begins before {first['name']} has ended"


def _of_function(function: Document, caller: Document | None) -> Iterator[str]:
    below = {part["name"]: part for part in function.get("subsegments", [])}
    first, invocation, overhead = (below.get(name) for name in ("Initialization", "Invocation", "Overhead"))
    if first and first["end_time"] > function["start_time"]:
        yield "Initialization ends after the function segment has begun"
    if caller is None:
        yield "the function segment hangs below nothing"
        return
    if first and first["start_time"] < caller["start_time"]:
        yield "Initialization begins before anybody has called"
    if invocation and not _within(invocation, function):
        yield "Invocation is not within the function segment"
    if overhead and invocation and not (overhead["start_time"] == invocation["end_time"] and _within(overhead, function)):
        yield "Overhead is not what follows Invocation to the end"
    ran = {**function, "end_time": overhead["start_time"] if overhead else function["end_time"]}
    if not _within(ran, caller):
        yield f"the function ran outside of {caller['name']}"
    if invocation:
        for part in _all(invocation.get("subsegments", [])):
            at_init = "initialization_type" in part.get("annotations", {}) or part["start_time"] < invocation["start_time"]
            if not at_init and not _within(part, invocation):
                yield f"{part['name']} is not within Invocation"


def _backwards(segment: Document) -> Iterator[str]:
    for entity in _all([segment]):
        if entity.get("end_time", entity["start_time"]) < entity["start_time"]:
            yield f"{entity['name']} ends before it begins"


def _within(inner: Document, outer: Document) -> bool:
    start: float = outer["start_time"]
    end: float = outer["end_time"]
    return bool(inner["start_time"] >= start - CUT_OFF and inner["end_time"] <= end + CUT_OFF)


def _all(entities: list[Document]) -> Iterator[Document]:
    for entity in entities:
        yield entity
        yield from _all(entity.get("subsegments", []))
