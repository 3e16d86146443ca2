"""A trace as X-Ray returns it, from the documents as they were sent.

Documents arrive in any order, whole or in parts, some twice (in progress, then complete). So the work has three steps:

1. take every document apart into single segments and subsegments, one for each id; what is complete replaces what is in
   progress, and of two that are alike the later one stands;
2. hang each subsegment below its parent, wherever that came from; what has no parent stands by itself and is reported;
3. write the segments anew as X-Ray writes them (fields.py), and add a segment for every call whose other side sent none
   (inferred.py).

The same documents in any other order give the same trace: children and segments are sorted, ids are never drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from . import links
from .documents import is_subsegment
from .entities import entities
from .fields import rewritten
from .indexing import MAX_KEYS, indexed
from .inferred import inferred_segments
from .model import CompiledTrace, Document
from .notices import Notices

__all__ = ["CompiledTrace", "compile_trace"]

# Ours: with 200 levels inside one document (documents.py) still less than the 1,000 at which Python's JSON gives up. A level of
# subsegments is two of JSON.
MAX_DEPTH = 250


@dataclass(slots=True)
class Part:
    """One segment or subsegment of the trace, by itself."""

    sent: Document
    parent_id: str
    is_segment: bool
    children: list[Part] = field(default_factory=list)

    @property
    def id(self) -> str:
        """16 hex digits."""
        found: str = self.sent["id"]
        return found

    @property
    def order(self) -> tuple[float, float, str]:
        """Where it stands among others: by time. Of what began at once the shorter first: Dwell Time before its attempt."""
        return (self.sent["start_time"], _end(self), self.sent["id"])

    @property
    def inferred(self) -> bool:
        """A segment that X-Ray made, sent again in an export of X-Ray's."""
        return self.is_segment and self.sent.get("inferred") is True

    @property
    def standing(self) -> int:
        """Which of different things with the same id stays: a real segment before a subsegment before an inferred segment."""
        if self.inferred:
            return 0
        return 2 if self.is_segment else 1

    @property
    def in_progress(self) -> bool:
        """Its end is not known yet."""
        return self.sent.get("in_progress") is True


def compile_trace(trace_id: str, documents: Sequence[Document], mirrored: Iterable[tuple[str, Document]] = ()) -> CompiledTrace:
    """The trace's documents, in order of arrival, as BatchGetTraces returns them.

    `mirrored`: links that other traces told of, each with the (sub)segment that sent the message (mirrors.py).
    The documents are left as they are, but the result shares their inner values: treat both as read-only.
    """
    notices = Notices()
    parts = _take_apart(documents, notices)
    _link(parts, mirrored)
    known_ids = _without_inferred(parts)
    tops = _hang(parts, notices)
    segments = [_written(trace_id, top, notices) for top in tops]
    claimed = {segment.get("parent_id") for segment in segments}
    inferred = [new for segment in segments for new in inferred_segments(segment, trace_id, claimed, known_ids)]
    segments += inferred
    segments.sort(key=lambda segment: (segment["start_time"], "inferred" in segment, segment["id"]))
    start = min((segment["start_time"] for segment in segments), default=0.0)
    # The last traced activity (API, Duration): a subsegment may outlive its segment, as asynchronous invocations' attempts do.
    end = max([start, *map(_end, parts.values())])
    if any(part.sent.get("links") for part in parts.values()):
        links.limit(segments, notices)
    _look_for_callers(segments, parts, notices)
    _count_annotations(segments, parts, notices)
    return CompiledTrace(
        id=trace_id,
        segments=segments,
        notices=notices.sentences(),
        start_time=float(start),
        end_time=float(end),
        # Milliseconds, as in X-Ray's own answers.
        duration=round(end - start, 3),
        root_id=_root(segments, parts),
        partial=any(part.in_progress for part in parts.values()),
        repeating=frozenset(segment["id"] for segment in inferred),
    )


def _take_apart(documents: Iterable[Document], notices: Notices) -> dict[str, Part]:
    parts: dict[str, Part] = {}
    for document in documents:
        for part in _parts(document):
            _take(parts, part, notices)
    return parts


def _parts(document: Document) -> Iterator[Part]:
    yield Part(document, document.get("parent_id") or "", is_segment=not is_subsegment(document))
    rest = [document]
    while rest:
        parent = rest.pop()
        for child in parent.get("subsegments") or ():
            yield Part(child, parent["id"], is_segment=False)
            rest.append(child)


def _take(parts: dict[str, Part], new: Part, notices: Notices) -> None:
    known = parts.get(new.id)
    if known and known.standing != new.standing:
        lesser, parts[new.id] = sorted((known, new), key=lambda part: part.standing)
        notices.add("A segment has the same id, so they are left out: {}", lesser.sent["name"])
        return
    if known is None:
        parts[new.id] = new
        return
    late = new.in_progress and not known.in_progress
    if not late and not known.in_progress and _own(known) != _own(new):
        notices.add("X-Ray takes one complete document for each id; sent again, with other contents: {}", new.sent["name"])
    standing, other = (known, new) if late else (new, known)
    parts[new.id] = replace(standing, sent=links.with_links(standing.sent, other.sent))


def _link(parts: dict[str, Part], mirrored: Iterable[tuple[str, Document]]) -> None:
    """Puts each link at the part that sent the message, unless it was sent with it (an export of X-Ray's has both ends)."""
    for sender, link in mirrored:
        part = parts.get(sender)
        if part and not any(isinstance(own, dict) and own.get("id") == link["id"] for own in part.sent.get("links") or ()):
            part.sent = {**part.sent, "links": [*(part.sent.get("links") or ()), link]}


