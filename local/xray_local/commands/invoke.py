"""The command `invoke`: a function from a folder, or one of a running `up`; its log, its response, its trace.

Either way the invocation goes through Lambda's API. For a folder a server in memory runs as long as the command; if an `up`
is there, it gets all documents too, and answers calls of other functions.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from xray_local.terminal.choosing import running_endpoint
from xray_local.terminal.labels import printable
from xray_local.terminal.source import EndpointSource, Reader, Trace, health

from . import functions
from .functions import Choices
from .output import console, fail, picture, tell

# Lambda's longest timeout, and an initialization that ran into its limit.
PATIENCE_S = 900 + 60
# How long the last documents may be on their way: the environment's and, over UDP, the layer's.
SETTLE_S = 3.0
# A datagram is stored some 30 ms after it was sent.
QUIET_S = 0.15
ANYBODY = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "us-east-1"}
SYNC, ASYNC = "sync", "async"

Target = Annotated[str, typer.Argument(metavar="TARGET", help="A handler, such as app.handler, or a function of a running `up`.")]
Code = Annotated[Path, typer.Option("--code", metavar="DIR", help="The folder or zip with the handler's module.")]
EventFile = Annotated[
    str, typer.Option("--event", "-e", metavar="FILE", help="The event: a file, - for standard input, or JSON.")
]
Runtime = Annotated[
    str, typer.Option("--runtime", metavar="NAME", help="Such as python3.13; by default the Python of xray-local.")
]
Timeout = Annotated[float, typer.Option("--timeout", min=1.0, max=900.0, metavar="SECONDS", help="As the function's setting.")]
Env = Annotated[list[str] | None, typer.Option("--env", metavar="NAME=VALUE", help="A variable; NAME alone takes the shell's.")]
Layer = Annotated[list[Path] | None, typer.Option("--layer", metavar="PATH", help="A layer's folder or zip; may be repeated.")]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="The function's name; by default that of the folder.")]
EventType = Annotated[str, typer.Option("--event-type", metavar=f"{SYNC}|{ASYNC}", help="Wait for the response, or not.")]
Picture = Annotated[bool, typer.Option("--picture/--no-picture", help="Draw the trace's timeline, on standard error.")]
Endpoint = Annotated[str | None, typer.Option("--endpoint", metavar="URL", help="Of the `up` that has the function.")]


@dataclass(frozen=True)
class Outcome:
    """What came back."""

    payload: bytes
    failed: bool
    log: bytes
    """The last 4 KB."""
    trace_id: str | None
    """None when nothing is recorded."""


@dataclass(frozen=True)
class Request:
    """What is invoked."""

    name: str
    payload: bytes
    kind: str

    @property
    def is_async(self) -> bool:
        """Whether nobody waits for the response."""
        return self.kind == ASYNC


def invoke(  # noqa: PLR0913 - each is an option of the command
    target: Target,
    *,
    code: Code = Path(),
    event: EventFile = "{}",
    event_type: EventType = SYNC,
    runtime: Runtime = f"python{sys.version_info.major}.{sys.version_info.minor}",
    timeout: Timeout = 3.0,
    env: Env = None,
    layer: Layer = None,
    name: Name = "",
    show_picture: Picture = True,
    endpoint: Endpoint = None,
    trace: functions.Trace = True,
    aws_endpoint: functions.AwsEndpoint = None,
    time_scale: functions.TimeScale = 1.0,
    docker: functions.Docker = False,
) -> None:
    """Invoke a function once: log and timeline on standard error, the response on standard output."""
    if event_type not in (SYNC, ASYNC):
        fail(f"--event-type is {SYNC} or {ASYNC}, not {event_type!r}")
    payload = read_event(event)
    show = _show if show_picture else _show_nothing
    # The names of functions have no dots, handlers have one at least.
    if "." not in target:
        outcome = _of_up(endpoint, Request(target, payload, event_type), show)
    else:
        choices = Choices(trace=trace, aws_endpoint=aws_endpoint, time_scale=time_scale, docker=docker)
        try:
            function = described(name, target, code, Settings(runtime, timeout, env or (), layer or ()))
            outcome = _here(function, choices, Request(function.name, payload, event_type), show)
        except functions.ChoiceError as error:
            fail(str(error))
    if outcome.failed:
        raise SystemExit(1)


def _is_json(text: str) -> bool:
    """Whether a text is JSON itself, or is meant to be: no file's name begins with a bracket or a quotation mark."""
    try:
        json.loads(text)
    except ValueError:
        return text.lstrip().startswith(("{", "[", '"'))
    return not Path(text).is_file()


