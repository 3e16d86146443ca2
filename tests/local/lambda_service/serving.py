"""A whole xray-local in this process with functions that run for real, and boto3's lambda client for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.validate import ParamValidator

from tests.local.server import clients
from xray_local.lambda_service import mounted
from xray_local.lambda_service.catalog import Catalog, fixed
from xray_local.lambda_service.model import Desk, Function
from xray_local.server import Options, Running, start
from xray_local.store import Store

REGION, ACCOUNT = "eu-west-1", "123456789012"


@dataclass
class Service:
    """A server with functions, and what it told."""

    running: Running
    client: Any
    log: list[tuple[str, str]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    @property
    def mounted(self) -> mounted.Mounted:
        """The Lambda service itself."""
        assert isinstance(self.running.guest, mounted.Mounted)
        return self.running.guest

    def documents(self, root: str) -> list[dict[str, Any]]:
        """What came in for a trace."""
        return [json.loads(text) for text in self.running.store.documents(root)]


@contextmanager
def serving(functions: Sequence[Function] | Catalog, folder: Path, **desk: Any) -> Iterator[Service]:
    """Run it for the length of the block."""
    log: list[tuple[str, str]] = []
    told: list[str] = []
    catalog = functions if isinstance(functions, Catalog) else Catalog(lambda: fixed(functions), told.append)

    def guest(address: str, context: Any) -> mounted.Mounted:
        own = Desk(address, f"http://{address}", **{"region": REGION, "folder": folder / "desk", **desk})
        return mounted.start(own, catalog, context, lambda name, text: log.append((name, text)), told.append)

    with Store(None) as store, start(store, port=0, options=Options(guest=guest)) as running:
        yield Service(running, checked(clients.boto("lambda", running.endpoint)), log, told)


def checked(client: Any) -> Any:
    """The client; each JSON answer to it must be one that AWS's own description allows, down to the last member."""

    def observe(http_response: Any, parsed: dict[str, Any], model: Any, **_rest: Any) -> None:
        if http_response.status_code >= 300 or not model.name.startswith(("Get", "List")):
            return
        answer = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
        report = ParamValidator().validate(answer, model.output_shape)
        assert not report.has_errors(), f"{model.name}: {report.generate_report()}"
        assert clients.strangers(model.output_shape, json.loads(http_response.content), "") == []

    client.meta.events.register("after-call.lambda", observe)
    return client


def arn(name: str, *more: str) -> str:
    """The ARN of a function."""
    return ":".join(["arn:aws:lambda", REGION, ACCOUNT, "function", name, *more])
