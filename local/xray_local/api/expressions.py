"""The filter expression of a request, with the groups that it names."""

from __future__ import annotations

from xray_local import filters

from .context import Context
from .errors import ApiError

# The Default group, and a group that was made without an expression.
EVERYTHING = "ok OR !ok"


def expression(context: Context, text: str | None) -> filters.Expression | None:
    """The tree of an expression, groups in it replaced by their expressions; None where there is none."""
    if not text or not text.strip():
        return None
    try:
        # Few name a group; the others do without the groups being read.
        return filters.parse(text, _groups(context) if "group." in text.lower() else {})
    except filters.FilterError as error:
        raise ApiError(f"Invalid filter expression: {error}") from error


def _groups(context: Context) -> dict[str, str]:
    """The expressions of all groups by name and by ARN."""
    found = {"Default": EVERYTHING, context.arn("group", "Default"): EVERYTHING}
    for record in context.store.groups.all():
        text = record.body.get("FilterExpression", "").strip() or EVERYTHING
        found |= {record.body["GroupName"]: text, record.body["GroupARN"]: text}
    return found
