"""Powertools' Tracer, Logger and Metrics do with the layer what they do without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.aws.guests import Function, outcome
from tests.kit.aws_stub import AwsStub
from tests.kit.collector import compiled
from tests.kit.runtime_api import Invocation
from tests.sdk.powertools_programs import EQUAL, IMPROVED, PRELUDE
from tests.sdk.trees import assert_the_same, names, recorded_by_the_sdk, told


@pytest.mark.parametrize("name", EQUAL)
def test_a_program(name: str, tmp_path: Path, aws: AwsStub) -> None:
    """Same answer, same logs, same tree, `## handler` below the invocation's root."""
    code = PRELUDE + EQUAL[name]
    bare, layered = (outcome(tmp_path, Function(code, vendor=True, layered=one), aws) for one in (False, True))

    assert bare.answers != []
    assert_the_same(layered, bare)


@pytest.mark.parametrize("name", IMPROVED)
def test_a_program_that_raises_with_powertools_alone(name: str, tmp_path: Path, aws: AwsStub) -> None:
    """The handler answers, and the subsegments stand where the code stands."""
    code, answer, expected = IMPROVED[name]
    bare, layered = (outcome(tmp_path, Function(PRELUDE + code, vendor=True, layered=one), aws) for one in (False, True))

    assert (layered.answers, layered.run.stdout, layered.run.stderr) == ([answer], b"", b"")
    assert [names(tree) for tree in recorded_by_the_sdk(layered.sent)] == expected
    assert [sorted(answer) for answer in bare.answers if isinstance(answer, dict)] == [
        ["errorMessage", "errorType", "requestId", "stackTrace"]
    ], "Powertools alone does it as well: this belongs to EQUAL"


def test_annotations_outside_of_subsegments_are_on_the_root(tmp_path: Path, aws: AwsStub) -> None:
    """What Powertools cannot put on Lambda's segment is on the invocation's own subsegment."""
    layered = outcome(tmp_path, Function(PRELUDE + IMPROVED["annotations outside of subsegments"][0], vendor=True), aws)
    [root] = [tree for tree in compiled(layered.sent) if tree["name"] == "app.handler"]

    assert root["annotations"] == {"cold_start": True, "trigger": "direct", "order": 7}
    assert root["metadata"]["orders"] == {"basket": [1]}


def test_cold_and_warm(tmp_path: Path, aws: AwsStub) -> None:
    """The annotation ColdStart is true on the first invocation and false on the second, as without the layer."""
    code = PRELUDE + EQUAL["handler"]
    runs = [
        outcome(tmp_path, Function(code, vendor=True, layered=one), aws, (Invocation(), Invocation())) for one in (False, True)
    ]
    bare, layered = ([told(tree) for tree in recorded_by_the_sdk(run.sent)] for run in runs)

    assert layered == bare
    assert [tree["annotations"] for tree in layered] == [
        {"ColdStart": True, "Service": "orders"},
        {"ColdStart": False, "Service": "orders"},
    ]


def test_switched_off_by_its_environment(tmp_path: Path, aws: AwsStub) -> None:
    """POWERTOOLS_TRACE_DISABLED: nothing of Powertools', and the layer's own record of the call."""
    switch = {"POWERTOOLS_TRACE_DISABLED": "true"}
    code = PRELUDE + EQUAL["calls"]
    bare, layered = (outcome(tmp_path, Function(code, switch, vendor=True, layered=one), aws) for one in (False, True))

    assert bare.answers == layered.answers == [[200, 200]]
    assert (layered.run.stdout, layered.run.stderr) == (bare.run.stdout, bare.run.stderr) == (b"", b"")
    assert bare.sent == []
    assert [names(tree) for tree in recorded_by_the_sdk(layered.sent)] == [["DynamoDB"], ["DynamoDB"]]
