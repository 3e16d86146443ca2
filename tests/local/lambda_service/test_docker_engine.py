"""The container engine: how its containers reach this machine, images that are there or not, and left-overs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kit import containers
from tests.kit.pythons import REPOSITORY
from xray_local.lambda_service.docker_engine import (
    BASE_IMAGE,
    HOST_VARIABLE,
    IMAGE_VARIABLE,
    OWNER,
    DockerError,
    Engine,
    Reach,
    Settings,
    reach,
)
from xray_local.lambda_service.model import Function, ImageBuild

LINUX = {"OperatingSystem": "Debian GNU/Linux 13 (trixie)", "SecurityOptions": ["name=seccomp,profile=default"]}
ROOTLESS = {**LINUX, "SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"]}
DESKTOP = {"OperatingSystem": "Docker Desktop", "SecurityOptions": []}
# Holds an engine's lock and a container until it is killed.
KILLED = """
import sys, time
from pathlib import Path
from xray_local.lambda_service.docker_engine import connect
engine = connect(Path(sys.argv[1]), print)
container = engine.client.containers.create(sys.argv[2], ["sleep"], labels=engine.labels)
print(container.id, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize(
    ("info", "host", "platform", "expected"),
    [
        (LINUX, None, "linux", Reach("127.0.0.1", "host")),
        (DESKTOP, None, "linux", Reach("host.docker.internal", None)),
        (LINUX, None, "darwin", Reach("host.docker.internal", None)),
        (ROOTLESS, "host.containers.internal", "linux", Reach("host.containers.internal", None)),
    ],
    ids=["linux", "desktop-on-linux", "mac", "told"],
)
def test_how_a_container_reaches_this_machine(info: dict[str, Any], host: str | None, platform: str, expected: Reach) -> None:
    """The host's network where the kernel is shared, a forwarded name where the engine is a virtual machine."""
    assert reach(info, host, platform) == expected


def test_a_rootless_engine_says_what_to_do() -> None:
    """Its host network is not this machine's, so nothing would work; the variable that helps is named."""
    with pytest.raises(DockerError, match=r"rootless engine's containers cannot reach .* XRAY_LOCAL_DOCKER_HOST"):
        reach(ROOTLESS, None, "linux")


def test_addresses_of_this_machine_are_translated_and_others_are_not() -> None:
    """Loopback becomes the container's name for it, with port and path; AWS stays AWS."""
    desktop = Reach("host.docker.internal", None)
    translated = [
        desktop.address("127.0.0.1:2000"),
        desktop.address("[::1]:2000"),
        desktop.address("10.0.0.7:2000"),
        desktop.url("http://localhost:2000/base?x=1"),
        desktop.url("http://0.0.0.0:5000"),
        desktop.url("https://dynamodb.eu-west-1.amazonaws.com"),
    ]
    assert translated == [
        "host.docker.internal:2000",
        "host.docker.internal:2000",
        "10.0.0.7:2000",
        "http://host.docker.internal:2000/base?x=1",
        "http://host.docker.internal:5000",
        "https://dynamodb.eu-west-1.amazonaws.com",
    ]


def test_settings_come_from_the_environment() -> None:
    """Another image and another name for this machine; empty means not set."""
    given = Settings.from_env({"XRAY_LOCAL_DOCKER_IMAGE": "mirror/python:{version}", "XRAY_LOCAL_DOCKER_HOST": "desk"})
    unset = Settings.from_env({"XRAY_LOCAL_DOCKER_IMAGE": "", "PATH": "/bin"})
    assert (given, unset) == (Settings("mirror/python:{version}", "desk"), Settings(BASE_IMAGE, None))


def test_the_settings_are_documented() -> None:
    """Each variable has its row in the page."""
    page = (REPOSITORY / "docs" / "lambda-service.md").read_text(encoding="utf-8")
    assert [name for name in (IMAGE_VARIABLE, HOST_VARIABLE) if f"| `{name}` |" not in page] == []


def test_without_an_engine_the_error_says_what_to_do(tmp_path: Path) -> None:
    """No traceback of an HTTP library: what is missing, and three ways out."""
    text = containers.refused(tmp_path, {"DOCKER_HOST": f"unix://{tmp_path}/none.sock"})
    assert text.startswith(f"no container engine answers at unix://{tmp_path}/none.sock (No such file or directory). ")
    assert [part for part in ("Start Docker", "`docker info`", "DOCKER_HOST", "without --docker") if part not in text] == []


def test_an_image_that_cannot_be_pulled_is_named(engine: Engine, tmp_path: Path) -> None:
    """The engine's own reason, the command that shows it, and the variable for another image."""
    name = "localhost:9/nobody/nothing:1"
    with pytest.raises(DockerError) as error:
        engine.image(Function("f", "app.handler", tmp_path, image=name))
    text = str(error.value)
    assert text.startswith(f"the image {name} is not there and cannot be pulled: ")
    assert text.endswith(f"`docker pull {name}` says more; XRAY_LOCAL_DOCKER_IMAGE names another base image, such as a mirror's")


def test_left_overs_of_a_killed_server_are_removed_and_others_are_not(engine: Engine, tmp_path: Path) -> None:
    """After a kill -9 the next start finds its containers by the lock nobody holds; a living server's stay."""
    image = containers.image()
    command = [sys.executable, "-c", KILLED, str(tmp_path / "killed"), image]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environment())  # noqa: S603  (the command is the test's own)
    assert server.stdout is not None
    left = server.stdout.readline().strip()
    own = engine.client.containers.create(image, ["sleep"], labels=engine.labels).id
    engine.sweep()
    there_while_alive = containers.there(engine)
    server.kill()
    server.wait()
    server.stdout.close()
    engine.sweep()
    there = containers.there(engine)
    assert [(each in there_while_alive, each in there) for each in (left, own)] == [(True, False), (True, True)]
    assert list((tmp_path / "killed").iterdir()) == []


def test_closing_removes_what_is_left(engine: Engine, tmp_path: Path) -> None:
    """A second engine of this process leaves no container and no file behind."""
    second = containers.engine(tmp_path / "second")
    second.client.containers.create(containers.image(), ["sleep"], labels=second.labels)
    label = f"{OWNER}={second.labels[OWNER]}"
    second.close()
    assert engine.client.containers.list(all=True, filters={"label": label}) == []
    assert list((tmp_path / "second").iterdir()) == []


def test_an_image_is_built_from_its_dockerfile(engine: Engine, tmp_path: Path) -> None:
    """Metadata's Dockerfile and arguments; a Dockerfile that fails says so in the engine's words."""
    (tmp_path / "Dockerfile.f").write_text(f"ARG WHAT=no\nFROM {containers.image()}\nARG WHAT\nLABEL what=$WHAT\n")
    (tmp_path / "bad").write_text(f"FROM {containers.image()}\nCOPY missing /\n")
    function = Function("f", "", tmp_path, image="xray-local-kit/f:test", build=ImageBuild("Dockerfile.f", {"WHAT": "yes"}))
    name = engine.image(function)
    try:
        assert engine.client.images.get(name).labels["what"] == "yes"
    finally:
        engine.client.images.remove(name)
    with pytest.raises(DockerError, match=r"(?s)building the image of f failed: .*missing"):
        engine.image(Function("f", "", tmp_path, image="xray-local-kit/f:bad", build=ImageBuild("bad")))


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
