"""The command `up`: one process with the daemon, the X-Ray API, and the Lambda service if there is a template."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from xray_local import __version__, home
from xray_local.terminal.source import health

from . import functions
from .output import fail, tell

OPEN_TO_ALL = "everyone who reaches this machine can read these traces and add to them"

Host = Annotated[str, typer.Option(help="Where to listen. Anything but loopback lets other machines read your traces.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="UDP for segments and TCP for the API; 0 takes a free one.")]
Db = Annotated[
    Path | None, typer.Option("--db", metavar="PATH", readable=False, help="The database; by default in your data folder.")
]
Memory = Annotated[bool, typer.Option("--memory", help="Keep nothing on disk.")]
Forward = Annotated[bool, typer.Option("--forward", help="Send everything to AWS X-Ray as well, as its daemon does.")]
ForwardTo = Annotated[str | None, typer.Option("--forward-to", metavar="URL", help="The same, to another endpoint.")]


def up(  # noqa: PLR0913 - each is an option of the command
    *,
    host: Host = "127.0.0.1",
    port: Port = 2000,
    db: Db = None,
    memory: Memory = False,
    forward: Forward = False,
    forward_to: ForwardTo = None,
    template: functions.TemplateFile = None,
    trace: functions.Trace = False,
    tracing: functions.Tracing = functions.TEMPLATE,
    aws_endpoint: functions.AwsEndpoint = None,
    parameters: functions.Parameters = None,
    env_vars: functions.EnvVars = None,
    concurrency: functions.Concurrency = 10,
    time_scale: functions.TimeScale = 1.0,
    docker: functions.Docker = False,
) -> None:
    """Run the daemon and the X-Ray API until Ctrl-C; with a template its functions, too."""
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    from xray_local import forward as forwarding  # noqa: PLC0415 - the readers need none of these
    from xray_local import server  # noqa: PLC0415
    from xray_local.store import Store, StoreError  # noqa: PLC0415

    if memory and db:
        fail("--memory and --db exclude each other")
    logging.basicConfig(format="xray-local: %(message)s", level=logging.WARNING)
    chosen = functions.Choices(
        template, trace, aws_endpoint, concurrency, time_scale, tracing, parameters or (), env_vars, docker
    )
    try:
        guest = functions.guest(chosen, functions.print_log, tell) if template else None
        with Store(None if memory else db or home.database()) as store:
            forwarder = forwarding.Forwarder(forwarding.client(endpoint=forward_to)) if forward or forward_to else None
            with _announcing() as announce:
                server.serve(store, host, port, server.Options(forwarder=forwarder, guest=guest), announce)
    except server.PortTakenError as error:
        place = server.EVERYWHERE.get(host, host)
        fail(holder(f"http://{f'[{place}]' if ':' in place else place}:{port}") or str(error))
    except (server.ServeError, StoreError, functions.ChoiceError) as error:
        fail(str(error))
    except BotoCoreError as error:
        fail(f"--forward: {error} Set AWS_REGION and credentials as for the aws command.")


def holder(endpoint: str) -> str | None:
    """Who has the port, if it is one of us."""
    found = health(endpoint)
    if found is None:
        return None
    return (
        f"xray-local {found['version']} runs at {endpoint} already (process {found['pid']}, traces in "
        f"{found['store']['path'] or 'memory'}): use that one, end it, or choose another port with --port "
        "(and set AWS_XRAY_DAEMON_ADDRESS for your programs)"
    )


@contextlib.contextmanager
def _announcing() -> Iterator[Callable[[Any], None]]:
    """What tells people and the other commands that the server is ready; undone at the end of the block."""
    with contextlib.ExitStack() as stack:

        def announce(running: Any) -> None:
            database = str(running.store.path.absolute()) if running.store.path else None
            address = running.address
            instance = home.Instance(running.endpoint, address, database, os.getpid(), running.started)
            stack.enter_context(home.announced(instance))
            told = (
                f"xray-local {__version__} listens on {running.listening}: segments (UDP), the X-Ray API (TCP)",
                f"traces are kept in {database or 'memory'}",
                *(["everything is forwarded to AWS X-Ray"] if running.options.forwarder else []),
                *([OPEN_TO_ALL] if running.is_open else []),
                f"for your programs:  export AWS_XRAY_DAEMON_ADDRESS={address}",
                f"for AWS clients:    export AWS_ENDPOINT_URL_XRAY=http://{address}",
                *_functions(running),
                "to look:            xray-local tail, traces, map, doctor",
            )
            print(*told, sep="\n", flush=True)  # noqa: T201 - it talks to a person

        yield announce


def _functions(running: Any) -> list[str]:
    """What there is to invoke, and how."""
    if running.guest is None:
        return []
    names = [function["name"] for function in running.guest.health()["functions"]]
    if not names:
        return ["the template has no function that can run here"]
    return [
        f"functions:          {', '.join(names)}",
        f"for Lambda clients: export AWS_ENDPOINT_URL_LAMBDA=http://{running.address}",
        f"to invoke:          xray-local invoke {names[0]} -e event.json",
    ]
