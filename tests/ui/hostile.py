"""Traces that nobody wants and everybody has: names without an end, other scripts, times that cannot be, parts that are missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.ui.traces import Made, function, new_id, put_item
from xray_local.model import Document

LONG = "a_name_of_sixty_characters_without_a_single_place_to_break_it_at"
DAY = 86_400.0
LEVELS, IN_A_LEVEL = 12, 4
KINDS = ("AWS::ECS::Container", "AWS::Lambda::Function", "AWS::EC2::Instance", "AWS::ECS::Fargate")


def long_names(begun: float) -> Made:
    """A name and addresses that do not break, 300 annotations, metadata that fills the screen."""
    made = Made(begun)
    url = f"https://{LONG}.example.com/{'p' * 200}?q={'z' * 100}"
    call = made.part(LONG, 0.1, 0.9, namespace="remote", error=True, http={"request": {"url": url}, "response": {"status": 404}})
    annotations = {f"annotation_{number}": "v" * 60 if number % 5 == 0 else number for number in range(300)}
    metadata = {f"namespace {number}": {"k" * 50: "w" * 400} for number in range(10)}
    http = {"request": {"method": "GET", "url": url}, "response": {"status": 200}}
    made.segment(LONG, 0, 1.5, http=http, annotations=annotations, metadata=metadata, subsegments=[call])
    return made


def scripts(begun: float) -> Made:
    """Names from right to left and of emoji that are made of several."""
    made = Made(begun)
    calls = [
        made.part(name, 0.1, 0.3, namespace="remote")
        for name in ("قاعدة البيانات للطلبات", "\U0001f469‍\U0001f469‍\U0001f467‍\U0001f466" * 6)
    ]
    made.segment("שירות הזמנות של לקוחות רבים מאוד", 0, 0.4, user="משתמש", annotations={"k": "\u202ehidden"}, subsegments=calls)
    return made


def deep_stack(begun: float) -> Made:
    """An exception with a message of a screen and a stack of a thousand frames."""
    made = Made(begun)
    stack = [{"path": "/var/t/app.py", "line": number, "label": "f"} for number in range(1000)]
    thrown = {"id": new_id(), "type": "RecursionError", "message": "m" * 300 + "\n" + "maximum " * 99, "stack": stack}
    made.segment("stack", 0, 0.4, fault=True, cause={"working_directory": "/var/task", "exceptions": [thrown]})
    return made


def fortnight(begun: float) -> Made:
    """It took two weeks; one call of it a second."""
    made = Made(begun - 14 * DAY)
    calls = [made.part("a day", DAY, 2 * DAY), made.part("a second", 3 * DAY, 3 * DAY + 1)]
    made.segment("fortnight", 0, 14 * DAY - 60, subsegments=calls)
    return made


def no_time(begun: float) -> Made:
    """It took none."""
    made = Made(begun)
    made.segment("no time", 0, 0, subsegments=[made.part("none either", 0, 0)])
    return made


def forever(begun: float) -> Made:
    """It has not ended, nor has its call, and something in it has."""
    made = Made(begun)
    made.segment("forever", 0, None, subsegments=[put_item(made, 1, None), made.part("done", 1, 5)])
    return made


def impossible_times(begun: float) -> Made:
    """Calls before the beginning and after the end, and one that ends before it begins."""
    made = Made(begun)
    calls = [made.part("before", -5, -4), made.part("after", 3, 4), made.part("turned", 0.15, 0.05)]
    made.segment("impossible", 0, 0.2, subsegments=calls)
    return made


def orphans(begun: float) -> Made:
    """Three parts whose callers never came."""
    made = Made(begun)
    for number, kind in enumerate(({}, {"type": "subsegment"}, {})):
        made.segment(f"orphan {number}", number / 5, number / 5 + 0.3, parent_id=new_id(), **kind)
    return made


def ring(begun: float) -> Made:
    """Three services that call each other in a ring, and one that calls itself."""
    made = Made(begun)
    parent: dict[str, Any] = {}
    for depth, name in enumerate(("ring-1", "ring-2", "ring-3", "ring-1", "ring-1")):
        first = depth / 20
        segment = made.segment(name, first, 1 - first, **parent)
        call = made.part("next", first + 0.02, 0.98 - first, namespace="remote")
        segment["subsegments"], parent = [call], {"parent_id": call["id"]}
    return made


def blank(begun: float) -> Made:
    """A subsegment whose name is nothing to be seen, and values that are."""
    made = Made(begun)
    annotations = {"a": "NaN", "b": "Infinity", "c": -0.0, "d": 1e308, "e": "", "f": " "}
    http = {"request": {"url": "no address", "method": ""}, "response": {"status": 0, "content_length": -1}}
    made.segment("blank", 0, 0.2, annotations=annotations, http=http, subsegments=[made.part("  ", 0.1, 0.15)])
    return made


def mixed(begun: float) -> Made:
    """A loop of 47 calls, each way in which a call can fail, a statement, and every tab of the details."""
    made = Made(begun)
    loop = [
        put_item(made, 0.05 + at / 50, 0.06 + at / 50, aws={"operation": "GetItem", "table_name": "items"}) for at in range(47)
    ]
    statuses = (({"throttle": True, "error": True}, 429), ({"fault": True}, 503), ({"error": True}, 400))
    bad = [
        put_item(made, 1.1 + at / 10, 1.2 + at / 10, **flags, http={"response": {"status": code}})
        for at, (flags, code) in enumerate(statuses)
    ]
    sql = {
        "sanitized_query": "SELECT *\nFROM orders WHERE id = ? AND " + "x" * 300,
        "database_type": "PostgreSQL",
        "user": "shop",
    }
    told = {
        "annotations": {"customer": "ben"},
        "metadata": {"ns": {"lines": [{"a": 1}]}},
        "cause": {"exceptions": [{"id": new_id(), "type": "E"}]},
    }
    query = made.part("shop@db.example.com", 1.4, 1.8, namespace="remote", sql=sql, aws={"operation": "x"}, **told)
    function(made, "catalog", 2.0, *loop, *bad, query)
    return made


def many_services(begun: float) -> Made:
    """45 services, each level calling the next, twelve levels."""
    made = Made(begun)
    parents: list[Document] = [made.segment("level-0", 0, 20, origin="AWS::ApiGateway::Stage")]
    for level in range(1, LEVELS):
        below = []
        for number in range(IN_A_LEVEL):
            caller, first = parents[number % len(parents)], level * 0.4 + number * 0.03
            call = made.part(f"service-{level}-{number}", first, 19 - level * 0.3, namespace="remote")
            caller.setdefault("subsegments", []).append(call)
            kind = KINDS[number % len(KINDS)]
            below.append(made.segment(call["name"], first + 0.01, 18.9 - level * 0.3, parent_id=call["id"], origin=kind))
        parents = below
    return made


ALL: tuple[Callable[[float], Made], ...] = (
    long_names, scripts, deep_stack, fortnight, no_time, forever, impossible_times, orphans, ring, blank, mixed, many_services,
)  # fmt: skip
