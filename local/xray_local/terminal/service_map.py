"""The service map as text: the graph as a tree from the clients on, with what each caller saw of its calls.

A service that several others call has several lines, one for each edge; what it calls itself is drawn below the first of
them only, and the others say so (↑). So every edge stands there once, circles included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from .labels import printable, time_text

Service = Mapping[str, Any]

CLIENT = "client"
# One cell for each tenth of the requests; what is not nothing gets a cell at least.
SHARE_CELLS = 10
# Drawn in this order: the letter is what the colour says, for terminals without any.
PARTS = (("ok", "█", "green"), ("error", "E", "yellow"), ("throttle", "T", "magenta"), ("fault", "F", "red"))
# Calls, mean, 95 %, and the counts of what went wrong. Narrow terminals go without the shares, then without the 95 %.
CALLS_WIDTH, TIME_WIDTH, BAD_WIDTH = 7, 12, 5
WIDTH_FOR_SHARES, WIDTH_FOR_ALL = 90, 70
LINK = "message age"
CALLED_BY_ADDRESS = ("AWS::SQS::Queue", "AWS::SNS")


@dataclass(frozen=True)
class Counts:
    """How the calls of an edge, or the requests of a service, ended."""

    ok: int = 0
    error: int = 0
    throttle: int = 0
    fault: int = 0
    total: int = 0
    mean_ms: float | None = None
    p95_ms: float | None = None


@dataclass(frozen=True)
class Line:
    """One service below one of its callers."""

    guide: str
    name: str
    type: str
    counts: Counts
    link: bool = False
    repeated: bool = False
    """What it calls stands elsewhere already."""


def counts(entity: Mapping[str, Any]) -> Counts:
    """The statistics of an edge or a service of the API."""
    statistics = entity.get("SummaryStatistics")
    if not statistics:
        times = entity.get("ReceivedEventAgeHistogram") or []
        number = sum(entry["Count"] for entry in times)
        mean = sum(entry["Value"] * entry["Count"] for entry in times) / number * 1000 if number else None
        return Counts(total=number, mean_ms=mean, p95_ms=percentile(times))
    error, total = statistics["ErrorStatistics"], statistics["TotalCount"]
    return Counts(
        ok=statistics["OkCount"],
        error=error["OtherCount"],
        throttle=error["ThrottleCount"],
        fault=statistics["FaultStatistics"]["TotalCount"],
        total=total,
        mean_ms=statistics["TotalResponseTime"] / total * 1000 if total else None,
        p95_ms=percentile(entity.get("ResponseTimeHistogram") or []),
    )


def percentile(histogram: Sequence[Mapping[str, float]], share: float = 0.95) -> float | None:
    """The time in milliseconds that this share of the calls did not exceed."""
    entries = sorted((entry["Value"], entry["Count"]) for entry in histogram)
    wanted = sum(count for _value, count in entries) * share
    passed = 0.0
    for value, count in entries:
        passed += count
        if passed >= wanted:
            return value * 1000
    return None


def lines(services: Sequence[Service]) -> Iterator[Line]:
    """The map line by line: clients first, then what no one calls, then circles that no one enters."""
    known = {service["ReferenceId"]: service for service in services}
    called = {edge["ReferenceId"] for service in services for edge in service.get("Edges") or []}
    drawn: set[int] = set()
    order = sorted(
        services, key=lambda service: (service.get("Type") != CLIENT, service["ReferenceId"] in called, _name(service))
    )
    for service in order:
        reference = service["ReferenceId"]
        if reference not in drawn:
            drawn.add(reference)
            yield Line("", _name(service), _type(service), counts(service))
            yield from _below(service, "", known, drawn)


def _below(service: Service, below: str, known: Mapping[int, Service], drawn: set[int]) -> Iterator[Line]:
    edges = [edge for edge in service.get("Edges") or [] if edge["ReferenceId"] in known]
    edges.sort(key=lambda edge: (-counts(edge).total, _name(known[edge["ReferenceId"]])))
    for edge in edges:
        target, last = known[edge["ReferenceId"]], edge is edges[-1]
        repeated = edge["ReferenceId"] in drawn
        drawn.add(edge["ReferenceId"])
        link = edge.get("EdgeType") == "link"
        arrow = "┄▷ " if link else "─▶ "
        has_more = repeated and bool(target.get("Edges"))
        guide = below + ("└" if last else "├") + arrow
        yield Line(guide, _name(target), _type(target), counts(edge), link, has_more)
        if not repeated:
            yield from _below(target, below + ("   " if last else "│  "), known, drawn)


def _name(service: Service) -> str:
    """The name as people say it: X-Ray calls a queue by its URL, a topic by its ARN."""
    if service.get("Type") == CLIENT:
        return CLIENT
    name = str(service.get("Name") or "?")
    if service.get("Type") in CALLED_BY_ADDRESS:
        name = name.rpartition("/")[2].rpartition(":")[2] or name
    return printable(name)


def _type(service: Service) -> str:
    found = printable(service.get("Type") or "")
    return "" if found == CLIENT else found


def share(found: Counts) -> Text:
    """A bar of how the calls ended, in the order of the map's rings: ok, error, throttle, fault."""
    numbers = {"ok": found.ok, "error": found.error, "throttle": found.throttle, "fault": found.fault}
    counted = sum(numbers.values())
    if not counted:
        return Text(" " * SHARE_CELLS)
    cells = {name: max(round(number / counted * SHARE_CELLS), 1) if number else 0 for name, number in numbers.items()}
    while (over := sum(cells.values()) - SHARE_CELLS) != 0:
        # Rounding's debt is the largest part's.
        largest = max(cells, key=lambda name: cells[name])
        cells[largest] -= 1 if over > 0 else -1
    return Text.assemble(*((sign * cells[name], colour) for name, sign, colour in PARTS))