def read_event(text: str) -> bytes:
    """The event's JSON: from standard input, as it stands, or from a file."""
    try:
        found = sys.stdin.buffer.read() if text == "-" else text.encode()
        if text != "-" and not _is_json(text):
            found = Path(text).read_bytes()
        json.loads(found)
    except OSError as error:
        fail(f"cannot read the event {text}: {error.strerror}")
    except ValueError as error:
        fail(f"the event {text} is not JSON: {error}")
    return found


@dataclass(frozen=True)
class Settings:
    """Of a function that stands in no template."""

    runtime: str
    timeout_s: float
    variables: Sequence[str]
    layers: Sequence[Path]


def described(name: str, handler: str, code: Path, settings: Settings) -> Any:
    """The function that the options describe. Raises ChoiceError."""
    from xray_local.lambda_service.model import Function  # noqa: PLC0415

    for path in (code, *settings.layers):
        if not path.exists():
            raise functions.ChoiceError(f"there is no {path}")
    module = code / f"{handler.rpartition('.')[0].replace('.', '/')}"
    if code.is_dir() and not module.with_suffix(".py").is_file() and not (module / "__init__.py").is_file():
        raise functions.ChoiceError(
            f"{code.absolute()} has no module for the handler {handler}: name its folder with --code; "
            "a function of a running `up` is invoked by its name, which has no dot"
        )
    own = name or re.sub(r"[^A-Za-z0-9_-]+", "-", code.resolve().stem).strip("-") or "function"
    return Function(
        own,
        handler,
        code.resolve(),
        runtime=settings.runtime,
        timeout_s=settings.timeout_s,
        environment=dict(_variables(settings.variables)),
        layers=tuple(path.resolve() for path in settings.layers),
    )


