"""An expression as a condition on the store's derived tables.

Not everything is in the tables: what a segment's request was, the elements of a root cause. Such a part becomes a condition
that holds at least where the part does (`over`) or at most there; NOT turns one into the other. If both are the same the
condition is exact. Every `?` in the text is a placeholder; columns of summaries are `s.`.

Subqueries are lists of traces made once (IN) and looked up on the way through the page's order: the `+` keeps SQLite from
going through the list instead and sorting what it finds. With 100,000 traces that took 12 to 70 ms for annotations, users,
visits and calls; as EXISTS, or without the `+`, some questions are answered at once and others take 1 to 6 s.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from ..model import CLIENT
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
)


@dataclass(frozen=True)
class Condition:
    """A condition that is 0 or 1, never NULL."""

    text: str
    values: tuple[Any, ...] = ()
    exact: bool = True


@dataclass(frozen=True)
class Scope:
    """Which columns a keyword stands for in one table. Texts and numbers may be NULL."""

    flags: dict[str, str]
    numbers: dict[str, str]
    texts: dict[str, str]
    # Keywords with several values: the value, and a subquery with a {} for the condition on it.
    lists: dict[str, tuple[str, str]]


RESOURCES = "+s.trace IN (SELECT r.trace FROM resources AS r WHERE r.kind = '{0}' AND {{}})"

TRACE = Scope(
    flags={
        "ok": "NOT (s.has_error OR s.has_fault)",
        "error": "s.has_error",
        "throttle": "s.has_throttle",
        "fault": "s.has_fault",
        "partial": "s.is_partial",
        "inferred": "s.has_inferred",
        "root": "s.entry_name IS NOT NULL",
    },
    numbers={"responsetime": "s.response_time", "duration": "s.duration", "http.status": "s.http_status"},
    texts={
        "http.url": "s.http_url",
        "http.method": "s.http_method",
        "http.useragent": "s.http_useragent",
        "http.clientip": "s.http_clientip",
        "name": "s.entry_name",
        "type": "s.entry_type",
        "account.id": "s.entry_account",
    },
    lists={
        "user": ("u.name", "+s.trace IN (SELECT u.trace FROM users AS u WHERE {})"),
        **{kind: ("r.value", RESOURCES.format(kind)) for kind in ("availabilityzone", "instance.id", "resource.arn")},
    },
)
VISIT = Scope(
    flags={
        "ok": "NOT (v.error OR v.throttle OR v.fault)",
        "error": "v.error",
        "throttle": "v.throttle",
        "fault": "v.fault",
        "partial": "v.in_progress",
        "inferred": "v.inferred",
        "root": "v.entered",
    },
    numbers=dict.fromkeys(("responsetime", "duration"), "CASE WHEN v.in_progress THEN NULL ELSE v.response_time END"),
    texts={"name": "v.name", "type": "v.type", "account.id": "v.account"},
    lists={},
)
CALL = Scope(
    flags={
        "ok": "NOT (c.error OR c.throttle OR c.fault)",
        "error": "c.error",
        "throttle": "c.throttle",
        "fault": "c.fault",
        "partial": "c.in_progress",
        "inferred": "c.inferred",
        "root": f"c.source_type = '{CLIENT}'",
    },
    numbers=dict.fromkeys(("responsetime", "duration"), "CASE WHEN c.in_progress THEN NULL ELSE c.response_time END"),
    texts={"name": "c.target_name", "type": "c.target_type", "account.id": "c.target_account"},
    lists={},
)
# Bytes: SQLite's length and substr of a text end at a NUL, and LIKE knows no case. An empty blob is NULL to substr. {0} is the
# column.
TEXT_OPERATORS = {
    "": ("{0} <> ''", 0),
    "=": ("{0} = ? AND {0} <> ''", 1),
    "!=": ("{0} <> ? AND {0} <> ''", 1),
    "CONTAINS": ("{0} <> '' AND (? = '' OR instr(CAST({0} AS BLOB), CAST(? AS BLOB)) > 0)", 2),
    "BEGINSWITH": ("{0} <> '' AND (? = '' OR substr(CAST({0} AS BLOB), 1, length(CAST(? AS BLOB))) = CAST(? AS BLOB))", 3),
    "ENDSWITH": ("{0} <> '' AND (? = '' OR substr(CAST({0} AS BLOB), -length(CAST(? AS BLOB))) = CAST(? AS BLOB))", 3),
}
CAUSES = {"fault": "s.has_fault_causes", "error": "s.has_error_causes", "responsetime": "s.has_response_time_causes"}


# SQLite's parser has a stack of 100, and one level of `NOT (x AND` takes 4 of it; the rest is for the statements around.
DEEPEST = 16
# Longer rows are halved: SQLite takes an expression 1,000 levels deep, and in a row each AND is a level.
LONGEST_ROW = 16


def to_sql(expression: Expression) -> tuple[str, list[Any]] | None:
    """A condition that holds for exactly the traces that match; None if the tables cannot tell."""
    condition = _whole(expression)
    return (condition.text, list(condition.values)) if condition.exact else None


def prefilter(expression: Expression) -> tuple[str, list[Any]]:
    """A condition that holds for every trace that matches, and for as few others as the tables can tell apart."""
    condition = _whole(expression)
    return condition.text, list(condition.values)


def _whole(expression: Expression) -> Condition:
    """What is nested too deeply for SQLite is left to the evaluator."""
    condition = _condition(expression, TRACE, over=True)
    depth = itertools.accumulate((sign == "(") - (sign == ")") for sign in condition.text)
    return condition if max(depth) <= DEEPEST else _unknown(over=True)


def _condition(expression: Expression, scope: Scope, *, over: bool) -> Condition:
    """`over`: where it cannot be exact it holds too often rather than too seldom."""
    if isinstance(expression, And | Or):
        parts = [_condition(part, scope, over=over) for part in expression.parts]
        return _balanced("AND" if isinstance(expression, And) else "OR", parts)
    if isinstance(expression, Not):
        part = _condition(expression.part, scope, over=not over)
        return _joined(f"NOT {part.text}", part)
    if isinstance(expression, Flag):
        return Condition(f"({scope.flags[expression.keyword]})")
    if isinstance(expression, Number | Text):
        return _compared(expression, scope, over=over)
    return _elsewhere(expression, scope, over=over)


def _elsewhere(expression: Annotation | Service | Edge | RootCause | JsonCause | Group, scope: Scope, *, over: bool) -> Condition:
    """What is not in the columns of the scope's own table."""
    if isinstance(expression, Annotation):
        # The table does not say which segment an annotation belongs to.
        return _annotation(expression) if scope is TRACE else _unknown(over=over)
    if isinstance(expression, Service):
        return _service(expression, over=over)
    if isinstance(expression, Edge):
        source, target = _selected(expression.source, "c.source"), _selected(expression.target, "c.target")
        selected = _joined(f"{source.text} AND {target.text}", source, target)
        return _exists("calls AS c", selected, expression.filter, over=over)
    if isinstance(expression, RootCause):
        there = Condition(f"({CAUSES[expression.cause]})", exact=False)
        return there if over else _unknown(over=over)
    if isinstance(expression, JsonCause):
        return _unknown(over=over)
    raise FilterError(f"the groups are not known here, so {expression} has no meaning", expression.column)


