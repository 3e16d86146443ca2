"""A trace as text: a tree on the left, a bar for each subsegment on a time axis on the right.

`rows` turns documents into plain values, `drawn` lays these out for a terminal. Each root has a time axis of its
own: beside an initialization of half a second, a call of 4 ms would have no length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.text import Text

from tests.kit.fakes import Document

# What describes the call rather than the thing that is called.
NOT_A_RESOURCE = {"account_id", "attempts", "id_2", "message_id", "operation", "region", "remote_region", "request_id", "retries"}
# Worst first: a throttled call is an error as well.
FLAGS = (("throttle", "THROTTLE", "magenta"), ("fault", "FAULT", "red"), ("error", "ERROR", "yellow"))
OPEN = ("in_progress", "OPEN", "cyan")
DURATION_WIDTH, FLAG_WIDTH = 11, 9
# Of a library's import only the parts that take this share of the initialization are drawn; the others are counted.
SMALLEST_IMPORT = 0.03
LARGEST_BAR, SMALLEST_BAR = 40, 16
# From an eighth of a cell to a whole one.
EIGHTHS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True)
class Row:
    """One line of a tree."""

    guide: str
    label: str
    detail: str = ""
    """What is worth less ink: who called, an exception's message, the own time of an import."""
    flag: str = ""
    span: tuple[float, float] | None = None
    """Start and end, as fractions of the root's time; None on a line without a bar."""
    duration_ms: float | None = None


def rows(root: Document) -> Iterator[Row]:
    """The lines of one tree, parents before children, siblings by start time."""
    start = root["start_time"]
    length = max(root.get("end_time", start) - start, 1e-9)
    return _rows(root, "", "", (start, length))


def _rows(node: Document, guide: str, below: str, axis: tuple[float, float]) -> Iterator[Row]:
    """The lines of a node and all under it; `guide` stands before its own line, `below` before those under it."""
    start, length = axis
    begun = (node["start_time"] - start) / length
    ended = (node.get("end_time", start + length) - start) / length
    everything = node.get("subsegments", [])
    children = [child for child in everything if not _is_small_import(child, length)]
    hidden = len(everything) - len(children)
    own = _import_ms(node, "own_ms")
    detail = f"own {own:.1f} ms" if own is not None and everything else ""
    if hidden:
        detail += f", {hidden} shorter import{'s' * (hidden > 1)}"
    yield Row(guide, label(node), detail, flag(node)[0], (begun, ended), duration_ms(node))
    told = exception(node)
    if told:
        yield Row(below + ("│  " if children else "   "), "", told)
    for child in children:
        last = child is children[-1]
        yield from _rows(child, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "), axis)


def _import_ms(node: Document, which: str) -> float | None:
    value: float | None = node.get("metadata", {}).get("import", {}).get(which)
    return value


def _is_small_import(node: Document, length: float) -> bool:
    total = _import_ms(node, "total_ms")
    return total is not None and total / 1000 < SMALLEST_IMPORT * length and not _has_call(node)


def _has_call(node: Document) -> bool:
    """Whether something other than imports stands below."""
    return _import_ms(node, "total_ms") is None or any(map(_has_call, node.get("subsegments", [])))


def label(node: Document) -> str:
    """A subsegment in a few words: `DynamoDB PutItem orders 400 ConditionalCheckFailedException`."""
    aws, http = node.get("aws", {}), node.get("http", {})
    words = [node["name"], aws.get("operation", ""), *_resources(aws)]
    request, status = http.get("request", {}), http.get("response", {}).get("status", 200)
    words += [request.get("method", ""), request.get("url", "")]
    if status >= 400:
        words.append(str(status))
    if "cause" in node and aws:
        words.append(node["cause"]["exceptions"][0]["type"])
    if aws.get("retries"):
        words.append(f"({aws['retries']} retries)")
    return " ".join(filter(None, words))


def _resources(aws: Document) -> list[str]:
    """The names of the table, bucket, queue …; of a URL or ARN the last part says it."""
    names = []
    for key, value in aws.items():
        if key not in NOT_A_RESOURCE and isinstance(value, str | list):
            several = value if isinstance(value, list) else [value]
            names.append(",".join(str(name).rstrip("/").rpartition("/")[2].rpartition(":")[2] for name in several))
    return names


def flag(node: Document) -> tuple[str, str]:
    """The worst flag of a subsegment and its colour; twice nothing when all is well."""
    for key, word, colour in (*FLAGS, OPEN):
        if node.get(key):
            return word, colour
    return "", ""


def exception(node: Document) -> str:
    """What went wrong and where, in one line; for a call of AWS the type stands in the label already."""
    cause = node.get("cause")
    if not isinstance(cause, dict) or not cause.get("exceptions"):
        return ""
    found = cause["exceptions"][0]
    if "aws" in node:
        return str(found.get("message", ""))
    where = found["stack"][-1] if found.get("stack") else None
    place = f" at {PurePosixPath(where['path']).name}:{where['line']} in {where['label']}" if where else ""
    return f"{found['type']}: {found.get('message', '')}{place}"


def duration_ms(node: Document) -> float | None:
    """How long it took; a module's import can be interrupted, so its own sum counts."""
    total = _import_ms(node, "total_ms")
    if total is not None:
        return total
    return (node["end_time"] - node["start_time"]) * 1000 if "end_time" in node else None


def bar(span: tuple[float, float], width: int) -> str:
    """The span on an axis of that many cells: at least an eighth of one, so that nothing disappears."""
    left, right = (min(max(part, 0.0), 1.0) * width for part in span)
    at = min(int(left), width - 1)
    # The left edge has no eighths in Unicode: it goes back to the cell's beginning, the right one keeps its place.
    eighths = max(round((right - at) * 8), 1)
    full, rest = divmod(eighths, 8)
    return (" " * at + "█" * full + EIGHTHS[rest].strip()).ljust(width)[:width]


def drawn(title: str, outcome: str, trees: Sequence[Document], width: int) -> RenderableType:
    """One invocation's trace: a heading, then each root with its subsegments."""
    parts: list[RenderableType] = [Rule(Text(title, "bold"), align="left", characters="─"), Text(outcome, "dim")]
    for tree in trees:
        parts += [Text(), *_lines(list(rows(tree)), width)]
    return Group(*parts, Text())


def _lines(tree: Sequence[Row], width: int) -> Iterator[Text]:
    """The tree in columns: guide, label and detail; bar; duration; flag."""
    fixed = DURATION_WIDTH + FLAG_WIDTH
    wanted = max(len(row.guide) + len(row.label) + len(row.detail) + 2 for row in tree if row.span)
    bars = min(max(width - fixed - wanted, SMALLEST_BAR), LARGEST_BAR)
    colours = {word: colour for _key, word, colour in (*FLAGS, OPEN)}
    for row in tree:
        colour = colours.get(row.flag, "")
        gap = " " if row.label and row.detail else ""
        line = Text.assemble((row.guide, "dim"), (row.label, colour), gap, (row.detail, "dim"), no_wrap=True)
        if row.span is None:
            line.truncate(width, overflow="ellipsis")
            yield line
            continue
        line.truncate(width - fixed - bars - 1, overflow="ellipsis", pad=True)
        duration = "" if row.duration_ms is None else f"{row.duration_ms:,.1f} ms"
        line.append(" " + bar(row.span, bars), colour or "green")
        line.append(duration.rjust(DURATION_WIDTH))
        line.append(" " + row.flag, f"bold {colour}" if colour else "")
        yield line
