"""Functions that bring a tracer of their own: it works as without us, and no call is shown twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.aws.conftest import MakeClient
from tests.aws.guests import Function, outcome
from tests.aws.recording import Recording, subsegment
from tests.aws.test_failures import TABLE, answered
from tests.kit.aws_stub import AwsStub
from tests.kit.collector import compiled, walk

ID = re.compile(r"Parent=[0-9a-f]{16}")

HANDLER = """
    def handler(event, context):
        table = dynamodb.get_item(TableName="orders", Key={"pk": {"S": "1"}})
        return table["ResponseMetadata"]["HTTPStatusCode"]
"""
SDK_FIRST = (
    """
    from aws_xray_sdk.core import patch_all, xray_recorder
    patch_all()
    import boto3
    dynamodb = boto3.client("dynamodb")
"""
    + HANDLER
)
SDK_LAST = (
    """
    import boto3
    dynamodb = boto3.client("dynamodb")
    from aws_xray_sdk.core import patch, xray_recorder
    patch(["boto3"])
"""
    + HANDLER
)
SDK_IN_THE_HANDLER = """
    import boto3
    from aws_xray_sdk.core import patch_all, xray_recorder
    dynamodb = boto3.client("dynamodb")

    def handler(event, context):
        patch_all()
        with xray_recorder.in_subsegment("mine") as mine:
            mine.put_annotation("order", 7)
            dynamodb.get_item(TableName="orders", Key={"pk": {"S": "1"}})
        return 200
"""
POWERTOOLS = """
    from aws_lambda_powertools import Tracer
    import boto3
    tracer = Tracer(service="orders")
    dynamodb = boto3.client("dynamodb")

    @tracer.capture_method
    def load():
        return dynamodb.get_item(TableName="orders", Key={"pk": {"S": "1"}})["ResponseMetadata"]["HTTPStatusCode"]

    @tracer.capture_lambda_handler
    def handler(event, context):
        return load()
"""
FUNCTIONS = {"sdk-first": SDK_FIRST, "sdk-last": SDK_LAST, "sdk-in-the-handler": SDK_IN_THE_HANDLER, "powertools": POWERTOOLS}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_aws_xray_sdk_and_powertools(name: str, tmp_path: Path, aws: AwsStub) -> None:
    """The answer, the output and the requests are the same with and without us; the call is in one tree, once, by us."""
    code = FUNCTIONS[name]
    bare = outcome(tmp_path, Function(code, vendor=True, layered=False), aws)
    aws.clear()
    layered = outcome(tmp_path, Function(code, vendor=True), aws)

    assert bare.answers == layered.answers == [200]
    assert (layered.run.stdout, layered.run.stderr) == (bare.run.stdout, bare.run.stderr) == (b"", b"")
    assert {tree["name"] for tree in layered.trees} == {"app.handler init", "app.handler"}
    assert str(bare.sent).count("GetItem") == str(layered.sent).count("GetItem") == 1
    [call] = [node for node in walk(layered.trees) if node.get("namespace") == "aws"]
    assert (call["name"], call["aws"]["table_name"], call["aws"]["retries"]) == ("DynamoDB", "orders", 0)
    headers = [[ID.sub("Parent=…", value) for value in request.all_headers("X-Amzn-Trace-Id")] for request in layered.requests]
    assert headers == [
        [ID.sub("Parent=…", value) for value in request.all_headers("X-Amzn-Trace-Id")] for request in bare.requests
    ]
    assert [len(values) for values in headers] == [1]
    [sent] = [node for node in walk(compiled(layered.sent)) if node.get("namespace") == "aws"]
    assert f"Parent={sent['id']}" in str(layered.requests[0].all_headers("X-Amzn-Trace-Id"))


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """OpenTelemetry's own instrumentation of botocore, switched on for a test."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor: Any = BotocoreInstrumentor()  # type: ignore[no-untyped-call]
    instrumentor.instrument(tracer_provider=provider)
    yield exporter
    instrumentor.uninstrument()


def get_item(dynamodb: Any) -> int:
    return int(dynamodb.get_item(TableName="orders", Key={"pk": {"S": "1"}})["ResponseMetadata"]["HTTPStatusCode"])


def test_opentelemetry(recording: Recording, client: MakeClient, aws: AwsStub, spans: InMemorySpanExporter) -> None:
    """Where OpenTelemetry records the call, ours does not, and the request is the one that it makes without us."""
    dynamodb = client("dynamodb")

    traced = get_item(dynamodb)
    recording.stop()
    bare = get_item(dynamodb)

    assert (traced, bare, recording.documents()) == (200, 200, [])
    assert [span.name for span in spans.get_finished_spans()] == ["DynamoDB.GetItem"] * 2
    ours, theirs_alone = ([name for name, _value in request.headers] for request in aws.requests)
    assert ours == theirs_alone


def test_opentelemetry_switched_off_again(recording: Recording, client: MakeClient, spans: InMemorySpanExporter) -> None:
    """When OpenTelemetry's instrumentation is taken off, the next call of the same client is ours again."""
    dynamodb = client("dynamodb")
    get_item(dynamodb)
    BotocoreInstrumentor().uninstrument()  # type: ignore[no-untyped-call]

    get_item(dynamodb)

    assert recording.documents() == [subsegment("DynamoDB", TABLE, http=answered(200, b"{}"))]
    assert len(spans.get_finished_spans()) == 1
