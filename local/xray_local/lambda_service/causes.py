"""The `cause` of a function segment: what the runtime client reported, or what the service knows itself, in X-Ray's shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from xray_local.documents import MAX_BYTES

Document = dict[str, Any]

# A segment may have 64 KiB. The rest of a function segment with its three subsegments stays below 8 KiB (names have 200
# characters at most), and an initialization's cause may stand beside this one: each gets a part.
LIMIT = (MAX_BYTES - 8 * 1024) // 2
MESSAGE_LIMIT = 4_000
TYPE_LIMIT = 250  # what X-Ray takes of a string unless it says otherwise
# awslambdaric reports one exception; other clients a chain. 10 tell what there is to tell.
MOST_EXCEPTIONS = 10
# Frames kept of a stack that is too long, half of them from each end: both ends tell where it came from and what it did.
_FRAMES = (1_000, 200, 100, 50, 20, 4)


def reported(cause: Mapping[str, Any] | None, error_type: str | None, message: str | None, new_id: Callable[[], str]) -> Document:
    """The cause in X-Ray's shape: an id for each exception (the runtime client sends none), and not larger than LIMIT.

    Args:
        cause: as the runtime client reported it; None after a timeout or a crash, which it did not live to report.
        error_type: tells of those.
        message: tells of those.
        new_id: gives 16 hex digits.
    """
    told = cause or {}
    exceptions = [_exception(item, new_id) for item in _listed(told.get("exceptions"))[:MOST_EXCEPTIONS]]
    if not exceptions:
        exceptions = [
            {"id": new_id(), "type": (error_type or "Unknown")[:TYPE_LIMIT], "message": (message or "")[:MESSAGE_LIMIT]}
        ]
    directory = told.get("working_directory")
    frame: Document = {"working_directory": directory} if isinstance(directory, str) else {}
    for frames in _FRAMES:
        kept = [_shortened(exception, frames) for exception in exceptions]
        paths = {step.get("path"): None for exception in kept for step in exception.get("stack", ())}
        document = {**frame, "paths": [path for path in paths if isinstance(path, str)], "exceptions": kept}
        if len(json.dumps(document)) <= LIMIT:
            return document
    # Ten messages of 4,000 characters, each six bytes as JSON: the first exception alone, its beginning.
    first = {**exceptions[0], "message": str(exceptions[0]["message"])[: MESSAGE_LIMIT // 4]}
    return {"exceptions": [{key: first[key] for key in ("id", "type", "message")}]}


def _exception(item: Mapping[str, Any], new_id: Callable[[], str]) -> Document:
    exception: Document = {
        "id": new_id(),
        "type": str(item.get("type") or "Unknown")[:TYPE_LIMIT],
        "message": str(item.get("message") or "")[:MESSAGE_LIMIT],
    }
    stack = _listed(item.get("stack"))
    return {**exception, "stack": stack} if stack else exception


def _shortened(exception: Document, frames: int) -> Document:
    stack = exception.get("stack", [])
    if len(stack) <= frames:
        return exception
    return {**exception, "stack": stack[: frames // 2] + stack[-frames // 2 :], "truncated": len(stack) - frames}


def _listed(value: Any) -> list[Document]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
