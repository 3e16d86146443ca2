"""xray_instrument_helper: subsegments of the function's own with the layer, and nothing at all without it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.aws.guests import Function, outcome
from tests.kit.aws_stub import AwsStub
from tests.kit.collector import compiled
from tests.kit.fakes import Document
from tests.kit.pythons import REPOSITORY
from tests.kit.runtime_api import UNSAMPLED, Invocation
from tests.sdk.trees import names, recorded_by_the_sdk, told

HELPER = REPOSITORY / "layer" / "helper"
SOURCE = {"xray_instrument_helper.py": (HELPER / "xray_instrument_helper" / "__init__.py").read_text()}
PRELUDE = """
import asyncio, threading
from concurrent.futures import ThreadPoolExecutor
from xray_instrument_helper import annotate, metadata, subsegment
"""


def work(name: str, *below: Document, **fields: Any) -> Document:
    """What a subsegment of the helper's says."""
    return {"name": name, **fields, **({"subsegments": list(below)} if below else {})}


# Program, the handler's answer, what is recorded.
PROGRAMS: dict[str, tuple[str, Any, list[Document]]] = {
    "with": (
        """
def handler(event, context):
    with subsegment("price") as same:
        annotate("articles", 2)
        metadata("order", {"id": 7})
        metadata("raw", [1], "shop")
        with subsegment("ask the shop"):
            annotate("in stock?", True)
    return type(same).__name__
""",
        "subsegment",
        [
            work(
                "price",
                work("ask the shop", annotations={"in_stock_": True}),
                annotations={"articles": 2},
                metadata={"default": {"order": {"id": 7}}, "shop": {"raw": [1]}},
            )
        ],
    ),
    "decorated": (
        """
@subsegment
def price(number):
    "What it costs."
    return named(number) + 1

@subsegment("a name")
def named(number):
    return number * 2

class Shop:
    @subsegment
    def sell(self):
        return price.__doc__

def handler(event, context):
    return [price(20), price.__name__, Shop().sell()]
""",
        [41, "price", "What it costs."],
        [work("price", work("a name")), work("sell")],
    ),
    "recursion": (
        """
@subsegment
def down(number):
    return number and down(number - 1)

def handler(event, context):
    return down(2)
""",
        0,
        [work("down", work("down", work("down")))],
    ),
    "coroutines": (
        """
@subsegment
async def load(number):
    async with subsegment(f"wait {number}"):
        await asyncio.sleep(0.01)
        annotate("number", number)
    return number

@subsegment
async def loads():
    return list(await asyncio.gather(load(1), load(2)))

def handler(event, context):
    return [asyncio.run(loads()), asyncio.iscoroutinefunction(load)]
""",
        [[1, 2], True],
        [
            work(
                "loads",
                work("load", work("wait 1", annotations={"number": 1})),
                work("load", work("wait 2", annotations={"number": 2})),
            )
        ],
    ),
    "generator": (
        """
@subsegment
def numbers():
    with subsegment("first"):
        got = yield 1
        with subsegment("below the first"):
            pass
    yield got
    return "returned"

def outer():
    return (yield from numbers())

def handler(event, context):
    generator, seen = outer(), []
    seen.append(next(generator))
    with subsegment("between"):
        pass
    seen.append(generator.send("sent"))
    try:
        next(generator)
    except StopIteration as ended:
        seen.append(ended.value)
    return seen
""",
        [1, "sent", "returned"],
        [work("numbers", work("first", work("below the first"))), work("between")],
    ),
    "generator that is closed": (
        """
closed = []
@subsegment
def numbers():
    try:
        yield 1
        yield 2
    finally:
        closed.append(True)

def handler(event, context):
    for number in numbers():
        break
    generator = numbers()
    next(generator)
    try:
        generator.throw(KeyError("thrown"))
    except KeyError as error:
        return [str(error), closed]
""",
        ["'thrown'", [True, True]],
        [work("numbers"), work("numbers", fault=True, cause="KeyError")],
    ),
    "asynchronous generator": (
        """
@subsegment
async def pages():
    for number in (1, 2):
        await asyncio.sleep(0)
        yield number

async def read():
    return [page async for page in pages()]

def handler(event, context):
    return asyncio.run(read())
""",
        [1, 2],
        [work("pages")],
    ),
    "exception": (
        """
@subsegment
def fails():
    raise ValueError("no such order")

def handler(event, context):
    try:
        with subsegment("around"):
            fails()
    except ValueError as error:
        trace, lines = error.__traceback__, []
        while trace:
            lines.append(trace.tb_frame.f_code.co_name)
            trace = trace.tb_next
        return lines
""",
        ["handler", "made", "fails"],
        [
            work(
                "around",
                work("fails", fault=True, cause="ValueError"),
                fault=True,
                cause="ValueError",
            )
        ],
    ),
    "threads": (
        """
def part(number):
    with subsegment(f"part {number}"):
        return number

def handler(event, context):
    with subsegment("all"):
        with ThreadPoolExecutor(1) as executor:
            done = list(executor.map(part, [1, 2]))
        thread = threading.Thread(target=part, args=(3,))
        thread.start()
        thread.join()
    return done
""",
        [1, 2],
        [work("all", work("part 1"), work("part 2"), work("part 3"))],
    ),
    "things that are no values": (
        """
class Broken:
    def __str__(self):
        raise RuntimeError("no text")

def handler(event, context):
    with subsegment():
        annotate("list", [1])
        annotate("broken", Broken())
        metadata("when", {1, 2}.__class__)
    annotate("on the root", 1)
    return 1
""",
        1,
        [
            work(
                "subsegment",
                annotations={"list": "[1]", "broken": "<no text: str() of Broken failed>"},
                metadata={"default": {"when": "<class 'set'>"}},
            )
        ],
    ),
}


