"""The environment variables of an execution environment: Lambda's, the function's, and what leads back to this desk."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .model import Desk, Function

TRACE_WRAPPER = "/opt/xray-instrument"
WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"
NEXT_WRAPPER = "XRAY_INSTRUMENT_NEXT_WRAPPER"
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html: Lambda refuses functions that set these.
RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
# The examples of AWS's documentation: good enough for every stand-in, worthless at AWS.
PLACEHOLDERS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "example-session-token",
}


@dataclass(frozen=True)
class Place:
    """The folders of one execution environment."""

    folder: Path
    """What is this environment's alone; `opt`, `runtime` and `tmp` lie in it."""
    task_root: Path
    python: Path

    @property
    def opt(self) -> Path:
        """Stands for /opt."""
        return self.folder / "opt"

    @property
    def runtime(self) -> Path:
        """LAMBDA_RUNTIME_DIR, stands for /var/runtime."""
        return self.folder / "runtime"

    @property
    def tmp(self) -> Path:
        """TMPDIR, stands for /tmp."""
        return self.folder / "tmp"


def log_stream(version: str, now: float) -> str:
    """The name of a new environment's log stream."""
    return time.strftime(f"%Y/%m/%d/[{version}]", time.gmtime(now)) + secrets.token_hex(16)


def variables(desk: Desk, function: Function, place: Place, stream: str, user: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Everything that the bootstrap is started with, but for the Runtime API's address. Of the user's own only credentials."""
    host, _, port = desk.daemon_address.rpartition(":")
    service = {
        **_credentials(user),
        "AWS_REGION": desk.region,
        "AWS_DEFAULT_REGION": desk.region,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        **_logging(function),
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": desk.daemon_address,
        "_AWS_XRAY_DAEMON_ADDRESS": host,
        "_AWS_XRAY_DAEMON_PORT": port,
        "AWS_ENDPOINT_URL_LAMBDA": desk.endpoint,
        **({"AWS_ENDPOINT_URL": desk.aws_endpoint} if desk.aws_endpoint else {}),
        "LAMBDA_TASK_ROOT": str(place.task_root),
        "LAMBDA_RUNTIME_DIR": str(place.runtime),
        "LANG": "en_US.UTF-8",
        "LD_LIBRARY_PATH": f"{place.task_root}:{place.task_root}/lib:{place.opt}/lib",
        "PATH": f"{place.python.parent}:/usr/local/bin:/usr/bin:/bin:{place.opt}/bin",
        "TMPDIR": str(place.tmp),
        "TZ": ":UTC",
        "_HANDLER": function.handler,
    }
    own = {name: value for name, value in function.environment.items() if name not in RESERVED}
    return {**service, **own, **_wrapped(own, place, traced=desk.trace_layer is not None)}


def _credentials(user: Mapping[str, str]) -> dict[str, str]:
    own = {name: user[name] for name in CREDENTIALS if user.get(name)}
    return own if {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} <= own.keys() else PLACEHOLDERS


def _wrapped(own: Mapping[str, str], place: Place, *, traced: bool) -> dict[str, str]:
    """Our wrapper in front of the function's own one, which ours then starts and so has to find.

    The bootstrap maps /opt for the wrapper that it starts; the function sees the setting as it is.
    """
    wrapper = own.get(WRAPPER, "")
    ours = {WRAPPER: TRACE_WRAPPER} if traced else {}
    following = own.get(NEXT_WRAPPER, "") if not traced or wrapper in {"", TRACE_WRAPPER} else wrapper
    if not following:
        return ours
    real = str(place.opt / following.removeprefix("/opt/")) if following.startswith("/opt/") else following
    return {**ours, NEXT_WRAPPER: real}


def _logging(function: Function) -> dict[str, str]:
    """What Lambda tells the runtime client of LoggingConfig: nothing for text, as it was before there was a choice."""
    if function.log_format != "JSON":
        return {}
    level = {"AWS_LAMBDA_LOG_LEVEL": function.log_level} if function.log_level else {}
    return {"AWS_LAMBDA_LOG_FORMAT": "JSON", **level}
