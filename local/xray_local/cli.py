"""The command `xray-local`: `up` runs the server, the others read what it has."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from xray_local import __version__, home
from xray_local.terminal import doctor as diagnosis
from xray_local.terminal import files, listing, service_map, timeline
from xray_local.terminal.choosing import DEFAULT_ENDPOINT, SINCE, advice, last, opened, query, running_endpoint, seconds
from xray_local.terminal.labels import printable
from xray_local.terminal.source import EndpointSource, Reader, SourceError, Trace, health

POLL_S = 0.5
# How long `tail` watches a trace that it has shown: an asynchronous invocation may take 15 minutes.
TAIL_WINDOW_S = 900.0
OPEN_TO_ALL = "everyone who reaches this machine can read these traces and add to them"
# A file or a pipe has no width; as wide as tests and logs are read.
WIDTH_OF_A_FILE = 100

app = typer.Typer(
    help="AWS X-Ray on your machine: a daemon, its traces, and the X-Ray API.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Endpoint = Annotated[str | None, typer.Option("--endpoint", metavar="URL", help="Ask the X-Ray API there, also Amazon's own.")]
# readable=False: a file that may not be read is explained by the store, with its owner and what to do.
Db = Annotated[Path | None, typer.Option("--db", metavar="PATH", readable=False, help="Read this database; no server is needed.")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of a picture.")]
Since = Annotated[str, typer.Option("--since", metavar="AGE", help="From this long ago: 30s, 15m, 6h, 7d.")]
Filter = Annotated[
    str, typer.Argument(metavar="[FILTER]", help="A filter expression of X-Ray, such as 'service(\"orders\") { fault }'.")
]


def main() -> None:
    """The entry point."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a bar shows a question mark.
            stream.reconfigure(errors="replace")
    try:
        app()
    except SourceError as error:
        fail(str(error))
    except BrokenPipeError:
        # `xray-local traces | head`: the reader has seen enough. Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def fail(text: str) -> None:
    """End with a sentence for the user."""
    tell(text)
    raise SystemExit(1)


def tell(text: str) -> None:
    """A sentence for the user, beside the output."""
    print(f"xray-local: {text}", file=sys.stderr, flush=True)  # noqa: T201 - it talks to a person


def console() -> Console:
    """Standard output as Rich sees it; NO_COLOR, COLUMNS and TERM are Rich's to obey."""
    made = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = WIDTH_OF_A_FILE
    return made


def show_json(value: Any, *, indent: int | None = 2) -> None:
    """One JSON value."""
    print(json.dumps(value, indent=indent, ensure_ascii=True))  # noqa: T201 - output


@app.command()
def up(
    host: Annotated[
        str, typer.Option(help="Where to listen. Anything but loopback lets other machines read your traces.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="UDP for segments and TCP for the API; 0 takes a free one.")
    ] = 2000,
    db: Annotated[
        Path | None, typer.Option("--db", metavar="PATH", readable=False, help="The database; by default in your data folder.")
    ] = None,
    memory: Annotated[bool, typer.Option("--memory", help="Keep nothing on disk.")] = False,
    forward: Annotated[bool, typer.Option("--forward", help="Send everything to AWS X-Ray as well, as its daemon does.")] = False,
    forward_to: Annotated[str | None, typer.Option("--forward-to", metavar="URL", help="The same, to another endpoint.")] = None,
) -> None:
    """Run the daemon and the X-Ray API until Ctrl-C."""
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    from xray_local import forward as forwarding  # noqa: PLC0415 - the readers need none of these
    from xray_local import server  # noqa: PLC0415
    from xray_local.store import Store, StoreError  # noqa: PLC0415

    if memory and db:
        fail("--memory and --db exclude each other")
    logging.basicConfig(format="xray-local: %(message)s", level=logging.WARNING)
    try:
        with Store(None if memory else db or home.database()) as store:
            forwarder = forwarding.Forwarder(forwarding.client(endpoint=forward_to)) if forward or forward_to else None
            with _announcing() as announce:
                server.serve(store, host, port, server.Options(forwarder=forwarder), announce)
    except server.PortTakenError as error:
        place = server.EVERYWHERE.get(host, host)
        fail(holder(f"http://{f'[{place}]' if ':' in place else place}:{port}") or str(error))
    except (server.ServeError, StoreError) as error:
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
                "to look:            xray-local tail, traces, map, doctor",
            )
            print(*told, sep="\n", flush=True)  # noqa: T201 - it talks to a person

        yield announce


