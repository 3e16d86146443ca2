"""The runtime as a child process: started through Lambda's bootstrap, in a session of its own, ended with all its children."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.resources
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .output import Output

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown: a runtime with
# internal extensions has 500 ms between SIGTERM and SIGKILL.
GRACE_S = 0.5
FILES = ("bootstrap", "bootstrap.py")


def furnish(folder: Path) -> None:
    """Put the runtime's own files there: LAMBDA_RUNTIME_DIR must hold nothing else, it is on sys.path."""
    folder.mkdir(parents=True, exist_ok=True)
    source = importlib.resources.files("xray_local.lambda_service.runtime")
    for name in FILES:
        (folder / name).write_bytes((source / name).read_bytes())


@dataclass(frozen=True)
class Command:
    """What is started and where."""

    runtime: Path
    """The folder with bootstrap."""
    python: Path
    version: str
    opt: Path
    task_root: Path
    environment: Mapping[str, str]

    def arguments(self) -> list[str]:
        """Lambda's bootstrap is bash; a system without it has a shell that does the same but for SHLVL and _."""
        shell = shutil.which("bash") or "/bin/sh"
        return [shell, str(self.runtime / "bootstrap"), str(self.python), self.version, str(self.opt)]


@dataclass(frozen=True)
class Exit:
    """How a process ended."""

    at: float
    code: int
    """Negative: minus the signal."""
    error_type: str = "Runtime.ExitError"
    """What the caller is told; a container's engine knows when it was Runtime.OutOfMemory."""

    def described(self) -> str:
        """In the words of Lambda's messages, which are those of Go's os/exec."""
        if self.code == 0:
            return "Runtime exited without providing a reason"
        if self.code > 0:
            return f"Runtime exited with error: exit status {self.code}"
        return f"Runtime exited with error: signal: {(signal.strsignal(-self.code) or str(-self.code)).lower()}"


class RuntimeProcess:
    """One process of the runtime with everything it started; lives on the event loop."""

    def __init__(
        self, process: subprocess.Popen[bytes], output: int, marker: str, on_output: Callable[[bytes], None], began: float
    ) -> None:
        """`marker` is a variable, NAME=value, by which children are known that left the process group."""
        self._loop = asyncio.get_running_loop()
        self.pid, self.began = process.pid, began
        self.exited: asyncio.Future[Exit] = self._loop.create_future()
        self._process, self._output, self._marker = process, Output(output, on_output), marker
        self._peak_kb = 0
        threading.Thread(target=self._reap, name=f"xray-lambda-{process.pid}", daemon=True).start()

    @classmethod
    async def start(cls, command: Command, runtime_api: str, on_output: Callable[[bytes], None], threads: Executor) -> Self:
        """Start the bootstrap."""
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        environment = {**command.environment, "AWS_LAMBDA_RUNTIME_API": runtime_api, "_LAMBDA_TELEMETRY_LOG_FD": str(writing)}

        began = time.time()

        def spawn() -> subprocess.Popen[bytes]:
            return subprocess.Popen(  # noqa: S603 - the function's own runtime
                command.arguments(),
                env=environment,
                cwd=command.task_root,
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                pass_fds=(writing,),
                start_new_session=True,
            )

        try:
            process = await asyncio.get_running_loop().run_in_executor(threads, spawn)
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        # Not the Runtime API's address: ports are given out again, and somebody else's process may still have it in mind.
        marker = f"AWS_LAMBDA_LOG_STREAM_NAME={environment['AWS_LAMBDA_LOG_STREAM_NAME']}"
        return cls(process, reading, marker, on_output, began)

    def alive(self) -> bool:
        """Whether it runs, asked of the system: what the reaper thread has to say may still be on its way."""
        if self.exited.done() or _ended(self.pid):
            return False
        if not hasattr(os, "waitid"):
            return True
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None
        except ChildProcessError:
            return False

    async def settle(self) -> None:
        """Pass on everything that was written until now."""
        self._output.read()

    def peak_mb(self) -> int | None:
        """The most memory it ever had, in MiB; None where the system does not tell."""
        if not self.exited.done():
            self._peak_kb = max(self._peak_kb, peak_kb(self.pid))
        return -(-self._peak_kb // 1024) or None

    async def end(self, grace_s: float = 0.0) -> Exit:
        """Kill it and all its children, at once or with a warning before; gives how it ended."""
        if grace_s and not self.exited.done():
            self._signal(signal.SIGTERM)
            await asyncio.wait({self.exited}, timeout=grace_s)
        self._signal(signal.SIGKILL)
        ended = await asyncio.shield(self.exited)
        self._output.read()
        self._output.close()
        return ended

    def _signal(self, number: int) -> None:
        # Until it is reaped its group cannot belong to anybody else.
        if not self.exited.done():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def _reap(self) -> None:
        # Before it is reaped, while nobody else can have its number; macOS cannot wait without reaping before Python 3.13.
        if hasattr(os, "waitid"):
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        else:
            self._process.wait()
        at = time.time()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        code = self._process.wait()
        kill_by_variable(f"{self._marker}\0")
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._ended, Exit(at, code))

    def _ended(self, ended: Exit) -> None:
        self._output.read()
        self.exited.set_result(ended)


def _ended(pid: int) -> bool:
    """Whether a process is over while threads of its are still leaving: wait tells only when the last of them is gone."""
    with contextlib.suppress(OSError, IndexError):
        # proc(5): the state follows the name, which is in parentheses and may hold some itself.
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] in "ZX"
    return False


def peak_kb(pid: int) -> int:
    """The most memory that a process ever had; 0 where the system does not tell.

    Not wait4's ru_maxrss: a child begins with its parent's, and keeps it over exec.
    """
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


def kill_by_variable(text: str) -> None:
    """Kill every process of this user that has this in its environment; only Linux tells.

    So those are found that made themselves a session of their own.
    """
    wanted = text.encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (folder / "environ").read_bytes() and int(folder.name) != os.getpid():
                os.kill(int(folder.name), signal.SIGKILL)
