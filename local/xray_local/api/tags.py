"""The operations on tags, of groups and sampling rules."""

from __future__ import annotations

from typing import Any

from . import groups, sampling
from .context import Context, Operation, Request, Response
from .errors import not_found
from .paging import page
from .tagged import of, put

PAGE = 50


def _check(context: Context, arn: str) -> None:
    """Raises unless this is a group or a rule of ours."""
    known: list[Any] = [group["GroupARN"] for group in groups.groups(context)]
    known += [record["SamplingRule"]["RuleARN"] for record in sampling.rules(context)]
    if arn not in known:
        raise not_found(f"There is no group and no sampling rule with the ARN {arn}.")


def list_tags_for_resource(context: Context, request: Request) -> Response:
    """The tags of a resource in the order of their keys."""
    _check(context, request["ResourceARN"])
    tags = [{"Key": key, "Value": value} for key, value in sorted(of(context, request["ResourceARN"]).items())]
    rows, more = page(tags, request.get("NextToken"), PAGE)
    return {"Tags": rows, **more}


def tag_resource(context: Context, request: Request) -> Response:
    """Adds tags."""
    _check(context, request["ResourceARN"])
    with context.lock:
        put(context, request["ResourceARN"], request["Tags"])
    return {}


def untag_resource(context: Context, request: Request) -> Response:
    """Removes tags by key."""
    _check(context, request["ResourceARN"])
    with context.lock:
        tags = of(context, request["ResourceARN"])
        left = {key: value for key, value in tags.items() if key not in request["TagKeys"]}
        context.store.tags.put(request["ResourceARN"], left, context.clock())
    return {}


OPERATIONS: dict[str, Operation] = {
    "ListTagsForResource": list_tags_for_resource,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}
