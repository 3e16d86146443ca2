"""What the helper package (layer/helper) calls: subsegments, annotations and metadata of the function's own."""

from . import causes
from .context import current, enter, inside, parent
from .guard import attempt, guarded
from .model import Subsegment, legal_key, legal_name
from .recorder import recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@guarded("helper")
def begin(name: str) -> Subsegment:
    """Open a subsegment where the code stands."""
    return recorder.begin(legal_name(name))


@guarded("helper")
def end(node: "Subsegment | None", error: "BaseException | None") -> None:
    """Close it; an exception that passes through makes it a fault."""
    if node is None:
        return
    if error is not None:
        node.fields.update(fault=True, cause=causes.from_exception(error))
    recorder.end(node)


@guarded("helper")
def stretch(node: "Subsegment | None", inner: "Subsegment | None") -> "Subsegment | None":
    """Go on inside a generator's subsegment: in `inner`, what it had open itself when it last gave a value, if anything.

    Returns what is open outside, for `pause`.
    """
    outside = current()
    if node is not None and node.end_time is None:
        node.token = enter(node)
        if inner is not None and inner is not node and inside(inner, node):
            enter(inner)
    return outside


@guarded("helper")
def pause(outside: "Subsegment | None") -> "Subsegment | None":
    """Go back to what is open outside of a generator. Returns what the generator has open, for `stretch`."""
    inner = current()
    while outside is not None and outside.end_time is not None:  # the X-Ray SDK has what a generator opens open outside, too
        outside = outside.parent
    enter(outside)
    return inner


def _target() -> Subsegment:
    """Return the open subsegment here; at module scope the initialization's own, not the import that is under way."""
    node = parent()
    return node.trace.main() if node is node.trace.root else node


def _text(value: "Any") -> str:
    """Return str(value); an object of the function's may fail at that."""
    return attempt(str, value, f"<no text: str() of {type(value).__name__} failed>")


@guarded("helper")
def annotate(key: str, value: "Any") -> None:
    """Put an annotation on the open subsegment."""
    known = value is True or value is False or isinstance(value, (str, int, float))
    _target().put("annotations", legal_key(_text(key)), value if known else _text(value))


@guarded("helper")
def metadata(key: str, value: "Any", namespace: str) -> None:
    """Put metadata on the open subsegment."""
    target, group = _target(), _text(namespace)
    already = target.fields.get("metadata", {}).get(group, {})
    target.put("metadata", group, {**already, _text(key): value})
