"""What an expression can ask: the trace as a whole, one visit to a service, one call, one element of a root cause.

Numbers come out as the store's tables hold them (rows.py): one that does not fit is not set. So an expression means the same
here and in SQL.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..indexing import searchable
from ..model import CLIENT, Call, CompiledTrace, Contribution, Document, Outcome, ServiceKey, Summary
from .syntax import Value

# SQLite's largest integer.
LARGEST = 2**63 - 1


class TraceView(Protocol):
    """A trace in the three forms that the store keeps or can make. Asked only for what the expression needs."""

    @property
    def trace(self) -> CompiledTrace:
        """The segments."""

    @property
    def summary(self) -> Summary:
        """The trace as a whole."""

    @property
    def contribution(self) -> Contribution:
        """Its visits and calls."""


class Subject(Protocol):
    """What a keyword is asked of."""

    def flag(self, keyword: str) -> bool:
        """A keyword that is true or false."""

    def number(self, keyword: str) -> float | None:
        """A number, None if it is not set."""

    def texts(self, keyword: str) -> Iterable[str]:
        """The values of a text, none if it is not set."""

    def annotations(self, key: str) -> Iterable[Value]:
        """The values of an annotation."""


@dataclass(frozen=True)
class Whole:
    """The trace: what its client saw, and what any segment says about users, machines and resources."""

    view: TraceView

    def flag(self, keyword: str) -> bool:
        """As TraceSummary has it; `ok` is an answer that was neither error nor fault."""
        summary = self.view.summary
        if keyword == "inferred":
            return any(visit.inferred for visit in self.view.contribution.visits)
        if keyword == "root":
            return summary.entry_point is not None
        return {
            "ok": not (summary.has_error or summary.has_fault),
            "error": summary.has_error,
            "throttle": summary.has_throttle,
            "fault": summary.has_fault,
            "partial": summary.is_partial,
        }[keyword]

    def number(self, keyword: str) -> float | None:
        """Times in seconds, and the status that the client got."""
        summary = self.view.summary
        if keyword == "http.status":
            status = summary.http.status
            return status if status and abs(status) <= LARGEST else None
        seconds = summary.duration if keyword == "duration" else summary.response_time
        return None if seconds is None else real(seconds)

    def texts(self, keyword: str) -> Iterable[str]:
        """The request of the client, the service that it called, or all there is in the trace."""
        summary = self.view.summary
        http, entry = summary.http, summary.entry_point or ServiceKey("")
        return set_texts(
            {
                "http.url": (http.url,),
                "http.method": (http.method,),
                "http.useragent": (http.user_agent,),
                "http.clientip": (http.client_ip,),
                "name": (entry.name,),
                "type": (entry.type,),
                "account.id": (entry.account,),
                "user": tuple(user.name for user in summary.users),
                "availabilityzone": summary.availability_zones,
                "instance.id": summary.instance_ids,
                "resource.arn": summary.resource_arns,
            }[keyword]
        )

    def annotations(self, key: str) -> Iterable[Value]:
        """Those of every segment and subsegment."""
        return (clean(item.value) for item in self.view.summary.annotations if item.key == key)


@dataclass(frozen=True)
class Stay:
    """One visit to a service, or one call between two: what it led to, and the documents that tell of it."""

    service: ServiceKey
    outcome: Outcome
    root: bool
    inferred: bool
    document: Document
    # Whether the annotations of subsegments count as well.
    deep: bool
    # The keys that X-Ray can search in this trace.
    indexed: frozenset[str]

    def flag(self, keyword: str) -> bool:
        """As the segment has them; several can be true at once."""
        if keyword in ("root", "inferred"):
            return self.root if keyword == "root" else self.inferred
        return bool(getattr(self.outcome, "in_progress" if keyword == "partial" else keyword))

    def number(self, keyword: str) -> float | None:
        """A segment knows one time only; one that is in progress knows none yet."""
        if keyword == "http.status":
            status = inner(self.document, "http", "response", "status")
            return real(status) if isinstance(status, int | float) and not isinstance(status, bool) else None
        return None if self.outcome.in_progress else real(self.outcome.response_time)

    def texts(self, keyword: str) -> Iterable[str]:
        """The request that the segment answered, or the call made."""
        key = {"name": self.service.name, "type": self.service.type, "account.id": self.service.account}
        found = key[keyword] if keyword in key else inner(self.document, *PLACES[keyword])
        return set_texts((found,) if isinstance(found, str) else ())

    def annotations(self, key: str) -> Iterable[Value]:
        """Those of the segment and of its subsegments."""
        found = _annotations(self.document, self.deep) if key in self.indexed else ()
        return (clean(value) for name, value in found if name == key)


@dataclass(frozen=True)
class Element:
    """One element of a list on the way to a root cause."""

    flags: dict[str, bool]
    numbers: dict[str, float]
    words: dict[str, str]
    none: tuple[Value, ...] = field(default=(), init=False)

    def flag(self, keyword: str) -> bool:
        """First, last, inferred, remote."""
        return self.flags.get(keyword, False)

    def number(self, keyword: str) -> float | None:
        """Position, counted from 0, and coverage."""
        return self.numbers.get(keyword)

    def texts(self, keyword: str) -> Iterable[str]:
        """Name, type, account, message."""
        return set_texts((self.words.get(keyword, ""),))

    def annotations(self, key: str) -> Iterable[Value]:  # noqa: ARG002 - a root cause has none
        """The grammar has no annotations here."""
        return self.none


# Where a segment or subsegment has what a keyword asks for (facts A).
PLACES = {
    "http.url": ("http", "request", "url"),
    "http.method": ("http", "request", "method"),
    "http.useragent": ("http", "request", "user_agent"),
    "http.clientip": ("http", "request", "client_ip"),
    "user": ("user",),
    "availabilityzone": ("aws", "ec2", "availability_zone"),
    "instance.id": ("aws", "ec2", "instance_id"),
    "resource.arn": ("resource_arn",),
}


def visits(view: TraceView) -> Iterator[Stay]:
    """Every visit to a service. `root`: a client's call led to it."""
    entered = {call.callee for call in view.contribution.calls if call.source.type == CLIENT}
    documents = {segment.get("id"): segment for segment in view.trace.segments}
    indexed = _indexed(view)
    for visit in view.contribution.visits:
        document = documents.get(visit.id, {})
        yield Stay(visit.service, visit.outcome, visit.id in entered, visit.inferred, document, deep=True, indexed=indexed)


