"""How a document that is too large, or that JSON cannot take as it is, is made to fit: never all of it is lost.

What is cut is said on the document, under metadata.xray_instrument.cut.
"""

from .guard import attempt
from .wire import HEADER, MAX_DOCUMENT, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Document = dict[str, Any]


def datagrams(document: "Document") -> "Iterator[bytes]":
    """Yield what to send for one document: one datagram, or more where embedded subsegments must travel alone."""
    try:
        body = encode(document).encode()
    except (TypeError, ValueError, RecursionError, UnicodeEncodeError):
        document = _plain(document)
        body = encode(document).encode()
    if len(body) <= MAX_DOCUMENT:
        yield HEADER + body
        return
    yield from _fitted(document)


def _plain(value: "Any", depth: int = 20) -> "Any":
    """Copy a value as JSON has it: what JSON lacks becomes text, what nests too deep is cut."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):  # Python refuses to print one of more than 4,300 digits, 14,284 bits
        return value if value.bit_length() < 14_000 else _no_text(value)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if not depth:
        return f"<cut: {type(value).__name__} nested too deep>"
    if isinstance(value, dict):
        return {attempt(str, key, _no_text(key)): _plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item, depth - 1) for item in value]
    return _plain(attempt(str, value, _no_text(value)))


def _no_text(value: object) -> str:
    return f"<{type(value).__name__}: no text>"


def _size(document: "Document") -> int:
    return len(encode(document).encode())


def _fitted(document: "Document") -> "Iterator[bytes]":
    """Split off the embedded subsegments, then cut what is large and least needed, until it fits."""
    for child in document.pop("subsegments", ()):
        alone = {**child, "type": "subsegment", "trace_id": document["trace_id"], "parent_id": document["id"]}
        yield from datagrams(alone)
    for what, cut in _CUTS:
        size = _size(document)
        if size <= MAX_DOCUMENT:
            break
        if what in document:
            document = cut(document, size)
    body = encode(document).encode()
    if len(body) <= MAX_DOCUMENT:
        yield HEADER + body


def _say(document: "Document", what: str, size: int) -> "Document":
    metadata = dict(document.get("metadata") or {})
    own = dict(metadata.get("xray_instrument") or {})
    own["cut"] = [*own.get("cut", ()), what]
    own.setdefault("bytes_before_cut", size)
    metadata["xray_instrument"] = own
    return {**document, "metadata": metadata}


def _without_metadata(document: "Document", size: int) -> "Document":
    kept = {key: value for key, value in document["metadata"].items() if key == "xray_instrument"}
    return _say({**document, "metadata": kept}, "metadata", size)


def _shorter_stacks(document: "Document", size: int) -> "Document":
    """Keep of each exception 1,000 characters of message and the 10 innermost frames (the last in the list)."""
    cause = document["cause"]
    if not isinstance(cause, dict):
        return document
    exceptions = []
    for exception in cause.get("exceptions", ())[:5]:
        stack = exception.get("stack", [])
        omitted = max(0, len(stack) - 10) + exception.get("truncated", 0)
        shorter = {**exception, "message": str(exception.get("message", ""))[:1000], "stack": stack[-10:]}
        exceptions.append({**shorter, "truncated": omitted} if omitted else shorter)
    shorter_cause = {"working_directory": cause.get("working_directory", ""), "exceptions": exceptions}
    return _say({**document, "cause": shorter_cause}, "cause", size)


def _drop(what: str) -> "Callable[[Document, int], Document]":
    def cut(document: "Document", size: int) -> "Document":
        return _say({key: value for key, value in document.items() if key != what}, what, size)

    return cut


_CUTS: "tuple[tuple[str, Callable[[Document, int], Document]], ...]" = (
    ("metadata", _without_metadata),
    ("cause", _shorter_stacks),
    ("sql", _drop("sql")),
    ("annotations", _drop("annotations")),
    ("aws", _drop("aws")),
    ("http", _drop("http")),
    ("cause", _drop("cause")),
)
