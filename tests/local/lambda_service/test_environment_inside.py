"""What a function writes and what it sees: its log as Lambda has it, its variables."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import pytest

from tests.local.lambda_service import desks
from tests.local.lambda_service.desks import Bench
from tests.local.lambda_service.test_environments import function
from xray_local.lambda_service.model import Execution
from xray_local.lambda_service.pool import Pool


def test_the_log_of_invocations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole log of a cold start, an exception and a crash: Lambda's lines around the function's, in order."""
    text = """
import logging, sys
print("loading")
def handler(event, context):
    print("to stdout", end="")
    print("to stderr", file=sys.stderr)
    logging.getLogger().warning("two\\nlines")
    if event == "exit":
        sys.exit(7)
    raise ValueError("boom")
"""
    bench = Bench(tmp_path)
    orders = function(desks.write(tmp_path / "code", text), desks.runtime(monkeypatch), memory_mb=256)

    async def work(pool: Pool) -> list[bytes]:
        return [(await bench.invoke(pool, orders, how, segment_id=desks.SEGMENT)).log_tail for how in ("raise", "exit")]

    first, second = bench.run(work)

    ids = [f"00000000-0000-4000-8000-{number:012d}" for number in (1, 2)]
    said = "to stdoutto stderr\n[WARNING]\t#Z\t{}\ttwo\nlines\n"
    trace = f'[ERROR] ValueError: boom\nTraceback (most recent call last):\n\xa0\xa0File "{tmp_path}/code/app.py", line 10, in handler\n'
    report = "REPORT RequestId: {}\tDuration: # ms\tBilled Duration: # ms\tMemory Size: 256 MB\tMax Memory Used: # MB\t"
    xray = f"XRAY TraceId: {desks.ROOT}\tSegmentId: {desks.SEGMENT}\tSampled: true\t\n"
    assert _plain(first.decode()) == "".join(
        [
            f"loading\nSTART RequestId: {ids[0]} Version: $LATEST\n",
            said.format(ids[0]),
            f'{trace}\xa0\xa0\xa0\xa0raise ValueError("boom")\n',
            f"END RequestId: {ids[0]}\n",
            report.format(ids[0]) + "Init Duration: # ms\t\n",
            xray,
        ]
    )
    assert _plain(second.decode()) == "".join(
        [
            f"START RequestId: {ids[1]} Version: $LATEST\n",
            said.format(ids[1]),
            f"RequestId: {ids[1]} Error: Runtime exited with error: exit status 7\nRuntime.ExitError\n",
            f"END RequestId: {ids[1]}\n",
            report.format(ids[1]) + "Status: error\tError Type: Runtime.ExitError\n",
            xray,
        ]
    )
    assert bench.text == (first + second).decode()


def _plain(text: str) -> str:
    """Times and sizes become #."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "#Z", text)
    return re.sub(r"(Duration|Used): [\d.]+ ", r"\1: # ", text)


def test_a_tail_is_its_last_four_kilobytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that writes a megabyte: the sink gets all of it, the caller the end with REPORT."""
    text = "def handler(event, context):\n    for n in range(10_000):\n        print(str(n) * 20)\n"
    bench = Bench(tmp_path)
    orders = function(desks.write(tmp_path / "code", text), desks.runtime(monkeypatch), timeout_s=20.0)

    execution: Execution = bench.run(lambda pool: bench.invoke(pool, orders))

    assert len(execution.log_tail) == 4096
    assert bench.text.encode().endswith(execution.log_tail)
    lines = bench.text.splitlines()
    assert lines[1:10_001] == [str(n) * 20 for n in range(10_000)]


def test_the_variables_that_a_function_sees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda's variables, the desk's addresses, the function's own; nothing of the user's but the credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, f"own-{name}")
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("SECRET_OF_THE_USER", "1")
    text = "import os\ndef handler(event, context):\n    return dict(os.environ)\n"
    runtime = desks.runtime(monkeypatch)
    bench = Bench(tmp_path, aws_endpoint="http://127.0.0.1:5000", region="eu-north-1")
    own = {"TABLE": "orders", "TZ": "Europe/Oslo", "AWS_REGION": "mars-1", "AWS_LAMBDA_FUNCTION_NAME": "mine"}
    orders = function(desks.write(tmp_path / "code", text), runtime, environment=own, memory_mb=512)

    seen = json.loads(bench.run(lambda pool: bench.invoke(pool, orders)).payload)
    # Some versions of bash set the one; Python sets the other where the system has no en_US.UTF-8.
    seen.pop("_", None), seen.pop("LC_CTYPE", None)

    folder = Path(seen["TMPDIR"]).parent
    assert folder.is_relative_to(tmp_path / "desk")
    python = Path(os.environ["XRAY_LOCAL_RUNTIMES"]) / runtime / "bin"
    stream = seen["AWS_LAMBDA_LOG_STREAM_NAME"]
    assert stream.partition("[$LATEST]")[0] == time.strftime("%Y/%m/%d/", time.gmtime())
    assert seen == {
        "AWS_ACCESS_KEY_ID": "own-AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY": "own-AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN": "own-AWS_SESSION_TOKEN",
        "AWS_DEFAULT_REGION": "eu-north-1",
        "AWS_REGION": "eu-north-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:5000",
        "AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:9",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_NAME": "orders",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/orders",
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_RUNTIME_API": seen["AWS_LAMBDA_RUNTIME_API"],
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:9",
        "_AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1",
        "_AWS_XRAY_DAEMON_PORT": "9",
        "LAMBDA_RUNTIME_DIR": str(folder / "runtime"),
        "LAMBDA_TASK_ROOT": str(tmp_path / "code"),
        "LANG": "en_US.UTF-8",
        "LD_LIBRARY_PATH": f"{tmp_path}/code:{tmp_path}/code/lib:{folder}/opt/lib",
        "PATH": f"{python}:/usr/local/bin:/usr/bin:/bin:{folder}/opt/bin",
        "PWD": str(tmp_path / "code"),
        "PYTHONPATH": str(folder / "runtime"),
        "SHLVL": "0",
        "TABLE": "orders",
        "TMPDIR": str(folder / "tmp"),
        "TZ": "Europe/Oslo",
        "_HANDLER": "app.handler",
        "_X_AMZN_TRACE_ID": desks.HEADER,
    }
