"""What `up` and `invoke` have in common: the options about functions, and the Lambda service that they ask for.

Nothing of the service is imported before a function is wanted: it would cost every other command half a second.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from xray_local import api
    from xray_local.lambda_service.catalog import Catalog
    from xray_local.lambda_service.mounted import Mounted
    from xray_local.lambda_service.template import Settings

FUNCTIONS = "Functions"
ACTIVE, TEMPLATE = "active", "template"

AwsEndpoint = Annotated[
    str | None,
    typer.Option(
        "--aws-endpoint", metavar="URL", envvar="AWS_ENDPOINT_URL", rich_help_panel=FUNCTIONS,
        help="The AWS stand-in (moto, LocalStack) of functions and their event sources; without it they talk to AWS.",
    ),
]  # fmt: skip
Concurrency = Annotated[
    int,
    typer.Option("--concurrency", min=1, max=1000, rich_help_panel=FUNCTIONS, help="Environments that may be busy at a time."),
]
TimeScale = Annotated[
    float,
    typer.Option(
        "--time-scale", min=0.0, metavar="X", rich_help_panel=FUNCTIONS,
        help="Retry delays, event ages and schedules times this: with 0.01 a minute of waiting takes 0.6 s.",
    ),
]  # fmt: skip
Docker = Annotated[bool, typer.Option("--docker", rich_help_panel=FUNCTIONS, help="In containers of Lambda's base images.")]
TemplateFile = Annotated[
    Path | None,
    typer.Option(
        "--template", "-t", metavar="FILE", readable=False, rich_help_panel=FUNCTIONS,
        help="Run the functions of this SAM or CloudFormation template.",
    ),
]  # fmt: skip
Trace = Annotated[
    bool,
    typer.Option("--trace/--no-trace", rich_help_panel=FUNCTIONS, help="Put the xray-instrument layer under every function."),
]
Tracing = Annotated[
    str,
    typer.Option(
        "--tracing", metavar=f"{ACTIVE}|{TEMPLATE}", rich_help_panel=FUNCTIONS,
        help="Active tracing for all functions, or as the template says (PassThrough where it says nothing, as in AWS).",
    ),
]  # fmt: skip
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter-overrides", metavar="NAME=VALUE...", rich_help_panel=FUNCTIONS,
        help="Parameters of the template, in one text or repeated, in either form that sam takes.",
    ),
]  # fmt: skip
EnvVars = Annotated[
    Path | None,
    typer.Option(
        "--env-vars", metavar="FILE", readable=False, rich_help_panel=FUNCTIONS,
        help='JSON with values for variables, as sam\'s: {"MyFunction": {"NAME": "value"}, "Parameters": {…}}.',
    ),
]  # fmt: skip


class ChoiceError(Exception):
    """An option cannot be followed. The text says why and what to do."""


@dataclass(frozen=True)
class Choices:
    """What the options say."""

    template: Path | None = None
    trace: bool = False
    aws_endpoint: str | None = None
    concurrency: int = 10
    time_scale: float = 1.0
    tracing: str = TEMPLATE
    parameters: Sequence[str] = ()
    env_vars: Path | None = None
    docker: bool = False
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    """Of the user's shell."""

    @property
    def region(self) -> str:
        """Where the functions believe they are."""
        return self.environment.get("AWS_REGION") or self.environment.get("AWS_DEFAULT_REGION") or "us-east-1"


Log = Callable[[str, str], None]


def print_log(name: str, text: str) -> None:
    """A record of a function's log on `up`'s own output, each line with the name in front."""
    for line in text.rstrip("\n").split("\n"):
        print(f"{name} | {line}", flush=True)  # noqa: T201 - it talks to a person


def guest(choices: Choices, log: Log, tell: Callable[[str], None]) -> Callable[[str, api.Context], Mounted]:
    """The Lambda service with a template's functions, for server.Options. Raises ChoiceError before anything listens."""
    from xray_local.lambda_service.catalog import Catalog  # noqa: PLC0415
    from xray_local.lambda_service.template import TemplateError, load  # noqa: PLC0415

    path = choices.template
    if path is None:
        raise ChoiceError("without a template there are no functions: name it with -t")
    chosen = settings(choices)
    try:
        catalog = Catalog(lambda: load(path, chosen), tell)
    except TemplateError as error:
        raise ChoiceError(str(error)) from error
    for note in catalog.notes:
        tell(note)
    if not choices.docker:
        threading.Thread(target=_prepare, args=(catalog, tell), name="xray-lambda-prepare", daemon=True).start()
    return mounting(choices, catalog, chosen.trace_layer, log, tell)