def drawn(services: Sequence[Service], width: int) -> RenderableType:
    """The map for a terminal of that width."""
    found = list(lines(services))
    times = 2 if width >= WIDTH_FOR_ALL else 1
    shares = SHARE_CELLS + 1 if width >= WIDTH_FOR_SHARES else 0
    labels = max(width - CALLS_WIDTH - TIME_WIDTH * times - shares - BAD_WIDTH, 16)
    heading = "calls".rjust(CALLS_WIDTH) + "".join(name.rjust(TIME_WIDTH) for name in ("mean", "95 %")[:times])
    return Group(
        Text(" " * labels + heading, "dim", no_wrap=True),
        *(_line(line, labels, times, shares=bool(shares)) for line in found),
        *_legend(found),
    )


def _line(line: Line, labels: int, times: int, *, shares: bool) -> Text:
    told = " ↑" if line.repeated else ""
    kind = (f"  {line.type}" if line.type and times > 1 else "") + (f"  ({LINK})" if line.link else "")
    text = Text.assemble((line.guide, "dim"), (line.name, _colour(line.counts)), (told, "dim"), (kind, "dim"), no_wrap=True)
    text.truncate(labels, overflow="ellipsis", pad=True)
    found = line.counts
    if found.total:
        text.append(f"{found.total:,}".rjust(CALLS_WIDTH))
        for time in (found.mean_ms, found.p95_ms)[:times]:
            text.append(("" if time is None else time_text(time)).rjust(TIME_WIDTH))
        if shares:
            text.append(" ").append_text(share(found))
        text.append_text(_bad(found))
    text.rstrip()
    return text


def _bad(found: Counts) -> Text:
    """The counts of what went wrong, one letter each."""
    numbers = (("E", found.error, "yellow"), ("T", found.throttle, "magenta"), ("F", found.fault, "red"))
    return Text.assemble(*((f" {number}{letter}", colour) for letter, number, colour in numbers if number))


def _colour(found: Counts) -> str:
    """The colour of the worst that happened."""
    return next((colour for name, _sign, colour in reversed(PARTS[1:]) if getattr(found, name)), "")


def _legend(found: Iterable[Line]) -> list[Text]:
    """What the letters mean, where there are any."""
    if not any(line.counts.error or line.counts.throttle or line.counts.fault for line in found):
        return []
    return [Text(), Text("E errors (4xx)  T throttled (429)  F faults (5xx, exceptions)", "dim")]
