"""Programs of the X-Ray SDK give the same trees with the layer, and better ones where the SDK alone loses its context."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.aws.guests import Function, outcome
from tests.kit.aws_stub import AwsStub
from tests.kit.collector import compiled
from tests.kit.fakes import Document
from tests.sdk.programs import EQUAL, IMPROVED, PRELUDE

# What the layer says of an AWS call and the SDK does too; the layer adds retries, the table, content lengths.
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T[\d:.]+Z")
AWS_MEMBERS = ("operation", "region", "request_id", "status")


def told(node: Document) -> Document:
    """What a subsegment says, without ids and times; an AWS call as far as both recorders say it."""
    if node.get("namespace") == "aws":
        aws = {**node["aws"], "status": node["http"]["response"]["status"]}
        kept: Document = {"name": node["name"].lower(), **{name: aws[name] for name in AWS_MEMBERS}}
    else:
        left_out = ("id", "parent_id", "trace_id", "start_time", "end_time", "in_progress", "type", "subsegments", "cause")
        kept = {key: value for key, value in node.items() if key not in left_out}
        if "cause" in node:
            kept["cause"] = cause(node["cause"])
    if node.get("subsegments"):
        kept["subsegments"] = [told(child) for child in node["subsegments"]]
    return kept


def cause(found: Any) -> Any:
    """A cause without ids and places; a reference to another one as such."""
    if isinstance(found, str):
        return "the cause of another"
    return [
        {
            **{key: value for key, value in exception.items() if key not in ("id", "stack")},
            "labels": [frame["label"] for frame in exception.get("stack", ())],
        }
        for exception in found["exceptions"]
    ]


def recorded_by_the_sdk(sent: Iterable[Document]) -> list[Document]:
    """The trees that the SDK sends, or sends below what the layer adds: the invocation's root, the initialization."""
    trees = compiled(list(sent))
    roots = [tree for tree in trees if tree["name"] == "app.handler"]
    below = [child for root in roots for child in root.get("subsegments", [])]
    return below if roots else [tree for tree in trees if tree["name"] != "app.handler init"]


def names(node: Document) -> list[Any]:
    """A tree as names."""
    return [node["name"], *[names(child) for child in node.get("subsegments", [])]]


@pytest.mark.parametrize("name", EQUAL)
def test_a_program_gives_the_tree_that_it_gives_without_us(name: str, tmp_path: Path, aws: AwsStub) -> None:
    """Same answer, same output, same requests, same tree: what the layer adds is above and beside it."""
    code = PRELUDE + EQUAL[name]
    bare = outcome(tmp_path, Function(code, vendor=True, layered=False), aws)
    asked = [(request.method, request.target) for request in aws.requests]
    aws.clear()
    layered = outcome(tmp_path, Function(code, vendor=True), aws)

    assert comparable(layered.answers) == comparable(bare.answers)
    assert comparable(layered.run.stdout) == comparable(bare.run.stdout)
    assert comparable(layered.run.stderr) == comparable(bare.run.stderr)
    assert [(request.method, request.target) for request in layered.requests] == asked
    assert [told(tree) for tree in recorded_by_the_sdk(layered.sent)] == [told(tree) for tree in recorded_by_the_sdk(bare.sent)]


def comparable(output: Any) -> str:
    """With the sandbox's folder, which is another one for each of the two, and the time of log records as one word."""
    return TIME.sub("…", repr(output)).replace("/layered/", "/…/").replace("/bare/", "/…/")


@pytest.mark.parametrize("name", IMPROVED)
def test_a_program_that_fails_with_the_sdk_alone(name: str, tmp_path: Path, aws: AwsStub) -> None:
    """The handler answers, and the subsegments stand where the code stands."""
    code, answer, expected = IMPROVED[name]
    layered = outcome(tmp_path, Function(PRELUDE + code, vendor=True), aws)
    bare = outcome(tmp_path, Function(PRELUDE + code, vendor=True, layered=False), aws)

    assert layered.answers == [answer]
    assert layered.run.stderr == b""
    trees = recorded_by_the_sdk(layered.sent)
    assert [names(tree) for tree in trees] == expected
    without_us = [names(tree) for tree in recorded_by_the_sdk(bare.sent)]
    assert (bare.answers, without_us) != ([answer], expected), "the SDK alone does it as well: this belongs to EQUAL"


def test_what_is_put_on_the_segment_lands_on_the_root(tmp_path: Path, aws: AwsStub) -> None:
    """Annotations, metadata and the user, beside what the layer says there itself."""
    layered = outcome(tmp_path, Function(PRELUDE + IMPROVED["the segment's annotations"][0], vendor=True), aws)
    [root] = [tree for tree in compiled(layered.sent) if tree["name"] == "app.handler"]

    expected = {"cold_start": True, "trigger": "direct", "customer": "c-1", "plan": "gold", "user": "u-1"}
    assert root["annotations"] == expected
    assert (root["user"], root["metadata"]["default"]) == ("u-1", {"cart": [1]})


def test_subsegments_of_module_scope_are_kept(tmp_path: Path, aws: AwsStub) -> None:
    """What the SDK discards because "Lambda worker still initializing" is below the initialization, annotations and all."""
    code = """
with xray_recorder.in_subsegment("connect") as connect:
    connect.put_annotation("pool", 4)
    with xray_recorder.in_subsegment("read settings"):
        pass
xray_recorder.put_annotation("release", "r7")

def handler(event, context):
    return 1
"""
    layered = outcome(tmp_path, Function(PRELUDE + code, vendor=True), aws)
    [initialization] = [tree for tree in compiled(layered.sent) if tree["name"] == "app.handler init"]

    assert layered.run.stderr == b""
    [app] = [child for child in initialization["subsegments"] if child["name"] == "app"]
    [connect] = [child for child in app["subsegments"] if child["name"] == "connect"]
    assert (names(connect), connect["annotations"]) == (["connect", ["read settings"]], {"pool": 4})
    assert initialization["annotations"]["release"] == "r7"
