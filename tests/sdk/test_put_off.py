"""What is imported later, or not at all, is as good as imported at once for the code that uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.aws.guests import Function, outcome
from tests.kit.aws_stub import AwsStub
from tests.kit.pythons import present
from tests.sdk.trees import comparable

OPENTELEMETRY = ("opentelemetry-api==1.45.2", "typing_extensions==4.15.0")
# Importing it imports asyncio on this Python; from 3.14 on, `deprecated` is the interpreter's own.
WITH_ASYNCIO = "3.12"
SDK = """
import sys
from aws_xray_sdk.core import patch, patch_all, xray_recorder
def loaded(*names):
    return [name for name in names if name in sys.modules]
"""


def both(tmp_path: Path, aws: AwsStub, code: str, **told: Any) -> tuple[Any, Any]:
    """The function's answer without the layer, and with it."""
    made = [outcome(tmp_path, Function(code, layered=one, **told), aws) for one in (False, True)]
    assert [run.run.stderr for run in made] == [b"", b""]
    return made[0].answers[0], made[1].answers[0]


def test_what_patch_all_imports(tmp_path: Path, aws: AwsStub) -> None:
    """Nothing but the SDK, where the SDK alone imports each library that it knows and the function has."""
    code = SDK + "patch_all()\n" + 'def handler(event, context):\n    return loaded("asyncio", "botocore", "sqlite3", "wrapt")\n'
    bare, layered = both(tmp_path, aws, code, vendor=True)

    assert (bare, layered) == (["asyncio", "botocore", "sqlite3", "wrapt"], ["wrapt"])


def test_what_patch_all_says(tmp_path: Path, aws: AwsStub) -> None:
    """The same log, of libraries that are patched and of those that cannot be."""
    code = """
import logging
said = []
class Kept(logging.Handler):
    def emit(self, record):
        said.append(record.getMessage())
log = logging.getLogger("aws_xray_sdk.core.patcher")
log.setLevel("DEBUG")
log.propagate = False
log.addHandler(Kept())
from aws_xray_sdk.core import patch_all
patch_all()
patch_all()
def handler(event, context):
    return said
"""
    bare, layered = both(tmp_path, aws, code, vendor=True, environment={"PYTHONHASHSEED": "0"})

    assert {"successfully patched module sqlite3", "failed to patch module psycopg2", "sqlite3 already patched"} <= set(bare)
    assert layered == bare


def test_a_library_that_is_missing(tmp_path: Path, aws: AwsStub) -> None:
    """Asked for by name, it raises as it does without us, with the SDK's frames and none of ours."""
    code = SDK + "def handler(event, context):\n    patch(['pymysql'])\n"
    function = [Function(code, layered=one, vendor=True) for one in (False, True)]
    bare, layered = (outcome(tmp_path, one, aws) for one in function)

    assert "No module named 'pymysql'" in comparable(bare.answers)
    assert comparable(layered.answers) == comparable(bare.answers)


def test_a_library_that_comes_later(tmp_path: Path, aws: AwsStub) -> None:
    """What could not be found, and can be when it is patched again, is patched."""
    code = (
        SDK
        + """
patch_all()
import os
sys.path.append(os.path.join(os.environ["LAMBDA_TASK_ROOT"], "later"))
patch_all()
import pymysql
def handler(event, context):
    return type(pymysql.connect).__name__
"""
    )
    files = {"later/pymysql/__init__.py": "def connect():\n    pass\n"}
    bare, layered = both(tmp_path, aws, code, vendor=True, files=files)

    assert bare == layered == "FunctionWrapper"


def test_a_patch_that_is_imported_by_hand(tmp_path: Path, aws: AwsStub) -> None:
    """Importing the SDK's own module for a library, which imports that, is no obstacle to its patch."""
    code = (
        SDK
        + """
patch_all()
import aws_xray_sdk.ext.pymysql, pymysql
def handler(event, context):
    return type(pymysql.connect).__name__
"""
    )
    bare, layered = both(tmp_path, aws, code, vendor=True, files={"pymysql/__init__.py": "def connect():\n    pass\n"})

    assert bare == layered == "FunctionWrapper"


def test_a_library_that_cannot_be_patched(tmp_path: Path, aws: AwsStub) -> None:
    """One of a version that the SDK does not know is imported as it is; the debug switch says why it is not patched."""
    code = SDK + "patch_all()\nimport pymysql\ndef handler(event, context):\n    return vars(pymysql)['kind']\n"
    files = {"pymysql/__init__.py": "kind = 'without connect'\n"}
    function = Function(code, {"XRAY_INSTRUMENT_DEBUG": "1"}, vendor=True, files=files, layered=True)
    made = outcome(tmp_path, function, aws)

    assert made.answers == ["without connect"]
    said = made.run.stderr.decode().splitlines()
    # wrapt's error, of a class of its own in its newest versions, names what is missing.
    [why] = [line for line in said if line.startswith("xray_instrument: aws_xray_sdk could not patch pymysql: ")]
    assert "'connect'" in why


