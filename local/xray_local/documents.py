"""Segment documents as they come in: JSON text to a checked dict, or the reason why not.

What makes a document useless is refused here, with the reason for whoever sent it: no JSON, no ids, no times, a field of
another kind. What X-Ray takes but leaves out of its answers (an annotation that is a list, a content length that is a
string) passes, and trace.py leaves it out and says so: one wrong detail should not cost a user the whole segment.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, NoReturn

from .model import Document

# X-Ray's quota for one document (AWS X-Ray developer guide, segment documents: 64 kB).
MAX_BYTES = 64 * 1024
# Ours. Python's JSON gives up at about 1,000 levels; a trace nests documents in documents (trace.py), so each may have
# a fifth of that. The deepest real one that we have seen has 12.
MAX_LEVELS = 200
MAX_NAME = 200
# The last second of the year 9999: what clients can show as a date. Milliseconds of today are far beyond it.
MAX_TIME = 253_402_300_799

ID = re.compile(r"[0-9a-f]{16}")
TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
# Half a character: JavaScript cuts strings so. Neither UTF-8 nor SQLite can hold it.
HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")


class BadDocumentError(ValueError):
    """The sender's fault. The text says what is wrong, where, and what to do; it is shown to the user as it is.

    `code` is the ErrorCode and `id` the Id of PutTraceSegments' answer; `id` is empty if the document did not have one.
    """

    def __init__(self, message: str, code: str = "InvalidSegment", document_id: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.id = document_id


def is_subsegment(document: Document) -> bool:
    """Whether a document is a part of a segment that is sent by itself."""
    return document.get("type") == "subsegment"


def parse(text: str | bytes) -> Document:
    """One segment or independent subsegment; unknown fields are kept. Raises BadDocumentError and nothing else."""
    document = _read(_text(text))
    try:
        _check_document(document)
    except BadDocumentError as error:
        found = document.get("id")
        error.id = found if isinstance(found, str) else ""
        raise
    return document


def _text(text: str | bytes) -> str:
    size = len(text)
    if isinstance(text, str):
        # Half characters count 3 bytes each here; _read replaces them.
        size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise BadDocumentError(
            f"the document has {size:,} bytes, X-Ray takes {MAX_BYTES:,}; send subsegments by themselves or leave metadata out",
        )
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadDocumentError(
            f"the document is not UTF-8: byte {error.start} is 0x{text[error.start]:02x}; it begins {text[:40]!r}",
            "JSONFormatError",
        ) from error


def _read(text: str) -> Document:
    try:
        document = DECODER.decode(text)
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise BadDocumentError(f"the document is not JSON: {error}; it begins {text[:40]!r}", "JSONFormatError") from error
    if not isinstance(document, dict):
        raise BadDocumentError(
            f"the document is {_kind(document)}; X-Ray wants one object, a segment or a subsegment", "JSONFormatError"
        )
    # Counting brackets costs nothing; only a document with very many of them is looked at level by level.
    if text.count("{") + text.count("[") > MAX_LEVELS and _levels(document) > MAX_LEVELS:
        raise _too_deep()
    if "\\ud" in text or "\\uD" in text or (not text.isascii() and HALF_CHARACTER.search(text)):
        document = {_whole_characters(key): _whole_characters(value) for key, value in document.items()}
    return document


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        # Python would write it as Infinity, which no JSON reader takes.
        raise ValueError(f"{digits[:40]} is too large for a number")
    return number


# Made once: json.loads would make one for each document.
DECODER = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite)


def _too_deep() -> BadDocumentError:
    return BadDocumentError(f"the document nests deeper than {MAX_LEVELS} levels; send subsegments by themselves")


def _levels(document: Document) -> int:
    level = 0
    values: list[Any] = [document]
    while values:
        level += 1
        values = [inner for value in values for inner in (value.values() if isinstance(value, dict) else value)]
        values = [value for value in values if isinstance(value, dict | list)]
    return level


def _whole_characters(value: Any) -> Any:
    """The value with a mark in place of each half character."""
    if isinstance(value, str):
        return HALF_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_whole_characters(item) for item in value]
    if isinstance(value, dict):
        return {_whole_characters(key): _whole_characters(item) for key, item in value.items()}
    return value


def _check_document(document: Document) -> None:
    trace_id = document.get("trace_id")
    if not isinstance(trace_id, str) or not TRACE_ID.fullmatch(trace_id):
        raise BadDocumentError(
            f"trace_id is {_shown(trace_id)}; expected 1-, 8 hex digits, -, 24 hex digits, all lower case", "InvalidTraceId"
        )
    if is_subsegment(document) and document.get("parent_id") is None:
        raise _missing("", "parent_id", "a subsegment that is sent by itself names its segment or subsegment")
    entities: list[tuple[Document, str]] = [(document, "")]
    while entities:
        entity, where = entities.pop()
        _check_entity(entity, where)
        for index, part in enumerate(entity.get("subsegments") or ()):
            place = f"{where}subsegments[{index}]"
            if not isinstance(part, dict):
                raise BadDocumentError(f"{place} is {_kind(part)}; expected an object, a subsegment")
            entities.append((part, place + "."))


def _check_entity(entity: Document, where: str) -> None:
    for key in ("id", "name", "start_time"):
        if entity.get(key) is None:
            raise _missing(where, key, "every segment and subsegment has one")
    if entity.get("end_time") is None and entity.get("in_progress") is not True:
        raise _missing(where, "end_time", "what is not over yet says in_progress: true instead")
    for key, value in entity.items():
        check = CHECKS.get(key)
        # A field that is null is a field that is not there: some senders write every field they know.
        expected = check(value) if check and value is not None else ""
        if expected:
            raise BadDocumentError(f"{where}{key} is {_shown(value)}; expected {expected}")


def _missing(where: str, key: str, why: str) -> BadDocumentError:
    return BadDocumentError(f"{where}{key} is missing; {why}", "MissingParam")


def _id(value: Any) -> str:
    return "" if isinstance(value, str) and ID.fullmatch(value) else "16 lower-case hex digits"


def _name(value: Any) -> str:
    if isinstance(value, str) and 0 < len(value) <= MAX_NAME:
        return ""
    return f"a string of 1 to {MAX_NAME} characters"


def _time(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "a number: seconds since 1970"
    if 0 <= value <= MAX_TIME and math.isfinite(value):
        return ""
    return "seconds since 1970, before the year 10,000 (not milliseconds)"


def _is(expected: str, *types: type) -> Callable[[Any], str]:
    return lambda value: "" if isinstance(value, types) else expected


def _cause(value: Any) -> str:
    if isinstance(value, dict) or (isinstance(value, str) and ID.fullmatch(value)):
        return ""
    return "an object, or the id of an exception: 16 lower-case hex digits"


_TRUTH, _STRING, _OBJECT, _LIST = (
    _is("true or false", bool),
    _is("a string", str),
    _is("an object", dict),
    _is("a list", list),
)
# What each field must be. Each check answers with what was expected, or nothing. Fields that are not here may be anything.
CHECKS: dict[str, Callable[[Any], str]] = {
    "id": _id,
    "name": _name,
    "start_time": _time,
    "end_time": _time,
    "parent_id": _id,
    "in_progress": _TRUTH,
    "error": _TRUTH,
    "throttle": _TRUTH,
    "fault": _TRUTH,
    "inferred": _TRUTH,
    "namespace": _STRING,
    "user": _STRING,
    "origin": _STRING,
    "resource_arn": _STRING,
    "http": _OBJECT,
    "aws": _OBJECT,
    "sql": _OBJECT,
    "service": _OBJECT,
    "annotations": _OBJECT,
    "metadata": _OBJECT,
    "cause": _cause,
    "subsegments": _LIST,
    "links": _LIST,
    "precursor_ids": _LIST,
}


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _shown(value: Any) -> str:
    """A value as JSON, short enough for one line."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "..."
