"""NextToken: opaque to the client, the same question's next rows to us."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, TypeVar

from .errors import ApiError

Row = TypeVar("Row")


def encode(position: Any) -> str:
    """A token for a place in a list."""
    return base64.urlsafe_b64encode(json.dumps(position, separators=(",", ":")).encode()).decode()


def decode(token: str | None) -> Any:
    """The place; None at the beginning."""
    if not token:
        return None
    try:
        return json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError) as error:
        raise ApiError("NextToken is not one that this server gave out; ask again without it.") from error


def page(rows: Sequence[Row], token: str | None, size: int) -> tuple[Sequence[Row], dict[str, str]]:
    """One page of a list that is at hand as a whole, and the NextToken member for the answer, if there is more."""
    start = decode(token) or 0
    if type(start) is not int or start < 0:
        raise ApiError("NextToken is not one that this operation gave out; ask again without it.")
    more = {"NextToken": encode(start + size)} if len(rows) > start + size else {}
    return rows[start : start + size], more
