"""What OpenTelemetry's API is given outside of spans: the root, a helper's subsegment, the X-Ray SDK's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.aws.guests import Function, outcome
from tests.kit.aws_stub import AwsStub
from tests.kit.collector import compiled
from tests.kit.fakes import Document
from tests.sdk.otel_programs import PRELUDE
from tests.sdk.test_otel import API, recorded

CODE = """
from aws_xray_sdk.core import xray_recorder
from xray_instrument_helper import subsegment

def say(text):
    here = trace.get_current_span()
    try:
        raise ValueError(text)
    except ValueError as error:
        here.record_exception(error)
    here.add_event("tried", {"times": 3}, timestamp=2_000_000_000)
    here.add_link(SpanContext(1, 2, True, TraceFlags(1)), {"why": "batch"})
    here.set_attributes({"order.id": 7, "articles": ["a"]})
    read = [here.name, here.kind.name, here.status.status_code.name, here.parent, here.end_time, here.dropped_links]
    seen = {key: value for key, value in here.attributes.items() if key not in ("cold_start", "trigger")}
    return [*read, seen, [event.name for event in here.events], [link.context.span_id for link in here.links]]

def handler(event, context):
    said = [say("root")]
    with subsegment("helper"):
        said.append(say("helper"))
        trace.get_current_span().set_status(StatusCode.ERROR, "gave up")
    with xray_recorder.in_subsegment("sdk"):
        said.append(say("sdk"))
        trace.get_current_span().set_status(StatusCode.ERROR, "gave up")
        said.append(trace.get_current_span().status.status_code.name)
    return said
"""


def told(node: Document) -> list[Any]:
    """What was said of a subsegment, without times."""
    own = node["metadata"]["otel"]
    events = [[event["name"], event["attributes"]] for event in own["events"]]
    raised = [[step["type"], step["message"]] for step in recorded(node.get("cause"))]
    return [
        node["name"],
        node["annotations"]["order_id"],
        own["attributes"],
        events,
        own["links"],
        raised,
        node.get("fault", False),
    ]


def test_it_can_be_spoken_to_and_read(tmp_path: Path, aws: AwsStub) -> None:
    """What the function says of it is there, and can be read; an exception alone makes no fault, a status does."""
    layered = outcome(tmp_path, Function(PRELUDE + CODE, packages=API), aws)
    [root] = [tree for tree in compiled(layered.sent) if tree["name"] == "app.handler"]
    helper, sdk = root["subsegments"]
    links = [{"trace_id": "1-00000000-" + "1".zfill(24), "span_id": "2".zfill(16), "attributes": {"why": "batch"}}]
    tried = ["tried", {"times": 3}]

    def failed(kind: str, message: str) -> list[Any]:
        return ["exception", {"exception.type": kind, "exception.message": message}]

    read = ["INTERNAL", "UNSET", None, None, 0]
    assert layered.run.stderr == b""
    assert layered.answers == [
        [
            ["app.handler", *read, {"order_id": 7, "articles": ["a"]}, ["tried"], [2]],
            ["helper", *read, {"order_id": 7, "articles": ["a"]}, ["tried"], [2]],
            ["sdk", *read, {"order_id": 7, "articles": ["a"]}, ["exception", "tried"], [2]],
            "ERROR",
        ]
    ]
    articles = {"articles": ["a"]}
    assert [told(node) for node in (root, helper, sdk)] == [
        ["app.handler", 7, articles, [tried], links, [["ValueError", "root"]], False],
        ["helper", 7, articles, [tried], links, [["ValueError", "helper"]], True],
        ["sdk", 7, articles, [failed("ValueError", "sdk"), tried, failed("ERROR", "gave up")], links, [], True],
    ]


def test_what_is_too_much_for_annotations(tmp_path: Path, aws: AwsStub) -> None:
    """X-Ray indexes 50: the rest is metadata, as far as a span's attributes go; what is there already can still be changed."""
    code = """
def handler(event, context):
    here = trace.get_current_span()
    for number in range(200):
        here.set_attribute(f"k{number}", number)
    here.set_attributes({"k0": "changed", "k60": "changed"})
    return 1
"""
    layered = outcome(tmp_path, Function(PRELUDE + code, packages=API), aws)
    [root] = [tree for tree in compiled(layered.sent) if tree["name"] == "app.handler"]
    indexed = {"cold_start": True, "trigger": "direct", **{f"k{number}": number for number in range(48)}}

    assert (layered.answers, layered.run.stderr) == ([1], b"")
    assert root["annotations"] == {**indexed, "k0": "changed"}
    assert root["metadata"]["otel"] == {"attributes": {**{f"k{number}": number for number in range(48, 176)}, "k60": "changed"}}
