"""The container engine: whether there is one, how its containers reach this machine, and the images that functions need.

Everything here waits for the engine and is called from threads. Containers carry two labels: that they are ours, and the
path of a file that their xray-local holds locked as long as it lives. So the next start can tell left-overs from the
containers of another xray-local, and a process id that was given out again deceives nobody.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit, urlunsplit

from .model import Function, ImageBuild

LABEL = "xray-local"
OWNER = "xray-local.owner"
IMAGE_VARIABLE = "XRAY_LOCAL_DOCKER_IMAGE"
HOST_VARIABLE = "XRAY_LOCAL_DOCKER_HOST"
# What Lambda runs itself, as AWS publishes it.
BASE_IMAGE = "public.ecr.aws/lambda/python:{version}"
DESKTOP_HOST = "host.docker.internal"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"})  # noqa: S104  (a server on all of them is on loopback too)
# Importing or copying an image on a slow disk takes minutes; the package gives up after one.
ENGINE_TIMEOUT_S = 600.0


class DockerError(Exception):
    """There is no engine, or it cannot do what is wanted; the text says what to do, for the user."""


@dataclass(frozen=True)
class Reach:
    """How a container reaches servers on this machine's loopback."""

    host: str
    """The name or address that stands for this machine in a container."""
    network: str | None
    """The container's network; None: the engine's own default."""

    def address(self, address: str) -> str:
        """host:port as a container has to write it."""
        host, _, port = address.rpartition(":")
        return f"{self.host}:{port}" if host.strip("[]") in LOOPBACK else address

    def url(self, url: str) -> str:
        """A URL as a container has to write it."""
        parts = urlsplit(url)
        if parts.hostname not in LOOPBACK:
            return url
        port = f":{parts.port}" if parts.port else ""
        return urlunsplit(parts._replace(netloc=f"{self.host}{port}"))


def reach(info: Mapping[str, Any], host: str | None = None, platform: str = sys.platform) -> Reach:
    """How to reach this machine from that engine's containers; `info` is what the engine says of itself.

    Where engine and xray-local share a kernel, only the host's own network has the host's loopback, and there everything
    of ours stays on 127.0.0.1. A desktop's engine runs in a virtual machine, whose `host.docker.internal` is forwarded to
    the loopback of the machine around it.
    """
    if host:
        return Reach(host, None)
    if platform != "linux" or str(info.get("OperatingSystem", "")).startswith("Docker Desktop"):
        return Reach(DESKTOP_HOST, None)
    if rootless(info):
        raise DockerError(
            "a rootless engine's containers cannot reach this machine's loopback; use the system's engine, or let the engine "
            f"forward a name to the loopback and give that name in {HOST_VARIABLE}"
        )
    return Reach("127.0.0.1", "host")


def rootless(info: Mapping[str, Any]) -> bool:
    """Whether the engine runs without root: there, root in a container is the user outside."""
    return any("rootless" in option for option in info.get("SecurityOptions") or ())


@dataclass(frozen=True)
class Settings:
    """What the environment says about containers."""

    image: str = BASE_IMAGE
    """In place of AWS's base image: a mirror's, or one made locally. `{version}` becomes 3.13."""
    host: str | None = None
    """The name by which containers reach this machine, on the engine's default network."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read them, once."""
        return cls(environ.get(IMAGE_VARIABLE) or BASE_IMAGE, environ.get(HOST_VARIABLE) or None)


