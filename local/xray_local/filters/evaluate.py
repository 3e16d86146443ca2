"""Does an expression hold for a trace? The slow answer, which the fast one in SQL has to equal."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..model import CLIENT, CauseEntity, CauseException, CauseService, ServiceKey
from ..model import RootCause as Cause
from .syntax import (
    And,
    Annotation,
    Edge,
    Expression,
    FilterError,
    Flag,
    Group,
    JsonCause,
    Not,
    Number,
    Or,
    RootCause,
    Selector,
    Service,
    Text,
    Value,
)
from .view import Element, Stay, Subject, TraceView, Whole, calls, visits

NUMBERS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
TEXTS: dict[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "CONTAINS": operator.contains,
    "BEGINSWITH": str.startswith,
    "ENDSWITH": str.endswith,
}


def matches(expression: Expression, view: TraceView) -> bool:
    """Whether the expression holds for the trace. Where a keyword has several values, one that fits is enough."""
    return _holds(expression, Whole(view), view)


def selects(node: Selector, key: ServiceKey) -> bool:
    """Whether the selector means this node of the graph."""
    wanted = ((node.name, key.name), (node.type, key.type), (node.account, key.account))
    return all(want is None or want == have for want, have in wanted)


def _holds(expression: Expression, subject: Subject, view: TraceView) -> bool:
    """Braces change the subject, never the view."""
    if isinstance(expression, And):
        return all(_holds(part, subject, view) for part in expression.parts)
    if isinstance(expression, Or):
        return any(_holds(part, subject, view) for part in expression.parts)
    if isinstance(expression, Not):
        return not _holds(expression.part, subject, view)
    if isinstance(expression, Flag | Number | Text | Annotation):
        return _compared(expression, subject)
    return _anywhere(expression, view)


def _compared(expression: Flag | Number | Text | Annotation, subject: Subject) -> bool:
    if isinstance(expression, Flag):
        return subject.flag(expression.keyword)
    if isinstance(expression, Number):
        number = subject.number(expression.keyword)
        return number is not None and NUMBERS[expression.operator](number, expression.value)
    if isinstance(expression, Text):
        return any(
            not expression.operator or TEXTS[expression.operator](value, expression.value)
            for value in subject.texts(expression.keyword)
        )
    return any(_annotated(expression, value) for value in subject.annotations(expression.key))


def _annotated(expression: Annotation, value: Value) -> bool:
    """A value compares with values of its own type only."""
    if not expression.operator:
        return value is not False
    wanted = expression.value
    if isinstance(wanted, str):
        return isinstance(value, str) and TEXTS[expression.operator](value, wanted)
    if isinstance(wanted, bool):
        return isinstance(value, bool) and NUMBERS[expression.operator](value, wanted)
    # NaN stands for a number that no table holds: it compares with nothing, not even as different.
    numeric = isinstance(value, int | float) and not isinstance(value, bool) and value == value  # noqa: PLR0124
    return numeric and NUMBERS[expression.operator](float(value), wanted)


def _anywhere(expression: Service | Edge | RootCause | JsonCause | Group, view: TraceView) -> bool:
    subjects: Iterable[Subject]
    if isinstance(expression, Service):
        subjects = _visits(expression.node, view)
    elif isinstance(expression, Edge):
        subjects = (
            stay
            for call, stay in calls(view)
            if selects(expression.source, call.source) and selects(expression.target, call.target)
        )
    elif isinstance(expression, RootCause):
        subjects = _elements(expression.part, _causes(view)[expression.cause])
    elif isinstance(expression, JsonCause):
        found = [_json(cause) for causes in _causes(view).values() for cause in causes]
        return all(any(_like(pattern, cause) for cause in found) for pattern in expression.patterns)
    else:
        raise FilterError(f"the groups are not known here, so {expression} has no meaning", expression.column)
    inner = expression.filter
    return any(inner is None or _holds(inner, subject, view) for subject in subjects)


def _visits(node: Selector, view: TraceView) -> Iterator[Stay]:
    """The client is a node without segments: what it sees are its calls."""
    if node.type == CLIENT:
        return (stay for call, stay in calls(view) if selects(node, call.source))
    return (visit for visit in visits(view) if selects(node, visit.service))


def _causes(view: TraceView) -> dict[str, tuple[Cause, ...]]:
    summary = view.summary
    return {
        "fault": summary.fault_root_causes,
        "error": summary.error_root_causes,
        "responsetime": summary.response_time_root_causes,
    }


def _elements(part: str, causes: Iterable[Cause]) -> Iterator[Element]:
    """The lists that X-Ray enumerates: services of a cause, entities of a service, exceptions of an entity."""
    for cause in causes:
        if part == "service":
            yield from _enumerated(cause.services)
        for service in cause.services:
            if part == "entity":
                yield from _enumerated(service.entities)
            for entity in service.entities if part == "exception" else ():
                yield from _enumerated(entity.exceptions)


def _enumerated(items: Sequence[CauseService | CauseEntity | CauseException]) -> Iterator[Element]:
    for index, item in enumerate(items):
        flags = {"first": index == 0, "last": index == len(items) - 1}
        numbers: dict[str, float] = {"index": index}
        if isinstance(item, CauseService):
            flags["inferred"] = item.inferred
            words = {"name": item.service.name, "type": item.service.type, "account.id": item.service.account}
        elif isinstance(item, CauseEntity):
            flags["remote"] = item.remote
            numbers["coverage"] = item.coverage
            words = {"name": item.name}
        else:
            words = {"name": item.name, "message": item.message}
        yield Element(flags, numbers, words)


def _json(cause: Cause) -> dict[str, Any]:
    """A root cause in the shape of the API, which is what users take their patterns from."""
    return {
        "ClientImpacting": cause.client_impacting,
        "Services": [
            {
                "Name": one.service.name,
                "Names": [one.service.name],
                "Type": one.service.type or None,
                "AccountId": one.service.account or None,
                "Inferred": one.inferred,
                "EntityPath": [_entity(entity) for entity in one.entities],
            }
            for one in cause.services
        ],
    }


def _entity(entity: CauseEntity) -> dict[str, Any]:
    return {
        "Name": entity.name,
        "Remote": entity.remote,
        "Coverage": entity.coverage,
        "Exceptions": [{"Name": one.name, "Message": one.message} for one in entity.exceptions],
    }


def _like(pattern: Any, found: Any) -> bool:
    """Every field that the pattern has must be equal; what it leaves out may be anything (developer guide, root causes)."""
    if isinstance(pattern, dict):
        return isinstance(found, dict) and all(_like(value, found.get(key)) for key, value in pattern.items())
    if isinstance(pattern, list):
        return isinstance(found, list) and len(pattern) == len(found) and all(map(_like, pattern, found))
    # The guide's own example has an account as a number, the API as a text.
    if isinstance(found, str) and isinstance(pattern, int) and not isinstance(pattern, bool):
        return found == str(pattern)
    return isinstance(pattern, bool) == isinstance(found, bool) and bool(pattern == found)
