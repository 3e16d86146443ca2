"""Tasks, threads and executors in any order: each subsegment is named by the path of calls that leads to it, and stands there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.guests import NEWEST, Function, outcome
from tests.kit.aws_stub import AwsStub
from tests.kit.fakes import Document
from tests.kit.runtime_api import Invocation
from tests.sdk.programs import PRELUDE
from tests.sdk.trees import recorded_by_the_sdk

CODE = """
import random
from xray_instrument_helper import subsegment

def opened(path, chance):
    return subsegment(path) if chance.random() < 0.2 else xray_recorder.in_subsegment(path)

def plain(path, seed, depth):
    chance = random.Random(seed)
    with opened(path, chance):
        for number in range(chance.randrange(3) if depth else 0):
            below = (f"{path}/{number}", seed * 31 + number, depth - 1)
            if chance.random() < 0.5:
                plain(*below)
            else:
                thread = threading.Thread(target=plain, args=below)
                thread.start()
                thread.join()

async def one_of(chance, below):
    kind = chance.randrange(7)
    path, seed, depth = below
    if kind == 0:
        await work(*below)
    elif kind == 1:
        await asyncio.gather(*[work(f"{path}.{number}", seed + number, depth) for number in range(3)])
    elif kind == 2:
        await asyncio.wait_for(work(*below), 20)
    elif kind == 3:
        await asyncio.to_thread(plain, *below)
    elif kind == 4:
        await asyncio.get_running_loop().run_in_executor(None, plain, *below)
    elif kind == 5:
        plain(*below)
    else:
        task = asyncio.create_task(work(f"{path}.task", seed, depth))
        await work(f"{path}.beside", seed + 1, depth)
        await task

async def work(path, seed, depth):
    chance = random.Random(seed)
    await asyncio.sleep(0.002 * chance.random())
    with opened(path, chance):
        await asyncio.sleep(0.002 * chance.random())
        for number in range(chance.randrange(4) if depth else 0):
            await one_of(chance, (f"{path}/{number}", seed * 31 + number, depth - 1))

def handler(event, context):
    asyncio.run(work("all", event, 3))
    return xray_recorder.current_subsegment()
"""
SEEDS = range(2, 30)


def places(tree: Document, above: str = "") -> Iterator[tuple[str, str]]:
    """Each subsegment's name, and that of what it is below."""
    yield tree["name"], above
    for child in tree.get("subsegments", []):
        yield from places(child, tree["name"])


@pytest.mark.parametrize("version", ["3.10", NEWEST])
def test_each_subsegment_is_below_what_called_it(version: str, tmp_path: Path, aws: AwsStub) -> None:
    """Whatever else runs at the time; nothing raises, and nothing stays open."""
    invocations = [Invocation(seed) for seed in SEEDS]
    made = outcome(tmp_path, Function(PRELUDE + CODE, vendor=True, version=version), aws, invocations)

    assert (made.answers, made.run.stdout, made.run.stderr) == ([None] * len(invocations), b"", b"")
    found = [place for tree in recorded_by_the_sdk(made.sent) for place in places(tree)]
    assert len(found) > 100, "the programs are too small to say anything"
    assert [place for place in found if place[0].rpartition("/")[0] != place[1]] == []
