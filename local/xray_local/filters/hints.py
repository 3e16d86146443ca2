"""What to try when an expression finds nothing: the trouble may have been handled on the way."""

from __future__ import annotations

from .syntax import And, Expression, Flag, Not, Number, Or, Service, Text

# Keywords that ask for the client's answer, while the same thing may be true further down (developer guide: "Simple
# keywords and operators find issues only at the trace level").
FLAGS = frozenset(("error", "fault"))
KEYWORDS = frozenset(("http.status", "name", "type"))
# These ask for something that is never true of the entry to a trace, or never interesting.
NEGATED = frozenset(("ok", "root"))


def deeper(expression: Expression) -> Expression | None:
    """An expression that looks below the entry of the trace as well; None if there is no such."""
    found = _deeper(expression)
    return None if found == expression else found


def hint(expression: Expression) -> str | None:
    """The same as a sentence."""
    found = deeper(expression)
    if found is None:
        return None
    return f"outside of service() {{ }} an expression looks at the answer to the client only; anywhere in the trace: {found}"


def _deeper(expression: Expression) -> Expression:
    if isinstance(expression, And | Or):
        return type(expression)(tuple(_deeper(part) for part in expression.parts))
    if isinstance(expression, Not):
        hidden = isinstance(expression.part, Flag) and expression.part.keyword in NEGATED
        return Service(filter=expression) if hidden else expression
    flagged = isinstance(expression, Flag) and expression.keyword in FLAGS
    asked = isinstance(expression, Number | Text) and expression.keyword in KEYWORDS
    return Service(filter=expression) if flagged or asked else expression
