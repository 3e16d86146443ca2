"""ReportBatchItemFailures: which records of a batch a function reports as failed.

By the rules of the Lambda developer guide ("Implementing partial batch responses"), the same for queues and streams.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any


def reported(payload: bytes, identifiers: Collection[str]) -> frozenset[str] | None:
    """The identifiers that the function's response names; None if the whole batch counts as failed.

    A null or empty response, and a null or empty list, are a success of everything. What is not of the right form, or names
    what was not in the batch, is a failure of everything.
    """
    try:
        response = json.loads(payload)
    except ValueError:
        return None
    if response is None:
        return frozenset()
    if not isinstance(response, dict):
        return None
    items = response.get("batchItemFailures")
    if items is None:
        return frozenset()
    if not isinstance(items, list):
        return None
    named = [_identifier(item) for item in items]
    return frozenset(name for name in named if name) if all(name in identifiers for name in named) else None


def _identifier(item: Any) -> str | None:
    found = item.get("itemIdentifier") if isinstance(item, dict) else None
    return found if isinstance(found, str) and found else None
