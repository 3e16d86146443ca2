"""`xray-local up -t` and `xray-local invoke` as users run them: real processes, functions that run for real, the aws CLI."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.kit import layer, pythons
from tests.local.lambda_service import desks
from tests.local.server import clients, tools
from tests.local.terminal import making
from xray_local import cli
from xray_local.terminal import choosing

CODE = """
import os

def handler(event, context):
    print("got", event)
    if event.get("fail"):
        raise LookupError("no such order")
    return {"greeting": os.environ.get("GREETING"), "name": context.function_name, "event": event}
"""
TEMPLATE = """
    Transform: AWS::Serverless-2016-10-31
    Parameters: { Greeting: { Type: String } }
    Resources:
      Hello:
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: code
          Handler: app.handler
          Runtime: RUNTIME
          Environment: { Variables: { GREETING: !Ref Greeting } }
      Silent:
        Type: AWS::Serverless::Function
        Properties: { CodeUri: code, Handler: app.handler, Runtime: RUNTIME, Events: { Get: { Type: Api } } }
      Page:
        Type: AWS::Serverless::Function
        Properties: { CodeUri: code, Handler: index.handler, Runtime: nodejs22.x }
"""


Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with code, a template, and the command's data."""
    runtime = desks.runtime(monkeypatch)
    desks.write(tmp_path / "code", CODE)
    (tmp_path / "template.yaml").write_text(textwrap.dedent(TEMPLATE.replace("RUNTIME", runtime)))
    return tmp_path


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Invoke:
    """The command `invoke` in this process: exit code, output, errors."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "COLUMNS", "NO_COLOR"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XRAY_LOCAL_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for name, value in settings().items():
        monkeypatch.setenv(name, value)
    # A server of the user's own on port 2000 is none of the tests'.
    monkeypatch.setattr(choosing, "DEFAULT_ENDPOINT", "http://127.0.0.1:9")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["xray-local", "invoke", *arguments])
        capfd.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        return (code, *capfd.readouterr())

    return run


def settings() -> dict[str, str]:
    """Where the command finds runtimes and the layer as the sources are now."""
    return {"XRAY_LOCAL_RUNTIMES": str(pythons.CACHE), "XRAY_LOCAL_LAYER": str(layer.unpacked())}


@dataclass
class Up:
    """A running `up`."""

    process: subprocess.Popen[str]
    endpoint: str = ""
    lines: list[str] = field(default_factory=list)

    def log(self, begin: str) -> list[str]:
        """What it has printed with that beginning."""
        return [line for line in self.lines if line.startswith(begin)]


@contextmanager
def up(home: Path, *arguments: str) -> Iterator[Up]:
    """`xray-local up -t template.yaml`, until the end of the block."""
    command = [sys.executable, "-m", "xray_local.cli", "up", "--port", "0", "-t", str(home / "template.yaml"), *arguments]
    environment = making.environment(home, AWS_REGION="eu-west-1", **settings())
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, env=environment, **streams) as process:  # noqa: S603 - the command under test
        found = Up(process)
        reader = threading.Thread(target=lambda: found.lines.extend(process.stdout or ()), daemon=True)
        try:
            reader.start()
            clients.eventually(lambda: found.log("to look:"), timeout_s=30)
            [told] = found.log("for Lambda clients: ")
            found.endpoint = told.strip().rpartition("=")[2]
            yield found
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
            reader.join(10)


def test_up_and_the_aws_command_line(home: Path, tmp_path: Path) -> None:
    """`aws lambda` drives a template's functions unmodified, both ways; their log is printed with their names; `up` ends cleanly."""
    aws = tools.installed("aws")
    with up(home, "--trace", "--tracing", "active", "--parameter-overrides", "Greeting='good morning'") as found:
        base = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_DEFAULT_REGION": "eu-west-1", "PYTHONWARNINGS": "ignore"}
        keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_EC2_METADATA_DISABLED": "true"}

        def run(*arguments: str) -> Any:
            command = [str(aws), "lambda", *arguments, "--endpoint-url", found.endpoint]
            done = subprocess.run(  # noqa: S603
                command, env={**base, **keys}, capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path
            )
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)

        hello = ("invoke", "--function-name", "Hello", "--payload")
        sync = run(*hello, '{"n": 1}', "sync.json")
        event = run(*hello, '{"n": 2}', "--invocation-type", "Event", "event.json")
        names = [one["FunctionName"] for one in run("list-functions")["Functions"]]
        clients.eventually(lambda: found.log("Hello | XRAY"), lambda lines: len(lines) == 2, 20)
        shown = making.run(home, "traces", "--json", "--endpoint", found.endpoint)
        advice = making.run(home, "doctor", "--endpoint", found.endpoint)
    notes = [line.strip().removeprefix("xray-local: ") for line in found.lines if line.startswith("xray-local: ")]
    expected = {"greeting": "good morning", "name": "Hello", "event": {"n": 1}}
    assert (sync, json.loads((tmp_path / "sync.json").read_text())) == (
        {"StatusCode": 200, "ExecutedVersion": "$LATEST"},
        expected,
    )
    assert (event, names) == ({"StatusCode": 202}, ["Hello", "Silent"])
    assert [line.strip() for line in found.log("Hello | got")] == ["Hello | got {'n': 1}", "Hello | got {'n': 2}"]
    assert notes == [
        "Silent: events of type Api are not made here: invoke it through the Lambda API",
        "Page is left out: its runtime is nodejs22.x; Python functions run here",
    ]
    statuses = sorted(summary["Http"]["HttpStatus"] for summary in json.loads(shown.stdout))
    assert statuses == [200, 202]
    assert "✓ 2 functions: Hello (1 idle), Silent\n" in advice.stdout
    assert found.process.returncode == 0


