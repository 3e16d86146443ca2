"""Powertools' settings of Tracer, and Idempotency, Batch and Parameters with it: what they do with the layer is what they do without."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.aws.guests import Function, outcome
from tests.kit.aws_stub import AwsStub
from tests.sdk.powertools_programs import PRELUDE
from tests.sdk.powertools_utilities import EQUAL
from tests.sdk.trees import assert_the_same, recorded_by_the_sdk


@pytest.mark.parametrize("name", EQUAL)
def test_a_program(name: str, tmp_path: Path, aws: AwsStub) -> None:
    """Same answer, same logs, same tree, the same calls to AWS in the same order."""
    program = EQUAL[name]
    runs, asked = [], []
    for layered in (False, True):
        aws.clear()
        for operation, reply in program.replies:
            aws.script(operation, reply)
        function = Function(PRELUDE + program.code, program.environment, vendor=True, layered=layered)
        runs.append(outcome(tmp_path, function, aws))
        asked.append([request.operation for request in runs[-1].requests])
    bare, with_us = runs

    assert [answer for answer in bare.answers if isinstance(answer, dict) and "errorType" in answer] == []
    assert (recorded_by_the_sdk(bare.sent) == []) == name.startswith("disabled")
    assert_the_same(with_us, bare)
    assert asked[0] == asked[1]
