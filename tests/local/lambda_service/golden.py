"""Golden documents: what a trace looks like, with ids and times as tokens.

    XRAY_LOCAL_GOLDEN=write pytest tests/local/lambda_service/test_golden.py

writes them anew; read the difference before it is committed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.local.lambda_service.cases import REQUEST, Recorded

FOLDER = Path(__file__).parent / "golden"
REWRITE = os.environ.get("XRAY_LOCAL_GOLDEN") == "write"

_TRACE = re.compile(r"\b1-[0-9a-f]{8}-[0-9a-f]{24}\b")
_ID = re.compile(r"\b[0-9a-f]{16}\b")


def normalised(recorded: Recorded) -> dict[str, Any]:
    """The compiled trace and the headers that the function saw; equal times have equal tokens, later ones greater tokens."""
    trace = asdict(recorded.trace())
    kept = {name: trace[name] for name in ("segments", "notices", "root_id", "partial")}
    found = {**kept, "headers": recorded.headers}
    times = {time: f"t{rank:02}" for rank, time in enumerate(sorted(set(_times(found))))}
    text = json.dumps(_with_tokens(found, times)).replace(REQUEST, "request")
    return _tokens(text, ((_TRACE, "trace"), (_ID, "id")))


def renumbered(found: dict[str, Any]) -> dict[str, Any]:
    """A normalised trace of which parts were left out or moved, its ids counted anew."""
    return _tokens(json.dumps(found), ((re.compile(r"\btrace-\d\d\b"), "trace"), (re.compile(r"\bid-\d\d\b"), "id")))


def _tokens(text: str, patterns: Sequence[tuple[re.Pattern[str], str]]) -> dict[str, Any]:
    """Every match in the order of appearance."""
    for pattern, name in patterns:
        tokens: dict[str, str] = {}
        for match in pattern.findall(text):
            tokens.setdefault(match, f"{name}-{len(tokens) + 1:02}")
        text = pattern.sub(lambda match: tokens[match.group()], text)  # noqa: B023 - called at once
    result: dict[str, Any] = json.loads(text)
    return result


def check(name: str, found: dict[str, Any]) -> None:
    """Compare with the golden document of that name, or write it."""
    path = FOLDER / f"{name}.json"
    if REWRITE:
        path.write_text(json.dumps(found, indent=2) + "\n")
    assert found == expected(name)


def expected(name: str) -> dict[str, Any]:
    """The golden document of that name."""
    document: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return document


def _times(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        yield from (inner for key, inner in value.items() if key in ("start_time", "end_time"))
        for inner in value.values():
            yield from _times(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _times(inner)


def _with_tokens(value: Any, times: dict[float, str]) -> Any:
    if isinstance(value, dict):
        is_time = ("start_time", "end_time")
        return {key: times[inner] if key in is_time else _with_tokens(inner, times) for key, inner in value.items()}
    return [_with_tokens(inner, times) for inner in value] if isinstance(value, list) else value