def calls(view: TraceView) -> Iterator[tuple[Call, Stay]]:
    """Every call between two services.

    The caller's subsegment tells of it, or its segment (Lambda's service to its function); of a client's call the callee's.
    """
    segments = {segment.get("id"): segment for segment in view.trace.segments}
    subsegments = {entity.get("id"): entity for segment in view.trace.segments for entity in _below(segment)}
    inferred = {visit.id for visit in view.contribution.visits if visit.inferred}
    indexed = _indexed(view)
    for call in view.contribution.calls:
        document = subsegments.get(call.caller) or segments.get(call.caller) or segments.get(call.callee, {})
        root = call.source.type == CLIENT
        yield call, Stay(call.target, call.outcome, root, call.callee in inferred, document, deep=False, indexed=indexed)


def real(value: float) -> float | None:
    """A number as SQLite keeps it; None if it cannot."""
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def set_texts(values: Iterable[str]) -> Iterable[str]:
    """An empty text is as good as none."""
    return (value for value in values if value)


def clean(value: Value) -> Value:
    """An annotation's value as SQLite keeps it: a number that does not fit is no number, but the annotation is set."""
    if isinstance(value, bool | str):
        return value
    number = real(value)
    return math.nan if number is None else number


def inner(document: Document, *path: str) -> Any:
    """What stands at a path of objects; None where one of them is missing or no object."""
    found: Any = document
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _indexed(view: TraceView) -> frozenset[str]:
    return frozenset(item.key for item in view.summary.annotations)


def _annotations(document: Document, deep: bool) -> Iterator[tuple[str, Value]]:
    for entity in (document, *(_below(document) if deep else ())):
        found = entity.get("annotations")
        if isinstance(found, dict):
            yield from ((key, value) for key, value in found.items() if _is_indexed(key, value))


def _is_indexed(key: str, value: Any) -> bool:
    return isinstance(value, str | int | float) and searchable(key, value)


def _below(document: Document) -> Iterator[Document]:
    """All subsegments of a segment, at any depth; a stack of our own, for they may be nested deeper than Python calls."""
    waiting = [document]
    while waiting:
        children = waiting.pop().get("subsegments")
        found = [child for child in children if isinstance(child, dict)] if isinstance(children, list) else []
        yield from found
        waiting.extend(found)
