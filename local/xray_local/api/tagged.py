"""The tags that resources have, whatever the resources are."""

from __future__ import annotations

from .context import Context
from .errors import ApiError

# AWS's limit for a resource.
LARGEST_TAGS = 50


def of(context: Context, arn: str) -> dict[str, str]:
    """The tags of a resource by key."""
    record = context.store.tags.get(arn)
    return dict(record.body) if record else {}


def put(context: Context, arn: str, given: list[dict[str, str]]) -> None:
    """Adds tags to a resource, or replaces those of the same key."""
    if not given:
        return
    tags = of(context, arn) | {tag["Key"]: tag["Value"] for tag in given}
    if len(tags) > LARGEST_TAGS:
        raise ApiError(f"A resource may have {LARGEST_TAGS} tags.", "TooManyTagsException")
    context.store.tags.put(arn, tags, context.clock())


def drop(context: Context, arn: str) -> None:
    """Forgets the tags of a resource that is deleted."""
    context.store.tags.delete(arn)
