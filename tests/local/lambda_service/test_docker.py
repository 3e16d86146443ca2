"""Functions in real containers: the golden traces, every way an execution can end, and what a function finds there."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.kit import containers
from tests.kit.base_image import VERSION
from tests.local.lambda_service.cases import Case
from tests.local.lambda_service.desks import Bench, outcome, write
from tests.local.lambda_service.test_real_traces import REAL, confirm, really
from xray_local.lambda_service.docker_engine import Engine
from xray_local.lambda_service.docker_environment import Containers
from xray_local.lambda_service.model import Desk, Function, TooManyRequestsError
from xray_local.lambda_service.pool import Pool

RUNTIME = f"python{VERSION}"
APP = """
import os, sys, time
calls = 0
def handler(event, context):
    global calls
    calls += 1
    do = (event or {}).get("do")
    if do == "raise":
        raise ValueError("boom")
    if do == "exit":
        sys.exit(3)
    if do == "kill":
        os.kill(os.getpid(), 9)
    if do == "sleep":
        time.sleep(60)
    if do == "fill":
        kept = [bytes([number]) * 1_000_000 for number in range(1, 250)]
    return {"calls": calls, "event": event}
"""


def function(folder: Path, **changes: Any) -> Function:
    """The function `orders` with that code."""
    return Function(**{"name": "orders", "handler": "app.handler", "code": folder, "runtime": RUNTIME, **changes})


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("case", REAL, ids=lambda case: case.name)
def test_the_golden_traces(case: Case, tmp_path: Path) -> None:
    """Lambda's documents are the golden ones, and the layer's hang in every Invocation: as with processes."""
    recorded, inside = really(case, tmp_path, RUNTIME, _in_containers)
    confirm(case, recorded, inside)


def _in_containers(desk: Desk) -> Pool:
    return Pool(desk, make=Containers)


def test_every_way_an_execution_can_end(engine: Engine, tmp_path: Path) -> None:
    """Ok cold and warm, an exception, an exit, a signal, too much memory, a timeout; nothing is left of it at the end."""
    bench = Bench(tmp_path)
    orders = function(write(tmp_path / "code", APP), timeout_s=2.0)

    async def work(pool: Pool) -> list[dict[str, Any]]:
        dos = [None, "ok", "raise", "exit", "kill", "fill", "sleep", "ok"]
        return [outcome(await bench.invoke(pool, orders, do and {"do": do})) for do in dos]

    def ok(payload: dict[str, Any], cold: str | None) -> dict[str, Any]:
        return {"status": "success", "payload": payload, "error": (None, None), "cause": None, "cold": cold, "got": (True, True)}

    def lost(number: int, error: str, text: str, cold: str | None) -> dict[str, Any]:
        message = f"RequestId: 00000000-0000-4000-8000-{number:012d} Error: {text}"
        status = "timeout" if error == "Sandbox.Timedout" else "crash"
        told = {"errorType": error, "errorMessage": message}
        return {"status": status, "payload": told, "error": (error, message), "cause": None, "cold": cold, "got": (True, False)}

    raised = {
        "status": "error",
        "payload": {"errorMessage": "boom", "errorType": "ValueError", "requestId": "00000000-0000-4000-8000-000000000003"},
        "error": ("ValueError", "boom"),
        "cause": [("ValueError", "boom", ["handler"])],
        "cold": None,
        "got": (True, True),
    }
    assert bench.run(work, make=Containers) == [
        ok({"calls": 1, "event": None}, "ok"),
        ok({"calls": 2, "event": {"do": "ok"}}, None),
        raised,
        lost(4, "Runtime.ExitError", "Runtime exited with error: exit status 3", None),
        lost(5, "Runtime.ExitError", "Runtime exited with error: signal: killed", "ok"),
        lost(6, "Runtime.OutOfMemory", "Runtime exited with error: signal: killed", "ok"),
        lost(7, "Sandbox.Timedout", "Task timed out after 2.00 seconds", "ok"),
        ok({"calls": 1, "event": {"do": "ok"}}, "ok"),
    ]
    assert containers.there(engine, tmp_path) == {}


FAILING = {
    "import": ("import nothing_of_that_name\n", "Runtime.ImportModuleError"),
    "raises": ("raise KeyError('table')\n", "KeyError"),
    "exits": ("import sys\nsys.exit(4)\n", "Runtime.ExitError"),
}


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("case", FAILING)
def test_a_failing_initialization_is_tried_twice(case: str, tmp_path: Path) -> None:
    """In a second container; the second failure is what the caller gets."""
    text, error_type = FAILING[case]
    bench = Bench(tmp_path)
    orders = function(write(tmp_path / "code", text))

    execution = bench.run(lambda pool: bench.invoke(pool, orders), make=Containers)

    told = outcome(execution)
    assert (told["status"], told["payload"]["errorType"], told["cold"], told["got"]) == (
        "init-error", error_type, error_type, (False, False),
    )  # fmt: skip
    phases = [line.split("\t")[1:] for line in bench.text.splitlines() if line.startswith("INIT_REPORT")]
    status = ["Status: error", f"Error Type: {error_type}"]
    assert phases == [["Phase: init", *status], ["Phase: invoke", *status]]


LAYOUT = """
import os, subprocess, sys
def refused(path):
    try:
        open(path, "w").close()
    except OSError as error:
        return error.strerror
