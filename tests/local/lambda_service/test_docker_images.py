"""Functions that are container images, the commands with --docker, and what is left over or cannot be started."""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.kit import containers, layer
from tests.kit.socket_proxy import SocketProxy
from tests.local.lambda_service.desks import Bench, outcome, write
from tests.local.lambda_service.test_docker import RUNTIME, function
from tests.local.terminal.making import run, up
from xray_local.lambda_service.docker_engine import IMAGE_VARIABLE, LABEL, Engine, remove
from xray_local.lambda_service.docker_environment import Containers
from xray_local.lambda_service.model import Function, ImageBuild, LambdaError
from xray_local.lambda_service.pool import Pool

APP = "def handler(event, context):\n    return event\n"


def tag() -> str:
    """For an image of a test's own: other tests run at the same time."""
    return f"xray-local-kit/test:{uuid.uuid4().hex[:12]}"


# Few steps, and what changes last: with the vfs storage driver each is a copy of the whole tree.
DOCKERFILE = """
FROM {image}
ARG GREETING
RUN mkdir -p /opt/own && echo $GREETING >/opt/own/file
CMD ["app.handler"]
COPY app.py /var/task/
"""
IMAGE_APP = """
import os, sys
def handler(event, context):
    own = open("/opt/own/file").read()
    return {"own": own, "handler": os.environ["_HANDLER"], "version": VERSION,
            "traced": "xray_instrument" in sys.modules}
"""


def test_a_function_that_is_an_image(engine: Engine, tmp_path: Path) -> None:
    """Built from its Dockerfile, with its own command and /opt, our layer beside that; built anew when its code changes."""
    code = write(tmp_path / "code", DOCKERFILE.format(image=containers.image()), "Dockerfile")
    name = tag()
    orders = function(code, handler="", image=name, build=ImageBuild(args={"GREETING": "hello"}))
    bench = Bench(tmp_path, trace_layer=layer.unpacked())

    async def work(pool: Pool) -> list[dict[str, Any]]:
        told = []
        for version in (1, 2):
            write(code, IMAGE_APP.replace("VERSION", str(version)))
            told.append(outcome(await bench.invoke(pool, orders)))
        return told

    try:
        told = bench.run(work, make=Containers)
    finally:
        engine.client.images.remove(name, force=True)

    expected = {"own": "hello\n", "handler": "app.handler", "traced": True}
    assert [(each["payload"], each["cold"]) for each in told] == [({**expected, "version": version}, "ok") for version in (1, 2)]


def test_what_cannot_be_started_says_why(engine: Engine, tmp_path: Path) -> None:
    """An image that is nowhere, one whose entry point does not exist, too small a limit: told, and nothing is left."""
    code = write(tmp_path / "code", f'FROM {containers.image()}\nENTRYPOINT ["/nothing/there"]\n', "Dockerfile")
    missing = function(code, handler="", image="localhost:9/nobody/nothing:1")
    name = tag()
    broken = function(code, handler="", image=name, build=ImageBuild())
    too_small = function(write(tmp_path / "good", APP), memory_mb=1)
    bench = Bench(tmp_path)

    async def refused(pool: Pool, target: Function) -> tuple[str, int, str]:
        with pytest.raises(LambdaError) as error:
            await bench.invoke(pool, target)
        return error.value.code, error.value.status, error.value.message

    async def work(pool: Pool) -> Any:
        told = outcome(await bench.invoke(pool, broken))
        return await refused(pool, missing), await refused(pool, too_small), told["status"], told["error"]

    try:
        pulled, made, *told = bench.run(work, make=Containers)
    finally:
        engine.client.images.remove(name, force=True)
    assert pulled[:2] == ("InvalidRuntimeException", 502)
    assert pulled[2].startswith("orders: the image localhost:9/nobody/nothing:1 is not there and cannot be pulled: ")
    assert made[:2] == ("ServiceException", 500)
    assert made[2].startswith("The container of orders cannot be started: Minimum memory limit")
    request = "RequestId: 00000000-0000-4000-8000-000000000001"
    message = f"{request} Error: Runtime exited with error: exit status 127"
    assert told == ["init-error", ("Runtime.ExitError", message)]
    assert "exec /nothing/there failed: No such file or directory" in bench.text
    assert containers.there(engine, tmp_path) == {}


def drawn(text: str) -> list[str]:
    """The names in a timeline, from the second line on."""
    return [line.lstrip("│├└─ ").split("  ")[0] for line in text.splitlines() if "─ " in line]


def test_the_command_invokes_in_a_container(engine: Engine, tmp_path: Path) -> None:
    """`xray-local invoke --docker`: response, log, and a timeline in which the layer's subsegments are below Invocation."""
    code = write(tmp_path / "code", "def handler(event, context):\n    print('seen')\n    return {'order': event['order'] + 1}\n")
    arguments = ("app.handler", "--code", str(code), "--runtime", RUNTIME, "--docker", "-e", '{"order": 6}')
    more = {IMAGE_VARIABLE: containers.image(), "XRAY_LOCAL_LAYER": str(layer.unpacked()), "COLUMNS": "100"}

    done = run(tmp_path / "home", "invoke", *arguments, **more)

    assert (done.returncode, json.loads(done.stdout)) == (0, {"order": 7}), done.stderr
    assert "\nseen\n" in done.stderr
    assert [name for name in drawn(done.stderr) if " init" not in name] == [
        "code AWS::Lambda::Function", "Initialization", "Invocation", "app.handler", "Overhead",
    ]  # fmt: skip
    assert containers.there(engine, tmp_path) == {}


