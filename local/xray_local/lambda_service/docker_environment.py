"""Execution environments in containers, laid out as Lambda lays them out: the base image of the runtime, or the function's own.

    /var/task    the code, read-only            /tmp    512 MB of its own
    /opt         the merged layers, read-only   limit   MemorySize

As on Lambda nothing but /tmp can be written to, there are no privileges, and what a process may have open is limited.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import docker

from . import hosts, settings
from .docker_container import RuntimeContainer, Surroundings
from .docker_engine import DockerError, Engine, Reach, connect, remove, said
from .hosts import Prepared
from .layers import Storage, fingerprint
from .model import Desk, Function, LambdaError
from .runtimes import aloud

TASK_ROOT = "/var/task"
OPT = "/opt"
LOG = "/run/xray-local.log"
# What the engine refuses, and what happens when it is gone.
ENGINE_ERRORS = (docker.errors.DockerException, OSError)
# What the image itself sets, to what is true in it. A function's own variables go before.
OF_THE_IMAGE = ("LANG", "LD_LIBRARY_PATH", "PATH", "TMPDIR")
OF_THE_BASE_IMAGE = ("LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "_HANDLER")
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
FILES = 1024
PROCESSES = 1024
MIB = 1024 * 1024
# `exec`, since the engine's default forbids to run what a function has put there; everybody may write.
TMP = "rw,exec,nosuid,nodev,size=512m,mode=1777"


@dataclasses.dataclass(frozen=True)
class Mounts:
    """What of this machine a container sees."""

    task_root: Path | None
    """None for an image, which has its code in it."""
    opt: Path
    """The merged layers. To an image our own is added beside what it has in /opt."""
    log: Path | None = None
    """The named pipe that the base image's output goes to, if the engine's kernel is ours: all of it is here when it is
    written, while the engine's stream may be late."""

    def of(self) -> list[Any]:
        """As the engine wants them."""
        if self.task_root is not None:
            pairs = [(self.task_root, TASK_ROOT), (self.opt, OPT)]
        else:
            pairs = [(entry, f"{OPT}/{entry.name}") for entry in sorted(self.opt.iterdir())]
        pairs += [(self.log, LOG)] if self.log is not None else []
        return [docker.types.Mount(target, str(source.resolve()), "bind", read_only=True) for source, target in pairs]


def variables(desk: Desk, function: Function, stream: str, reach: Reach) -> dict[str, str]:
    """The environment of a container, with addresses that lead from there to this machine."""
    seen = dataclasses.replace(
        desk,
        daemon_address=reach.address(desk.daemon_address),
        endpoint=reach.url(desk.endpoint),
        aws_endpoint=desk.aws_endpoint and reach.url(desk.aws_endpoint),
    )
    place = settings.Place(Path("/"), Path(TASK_ROOT), Path("/var/lang/bin/python3"))
    found = settings.variables(seen, function, place, stream)
    dropped = (*OF_THE_IMAGE, *OF_THE_BASE_IMAGE)
    # The runtime client frames what is logged, as on Lambda; in one stream with what is printed, so the order holds.
    logged = {"_LAMBDA_TELEMETRY_LOG_FD": "1"}
    return {name: value for name, value in found.items() if name not in dropped or name in function.environment} | logged


@dataclasses.dataclass(frozen=True)
class Image:
    """What a container is made from."""

    name: str
    entry_point: tuple[str, ...] | None = None
    """The base image's own, to be started through a shell that lays stderr and stdout together: the engine has a pipe for
    each and does not keep their order. None for a function's image, which may have no shell."""


