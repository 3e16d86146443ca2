"""Reads the properties of a resource: each is evaluated when it is asked for, and knows its place when it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .intrinsics import NO_VALUE, Evaluator
from .problems import IntrinsicError, TemplateError, UnresolvedError

TRUE = ("true", "True", "yes")
FALSE = ("false", "False", "no")
# What may stand for a whole map or list. {"Condition": …} may be a variable of that name.
CALLS = ("Ref", "Fn::If", "Fn::FindInMap", "Fn::Select", "Fn::Split", "Fn::GetAZs")


@dataclass
class Notes:
    """What the user is told and can live with; each sentence once."""

    told: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """One sentence."""
        if text not in self.told:
            self.told.append(text)


@dataclass(frozen=True)
class Section:
    """A map of properties in a template."""

    evaluator: Evaluator
    values: Mapping[str, Any]
    place: str
    """`template.yaml, OrderApi: `, and the way to here."""
    notes: Notes
    owner: str
    """The logical id of the resource, for notes."""

    def wrong(self, name: str, text: str) -> TemplateError:
        """An error at a property of this section."""
        return TemplateError(f"{self.place}{name}: {text}")

    def has(self, name: str) -> bool:
        """Whether the property is written down."""
        return self.values.get(name) is not None

    def required(self, name: str) -> Any:
        """The evaluated property, or None. Raises UnresolvedError for what only a deployment knows."""
        try:
            found = self.evaluator.value(self.values.get(name))
        except IntrinsicError as error:
            raise self.wrong(name, str(error)) from error
        return None if found is NO_VALUE else found

    def get(self, name: str) -> Any:
        """The same, but a value that only a deployment knows is as if it were not there, with a note."""
        try:
            return self.required(name)
        except UnresolvedError as error:
            self.notes.add(f"{self.owner}: {name} is not taken into account: {error}")
            return None

    def text(self, name: str, default: str = "") -> str:
        """A text."""
        return str(self._typed(name, self.get(name), "a text", lambda value: str(_scalar(value)), default))

    def number(self, name: str, default: float) -> float:
        """A number, also as text: parameters are."""
        return float(self._typed(name, self.get(name), "a number", lambda value: float(_scalar(value)), default))

    def whole(self, name: str) -> int | None:
        """A whole number, if it is there."""
        found: int | None = self._typed(name, self.get(name), "a whole number", lambda value: int(str(_scalar(value))), None)
        return found

    def flag(self, name: str, default: bool) -> bool:
        """True or false, also as text."""
        return bool(self._typed(name, self.get(name), "true or false", _flag, default))

    def _typed(self, name: str, value: Any, what: str, convert: Callable[[Any], Any], default: Any) -> Any:
        if value is None:
            return default
        try:
            return convert(value)
        except (TypeError, ValueError) as error:
            raise self.wrong(name, f"must be {what}, not {value!r}") from error

    def section(self, name: str) -> Section:
        """A map within this one; empty if it is not there."""
        node = self.values.get(name)
        # Not evaluated as a whole: of its values each may fail alone. A call that gives the whole map is evaluated.
        if node is not None and (not isinstance(node, dict) or _is_call(node)):
            node = self.get(name)
        if node is not None and not isinstance(node, dict):
            raise self.wrong(name, f"must be a map, not {node!r}")
        return Section(self.evaluator, node or {}, f"{self.place}{name}.", self.notes, self.owner)

    def sections(self) -> Iterator[tuple[str, Section]]:
        """The maps within this one by their names, those that are there."""
        for name in self.values:
            yield name, self.section(name)

    def items(self, name: str) -> list[Any]:
        """The nodes of a list, not evaluated yet: of them, too, each may fail alone."""
        node = self.values.get(name)
        if _is_call(node):
            node = self.get(name)
        if node is None:
            return []
        if not isinstance(node, list):
            raise self.wrong(name, f"must be a list, not {node!r}")
        return node

    def item(self, name: str, node: Any) -> Section:
        """A node of a list as a section with one property, named as the list."""
        return Section(self.evaluator, {name: node}, self.place, self.notes, self.owner)


def _is_call(node: Any) -> bool:
    return (
        isinstance(node, dict)
        and len(node) == 1
        and next(iter(node)) in ("Ref", "Fn::If", "Fn::FindInMap", "Fn::Select", "Fn::Split")
    )


def _scalar(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        raise TypeError(value)
    return value


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in TRUE or value in FALSE:
        return value in TRUE
    raise ValueError(value)