def reduced(node: Document) -> Document:
    """A subsegment without ids and times, of a cause the type of its exception."""
    kept = told({**node, "subsegments": []})
    if "cause" in kept:
        kept["cause"] = kept["cause"][0]["type"]
    below = [reduced(child) for child in node.get("subsegments", [])]
    return {**kept, "subsegments": below} if below else kept


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program(name: str, tmp_path: Path, aws: AwsStub) -> None:
    """With the layer the subsegments stand where the code stands; without it the answer is the same, and nothing is sent."""
    code, answer, expected = PROGRAMS[name]
    layered = outcome(tmp_path, Function(PRELUDE + code, records=True), aws)
    bare = outcome(tmp_path, Function(PRELUDE + code, records=True, files=SOURCE, layered=False), aws)

    assert bare.answers == layered.answers == [answer]
    assert (bare.run.stdout, bare.run.stderr, bare.sent) == (b"", b"", [])
    assert (layered.run.stdout, layered.run.stderr) == (b"", b"")
    assert [reduced(tree) for tree in recorded_by_the_sdk(layered.sent)] == expected


def test_outside_of_subsegments_it_is_the_root(tmp_path: Path, aws: AwsStub) -> None:
    """In the handler that is the invocation's own subsegment, at module scope the initialization's."""
    code = """
annotate("release", "r7")
with subsegment("connect"):
    pass

def handler(event, context):
    annotate("order", 7)
    metadata("basket", [1])
    return 1
"""
    trees = {tree["name"]: tree for tree in compiled(outcome(tmp_path, Function(PRELUDE + code, records=True), aws).sent)}

    assert trees["app.handler"]["annotations"] == {"cold_start": True, "trigger": "direct", "order": 7}
    assert trees["app.handler"]["metadata"]["default"] == {"basket": [1]}
    assert trees["app.handler init"]["annotations"] == {"initialization_type": "on-demand", "release": "r7"}
    [app] = [child for child in trees["app.handler init"]["subsegments"] if child["name"] == "app"]
    assert "connect" in [child["name"] for child in app["subsegments"]]


