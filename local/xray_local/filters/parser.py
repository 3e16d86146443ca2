"""From text to tree, or to an error that says where it went wrong and what could have stood there."""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken, v_args

from .keywords import EXPECTED, INSIDE, KEYWORDS
from .syntax import (
    And,
    Annotation,
    Edge,
    Entity,
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

# Deeper than a person writes, and far from Python's limit of recursion (1,000 frames) for whoever walks the tree.
DEEPEST = 64
# The console takes 2,000 characters or so; groups may stand for longer ones. Parsing this much takes some 50 ms.
LONGEST = 10_000
# More of them would hide the place where the error is.
SHOWN = 12
OPENING = ("LPAR", "LBRACE", "LSQB")
CLOSING = ("RPAR", "RBRACE", "RSQB")
# What SQLite and UTF-8 cannot hold: no stored text contains it.
IMPOSSIBLE = re.compile("[\x00\ud800-\udfff]")
CURLY = "\u201c\u201d\u201e"


def parse(text: str, groups: Mapping[str, str] | None = None) -> Expression:
    """The tree of an expression.

    Args:
        text: The expression.
        groups: Names and ARNs of the groups with their expressions, which take the place of `group.name = ...`. Without
            it groups stay in the tree, and who evaluates that is told so.

    Raises:
        FilterError: The text is no filter expression, or names a group that does not exist.
    """
    expression: Expression = _read(text, "start")
    return expression if groups is None else _expanded(expression, groups, ())


def parse_entity(text: str) -> Entity:
    """The node or edge that an EntitySelectorExpression means: `service(...)`, `edge(...)`, `id(...)` or a name."""
    entity: Entity = _read(text, "entity")
    return entity


class _Depth:
    """Counts brackets on the way from the lexer to the parser, so that nothing behind has to fear for its stack."""

    always_accept: Iterable[str] = ()

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        depth = 0
        for token in stream:
            depth += (token.type in OPENING) - (token.type in CLOSING)
            if depth > DEEPEST:
                raise FilterError(f"more than {DEEPEST} brackets are open: simplify the expression", (token.start_pos or 0) + 1)
            yield token


@v_args(inline=True)
class _Tree(Transformer[Token, Any]):
    """Builds the tree while the parser runs: no parse tree, no recursion."""

    def start(self, expression: Expression) -> Expression:
        return expression

    def entity(self, entity: Any) -> Entity:
        return Service(entity) if isinstance(entity, Selector) else cast("Entity", entity)

    def disjunction(self, *parts: Expression) -> Expression:
        return Or(tuple(_flat(Or, parts)))

    def conjunction(self, *parts: Expression) -> Expression:
        return And(tuple(_flat(And, parts)))

    def negation(self, part: Expression) -> Expression:
        return part.part if isinstance(part, Not) else Not(part)

    def flag(self, keyword: Token, operator: Token | None = None, value: Token | None = None) -> Expression:
        flag = Flag(keyword.lower())
        if operator is None or value is None:
            return flag
        return flag if (operator == "=") == _boolean(value) else Not(flag)

    def number(self, keyword: Token, operator: Token, value: Token) -> Expression:
        return Number(keyword.lower(), str(operator), float(value))

    def text(self, keyword: Token, operator: Token | None = None, value: Token | None = None) -> Expression:
        if operator is None or value is None:
            return Text(keyword.lower())
        return Text(keyword.lower(), operator.upper(), _string(value))

    def annotation(self, key: Token, operator: Token | None = None, value: Token | None = None) -> Expression:
        name = key[len("annotation") :].strip()
        name = name[1:] if name.startswith(".") else name[1:-1].strip().strip('"')
        if operator is None or value is None:
            return Annotation(name)
        return Annotation(name, operator.upper(), _value(value))

    def service(self, _keyword: Token, *rest: Any) -> Expression:
        if rest and isinstance(rest[0], Selector):
            return Service(*rest)
        return Service(Selector(), *rest)

    def edge(self, _keyword: Token, source: Selector, target: Selector, inner: Expression | None = None) -> Expression:
        return Edge(source, target, inner)

    def named(self, name: Token) -> Selector:
        return Selector(_string(name))

    def id(self, _keyword: Token, *fields: Token) -> Selector:
        values = {str(key.lower()): _string(value) for key, value in zip(fields[::2], fields[1::2], strict=True)}
        return Selector(values.get("name"), values.get("type"), values.get("account.id"))

    def root_cause(self, keyword: Token, inner: Expression) -> Expression:
        _rootcause, cause, part = keyword.lower().split(".")
        return RootCause(cause, part, inner)

    def json_cause(self, _keyword: Token, operator: Token, patterns: list[Any]) -> Expression:
        cause = JsonCause(json.dumps(patterns))
        return cause if operator == "=" else Not(cause)

    def json_array(self, *values: Any) -> list[Any]:
        return list(values)

    def json_object(self, *pairs: tuple[str, Any]) -> dict[str, Any]:
        return dict(pairs)

    def json_pair(self, key: Token, value: Any) -> tuple[str, Any]:
        return cast("str", _json(key)), value

    def json_scalar(self, value: Token) -> Any:
        return _json(value)

    def group(self, keyword: Token, operator: Token, value: Token) -> Expression:
        group = Group(keyword.lower().removeprefix("group."), _string(value), (keyword.start_pos or 0) + 1)
        return group if operator == "=" else Not(group)


@functools.cache
def _grammar() -> Lark:
    """Made at the first use: 0.1 s that the other commands need not pay."""
    return Lark(
        Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8"),
        parser="lalr",
        start=["start", "entity"],
        transformer=_Tree(),
        postlex=_Depth(),
    )


def _read(text: str, start: str) -> Any:
    bad = IMPOSSIBLE.search(text)
    if bad:
        raise FilterError(f"the character {bad.group()!a} is in no text that X-Ray keeps", bad.start() + 1)
    if len(text) > LONGEST:
        raise FilterError(f"the expression is longer than {LONGEST:,} characters", LONGEST + 1)
    try:
        return _grammar().parse(text, start=start)
    except UnexpectedInput as error:
        raise _explained(text, error) from None


def _explained(text: str, error: UnexpectedInput) -> FilterError:
    """What stands at the place, why it cannot, and what could."""
    # Lark's own annotations end here. It is there whenever the parser is LALR.
    state: Any = error
    accepted: set[str] = state.interactive_parser.accepts()
    expected = tuple(word for name in EXPECTED if name in accepted for word in EXPECTED[name])
    at, found = _place(text, error)
    shown = ", ".join(expected[:SHOWN]) + (", ..." if len(expected) > SHOWN else "")
    problem = _problem(found, text[at:], expected)
    return FilterError(f"{problem}; expected {shown}", at + 1, expected)


def _place(text: str, error: UnexpectedInput) -> tuple[int, str]:
    """Where it went wrong, and the word that stands there (empty: the end)."""
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        return error.token.start_pos or 0, str(error.token)
    if isinstance(error, UnexpectedCharacters):
        at = error.pos_in_stream or 0
        return at, text[at]
    return len(text), ""


def _problem(found: str, rest: str, expected: tuple[str, ...]) -> str:
    word = found.lower()
    if not found:
        return "the expression is not complete"
    if rest[0] == '"' and found == '"':
        return 'the text has no closing "'
    if rest[0] in CURLY:
        return f"{found} is not the plain quotation mark"
    if rest[0] == "'":
        return "a text stands in double quotes"
    if word in INSIDE:
        return f"{found} stands only inside {INSIDE[word]}"
    if word in KEYWORDS:
        return f"{found} cannot stand here"
    if not re.match(r"[^\W\d]", found):
        return f"{found} cannot stand here"
    near = difflib.get_close_matches(word, [name for name in expected if name[0].isalpha()], n=1)
    return f"{found} is no keyword here" + (f", did you mean {near[0]}?" if near else "")


def _expanded(expression: Expression, groups: Mapping[str, str], within: tuple[str, ...]) -> Expression:
    """The same with every group's expression in the group's place."""
    if isinstance(expression, And | Or):
        parts = [_expanded(part, groups, within) for part in expression.parts]
        return type(expression)(tuple(_flat(type(expression), parts)))
    if isinstance(expression, Not):
        part = _expanded(expression.part, groups, within)
        return part.part if isinstance(part, Not) else Not(part)
    if not isinstance(expression, Group):
        return expression
    if expression.value not in groups:
        raise FilterError(f"there is no group with the {expression.by} {expression.value}", expression.column)
    if expression.value in within or len(within) >= DEEPEST:
        raise FilterError(f"the group {expression.value} is part of its own filter expression", expression.column)
    try:
        inner = parse(groups[expression.value])
        return _expanded(inner, groups, (*within, expression.value))
    except FilterError as error:
        raise FilterError(f"in the group {expression.value}, {error}", expression.column) from None


def _flat(kind: type[And | Or], parts: Iterable[Expression]) -> Iterator[Expression]:
    """(a AND b) AND c is a AND b AND c."""
    for part in parts:
        if isinstance(part, kind):
            yield from part.parts
        else:
            yield part


def _value(token: Token) -> Value:
    """Quotes make it a text, whatever is in them."""
    if token.type == "NUMBER":
        return float(token)
    return _boolean(token) if token.type == "BOOLEAN" and not token.startswith('"') else _string(token)


def _boolean(token: Token) -> bool:
    return token.lower().strip('"') == "true"


def _string(token: Token) -> str:
    """A text: a backslash stands for itself unless a quote or another backslash follows, so that Windows paths just work."""
    return re.sub(r'\\(["\\])', r"\1", token[1:-1]) if token.startswith('"') else str(token)


def _json(token: Token) -> Any:
    try:
        return json.loads(token if token.startswith('"') else token.lower())
    except ValueError:
        raise FilterError(f"{token} is no JSON", (token.start_pos or 0) + 1) from None
