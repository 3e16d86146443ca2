"""Groups: filter expressions with a name."""

from __future__ import annotations

from typing import Any

from . import tagged
from .context import Context, Operation, Request, Response
from .errors import ApiError
from .expressions import expression
from .paging import page

PAGE = 100
# Every account has it; it holds all traces and cannot be deleted.
DEFAULT = "Default"


def groups(context: Context) -> list[dict[str, Any]]:
    """Every group as the API shows it, the default one first."""
    default = {"GroupName": DEFAULT, "GroupARN": context.arn("group", DEFAULT), "InsightsConfiguration": _insights({})}
    stored = [record.body for record in context.store.groups.all()]
    return [*([] if any(group["GroupName"] == DEFAULT for group in stored) else [default]), *stored]


def find(context: Context, request: Request) -> dict[str, Any] | None:
    """The group that a request names by GroupName or GroupARN; None when it names none."""
    name, arn = request.get("GroupName"), request.get("GroupARN")
    if name is None and arn is None:
        return None
    if name is not None and arn is not None:
        raise ApiError("Give either GroupName or GroupARN, not both.")
    for group in groups(context):
        if group["GroupName"] == name or group["GroupARN"] == arn:
            return group
    raise ApiError(f"Group not found: {name or arn}.")


def _must_find(context: Context, request: Request) -> dict[str, Any]:
    group = find(context, request)
    if group is None:
        raise ApiError("Give GroupName or GroupARN.")
    return group


def _insights(given: dict[str, Any]) -> dict[str, Any]:
    return {"InsightsEnabled": False, "NotificationsEnabled": False, **given}


def create_group(context: Context, request: Request) -> Response:
    """A new group."""
    expression(context, request.get("FilterExpression"))
    name = request["GroupName"]
    with context.lock:
        if any(group["GroupName"] == name for group in groups(context)):
            raise ApiError(f"A group of the name {name} exists already.")
        group = {
            "GroupName": name,
            "GroupARN": context.arn("group", name, unique=True),
            "FilterExpression": request.get("FilterExpression") or "",
            "InsightsConfiguration": _insights(request.get("InsightsConfiguration") or {}),
        }
        context.store.groups.put(name, group, context.clock())
        tagged.put(context, group["GroupARN"], request.get("Tags") or [])
    return {"Group": group}


def get_group(context: Context, request: Request) -> Response:
    """One group."""
    return {"Group": _must_find(context, request)}


def get_groups(context: Context, request: Request) -> Response:
    """Every group."""
    rows, more = page(groups(context), request.get("NextToken"), PAGE)
    return {"Groups": rows, **more}


def update_group(context: Context, request: Request) -> Response:
    """Another expression or other insights for a group."""
    expression(context, request.get("FilterExpression"))
    with context.lock:
        group = dict(_must_find(context, request))
        if request.get("FilterExpression") is not None:
            if group["GroupName"] == DEFAULT:
                raise ApiError("The Default group holds all traces: it has no filter expression.")
            group["FilterExpression"] = request["FilterExpression"]
        if request.get("InsightsConfiguration") is not None:
            group["InsightsConfiguration"] = {**group["InsightsConfiguration"], **request["InsightsConfiguration"]}
        context.store.groups.put(group["GroupName"], group, context.clock())
    return {"Group": group}


def delete_group(context: Context, request: Request) -> Response:
    """Removes a group; its traces stay."""
    with context.lock:
        group = _must_find(context, request)
        if group["GroupName"] == DEFAULT:
            raise ApiError("The Default group cannot be deleted.")
        context.store.groups.delete(group["GroupName"])
        tagged.drop(context, group["GroupARN"])
    return {}


OPERATIONS: dict[str, Operation] = {
    "CreateGroup": create_group,
    "GetGroup": get_group,
    "GetGroups": get_groups,
    "UpdateGroup": update_group,
    "DeleteGroup": delete_group,
}
