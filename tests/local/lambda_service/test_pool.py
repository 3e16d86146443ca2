"""The pool: which environment takes an event, what is refused, what ends when, and that nothing is left behind."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.local.lambda_service import desks
from tests.local.lambda_service.desks import Bench, Told
from xray_local.lambda_service.model import Execution, Function, LambdaError, Status, TooManyRequestsError
from xray_local.lambda_service.pool import Pool

# Tells who it is, and waits for as long as it is told.
APP = """
import os, time
VERSION = 1
def handler(event, context):
    print("pid", os.getpid(), flush=True)
    time.sleep((event or {}).get("sleep", 0))
    return {"pid": os.getpid(), "event": event, "version": VERSION, "tmp": os.environ["TMPDIR"]}
"""


def function(folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Function:
    """The function `orders`."""
    runtime = desks.runtime(monkeypatch)
    settings: dict[str, Any] = {"name": "orders", "handler": "app.handler", "code": desks.write(folder / "code", APP)}
    return Function(**{**settings, "runtime": runtime, "timeout_s": 20.0, **changes})


def value(execution: Execution) -> Any:
    """The response."""
    assert execution.status is Status.OK, execution
    return json.loads(execution.payload)


async def seen(bench: Bench, text: str) -> None:
    """Wait until the log has it."""
    await until(lambda: text in bench.text)


async def until(condition: Any) -> None:
    """Wait for something that is about to happen."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_the_environment_that_was_used_last_is_used_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two at once need two environments; one after the other all go to the one that was free last, without a cold start."""
    bench = Bench(tmp_path)
    orders = function(tmp_path, monkeypatch)

    async def work(pool: Pool) -> tuple[list[Any], list[Any]]:
        slow = asyncio.create_task(bench.invoke(pool, orders, {"sleep": 0.5}))
        await seen(bench, "pid")
        both = [await bench.invoke(pool, orders, {"sleep": 0}), await slow]
        after = [await bench.invoke(pool, orders) for _ in range(3)]
        return both, after

    (quick, slow), after = bench.run(work)

    assert value(quick)["pid"] != value(slow)["pid"]
    assert [value(execution)["pid"] for execution in after] == [value(slow)["pid"]] * 3
    assert [execution.initialization for execution in after] == [None] * 3


def test_what_is_over_a_limit_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function's reserved concurrency, and the desk's for all: the same error with another reason; zero refuses everything."""
    bench = Bench(tmp_path, concurrency=2)
    orders = function(tmp_path, monkeypatch)
    reserved = dataclasses.replace(orders, name="reserved", concurrency=1)
    stopped = dataclasses.replace(orders, name="stopped", concurrency=0)

    async def refusal(pool: Pool, of: Function) -> tuple[Any, ...]:
        begun = time.monotonic()
        with pytest.raises(TooManyRequestsError) as caught:
            await pool.execute(of, bench.event(), Told())
        error = caught.value
        return error.code, error.status, error.message, error.members, time.monotonic() - begun < 0.2

    async def work(pool: Pool) -> list[Any]:
        first = [await refusal(pool, stopped)]
        running = [asyncio.create_task(bench.invoke(pool, reserved, {"sleep": 1}))]
        await seen(bench, "pid")
        first.append(await refusal(pool, reserved))
        running.append(asyncio.create_task(bench.invoke(pool, orders, {"sleep": 1})))
        await asyncio.sleep(0.05)
        first.append(await refusal(pool, orders))
        assert [value(execution)["event"] for execution in await asyncio.gather(*running)] == [{"sleep": 1}] * 2
        assert value(await bench.invoke(pool, orders))["version"] == 1
        return first

    def refused(reason: str) -> tuple[Any, ...]:
        return "TooManyRequestsException", 429, "Rate Exceeded.", {"Reason": reason}, True

    reserved_reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert bench.run(work) == [
        refused(reserved_reason),
        refused(reserved_reason),
        refused("ConcurrentInvocationLimitExceeded"),
    ]


def test_idle_environments_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one environment allowed, the idle one of another function ends when this one needs it."""
    bench = Bench(tmp_path, concurrency=1)
    orders = function(tmp_path, monkeypatch)
    other = dataclasses.replace(orders, name="other")

    async def work(pool: Pool) -> list[bool]:
        cold = []
        for of in (orders, other, other, orders):
            execution = await bench.invoke(pool, of)
            cold.append(execution.initialization is not None)
            folders = list((tmp_path / "desk" / "sessions").glob("*/environment-*"))
            await until(lambda: len(list((tmp_path / "desk" / "sessions").glob("*/environment-*"))) == 1)
            assert folders
        return cold

    assert bench.run(work) == [True, True, False, True]


