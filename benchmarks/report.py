"""Targets beside what was measured, as the tables in README.md and docs/xray-local.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Spread

BEGIN, END = "<!-- benchmark -->", "<!-- /benchmark -->"
# From here on a figure is a number of things, and its decimals say nothing.
COUNTED = 1_000
HEADINGS = ("What", "Target", "Measured", "95 % interval", "Verdict")
PEER = "aws-xray-sdk, same run"
LOAD = "Load"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    limit: float | None
    """None: it is what it is."""
    unit: str
    """With a leading space where one belongs; `x` and MB have two decimals, the rest one or none."""
    measured: Spread
    peer: Spread | None = None
    at_least: bool = False
    """The target is the least that is good enough; otherwise it is the most."""
    load: float | None = None
    """The machine's load average meanwhile, where it decides what is measured."""

    @property
    def verdict(self) -> str:
        """Met or missed; where the interval holds the target, neither can be said."""
        low, high = self.measured.low, self.measured.high
        if self.limit is None:
            return ""
        if (low >= self.limit) if self.at_least else (high <= self.limit):
            return "met"
        missed = high < self.limit if self.at_least else low > self.limit
        return "missed" if missed else "within the noise"

    def cells(self) -> tuple[str, ...]:
        """The texts of the line."""
        one = self.measured
        certain = one.low == one.high == one.median
        return (
            self.what,
            self.target(),
            self.text(one.median),
            "exact" if certain else f"{self.text(one.low)} to {self.text(one.high)}",
            self.verdict,
            self.text(self.peer.median) if self.peer else "",
            "" if self.load is None else f"{self.load:.1f}",
        )

    def target(self) -> str:
        """The limit with its sign."""
        if self.limit is None:
            return ""
        figure = f"{self.limit:,.0f}" if self.limit >= COUNTED else f"{self.limit:g}"
        return f"{'≥' if self.at_least else '≤'} {figure}{self.unit}"

    def text(self, value: float) -> str:
        """A figure with its unit, and not more digits than it deserves."""
        digits = 3 if self.unit == "x" else 2 if self.unit == " MB" else 1
        return f"{value:,.0f}{self.unit}" if not self.unit or value >= COUNTED else f"{value:.{digits}f}{self.unit}"


def exactly(value: float) -> Spread:
    """A figure without noise: a size, a number of modules."""
    return Spread(value, value, value, value, 1)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are figures."""
    widths = [max(len(line[column]) for line in (headings, *rows)) for column in range(len(headings))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in (headings, *rows)
    ]
    rule = "|" + "|".join("-" * (width + 1) + ("-" if column == 0 else ":") for column, width in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def targets(rows: Sequence[Row]) -> str:
    """The table of targets; with the peer where one was measured, and the load where it was noted."""
    wanted = [(heading, True) for heading in HEADINGS]
    wanted += [(PEER, any(row.peer for row in rows)), (LOAD, any(row.load is not None for row in rows))]
    shown = [place for place, (_heading, some) in enumerate(wanted) if some]
    return table([wanted[place][0] for place in shown], [[row.cells()[place] for place in shown] for row in rows])


class NoPlaceError(Exception):
    """The file has not both marks, in this order; the text says which."""


def write_between(path: Path, text: str) -> None:
    """Put a text between the two marks of a file."""
    old = path.read_text(encoding="utf-8")
    before, begin, rest = old.partition(BEGIN)
    _gone, end, after = rest.partition(END)
    if not begin or not end:
        raise NoPlaceError(f"{path.name} needs a line {BEGIN} and, below it, a line {END}")
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
