"""What the helper package (layer/helper) calls: subsegments, annotations and metadata of the function's own."""

from . import causes
from .context import enter, leave, parent
from .guard import guarded
from .model import Subsegment, legal_key, legal_name
from .recorder import recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@guarded("helper")
def begin(name: str) -> Subsegment:
    """Open a subsegment where the code stands."""
    return recorder.begin(legal_name(str(name)))


@guarded("helper")
def end(node: "Subsegment | None", error: "BaseException | None") -> None:
    """Close it; an exception that passes through makes it a fault."""
    if node is None:
        return
    if error is not None:
        node.fields.update(fault=True, cause=causes.from_exception(error))
    recorder.end(node)


@guarded("helper")
def suspend(node: "Subsegment | None") -> None:
    """Leave it open, but let it not be what other things hang below."""
    if node is not None:
        leave(node)


@guarded("helper")
def resume(node: "Subsegment | None") -> None:
    """Make it again what other things hang below."""
    if node is not None and node.end_time is None:
        node.token = enter(node)


def _target() -> Subsegment:
    """Return the open subsegment here; at module scope the initialization's own, not the import that is under way."""
    node = parent()
    return node.trace.main() if node is node.trace.root else node


@guarded("helper")
def annotate(key: str, value: "Any") -> None:
    """Put an annotation on the open subsegment."""
    known = value is True or value is False or isinstance(value, (str, int, float))
    _target().put("annotations", legal_key(str(key)), value if known else str(value))


@guarded("helper")
def metadata(key: str, value: "Any", namespace: str) -> None:
    """Put metadata on the open subsegment."""
    target = _target()
    inside = dict(target.fields.get("metadata", {}).get(str(namespace), {}))
    target.put("metadata", str(namespace), {**inside, str(key): value})
