"""The command `xray-local`: `up` runs the server, `invoke` a function, the others read what there is."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from xray_local import __version__, home
from xray_local.commands.invoke import invoke
from xray_local.commands.output import console, document, fail, picture, show_json, tell
from xray_local.commands.up import up
from xray_local.terminal import doctor as diagnosis
from xray_local.terminal import files, listing, service_map
from xray_local.terminal.choosing import DEFAULT_ENDPOINT, SINCE, advice, last, opened, query, running_endpoint, seconds
from xray_local.terminal.labels import printable
from xray_local.terminal.source import EndpointSource, Reader, SourceError, health

POLL_S = 0.5
# How long `tail` watches a trace that it has shown: an asynchronous invocation may take 15 minutes.
TAIL_WINDOW_S = 900.0

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
    except PermissionError as error:
        fail(f"{error.filename}: you have no right to it; choose another place with --db or {home.HOME_VARIABLE}")
    except BrokenPipeError:
        # `xray-local traces | head`: the reader has seen enough. Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app.command()(up)
app.command()(invoke)


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