def _own(part: Part) -> Document:
    return {key: value for key, value in links.without_links(part.sent).items() if key != "subsegments"}


def _without_inferred(parts: dict[str, Part]) -> dict[str, str]:
    """Takes out the inferred segments that were sent, in an export of X-Ray's: they are inferred anew, with the same ids.

    Answers with those ids by the ids of the calls. What is inferred from a call that is not here has to stay.
    """
    found = [part for part in parts.values() if part.inferred and part.parent_id in parts]
    for part in found:
        del parts[part.id]
    return {part.parent_id: part.id for part in found}


def _hang(parts: dict[str, Part], notices: Notices) -> list[Part]:
    """Puts each subsegment below its parent. Answers with what stands by itself: segments, and subsegments without a parent."""
    tops: list[Part] = []
    ordered = sorted(parts.values(), key=lambda part: part.order)
    for part in ordered:
        parent = None if part.is_segment else parts.get(part.parent_id)
        if parent:
            parent.children.append(part)
            continue
        tops.append(part)
        if not part.is_segment:
            notices.add(f"Their parent {part.parent_id} has not arrived, so they stand by themselves: {{}}", part.sent["name"])
    hung = _limit_depth(tops, notices)
    if len(hung) == len(parts):
        return tops
    for part in ordered:
        if part.id in hung:
            continue
        # Nobody's descendant, yet it has a parent: its parents' chain is a circle.
        first = _first_of_circle(part, parts)
        parts[first.parent_id].children.remove(first)
        tops.append(first)
        notices.add("They are their own ancestors, so the chain was cut: {}", first.sent["name"])
        hung |= _limit_depth([first], notices)
    return tops


def _first_of_circle(part: Part, parts: dict[str, Part]) -> Part:
    """The earliest part of the circle that a part's chain of parents runs into."""
    passed = set()
    while part.id not in passed:
        passed.add(part.id)
        part = parts[part.parent_id]
    circle = [part]
    while circle[-1].parent_id != part.id:
        circle.append(parts[circle[-1].parent_id])
    return min(circle, key=lambda part: part.order)


def _limit_depth(tops: list[Part], notices: Notices) -> set[str]:
    """The ids of all that hangs below some parts; what hangs too deep is moved up to the deepest place allowed."""
    seen = {top.id for top in tops}
    level = tops
    for _depth in range(MAX_DEPTH):
        level = [child for part in level for child in part.children]
        seen.update(part.id for part in level)
        if not level:
            return seen
    for part in level:
        below = _descendants(part)
        for moved in below:
            moved.children = []
            notices.add(f"Nested deeper than {MAX_DEPTH} levels, shown at the last of them: {{}}", moved.sent["name"])
        part.children = sorted(below, key=lambda part: part.order)
        seen.update(moved.id for moved in below)
    return seen


def _descendants(part: Part) -> list[Part]:
    found: list[Part] = []
    level = part.children
    while level:
        found += level
        level = [child for parent in level for child in parent.children]
    return found


def _written(trace_id: str, top: Part, notices: Notices) -> Document:
    """The part as X-Ray writes it, with everything below it."""
    # A part that was cut out of a circle was perhaps sent inside another document, without these.
    alone = {} if top.is_segment else {"trace_id": trace_id, "parent_id": top.parent_id, "type": "subsegment"}
    segment = rewritten({**top.sent, **alone}, notices, top=True)
    rest = [(top, segment)]
    while rest:
        part, document = rest.pop()
        if part.in_progress:
            notices.add("Still in progress: {}", document["name"])
        if part.children:
            below = [rewritten(child.sent, notices, top=False) for child in part.children]
            document["subsegments"] = below
            rest += zip(part.children, below, strict=True)
    return segment


def _end(part: Part) -> float:
    """When it ended; as long as it is in progress, when it was last heard of."""
    return float(part.sent.get("end_time") or part.sent["start_time"])


def _look_for_callers(segments: list[Document], parts: dict[str, Part], notices: Notices) -> None:
    called = {segment.get("parent_id") for segment in segments if not segment.get("inferred")}
    for segment in segments:
        parent = segment.get("parent_id")
        if parent and parent not in parts and segment.get("type") != "subsegment":
            notices.add(f"Their caller {parent} has not arrived: {{}}", segment["name"])
    for part in parts.values():
        request = (part.sent.get("http") or {}).get("request")
        traced = isinstance(request, dict) and request.get("traced") is True
        if traced and part.id not in called:
            notices.add("They say that the other side sends a segment, which has not arrived: {}", part.sent["name"])


def _count_annotations(segments: list[Document], parts: dict[str, Part], notices: Notices) -> None:
    # The sum of all is quick to tell, and above the limit for few traces; for those the keys are told apart.
    if sum(len(part.sent.get("annotations") or ()) for part in parts.values()) <= MAX_KEYS:
        return
    _indexed, beyond = indexed(entities(segments).values())
    for key in beyond:
        notices.add(f"X-Ray indexes {MAX_KEYS} annotations of a trace; more cannot be searched: {{}}", key)


def _root(segments: list[Document], parts: dict[str, Part]) -> str:
    """Where the trace begins: a segment that nobody called, else one whose caller is missing, else an orphan.

    Of several the first; of orphans the one that ends last: beside an invocation its initialization is one too.
    """

    def rank(segment: Document) -> tuple[bool, bool, bool, bool, float]:
        parent = segment.get("parent_id")
        orphan = segment.get("type") == "subsegment"
        last = -segment.get("end_time", math.inf) if orphan else 0.0
        return (bool(segment.get("inferred")), orphan, bool(parent), parent in parts, last)

    best = min(segments, key=rank, default=None)
    return best["id"] if best else ""
