"""A trace as text: a tree on the left, a bar for each subsegment on a time axis on the right.

`forest` hangs segments below the subsegments that called them, `rows` turns a tree into plain values, `drawn` lays these
out for a terminal. Each tree has a time axis of its own: beside an initialization of half a second that has no parent yet,
a call of 4 ms would have no length.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.text import Text

from xray_local.model import Document

from .labels import COLOURS, detail, duration_ms, exception, flag, import_ms, label, printable, time_text

DURATION_WIDTH, FLAG_WIDTH = 11, 9
# Of a library's import only the parts that take this share of the initialization are drawn; the others are counted.
SMALLEST_IMPORT = 0.03
LARGEST_BAR, SMALLEST_BAR = 40, 8
# Labels come before bars: below this width of labels, bars shrink, and then vanish.
LABEL_WIDTH = 36
# From an eighth of a cell to a whole one.
EIGHTHS = " ▏▎▍▌▋▊▉█"
# Less than this between the trace's start and a tree's is not worth a word.
LATE_S = 0.001


@dataclass(frozen=True)
class Row:
    """One line of a tree."""

    guide: str
    label: str
    detail: str = ""
    """What is worth less ink: who called, an exception's message, the own time of an import."""
    flag: str = ""
    span: tuple[float, float] | None = None
    """Start and end, as fractions of the tree's time; None on a line without a bar."""
    duration_ms: float | None = None


@dataclass(frozen=True)
class Axis:
    """The time a tree's bars are drawn on, in epoch seconds."""

    start: float
    length: float

    @classmethod
    def of(cls, tree: Document) -> Axis:
        """From the first start to the last end: an initialization lies before its segment, work may go on behind it."""
        nodes = list(_nodes(tree))
        start = min(float(node["start_time"]) for node in nodes)
        end = max(float(node["end_time" if "end_time" in node else "start_time"]) for node in nodes)
        return cls(start, max(end - start, 1e-9))

    def place(self, node: Document) -> tuple[float, float]:
        """Where a node lies on it; what is open ends with it."""
        end = node.get("end_time", self.start + self.length)
        return (node["start_time"] - self.start) / self.length, (end - self.start) / self.length


def forest(segments: Sequence[Document]) -> list[Document]:
    """Segments as trees, each below its caller where that is in the trace, by start time.

    Inferred segments say again what their subsegment says, so they are left out beside it.
    """
    copies = [_copy(segment) for segment in segments]
    known = {node["id"]: node for top in copies for node in _nodes(top) if not top.get("inferred")}
    tops: list[Document] = []
    for segment in sorted(copies, key=lambda segment: segment["start_time"]):
        parent = known.get(segment.get("parent_id", ""))
        if parent is None:
            tops.append(segment)
        elif not segment.get("inferred"):
            below = parent.setdefault("subsegments", [])
            below.append(segment)
            below.sort(key=lambda child: child["start_time"])
    # Two segments that call each other stand nowhere else.
    reached = {node["id"] for top in tops for node in _nodes(top)}
    lost = [segment for segment in copies if segment["id"] not in reached and not segment.get("inferred")]
    return [*tops, *({**segment, "subsegments": []} for segment in lost)]


def _copy(node: Document) -> Document:
    below = node.get("subsegments")
    if not below:
        return dict(node)
    return {**node, "subsegments": sorted(map(_copy, below), key=lambda child: child["start_time"])}


def _nodes(tree: Document) -> Iterator[Document]:
    rest, seen = [tree], set()
    while rest:
        node = rest.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        rest += node.get("subsegments", ())


def rows(tree: Document) -> Iterator[Row]:
    """The lines of one tree, parents before children, siblings by start time."""
    return _rows(tree, "", "", Axis.of(tree))