def _prepare(catalog: Catalog, tell: Callable[[str], None]) -> None:
    """Runtimes are made while everything else starts, so that the first invocation does not wait for pip."""
    from xray_local.lambda_service.mounted import prepare  # noqa: PLC0415

    for trouble in prepare(catalog.functions.values(), None):
        tell(trouble)


def mounting(
    choices: Choices, catalog: Catalog, layer: Path | None, log: Log, tell: Callable[[str], None], home: str | None = None
) -> Callable[[str, api.Context], Mounted]:
    """The service for a catalog. `home` is the Lambda API that functions find, if it is not this very server."""
    from xray_local.lambda_service import mounted  # noqa: PLC0415
    from xray_local.lambda_service.docker_engine import DockerError  # noqa: PLC0415
    from xray_local.lambda_service.model import Desk  # noqa: PLC0415

    def start(address: str, context: api.Context) -> Mounted:
        desk = Desk(
            daemon_address=address,
            endpoint=home or f"http://{address}",
            region=choices.region,
            aws_endpoint=choices.aws_endpoint,
            trace_layer=layer,
            docker=choices.docker,
            concurrency=choices.concurrency,
            time_scale=choices.time_scale,
        )
        try:
            return mounted.start(desk, catalog, context, log, tell)
        except DockerError as error:
            raise ChoiceError(f"--docker: {error}") from error

    return start


def settings(choices: Choices) -> Settings:
    """What the template's reader has to know. Raises ChoiceError."""
    from xray_local import home  # noqa: PLC0415
    from xray_local.lambda_service import model, template  # noqa: PLC0415

    if choices.tracing not in (ACTIVE, TEMPLATE):
        raise ChoiceError(f"--tracing is {ACTIVE} or {TEMPLATE}, not {choices.tracing!r}")
    return template.Settings(
        place=template.Place(region=choices.region, endpoint=choices.aws_endpoint),
        parameters=overrides(choices.parameters),
        variables=_variables(choices.env_vars),
        tracing=model.Tracing.ACTIVE if choices.tracing == ACTIVE else None,
        trace_layer=trace_layer(choices.environment) if choices.trace else None,
        docker=choices.docker,
        folder=home.folder() / "lambda",
    )


def trace_layer(environment: Mapping[str, str] = os.environ) -> Path:
    """Our own layer. Raises ChoiceError where it is not built."""
    from xray_local.lambda_service import trace_layer as layer  # noqa: PLC0415

    try:
        return layer.find(environment)
    except FileNotFoundError as error:
        raise ChoiceError(str(error)) from error


def overrides(given: Sequence[str]) -> dict[str, str]:
    """`A=1 B=2` or `ParameterKey=A,ParameterValue=1`, as sam takes both. Raises ChoiceError."""
    found = {}
    for text in given:
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise ChoiceError(f"--parameter-overrides {text!r}: {error}") from error
        for word in words:
            name, value = _override(word)
            found[name] = value
    return found


def _override(word: str) -> tuple[str, str]:
    if word.startswith("ParameterKey="):
        key, comma, value = word.removeprefix("ParameterKey=").partition(",ParameterValue=")
        if key and comma:
            return key, value
    name, equals, value = word.partition("=")
    if not equals or not name or name == "ParameterKey":
        raise ChoiceError(f"--parameter-overrides takes NAME=VALUE, not {word!r}")
    return name, value


def _variables(path: Path | None) -> dict[str, dict[str, Any]]:
    if path is None:
        return {}
    try:
        found = json.loads(sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ChoiceError(f"--env-vars: cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise ChoiceError(f"--env-vars: {path} is not JSON: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise ChoiceError(f"--env-vars: {path} is a map of functions to their variables, as sam's")
    return found