def handler(event, context):
    with open("/tmp/tool", "w") as tool:
        tool.write("#!/bin/sh\\necho runs\\n")
    os.chmod("/tmp/tool", 0o755)
    room = os.statvfs("/tmp")
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return {
        "path": sys.path[:3], "prefix": sys.prefix, "cwd": os.getcwd(), "task": sorted(os.listdir("/var/task")),
        "opt": {name: open(f"/opt/{name}").read() for name in sorted(os.listdir("/opt")) if name.endswith(".txt")},
        "tmp_mb": room.f_blocks * room.f_frsize // 1024**2, "tool": subprocess.check_output("/tmp/tool", text=True),
        "refused": [refused(path) for path in ("/var/task/new", "/opt/new", "/usr/new")],
        "privileges": status["CapEff"].strip(), "files": __import__("resource").getrlimit(__import__("resource").RLIMIT_NOFILE),
        "runtime": os.environ["AWS_EXECUTION_ENV"], "task_root": os.environ["LAMBDA_TASK_ROOT"], "own": os.environ["OWN"],
        "memory": context.memory_limit_in_mb, "foreign": os.environ.get("HOST_ONLY"),
    }
"""


@pytest.mark.usefixtures("engine")
def test_what_a_function_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda's folders and Python, merged layers, a /tmp that runs programs, nothing else to write to, no privileges."""
    monkeypatch.setenv("HOST_ONLY", "never handed on")
    first, second = write(tmp_path / "first", "1", "a.txt"), write(tmp_path / "second", "2", "b.txt")
    write(second, "over", "a.txt")
    orders = function(write(tmp_path / "code", LAYOUT), layers=(first, second), environment={"OWN": "é"}, memory_mb=256)
    bench = Bench(tmp_path)

    execution = bench.run(lambda pool: bench.invoke(pool, orders), make=Containers)

    assert json.loads(execution.payload) == {
        "path": ["/var/task", f"/opt/python/lib/{RUNTIME}/site-packages", "/opt/python"],
        "prefix": "/var/lang",
        "cwd": "/var/task",
        "task": ["app.py"],
        "opt": {"a.txt": "over", "b.txt": "2"},
        "tmp_mb": 512,
        "tool": "runs\n",
        "refused": ["Read-only file system"] * 3,
        "privileges": "0" * 16,
        "files": [1024, 1024],
        "runtime": f"AWS_Lambda_{RUNTIME}",
        "task_root": "/var/task",
        "own": "é",
        "memory": "256",
        "foreign": None,
    }
    assert [path.name for path in (tmp_path / "code").iterdir()] == ["app.py"]


