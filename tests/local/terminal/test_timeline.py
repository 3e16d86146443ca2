"""How a trace is drawn: rows as whole values, bars cell by cell."""

from __future__ import annotations

import copy
import io

import pytest
from rich.console import Console

from xray_local.model import Document
from xray_local.terminal.timeline import Row, bar, drawn, forest, remarks, rows

START = 0.0


def node(name: str, begin: float, end: float | None, **fields: object) -> Document:
    """A subsegment; times in seconds after START, None for one that is still open."""
    times = {"start_time": START + begin} | ({"end_time": START + end} if end is not None else {"in_progress": True})
    return {"name": name, "id": "id", **times, **fields}


def put_item() -> Document:
    """A call that DynamoDB refused."""
    cause = {"exceptions": [{"type": "ConditionalCheckFailedException", "message": "The conditional request failed"}]}
    aws = {"operation": "PutItem", "region": "eu-west-1", "table_name": "orders", "request_id": "r", "retries": 0}
    return node("DynamoDB", 0.25, 0.5, aws=aws, http={"response": {"status": 400}}, error=True, cause=cause)


def send_message() -> Document:
    """A throttled call that went through at the third attempt, with one child per attempt."""
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/shipping"
    aws = {"operation": "SendMessage", "queue_url": url, "retries": 2, "message_id": "m"}
    attempts = [node("attempt 1", 0.5, 0.625, error=True, throttle=True), node("attempt 2", 0.625, 0.75)]
    return node("SQS", 0.5, 0.75, aws=aws, http={"response": {"status": 200}}, subsegments=attempts)


def failed() -> Document:
    """An invocation with three calls, the last one still open, that ended with an exception."""
    stack = [{"path": "/var/task/app.py", "line": 7, "label": "handler"}]
    cause = {"exceptions": [{"type": "KeyError", "message": "'x'", "stack": stack}]}
    open_call = node("S3", 0.75, None, aws={"operation": "GetObject", "bucket_name": "invoices"})
    return node("app.handler", 0, 1, fault=True, cause=cause, subsegments=[put_item(), send_message(), open_call])


def test_rows_of_an_invocation() -> None:
    """Names, resources, status, exception, retries, flags, places on the axis and durations of every kind of call."""
    assert list(rows(failed())) == [
        Row("", "app.handler", "", "FAULT", (0.0, 1.0), 1000.0),
        Row("│  ", "", "KeyError: 'x' at app.py:7 in handler"),
        Row("├─ ", "DynamoDB PutItem orders 400 ConditionalCheckFailedException", "", "ERROR", (0.25, 0.5), 250.0),
        Row("│     ", "", "The conditional request failed"),
        Row("├─ ", "SQS SendMessage shipping (2 retries)", "", "", (0.5, 0.75), 250.0),
        Row("│  ├─ ", "attempt 1", "", "THROTTLE", (0.5, 0.625), 125.0),
        Row("│  └─ ", "attempt 2", "", "", (0.625, 0.75), 125.0),
        Row("└─ ", "S3 GetObject invoices", "", "OPEN", (0.75, 1.0), None),
    ]


def imported(name: str, begin: float, end: float, own_ms: float, *children: Document) -> Document:
    """A module's import as the initialization records it."""
    total = {"import": {"total_ms": (end - begin) * 1000, "own_ms": own_ms}}
    return node(name, begin, end, metadata=total, **({"subsegments": list(children)} if children else {}))


def test_rows_of_an_initialization() -> None:
    """Short imports are counted and not drawn, unless a call was made inside; long ones show their own time."""
    call = node("DynamoDB", 0.5, 0.5078125, aws={"operation": "GetItem", "table_names": ["orders", "stock"]})
    small = [imported("json", 0.125, 0.140625, 10.0), imported("re", 0.25, 0.265625, 10.0)]
    settings = imported("settings", 0.5, 0.515625, 15.0, call)
    root = node("app.handler init", 0, 1, subsegments=[imported("app", 0, 0.875, 850.0, *small, settings)])
    assert list(rows(root)) == [
        Row("", "app.handler init", "", "", (0.0, 1.0), 1000.0),
        Row("└─ ", "app", "own 850.0 ms, 2 shorter imports", "", (0.0, 0.875), 875.0),
        Row("   └─ ", "settings", "own 15.0 ms", "", (0.5, 0.515625), 15.625),
        Row("      └─ ", "DynamoDB GetItem orders,stock", "", "", (0.5, 0.5078125), 7.8125),
    ]


