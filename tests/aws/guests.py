"""Functions run under the real runtime client with the packed layer, and everything that comes out of them."""

from __future__ import annotations

import json
import socket
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.aws.recording import checked, whole
from tests.kit import layer, pythons
from tests.kit.aws_stub import AwsRequest, AwsStub
from tests.kit.collector import Collector, compiled, duplicates, normalised
from tests.kit.fakes import HEADER, Document
from tests.kit.process import NO_DAEMON, Guest, Launch, Run, Sandbox
from tests.kit.runtime_api import Invocation

# Killed after three seconds, and told one second before: a starved machine looks a tenth of a second late now and then.
KILLED_S = 3.0
TOLD_S = 1.0
TELLS_EARLY = {"XRAY_INSTRUMENT_DEADLINE_MARGIN_MS": "1000"}
NEWEST = list(pythons.present())[-1] if pythons.present() else pythons.VERSIONS[-1]


@dataclass(frozen=True)
class Function:
    """A function's package and its settings."""

    code: str
    """Of app.py; the handler is app.handler."""
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    version: str = NEWEST
    vendor: bool = False
    """It brings aiobotocore, aws-xray-sdk and Powertools along."""
    packages: tuple[str, ...] = ()
    """Requirements; it brings exactly these along, from their own folder."""
    records: bool = False
    """It has subsegments of its own, with fields that are no business of docs/recorded-fields.md."""
    layered: bool = True
    fallback: bool = True
    """The layer brings its copy of the SDK along."""
    daemon: bool = True
    """AWS_XRAY_DAEMON_ADDRESS is the collector; else it is as `environment` says, or nothing listens there."""


@dataclass(frozen=True)
class Outcome:
    """What came out."""

    run: Run
    sent: list[Document]
    """Every document, in the order of arrival."""
    requests: list[AwsRequest]

    @property
    def trees(self) -> list[Document]:
        """What X-Ray builds of the documents, ids and times normalised, causes reduced."""
        return [whole(tree) for tree in normalised(compiled(self.sent))]

    @property
    def roots(self) -> list[Document]:
        """The invocations' trees, without the initialization's."""
        return [tree for tree in self.trees if tree["name"] == "app.handler"]

    @property
    def answers(self) -> list[object]:
        """What the function returned, or the error that was reported."""
        return [post.json() for post in self.run.posts]


def site(version: str = NEWEST) -> pythons.Site:
    """That Python with the newest runtime client, or a skip with the reason."""
    try:
        return pythons.site(version)
    except pythons.MissingPythonError as reason:
        pytest.skip(str(reason))


def settled(collector: Collector) -> list[Document]:
    """Every document that was sent before now: on the loopback, datagrams to one socket keep their order."""
    host, _, port = collector.address.rpartition(":")
    mark = "end of the test"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(HEADER + json.dumps({"id": mark}).encode(), (host, int(port)))
    seen = collector.wait_for(lambda documents: any(document["id"] == mark for document in documents))
    return [document for document in seen if document["id"] != mark]


def started(root: Path, function: Function, collector: Collector, aws: AwsStub, invocations: Sequence[Invocation] = ()) -> Guest:
    """The living function; use it in a `with` block."""
    place = site(function.version)
    sandbox = Sandbox.create(root / ("layered" if function.layered else "bare"), place)
    sandbox.write("app.py", textwrap.dedent(function.code))
    for name, text in function.files.items():
        sandbox.write(name, textwrap.dedent(text))
    folders = [pythons.packages(function.version, function.packages)] if function.packages else []
    for folder in [*folders, *([place.vendor] if function.vendor else [])]:
        for entry in folder.iterdir():
            link = sandbox.task / entry.name
            if not link.exists():
                link.symlink_to(entry)
    launch = Launch(
        "app.handler",
        {"AWS_ENDPOINT_URL": aws.url, "AWS_MAX_ATTEMPTS": "1", **function.environment},
        wrapper=layer.unpacked(with_fallback=function.fallback) / "xray-instrument" if function.layered else None,
        daemon=collector.address if function.daemon else NO_DAEMON,
    )
    return Guest(sandbox, launch, invocations)


def outcome(root: Path, function: Function, aws: AwsStub, invocations: Sequence[Invocation] = (Invocation(),)) -> Outcome:
    """Run the function for these invocations, and gather everything."""
    with Collector() as collector:
        with started(root, function, collector, aws, invocations) as guest:
            guest.wait()
            run = guest.result()
        sent = settled(collector)
    assert duplicates(sent) == []
    own_fields = function.vendor or function.packages or function.records
    for document in () if own_fields else sent:
        checked(document)
    return Outcome(run, sent, list(aws.requests))
