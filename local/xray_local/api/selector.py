"""EntitySelectorExpression: which service, or which edge, a time series is of (facts F).

    service("orders")    service(id(name: "orders", type: "AWS::Lambda"))    edge("shop", id(name: "orders"))

It has the functions of filter expressions and nothing else: no keywords, no operators. So it is read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from xray_local.model import CLIENT, Edge, Node, Service, ServiceKey, Statistics

from .errors import ApiError

_TOKEN = re.compile(r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<word>[A-Za-z][A-Za-z.]*)|(?P<mark>[(),:]))')
# The members of id() and what of a service they mean.
MEMBERS = {"name": "name", "type": "type", "account.id": "account"}
EXAMPLES = 'service("name"), service(id(name: "name", type: "type")) or edge(id(name: "a"), id(name: "b"))'


@dataclass(frozen=True)
class Identity:
    """Some members of a service; those that are not given match any."""

    members: tuple[tuple[str, str], ...] = ()

    def matches(self, key: ServiceKey) -> bool:
        """Whether a service is meant."""
        return all(getattr(key, member) == value for member, value in self.members)


@dataclass(frozen=True)
class Selection:
    """One service (`target` only), or the edges from one to another."""

    target: Identity = field(default_factory=Identity)
    source: Identity | None = None
    of_edges: bool = False

    def add_up(self, services: Iterable[Service]) -> tuple[Statistics, dict[int, int]]:
        """Counts and response times (ms to count) of what is selected."""
        statistics = Statistics()
        histogram: dict[int, int] = {}
        for part in self._parts(services):
            statistics.add(part.statistics)
            for value, count in part.response_times.items():
                histogram[value] = histogram.get(value, 0) + count
        return statistics, histogram

    def _parts(self, services: Iterable[Service]) -> Iterator[Node | Edge]:
        for service in services:
            if not self.of_edges and self.target.matches(service.node.key):
                yield service.node
            if self.of_edges and self.source is not None and self.source.matches(service.node.key):
                yield from (edge for edge in service.edges if self.target.matches(edge.target))


FROM_CLIENTS = Selection(source=Identity((("type", CLIENT),)), of_edges=True)


def select(text: str | None) -> Selection:
    """What an expression selects; without one, the edges of clients."""
    if text is None or not text.strip():
        return FROM_CLIENTS
    reader = _Reader(text)
    function = reader.word("service", "edge")
    reader.mark("(")
    if function == "service":
        selection = Selection(reader.identity())
    else:
        source = reader.identity()
        reader.mark(",")
        selection = Selection(reader.identity(), source, of_edges=True)
    reader.mark(")")
    reader.end()
    return selection


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, text: str) -> None:
        self._text, self._position = text, 0

    def _next(self) -> re.Match[str] | None:
        return _TOKEN.match(self._text, self._position)

    def _fail(self, wanted: str) -> ApiError:
        column = self._position + 1
        return ApiError(f"Invalid entity selector at column {column}: expected {wanted}. Examples: {EXAMPLES}.")

    def word(self, *allowed: str) -> str:
        """One of these words."""
        found = self._next()
        if found is None or (found["word"] or "").lower() not in allowed:
            raise self._fail(" or ".join(allowed))
        self._position = found.end()
        return found["word"].lower()

    def is_mark(self, mark: str) -> bool:
        """Whether this mark comes next; if so it is read."""
        found = self._next()
        if found is None or found["mark"] != mark:
            return False
        self._position = found.end()
        return True

    def mark(self, mark: str) -> None:
        """This mark."""
        if not self.is_mark(mark):
            raise self._fail(repr(mark))

    def text(self) -> str | None:
        """The text in quotes that comes next, if one does."""
        found = self._next()
        if found is None or found["text"] is None:
            return None
        self._position = found.end()
        return re.sub(r"\\(.)", r"\1", found["text"][1:-1])

    def identity(self) -> Identity:
        """A name, or id(...) with some members."""
        name = self.text()
        if name is not None:
            return Identity((("name", name),))
        self.word("id")
        self.mark("(")
        members = [self._member()]
        while self.is_mark(","):
            members.append(self._member())
        self.mark(")")
        return Identity(tuple(members))

    def _member(self) -> tuple[str, str]:
        name = MEMBERS[self.word(*MEMBERS)]
        self.mark(":")
        value = self.text()
        if value is None:
            raise self._fail("a text in double quotes")
        return name, value

    def end(self) -> None:
        """Nothing more."""
        if self._text[self._position :].strip():
            raise self._fail("the end")
