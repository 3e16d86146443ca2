"""A process that dies in the middle of its work: what it has acknowledged is there, whole, and is compiled later."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.store.making import START, call, segment, text, trace_id
from xray_local.store import Page, Store

REPOSITORY = Path(__file__).parents[3]
# Takes traces as fast as it can, each batch a transaction, and says each number once `ingest` has returned.
WRITER = """
import sys
from pathlib import Path
sys.path[:0] = [{repository!r}, {local!r}]
from xray_local.store import Store
from tests.local.store.making import START, call, segment, text
with Store(Path({path!r})) as store:
    for number in range({first}, {first} + 100_000):
        refused = store.ingest([text(segment(number)), text(call(number))], "udp", START)
        assert refused == [None, None]
        print(number, flush=True)
"""


@pytest.mark.parametrize("acknowledged", [1, 40, 400, 1_000])
def test_nothing_acknowledged_is_lost_by_kill_9(tmp_path: Path, acknowledged: int) -> None:
    """Killed in mid-ingest, twice, the second time over the remains of the first: every trace it spoke of is whole."""
    path = tmp_path / "traces.db"
    first = _killed_after(path, 0, acknowledged)
    second = _killed_after(path, first + 2, acknowledged)
    told = {*range(first + 1), *range(first + 2, second + 1)}
    with sqlite3.connect(path) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert file.execute("PRAGMA foreign_key_check").fetchall() == []
    with Store(path) as killed:
        while not killed.settle(10):
            pass
        numbers = sorted(int(one[-24:], 16) for one in killed.trace_ids(0, 2e9, limit=10**6))
        # The one that was in the air at a kill may be there or not.
        assert set(numbers) - {first + 1, second + 1} == told
        for number in numbers:
            assert killed.documents(trace_id(number)) == [text(segment(number)), text(call(number))]
        _same_answers(killed, numbers)


def _same_answers(killed: Store, numbers: list[int]) -> None:
    """What was derived around the kills says the same as what is derived at leisure."""
    with Store() as calm:
        calm.ingest([text(make(number)) for number in numbers for make in (segment, call)], "udp", START)
        while not calm.settle(10):
            pass
        assert _asked(killed) == _asked(calm)


def _asked(store: Store) -> object:
    everything = Page(limit=10**6)
    return (
        sorted((one["Id"], one["Duration"]) for one in store.summaries(0, 2e9, page=everything).summaries),
        [(part.nodes, part.edges) for part in store.contributions(0, 2e9)],
    )


def _killed_after(path: Path, first: int, acknowledged: int) -> int:
    code = WRITER.format(repository=str(REPOSITORY), local=str(REPOSITORY / "local"), path=str(path), first=first)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as writer:  # noqa: S603
        assert writer.stdout is not None
        said = [int(writer.stdout.readline()) for _ in range(acknowledged)]
        writer.send_signal(signal.SIGKILL)
        # What it said between the last line read and its end is acknowledged too; a line cut in two is not.
        rest = writer.stdout.read().split("\n")[:-1]
        writer.wait()
    return int(rest[-1]) if rest else said[-1]
