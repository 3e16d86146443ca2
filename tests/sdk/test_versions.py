"""Older versions of the X-Ray SDK and of wrapt, each on the Python that it is most likely found on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.aws.guests import Function, outcome
from tests.kit.aws_stub import AwsStub
from tests.kit.collector import compiled
from tests.kit.pythons import present
from tests.sdk.improved_programs import IMPROVED
from tests.sdk.programs import EQUAL, PRELUDE
from tests.sdk.trees import assert_the_same, comparable, names, recorded_by_the_sdk, told

# Every minor version of the SDK from 2.12 on, with every one of wrapt for which it has a wheel there; the newest of both is
# what the whole table runs with (test_programs.py).
VERSIONS = (
    ("3.10", "aws-xray-sdk==2.12.0", "wrapt==1.14.1"),
    ("3.11", "aws-xray-sdk==2.12.1", "wrapt==1.15.0"),
    ("3.12", "aws-xray-sdk==2.13.1", "wrapt==1.16.0"),
    ("3.13", "aws-xray-sdk==2.14.0", "wrapt==1.17.3"),
    ("3.14", "aws-xray-sdk==2.15.0", "wrapt==2.0.1"),
)
# One of each kind of thing that the layer hangs itself into. All programs together would be minutes for each version.
SAME = ("recorder's annotations", "exception through several", "manual entities", "capture async", "aws call", "sqlite")
BETTER = ("concurrent tasks", "the segment's annotations")
NO_TRACE_ID = """
before = xray_recorder.current_segment().trace_id == "1-00000000-" + 24 * "0"
def handler(event, context):
    return before
"""
# The last one that the layer does not follow.
TOO_OLD = ("aws-xray-sdk==2.6.0", "jsonpickle==1.5.2", "future==1.0.0", "setuptools==75.8.2", "wrapt==1.14.1")


@pytest.mark.parametrize("row", VERSIONS, ids=" ".join)
@pytest.mark.parametrize("name", SAME)
def test_the_same_tree(name: str, row: tuple[str, ...], tmp_path: Path, aws: AwsStub) -> None:
    """An older version gives the tree that it gives without us."""
    version, *packages = row
    if version not in present():
        pytest.skip(f"no CPython {version}")
    code = PRELUDE + EQUAL[name]
    bare, layered = (
        outcome(tmp_path, Function(code, version=version, packages=tuple(packages), layered=one), aws) for one in (False, True)
    )

    assert recorded_by_the_sdk(bare.sent) != []
    assert_the_same(layered, bare)


@pytest.mark.parametrize("row", VERSIONS, ids=" ".join)
@pytest.mark.parametrize("name", BETTER)
def test_a_better_tree(name: str, row: tuple[str, ...], tmp_path: Path, aws: AwsStub) -> None:
    """What fails with the older version alone works with the layer."""
    version, *packages = row
    if version not in present():
        pytest.skip(f"no CPython {version}")
    code, answer, expected = IMPROVED[name]
    layered = outcome(tmp_path, Function(PRELUDE + code, version=version, packages=tuple(packages)), aws)

    assert (layered.answers, layered.run.stderr) == ([answer], b"")
    assert [names(tree) for tree in recorded_by_the_sdk(layered.sent)] == expected


@pytest.mark.parametrize("name", ["with", "exception through several", "aws call"])
def test_one_that_is_too_old_is_left_alone(name: str, tmp_path: Path, aws: AwsStub) -> None:
    """It answers, logs and sends what it does without us, AWS calls included, and nothing of the layer is switched off."""
    if "3.10" not in present():
        pytest.skip("no CPython 3.10")
    code = PRELUDE + EQUAL[name]
    bare, layered = (
        outcome(tmp_path, Function(code, version="3.10", packages=TOO_OLD, layered=one), aws) for one in (False, True)
    )
    own = [[told(tree) for tree in compiled(one.sent) if not tree["name"].startswith("app.handler")] for one in (bare, layered)]

    assert own[0] != []
    assert own[1] == own[0]
    said = [comparable((one.answers, one.run.stdout, one.run.stderr)) for one in (bare, layered)]
    assert said[1] == said[0]


@pytest.mark.parametrize(
    ("row", "noop_id", "zeros"), [(VERSIONS[0], "", False), (VERSIONS[-1], "", True), (VERSIONS[-1], "false", False)]
)
def test_the_trace_id_before_there_is_one(row: tuple[str, ...], noop_id: str, zeros: bool, tmp_path: Path, aws: AwsStub) -> None:
    """At module scope it is the zeros or the random one that this version has there without us."""
    version, *packages = row
    if version not in present():
        pytest.skip(f"no CPython {version}")
    code, environment = PRELUDE + NO_TRACE_ID, {"AWS_XRAY_NOOP_ID": noop_id}
    functions = [
        Function(code, environment, version=version, packages=tuple(packages), layered=layered) for layered in (False, True)
    ]
    answers = [outcome(tmp_path, function, aws).answers for function in functions]

    assert answers == [[zeros], [zeros]]