TWO = """
import boto3, json
client = boto3.client("lambda")
def front(event, context):
    answer = client.invoke(FunctionName="back", Payload=json.dumps(event))
    return json.loads(answer["Payload"].read())
def back(event, context):
    return {"order": event["order"] + 1}
"""
TWO_TEMPLATE = f"""
Transform: AWS::Serverless-2016-10-31
Globals: {{Function: {{Runtime: {RUNTIME}, CodeUri: ., Tracing: Active, Timeout: 60, MemorySize: 256}}}}
Resources:
  Front: {{Type: AWS::Serverless::Function, Properties: {{FunctionName: front, Handler: app.front}}}}
  Back: {{Type: AWS::Serverless::Function, Properties: {{FunctionName: back, Handler: app.back}}}}
"""


def test_functions_in_containers_call_each_other(engine: Engine, tmp_path: Path) -> None:
    """`up --docker` with a template: a call by boto3 from one container into another is one trace; nothing is left at the end."""
    write(write(tmp_path / "code", TWO), TWO_TEMPLATE, "template.yaml")
    home = tmp_path / "home"
    arguments = ("--memory", "--port", "0", "-t", str(tmp_path / "code" / "template.yaml"), "--docker", "--trace")
    more = {IMAGE_VARIABLE: containers.image(), "XRAY_LOCAL_LAYER": str(layer.unpacked())}

    with up(home, *arguments, **more):
        done = run(home, "invoke", "front", "-e", '{"order": 6}', COLUMNS="100")
        running = len(containers.there(engine, tmp_path))

    assert (done.returncode, json.loads(done.stdout), running) == (0, {"order": 7}, 2), done.stderr
    assert [name for name in drawn(done.stderr) if name.startswith(("front", "back", "app.", "Lambda")) and " init" not in name] == [
        "front AWS::Lambda::Function", "app.front", "Lambda Invoke back", "back AWS::Lambda", "back AWS::Lambda::Function", "app.back",
    ]  # fmt: skip
    assert containers.there(engine, tmp_path) == {}


@pytest.mark.parametrize("arguments", [("up", "-t", "template.yaml", "--memory", "--port", "0"), ("invoke", "app.handler")])
def test_without_an_engine_the_commands_say_what_to_do(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """One line and exit code 1, before anything was invoked."""
    code = write(tmp_path, APP)
    properties = f"{{Handler: app.handler, Runtime: {RUNTIME}, CodeUri: .}}"
    write(tmp_path, f"Resources: {{F: {{Type: 'AWS::Serverless::Function', Properties: {properties}}}}}", "template.yaml")
    given = [str(tmp_path / part) if part == "template.yaml" else part for part in arguments]
    if arguments[0] == "invoke":
        given += ["--code", str(code)]

    done = run(tmp_path / "home", *given, "--docker", DOCKER_HOST=f"unix://{tmp_path}/none.sock")

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith(
        f"xray-local: --docker: no container engine answers at unix://{tmp_path}/none.sock (No such file or directory). Start Docker "
    )


def test_left_overs_are_removed_when_a_server_starts(engine: Engine, tmp_path: Path) -> None:
    """A container whose owner is gone goes; the start of one server does not touch the containers of another."""
    labels = {LABEL: "environment", "xray-local.owner": str(tmp_path / "gone.owner")}
    left = engine.client.containers.create(containers.image(), ["sleep"], labels=labels).id
    own = engine.client.containers.create(containers.image(), ["sleep"], labels=engine.labels)

    async def look(_pool: Pool) -> Any:
        return containers.there(engine)

    there = Bench(tmp_path).run(look, make=Containers)
    remove(own)
    assert (left in there, own.id in there) == (False, True)


def test_an_engine_that_is_stopped(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment counts as gone, the next event is told why there is no other, and closing does not wait for anybody."""
    address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if not address.startswith("unix://"):
        pytest.skip(f"the engine at {address} has no socket that could be taken away")
    orders = function(write(tmp_path / "code", APP))

    async def work(pool: Pool) -> Any:
        first = outcome(await bench.invoke(pool, orders, 1))["status"]
        proxy.close()
        await asyncio.sleep(1.0)  # the stream's end has to be noticed
        with pytest.raises(LambdaError) as error:
            await bench.invoke(pool, orders, 2)
        code, message = error.value.code, error.value.message
        del error  # holds the sockets
        return first, code, message

    real = address.removeprefix("unix://")
    with containers.sockets_forgiven(), SocketProxy(tmp_path / "engine.sock", real) as proxy:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine.sock")
        bench = Bench(tmp_path)
        told = bench.run(work, make=Containers)
    left = len(containers.there(engine, tmp_path / "desk"))
    engine.sweep()

    reason = "orders: the container engine fails: No such file or directory"
    assert told == ("success", "ServiceException", reason)
    assert (left, containers.there(engine, tmp_path / "desk")) == (1, {})
