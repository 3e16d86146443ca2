"""Runs a function under AWS's own Runtime Interface Emulator (RIE), the binary that SAM and the base images use.

It starts the runtime at the first invocation, restarts it after a crash, enforces the timeout, and gives neither
a trace id nor a daemon address. The binary comes out of the aws-sam-cli wheel; SAM itself is not installed.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Self

from tests.kit.process import Launch, Sandbox
from tests.kit.pythons import CACHE, MissingPythonError, locked

SAM = "1.170.0"
ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}
INVOKE = "/2015-03-31/functions/function/invocations"


def binary() -> Path:
    """The emulator for this machine, fetched once; MissingPythonError says why there is none."""
    architecture = ARCHITECTURES.get(platform.machine())
    if architecture is None or not sys.platform.startswith("linux"):
        raise MissingPythonError(f"no Runtime Interface Emulator for {sys.platform} on {platform.machine()}")
    target = CACHE / f"aws-lambda-rie-{SAM}-{architecture}"
    with locked("emulator"):
        if not target.exists():
            _fetch(f"samcli/local/rapid/aws-lambda-rie-{architecture}", target)
    return target


def _fetch(member: str, target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, f"aws-sam-cli=={SAM}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  (pip)
        if done.returncode:
            raise MissingPythonError(f"pip cannot download aws-sam-cli {SAM}: {done.stderr.strip()[-600:]}")
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            partial = target.with_suffix(".partial")
            partial.write_bytes(wheel.read(member))
    partial.chmod(0o755)
    partial.rename(target)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Emulator:
    """A function behind the emulator; use it in a `with` block."""

    def __init__(self, sandbox: Sandbox, launch: Launch) -> None:
        """Start the emulator and wait until it listens; the runtime starts with the first invocation."""
        self._port = _free_port()
        self._output = sandbox.root / "emulator"
        api = f"127.0.0.1:{_free_port()}"
        environment = sandbox.environment(launch, api)
        del environment["AWS_LAMBDA_RUNTIME_API"]
        options = ["--runtime-interface-emulator-address", f"127.0.0.1:{self._port}", "--runtime-api-address", api]
        command = [str(binary()), "--log-level", "error", *options, str(sandbox.bootstrap(launch)), launch.handler]
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603  (the emulator)
                command,
                env=environment,
                cwd=sandbox.task,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_it_listens()

    def _wait_until_it_listens(self) -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self._port), 1):
                return
            time.sleep(0.02)
        self.close()
        raise TimeoutError(f"the emulator does not listen: {self.output()!r}")

    def invoke(self, event: bytes) -> tuple[int, bytes]:
        """The HTTP status and the body that the invoker gets."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request("POST", INVOKE, event, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def output(self) -> bytes:
        """Everything that the function and the emulator wrote so far."""
        return self._output.read_bytes()

    def close(self) -> None:
        """End the emulator and with it the runtime."""
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(5)

    def __enter__(self) -> Self:
        """The emulator listens already."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """End it."""
        self.close()
