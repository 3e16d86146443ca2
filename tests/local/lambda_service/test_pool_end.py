"""What is left of environments when their pool is closed, or when it could not close them."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.local.lambda_service import desks
from tests.local.lambda_service.desks import Bench
from tests.local.lambda_service.test_pool import function, until, value
from xray_local.lambda_service.pool import Pool


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After close no process, no thread, no descriptor, no port and no folder of the environments is there, whatever they did."""
    text = """
import os, subprocess, time
def handler(event, context):
    print("port", os.environ["AWS_LAMBDA_RUNTIME_API"])
    if event == "children":
        subprocess.Popen(["sleep", "60"], start_new_session=True)
    if event == "locked":
        folder = os.path.join(os.environ["TMPDIR"], "a", "b")
        os.makedirs(folder)
        open(os.path.join(folder, "file"), "w").close()
        os.chmod(folder, 0)
        os.chmod(os.path.dirname(folder), 0)
    if event == "exit":
        os._exit(1)
    if event == "wait":
        time.sleep(60)
"""
    bench = Bench(tmp_path)
    orders = function(tmp_path, monkeypatch)
    orders = dataclasses.replace(orders, code=desks.write(tmp_path / "other", text), timeout_s=1.0)
    threads, descriptors = set(threading.enumerate()), sorted(Path("/proc/self/fd").iterdir())

    async def work(pool: Pool) -> list[str]:
        done = [await bench.invoke(pool, orders, event) for event in ("children", "locked", "exit", "children", "wait")]
        waiting = asyncio.create_task(bench.invoke(pool, orders, "wait"))
        count = bench.text.count("port")
        await until(lambda: bench.text.count("port") > count)
        await pool.close()
        return [execution.status.value for execution in [*done, await waiting]]

    assert bench.run(work) == ["success", "success", "crash", "success", "timeout", "crash"]
    for thread in set(threading.enumerate()) - threads:
        thread.join(10)  # told to end; close does not wait for the last step of each
    assert set(threading.enumerate()) - threads == set()
    assert sorted(Path("/proc/self/fd").iterdir()) == descriptors
    assert list((tmp_path / "desk" / "sessions").iterdir()) == []
    assert _processes(str(tmp_path)) == []
    for line in [line for line in bench.text.splitlines() if line.startswith("port")]:
        host, _, port = line.split()[1].partition(":")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)), 1)


def _processes(marker: str) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marker in (folder / "environ").read_text(errors="replace"):
                found.append((folder / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_what_a_killed_server_left_is_removed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session's folder whose lock nobody holds goes; that of another server, which lives, stays."""
    bench, other = Bench(tmp_path), Bench(tmp_path)
    orders = function(tmp_path, monkeypatch)
    sessions = tmp_path / "desk" / "sessions"
    abandoned = sessions / "abandoned"

    async def work(pool: Pool) -> tuple[bool, bool]:
        mine = value(await bench.invoke(pool, orders))["tmp"]
        shutil.copytree(Path(mine).parents[1], abandoned, symlinks=True)
        async with other.pool() as second:
            await other.invoke(second, orders)
            return abandoned.exists(), os.access(mine, os.F_OK)

    assert bench.run(work) == (False, True)
    assert list(sessions.iterdir()) == []


KILLED = """
import asyncio, sys
from pathlib import Path
from tests.local.lambda_service import desks
from xray_local.lambda_service.model import Function
from xray_local.lambda_service.pool import Pool

async def main():
    bench = desks.Bench(Path(sys.argv[1]))
    pool = Pool(bench.desk, lambda _name, text: print(text, end="", flush=True))
    orders = Function("orders", "app.handler", Path(sys.argv[1]) / "code", runtime=sys.argv[2], timeout_s=60.0)
    for sleep in (60, 0):
        asyncio.ensure_future(pool.execute(orders, bench.event({"sleep": sleep}), desks.Told()))
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_what_a_killed_server_was_running_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed with an idle and a busy environment: the idle one ends by itself, the busy one with the next server's start."""
    orders = function(tmp_path, monkeypatch)
    bench = Bench(tmp_path)
    command = [sys.executable, "-c", KILLED, str(tmp_path), orders.runtime]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:  # noqa: S603
        assert server.stdout is not None
        said: list[str] = []
        while sum(line.startswith("pid") for line in said) < 2 or not any(line.startswith("END") for line in said):
            said.append(next(server.stdout))
        server.kill()
    both = [int(line.split()[1]) for line in said if line.startswith("pid")]

    async def one_left() -> None:
        await until(lambda: [desks.runs(pid) for pid in both].count(True) == 1)

    asyncio.run(one_left())
    bench.run(lambda pool: bench.invoke(pool, orders))

    assert [desks.runs(pid) for pid in both] == [False, False]
    assert list((tmp_path / "desk" / "sessions").iterdir()) == []
