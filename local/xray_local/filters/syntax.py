"""A filter expression as a tree, and as text again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

# A value that an annotation can have.
Value = str | float | bool


class FilterError(ValueError):
    """An expression that cannot be understood. The text is shown to the user as it is; `column` counts from 1."""

    def __init__(self, message: str, column: int = 1, expected: tuple[str, ...] = ()) -> None:
        super().__init__(f"column {column}: {message}")
        self.message = message
        self.column = column
        self.expected = expected


@dataclass(frozen=True)
class And:
    """Every part holds."""

    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return " AND ".join(f"({part})" if isinstance(part, Or) else str(part) for part in self.parts)


@dataclass(frozen=True)
class Or:
    """At least one part holds."""

    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return " OR ".join(str(part) for part in self.parts)


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: Expression

    def __str__(self) -> str:
        return f"!({self.part})" if isinstance(self.part, And | Or) else f"!{self.part}"


@dataclass(frozen=True)
class Flag:
    """A keyword that is true or false."""

    keyword: str

    def __str__(self) -> str:
        return self.keyword


@dataclass(frozen=True)
class Number:
    """A keyword against a number."""

    keyword: str
    operator: str
    value: float

    def __str__(self) -> str:
        return f"{self.keyword} {self.operator} {quoted(self.value)}"


@dataclass(frozen=True)
class Text:
    """A keyword against a text. Without an operator: it is set."""

    keyword: str
    operator: str = ""
    value: str = ""

    def __str__(self) -> str:
        return f"{self.keyword} {self.operator} {quoted(self.value)}" if self.operator else self.keyword


@dataclass(frozen=True)
class Annotation:
    """An annotation against a value of its own type. Without an operator: it is set, and not to false."""

    key: str
    operator: str = ""
    value: Value = ""

    def __str__(self) -> str:
        plain = self.key == self.key.strip() and "]" not in self.key
        head = f"annotation[{self.key}]" if plain else f'annotation["{self.key}"]'
        return f"{head} {self.operator} {quoted(self.value)}" if self.operator else head


@dataclass(frozen=True)
class Selector:
    """Which nodes of the graph are meant. None: any."""

    name: str | None = None
    type: str | None = None
    account: str | None = None

    def __str__(self) -> str:
        if self.type is None and self.account is None and self.name is not None:
            return quoted(self.name)
        given = {"name": self.name, "type": self.type, "account.id": self.account}
        return f"id({', '.join(f'{key}: {quoted(value)}' for key, value in given.items() if value is not None)})"


@dataclass(frozen=True)
class Service:
    """A node was visited, and the filter holds for one visit."""

    node: Selector = Selector()
    filter: Expression | None = None

    def __str__(self) -> str:
        return f"service({'' if self.node == Selector() else self.node}){_braces(self.filter)}"


@dataclass(frozen=True)
class Edge:
    """One node called the other, and the filter holds for one call."""

    source: Selector
    target: Selector
    filter: Expression | None = None

    def __str__(self) -> str:
        return f"edge({self.source}, {self.target}){_braces(self.filter)}"


@dataclass(frozen=True)
class RootCause:
    """The filter holds for one element of a list: the services of a root cause, a service's entities, an entity's exceptions."""

    cause: str
    part: str
    filter: Expression

    def __str__(self) -> str:
        return f"rootcause.{self.cause}.{self.part} {{ {self.filter} }}"


@dataclass(frozen=True)
class JsonCause:
    """For each pattern there is a root cause that has all of the pattern's fields. `text`: the patterns as a JSON list."""

    text: str

    def __str__(self) -> str:
        return f"rootcause.json = #{self.text}"

    @property
    def patterns(self) -> list[Any]:
        """The patterns as values."""
        patterns: list[Any] = json.loads(self.text)
        return patterns


@dataclass(frozen=True)
class Group:
    """The expression of a group: stands only in expressions that were parsed without knowing the groups."""

    by: str
    value: str
    column: int = field(default=1, compare=False)

    def __str__(self) -> str:
        return f"group.{self.by} = {quoted(self.value)}"


Expression = And | Or | Not | Flag | Number | Text | Annotation | Service | Edge | RootCause | JsonCause | Group
# What GetTimeSeriesServiceStatistics takes as EntitySelectorExpression.
Entity = Service | Edge


def quoted(value: Value) -> str:
    """A value as it stands in an expression."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        # repr of a float is the shortest text that gives the same float again; JSON and X-Ray know no infinity.
        return repr(float(value)).removesuffix(".0").replace("inf", "1e999")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def children(expression: Expression) -> tuple[Expression, ...]:
    """The parts of an expression, filters in braces included."""
    if isinstance(expression, And | Or):
        return expression.parts
    if isinstance(expression, Not):
        return (expression.part,)
    if isinstance(expression, Service | Edge | RootCause):
        return (expression.filter,) if expression.filter is not None else ()
    return ()


def walk(expression: Expression) -> Iterator[Expression]:
    """The expression and everything in it."""
    yield expression
    for child in children(expression):
        yield from walk(child)


def _braces(expression: Expression | None) -> str:
    return "" if expression is None else f" {{ {expression} }}"
