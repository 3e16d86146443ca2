"""Our helper's subsegments and the X-Ray SDK's in one function."""

from __future__ import annotations

from pathlib import Path

from tests.aws.guests import Function, outcome
from tests.kit.aws_stub import AwsStub
from tests.sdk.programs import PRELUDE
from tests.sdk.trees import names, recorded_by_the_sdk


def test_what_comes_after_a_generator_that_had_a_subsegment_of_the_sdk_open(tmp_path: Path, aws: AwsStub) -> None:
    """It is not below what the generator has ended; in between, the SDK has that open outside of the generator, too."""
    code = """
from xray_instrument_helper import subsegment

@subsegment
def numbers():
    with xray_recorder.in_subsegment("in the generator"):
        yield 1
        yield 2

def handler(event, context):
    for number in numbers():
        with xray_recorder.in_subsegment(f"number {number}"):
            pass
    with xray_recorder.in_subsegment("after"):
        pass
    with subsegment("after that"):
        return xray_recorder.current_subsegment()
"""
    made = outcome(tmp_path, Function(PRELUDE + code, vendor=True), aws)

    assert (made.answers, made.run.stdout, made.run.stderr) == ([None], b"", b"")
    assert [names(tree) for tree in recorded_by_the_sdk(made.sent)] == [
        ["numbers", ["in the generator", ["number 1"], ["number 2"]]],
        ["after"],
        ["after that"],
    ]
