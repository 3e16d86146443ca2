"""The layer's copy of aws_xray_sdk is for functions that have none, and for nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.aws.guests import Function, outcome
from tests.kit.aws_stub import AwsStub
from tests.kit.collector import compiled, walk
from tests.sdk.trees import comparable, names, recorded_by_the_sdk

OWN_SDK = ("aws-xray-sdk==2.14.0", "wrapt==1.17.3")
# Whose copy a module is: the layer's, the function's package's, or what else its path says.
WHOSE = """
import sys
def whose(name):
    file = sys.modules[name].__file__
    return "layer" if "xray-instrument.d" in file else "function" if "/var/task/" in file else file
"""


def run(tmp_path: Path, aws: AwsStub, code: str, **told: Any) -> Any:
    """The function's answer with the layer."""
    [answer] = outcome(tmp_path, Function(WHOSE + code, **told), aws).answers
    return answer


def test_a_function_without_the_sdk(tmp_path: Path, aws: AwsStub) -> None:
    """It records with the layer's copy, module scope and AWS calls included, as if it had one."""
    code = """
from aws_xray_sdk.core import patch_all, xray_recorder
import boto3
patch_all()
dynamodb = boto3.client("dynamodb")

@xray_recorder.capture("load")
def load():
    return dynamodb.get_item(TableName="orders", Key={"pk": {"S": "1"}})["ResponseMetadata"]["HTTPStatusCode"]

def handler(event, context):
    import wrapt
    return [load(), whose("aws_xray_sdk"), whose("wrapt")]
"""
    made = outcome(tmp_path, Function(WHOSE + code), aws)

    assert (made.answers, made.run.stdout, made.run.stderr) == ([[200, "layer", "layer"]], b"", b"")
    assert [names(tree) for tree in recorded_by_the_sdk(made.sent)] == [["load", ["DynamoDB"]]]


def test_powertools_without_the_sdk(tmp_path: Path, aws: AwsStub) -> None:
    """`pip install aws-lambda-powertools`, without its [tracer], has a Tracer that works."""
    code = """
from aws_lambda_powertools import Tracer
tracer = Tracer(service="orders")

@tracer.capture_lambda_handler
def handler(event, context):
    return whose("aws_xray_sdk")
"""
    packages = ("aws-lambda-powertools==3.37.0", "jmespath==1.0.1", "typing-extensions==4.15.0")
    made = outcome(tmp_path, Function(WHOSE + code, packages=packages), aws)

    assert made.answers == ["layer"]
    [tree] = recorded_by_the_sdk(made.sent)
    assert (tree["name"], tree["annotations"]) == ("## handler", {"ColdStart": True, "Service": "orders"})


def test_the_functions_own_copy_wins(tmp_path: Path, aws: AwsStub) -> None:
    """What is in the package is what is imported, wrapt too."""
    code = """
import aws_xray_sdk.core, aws_xray_sdk.version
def handler(event, context):
    return [whose("aws_xray_sdk"), whose("wrapt"), aws_xray_sdk.version.VERSION]
"""
    assert run(tmp_path, aws, code, packages=OWN_SDK) == ["function", "function", "2.14.0"]


def test_a_copy_that_comes_later_on_the_path_wins(tmp_path: Path, aws: AwsStub) -> None:
    """A folder that the function's code puts at the end of sys.path goes before the layer."""
    code = """
import os
sys.path.append(os.path.join(os.environ["LAMBDA_TASK_ROOT"], "later"))
import aws_xray_sdk
def handler(event, context):
    return [whose("aws_xray_sdk"), aws_xray_sdk.MINE]
"""
    assert run(tmp_path, aws, code, files={"later/aws_xray_sdk/__init__.py": "MINE = 1"}) == ["function", 1]