def _variables(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        name, equals, value = text.partition("=")
        if equals or name in os.environ:
            yield name, value if equals else os.environ[name]


Show = Callable[[str, Outcome], None]


def _of_up(endpoint: str | None, request: Request, show: Show) -> Outcome:
    """Invoke a function of a running `up`."""
    place = endpoint or running_endpoint()
    if place is None:
        fail(
            "no xray-local runs on this machine: start one with `xray-local up -t template.yaml`, or name a handler (app.handler)"
        )
    found = health(place)
    if found is None or "lambda" not in found:
        fail(f"{place} runs no functions: start it with `xray-local up -t template.yaml`, or name a handler (app.handler)")
    outcome = call(place, request)
    _print(sys.stderr, outcome.log)
    _print(sys.stdout, outcome.payload)
    if request.is_async:
        tell(f"accepted; see `xray-local trace {outcome.trace_id}`" if outcome.trace_id else "accepted; it is not recorded")
    else:
        show(place, outcome)
    return outcome


def _here(function: Any, choices: Choices, request: Request, show: Show) -> Outcome:
    """Invoke a function in a server of its own."""
    from xray_local import server  # noqa: PLC0415
    from xray_local.forward import Forwarder  # noqa: PLC0415
    from xray_local.lambda_service.catalog import Catalog, fixed  # noqa: PLC0415
    from xray_local.lambda_service.mounted import Mounted, prepare  # noqa: PLC0415
    from xray_local.store import Store  # noqa: PLC0415

    up = running_endpoint()
    serves = up is not None and "lambda" in (health(up) or {})
    layer = functions.trace_layer() if choices.trace else None
    catalog = Catalog(lambda: fixed([function]))
    guest = functions.mounting(choices, catalog, layer, _print_log, tell, home=up if serves else None)
    # Before the invocation: its trace would show pip at work.
    for trouble in () if choices.docker else prepare([function], None):
        fail(trouble)
    forwarder = Forwarder(_boto("xray", up)) if up else None
    with Store(None) as store, server.start(store, port=0, options=server.Options(forwarder, guest)) as running:
        outcome = call(running.endpoint, request)
        if request.is_async and isinstance(running.guest, Mounted):
            service = running.guest.service
            service.run(service.invoker.settled()).result()
        _print(sys.stdout, outcome.payload)
        if up is None:
            show(running.endpoint, outcome)
    # The documents are there when the forwarder is closed.
    if up is not None:
        show(up, outcome)
    return outcome


def _boto(service: str, endpoint: str) -> Any:
    """boto3's client for a server of ours: nobody's credentials, no proxy. One attempt, since a second one would invoke again."""
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(retries={"total_max_attempts": 1}, read_timeout=PATIENCE_S, proxies={}, ignore_configured_endpoint_urls=True)
    return boto3.client(service, endpoint_url=endpoint, config=config, **ANYBODY)


def call(endpoint: str, request: Request) -> Outcome:
    """Invoke through the API; what is refused ends the command."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    kind, log = ("Event", "None") if request.is_async else ("RequestResponse", "Tail")
    client = _boto("lambda", endpoint)
    try:
        answer = client.invoke(FunctionName=request.name, InvocationType=kind, LogType=log, Payload=request.payload)
    except ClientError as error:
        fail(f"{error.response['Error']['Code']}: {error.response['Error'].get('Message')}")
    except BotoCoreError as error:
        fail(str(error))
    trace = answer["ResponseMetadata"]["HTTPHeaders"].get("x-amzn-trace-id", "")
    pairs = dict(pair.partition("=")[::2] for pair in trace.split(";"))
    return Outcome(
        answer["Payload"].read(),
        "FunctionError" in answer,
        base64.b64decode(answer.get("LogResult", "")),
        pairs.get("Root") if pairs.get("Sampled") == "1" else None,
    )


def _print_log(_name: str, text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _print(stream: Any, text: bytes) -> None:
    if text:
        stream.write(text.decode("utf-8", "replace").rstrip("\n") + "\n")
        stream.flush()


def _show_nothing(_endpoint: str, _outcome: Outcome) -> None:
    """--no-picture."""


def _show(endpoint: str, outcome: Outcome) -> None:
    """Draw the trace when it is complete, or as it is after a while."""
    if outcome.trace_id is None:
        tell("nothing was recorded: the function's Tracing is PassThrough, or a sampling rule left it out")
        return
    with Reader(EndpointSource(endpoint)) as reader:
        found = _settled(lambda: list(reader.traces([str(outcome.trace_id)])))
        out = console(stderr=True)
        for one in found:
            out.print(picture(one, reader.source.notices(one.id), out.width))
        if not found:
            tell(printable(f"the trace {outcome.trace_id} did not arrive at {endpoint}"))


def _settled(read: Callable[[], list[Trace]]) -> list[Trace]:
    """The trace when everything in it is complete and nothing more has come for a moment, or what there is after a while."""
    until = time.monotonic() + SETTLE_S
    found, before = read(), None
    while time.monotonic() < until and not (found and found == before and _complete(found[0].segments)):
        time.sleep(QUIET_S)
        found, before = read(), found
    return found


def _complete(trees: Sequence[Any]) -> bool:
    return not any(tree.get("in_progress") or not _complete(tree.get("subsegments") or ()) for tree in trees)