def test_invoke_by_name(home: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function of a running `up`: log and timeline on standard error, the response on standard output, 1 for its failure."""
    with up(home, "--memory", "--tracing", "active", "--parameter-overrides", "ParameterKey=Greeting,ParameterValue=hi") as found:
        good = invoke("Hello", "-e", '{"n": 1}')
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"fail": true}')))
        bad = invoke("Hello", "-e", "-", "--no-picture", "--endpoint", found.endpoint)
        later = invoke("Hello", "--event-type", "async")
        nobody = invoke("Nobody")
    assert (good[0], json.loads(good[1])) == (0, {"greeting": "hi", "name": "Hello", "event": {"n": 1}})
    assert (good[2].splitlines()[1], "Hello AWS::Lambda" in good[2]) == ("got {'n': 1}", True)
    assert (bad[0], json.loads(bad[1])["errorType"], "AWS::Lambda" in bad[2]) == (1, "LookupError", False)
    assert (later[:2], re.sub("1-[0-9a-f-]+", "#", later[2])) == ((0, ""), "xray-local: accepted; see `xray-local trace #`\n")
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:Nobody"
    assert nobody == (1, "", f"xray-local: ResourceNotFoundException: Function not found: {arn}\n")


def test_invoke_code(home: Path, invoke: Invoke) -> None:
    """A handler in a folder runs without any server, with the layer: everything is in the picture."""
    (home / "event.json").write_text('{"n": 1}')
    arguments = ("app.handler", "--code", str(home / "code"), "-e", str(home / "event.json"), "--env", "GREETING=moin")
    code, out, errors = invoke(*arguments, "--runtime", f"python{desks.VERSION}", "--name", "orders")
    assert (code, json.loads(out)) == (0, {"greeting": "moin", "name": "orders", "event": {"n": 1}})
    names = [re.split(r"\s{2,}", line.lstrip("│├└─ "))[0] for line in errors.splitlines() if line.endswith(" ms")]
    assert {"orders AWS::Lambda", "orders AWS::Lambda::Function"} <= set(names)
    assert {"Initialization", "Invocation", "app.handler", "Overhead"} <= set(names)


def test_a_runtime_that_is_not_there(home: Path, invoke: Invoke) -> None:
    """It is said before anything runs; `up` says it when it starts, and goes on with what it has."""
    told = invoke("app.handler", "--code", str(home / "code"), "--runtime", "python3.9", "--no-trace")
    path = home / "template.yaml"
    path.write_text(path.read_text().replace(f"python{desks.VERSION}", "python3.9", 1))
    with up(home, "--memory", "--parameter-overrides", "Greeting=hi") as found:
        clients.eventually(lambda: found.log("xray-local: the runtime"))
    text = "xray-local: the runtime python3.9 is not one that runs here: python3.10, python3.11, python3.12, python3.13, python3.14\n"
    assert told == (1, "", text)
    assert found.log("xray-local: the runtime") == [text]


def test_invoke_code_asynchronously(home: Path, invoke: Invoke) -> None:
    """All attempts are made before the command ends, as fast as the scale of time says."""
    arguments = (
        "app.handler",
        "--code",
        str(home / "code"),
        "-e",
        '{"fail": 1}',
        "--event-type",
        "async",
        "--time-scale",
        "0.001",
    )
    code, out, errors = invoke(*arguments, "--runtime", f"python{desks.VERSION}", "--no-trace")
    attempts = re.findall(r"Attempt #\d", errors)
    assert (code, out, errors.count("got {'fail': 1}"), attempts) == (0, "", 3, ["Attempt #1", "Attempt #2", "Attempt #3"])


def test_invoke_code_beside_a_running_up(home: Path, invoke: Invoke) -> None:
    """The traces are kept by the `up` that is there."""
    (home / "vars.json").write_text('{"Hello": {"GREETING": "from the file"}}')
    with up(home, "--memory", "--env-vars", str(home / "vars.json")) as found:
        arguments = (
            "app.handler",
            "--code",
            str(home / "code"),
            "--runtime",
            f"python{desks.VERSION}",
            "--no-trace",
            "--name",
            "mine",
        )
        code, out, errors = invoke(*arguments)
        named = invoke("Hello", "--no-picture")
        summaries = json.loads(making.run(home, "traces", "--json", "--endpoint", found.endpoint).stdout)
    assert (code, json.loads(out)["name"], "mine AWS::Lambda" in errors) == (0, "mine", True)
    assert json.loads(named[1])["greeting"] == "from the file"
    assert [summary["EntryPoint"]["Name"] for summary in summaries] == ["mine"]


NO_MODULE = "name its folder with --code; a function of a running `up` is invoked by its name, which has no dot"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["app.handler", "--code", "{home}/none"], "there is no {home}/none"),
        (
            ["other.handler", "--code", "{home}/code"],
            f"{{home}}/code has no module for the handler other.handler: {NO_MODULE}",
        ),
        (["app.handler", "-e", "{home}/none.json"], "cannot read the event {home}/none.json: No such file or directory"),
        (["app.handler", "-e", "{{"], "the event {{ is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (["app.handler", "--event-type", "later"], "--event-type is sync or async, not 'later'"),
        (
            ["Hello"],
            "no xray-local runs on this machine: start one with `xray-local up -t template.yaml`, or name a handler (app.handler)",
        ),
    ],
)  # fmt: skip
def test_invoke_wrongly(tmp_path: Path, invoke: Invoke, arguments: list[str], text: str) -> None:
    """What cannot be invoked is said with what to do, and nothing else."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text("")
    told = invoke(*(argument.format(home=tmp_path) for argument in arguments))
    assert told == (1, "", f"xray-local: {text.format(home=tmp_path)}\n")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["-t", "{home}/none.yaml"], "cannot read {home}/none.yaml: No such file or directory; name the SAM or CloudFormation template with -t"),
        (["--tracing", "on"], "--tracing is active or template, not 'on'"),
        (["--parameter-overrides", "Greeting"], "--parameter-overrides takes NAME=VALUE, not 'Greeting'"),
        (["--parameter-overrides", "Other=1"], "template.yaml has no parameter Other: it has Greeting"),
        (["--env-vars", "{home}/none.json"], "--env-vars: cannot read {home}/none.json: No such file or directory"),
        (["--env-vars", "{home}/template.yaml"], "--env-vars: {home}/template.yaml is not JSON: Expecting value: line 2 column 1 (char 1)"),
    ],
)  # fmt: skip
def test_up_wrongly(home: Path, arguments: list[str], text: str) -> None:
    """Nothing listens before the template and the options are understood."""
    base = ["up", "--port", "0", "--memory", "-t", str(home / "template.yaml")]
    done = making.run(home, *base, *(argument.format(home=home) for argument in arguments))
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"xray-local: {text.format(home=home)}\n")


def test_a_layer_that_is_not_built(home: Path, tmp_path: Path) -> None:
    """--trace without a layer says where one would be."""
    done = making.run(
        home, "up", "--port", "0", "--memory", "-t", str(home / "template.yaml"), "--trace", XRAY_LOCAL_LAYER="/none"
    )
    assert (done.returncode, done.stderr) == (1, "xray-local: XRAY_LOCAL_LAYER names /none, which does not exist\n")
