"""The operations of the X-Ray API: a request as a dict in, a response as a dict out. HTTP is server.py's."""

from __future__ import annotations

from typing import Any

from . import account, graphs, groups, model, notices, sampling, tags, traces
from .context import Context, Operation
from .errors import ApiError

__all__ = ["OPERATIONS", "ApiError", "Context", "call", "notices"]

OPERATIONS: dict[str, Operation] = {
    name: operation
    for module in (traces, graphs, sampling, groups, tags, account)
    for name, operation in module.OPERATIONS.items()
}


def call(context: Context, path: str, request: Any) -> dict[str, Any]:
    """The answer to a request of the API's path, or an ApiError."""
    name = model.paths().get(path)
    if name is None:
        raise ApiError(f"The X-Ray API has no operation at {path}.", "UnknownOperationException", 404)
    if name not in OPERATIONS:
        raise ApiError(f"xray-local does not have the operation {name}.", "NotImplementedException", 501)
    model.check(name, request)
    return OPERATIONS[name](context, request)