def test_idle_environments_expire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody used for so long ends, with its process and its folder."""
    bench = Bench(tmp_path, idle_s=0.3)
    orders = function(tmp_path, monkeypatch)

    async def work(pool: Pool) -> Execution:
        first = value(await bench.invoke(pool, orders))
        await until(lambda: not Path(f"/proc/{first['pid']}").exists() and not Path(first["tmp"]).exists())
        return await bench.invoke(pool, orders)

    assert bench.run(work).initialization is not None


def test_changed_code_and_settings_get_new_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit, a new zip, another variable: the next event is a cold start with the new state; the old environment ends."""
    bench = Bench(tmp_path)
    orders = function(tmp_path, monkeypatch)
    code = tmp_path / "code"

    def zipped() -> Function:
        archive = tmp_path / "code.zip"
        archive.unlink(missing_ok=True)
        with zipfile.ZipFile(archive, "w") as target:
            target.write(code / "app.py", "app.py")
        return dataclasses.replace(orders, name="zipped", code=archive)

    async def work(pool: Pool) -> list[tuple[int, bool]]:
        results = []
        for version in (1, 2):
            # The same size, and perhaps the same second: neither a stale .pyc nor a stale environment may answer.
            desks.write(code, APP.replace("VERSION = 1", f"VERSION = {version}"))
            for of in (orders, zipped()):
                execution = await bench.invoke(pool, of)
                results.append((value(execution)["version"], execution.initialization is not None))
        changed = dataclasses.replace(orders, environment={"A": "1"})
        results.append((0, (await bench.invoke(pool, changed)).initialization is not None))
        await until(lambda: len(list((tmp_path / "desk" / "sessions").glob("*/environment-*"))) == 2)
        return results

    assert bench.run(work) == [(1, True), (1, True), (2, True), (2, True), (0, True)]
    assert sorted(path.name for path in code.iterdir()) == ["app.py"]


def test_an_environment_whose_code_changed_finishes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs when the code changes runs to its end with the old code, and is then not used again."""
    bench = Bench(tmp_path)
    orders = function(tmp_path, monkeypatch)

    async def work(pool: Pool) -> list[int]:
        slow = asyncio.create_task(bench.invoke(pool, orders, {"sleep": 0.7}))
        await seen(bench, "pid")
        desks.write(tmp_path / "code", APP.replace("VERSION = 1", "VERSION = 2"))
        new = await bench.invoke(pool, orders)
        old = await slow
        last = await bench.invoke(pool, orders)
        assert value(last)["pid"] == value(new)["pid"]
        return [value(execution)["version"] for execution in (new, old, last)]

    assert bench.run(work) == [2, 1, 2]


def test_a_caller_that_goes_away_does_not_stop_the_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled in the middle: the function writes its END all the same, and its environment is used again."""
    bench = Bench(tmp_path)
    orders = function(tmp_path, monkeypatch)

    async def work(pool: Pool) -> Execution:
        caller = asyncio.create_task(bench.invoke(pool, orders, {"sleep": 0.5}))
        await seen(bench, "pid")
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        await seen(bench, "REPORT")
        return await bench.invoke(pool, orders)

    assert bench.run(work).initialization is None


