"""Round trips against X-Ray's own answers, where they are at hand: they belong to others and are no part of this project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.local.core.making import apart, shuffled
from xray_local.documents import parse
from xray_local.graph import contribution
from xray_local.model import CompiledTrace, Document
from xray_local.trace import compile_trace

FOLDER = Path(__file__).parents[4] / "shared" / "fixtures" / "xray"
NAMES = ["apigateway-lambda 0", "apigateway-lambda 1", "sqs-link 0", "step-functions 0"]


def answer(name: str) -> dict[str, Any]:
    """One trace of BatchGetTraces' answer, with its segments as objects."""
    file, _, index = name.partition(" ")
    path = FOLDER / f"batch-get-traces-{file}.json"
    if not path.exists():
        pytest.skip("the fixtures of X-Ray's answers are not here")
    found = json.loads(path.read_text())
    trace: dict[str, Any] = found.get("Traces", [found])[int(index)]
    trace["Segments"] = [json.loads(segment["Document"]) if "Document" in segment else segment for segment in trace["Segments"]]
    return trace


def as_sent(document: Document) -> Document:
    """As an SDK would have sent it, as far as that can be told: X-Ray's names of resources and services taken back."""
    sent = {"in_progress": False, **document}
    if "aws" in sent:
        sent["aws"] = {key: value for key, value in sent["aws"].items() if key != "resource_names"}
    if sent.get("namespace") == "aws" and sent["name"] in ("DynamoDB", "Lambda"):
        sent["name"] = sent["name"].lower()
    return sent


def again(trace: dict[str, Any], seed: int) -> CompiledTrace:
    """The trace compiled of its own parts: split, shuffled, written as JSON, without what X-Ray inferred."""
    real = [segment for segment in trace["Segments"] if not segment.get("inferred")]
    parts = [as_sent(part) for segment in real for part in apart(segment)]
    return compile_trace(trace["Id"], [parse(json.dumps(part)) for part in shuffled(parts, seed)])


def comparable(segments: list[Document]) -> dict[str, Document]:
    """By id, or by the call for inferred segments, whose ids X-Ray draws; subsegments by id, as their order means nothing."""

    def ordered(entity: Document) -> Document:
        below = (
            {"subsegments": sorted(map(ordered, entity["subsegments"]), key=lambda part: str(part["id"]))}
            if "subsegments" in entity
            else {}
        )
        return {**entity, **below}

    return {
        ("of " + segment["parent_id"] if segment.get("inferred") else segment["id"]): (
            {key: value for key, value in segment.items() if key != "id"} if segment.get("inferred") else ordered(segment)
        )
        for segment in segments
    }


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", NAMES)
def test_round_trip(name: str, seed: int) -> None:
    """Split into single parts and shuffled, the trace comes back as X-Ray returned it, but for the ids of inferred segments."""
    trace = answer(name)

    compiled = again(trace, seed)

    assert comparable(compiled.segments) == comparable(trace["Segments"])
    assert compiled.duration == trace["Duration"]


# The other one was written anew by a program, in an order of its own.
@pytest.mark.parametrize("name", NAMES[:3])
def test_fields_in_x_rays_order(name: str) -> None:
    """Fields stand in the order of X-Ray's answers, so that raw documents can be read side by side."""
    trace = answer(name)

    compiled = again(trace, 0)

    orders = {key: list(segment) for key, segment in comparable(trace["Segments"]).items()}
    assert {key: list(segment) for key, segment in comparable(compiled.segments).items()} == orders


GRAPHS = {
    "apigateway-lambda 0": [
        "todo-app-api/dev AWS::ApiGateway::Stage -> todo-app-postTask AWS::Lambda",
        "todo-app-api/dev client -> todo-app-api/dev AWS::ApiGateway::Stage",
        "todo-app-postTask AWS::Lambda -> todo-app-postTask AWS::Lambda::Function",
        "todo-app-postTask AWS::Lambda::Function -> tasks AWS::DynamoDB::Table",
        "todo-app-postTask AWS::Lambda::Function -> todo-app-sendNotification AWS::Lambda",
        "todo-app-sendNotification AWS::Lambda -> todo-app-sendNotification AWS::Lambda::Function",
    ],
    "sqs-link 0": [
        "xray-stuff-ProducerA-LbbjYUkcchrB AWS::Lambda -> xray-stuff-ProducerA-LbbjYUkcchrB AWS::Lambda::Function",
        "xray-stuff-ProducerA-LbbjYUkcchrB AWS::Lambda::Function -> xray-stuff-ConsumerA-kWsiXtT2gOdW AWS::Lambda",
        "xray-stuff-ProducerA-LbbjYUkcchrB client -> xray-stuff-ProducerA-LbbjYUkcchrB AWS::Lambda",
    ],
    "step-functions 0": [
        "state-machine-01 AWS::StepFunctions::StateMachine -> CloudWatchLogs AWS::CloudWatchLogs",
        "state-machine-01 AWS::StepFunctions::StateMachine -> state-machine-02 AWS::StepFunctions::StateMachine",
        "state-machine-01 client -> state-machine-01 AWS::StepFunctions::StateMachine",
        "state-machine-02 AWS::StepFunctions::StateMachine -> Lambda AWS::Lambda",
        "state-machine-02 AWS::StepFunctions::StateMachine -> Sfn AWS::Sfn",
    ],
}


@pytest.mark.parametrize("name", GRAPHS)
def test_graph(name: str) -> None:
    """The graph of a real trace has the services, types and edges that its segments tell of."""
    found = contribution(again(answer(name), 0))

    edges = [f"{edge.source.name} {edge.source.type} -> {edge.target.name} {edge.target.type}" for edge in found.edges]
    assert edges == GRAPHS[name]


def test_step_functions_in_progress() -> None:
    """States that X-Ray itself never saw the end of stay in progress, and the trace says so."""
    compiled = again(answer("step-functions 0"), 0)

    assert (compiled.partial, compiled.notices) == (True, ["Still in progress: GetFunction (3 times), GetLogType"])
