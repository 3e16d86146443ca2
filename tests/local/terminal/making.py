"""Documents with round times, and the command as a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.kit.pythons import REPOSITORY

Document = dict[str, Any]

TOLD = re.compile(r"export (?:AWS_XRAY_DAEMON_ADDRESS|AWS_ENDPOINT_URL_XRAY)=(\S+)")


def trace_id(number: int, at: float) -> str:
    """The trace id of that number, of that second."""
    return f"1-{int(at):08x}-{number:024x}"


def part(name: str, number: int, begin: float, end: float | None, **fields: Any) -> Document:
    """A segment or subsegment without a trace."""
    times = {"start_time": begin, **({"in_progress": True} if end is None else {"end_time": end})}
    return {"name": name, "id": f"{number:016x}", **times, **fields}


def request(number: int, at: float, **fields: Any) -> Document:
    """A service's segment with a refused call to a table, 1 s long."""
    aws = {"operation": "PutItem", "table_name": "orders", "request_id": "r"}
    http = {"response": {"status": 400}}
    call = part("DynamoDB", number * 100 + 1, at + 0.25, at + 0.5, namespace="aws", aws=aws, http=http, error=True)
    told = {"request": {"method": "POST", "url": "https://shop.example.com/orders?x=1"}, "response": {"status": 200}}
    return part(
        "shop", number * 100, at, at + 1, trace_id=trace_id(number, at), **{"http": told, "subsegments": [call], **fields}
    )


def texts(*documents: Document) -> list[str]:
    """As they are sent."""
    return [json.dumps(document) for document in documents]


def environment(home: Path, **more: str) -> dict[str, str]:
    """This process's, but for everything that the command looks at."""
    ours = ("AWS_", "XRAY_LOCAL", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "HTTP_PROXY", "http_proxy")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": str(REPOSITORY / "local"), "XRAY_LOCAL_HOME": str(home), "TERM": "dumb", **more}


def run(home: Path, *arguments: str, stdin: str | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    """The command to its end."""
    command = [sys.executable, "-m", "xray_local.cli", *arguments]
    return subprocess.run(  # noqa: S603 - the command under test
        command, env=environment(home, **more), input=stdin, capture_output=True, text=True, check=False, timeout=60
    )


@contextmanager
def up(home: Path, *arguments: str, **more: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """A server: its process, the daemon's address, the endpoint."""
    command = [sys.executable, "-m", "xray_local.cli", "up", *arguments]
    with subprocess.Popen(  # noqa: S603 - the command under test
        command, env=environment(home, **more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            found: list[str] = []
            while len(found) < 2 and (line := process.stdout.readline()):
                found += TOLD.findall(line)
            address, endpoint = found
            yield process, address, endpoint
        finally:
            process.terminate()
            process.communicate(timeout=20)


def wait_until(holds: Any, seconds: float = 10.0) -> None:
    """Until a function answers something true."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"not within {seconds} s"
        time.sleep(0.05)


def without(names: Mapping[str, Any], *left_out: str) -> dict[str, Any]:
    """A mapping without some of its keys."""
    return {key: value for key, value in names.items() if key not in left_out}
