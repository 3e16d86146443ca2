"""The pool of execution environments: warm ones first, new ones up to the limits, and none that outlives its use.

An event gets the environment of its function that was used last, if the code is still the same; else a new one. What is over
the limit is refused at once, as Lambda does: `reserved` for one function, the desk's for all together. Environments that are
idle do not count; the one that was idle longest makes room for another function's.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import functools
import logging
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from xray_local import home

from .environment import CLOSED, INIT_LIMIT_S, Environment, Outside
from .hosts import Host, Machine
from .layers import Storage, fingerprint, remove
from .logs import Sink
from .model import Desk, Event, Execution, Function, LambdaError, TooManyRequestsError
from .ports import Started
from .process import kill_by_variable

LOG = logging.getLogger("xray_local")
MakeHost = Callable[[Desk, Path, Storage], Host]
# For what blocks: starting processes, looking at files. What may take long, pip or a download, has as many of its own.
THREADS = 8
LOCK = ".lock"
RESERVED_REASON = "ReservedFunctionConcurrentInvocationLimitExceeded"


def _silent(_name: str, _text: str) -> None:
    """No terminal."""


@dataclass(frozen=True)
class _Order:
    """An event on its way to an environment."""

    function: Function
    version: str
    """The fingerprint of code and layers."""
    event: Event


@dataclass(eq=False)
class _Resident:
    """An environment and what it was made from."""

    environment: Environment
    function: Function
    version: str
    folder: Path
    merged: tuple[Path, ...]
    """What it uses of the storage."""
    expiry: asyncio.TimerHandle | None = None


class Pool:
    """The Executor. Use it on one event loop, and close it there."""

    def __init__(self, desk: Desk, sink: Sink = _silent, make: MakeHost = Machine, init_limit_s: float = INIT_LIMIT_S) -> None:
        """`sink` gets every record of the functions' logs."""
        self._desk = desk
        self._threads = ThreadPoolExecutor(THREADS, "xray-lambda")
        self._preparing = ThreadPoolExecutor(THREADS, "xray-lambda-prepare")
        self._outside = Outside(desk, self._threads, sink, init_limit_s=init_limit_s)
        folder = desk.folder or home.folder() / "lambda"
        self._session = _Session(folder / "sessions")
        self._storage = Storage(self._session.folder)
        self._host = make(desk, folder / "runtimes", self._storage)
        self._residents: set[_Resident] = set()
        self._idle: list[_Resident] = []
        """The one that was used last is last."""
        self._current: dict[str, tuple[Function, str]] = {}
        """What the latest event of each function was for; environments of anything else leave when they are free."""
        self._busy: Counter[str] = Counter()
        self._running: set[asyncio.Task[Execution]] = set()
        self._leaving: set[asyncio.Task[None]] = set()
        self._made = 0
        self._ending: asyncio.Task[None] | None = None

    async def execute(self, function: Function, event: Event, started: Started) -> Execution:
        """Run one event in an environment of the function."""
        self._refuse(function)
        loop = asyncio.get_running_loop()
        version = await loop.run_in_executor(self._threads, lambda: fingerprint(self._host.sources(function)))
        # The limits again: others had their turn while the files were looked at.
        self._refuse(function)
        resident = self._take(function, version)
        self._busy[function.name] += 1
        task = asyncio.create_task(self._run(_Order(function, version, event), resident, started))
        self._running.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """End every environment and remove their folders; what runs is killed and told as a crash."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._close())
        await asyncio.shield(self._ending)

    async def _close(self) -> None:
        while self._residents or self._running or self._leaving:
            for resident in list(self._residents):
                self._leave(resident)
            await asyncio.gather(*self._running, *self._leaving, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(self._threads, self._host.close)
        self._threads.shutdown(wait=False)
        self._preparing.shutdown(wait=False, cancel_futures=True)
        self._session.close()

    def health(self) -> dict[str, list[dict[str, str]]]:
        """The environments by the names of their functions."""
        found: dict[str, list[dict[str, str]]] = {}
        for resident in sorted(self._residents, key=lambda resident: resident.folder.name):
            told = {"name": resident.folder.name, "state": "idle" if resident in self._idle else "busy"}
            found.setdefault(resident.function.name, []).append(told)
        return found

    def _refuse(self, function: Function) -> None:
        if self._ending is not None:
            raise CLOSED
        if function.concurrency is not None and self._busy[function.name] >= function.concurrency:
            raise TooManyRequestsError(reason=RESERVED_REASON)
        if self._busy.total() >= self._desk.concurrency:
            raise TooManyRequestsError

    def _take(self, function: Function, version: str) -> _Resident | None:
        """A warm environment; what is outdated or dead leaves on this occasion."""
        found = None
        for resident in reversed([resident for resident in self._idle if resident.function.name == function.name]):
            current = resident.function == function and resident.version == version and resident.environment.usable
            if not current:
                self._leave(resident)
            elif found is None:
                found = resident
        if found is not None:
            self._unpark(found)
        elif self._idle and len(self._idle) + self._busy.total() >= self._desk.concurrency:
            self._leave(self._idle[0])
        self._current[function.name] = (function, version)
        return found

    async def _run(self, order: _Order, resident: _Resident | None, started: Started) -> Execution:
        name = order.function.name
        try:
            if resident is None:
                resident = await self._make(order.function, order.version)
            execution = await resident.environment.execute(order.event, started)
        except BaseException:
            if resident is not None:
                self._leave(resident)
            raise
        finally:
            self._busy[name] -= 1
        if resident.environment.usable and self._current[name] == (resident.function, resident.version) and self._ending is None:
            self._park(resident)
        else:
            self._leave(resident)
        return execution

    async def _make(self, function: Function, version: str) -> _Resident:
        loop = asyncio.get_running_loop()
        self._made += 1
        folder = self._session.folder / f"environment-{self._made}"
        prepared = None
        try:
            prepared = await loop.run_in_executor(self._preparing, self._host.prepare, function, folder)
        finally:
            if prepared is None:
                await loop.run_in_executor(self._threads, remove, folder)
        if self._ending is not None:
            raise CLOSED
        environment = Environment(self._outside, function, prepared.launcher)
        resident = _Resident(environment, function, version, folder, prepared.merged)
        environment.on_exit = functools.partial(self._lost, resident)
        self._residents.add(resident)
        return resident

    def _park(self, resident: _Resident) -> None:
        self._idle.append(resident)
        loop = asyncio.get_running_loop()
        resident.expiry = loop.call_later(self._desk.idle_s, self._leave, resident)

    def _unpark(self, resident: _Resident) -> None:
        if resident.expiry is not None:
            resident.expiry.cancel()
            resident.expiry = None
        if resident in self._idle:
            self._idle.remove(resident)

    def _lost(self, resident: _Resident) -> None:
        """Its process ended by itself. While it has an event, that is told there."""
        if resident in self._idle:
            self._leave(resident)

    def _leave(self, resident: _Resident) -> None:
        self._unpark(resident)
        if resident in self._residents:
            self._residents.discard(resident)
            task = asyncio.create_task(self._end(resident))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def _end(self, resident: _Resident) -> None:
        await resident.environment.close()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, remove, resident.folder)
        await loop.run_in_executor(self._threads, self._storage.release, resident.merged)

    def _done(self, task: asyncio.Task[Execution]) -> None:
        """A caller that went away does not ask; what nobody is told is at least in our own log."""
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, LambdaError):
            LOG.error("an execution environment failed", exc_info=error)


class _Session:
    """A folder for as long as this process lives; those of processes that were killed are removed by the next one."""

    def __init__(self, parent: Path) -> None:
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in parent.iterdir():
            _remove_abandoned(folder)
        self.folder = Path(tempfile.mkdtemp(dir=parent))
        self._lock: TextIO = (self.folder / LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self) -> None:
        """Remove it."""
        remove(self.folder)
        self._lock.close()


def _remove_abandoned(folder: Path) -> None:
    """Remove a session's folder, and end what still runs in it, if the process that locked it is gone.

    A runtime ends by itself when it finds nobody to ask for the next event; one that has an event goes on until then.
    """
    try:
        lock = (folder / LOCK).open("r+")
    except OSError:
        return  # being made, or being removed
    with lock, contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        kill_by_variable(f"\0LAMBDA_RUNTIME_DIR={folder}/")
        remove(folder)
