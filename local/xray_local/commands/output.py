"""How the commands talk: sentences on standard error, values and pictures on standard output."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, NoReturn

from rich.console import Console

from xray_local.terminal import timeline
from xray_local.terminal.source import Trace

# A file or a pipe has no width; as wide as tests and logs are read.
WIDTH_OF_A_FILE = 100


def fail(text: str) -> NoReturn:
    """End with a sentence for the user."""
    tell(text)
    raise SystemExit(1)


def tell(text: str) -> None:
    """A sentence for the user, beside the output."""
    print(f"xray-local: {text}", file=sys.stderr, flush=True)  # noqa: T201 - it talks to a person


def console(*, stderr: bool = False) -> Console:
    """Standard output, or error, as Rich sees it; NO_COLOR, COLUMNS and TERM are Rich's to obey."""
    made = Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = WIDTH_OF_A_FILE
    return made


def show_json(value: Any, *, indent: int | None = 2) -> None:
    """One JSON value."""
    print(json.dumps(value, indent=indent, ensure_ascii=True))  # noqa: T201 - output


def document(one: Trace, notices: list[str] | None) -> dict[str, Any]:
    """A trace as JSON: as BatchGetTraces has it, but for the documents, which are no strings here, and what there is to say."""
    found = {"Id": one.id, "Duration": one.duration, "LimitExceeded": one.limit_exceeded, "Segments": one.segments}
    return found if notices is None else {**found, "Notices": notices}


def picture(one: Trace, notices: list[str] | None, width: int) -> Any:
    """A trace as a timeline. Where the source says nothing about it, what can be seen is said."""
    trees = timeline.forest(one.segments)
    told = [f"{one.duration * 1000:,.1f} ms", *timeline.remarks(trees if notices is None else [], one.limit_exceeded)]
    return timeline.drawn(one.id, ["; ".join(told), *(notices or ())], trees, width)
