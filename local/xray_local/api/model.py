"""AWS's own description of X-Ray, as botocore carries it: which path is which operation, and what a request may hold.

Nothing about paths, members, types and limits is written down a second time here.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import botocore.loaders
import botocore.model

from .errors import ApiError


@functools.cache
def service() -> Any:
    """botocore's service model. Loaded by hand: a whole botocore session costs three times as much."""
    description = botocore.loaders.Loader().load_service_model("xray", "service-2")
    return botocore.model.ServiceModel(description, "xray")


@functools.cache
def paths() -> dict[str, str]:
    """Every path of the API with the operation behind it."""
    return {service().operation_model(name).http["requestUri"]: name for name in service().operation_names}


def check(operation: str, request: Any) -> None:
    """Raises ApiError unless the request is one that AWS's description allows."""
    if not isinstance(request, dict):
        raise ApiError(f"The body must be a JSON object, this is {_short(request)}.")
    shape = service().operation_model(operation).input_shape
    if shape is not None:
        _check(shape, request, "")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _fail(value: Any, place: str, wanted: str) -> ApiError:
    return ApiError(f"Value {_short(value)} at '{place}' failed to satisfy constraint: {wanted}.")


def _check(shape: Any, value: Any, place: str) -> None:
    checker = CHECKS.get(shape.type_name)
    if checker is not None:
        checker(shape, value, place)


def _structure(shape: Any, value: Any, place: str) -> None:
    if not isinstance(value, dict):
        raise _fail(value, place, "Member must be an object")
    prefix = f"{place}." if place else ""
    for name in shape.required_members:
        if value.get(name) is None:
            raise _fail(None, prefix + name, "Member must not be null")
    for name, member in shape.members.items():
        # null is a member that is not there; members that AWS does not know are passed over, as AWS does.
        if value.get(name) is not None:
            _check(member, value[name], prefix + name)


def _list(shape: Any, value: Any, place: str) -> None:
    if not isinstance(value, list):
        raise _fail(value, place, "Member must be a list")
    _bounds(shape, len(value), value, place, "Member must have length")
    for position, item in enumerate(value):
        _check(shape.member, item, f"{place}.{position + 1}.member")


def _map(shape: Any, value: Any, place: str) -> None:
    if not isinstance(value, dict):
        raise _fail(value, place, "Member must be a map")
    _bounds(shape, len(value), value, place, "Member must have length")
    for key, item in value.items():
        _check(shape.key, key, f"{place}.key")
        _check(shape.value, item, f"{place}.{key}")


def _string(shape: Any, value: Any, place: str) -> None:
    if not isinstance(value, str):
        raise _fail(value, place, "Member must be a string")
    if shape.enum and value not in shape.enum:
        raise _fail(value, place, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    _bounds(shape, len(value), value, place, "Member must have length")


def _whole(shape: Any, value: Any, place: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise _fail(value, place, "Member must be a whole number")
    _bounds(shape, value, value, place, "Member must have value")


def _number(shape: Any, value: Any, place: str) -> None:
    # JSON knows no infinity, but Python's reader takes 1e999 and NaN.
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _fail(value, place, "Member must be a number")
    _bounds(shape, value, value, place, "Member must have value")


# 9999-12-31: what Python's and SQLite's calendars end with.
LAST_SECOND = 253_402_300_799


def _timestamp(_shape: Any, value: Any, place: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LAST_SECOND:
        raise _fail(value, place, "Member must be a time in seconds since the epoch")


def _boolean(_shape: Any, value: Any, place: str) -> None:
    if not isinstance(value, bool):
        raise _fail(value, place, "Member must be true or false")


def _bounds(shape: Any, size: float, value: Any, place: str, wanted: str) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        raise _fail(value, place, f"{wanted} greater than or equal to {low}")
    if high is not None and size > high:
        raise _fail(value, place, f"{wanted} less than or equal to {high}")


CHECKS: dict[str, Callable[[Any, Any, str], None]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _whole,
    "long": _whole,
    "double": _number,
    "float": _number,
    "timestamp": _timestamp,
    "boolean": _boolean,
}
