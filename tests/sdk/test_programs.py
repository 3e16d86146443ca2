"""Programs of the X-Ray SDK give the same trees with the layer, and better ones where the SDK alone loses its context."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.aws.guests import KILLED_S, NEWEST, TELLS_EARLY, Function, outcome
from tests.kit.aws_stub import AwsStub
from tests.kit.collector import compiled
from tests.kit.runtime_api import Invocation
from tests.sdk.improved_programs import IMPROVED
from tests.sdk.programs import EQUAL, PRELUDE
from tests.sdk.trees import assert_the_same, names, recorded_by_the_sdk
from tests.sdk.unusual_programs import UNUSUAL

UNCHANGED = EQUAL | UNUSUAL


@pytest.mark.parametrize("name", UNCHANGED)
def test_a_program_gives_the_tree_that_it_gives_without_us(name: str, tmp_path: Path, aws: AwsStub) -> None:
    """Same answer, same output, same requests, same tree: what the layer adds is above and beside it."""
    code = PRELUDE + UNCHANGED[name]
    bare = outcome(tmp_path, Function(code, vendor=True, layered=False), aws)
    asked = [(request.method, request.target) for request in aws.requests]
    aws.clear()
    layered = outcome(tmp_path, Function(code, vendor=True), aws)

    assert_the_same(layered, bare)
    assert [(request.method, request.target) for request in layered.requests] == asked


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


NOT_OURS = {
    "a context that no recorder has": """
from aws_xray_sdk.core.lambda_launcher import LambdaContext
from aws_xray_sdk.core.models.subsegment import Subsegment
context = LambdaContext()
segment = context.get_trace_entity()
context.put_subsegment(Subsegment("mine", "local", segment))
found = [type(segment).__name__, context.get_trace_entity() is segment]

def handler(event, context):
    return found
""",
    "a function that says it is not in Lambda": """
import os
from aws_xray_sdk.core.context import Context
os.environ.pop("LAMBDA_TASK_ROOT")
xray_recorder.configure(context=Context(), context_missing="IGNORE_ERROR")

def handler(event, context):
    with xray_recorder.in_subsegment("mine"):
        return [xray_recorder.current_segment(), xray_recorder.is_sampled()]
""",
}
EXPECTED = dict(zip(NOT_OURS, (["DummySegment", True], [None, False]), strict=True))


@pytest.mark.parametrize("name", NOT_OURS)
def test_what_is_no_affair_of_ours(name: str, tmp_path: Path, aws: AwsStub) -> None:
    """Contexts that Lambda's recorder does not use are as without the layer, as the SDK's own tests want them."""
    bare, layered = (
        outcome(tmp_path, Function(PRELUDE + NOT_OURS[name], vendor=True, layered=one), aws) for one in (False, True)
    )

    assert (layered.answers, layered.run.stderr) == (bare.answers, bare.run.stderr)
    assert layered.answers == [EXPECTED[name]]
    assert recorded_by_the_sdk(layered.sent) == recorded_by_the_sdk(bare.sent) == []


def test_the_stand_in_at_module_scope_is_who_it_is_without_us(tmp_path: Path, aws: AwsStub) -> None:
    """Where there is a header before the first invocation, code that reads its ids off the segment finds them."""
    code = """
header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
import os
os.environ["_X_AMZN_TRACE_ID"] = header
segment = xray_recorder.current_segment()
found = [segment.trace_id, segment.id, segment.sampled, segment.get_origin_trace_header().to_header_str()]

def handler(event, context):
    return found
"""
    bare, layered = (outcome(tmp_path, Function(PRELUDE + code, vendor=True, layered=one), aws) for one in (False, True))

    expected = ["1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8", True]
    assert bare.answers == layered.answers == [[*expected, "Root={};Parent={};Sampled=1".format(*expected)]]


def test_a_subsegment_that_hangs(tmp_path: Path, aws: AwsStub) -> None:
    """What is open when Lambda kills the process is there as in progress, where the SDK alone loses it."""
    code = """
def handler(event, context):
    with xray_recorder.in_subsegment("price") as price:
        price.put_annotation("order", 7)
        with xray_recorder.in_subsegment("ask the shop"):
            time.sleep(60)
"""
    killed = [Invocation(timeout_s=KILLED_S)]
    bare, layered = (
        outcome(tmp_path, Function(PRELUDE + code, TELLS_EARLY, vendor=True, layered=one), aws, killed) for one in (False, True)
    )

    assert [run.run.timed_out for run in (bare, layered)] == [True, True]
    assert bare.sent == []
    [tree] = [found for found in recorded_by_the_sdk(layered.sent) if found["name"] == "price"]
    assert (names(tree), tree["in_progress"], tree["annotations"]) == (["price", ["ask the shop"]], True, {"order": 7})


def test_a_subsegment_that_is_too_large(tmp_path: Path, aws: AwsStub) -> None:
    """What fits no datagram is cut, where the SDK alone loses it."""
    code = """
def handler(event, context):
    with xray_recorder.in_subsegment("large") as large:
        large.put_annotation("order", 7)
        large.put_metadata("orders", ["x" * 1000] * 100)
    return 1
"""
    bare, layered = (outcome(tmp_path, Function(PRELUDE + code, vendor=True, layered=one), aws) for one in (False, True))

    assert bare.answers == layered.answers == [1]
    assert bare.sent == []
    [large] = recorded_by_the_sdk(layered.sent)
    assert (large["name"], large["annotations"]) == ("large", {"order": 7})


def test_a_task_that_goes_on_when_what_it_began_in_has_ended(tmp_path: Path, aws: AwsStub) -> None:
    """Its subsegments are below that, whenever it ends; the SDK has them at the top, and the layer once made them raise."""
    code = """
async def goes_on():
    await asyncio.sleep(0.01)
    async with xray_recorder.in_subsegment_async("later"):
        await asyncio.sleep(0)
    return xray_recorder.current_subsegment()

async def starts():
    async with xray_recorder.in_subsegment_async("starts it"):
        task = asyncio.create_task(goes_on())
    return await task

def handler(event, context):
    return asyncio.run(starts())
"""
    layered = outcome(tmp_path, Function(PRELUDE + code, vendor=True), aws)

    assert (layered.answers, layered.run.stdout, layered.run.stderr) == ([None], b"", b"")
    assert [names(tree) for tree in recorded_by_the_sdk(layered.sent)] == [["starts it", ["later"]]]


@pytest.mark.parametrize("version", ["3.10", NEWEST])
def test_a_recursion_without_an_end(version: str, tmp_path: Path, aws: AwsStub) -> None:
    """Wherever the stack ends, in the SDK or in ours, the function gets its RecursionError, and nothing stays open."""
    code = """
import logging, sys
logging.getLogger("aws_xray_sdk").setLevel(logging.CRITICAL)

@xray_recorder.capture("again")
def again():
    return again()

def deeper(frames):
    return again() if frames == 0 else deeper(frames - 1)

def handler(event, context):
    found = []
    sys.setrecursionlimit(120)
    for frames in range(12):
        try:
            deeper(frames)
        except Exception as error:
            found.append([type(error).__name__, xray_recorder.current_subsegment()])
    sys.setrecursionlimit(1000)
    return found
"""
    bare, layered = (
        outcome(tmp_path, Function(PRELUDE + code, vendor=True, layered=one, version=version), aws) for one in (False, True)
    )

    assert bare.answers == layered.answers == [[["RecursionError", None]] * 12]
    assert layered.run.stderr == b""
