"""Spans of OpenTelemetry's API are subsegments of the same tree, until the function sets a tracer provider of its own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.aws.guests import Function, Outcome, outcome
from tests.kit.aws_stub import AwsStub
from tests.kit.fakes import Document
from tests.kit.runtime_api import UNSAMPLED, Invocation
from tests.sdk import otel_more_programs as more
from tests.sdk.otel_programs import CONFIGURED, FAILING, PRELUDE, SAME, WITH_SPANS
from tests.sdk.trees import comparable, names, recorded_by_the_sdk
from xray_instrument.model import legal_key

TYPING = "typing_extensions==4.15.0"
API = ("opentelemetry-api==1.45.2", TYPING)
SDK = (
    *API,
    "opentelemetry-sdk==1.45.2",
    "opentelemetry-semantic-conventions==0.66b2",
    "opentelemetry-propagator-aws-xray==1.0.2",
)


def answers(of: Outcome) -> list[Any]:
    """What the function returned."""
    return list(of.answers)


def as_spans(trees: Iterable[Document], below: str = "") -> list[Document]:
    """What subsegments say, as what a span says: parents by name, attributes under X-Ray's keys, sorted."""
    found = []
    for tree in trees:
        own = tree["metadata"]["otel"]
        name = own.get("name", tree["name"])
        found.append(
            {
                "name": name,
                "below": below,
                "kind": own.get("kind", "INTERNAL"),
                "scope": own["scope"],
                "attributes": legal([*tree.get("annotations", {}).items(), *own.get("attributes", {}).items()]),
                "events": [[event["name"], event.get("attributes", {})] for event in own.get("events", ())],
                "links": [[link["span_id"], link.get("attributes", {})] for link in own.get("links", ())],
                "raised": [[step["type"], step["message"]] for step in recorded(tree.get("cause"))],
                "failed": bool(tree.get("fault") or tree.get("error")),
            }
        )
        found += as_spans(tree.get("subsegments", ()), name)
    return sorted(found, key=repr)


def recorded(cause: Document | None) -> list[Document]:
    """The exceptions that were recorded, without those that led to them, and without a status that is told as one."""
    exceptions = cause["exceptions"] if cause else []
    led = {exception.get("cause") for exception in exceptions}
    return [exception for exception in exceptions if exception["id"] not in led and exception["type"] != "ERROR"]


def legal(attributes: Iterable[tuple[str, Any]]) -> Document:
    """Attributes under X-Ray's keys, sorted; one that would get the key of another keeps its own."""
    made: Document = {}
    for key, value in attributes:
        made[key if legal_key(key) in made else legal_key(key)] = value
    return dict(sorted(made.items()))


def exported(spans: list[Document]) -> list[Document]:
    """The same of what an SDK exported."""
    by_id = {span["id"]: span["name"] for span in spans}
    return sorted(
        (
            {
                "name": span["name"],
                "below": by_id.get(span["parent_id"], ""),
                "kind": span["kind"],
                "scope": span["scope"],
                "attributes": legal(span["attributes"].items()),
                "events": [event for event in span["events"] if event[0] != "exception"],
                "links": span["links"],
                "raised": [
                    [told["exception.type"], told["exception.message"]] for name, told in span["events"] if name == "exception"
                ],
                "failed": span["status"] == "ERROR",
            }
            for span in spans
        ),
        key=repr,
    )


# Their answers say whether a span is recording, which without us is never so.
TELLING = ("begun and not current", "left open at first", *more.TELLING)
PROGRAMS = {**SAME, **{f"more: {name}": code for name, code in more.SAME.items()}}


@pytest.mark.parametrize("name", PROGRAMS)
def test_subsegments_say_what_an_sdk_exports(name: str, tmp_path: Path, aws: AwsStub) -> None:
    """Sampled, tree and answer are those of an SDK, and the output is that without us; unsampled, all is as without us."""
    code = PRELUDE + PROGRAMS[name]
    both = [Invocation(), Invocation(trace_header=UNSAMPLED)]
    bare = outcome(tmp_path, Function(code, packages=API, layered=False), aws, both)
    sdk = outcome(tmp_path / "sdk", Function(CONFIGURED + code + WITH_SPANS, packages=SDK, layered=False), aws)
    layered = outcome(tmp_path, Function(code, packages=API), aws, both)

    [[answer, spans]] = answers(sdk)
    assert layered.answers == [answer, bare.answers[1]]
    assert name.removeprefix("more: ") in TELLING or bare.answers[0] == answer
    assert (layered.run.stdout, layered.run.stderr) == (bare.run.stdout, bare.run.stderr)
    assert as_spans(recorded_by_the_sdk(layered.sent)) == exported(spans)


@pytest.mark.parametrize("name", FAILING)
def test_an_error_is_reported_as_without_us(name: str, tmp_path: Path, aws: AwsStub) -> None:
    """The error's type, message and stack, and what is logged of it."""
    code = PRELUDE + FAILING[name]
    bare = outcome(tmp_path, Function(code, packages=API, layered=False), aws)
    layered = outcome(tmp_path, Function(code, packages=API), aws)

    assert comparable(layered.answers) == comparable(bare.answers)
    assert comparable(layered.run.stderr) == comparable(bare.run.stderr)
    assert [names(tree) for tree in recorded_by_the_sdk(layered.sent)] == [["outer", ["inner"]]]