def test_an_idle_environment_that_is_killed_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was killed between two events: the next one, on its heels, is a cold start and no failure."""
    bench = Bench(tmp_path)
    orders = function(tmp_path, monkeypatch)

    async def work(pool: Pool) -> list[bool]:
        cold = []
        for _ in range(5):
            execution = await bench.invoke(pool, orders)
            cold.append(execution.initialization is not None)
            os.kill(value(execution)["pid"], signal.SIGKILL)
            # Without giving the loop a turn: it has ended, and nobody has told the pool.
            while desks.runs(value(execution)["pid"]):
                time.sleep(0.001)  # noqa: ASYNC251
        return cold

    assert bench.run(work) == [True] * 5


def test_two_hundred_events_over_ten_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One environment is killed and the code changes in the middle: each event is answered once, with its own answer, but the one."""
    bench = Bench(tmp_path, concurrency=10)
    orders = function(tmp_path, monkeypatch)
    killed: list[int] = []

    async def one(pool: Pool, number: int) -> Execution:
        event = bench.event({"number": number, "sleep": 0.02}, trace_header=f"Root={desks.ROOT};Parent={number:016x};Sampled=1")
        while True:
            told = Told()
            try:
                execution = await pool.execute(orders, event, told)
            except TooManyRequestsError:
                assert told.starts == []
                await asyncio.sleep(0.02)
            else:
                desks.check(execution, told)
                return execution

    async def disturb() -> None:
        await until(lambda: bench.text.count("END") > 60)
        before = bench.text.count("pid ")
        await until(lambda: bench.text.count("pid ") > before)
        killed.append(int(bench.text.rpartition("pid ")[2].split()[0]))
        os.kill(killed[0], signal.SIGKILL)
        await until(lambda: bench.text.count("END") > 120)
        desks.write(tmp_path / "code", APP.replace("VERSION = 1", "VERSION = 2"))

    async def work(pool: Pool) -> list[Execution]:
        disturbing = asyncio.create_task(disturb())
        answered = await asyncio.gather(*(one(pool, number) for number in range(200)))
        await disturbing
        return answered

    executions = bench.run(work)

    lost = [number for number, execution in enumerate(executions) if execution.status is not Status.OK]
    assert [executions[number].status for number in lost] == [Status.CRASH]
    answers = [value(execution) for execution in executions if execution.status is Status.OK]
    assert [answer["event"]["number"] for answer in answers] == [number for number in range(200) if number not in lost]
    assert {answer["version"] for answer in answers} == {1, 2}
    pids = {version: {answer["pid"] for answer in answers if answer["version"] == version} for version in (1, 2)}
    assert pids[1].isdisjoint(pids[2])
    assert len(pids[1]) <= 11
    assert len(pids[2]) <= 10
    cold = sum(execution.initialization is not None for execution in executions)
    assert cold == len(pids[1] | pids[2] | set(killed))
    # Every event's lines are its own: START and END of one id, once each.
    ids = [line.split()[2] for line in bench.text.splitlines() if line.startswith(("START", "END"))]
    assert sorted(ids) == sorted(2 * list(set(ids)))
    assert len(set(ids)) == 200


def test_what_cannot_run_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown runtime, code that is not there, a broken zip, an image: Lambda's errors with a text that says what is wrong."""
    bench = Bench(tmp_path)
    orders = function(tmp_path, monkeypatch)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"no zip")

    async def work(pool: Pool) -> list[tuple[str, int, str]]:
        errors = []
        for changes in ({"runtime": "python2.7"}, {"code": tmp_path / "gone"}, {"code": broken}, {"image": "orders:latest"}):
            with pytest.raises(LambdaError) as caught:
                await pool.execute(dataclasses.replace(orders, **changes), bench.event(), Told())
            errors.append((caught.value.code, caught.value.status, caught.value.message))
        assert value(await bench.invoke(pool, orders))["version"] == 1
        return errors

    names = "python3.10, python3.11, python3.12, python3.13, python3.14"
    cannot = "Could not unzip uploaded file. Please check your file, then try to upload again."
    assert bench.run(work) == [
        ("InvalidRuntimeException", 502, f"the runtime python2.7 is not one that runs here: {names}"),
        ("InvalidZipFileException", 502, f"{tmp_path}/gone cannot be read: No such file or directory"),
        ("InvalidZipFileException", 502, f"{cannot} ({broken}: File is not a zip file)"),
        ("InvalidRuntimeException", 502, "orders is a container image, which needs Docker."),
    ]


def test_a_closed_pool_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After close an event is refused as a service that shuts down refuses it, and a second close is fine."""
    bench = Bench(tmp_path)
    orders = function(tmp_path, monkeypatch)

    async def work(pool: Pool) -> tuple[str, int, str]:
        await pool.close()
        with pytest.raises(LambdaError) as caught:
            await pool.execute(orders, bench.event(), Told())
        return caught.value.code, caught.value.status, caught.value.message

    assert bench.run(work) == ("ServiceException", 500, "xray-local is shutting down.")
