"""The container engine of this machine and the image that functions run in, or the reason why a test is skipped."""

from __future__ import annotations

import functools
import gc
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.kit import base_image
from xray_local.lambda_service.docker_engine import BASE_IMAGE, OWNER, DockerError, Engine, connect


@contextmanager
def sockets_forgiven() -> Iterator[None]:
    """While there is no engine: docker's connection forgets to close the socket that it could not connect."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            yield
        finally:
            gc.collect()


def refused(folder: Path, environ: Mapping[str, str]) -> str:
    """Why there is no engine for that environment; empty when there is one."""
    with sockets_forgiven():
        try:
            connect(folder, print, environ).close()
        except DockerError as error:
            return str(error)
    return ""


@functools.cache
def _absent() -> str:
    with tempfile.TemporaryDirectory() as folder:
        return refused(Path(folder), os.environ)


def engine(folder: Path) -> Engine:
    """An engine of the test's own, to be closed; or the test is skipped and says why."""
    if reason := _absent():
        pytest.skip(reason)
    return connect(folder, print)


def there(engine: Engine, folder: Path | None = None) -> dict[str, Any]:
    """The containers of every xray-local by their ids, or of those that keep their locks below a folder."""
    found = engine.client.containers.list(all=True, filters={"label": OWNER}, ignore_removed=True)
    below = str((folder or Path("/")).resolve())
    return {container.id: container for container in found if container.labels[OWNER].startswith(below)}


@functools.cache
def image() -> str:
    """The base image: AWS's own where it is or can be pulled, else the look-alike; or the test is skipped and says why."""
    client = docker.from_env(timeout=600)
    name = BASE_IMAGE.format(version=base_image.VERSION)
    try:
        # A look-alike that was made is the sign that nothing could be pulled.
        if base_image.present(client) or not (_has(client, name) or _pulled(client, name)):
            name = base_image.image(client)
    except base_image.NoImageError as error:
        pytest.skip(str(error))
    finally:
        client.close()
    return name


def _has(client: Any, name: str) -> bool:
    try:
        client.images.get(name)
    except docker.errors.ImageNotFound:
        return False
    return True


def _pulled(client: Any, name: str) -> bool:
    try:
        client.images.pull(name)
    except docker.errors.DockerException:
        return False
    return True
