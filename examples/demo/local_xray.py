"""X-Ray on this machine for the length of the demo: a real `xray-local up`, and what Lambda itself would send to it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xray_local.terminal.source import EndpointSource, Reader, Trace

Document = dict[str, Any]

HEADER = b'{"format":"json","version":1}\n'
TOLD = re.compile(r"export (AWS_XRAY_DAEMON_ADDRESS|AWS_ENDPOINT_URL_XRAY)=(\S+)")
POLL_S = 0.05


@dataclass(frozen=True)
class LocalXRay:
    """A running xray-local: where to send to, and where to ask."""

    address: str
    reader: Reader

    def send(self, document: Document) -> None:
        """One document, as a daemon gets it."""
        host, _, port = self.address.rpartition(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(HEADER + json.dumps(document).encode(), (host, int(port)))

    def wait_for(self, trace_id: str, finished: Callable[[Trace], bool], seconds: float) -> Trace:
        """The trace as soon as it is `finished`. Raises TimeoutError."""
        until = time.monotonic() + seconds
        while True:
            found = next(self.reader.traces([trace_id]), None)
            if found and finished(found):
                return found
            if time.monotonic() > until:
                raise TimeoutError(f"the trace {trace_id} is not complete after {seconds} s: {found!r:.1000}")
            time.sleep(POLL_S)


@contextmanager
def xray(folder: Path) -> Iterator[LocalXRay]:
    """Starts xray-local on a free port, in memory; `folder` is its data folder."""
    command = [sys.executable, "-m", "xray_local.cli", "up", "--port", "0", "--memory"]
    environment = {**os.environ, "XRAY_LOCAL_HOME": str(folder)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            told = _told(process)
            with Reader(EndpointSource(told["AWS_ENDPOINT_URL_XRAY"])) as reader:
                yield LocalXRay(told["AWS_XRAY_DAEMON_ADDRESS"], reader)
        finally:
            process.terminate()


def _told(process: subprocess.Popen[str]) -> dict[str, str]:
    """The two addresses that it prints when it is ready; what keeps it from starting is on standard error."""
    found: dict[str, str] = {}
    assert process.stdout is not None  # noqa: S101 - it was asked for
    while len(found) < 2:
        line = process.stdout.readline()
        if not line:
            raise TimeoutError("xray-local did not start")
        found.update(TOLD.findall(line))
    return found


@dataclass(frozen=True)
class Served:
    """One invocation as the Lambda service saw it; times in epoch seconds."""

    function: str
    arn: str
    header: str
    """The trace header the function got; its parent is the id of the function's segment."""
    asked: float
    taken: float
    """When an execution environment took the event."""
    answered: float
    error: Document | None
    """What the runtime posted, if the function failed."""


def segments(served: Served) -> Iterator[Document]:
    """The two segments that Lambda sends for a synchronous invocation, one of the service and one of the function."""
    fields = dict(part.split("=") for part in served.header.split(";"))
    service = {"id": os.urandom(8).hex(), "trace_id": fields["Root"], "name": served.function}
    yield {
        **service,
        "start_time": served.asked,
        "end_time": served.answered,
        "origin": "AWS::Lambda",
        "resource_arn": served.arn,
        # Invoke answers 200 also when the function has failed.
        "http": {"response": {"status": 200}},
        **({"error": True} if served.error else {}),
    }
    yield {
        **service,
        "id": fields["Parent"],
        "parent_id": service["id"],
        "start_time": served.taken,
        "end_time": served.answered,
        "origin": "AWS::Lambda::Function",
        "aws": {"account_id": served.arn.split(":")[4], "function_arn": served.arn},
        **({"fault": True} if served.error else {}),
    }
