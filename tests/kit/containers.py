"""The container engine of this machine and the image that functions run in, or the reason why a test is skipped."""

from __future__ import annotations

import functools
import gc
import os
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import docker
import pytest

from tests.kit import base_image
from xray_local.lambda_service.docker_engine import BASE_IMAGE, DockerError, Engine, connect


def refused(folder: Path, environ: Mapping[str, str]) -> str:
    """Why there is no engine for that environment; empty when there is one."""
    with warnings.catch_warnings():
        # docker's connection forgets to close the socket that it could not connect.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            connect(folder, print, environ).close()
        except DockerError as error:
            reason = str(error)
        else:
            reason = ""
        gc.collect()
    return reason


@functools.cache
def _absent() -> str:
    with tempfile.TemporaryDirectory() as folder:
        return refused(Path(folder), os.environ)


def engine(folder: Path) -> Engine:
    """An engine of the test's own, to be closed; or the test is skipped and says why."""
    if reason := _absent():
        pytest.skip(reason)
    return connect(folder, print)


@functools.cache
def image() -> str:
    """The base image: AWS's own where the engine has it, else the look-alike; or the test is skipped and says why."""
    client = docker.from_env(timeout=600)
    name = BASE_IMAGE.format(version=base_image.VERSION)
    try:
        client.images.get(name)
    except docker.errors.ImageNotFound:
        pass
    else:
        return name
    try:
        return base_image.image(client)
    except base_image.NoImageError as error:
        pytest.skip(str(error))
    finally:
        client.close()
