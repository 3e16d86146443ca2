"""Makes the pages of docs/ that follow from the code: configuration.md and recorded-fields.md.

A test fails while the pages are not what this prints, and another while a document of the guest has a field
that RECORDED does not list.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.pythons import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "layer"))

from xray_instrument.plugins import aws_table
from xray_instrument.settings import PREFIX, SETTINGS

DOCS = REPOSITORY / "docs"

# Lambda's and X-Ray's own variables that the guest reads; the rest of the environment it leaves alone.
READ_TOO = (
    ("AWS_XRAY_DAEMON_ADDRESS", "`host:port`, or `tcp:host:port udp:host:port`; without it 127.0.0.1:2000."),
    ("_HANDLER", "Names the root subsegment."),
    ("AWS_LAMBDA_INITIALIZATION_TYPE", "Whether the initialization is recorded, and how it is marked."),
    ("AWS_LAMBDA_MAX_CONCURRENCY", "Set on managed instances, where the initialization is not recorded."),
    ("AWS_LAMBDA_FUNCTION_NAME, …_VERSION, …_MEMORY_SIZE, AWS_LAMBDA_LOG_GROUP_NAME, …_STREAM_NAME", "Recorded as metadata."),
    ("_X_AMZN_TRACE_ID", "Only when the initialization fails, for an emulator that sets it that early."),
)

# Every field that a document can have; * is any name or any item of a list.
RECORDED: tuple[tuple[str, str], ...] = (
    ("name", "the handler setting, that and ` init`, a module, a service, `Attempt #n`, `Deadline`, `runtime start`"),
    ("id, trace_id, parent_id, type", "identity"),
    ("start_time, end_time, in_progress", "seconds since the epoch"),
    ("error, throttle, fault", "X-Ray's flags, only where true"),
    ("namespace", "`aws` on an AWS call"),
    ("annotations.cold_start", "whether the caller waited for an initialization"),
    ("annotations.trigger", "which kind of event, by its shape"),
    ("annotations.tenant_id", "the tenant that Lambda names, if any"),
    ("annotations.initialization_type", "as Lambda names it"),
    ("annotations.initialized_ahead", "the environment was made ahead of need"),
    ("metadata.lambda.request_id, function_arn, function_name, function_version", "the invocation, the function"),
    ("metadata.lambda.memory_limit_mb, log_group, log_stream", "the environment"),
    ("metadata.lambda.batch_size, source_arn, upstream_trace_ids", "a batch's size, its source, its messages' traces"),
    ("metadata.import.total_ms, own_ms", "what a module's import took, with and without what it imports"),
    ("metadata.xray_instrument.modules_loaded, import_threshold_ms", "the initialization's imports"),
    ("metadata.xray_instrument.seconds_before_invocation", "how far ahead the initialization lay"),
    (
        "metadata.xray_instrument.initialization.start_time, end_time, invocations_since",
        "a cold start that no earlier invocation could tell, because none was sampled",
    ),
    ("metadata.xray_instrument.lost.*", "documents that could not be sent, by reason"),
    ("metadata.xray_instrument.cut.*, bytes_before_cut", "what was cut from this document to fit 64 KB"),
    ("cause.working_directory, paths.*", "where the function ran, the files in the stacks"),
    ("cause.exceptions.*.id, type, message, remote, cause, truncated", "an exception; URLs in the message keep scheme and host"),
    ("cause.exceptions.*.stack.*.path, line, label", "its stack: file, line, function; never a variable's value"),
    ("http.response.status, content_length", "the answer of an AWS call"),
    ("aws.operation, region, account_id, retries", "the AWS call; the account where a resource's ARN or URL names it"),
    ("aws.request_id, id_2", "what AWS support asks for"),
    ("subsegments.*", "attempts, imports: the same fields"),
)

# Lists of texts that RECORDED spells with a star; other lists (names of tables, of traces) are a field's value.
LISTS = ("cause.paths.*", "metadata.xray_instrument.cut.*")


def recorded_paths() -> set[str]:
    """Every path of RECORDED, written out: `a.b, c` stands for a.b and a.c."""
    found = set()
    for row, _ in RECORDED:
        first, *others = row.split(", ")
        found.add(first)
        found.update(f"{first.rpartition('.')[0]}.{other}".lstrip(".") for other in others)
    return found | {f"aws.{field}" for field in aws_fields()}


def aws_fields() -> set[str]:
    """The names that the AWS table gives."""
    answers = (fields for operations in aws_table.ANSWERS.values() for fields in operations.values())
    return {
        field
        for table in (*aws_table.PARAMETERS.values(), *aws_table.KEY_PARAMETERS.values(), *answers)
        for field in table.values()
    }


def paths(document: dict[str, Any], before: str = "") -> Iterator[str]:
    """The paths of a document's values, as recorded_paths spells them."""
    for key, value in document.items():
        path = f"{before}{'*' if before.endswith('lost.') else key}"
        if key == "subsegments":
            yield "subsegments.*"
            for child in value:
                yield from paths(child)
        elif isinstance(value, dict):
            yield from paths(value, f"{path}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for item in value:
                yield from paths(item, f"{path}.*.")
        elif f"{path}.*" in LISTS:
            yield f"{path}.*"
        else:
            yield path


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _default(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value * 1000:g}"
    return str(value) if value else "none"


def configuration() -> str:
    """The text of docs/configuration.md."""
    settings = _table(
        ("variable", "default", "meaning"),
        ((f"`{PREFIX}{name.upper()}`", _default(default), meaning) for name, default, _, meaning in SETTINGS),
    )
    lambdas = _table(("variable", "what for"), ((f"`{name}`", meaning) for name, meaning in READ_TOO))
    return f"""# Configuration

This page is made from the code (`python -m tools.docs`). All settings are environment variables of the function, read once at
the cold start. A value that is not understood costs one line on stderr, which says what was expected, and the default is used.

{settings}

`true` may be written 1, yes or on; `false` 0, no or off. `{PREFIX}ENABLED` is read by the wrapper already: when it is off,
nothing of ours runs at all.

## Read as well

{lambdas}
"""


def recorded() -> str:
    """The text of docs/recorded-fields.md."""
    fields = _table(("field", "what"), ((f"`{row}`", what) for row, what in RECORDED))
    services = _table(
        ("service", "parameters, and the fields they become", "of the answer"),
        (
            (
                aws_table.NAMES.get(service, service.replace(" ", "")),
                ", ".join(f"{_parameter(path)} → `{field}`" for path, field in table.items()) or "none",
                "; ".join(
                    f"{operation}: {', '.join(f'`{field}`' for field in found.values())}"
                    for operation, found in aws_table.ANSWERS.get(service, {}).items()
                ),
            )
            for service, table in aws_table.PARAMETERS.items()
        ),
    )
    keys = ", ".join(f"{service} {', '.join(table)}" for service, table in aws_table.KEY_PARAMETERS.items())
    return f"""# Everything that is ever recorded

This page is made from the code (`python -m tools.docs`); a test plants secrets everywhere else and looks for them in every
datagram.

{fields}

Not recorded, whatever the settings: bodies of requests and answers, items, messages, parameters' and secrets' values, headers,
query strings, environment variables, local variables, phone numbers and mail addresses.
With `{PREFIX}CAPTURE=object_keys`: {keys}.
With `message_urls`: URLs in exception messages as they are.

## Of each AWS service

Under `aws`. A list (of tables, of names) has at most 25 items, a text at most 500 characters. Of PartiQL statements, only the
table's name is kept.

{services}

A service that is not listed: its required parameters that are text and named like an identifier (…Name, …Arn, …Id, …Url), at most
four, unless AWS's own model calls them sensitive or they name a person, a session or a key.
"""


def _parameter(path: str) -> str:
    return path.replace("|sql", " (table)").replace("[]", "").replace("{}", " (keys)").replace(".*", "")


PAGES = {"configuration.md": configuration, "recorded-fields.md": recorded}


def main(folder: Path = DOCS) -> int:
    """Write the pages."""
    for name, text in PAGES.items():
        (folder / name).write_text(text())
        print(f"docs/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