def test_unsampled(tmp_path: Path, aws: AwsStub) -> None:
    """An invocation that is not sampled gets the same answer, and nothing is sent."""
    code, answer, _expected = PROGRAMS["with"]
    layered = outcome(tmp_path, Function(PRELUDE + code, records=True), aws, [Invocation(trace_header=UNSAMPLED)])

    assert (layered.answers, layered.run.stderr, layered.sent) == ([answer], b"", [])


def test_without_the_layer_it_imports_nothing(tmp_path: Path) -> None:
    """Installed in tests, say: two modules of the standard library that every program has."""
    check = "import functools, sys; before = set(sys.modules); import xray_instrument_helper; print(set(sys.modules) - before)"
    done = subprocess.run(  # noqa: S603  (our own command)
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(HELPER)!r}); {check}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "{'xray_instrument_helper'}\n" or sorted(eval(done.stdout)) == ["__future__", "xray_instrument_helper"]  # noqa: S307


TYPED = """
from collections.abc import Iterator
from xray_instrument_helper import annotate, metadata, subsegment

@subsegment
def price(order: str) -> int:
    return 1

@subsegment("load")
async def load(order: str) -> int:
    with subsegment("wait") as waits:
        reveal_type(waits)
    return 1

@subsegment
def numbers() -> Iterator[int]:
    yield 1

reveal_type(price)
reveal_type(load)
reveal_type(numbers)
annotate("order", 7)
metadata("order", object(), "shop")
annotate("order", object())
price(7)
"""


def test_its_types(tmp_path: Path) -> None:
    """A decorated function keeps its signature, and what cannot be an annotation is an error."""
    (tmp_path / "sample.py").write_text(TYPED)
    done = subprocess.run(  # noqa: S603  (our own command)
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", tmp_path, "sample.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"MYPYPATH": str(HELPER)},
    )

    assert [line.partition(":")[2] for line in done.stdout.splitlines()] == [
        '12: note: Revealed type is "xray_instrument_helper.subsegment"',
        '19: note: Revealed type is "def (order: str) -> int"',
        '20: note: Revealed type is "def (order: str) -> typing.Coroutine[Any, Any, int]"',
        '21: note: Revealed type is "def () -> typing.Iterator[int]"',
        '24: error: Argument 2 to "annotate" has incompatible type "object"; expected "str | float | bool"  [arg-type]',
        '25: error: Argument 1 to "price" has incompatible type "int"; expected "str"  [arg-type]',
    ]


def test_its_wheel(tmp_path: Path) -> None:
    """`pip wheel layer/helper` makes a package of one module and its marker, for every Python 3."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    source = tmp_path / "source"
    for path in (*HELPER.glob("*.*"), *(HELPER / "xray_instrument_helper").glob("*.*")):
        target = source / path.relative_to(HELPER)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    subprocess.run([*command, tmp_path, source], check=True, capture_output=True)  # noqa: S603  (our own command)

    wheel = tmp_path / "xray_instrument_helper-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names_inside = [name for name in archive.namelist() if ".dist-info/" not in name]
        metadata = archive.read("xray_instrument_helper-0.1.0.dist-info/METADATA").decode()
    assert sorted(names_inside) == ["xray_instrument_helper/__init__.py", "xray_instrument_helper/py.typed"]
    assert "Requires-Dist" not in metadata


def test_names_of_the_tree(tmp_path: Path, aws: AwsStub) -> None:
    """The helper and the X-Ray SDK stand in one tree, each below the other."""
    code = """
from aws_xray_sdk.core import xray_recorder
def handler(event, context):
    with subsegment("mine"), xray_recorder.in_subsegment("theirs"), subsegment("mine again"):
        return 1
"""
    made = outcome(tmp_path, Function(PRELUDE + code, records=True), aws)

    assert [names(tree) for tree in recorded_by_the_sdk(made.sent)] == [["mine", ["theirs", ["mine again"]]]]