def options(function: Function, image: Image, mounts: Mounts, environment: Mapping[str, str]) -> dict[str, Any]:
    """What containers.create is given, but for what depends on the engine."""
    redirected = f'exec "$0" "$@" >{LOG} 2>&1' if mounts.log else 'exec "$0" "$@" 2>&1'
    return {
        "image": image.name,
        "entrypoint": ["/bin/sh", "-c", redirected, *image.entry_point] if image.entry_point else None,
        # The handler is all that the base image's entry point wants; an image has its own command.
        "command": [function.handler] if function.handler else None,
        "name": f"xray-local-{function.name}-{secrets.token_hex(4)}",
        "environment": dict(environment),
        "mounts": mounts.of(),
        "tmpfs": {"/tmp": TMP},  # noqa: S108  (the container's)
        "read_only": True,
        "mem_limit": function.memory_mb * MIB,
        # As much as memory alone: no swap.
        "memswap_limit": function.memory_mb * MIB,
        "pids_limit": PROCESSES,
        "ulimits": [docker.types.Ulimit(name="nofile", soft=FILES, hard=FILES)],
        "cap_drop": ["ALL"],
        # Without labels, since SELinux would keep the container from reading the user's folders.
        "security_opt": ["no-new-privileges", "label=disable"],
        # The kernel keeps signals from a container's first process, so that a function that kills itself would live.
        "init": True,
        # Nobody but us reads it, and we are attached.
        "log_config": docker.types.LogConfig(type="none"),
    }


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the containers of a desk run."""

    desk: Desk
    engine: Engine
    discard: Callable[[Any], object]
    """Has the engine forget a container, some time later."""


class ContainerLauncher:
    """Starts the runtime of one environment in a container, and a second time if the first initialization failed."""

    def __init__(self, place: Place, image: Image, function: Function, mounts: Mounts) -> None:
        self._place, self._image, self._function, self._mounts = place, image, function, mounts

    async def start(
        self, stream: str, runtime_api: str, on_output: Callable[[bytes], None], threads: Executor
    ) -> RuntimeContainer:
        """Start a container that asks the Runtime API at that address of this machine."""
        engine = self._place.engine
        environment = variables(self._place.desk, self._function, stream, engine.reach)
        environment["AWS_LAMBDA_RUNTIME_API"] = engine.reach.address(runtime_api)
        wanted = options(self._function, self._image, self._mounts, environment)
        placed = {"network_mode": engine.reach.network, "user": engine.user, "labels": engine.labels}
        around = Surroundings(engine.client, self._place.discard, engine.shared, self._mounts.log)
        try:
            return await RuntimeContainer.start(around, {**wanted, **placed}, on_output, threads)
        except ENGINE_ERRORS as error:
            text = f"The container of {self._function.name} cannot be started: {said(error)}"
            raise LambdaError(text, "ServiceException", 500) from error


class Containers:
    """The container engine as a host: see hosts.Host."""

    def __init__(self, desk: Desk, folder: Path, storage: Storage) -> None:
        """Connect to the engine and remove what a killed xray-local left there; DockerError when there is no engine."""
        self._desk, self._storage = desk, storage
        self._engine = connect(folder.parent / "containers", aloud)
        # Left-overs are no reason not to start.
        with contextlib.suppress(*ENGINE_ERRORS):
            self._engine.sweep()
        self._sweeping = ThreadPoolExecutor(2, "xray-lambda-containers")
        self._place = Place(desk, self._engine, self._discard)
        self._built: dict[str, str] = {}
        """The state of the sources that an image was built from."""
        self._lock = threading.Lock()

    def sources(self, function: Function) -> tuple[Path, ...]:
        """Code and layers; an image that is not built here has none."""
        if function.image is None:
            return (function.code, *self._layers(function))
        return (*([function.code] if function.build is not None else []), *self._layers(function))

    def _layers(self, function: Function) -> tuple[Path, ...]:
        """As on Lambda, a function that is an image has no layers; ours is added all the same."""
        return hosts.layers(self._desk, function if function.image is None else dataclasses.replace(function, layers=()))

    def prepare(self, function: Function, folder: Path) -> Prepared:
        """See to the image, unpack the code, merge the layers."""
        try:
            image = self._image(function)
            entry_point = None if function.image is not None else self._engine.entry_point(image)
        except DockerError as error:
            raise LambdaError(f"{function.name}: {error}", "InvalidRuntimeException", 502) from error
        except ENGINE_ERRORS as error:
            raise LambdaError(f"{function.name}: the container engine fails: {said(error)}", "ServiceException", 500) from error
        merged = [self._storage.opt(self._layers(function))]
        task_root = None
        if function.image is None:
            task_root = self._storage.task_root(function.code)
            merged.append(task_root)
        log = _pipe(folder) if entry_point and self._engine.shared else None
        launcher = ContainerLauncher(self._place, Image(image, entry_point), function, Mounts(task_root, merged[0], log))
        return Prepared(launcher, tuple(merged))

    def _image(self, function: Function) -> str:
        """One at a time: several environments may want the same image at once."""
        with self._lock:
            if function.image is None or function.build is None:
                return self._engine.image(function)
            state = f"{function.build} {fingerprint((function.code,))}"
            if self._built.get(function.image) != state:
                self._engine.image(function)
                self._built[function.image] = state
            return function.image

    def _discard(self, container: Any) -> None:
        self._sweeping.submit(remove, container)

    def close(self) -> None:
        """Remove every container that is left."""
        self._sweeping.shutdown()
        self._engine.close()


def _pipe(folder: Path) -> Path:
    """A named pipe in the environment's folder."""
    folder.mkdir(parents=True)
    path = folder / "log"
    os.mkfifo(path)
    # Whoever the container runs as; the folder of the session is nobody's but the user's.
    path.chmod(0o666)
    return path
