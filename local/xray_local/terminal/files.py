"""Traces in files: what `export` writes, and what `import` reads.

An export is what `aws xray batch-get-traces` prints, so a file of either can be attached to a ticket and read back here.
Import also takes documents as they are sent: one as JSON, a list of them, or one a line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from xray_local.documents import MAX_BYTES
from xray_local.model import Document

from .source import Trace


class BadFileError(ValueError):
    """The file holds nothing that can be imported. The text is for the user."""


def exported(traces: Iterable[Trace]) -> dict[str, Any]:
    """Traces in the shape of BatchGetTraces."""
    return {
        "Traces": [
            {
                "Id": trace.id,
                "Duration": trace.duration,
                "LimitExceeded": trace.limit_exceeded,
                "Segments": [{"Id": segment["id"], "Document": _text(segment)} for segment in trace.segments],
            }
            for trace in traces
        ],
        "UnprocessedTraceIds": [],
    }


def documents(text: str, name: str) -> list[str]:
    """The documents of a file as they are sent to X-Ray. Raises BadFileError."""
    found = list(_found(_parsed(text, name), name))
    # X-Ray made the inferred ones of others, and makes them again.
    return [part for document in found if not document.get("inferred") for part in split(document)]


def _parsed(text: str, name: str) -> list[Any]:
    try:
        return [json.loads(text)]
    except ValueError as whole:
        try:
            # One line is what has just been tried.
            return [json.loads(line) for line in text.splitlines() if line.strip()] or [json.loads(text)]
        except ValueError:
            raise BadFileError(f"{name} is not JSON: {whole}") from whole
    except RecursionError as error:
        raise BadFileError(f"{name} is nested too deeply") from error


def _found(values: Iterable[Any], name: str) -> Iterator[Document]:
    for value in values:
        if isinstance(value, list):
            yield from _found(value, name)
        elif isinstance(value, str):
            yield from _found(_parsed(value, name), name)
        elif not isinstance(value, dict):
            raise BadFileError(f"{name} holds {str(value)[:40]!r} where a document or a trace should be")
        elif isinstance(value.get("Traces"), list):
            yield from _found(value["Traces"], name)
        elif isinstance(value.get("Segments"), list):
            yield from _found(value["Segments"], name)
        elif "Document" in value:
            yield from _found([value["Document"]], name)
        elif "id" in value:
            yield value
        else:
            raise BadFileError(f"{name} holds an object without an id: {_text(value)[:60]}")


def split(document: Document) -> Iterator[str]:
    """The document as text, in as many parts as X-Ray's limit of a document asks for; together they are the same.

    What X-Ray has put together of parts can be larger than any of them may be.
    """
    text = _text(document)
    below = document.get("subsegments")
    if not isinstance(below, list) or len(text.encode()) <= MAX_BYTES:
        yield text
        return
    yield _text({key: value for key, value in document.items() if key != "subsegments"})
    above = {"type": "subsegment", "trace_id": document.get("trace_id"), "parent_id": document.get("id")}
    for child in below:
        yield from split({**child, **above})


def _text(document: Document) -> str:
    return json.dumps(document, separators=(",", ":"))