def _compared(expression: Number | Text, scope: Scope, *, over: bool) -> Condition:
    keyword = expression.keyword
    if isinstance(expression, Number):
        if keyword not in scope.numbers:
            return _unknown(over=over)
        sign = "<>" if expression.operator == "!=" else expression.operator
        return Condition(f"IFNULL({scope.numbers[keyword]} {sign} ?, 0)", (expression.value,))
    if keyword in scope.texts:
        return _text(expression.operator, scope.texts[keyword], expression.value)
    if keyword in scope.lists:
        value, subquery = scope.lists[keyword]
        template, count = TEXT_OPERATORS[expression.operator]
        return Condition(subquery.format(template.format(value)), (expression.value,) * count)
    return _unknown(over=over)


def _text(sign: str, column: str, value: str) -> Condition:
    template, count = TEXT_OPERATORS[sign]
    return Condition(f"IFNULL({template.format(column)}, 0)", (value,) * count)


def _annotation(expression: Annotation) -> Condition:
    """One row per value: exactly one of text, number and truth is set, none for a number that does not fit."""
    value = expression.value
    if not expression.operator:
        wanted = Condition("IFNULL(a.truth, 1)")
    elif isinstance(value, str):
        wanted = _annotated(expression.operator, value)
    else:
        column = "a.truth" if isinstance(value, bool) else "a.number"
        sign = "<>" if expression.operator == "!=" else expression.operator
        wanted = Condition(f"{column} {sign} ?", (value,))
    found = f"SELECT a.trace FROM annotations AS a WHERE a.key = ? AND {wanted.text}"  # noqa: S608 - values are bound
    return Condition(f"+s.trace IN ({found})", (expression.key, *wanted.values))


def _annotated(sign: str, value: str) -> Condition:
    """Unlike a keyword an annotation may be set to an empty text. No IFNULL, so that an index can be used."""
    template, count = TEXT_OPERATORS[sign]
    return Condition(template.replace("{0} <> ''", "{0} IS NOT NULL").format("a.text"), (value,) * count)


def _service(expression: Service, *, over: bool) -> Condition:
    if expression.node.type == CLIENT:
        return _exists("calls AS c", _selected(expression.node, "c.source"), expression.filter, over=over)
    return _exists("visits AS v", _selected(expression.node, "v"), expression.filter, over=over)


def _exists(table: str, selected: Condition, inner: Expression | None, *, over: bool) -> Condition:
    scope = CALL if table.startswith("calls") else VISIT
    wanted = Condition("1") if inner is None else _condition(inner, scope, over=over)
    found = f"SELECT {table[-1]}.trace FROM {table} WHERE {selected.text} AND {wanted.text}"  # noqa: S608 - as above
    return _joined(f"+s.trace IN ({found})", selected, wanted)


def _selected(node: Selector, prefix: str) -> Condition:
    separator = "." if prefix == "v" else "_"
    given = {"name": node.name, "type": node.type, "account": node.account}
    asked = {f"{prefix}{separator}{field}": value for field, value in given.items() if value is not None}
    return Condition(" AND ".join(f"{column} = ?" for column in asked) or "1", tuple(asked.values()))


def _balanced(word: str, parts: list[Condition]) -> Condition:
    if len(parts) <= LONGEST_ROW:
        return _joined(f"({f' {word} '.join(part.text for part in parts)})", *parts)
    middle = len(parts) // 2
    left, right = _balanced(word, parts[:middle]), _balanced(word, parts[middle:])
    return _joined(f"({left.text} {word} {right.text})", left, right)


def _joined(text: str, *parts: Condition) -> Condition:
    """A condition made of others, whose texts it holds in this order."""
    return Condition(text, tuple(value for part in parts for value in part.values), all(part.exact for part in parts))


def _unknown(*, over: bool) -> Condition:
    return Condition("1" if over else "0", exact=False)