def _rows(node: Document, guide: str, below: str, axis: Axis) -> Iterator[Row]:
    """The lines of a node and all under it; `guide` stands before its own line, `below` before those under it."""
    everything = node.get("subsegments", [])
    children = [child for child in everything if not _is_small_import(child, axis.length)]
    hidden = len(everything) - len(children)
    own = import_ms(node, "own_ms")
    told = [f"own {own:.1f} ms"] if own is not None and everything else list(filter(None, (detail(node),)))
    if hidden:
        told.append(f"{hidden} shorter import{'s' * (hidden > 1)}")
    yield Row(guide, label(node), ", ".join(told), flag(node), axis.place(node), duration_ms(node))
    wrong = exception(node)
    if wrong:
        yield Row(below + ("│  " if children else "   "), "", wrong)
    for child in children:
        last = child is children[-1]
        yield from _rows(child, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "), axis)


def _is_small_import(node: Document, length: float) -> bool:
    total = import_ms(node, "total_ms")
    return total is not None and total / 1000 < SMALLEST_IMPORT * length and not _has_call(node)


def _has_call(node: Document) -> bool:
    """Whether something other than imports stands below."""
    return import_ms(node, "total_ms") is None or any(map(_has_call, node.get("subsegments", [])))


def bar(span: tuple[float, float], width: int) -> str:
    """The span on an axis of that many cells: at least an eighth of one, so that nothing disappears."""
    left, right = (min(max(part, 0.0), 1.0) * width for part in span)
    at = min(int(left), width - 1)
    # The left edge has no eighths in Unicode: it goes back to the cell's beginning, the right one keeps its place.
    eighths = max(round((right - at) * 8), 1)
    full, rest = divmod(eighths, 8)
    return (" " * at + "█" * full + EIGHTHS[rest].strip()).ljust(width)[:width]


def drawn(title: str, lines: Sequence[str], trees: Sequence[Document], width: int) -> RenderableType:
    """A trace: a heading, what there is to say about it, then each tree with its axis."""
    parts: list[RenderableType] = [
        Rule(Text(title, "bold"), align="left", characters="─"),
        *(Text(part, "dim") for line in lines for part in wrapped(line, width)),
    ]
    axes = [Axis.of(tree) for tree in trees]
    first = min((axis.start for axis in axes), default=0.0)
    for tree, axis in zip(trees, axes, strict=True):
        parts += [Text(), *_lines(list(rows(tree)), axis, axis.start - first, width)]
    return Group(*parts, Text())


def wrapped(line: str, width: int) -> list[str]:
    """A sentence in lines of the terminal's width; the names in it come from documents."""
    return textwrap.wrap(printable(line), width, subsequent_indent="  ", break_on_hyphens=False)


def _bars(tree: Sequence[Row], width: int) -> int:
    """How many cells the bars get: what the labels leave, but for the narrowest terminals."""
    room = width - DURATION_WIDTH - FLAG_WIDTH - 1
    wanted = max(len(row.guide) + len(row.label) + len(row.detail) + 1 for row in tree if row.span)
    bars = min(max(room - wanted, LARGEST_BAR // 4), LARGEST_BAR, room - LABEL_WIDTH)
    return bars if bars >= SMALLEST_BAR else 0


def _lines(tree: Sequence[Row], axis: Axis, late: float, width: int) -> Iterator[Text]:
    """The tree in columns: guide, label and detail; bar; duration; flag."""
    bars = _bars(tree, width)
    fixed = DURATION_WIDTH + FLAG_WIDTH + bars + bool(bars)
    if bars:
        begin = f"+{time_text(late * 1000)}" if late >= LATE_S else "0"
        end = time_text(axis.length * 1000)
        end = end.rjust(bars - len(begin)) if len(begin) + len(end) < bars else ""
        yield Text(" " * (width - fixed + 1) + begin + end, "dim", no_wrap=True)
    for row in tree:
        colour = COLOURS.get(row.flag, "")
        gap = " " if row.label and row.detail else ""
        line = Text.assemble((row.guide, "dim"), (row.label, colour), gap, (row.detail, "dim"), no_wrap=True)
        if row.span is None:
            line.truncate(width, overflow="ellipsis")
            yield line
            continue
        line.truncate(max(width - fixed, 1), overflow="ellipsis", pad=True)
        if bars:
            line.append(" " + bar(row.span, bars), colour or "green")
        line.append(("" if row.duration_ms is None else time_text(row.duration_ms)).rjust(DURATION_WIDTH))
        if row.flag:
            line.append(" " + row.flag, f"bold {colour}")
        yield line


def remarks(trees: Sequence[Document], limit_exceeded: bool) -> list[str]:
    """What a reader must know about a trace before trusting its picture."""
    found = []
    lonely = sum(1 for tree in trees if tree.get("parent_id"))
    waiting = sum(1 for tree in trees for node in _nodes(tree) if node.get("in_progress"))
    if lonely:
        found.append(f"{_count(lonely, 'part names a parent', 'parts name parents')} that did not arrive (yet)")
    if waiting:
        found.append(f"{_count(waiting, 'part has', 'parts have')} not ended (yet)")
    if limit_exceeded:
        found.append("larger than X-Ray's limit for a trace: X-Ray leaves out what is beyond it")
    return found


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
