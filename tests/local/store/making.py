"""Documents as functions and services send them, numbered so that two of the same number are the same."""

from __future__ import annotations

import json
from typing import Any

# A Saturday in 2023, at the full minute.
START = 1_699_999_980.0


def trace_id(number: int, start: float = START) -> str:
    """The id of trace `number`."""
    return f"1-{int(start):08x}-{number:024x}"


def segment(number: int, start: float = START, **fields: Any) -> dict[str, Any]:
    """A function's own segment."""
    return {
        "id": f"{number:015x}a",
        "trace_id": trace_id(number, start),
        "name": "orders",
        "origin": "AWS::Lambda::Function",
        "start_time": start,
        "end_time": start + 0.5,
        **fields,
    }


def call(number: int, start: float = START, **fields: Any) -> dict[str, Any]:
    """A call of DynamoDB from that segment, sent by itself."""
    return {
        "id": f"{number:015x}b",
        "trace_id": trace_id(number, start),
        "parent_id": f"{number:015x}a",
        "type": "subsegment",
        "name": "DynamoDB",
        "namespace": "aws",
        "start_time": start + 0.1,
        "end_time": start + 0.2,
        "aws": {"operation": "PutItem", "table_name": "orders"},
        **fields,
    }


def text(document: dict[str, Any]) -> str:
    """As it is sent."""
    return json.dumps(document)