@app.command()
def traces(
    expression: Filter = "",
    *,
    since: Since = SINCE,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")] = 20,
    as_json: Json = False,
    endpoint: Endpoint = None,
    db: Db = None,
) -> None:
    """List the newest traces."""
    with opened(endpoint, db) as reader:
        found = [
            summary for summary, _number in zip(reader.summaries(query(reader, since, expression)), range(limit), strict=False)
        ]
        if as_json:
            show_json(found)
            return
        out = console()
        for line in listing.lines(found, out.width):
            out.print(line)
        if not found:
            whole = "that match" if expression else "yet"
            out.print(f"No traces {whole} in {reader.source.describe()} since {since} ago; `xray-local doctor` tells why.")
            _print_advice(out, expression)


def _print_advice(out: Console, expression: str) -> None:
    hint = advice(expression)
    if hint:
        out.print(f"{hint[0].upper()}{hint[1:]}")


@app.command()
def trace(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Trace ids; `last` is the newest trace.")],
    as_json: Json = False,
    endpoint: Endpoint = None,
    db: Db = None,
) -> None:
    """Draw the timeline of a trace."""
    with opened(endpoint, db) as reader:
        wanted = [last(reader) if name == "last" else name for name in ids]
        found = list(reader.traces(wanted))
        if as_json:
            show_json([document(one, reader.source.notices(one.id)) for one in found])
        else:
            out = console()
            for one in found:
                out.print(picture(one, reader.source.notices(one.id), out.width))
        missing = [name for name in wanted if name not in {one.id for one in found}]
        for notice in (notice for name in missing for notice in reader.source.notices(name) or ()):
            tell(printable(notice))
        if missing:
            fail(f"not in {reader.source.describe()}: {', '.join(missing)}")


def document(one: Trace, notices: list[str] | None) -> dict[str, Any]:
    """A trace as JSON: as BatchGetTraces has it, but for the documents, which are no strings here, and what there is to say."""
    found = {"Id": one.id, "Duration": one.duration, "LimitExceeded": one.limit_exceeded, "Segments": one.segments}
    return found if notices is None else {**found, "Notices": notices}


def picture(one: Trace, notices: list[str] | None, width: int) -> Any:
    """A trace as a timeline. Where the source says nothing about it, what can be seen is said."""
    trees = timeline.forest(one.segments)
    told = [f"{one.duration * 1000:,.1f} ms", *timeline.remarks(trees if notices is None else [], one.limit_exceeded)]
    return timeline.drawn(one.id, ["; ".join(told), *(notices or ())], trees, width)


@app.command("map")
def service_graph(
    expression: Filter = "",
    *,
    since: Since = SINCE,
    ids: Annotated[list[str] | None, typer.Option("--trace", metavar="ID", help="Only this trace; may be repeated.")] = None,
    as_json: Json = False,
    endpoint: Endpoint = None,
    db: Db = None,
) -> None:
    """Draw the service map."""
    with opened(endpoint, db) as reader:
        wanted = [last(reader) if name == "last" else name for name in ids or ()]
        asked = query(reader, since, expression)
        services = reader.services_of(wanted) if wanted else reader.services(asked)
        if as_json:
            show_json({"Services": services})
            return
        out = console()
        if services:
            out.print(service_map.drawn(services, out.width))
        else:
            out.print(f"No services in {reader.source.describe()} since {since} ago; `xray-local doctor` tells why.")
            _print_advice(out, expression)