def test_asyncio_of_wrapt(tmp_path: Path, aws: AwsStub) -> None:
    """wrapt's function that needs asyncio has it, and so has everybody else."""
    code = (
        SDK
        + """
import wrapt
@wrapt.synchronized
async def one():
    return 1

def handler(event, context):
    import asyncio, importlib.metadata
    return [asyncio.run(one()), asyncio.iscoroutinefunction(one), importlib.metadata.version("aws-xray-sdk")]
"""
    )
    bare, layered = both(tmp_path, aws, code, vendor=True)

    assert bare == layered == [1, True, "2.15.0"]


def test_hooks_of_wrapt(tmp_path: Path, aws: AwsStub) -> None:
    """wrapt's function that needs importlib.metadata has it."""
    code = SDK + "import wrapt\ndef handler(event, context):\n    return wrapt.discover_post_import_hooks('no.such.group')\n"

    assert both(tmp_path, aws, code, vendor=True) == (None, None)


def test_asyncio_of_opentelemetry(tmp_path: Path, aws: AwsStub) -> None:
    """Importing the API does not import asyncio, what it decorates is what it is, and asyncio is there for the function."""
    if WITH_ASYNCIO not in present():
        pytest.skip(f"no CPython {WITH_ASYNCIO}")
    code = """
import inspect, sys
from opentelemetry import trace
early = "asyncio" in sys.modules
tracer = trace.get_tracer("shop")

@tracer.start_as_current_span("load")
async def load():
    return 1

@tracer.start_as_current_span("price")
def price():
    return 2

def handler(event, context):
    import asyncio, asyncio.coroutines
    kinds = [asyncio.iscoroutinefunction(load), inspect.iscoroutinefunction(price), asyncio.coroutines.iscoroutinefunction(load)]
    return [early, kinds, asyncio.run(load()), price(), type(sys.modules["asyncio.coroutines"]).__name__]
"""
    bare, layered = both(tmp_path, aws, code, packages=OPENTELEMETRY, version=WITH_ASYNCIO)

    assert bare == [True, [True, False, True], 1, 2, "module"]
    assert layered == [False, *bare[1:]]


def test_a_coroutine_that_is_deprecated(tmp_path: Path, aws: AwsStub) -> None:
    """typing_extensions' `deprecated`, which asks asyncio, gives a coroutine function for one, with the layer as without."""
    code = """
import opentelemetry.trace, typing_extensions, warnings, inspect
warnings.simplefilter("ignore")

@typing_extensions.deprecated("old")
async def old():
    return 1

@typing_extensions.deprecated("old")
def older():
    return 2

def handler(event, context):
    import asyncio
    return [asyncio.run(old()), older(), asyncio.iscoroutinefunction(old), inspect.iscoroutinefunction(older)]
"""
    version = "3.11" if "3.11" in present() else WITH_ASYNCIO
    bare, layered = both(tmp_path, aws, code, packages=OPENTELEMETRY, version=version)

    assert bare == layered == [1, 2, True, False]


# Whether what the API takes from typing_extensions is the interpreter's own: from 3.13.3 on.
HANDED_ON = [(version, version == "3.14") for version in ("3.10", "3.14") if version in present()]


@pytest.mark.parametrize(("version", "own"), HANDED_ON)
def test_what_opentelemetry_needs_for_a_name_only(version: str, own: bool, tmp_path: Path, aws: AwsStub) -> None:
    """typing_extensions and uuid are not imported; what the API has of them is what it is, and both are there for the function."""
    code = """
import sys
from opentelemetry import context, trace
early = [name in sys.modules for name in ("typing_extensions", "uuid")]
from opentelemetry import attributes, metrics, propagate

def handler(event, context_):
    import typing, typing_extensions, uuid
    one, other = (context.create_key("mine") for _ in range(2))
    kept = uuid.UUID(one[5:])
    found = context.uuid4()
    return [
        early, typing_extensions.deprecated is trace.deprecated, typing_extensions.assert_never is attributes.assert_never,
        typing_extensions.Any is typing.Any, one != other, kept.version, kept.variant == uuid.RFC_4122,
        uuid.uuid4().version, found.version, uuid.UUID(found.hex) == uuid.UUID(str(found)),
    ]
"""
    bare, layered = both(tmp_path, aws, code, packages=OPENTELEMETRY, version=version)

    assert bare == [[True, True], True, True, version != "3.10", True, 4, True, 4, 4, True]
    assert layered == [[not own, False], *bare[1:]]


@pytest.mark.parametrize(("version", "_own"), HANDED_ON)
def test_a_package_that_opentelemetry_misses(version: str, _own: bool, tmp_path: Path, aws: AwsStub) -> None:
    """Where typing_extensions is not installed, the API's import fails with the layer as without."""
    code = """
try:
    import opentelemetry.trace
except ImportError as error:
    said = [type(error).__name__, str(error)]
def handler(event, context):
    return said
"""
    bare, layered = both(tmp_path, aws, code, packages=OPENTELEMETRY[:1], version=version)

    assert bare == layered == ["ModuleNotFoundError", "No module named 'typing_extensions'"]
