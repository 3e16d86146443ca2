"""An invocation recorded in this process, and its documents made comparable as whole values.

Everything is real (botocore, HTTP over a socket, the guest's wire format) but the clock, which stands still,
and the ids, which count. Two parts of a document depend on the machine and on botocore's version: the
exceptions' ids and the stacks. `whole` checks what it takes out of them and leaves the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from tests.kit.collector import compiled, normalised
from tests.kit.fakes import CapturedDatagrams, CountingIds, Document, FakeClock
from tests.kit.runtime_api import PARENT, ROOT, SAMPLED
from tools import docs
from xray_instrument import header
from xray_instrument.context import enter, live
from xray_instrument.emitter import Emitter
from xray_instrument.invocation import Invocation
from xray_instrument.model import NOTHING
from xray_instrument.recorder import recorder

NOW = FakeClock().now
# The root of a Recording: its ids count from here.
ROOT_ID = "0000000000000001"
FIRST_ID = "0000000000000002"
_HEX_16 = re.compile(r"[0-9a-f]{16}")


class Recording:
    """One sampled invocation: begun by `begin`, its finished subsegments in `documents`."""

    def __init__(self) -> None:
        """Record nothing yet."""
        self.captured = CapturedDatagrams()

    def begin(self, trace_header: str = SAMPLED, name: str = "app.handler") -> Invocation:
        """What the runtime's life cycle does when an invocation has come."""
        found, reason = header.parse(trace_header)
        assert found is not None, reason
        invocation = Invocation(found, name, recorder, Emitter(self.captured.send))
        invocation.root.fields = {"annotations": {}, "metadata": {}}
        live.trace = invocation
        return invocation

    def end(self) -> None:
        """What it does when the handler has returned."""
        if isinstance(live.trace, Invocation):
            live.trace.end(recorder.clock())
        self.stop()

    def stop(self) -> None:
        """Record nothing any more, and send nothing for it."""
        live.trace = NOTHING
        enter(None)

    def documents(self) -> list[Document]:
        """Every document sent so far, made comparable."""
        return [whole(checked(document)) for document in self.captured.documents()]

    def trees(self) -> list[Document]:
        """What X-Ray would build of them, ids and times normalised."""
        return [whole(tree) for tree in normalised(compiled(map(checked, self.captured.documents())))]


def subsegment(name: str, aws: Document, **fields: object) -> Document:
    """The whole document of a recording's first call, less the defaults that all have in common."""
    return {
        "name": name,
        "id": FIRST_ID,
        "trace_id": ROOT,
        "parent_id": ROOT_ID,
        "type": "subsegment",
        "start_time": NOW,
        "end_time": NOW,
        "namespace": "aws",
        "aws": {**aws, "retries": aws.get("retries", 0)},
        **fields,
    }


def tree(children: Iterable[Document]) -> Document:
    """The whole normalised tree of an invocation with these children, numbered as `normalised` does."""
    root: Document = {
        "name": "app.handler",
        "trace_id": ROOT,
        "parent_id": PARENT,
        "type": "subsegment",
        "start_time": "start",
        "end_time": "end",
        "annotations": {},
        "metadata": {},
    }
    below = list(children)
    numbered, last = _numbered({**root, "subsegments": below} if below else root, 1)
    assert last
    return numbered


def node(name: str, *children: Document, **fields: object) -> Document:
    """One node of a normalised tree, for `tree`; its id and its parent's are filled in there."""
    document: Document = {"name": name, "trace_id": ROOT, "start_time": "start", "end_time": "end", **fields}
    return {**document, "subsegments": list(children)} if children else document


def _numbered(document: Document, number: int) -> tuple[Document, int]:
    document = {**document, "id": f"id{number}"}
    last = number
    children = []
    for child in document.get("subsegments", ()):
        below, last = _numbered({**child, "parent_id": document["id"]}, last + 1)
        children.append(below)
    return ({**document, "subsegments": children} if children else document), last


# How the names end that the general rule takes for services without a row in the AWS table.
IDENTIFIERS = ("name", "arn", "id", "url", "identifier")
LISTED = docs.recorded_paths()


def checked(document: Document) -> Document:
    """The same document, unless it has a field that docs/recorded-fields.md does not list."""
    found = set(docs.paths(document)) - LISTED
    unlisted = {path for path in found if not (path.startswith("aws.") and path.rpartition("_")[2].endswith(IDENTIFIERS))}
    assert unlisted == set(), f"not in docs/recorded-fields.md: {sorted(unlisted)}"
    return document


def whole(document: Document) -> Document:
    """The document with its causes reduced by `cause`, embedded ones too."""
    document = dict(document)
    if "cause" in document:
        document["cause"] = cause(document["cause"])
    if "subsegments" in document:
        document["subsegments"] = [whole(child) for child in document["subsegments"]]
    return document


def cause(found: Document) -> list[Document]:
    """The exceptions of a cause: id and chain checked, of the stack whether there is one and that its paths are listed."""
    assert set(found) == {"working_directory", "paths", "exceptions"}, found
    ids = [exception["id"] for exception in found["exceptions"]]
    assert all(_HEX_16.fullmatch(identity) for identity in ids), ids
    assert len(set(ids)) == len(ids), ids
    frames = [frame for exception in found["exceptions"] for frame in exception.get("stack", ())]
    assert list(dict.fromkeys(frame["path"] for frame in frames)) == found["paths"]
    return [_exception(exception, ids) for exception in found["exceptions"]]


def _exception(exception: Document, ids: list[str]) -> Document:
    reduced: dict[str, Any] = {key: value for key, value in exception.items() if key not in ("id", "stack", "cause")}
    if "stack" in exception:
        assert all(set(frame) == {"path", "line", "label"} for frame in exception["stack"])
        reduced["innermost"] = exception["stack"][-1]["label"] if exception["stack"] else None
    if "cause" in exception:
        reduced["led_to_by"] = ids.index(exception["cause"])
    return reduced


def fake_recorder() -> tuple[FakeClock, CountingIds]:
    """A clock that stands still and ids that count, in the one recorder of this process."""
    clock, ids = FakeClock(), CountingIds()
    recorder.clock, recorder.new_id = clock, ids
    return clock, ids
