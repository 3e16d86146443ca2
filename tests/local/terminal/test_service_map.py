"""The service map as lines, and as it is drawn."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from tests.kit.pythons import REPOSITORY
from xray_local.terminal.service_map import Counts, Line, counts, drawn, lines, percentile, share

# A graph that X-Ray itself returned; it is not ours to copy.
FIXTURE = REPOSITORY.parent / "shared" / "fixtures" / "xray" / "service-graph-13-services.json"


def statistics(ok: int, error: int = 0, throttle: int = 0, fault: int = 0, seconds: float = 1.0) -> dict[str, Any]:
    """SummaryStatistics of so many calls that took this long each."""
    total = ok + error + throttle + fault
    return {
        "OkCount": ok,
        "ErrorStatistics": {"OtherCount": error, "ThrottleCount": throttle, "TotalCount": error + throttle},
        "FaultStatistics": {"OtherCount": fault, "TotalCount": fault},
        "TotalCount": total,
        "TotalResponseTime": total * seconds,
    }


def edge(target: int, ok: int = 1, **more: int) -> dict[str, Any]:
    """An edge to a service."""
    found = statistics(ok, **more)
    return {
        "ReferenceId": target,
        "SummaryStatistics": found,
        "ResponseTimeHistogram": [{"Value": 1.0, "Count": found["TotalCount"]}],
    }


def service(reference: int, name: str, kind: str, *edges: dict[str, Any]) -> dict[str, Any]:
    """A service that was asked once."""
    told = {} if kind == "client" else {"SummaryStatistics": statistics(1), "ResponseTimeHistogram": [{"Value": 1.0, "Count": 1}]}
    return {"ReferenceId": reference, "Name": name, "Names": [name], "Type": kind, "Edges": list(edges), **told}


def ok(number: int = 1) -> Counts:
    """So many calls of a second, all well."""
    return Counts(ok=number, total=number, mean_ms=1000.0, p95_ms=1000.0)


LINK = {
    "ReferenceId": 3,
    "EdgeType": "link",
    "ReceivedEventAgeHistogram": [{"Value": 0.5, "Count": 2}, {"Value": 2.0, "Count": 2}],
}
SHOP = [
    service(0, "shop", "client", edge(1, 6, error=1, throttle=1, fault=2)),
    service(1, "shop", "AWS::Lambda", edge(2, 5), edge(4, 9)),
    service(2, "https://sqs.eu-west-1.amazonaws.com/1/shipping", "AWS::SQS::Queue", LINK),
    service(3, "worker", "AWS::Lambda", edge(4), edge(1)),
    service(4, "orders", "AWS::DynamoDB::Table"),
]


def test_every_edge_is_one_line() -> None:
    """Busy callees first; a service met again, also in a circle, has a line but what it calls is not repeated."""
    assert list(lines(SHOP)) == [
        Line("", "client", "", Counts()),
        Line("└─▶ ", "shop", "AWS::Lambda", Counts(6, 1, 1, 2, 10, 1000.0, 1000.0)),
        Line("   ├─▶ ", "orders", "AWS::DynamoDB::Table", ok(9)),
        Line("   └─▶ ", "shipping", "AWS::SQS::Queue", ok(5)),
        Line("      └┄▷ ", "worker", "AWS::Lambda", Counts(total=4, mean_ms=1250.0, p95_ms=2000.0), link=True),
        Line("         ├─▶ ", "orders", "AWS::DynamoDB::Table", ok()),
        Line("         └─▶ ", "shop", "AWS::Lambda", ok(), repeated=True),
    ]


def test_a_circle_without_a_client_is_entered_somewhere() -> None:
    """Two services that only call each other are drawn, and so is an edge to a service that is on another page."""
    circle = [service(0, "a", "", edge(1)), service(1, "b", "", edge(0), edge(7))]
    assert list(lines(circle)) == [
        Line("", "a", "", ok()),
        Line("└─▶ ", "b", "", ok()),
        Line("   └─▶ ", "a", "", ok(), repeated=True),
    ]


def test_drawn_in_100_columns() -> None:
    """Names and types, calls, mean, 95 %, shares and counts of what went wrong, and what the letters mean."""
    assert text(SHOP, 100) == [
        "                                                       calls        mean        95 %",
        "client",
        "└─▶ shop  AWS::Lambda                                     10  1,000.0 ms  1,000.0 ms ██████ETFF 1E 1T 2F",
        "   ├─▶ orders  AWS::DynamoDB::Table                        9  1,000.0 ms  1,000.0 ms ██████████",
        "   └─▶ shipping  AWS::SQS::Queue                           5  1,000.0 ms  1,000.0 ms ██████████",
        "      └┄▷ worker  AWS::Lambda  (message age)               4  1,250.0 ms  2,000.0 ms",
        "         ├─▶ orders  AWS::DynamoDB::Table                  1  1,000.0 ms  1,000.0 ms ██████████",
        "         └─▶ shop ↑  AWS::Lambda                           1  1,000.0 ms  1,000.0 ms ██████████",
        "",
        "E errors (4xx)  T throttled (429)  F faults (5xx, exceptions)",
    ]


def test_drawn_in_50_columns() -> None:
    """A narrow terminal goes without types, shares and the 95 %; names are cut."""
    assert text(SHOP[2:], 50) == [
        " " * 26 + "  calls        mean",
        "shipping" + " " * 18 + "      1  1,000.0 ms",
        "└┄▷ worker  (message age) " + "      4  1,250.0 ms",
        "   └─▶ orders" + " " * 13 + "      1  1,000.0 ms",
    ]


def text(services: list[dict[str, Any]], width: int) -> list[str]:
    """The drawing as lines without colour."""
    out = io.StringIO()
    console = Console(file=out, width=200, no_color=True, highlight=False)
    console.print(drawn(services, width))
    return [line.rstrip() for line in out.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("found", "cells"),
    [
        (Counts(), " " * 10),
        (Counts(ok=1000, fault=1), "█████████F"),
        (Counts(error=1, throttle=1, fault=1), "EEEETTTFFF"),
        (Counts(ok=1, error=1, throttle=1, fault=1), "████EETTFF"),
    ],
)
def test_share(found: Counts, cells: str) -> None:
    """Always ten cells; whatever happened at all has one."""
    assert share(found).plain == cells


def test_percentile() -> None:
    """The time that 95 of 100 calls did not exceed, whatever the histogram's order; none without calls."""
    histogram = [{"Value": 3.0, "Count": 4}, {"Value": 2.0, "Count": 1}, {"Value": 1.0, "Count": 95}]
    assert (percentile(histogram), percentile(histogram, 0.96), percentile([])) == (1000.0, 2000.0, None)


def test_a_graph_of_the_real_x_ray_is_drawn_whole() -> None:
    """Every service has a line and every edge one more, but for the first line of a service that is somebody's callee."""
    if not FIXTURE.exists():
        pytest.skip("the recorded answers of X-Ray are not beside this checkout")
    services = json.loads(FIXTURE.read_text(encoding="utf-8"))["data"]
    found = list(lines(services))
    edges = [edge for service in services for edge in service["Edges"]]
    assert len([line for line in found if line.guide]) == len(edges)
    assert sum(line.counts.total for line in found if line.guide) == sum(counts(edge).total for edge in edges)
    assert {line.name for line in found} == {service["Name"] if service["Type"] != "client" else "client" for service in services}
