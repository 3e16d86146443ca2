"""One container of the engine in place of a process: its output, its memory, its end. See process.py for the other kind.

Each has a thread that reads its output and then waits for its end; everything else is a call that another thread makes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import docker
from docker.utils.socket import frames_iter

from .output import Output
from .process import Exit, peak_kb

# A shell and docker-init tell a signal so.
BY_SIGNAL = 128
# What passes through the engine is late, and nothing tells when all of it is here: so long must it be silent, and no longer is
# waited. A line mostly takes 1 to 6 ms; on two cores with a load of five some took more than 25.
SILENT_S = 0.05
SETTLE_LIMIT_S = 0.5
OUT_OF_MEMORY = "Runtime.OutOfMemory"


@dataclass(frozen=True)
class Surroundings:
    """What all containers have in common."""

    client: Any
    """A docker.DockerClient."""
    discard: Callable[[Any], object]
    """Has the engine forget a container, some time later: removing its files takes a while."""
    shared: bool
    """The engine's processes are this machine's: then /proc knows them."""
    log: Path | None = None
    """The named pipe that the container writes to; None where it writes to the engine."""


class RuntimeContainer:
    """The runtime in a container, with everything it started; lives on the event loop."""

    def __init__(self, container: Any, limit_kb: int, on_output: Callable[[bytes], None], threads: Executor) -> None:
        """`container` is created and not started; it may have so much memory."""
        self._loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[Exit] = self._loop.create_future()
        """Done when the container has ended and all of its output was handed on."""
        self._container, self._limit_kb, self._on_output, self._threads = container, limit_kb, on_output, threads
        self._discard: Callable[[Any], object] = lambda _container: None
        self.began = 0.0
        self._discarded = False
        self._output: Output | None = None
        self._heard = 0.0
        self._pid = 0
        self._peak_kb = 0

    @classmethod
    async def start(
        cls, around: Surroundings, options: Mapping[str, Any], on_output: Callable[[bytes], None], threads: Executor
    ) -> Self:
        """Create and start a container; `options` are those of docker's containers.create. Raises docker.errors.APIError."""
        loop = asyncio.get_running_loop()
        container = await loop.run_in_executor(threads, lambda: around.client.containers.create(**options))
        running = cls(container, options["mem_limit"] // 1024, on_output, threads)
        running._discard = around.discard
        if around.log is not None:
            # For writing as well: there is always a writer, so that no end is read before the container has begun to write.
            running._output = Output(os.open(around.log, os.O_RDWR | os.O_NONBLOCK), on_output)
        try:
            await loop.run_in_executor(threads, running._begin, around.shared)
        except BaseException:
            running._forget()
            raise
        return running

    def _begin(self, shared: bool) -> None:
        # Attached first: not a byte is lost, and the engine need not keep a log.
        stream = self._container.attach_socket(params={"stdout": 1, "stderr": 1, "stream": 1})
        before = time.time()
        try:
            self._container.start()
            after = time.time()
            self._container.reload()
        except BaseException:
            _close(stream)
            raise
        state = self._container.attrs["State"]
        # Within what this clock saw: the engine's may be a virtual machine's, which drifts.
        self.began = min(max(_seconds(state.get("StartedAt", ""), before), before), after)
        self._pid = int(state.get("Pid") or 0) if shared else 0
        threading.Thread(target=self._follow, args=(stream,), name="xray-lambda-container", daemon=True).start()

    def _follow(self, stream: Any) -> None:
        with contextlib.suppress(OSError):
            for _stdout_or_stderr, chunk in frames_iter(stream, tty=False):
                self._tell(self._hear, chunk)
        _close(stream)
        self._tell(self._end, self._outcome(time.time()))

    def _outcome(self, at: float) -> Exit:
        try:
            code = int(self._container.wait()["StatusCode"])
            self._container.reload()
            # The engine also says so when a child was killed and the function went on.
            memory = self._container.attrs["State"].get("OOMKilled") and code == BY_SIGNAL + signal.SIGKILL
        except (docker.errors.DockerException, OSError):
            # Removed by somebody else, or the engine is gone: either way its processes are.
            return Exit(at, -signal.SIGKILL)
        number = code - BY_SIGNAL
        code = -number if number in set(signal.Signals) else code
        return Exit(at, code, OUT_OF_MEMORY) if memory else Exit(at, code)

    def _hear(self, chunk: bytes) -> None:
        self._heard = self._loop.time()
        self._on_output(chunk)

    def _end(self, ended: Exit) -> None:
        if ended.error_type == OUT_OF_MEMORY:
            self._peak_kb = self._limit_kb
        if self._output is not None:
            self._output.read()
        if not self.exited.done():
            self.exited.set_result(ended)

    def _tell(self, function: Callable[[Any], object], value: Any) -> None:
        # The loop of a server that is shutting down takes no more calls, and nobody wants them.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, value)

    def alive(self) -> bool:
        """Whether it runs: asked of the system where that knows, else as far as the engine has told."""
        return not self.exited.done() and (not self._pid or Path(f"/proc/{self._pid}").exists())

    async def settle(self) -> None:
        """Wait until what was written until now has been passed on, as far as one can tell."""
        if self._output is not None:
            self._output.read()
            return
        begun = self._loop.time()
        while not self.exited.done() and self._loop.time() - begun < SETTLE_LIMIT_S:
            silent = self._loop.time() - max(self._heard, begun)
            if silent >= SILENT_S:
                return
            await asyncio.sleep(SILENT_S - silent)

    def peak_mb(self) -> int | None:
        """The most memory the runtime ever had, in MiB; None where the engine's processes are not this machine's."""
        if self._pid and not self.exited.done():
            # docker-init is the container's first process, the runtime its child.
            with contextlib.suppress(OSError, IndexError):
                children = Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text(encoding="ascii")
                self._peak_kb = max(self._peak_kb, peak_kb(int(children.split()[0])))
        return -(-self._peak_kb // 1024) or None

    async def end(self, grace_s: float = 0.0) -> Exit:
        """Kill it, at once or with a warning before; gives how it ended."""
        if grace_s and not self.exited.done():
            await self._call("kill", signal="SIGTERM")
            await asyncio.wait({self.exited}, timeout=grace_s)
        if not self.exited.done():
            await self._call("kill")
        ended = await asyncio.shield(self.exited)
        self._forget()
        return ended

    def _forget(self) -> None:
        if self._output is not None:
            self._output.close()
        if not self._discarded:
            self._discarded = True
            self._discard(self._container)

    async def _call(self, method: str, **arguments: Any) -> None:
        """Ask the engine; it may have forgotten the container, or be gone."""

        def ask() -> None:
            with contextlib.suppress(docker.errors.DockerException, OSError):
                getattr(self._container, method)(**arguments)

        await self._loop.run_in_executor(self._threads, ask)


def _close(stream: Any) -> None:
    """The docker package would leave the socket below, and the response around it, to the garbage collector."""
    parts: list[Any] = [getattr(stream, "_response", None), stream, getattr(stream, "_sock", None)]
    for part in filter(None, parts):
        with contextlib.suppress(OSError):
            part.close()


def _seconds(text: str, otherwise: float) -> float:
    """RFC 3339 with nanoseconds, as the engine writes times."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return otherwise
