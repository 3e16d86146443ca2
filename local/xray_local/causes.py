"""Root causes: the way from a service that shows trouble to the place that it comes from.

For faults and errors: from an entity with the flag to the one below it that has it too, and so on down; several such below
one are several causes. A way that starts at the trace's root reached the client. For response times: from the root to what
took most of the time. How X-Ray decides is not published; what is here agrees with the few answers that are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from .entities import Entity
from .model import CauseEntity, CauseException, CauseService, RootCause
from .names import INFERRING, LAMBDA

# A trace of 0.37 s had no cause of its response time, one of 2.8 s had (two answers of X-Ray's); in between is our choice.
SLOW = 1.0
# Below half of the response time nothing is the cause of it; ours.
MOST = 0.5
# Ways to show for one trace; ours. A fan-out of 1,000 failing calls is told by 10 as well.
MAX_CAUSES = 10
# As many entities as the deepest way may have; ours, as documents may nest without end.
MAX_WAY = 100
# What makes a fault and what an error: a throttled call was answered 429, which is a 4xx.
FAULT, ERROR = ("fault",), ("error", "throttle")

Below = dict[str, list[Entity]]
Span = tuple[float, float]
Way = list[Entity]


def fault_root_causes(root_id: str, found: Mapping[str, Entity]) -> tuple[RootCause, ...]:
    """Where faults come from."""
    return _root_causes(FAULT, root_id, found)


def error_root_causes(root_id: str, found: Mapping[str, Entity]) -> tuple[RootCause, ...]:
    """Where client errors come from."""
    return _root_causes(ERROR, root_id, found)


def _root_causes(flags: tuple[str, ...], root_id: str, found: Mapping[str, Entity]) -> tuple[RootCause, ...]:
    flagged = {id_ for id_, entity in found.items() if any(entity.document.get(flag) is True for flag in flags)}
    if not flagged:
        return ()
    below = _below(found)
    reached = {child.document["id"] for id_ in flagged for child in below.get(id_, ())}
    starts = sorted(flagged - reached, key=lambda id_: (id_ != root_id, found[id_].document["start_time"], id_))
    ways = (way for start in starts for way in _ways(found[start], below, flagged))
    causes = (RootCause(way[0].document["id"] == root_id, _services(way)) for way in ways if not _contradicted(way[-1]))
    return tuple(cause for cause, _index in zip(causes, range(MAX_CAUSES), strict=False))


def _below(found: Mapping[str, Entity]) -> Below:
    """What each entity contains or called; where nobody answered, that is the inferred segment."""
    below: Below = {}
    for entity in found.values():
        parent = entity.parent or entity.document.get("parent_id", "")
        if parent in found:
            below.setdefault(parent, []).append(entity)
    return below


def _ways(start: Entity, below: Below, flagged: set[str]) -> Iterator[Way]:
    """All ways down from an entity along flagged ones."""
    rest: list[Way] = [[start]]
    while rest:
        way = rest.pop()
        passed = {entity.document["id"] for entity in way}
        steps = [entity for entity in below.get(way[-1].document["id"], ()) if entity.document["id"] in flagged - passed]
        if not steps or len(way) == MAX_WAY:
            yield way
        rest += [[*way, entity] for entity in reversed(steps)]


def _contradicted(entity: Entity) -> bool:
    """Lambda flags an invocation whose function failed as an error, yet answers 200: X-Ray finds no root cause in that.

    Its own segment and the attempts in it only: what is inferred from a caller's Invoke has the caller's flags for a reason.
    """
    document, segment = entity.document, entity.segment
    if segment.get("origin") != LAMBDA or segment.get("inferred") or "cause" in document:
        return False
    status: int = document.get("http", {}).get("response", {}).get("status", 0)
    return 200 <= status < 300


def response_time_root_causes(root_id: str, found: Mapping[str, Entity]) -> tuple[RootCause, ...]:
    """What took most of the time of a slow trace; empty for fast ones."""
    root = found.get(root_id)
    total = _length(_own(root)) if root else 0.0
    if root is None or total < SLOW or root.document.get("in_progress"):
        return ()
    below = _below(found)
    way, shares = [root], {root_id: 1.0}
    window = _own(root)
    while len(way) < MAX_WAY:
        steps = [entity for entity in below.get(way[-1].document["id"], ()) if entity.document["id"] not in shares]
        step = max(steps, key=lambda entity: _longest(_spans(entity, below, window)), default=None)
        if step is None or _longest(_spans(step, below, window)) < MOST * total:
            break
        spans = _spans(step, below, window)
        way.append(step)
        shares[step.document["id"]] = round(_longest(spans) / total, 3)
        window = min(start for start, _ in spans), max(end for _, end in spans)
    if len(way) == 1:
        return ()
    return (RootCause(client_impacting=True, services=_services(way, shares)),)


def _own(entity: Entity) -> Span:
    start: float = entity.document["start_time"]
    return start, entity.document.get("end_time", start)


def _spans(entity: Entity, below: Below, window: Span) -> list[Span]:
    """Its own time and that of each part of it: a function's Initialization lies before its segment.

    As far as its caller was waiting, and it had not answered: what goes on after that is nobody's response time.
    """
    own = _own(entity)
    parts = (part for part in below.get(entity.document["id"], ()) if part.parent)
    first, last = window[0], min(window[1], own[1])
    return [(max(start, first), min(end, last)) for start, end in (own, *map(_own, parts))]


def _length(span: Span) -> float:
    return max(0.0, span[1] - span[0])


def _longest(spans: list[Span]) -> float:
    return max(map(_length, spans))


def _services(way: Way, shares: Mapping[str, float] | None = None) -> tuple[CauseService, ...]:
    parts = [(segment_id, list(steps)) for segment_id, steps in groupby(way, key=lambda entity: entity.segment["id"])]
    return tuple(
        CauseService(
            service=steps[0].service,
            inferred=steps[0].segment.get("inferred") is True,
            entities=tuple(_entity(step, (shares or {}).get(step.document["id"], 0.0)) for step in steps),
        )
        for _segment_id, steps in parts
    )


def _entity(entity: Entity, share: float) -> CauseEntity:
    document = entity.document
    return CauseEntity(
        name=document["name"],
        remote=document.get("namespace") in INFERRING,
        exceptions=tuple(_exceptions(document.get("cause"))),
        coverage=share,
    )


def _exceptions(cause: Any) -> Iterator[CauseException]:
    listed = cause.get("exceptions") if isinstance(cause, dict) else None
    for exception in listed if isinstance(listed, list) else ():
        if isinstance(exception, dict):
            yield CauseException(_text(exception.get("type")), _text(exception.get("message")))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
