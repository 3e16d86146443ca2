"""Where execution environments run: what the pool asks of a host, and the host that is this machine itself."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from . import process, runtimes, settings
from .environment import Launcher
from .layers import Storage
from .model import Desk, Function, LambdaError
from .process import Command, RuntimeProcess


@dataclass(frozen=True)
class Prepared:
    """Everything an environment needs before its runtime can be started."""

    launcher: Launcher
    merged: tuple[Path, ...] = ()
    """What it uses of the storage, to be released when it is over."""


class Host(Protocol):
    """Prepares environments. Called from threads: everything here may block."""

    def sources(self, function: Function) -> tuple[Path, ...]:
        """The files and folders whose change makes the environments outdated."""

    def prepare(self, function: Function, folder: Path) -> Prepared:
        """Prepare an environment whose own folder this is; LambdaError says why there can be none."""

    def close(self) -> None:
        """All environments are gone."""


def layers(desk: Desk, function: Function) -> tuple[Path, ...]:
    """What is merged to /opt. Ours goes below the function's: of what both have, the function's stays."""
    return (*filter(None, [desk.trace_layer]), *function.layers)


class Machine:
    """This machine's own Pythons, as child processes."""

    def __init__(self, desk: Desk, runtimes_folder: Path, storage: Storage) -> None:
        self._desk, self._runtimes, self._storage = desk, runtimes_folder, storage

    def sources(self, function: Function) -> tuple[Path, ...]:
        """Code and layers."""
        return (function.code, *layers(self._desk, function))

    def prepare(self, function: Function, folder: Path) -> Prepared:
        """Unpack the code, merge the layers, find the Python."""
        if function.image is not None:
            raise LambdaError(f"{function.name} is a container image, which needs Docker.", "InvalidRuntimeException", 502)
        runtime = runtimes.prepared(function.runtime, self._runtimes)
        task_root = self._storage.task_root(function.code)
        opt = self._storage.opt(layers(self._desk, function))
        place = settings.Place(folder, task_root, runtime.python)
        place.tmp.mkdir(parents=True)
        process.furnish(place.runtime)
        place.opt.symlink_to(opt, target_is_directory=True)
        return Prepared(ProcessLauncher(self._desk, function, place, runtime.version), (task_root, opt))

    def close(self) -> None:
        """Prepared runtimes stay for the next time."""


@dataclass(frozen=True)
class ProcessLauncher:
    """Starts the runtime of one environment as a child process."""

    desk: Desk
    function: Function
    place: settings.Place
    version: str

    async def start(self, stream: str, runtime_api: str, on_output: Callable[[bytes], None], threads: Executor) -> RuntimeProcess:
        """Start it; `stream` is the name of the environment's log stream."""
        place = self.place
        variables = settings.variables(self.desk, self.function, place, stream)
        command = Command(place.runtime, place.python, self.version, place.opt, place.task_root, variables)
        return await RuntimeProcess.start(command, runtime_api, on_output, threads)
