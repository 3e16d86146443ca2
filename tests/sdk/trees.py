"""What two runs of the same program, with the layer and without, must have in common, made comparable."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from tests.aws.guests import Outcome
from tests.kit.collector import compiled, walk
from tests.kit.fakes import Document

# The time of log records, and of Powertools' logger and metrics; where the two sandboxes lie.
VOLATILE = (
    (re.compile(r"\d{4}-\d{2}-\d{2}T[\d:.]+Z"), "…"),
    (re.compile(r'"timestamp":"[^"]*"'), '"timestamp":…'),
    (re.compile(r'"Timestamp":\d+'), '"Timestamp":…'),
    (re.compile("/(layered|bare)/"), "/…/"),
)
# What the layer says of an AWS call and the SDK does too; the layer adds retries, the table, content lengths.
AWS_MEMBERS = ("operation", "region", "request_id", "status")


def comparable(output: Any) -> str:
    """Without what is another one in each run."""
    text = repr(output)
    for pattern, word in VOLATILE:
        text = pattern.sub(word, text)
    return text


def told(node: Document) -> Document:
    """What a subsegment says, without ids and times; an AWS call that went out as far as both recorders say it."""
    if node.get("namespace") == "aws" and "http" in node:
        aws = {**node["aws"], "status": node["http"]["response"]["status"]}
        kept: Document = {"name": node["name"].lower(), **{name: aws[name] for name in AWS_MEMBERS}}
    else:
        left_out = ("id", "parent_id", "trace_id", "start_time", "end_time", "in_progress", "type", "subsegments", "cause")
        kept = {key: value for key, value in node.items() if key not in left_out}
        if "cause" in node:
            kept["cause"] = cause(node["cause"])
    if node.get("subsegments"):
        kept["subsegments"] = [told(child) for child in node["subsegments"]]
    return kept


def cause(found: Any) -> Any:
    """A cause without ids and places; a reference to another one as such."""
    if isinstance(found, str):
        return "the cause of another"
    return [
        {
            **{key: value for key, value in exception.items() if key not in ("id", "stack")},
            "labels": [frame["label"] for frame in exception.get("stack", ())],
        }
        for exception in found["exceptions"]
    ]


def recorded_by_the_sdk(sent: Iterable[Document]) -> list[Document]:
    """The trees that the SDK sends, or sends below what the layer adds: the invocation's root, the initialization."""
    trees = compiled(list(sent))
    roots = [tree for tree in trees if tree["name"] == "app.handler"]
    below = [child for root in roots for child in root.get("subsegments", [])]
    return below if roots else [tree for tree in trees if tree["name"] != "app.handler init"]


def names(node: Document) -> list[Any]:
    """A tree as names."""
    return [node["name"], *[names(child) for child in node.get("subsegments", [])]]


def unanswered(sent: Iterable[Document]) -> set[str]:
    """Causes that refer to an exception that nobody tells."""
    causes = [node["cause"] for node in walk(compiled(list(sent))) if node.get("cause")]
    ids = {exception["id"] for whole in causes if isinstance(whole, dict) for exception in whole["exceptions"]}
    return {reference for reference in causes if isinstance(reference, str)} - ids


def assert_the_same(layered: Outcome, bare: Outcome) -> None:
    """Same answers, same output, same trees below what the layer adds."""
    assert comparable(layered.answers) == comparable(bare.answers)
    assert comparable(layered.run.stdout) == comparable(bare.run.stdout)
    assert comparable(layered.run.stderr) == comparable(bare.run.stderr)
    assert [told(tree) for tree in recorded_by_the_sdk(layered.sent)] == [told(tree) for tree in recorded_by_the_sdk(bare.sent)]
    assert unanswered(layered.sent) == set()


def document(tree: Document) -> Document:
    """A subsegment without its place in the tree; of its cause, types, messages and the functions on the stack."""
    kept = {key: value for key, value in tree.items() if key not in ("id", "trace_id", "parent_id", "type")}
    if "cause" in kept:
        kept["cause"] = [
            [step["type"], step["message"], [frame["label"] for frame in step.get("stack", ())]]
            for step in kept["cause"]["exceptions"]
        ]
    return kept
