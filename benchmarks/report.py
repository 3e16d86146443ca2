"""Targets beside what was measured, as the table in README.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Spread

BEGIN, END = "<!-- benchmark -->", "<!-- /benchmark -->"
HEADINGS = ("What", "Target", "Measured", "95 % interval", "Verdict", "aws-xray-sdk, same run")


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    limit: float
    unit: str
    """With a leading space where one belongs; `x` and MB have two decimals, the rest one or none."""
    measured: Spread
    peer: Spread | None = None

    @property
    def verdict(self) -> str:
        """Met or missed; where the interval holds the target, neither can be said."""
        if self.measured.high <= self.limit:
            return "met"
        return "missed" if self.measured.low > self.limit else "within the noise"

    def cells(self) -> tuple[str, ...]:
        """The texts of the line."""
        one = self.measured
        certain = one.low == one.high == one.median
        return (
            self.what,
            f"≤ {self.limit:g}{self.unit}",
            self.text(one.median),
            "exact" if certain else f"{self.text(one.low)} to {self.text(one.high)}",
            self.verdict,
            self.text(self.peer.median) if self.peer else "",
        )

    def text(self, value: float) -> str:
        """A figure with its unit, and not more digits than it deserves."""
        digits = 3 if self.unit == "x" else 2 if self.unit == " MB" else 1
        return f"{value:.0f}" if not self.unit else f"{value:.{digits}f}{self.unit}"


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
    """The table of targets."""
    return table(HEADINGS, [row.cells() for row in rows])


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
