"""The desk of the demo: a real `xray-local up -t template.yaml`, whose functions are invoked through boto3."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from examples.demo.surroundings import CREDENTIALS, REGION
from xray_local.terminal.source import EndpointSource, Reader, Trace

REPOSITORY = Path(__file__).resolve().parents[2]
RUNTIME = "python" + ".".join(platform.python_version_tuple()[:2])
# Lambda tries again after a minute; so the demo waits 1.2 s.
TIME_SCALE = 0.02
TOLD = re.compile(r"export (AWS_ENDPOINT_URL_XRAY|AWS_ENDPOINT_URL_LAMBDA)=(\S+)")
POLL_S = 0.05


class DemoError(Exception):
    """Something did not come; the text has what the functions and xray-local wrote."""


@dataclass(frozen=True)
class Answer:
    """What the caller of a function gets."""

    trace_id: str
    text: str


class Desk:
    """A running xray-local: invoke functions, and read what became of it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: list[str] = []
        self._told: dict[str, str] = {}
        self._ready = threading.Event()
        threading.Thread(target=self._read, name="demo-up", daemon=True).start()
        if not self._ready.wait(30) or len(self._told) < 2:
            raise DemoError(f"xray-local did not start\n{self.log()}")
        self._lambda = boto3.client("lambda", endpoint_url=self._told["AWS_ENDPOINT_URL_LAMBDA"], **CREDENTIALS)
        self.endpoint = self._told["AWS_ENDPOINT_URL_XRAY"]
        self.reader = Reader(EndpointSource(self.endpoint))

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        for line in self._process.stdout:
            self._lines.append(line)
            self._told.update(TOLD.findall(line))
            if len(self._told) == 2:
                self._ready.set()
        self._ready.set()

    def log(self) -> str:
        """Everything that the functions and xray-local wrote."""
        return "".join(self._lines)

    def invoke(self, function: str, event: Mapping[str, Any]) -> Answer:
        """Invoke as every program does."""
        answer = self._lambda.invoke(FunctionName=function, Payload=json.dumps(event))
        header = answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-trace-id"]
        payload = json.load(answer["Payload"])
        failed = f"{payload['errorType']}: {payload['errorMessage']}" if "FunctionError" in answer else ""
        return Answer(header.removeprefix("Root=")[:35], failed or str(payload.get("statusCode")))

    def wait_for(self, trace_id: str, finished: Callable[[Trace], bool], seconds: float) -> Trace:
        """The trace as soon as it is `finished`. Raises DemoError."""
        until = time.monotonic() + seconds
        while True:
            found = next(self.reader.traces([trace_id]), None)
            if found and finished(found):
                return found
            if time.monotonic() > until:
                raise DemoError(f"the trace {trace_id} is not complete after {seconds} s: {found!r:.1000}\n{self.log()}")
            time.sleep(POLL_S)


@contextmanager
def desk(folder: Path, aws: str, parameters: Mapping[str, str]) -> Iterator[Desk]:
    """Starts xray-local with the repository's template on a free port, in memory; `folder` is for its files."""
    runtimes = folder / "runtimes"
    runtimes.mkdir(parents=True)
    # The Python of .venv has the runtime client and boto3: nothing is to be downloaded.
    (runtimes / RUNTIME).symlink_to(sys.prefix)
    overrides = " ".join(f"{name}={value}" for name, value in {"PythonRuntime": RUNTIME, **parameters}.items())
    options = [
        "--port",
        "0",
        "--memory",
        "--aws-endpoint",
        aws,
        "--time-scale",
        str(TIME_SCALE),
        "--parameter-overrides",
        overrides,
    ]
    command = [sys.executable, "-m", "xray_local.cli", "up", "-t", str(REPOSITORY / "template.yaml"), *options]
    # Nothing of the user's own AWS.
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**own, "AWS_REGION": REGION, "XRAY_LOCAL_HOME": str(folder), "XRAY_LOCAL_RUNTIMES": str(runtimes)}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as process:
        try:
            found = Desk(process)
            with found.reader:
                yield found
        finally:
            process.terminate()
