"""A single segment or subsegment as X-Ray writes it: its order of fields, its names, nothing that breaks its schema."""

from __future__ import annotations

import functools
import re
from typing import Any

from .indexing import INDEXED, MAX_VALUE, searchable
from .model import Document
from .names import canonical, resource_names
from .notices import Notices

# X-Ray's order. A top document also has what TOP lists; everything else that was sent is left out, as X-Ray does.
SEGMENT = (
    "id", "name", "start_time", "trace_id", "end_time", "in_progress", "parent_id", "inferred", "error", "throttle", "fault",
    "http", "aws", "sql", "annotations", "metadata", "service", "user", "origin", "resource_arn", "namespace", "cause",
    "precursor_ids", "links",
)  # fmt: skip
TOP = frozenset(("trace_id", "parent_id", "inferred", "service", "user", "origin", "resource_arn"))
SUBSEGMENT = tuple(key for key in SEGMENT if key not in TOP)

# What a name may hold (X-Ray developer guide, segment documents): letters, digits, white space and these.
NOT_IN_NAMES = re.compile(r"[^\w\s.:/%&#=+\\\-@]")
# Signed, 64 bits: what SQLite and the API's clients hold.
MAX_INTEGER = 2**63 - 1
# The largest number that is a double.
MAX_NUMBER = 1.7e308


def rewritten(sent: Document, notices: Notices, *, top: bool) -> Document:
    """The document without its subsegments. `top`: it stands in the trace by itself, as a segment does."""
    document = {key: value for key in _kept(tuple(sent), top=top) if (value := sent[key]) is not None}
    for key in ("in_progress", "inferred"):
        if document.get(key) is False:
            del document[key]
    if "in_progress" in document:
        # Both were sent: the time is a guess.
        document.pop("end_time", None)
    if top and sent.get("type") == "subsegment":
        # A part without its whole; X-Ray's answers have none that we know of, and so none that says how.
        document["type"] = "subsegment"
        document.pop("inferred", None)
    elif top:
        # Only subsegments are calls.
        document.pop("namespace", None)
    _name(document, notices)
    name: str = sent["name"]
    if "http" in document:
        document["http"] = _http(document["http"], name, notices)
    if "annotations" in document:
        document["annotations"] = _annotations(document["annotations"], name, notices)
    if "aws" in document:
        document["aws"] = _aws(document)
    return document


# Documents of one sender have a few shapes; more than these are not looked up, but made each time.
@functools.lru_cache(maxsize=256)
def _kept(keys: tuple[str, ...], *, top: bool) -> tuple[str, ...]:
    """Which of a document's keys stay, in X-Ray's order: to look for each of the 24 takes half of the time of `rewritten`."""
    sent = frozenset(keys)
    return tuple(key for key in (SEGMENT if top else SUBSEGMENT) if key in sent)


def _name(document: Document, notices: Notices) -> None:
    name = document["name"]
    if document.get("namespace") == "aws":
        document["name"] = canonical(name)
    elif NOT_IN_NAMES.search(name):
        notices.add("X-Ray does not allow some of the characters in these names: {}", name)


def _aws(document: Document) -> dict[str, Any]:
    aws: dict[str, Any] = document["aws"]
    resources = [] if "resource_names" in aws else resource_names(document)
    return {**aws, "resource_names": resources} if resources else aws


def _http(http: dict[str, Any], name: str, notices: Notices) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for side in ("request", "response"):
        facts = http.get(side)
        if facts is None:
            continue
        checks = HTTP[side]
        given: dict[str, Any] = facts if isinstance(facts, dict) else {}
        wrong = {key for key, value in given.items() if not _fits(value, checks.get(key))}
        if wrong or given is not facts:
            notices.add("X-Ray leaves out what is of the wrong type in the http block of: {}", name)
        kept[side] = {key: value for key, value in given.items() if key not in wrong} if wrong else given
    return kept


HTTP: dict[str, dict[str, type]] = {
    "request": {
        "method": str, "url": str, "user_agent": str, "client_ip": str, "x_forwarded_for": bool, "traced": bool,
    },
    "response": {"status": int, "content_length": int},
}  # fmt: skip


def _fits(value: Any, kind: type | None) -> bool:
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INTEGER
    return kind is None or isinstance(value, kind)


def _annotations(annotations: dict[str, Any], name: str, notices: Notices) -> dict[str, Any]:
    good = {key: value for key, value in annotations.items() if isinstance(value, str) or _is_number(value)}
    for key in annotations.keys() - good.keys():
        notices.add("X-Ray leaves out annotations that are no string, number or truth value: {}", f"{key} of {name}")
    for key, value in good.items():
        if not INDEXED.fullmatch(key):
            notices.add("X-Ray indexes keys of letters, digits, _ and . only; these annotations cannot be searched: {}", key)
        elif not searchable(key, value):
            notices.add(
                f"X-Ray indexes values of up to {MAX_VALUE:,} characters; these annotations cannot be searched: {{}}", key
            )
    return good


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) <= MAX_NUMBER