class Engine:
    """A running engine, for the length of one service."""

    def __init__(
        self, client: Any, info: Mapping[str, Any], settings: Settings, folder: Path, tell: Callable[[str], object]
    ) -> None:
        """`client` is a docker.DockerClient, `info` what its engine says of itself; `tell` gets a line when it takes long."""
        self.client = client
        self._settings, self._tell = settings, tell
        if info.get("OSType", "linux") != "linux":
            raise DockerError("the engine runs Windows containers; Lambda's images need Linux containers")
        self.reach = reach(info, settings.host)
        # The user's own files stay readable without any privilege, and what the function writes is the user's.
        self.user = None if rootless(info) or sys.platform != "linux" else f"{os.getuid()}:{os.getgid()}"
        self._owner = _owned(folder)

    @property
    def shared(self) -> bool:
        """Whether its kernel is this machine's."""
        return self.reach.network == "host"

    @property
    def labels(self) -> dict[str, str]:
        """For every container of ours."""
        return {LABEL: "environment", OWNER: self._owner.name}

    def image(self, function: Function) -> str:
        """The image that the function runs in, built or pulled now if it is not there."""
        if function.image is not None and function.build is not None:
            return self._built(function.image, function.build, function)
        version = function.runtime.removeprefix("python")
        name = function.image or self._settings.image.format(version=version)
        docker = _docker()
        try:
            self.client.images.get(name)
        except docker.errors.ImageNotFound:
            self._pull(name)
        return name

    def _pull(self, name: str) -> None:
        docker = _docker()
        self._tell(f"pulling {name}")
        try:
            self.client.images.pull(name)
        except docker.errors.DockerException as error:
            raise DockerError(
                f"the image {name} is not there and cannot be pulled: {said(error)}. `docker pull {name}` says more; "
                f"{IMAGE_VARIABLE} names another base image, such as a mirror's"
            ) from error

    def _built(self, name: str, build: ImageBuild, function: Function) -> str:
        docker = _docker()
        self._tell(f"building {name} for {function.name}")
        try:
            self.client.images.build(
                path=str(function.code),
                dockerfile=build.dockerfile,
                buildargs=dict(build.args),
                target=build.target,
                tag=name,
                rm=True,
                forcerm=True,
                network_mode=self.reach.network,
            )
        except docker.errors.BuildError as error:
            log = "".join(str(line.get("stream") or line.get("error") or "") for line in error.build_log)
            raise DockerError(f"building the image of {function.name} failed: {log.strip()[-2000:] or error}") from error
        except (docker.errors.DockerException, TypeError, OSError) as error:
            raise DockerError(f"building the image of {function.name} failed: {said(error)}") from error
        return name

    def entry_point(self, image: str) -> tuple[str, ...] | None:
        """What the image starts its command with, if anything."""
        return tuple(self.client.images.get(image).attrs["Config"].get("Entrypoint") or ()) or None

    def sweep(self) -> int:
        """Remove the containers of every xray-local that is gone; how many there were."""
        found = self.client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True)
        return sum(remove(container) for container in found if not _alive(container.labels.get(OWNER, "")))

    def close(self) -> None:
        """Remove what is left of ours, and let go of the engine."""
        label = f"{OWNER}={self._owner.name}"
        with contextlib.suppress(_docker().errors.DockerException, OSError):
            for container in self.client.containers.list(all=True, filters={"label": label}, ignore_removed=True):
                remove(container)
        Path(self._owner.name).unlink(missing_ok=True)
        self._owner.close()
        self.client.close()


def connect(folder: Path, tell: Callable[[str], object], environ: Mapping[str, str] = os.environ) -> Engine:
    """The engine that the docker command would use; DockerError when none answers. The owner's file goes into the folder."""
    docker = _docker()
    try:
        # One log stream and one wait per environment, beside the calls.
        client = docker.from_env(timeout=ENGINE_TIMEOUT_S, max_pool_size=100, environment=dict(environ))
        info = client.info()
    except (docker.errors.DockerException, OSError) as error:
        raise DockerError(
            f"no container engine answers{_where(environ)} ({said(error)}). "
            "Start Docker (Docker Desktop, or the docker service), see that "
            "`docker info` works for this user, or set DOCKER_HOST to where it listens; without --docker, functions run as "
            "processes of this machine"
        ) from error
    return Engine(client, info, Settings.from_env(environ), folder, tell)


def remove(container: Any) -> bool:
    """Kill a container and have the engine forget it; whether that was to be done."""
    try:
        container.remove(force=True, v=True)
    except (_docker().errors.DockerException, OSError):
        return False  # somebody else did, or the engine is gone
    return True


def _docker() -> Any:
    # 150 ms, for those who asked for containers.
    import docker  # noqa: PLC0415

    return docker


def _where(environ: Mapping[str, str]) -> str:
    return f" at {environ['DOCKER_HOST']}" if environ.get("DOCKER_HOST") else ""


def _system(error: BaseException | None) -> str | None:
    """What the operating system said, below what three HTTP packages made of it."""
    while error is not None:
        if isinstance(error, OSError) and error.strerror:
            return error.strerror
        error = error.__cause__ or error.__context__
    return None


def said(error: BaseException) -> str:
    """The engine's own words, or the system's where there is no engine, without what HTTP packages add."""
    return str(getattr(error, "explanation", None) or _system(error) or error).strip().rstrip(".")


def _owned(folder: Path) -> IO[str]:
    """A new file, locked until this process ends in whatever way."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, path = tempfile.mkstemp(".owner", "containers-", folder.resolve())
    file = open(path, "w", encoding="utf-8")  # noqa: PTH123, SIM115  (open as long as we live)
    os.close(descriptor)
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def _alive(owner: str) -> bool:
    """Whether somebody holds that file; nobody does when it is gone."""
    try:
        with Path(owner).open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    Path(owner).unlink(missing_ok=True)
    return False
