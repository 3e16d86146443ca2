"""The layer's own documents, from a real function under the real runtime client, through the whole core."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.aws.guests import Function, outcome
from tests.kit.aws_stub import AwsStub, Reply
from tests.kit.runtime_api import PARENT, Invocation
from xray_local.documents import parse
from xray_local.graph import contribution
from xray_local.model import CompiledTrace, Document, ServiceKey
from xray_local.summary import summarise
from xray_local.trace import compile_trace

CODE = """
    import boto3
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")

    def handler(event, context):
        s3.get_object(Bucket="photos", Key="1")
        dynamodb.put_item(TableName="orders", Item={"pk": {"S": "1"}})
"""

LAMBDA, FUNCTION = ServiceKey("shop", "AWS::Lambda"), ServiceKey("shop", "AWS::Lambda::Function")
TABLE, BUCKET = ServiceKey("orders", "AWS::DynamoDB::Table"), ServiceKey("photos", "AWS::S3::Bucket")


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    """What one failing invocation sends, as it came."""
    with AwsStub() as aws:
        aws.script("dynamodb.PutItem", then=Reply(status=503))
        return outcome(tmp_path_factory.mktemp("function"), Function(CODE), aws, [Invocation()]).sent


def trace_of(documents: list[Document]) -> CompiledTrace:
    """Through the check and together."""
    return compile_trace(documents[0]["trace_id"], [parse(json.dumps(document)) for document in documents])


def lambdas(documents: list[Document]) -> list[Document]:
    """The segments that Lambda itself would send around the invocation."""
    times: dict[str, Any] = {"trace_id": documents[0]["trace_id"], "start_time": 1, "end_time": 2, "name": "shop"}
    front = {**times, "id": "a" * 16, "origin": "AWS::Lambda", "http": {"response": {"status": 200}}, "error": True}
    return [front, {**times, "id": PARENT, "parent_id": "a" * 16, "origin": "AWS::Lambda::Function", "fault": True}]


def edges(trace: CompiledTrace) -> list[tuple[ServiceKey, ServiceKey]]:
    """Who calls whom."""
    return [(edge.source, edge.target) for edge in contribution(trace).edges]


def test_with_lambdas_segments(sent: list[Document]) -> None:
    """Below Lambda's segments everything has its place: no notices, the map of the function, its annotation, where the fault came from."""
    trace = trace_of([*sent, *lambdas(sent)])

    summary = summarise(trace)
    (cause,) = summary.fault_root_causes
    assert (trace.notices, trace.partial) == ([], False)
    assert edges(trace) == [
        (LAMBDA, FUNCTION),
        (FUNCTION, TABLE),
        (FUNCTION, BUCKET),
        (ServiceKey("shop", "client"), LAMBDA),
    ]
    assert [(found.key, found.value) for found in summary.annotations if found.key == "cold_start"] == [("cold_start", True)]
    names = [(part.service, [entity.name for entity in part.entities]) for part in cause.services]
    assert names == [(FUNCTION, ["shop", "app.handler", "DynamoDB"]), (TABLE, ["DynamoDB"])]


def test_without_them(sent: list[Document]) -> None:
    """Alone, the invocation is where the trace begins, and what is missing is said."""
    trace = trace_of(sent)

    handler = ServiceKey("app.handler")
    assert (summarise(trace).entry_point, summarise(trace).has_fault) == (handler, True)
    assert [edge for edge in edges(trace) if edge[0] in (handler, ServiceKey("app.handler", "client"))] == [
        (handler, TABLE),
        (handler, BUCKET),
        (ServiceKey("app.handler", "client"), handler),
    ]
    assert [notice.partition(":")[0] for notice in trace.notices] == [
        f"Their parent {PARENT} has not arrived, so they stand by themselves"
    ]


def test_in_any_order(sent: list[Document]) -> None:
    """The order of the datagrams does not show."""
    assert trace_of(sent[::-1]) == trace_of(sent)


def test_in_flight(sent: list[Document]) -> None:
    """While the invocation runs there is a partial trace that ends with the last thing known."""
    early = [document for document in sent if document.get("in_progress") or document["name"] != "app.handler"]

    trace = trace_of(early)

    assert (trace.partial, [notice for notice in trace.notices if "progress" in notice]) == (
        True,
        ["Still in progress: app.handler"],
    )
    assert trace.end_time == max(document.get("end_time", 0) for document in early)