@pytest.mark.parametrize(
    ("span", "cells"),
    [
        ((0.0, 1.0), "████████"),
        ((0.25, 0.5), "  ██    "),
        ((0.5, 0.5), "    ▏   "),
        ((1.0, 1.0), "       █"),
        ((0.0, 0.3), "██▍     "),
        # Clocks of two threads may disagree by a little.
        ((-0.1, 1.1), "████████"),
    ],
)
def test_bar(span: tuple[float, float], cells: str) -> None:
    """A bar begins in its cell, ends at an eighth of one, and is never empty nor wider than the axis."""
    assert bar(span, 8) == cells


def test_drawn_without_colour_in_100_columns() -> None:
    """With NO_COLOR the whole picture is plain text, and no line is wider than the terminal."""
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=True, no_color=True, highlight=False)
    console.print(drawn("orders: a title", ["trace 1-2-3"], [failed()], console.width))
    plain = out.getvalue().replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "")
    assert [line.rstrip() for line in plain.splitlines()] == [
        "orders: a title " + "─" * 84,
        "trace 1-2-3",
        "",
        " " * 64 + "0     1,000.0 ms",
        "app.handler                                                     ████████████████ 1,000.0 ms FAULT",
        "│  KeyError: 'x' at app.py:7 in handler",
        "├─ DynamoDB PutItem orders 400 ConditionalCheckFailedException      ████           250.0 ms ERROR",
        "│     The conditional request failed",
        "├─ SQS SendMessage shipping (2 retries)                                 ████       250.0 ms",
        "│  ├─ attempt 1                                                         ██         125.0 ms THROTTLE",
        "│  └─ attempt 2                                                           ██       125.0 ms",
        "└─ S3 GetObject invoices                                                    ████            OPEN",
        "",
    ]
    assert max(len(line) for line in plain.splitlines()) <= 100


def segment(name: str, number: int, begin: float, end: float, *below: Document, **fields: object) -> Document:
    """A segment with an id."""
    made = {**node(name, begin, end, **fields), "id": str(number)}
    return {**made, "subsegments": list(below)} if below else made


def test_forest() -> None:
    """Segments hang below the subsegments that called them.

    Inferred ones are left out beside their subsegment and shown without it; siblings are sorted; nothing given is changed.
    """
    call, later = segment("Lambda", 2, 0.25, 0.5), segment("S3", 3, 0.125, 0.5)
    front = segment("front", 1, 0, 1, call, later)
    function = segment("function", 4, 0.375, 0.5, parent_id="2")
    inferred = segment("S3", 5, 0.125, 0.5, parent_id="3", inferred=True)
    orphan = segment("orphan", 6, 0.0625, 0.5, parent_id="99", inferred=True)
    given = [function, inferred, orphan, front]
    before = copy.deepcopy(given)
    assert forest(given) == [{**front, "subsegments": [later, {**call, "subsegments": [function]}]}, orphan]
    assert given == before


def test_forest_of_segments_that_call_each_other() -> None:
    """A circle of parents loses no segment and comes to an end."""
    circle = [segment("a", 1, 0, 1, parent_id="2"), segment("b", 2, 0.5, 1, parent_id="1")]
    assert [(tree["name"], tree["subsegments"]) for tree in forest(circle)] == [("a", []), ("b", [])]


def test_an_initialization_lies_before_its_segment() -> None:
    """The axis begins with what begins first, and ends with what ends last."""
    below = (segment("Initialization", 2, 0, 0.25), segment("Overhead", 3, 0.75, 1.0))
    assert [row.span for row in rows(segment("function", 1, 0.5, 0.75, *below))] == [(0.5, 0.75), (0.0, 0.25), (0.75, 1.0)]


def test_remarks() -> None:
    """Parts that did not arrive or did not end, and X-Ray's own limit, are said; a whole trace needs no words."""
    open_part = {**node("S3", 0, None), "id": "2"}
    lonely = segment("a", 1, 0, 1, open_part, parent_id="9")
    assert remarks([lonely, segment("b", 3, 0, 1)], limit_exceeded=True) == [
        "1 part names a parent that did not arrive (yet)",
        "1 part has not ended (yet)",
        "larger than X-Ray's limit for a trace: X-Ray leaves out what is beyond it",
    ]
    assert remarks([segment("b", 3, 0, 1)], limit_exceeded=False) == []


@pytest.mark.parametrize("width", [30, 40, 60, 65, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """At any width each line fits and keeps the duration of its part; labels are cut first, bars vanish below 65 columns."""
    out = io.StringIO()
    late = segment("later", 7, 3, 12)
    Console(file=out, width=width, highlight=False).print(drawn("title", [], [failed(), late], width))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert [line.split("ms")[0].split()[-1] for line in lines if "250.0 ms" in line] == ["250.0", "250.0"]
    assert (any("█" in line for line in lines), any("+3,000.0 ms" in line for line in lines)) == (width >= 65, width >= 65)