LOGGING = """
import logging, sys
logging.getLogger().setLevel("INFO")
def handler(event, context):
    print("one")
    print("two", file=sys.stderr)
    logging.info("three\\nlines")
    sys.stdout.write("four")
"""


@pytest.mark.usefixtures("engine")
def test_the_log_is_whole_and_in_order(tmp_path: Path) -> None:
    """stdout, stderr and the runtime's own log as they were written, within START and END of their invocation."""
    bench = Bench(tmp_path)
    orders = function(write(tmp_path / "code", LOGGING))

    async def work(pool: Pool) -> list[bytes]:
        return [(await bench.invoke(pool, orders)).log_tail for _number in range(5)]

    tails = bench.run(work, make=Containers)

    assert "".join(text for text in bench.text) == b"".join(tails).decode()
    for number, tail in enumerate(tails, 1):
        request = f"RequestId: 00000000-0000-4000-8000-{number:012d}"
        *lines, report = tail.decode().splitlines()
        lines[3] = lines[3].split("\t", 3)[0] + " " + lines[3].split("\t", 3)[3]
        assert lines == [f"START {request} Version: $LATEST", "one", "two", "[INFO] three", "lines", "four", f"END {request}"]
        fields = [part.split(":")[0] for part in report.split("\t")]
        cold = ["Init Duration", ""] if number == 1 else [""]
        assert fields == ["REPORT RequestId", "Duration", "Billed Duration", "Memory Size", "Max Memory Used", *cold]


@pytest.mark.usefixtures("engine")
def test_several_containers_at_once(tmp_path: Path) -> None:
    """Twelve events over three containers: each answered once, with its own lines in its own log and nobody else's."""
    bench = Bench(tmp_path, concurrency=3)
    text = (
        "import uuid\nme = str(uuid.uuid4())\ndef handler(event, context):\n    print('event', event)\n    return [me, event]\n"
    )
    orders = function(write(tmp_path / "code", text))

    async def one(pool: Pool, number: int) -> tuple[str, int, list[str]]:
        while True:
            try:
                execution = await bench.invoke(pool, orders, number)
                break
            except TooManyRequestsError:
                await asyncio.sleep(0.1)
        me, event = json.loads(execution.payload)
        return me, event, execution.log_tail.decode().splitlines()[1:-2]

    async def work(pool: Pool) -> list[tuple[str, int, list[str]]]:
        return list(await asyncio.gather(*(one(pool, number) for number in range(12))))

    told = bench.run(work, make=Containers)
    assert [(event, lines) for _me, event, lines in told] == [(number, [f"event {number}"]) for number in range(12)]
    assert len({me for me, _event, _lines in told}) == 3


def test_a_container_killed_from_outside(engine: Engine, tmp_path: Path) -> None:
    """While it is idle, the next event gets a new one; while it runs, the invocation is told as a crash."""
    bench = Bench(tmp_path)
    orders = function(write(tmp_path / "code", APP), timeout_s=30.0)

    async def work(pool: Pool) -> list[tuple[str, str | None]]:
        told = [outcome(await bench.invoke(pool, orders))]
        await asyncio.to_thread(_kill, engine, tmp_path)
        told.append(outcome(await bench.invoke(pool, orders)))
        running = asyncio.create_task(bench.invoke(pool, orders, {"do": "sleep"}))
        await asyncio.sleep(1.0)
        await asyncio.to_thread(_kill, engine, tmp_path)
        told.append(outcome(await running))
        return [(each["status"], each["cold"]) for each in told]

    assert bench.run(work, make=Containers) == [("success", "ok"), ("success", "ok"), ("crash", None)]


def _kill(engine: Engine, folder: Path) -> None:
    for container in containers.there(engine, folder / "desk").values():
        if container.status == "running":
            container.kill()
            container.wait()
