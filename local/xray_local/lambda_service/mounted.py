"""The Lambda service as a guest of the server (server.py): its routes, its health, its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.routing import BaseRoute

from xray_local import api as xray
from xray_local import home

from . import api, runtimes
from .catalog import Catalog
from .emission import Emission
from .logs import Sink
from .model import Desk, Function, LambdaError
from .pool import Pool
from .ports import Environments
from .sampling import Sampling, of_api
from .service import LambdaService, Parts

MakeExecutor = Callable[[Desk, Sink], Environments]


@dataclass(frozen=True)
class Mounted:
    """A service that runs."""

    service: LambdaService

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Lambda's REST API."""
        return api.routes(self.service)

    def health(self) -> dict[str, Any]:
        """Functions, environments, sources."""
        return self.service.health()

    def close(self) -> None:
        """The end."""
        self.service.close()


def environments(desk: Desk, log: Sink) -> Environments:
    """As the desk wants them: processes of this machine, or containers. DockerError when there is no engine."""
    if not desk.docker:
        return Pool(desk, log)
    # The docker package takes 150 ms, for those who want containers only.
    from .docker_environment import Containers  # noqa: PLC0415

    return Pool(desk, log, Containers)


def prepare(functions: Iterable[Function], folder: Path | None) -> Iterator[str]:
    """Make the runtimes that the functions need, so that no invocation waits for pip; what cannot be made is told."""
    place = (folder or home.folder() / "lambda") / "runtimes"
    for name in sorted({function.runtime for function in functions if function.image is None}):
        try:
            runtimes.prepared(name, place)
        except LambdaError as error:
            yield error.message


def start(
    desk: Desk,
    catalog: Catalog,
    context: xray.Context,
    log: Sink,
    tell: Callable[[str], object],
    executor: MakeExecutor = environments,
) -> Mounted:
    """Start the service; what it makes of traces goes into the store of the X-Ray API, and by its rules."""
    emission = Emission(context.store.ingest, context.forward, context.clock)
    service = LambdaService(desk, catalog, Parts(executor, emission, Sampling(of_api(context)), log, tell))
    service.start()
    return Mounted(service)