def test_the_functions_own_wrapt_below_the_layers_sdk(tmp_path: Path, aws: AwsStub) -> None:
    """Of two packages that the layer could bring, the one that the function has is the function's."""
    code = """
from aws_xray_sdk.core import xray_recorder
def handler(event, context):
    with xray_recorder.in_subsegment("mine"):
        return [whose("aws_xray_sdk"), whose("wrapt")]
"""
    assert run(tmp_path, aws, code, packages=("wrapt==1.17.3",)) == ["layer", "function"]


MISSING = {
    "wrapt alone": ("import wrapt", ()),
    "wrapt for an own SDK": ("import aws_xray_sdk.core", ("aws-xray-sdk==2.14.0",)),
    "a module that nobody has": ("import aws_xray_sdk_of_mine", ()),
}


@pytest.mark.parametrize("kind", MISSING)
def test_what_is_missing_without_the_layer_is_missing_with_it(kind: str, tmp_path: Path, aws: AwsStub) -> None:
    """wrapt is for our copy of the SDK only: the error is the one of the function alone, traceback and all."""
    statement, packages = MISSING[kind]
    code = f"def handler(event, context):\n    {statement}\n"
    bare, layered = (outcome(tmp_path, Function(code, packages=packages, layered=one), aws) for one in (False, True))

    assert [answer["errorType"] for answer in bare.answers if isinstance(answer, dict)] == ["ModuleNotFoundError"]
    assert comparable(layered.answers) == comparable(bare.answers)


@pytest.mark.parametrize(("fallback", "environment"), [(False, {}), (True, {"XRAY_INSTRUMENT_DISABLE": "fallback"})])
def test_a_layer_without_it(fallback: bool, environment: dict[str, str], tmp_path: Path, aws: AwsStub) -> None:
    """Built with --no-fallback, or left out by its setting: importing the SDK fails as it does without the layer."""
    code = "import aws_xray_sdk\ndef handler(event, context):\n    pass\n"
    bare, layered = (outcome(tmp_path, Function(code, environment, layered=one, fallback=fallback), aws) for one in (False, True))

    assert "No module named 'aws_xray_sdk'" in comparable(bare.answers)
    assert comparable(layered.answers) == comparable(bare.answers)
    assert (comparable(layered.run.stdout), layered.run.stderr) == (comparable(bare.run.stdout), bare.run.stderr)


SURROUNDINGS = """
import importlib.metadata, importlib.util, pkgutil, sys
def seen():
    distributions = sorted(found.metadata["Name"] for found in importlib.metadata.distributions())
    specs = [str(importlib.util.find_spec(name)) for name in ("aws_xray_sdk", "wrapt", "xray_instrument_helper")]
    finders = [repr(finder) for finder in sys.meta_path]
    modules = sorted(found.name for found in pkgutil.iter_modules())
    return {"distributions": distributions, "specs": specs, "finders": finders, "path": list(sys.path), "modules": modules}
"""


def test_nobody_sees_that_it_is_there(tmp_path: Path, aws: AwsStub) -> None:
    """What is installed, what can be found, sys.path and sys.meta_path are what they are without the layer."""
    code = SURROUNDINGS + "def handler(event, context):\n    return seen()\n"
    bare, layered = (outcome(tmp_path, Function(code, layered=one), aws) for one in (False, True))

    assert "'specs': ['None', 'None', 'None']" in comparable(bare.answers)
    assert comparable(layered.answers) == comparable(bare.answers)


def test_nothing_is_left_behind(tmp_path: Path, aws: AwsStub) -> None:
    """After it has been imported, the lists of packages, paths and finders are what they were."""
    code = (
        SURROUNDINGS
        + """
def handler(event, context):
    before = seen()
    import aws_xray_sdk.core
    after = seen()
    return [name for name in before if before[name] != after[name] and name != "specs"]
"""
    )
    made = outcome(tmp_path, Function(code), aws)

    assert made.answers == [[]]
    assert not [node for node in walk(compiled(made.sent)) if node.get("fault")]