@app.command()
def tail(
    expression: Filter = "",
    *,
    full: Annotated[bool, typer.Option("--full", help="Each trace as a timeline.")] = False,
    since: Annotated[str, typer.Option("--since", metavar="AGE", help="Begin with the traces from this long ago on.")] = "0s",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    endpoint: Endpoint = None,
    db: Db = None,
) -> None:
    """Show traces as they arrive, until Ctrl-C."""
    with opened(endpoint, db) as reader:
        follower = listing.Follower(reader, expression, time.time() - seconds(since), TAIL_WINDOW_S)
        with contextlib.suppress(KeyboardInterrupt):
            # A filter that cannot be read and a server that is not there are said at once.
            _show_new(reader, follower.poll(time.time()), full=full, as_json=as_json)
            lost = False
            while True:
                time.sleep(POLL_S)
                try:
                    _show_new(reader, follower.poll(time.time()), full=full, as_json=as_json)
                    lost = False
                except SourceError as error:
                    if not lost:
                        tell(f"{error} Trying again.")
                    lost = True


def _show_new(reader: Reader, fresh: list[listing.Summary], *, full: bool, as_json: bool) -> None:
    if as_json:
        for summary in fresh:
            show_json(summary, indent=None)
    elif full:
        out = console()
        for one in reader.traces([summary["Id"] for summary in fresh]):
            out.print(picture(one, reader.source.notices(one.id), out.width))
    else:
        out = console()
        for summary in fresh:
            out.print(listing.line(summary, out.width))
    sys.stdout.flush()


@app.command("export")
def export_traces(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID...]", help="These traces; without any, all that match.")] = None,
    *,
    expression: Annotated[str, typer.Option("--filter", metavar="FILTER", help="A filter expression of X-Ray.")] = "",
    since: Since = SINCE,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Instead of standard output.")] = None,
    endpoint: Endpoint = None,
    db: Db = None,
) -> None:
    """Write traces as `aws xray batch-get-traces` prints them."""
    with opened(endpoint, db) as reader:
        wanted = ids or [summary["Id"] for summary in reader.summaries(query(reader, since, expression))]
        found = files.exported(reader.traces([last(reader) if name == "last" else name for name in wanted]))
    text = json.dumps(found, indent=2)
    if output is None:
        print(text)  # noqa: T201 - output
        return
    try:
        output.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        fail(f"cannot write {output}: {error.strerror}")
    tell(f"{len(found['Traces'])} traces written to {output}")


@app.command("import")
def import_traces(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="What export or the aws CLI wrote, or documents; - is standard input.")
    ],
    endpoint: Endpoint = None,
    db: Db = None,
) -> None:
    """Read traces from files."""
    documents: list[str] = []
    for path in paths:
        try:
            text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
            documents += files.documents(text, str(path))
        except (OSError, UnicodeDecodeError) as error:
            fail(f"cannot read {path}: {error}")
        except files.BadFileError as error:
            fail(str(error))
    with opened(endpoint, db) as reader:
        refused = reader.put(documents)
    for answer in refused:
        tell(f"refused: {answer.get('Id', '?')}: {answer['Message']}")
    tell(f"{len(documents) - len(refused)} documents imported, {len(refused)} refused")
    if refused:
        raise SystemExit(1)


@app.command()
def doctor(as_json: Json = False, endpoint: Endpoint = None) -> None:
    """Tell why no traces arrive."""
    address = endpoint or running_endpoint() or DEFAULT_ENDPOINT
    reader = Reader(EndpointSource(address)) if health(address) else None
    try:
        found = diagnosis.findings(diagnosis.examine(address, reader, os.environ))
    finally:
        if reader:
            reader.source.close()
    if as_json:
        show_json([vars(finding) for finding in found])
    else:
        out = console()
        out.soft_wrap = False
        for line in diagnosis.lines(found):
            out.print(line)
    if any(finding.level == diagnosis.PROBLEM for finding in found):
        raise SystemExit(1)


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)  # noqa: T201 - output


if __name__ == "__main__":
    main()
