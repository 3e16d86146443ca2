"""What is said about one segment or subsegment in a few words: its label, its flag, what went wrong in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from xray_local.model import Document

# Of the fields under `aws`, those that describe the call rather than the thing that is called.
NOT_A_RESOURCE = frozenset(
    (
        *("account_id", "attempts", "function_error", "id_2", "invocation_type", "log_type", "message_id", "operation"),
        *("projection_expression", "region", "remote_region", "request_id", "retries", "select"),
    )
)
# Worst first: a throttled call is an error as well.
FLAGS = (("throttle", "THROTTLE", "magenta"), ("fault", "FAULT", "red"), ("error", "ERROR", "yellow"))
OPEN = ("in_progress", "OPEN", "cyan")
COLOURS = {word: colour for _key, word, colour in (*FLAGS, OPEN)}
# C0 and C1 control characters would move the cursor or recolour the terminal; the marks of writing direction would turn
# a line around. Documents come from anywhere.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: object) -> str:
    """The text on one line, with nothing in it that a terminal obeys."""
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", re.sub(r"\s+", " ", str(text)))


def label(node: Document) -> str:
    """`DynamoDB PutItem orders 400 ConditionalCheckFailedException`."""
    aws, http = _mapping(node, "aws"), _mapping(node, "http")
    words = [str(node.get("name", ""))]
    request, status = _mapping(http, "request"), _mapping(http, "response").get("status")
    if "operation" in aws:
        # X-Ray's own segments also tell the address of AWS's API; the operation says it better.
        words += [str(aws["operation"]), *_resources(aws)]
    else:
        words += [str(request.get("method", "")), _url(str(request.get("url", "")), node)]
    if isinstance(status, int) and status >= 400:
        words.append(str(status))
    thrown = _exceptions(node)
    if thrown and "operation" in aws:
        words.append(str(thrown[0].get("type", "")))
    if aws.get("retries"):
        words.append(f"({aws['retries']} retries)")
    return printable(" ".join(filter(None, words)))


def _resources(aws: Mapping[str, Any]) -> list[str]:
    """The names of the table, bucket, queue …; of a URL or ARN the last part says it."""
    names: dict[str, None] = {}
    for key, value in aws.items():
        if key in NOT_A_RESOURCE or not isinstance(value, str | list):
            continue
        several = value if isinstance(value, list) else [value]
        short = [item.rstrip("/").rpartition("/")[2].rpartition(":")[2] for item in several if isinstance(item, str)]
        names.setdefault(",".join(short))
    return list(names)


def _url(url: str, node: Document) -> str:
    """The path; the host before it where a call's label does not name it already. Queries are long, and may be secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    named = node.get("namespace") != "remote" or parts.hostname == str(node.get("name", "")).lower()
    if not parts.hostname:
        return url
    # What stands before an @ is a password.
    return (parts.path or "/") if named else f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def detail(node: Document) -> str:
    """What is worth less ink: where it runs, the statement of a query."""
    query = _mapping(node, "sql").get("sanitized_query", "")
    return printable(query or node.get("origin") or "")


def flag(node: Document) -> str:
    """The worst flag; empty when all is well."""
    return next((word for key, word, _colour in (*FLAGS, OPEN) if node.get(key)), "")


def exception(node: Document) -> str:
    """What went wrong and where, in one line; for a call of AWS the type stands in the label already."""
    thrown = _exceptions(node)
    if not thrown:
        return printable(_mapping(node, "cause").get("message", ""))
    found = thrown[0]
    if "operation" in _mapping(node, "aws"):
        return printable(found.get("message", ""))
    stack = found.get("stack")
    where = stack[-1] if isinstance(stack, list) and stack and isinstance(stack[-1], dict) else None
    place = ""
    if where:
        file = PurePosixPath(str(where.get("path", "?"))).name
        place = f" at {file}:{where.get('line', '?')} in {where.get('label', '?')}"
    return printable(": ".join(filter(None, (found.get("type"), str(found.get("message", ""))))) + place)


def _exceptions(node: Document) -> list[dict[str, Any]]:
    """The exceptions recorded here; a cause may also be the id of one that is recorded elsewhere."""
    found = _mapping(node, "cause").get("exceptions")
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def duration_ms(node: Document) -> float | None:
    """How long it took; a module's import can be interrupted, so its own sum counts."""
    total = import_ms(node, "total_ms")
    if total is not None:
        return total
    return (node["end_time"] - node["start_time"]) * 1000 if "end_time" in node else None


def import_ms(node: Document, which: str) -> float | None:
    """What the layer recorded about a module's import, in milliseconds; None for anything else."""
    value = _mapping(_mapping(node, "metadata"), "import").get(which)
    return float(value) if isinstance(value, int | float) else None


def time_text(milliseconds: float) -> str:
    """`12.3 ms`, `1,234.5 ms`, `12.35 s` from ten seconds on."""
    return f"{milliseconds / 1000:,.2f} s" if milliseconds >= 10_000 else f"{milliseconds:,.1f} ms"


def _mapping(node: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """What stands under a key if it is an object: AWS's own answers have other things there, too."""
    value = node.get(key)
    return value if isinstance(value, dict) else {}
