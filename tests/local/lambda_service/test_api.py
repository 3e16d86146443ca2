"""Lambda's REST API as boto3 sees it: functions run for real, and every answer is one that AWS's description allows."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.lambda_service import desks
from tests.local.lambda_service.serving import REGION, Service, arn, serving
from tests.local.server import clients
from xray_local.lambda_service.model import Function, InvokeConfig, Source, Tracing

CODE = """
import os

def echo(event, context):
    print("got", event)
    custom = context.client_context.custom if context.client_context else None
    return {"event": event, "arn": context.invoked_function_arn, "custom": custom, "id": context.aws_request_id}

def fail(event, context):
    raise LookupError("no such order")

def large(event, context):
    return "x" * event
"""
ROOT = "1-65a0f3c2-0123456789abcdef01234567"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Functions in one folder, for all tests of this file."""
    folder = tmp_path_factory.mktemp("api")
    with pytest.MonkeyPatch.context() as patch:
        runtime = desks.runtime(patch)
        code, layer = desks.write(folder / "code", CODE), desks.write(folder / "things", "", "python/things.py")
        echo = Function("echo", "app.echo", code, runtime, timeout_s=10.0, aliases=("live",))
        queue = Source(
            "sqs", "Batch", f"arn:aws:sqs:{REGION}:123456789012:orders", batch_size=5, partial_responses=True, enabled=False
        )
        stream = Source("kinesis", "Clicks", f"arn:aws:kinesis:{REGION}:123456789012:stream/clicks", retries=2, enabled=False)
        functions = [
            echo,
            dataclasses.replace(echo, name="fail", handler="app.fail", sources=(queue,), tracing=Tracing.PASS_THROUGH),
            dataclasses.replace(echo, name="large", handler="app.large", environment={"A": "1"}, layers=(layer,)),
            dataclasses.replace(
                echo, name="none", concurrency=0, sources=(stream,), invoke_config=InvokeConfig(1, 60.0, None, queue.arn)
            ),
            *(dataclasses.replace(echo, name=f"more-{number}") for number in range(60)),
        ]
        with serving(functions, folder) as made:
            yield made


def answer(response: Any) -> dict[str, Any]:
    """An answer without the members of HTTP, its payload parsed."""
    payload = response.pop("Payload").read()
    response.pop("ResponseMetadata")
    return {**response, "Payload": json.loads(payload) if payload else None}


def test_invoke(service: Service) -> None:
    """The response, the executed version, and headers with the request id and the trace; the end of the log on request."""
    response = service.client.invoke(FunctionName="echo", Payload=b'{"a": 1}', LogType="Tail")
    headers = response["ResponseMetadata"]["HTTPHeaders"]
    log = base64.b64decode(response.pop("LogResult")).decode().splitlines()
    own = headers["x-amzn-requestid"]
    assert answer(response) == {
        "StatusCode": 200,
        "ExecutedVersion": "$LATEST",
        "Payload": {"event": {"a": 1}, "arn": arn("echo"), "custom": None, "id": own},
    }
    assert uuid.UUID(own).version == 4
    assert (headers["content-type"], re.sub("[0-9a-f]{8,}", "#", headers["x-amzn-trace-id"])) == (
        "application/json",
        "Root=1-#-#;Sampled=1",
    )
    assert log[:3] == [f"START RequestId: {own} Version: $LATEST", "got {'a': 1}", f"END RequestId: {own}"]
    root = headers["x-amzn-trace-id"][5:40]
    names = clients.eventually(lambda: {one["name"] for one in service.documents(root)}, lambda found: "echo" in found)
    assert "echo" in names


@pytest.mark.parametrize(
    ("said", "qualifier", "invoked"),
    [
        ("echo", None, arn("echo")),
        (arn("echo"), None, arn("echo")),
        ("123456789012:function:echo", None, arn("echo")),
        ("function:echo", None, arn("echo")),
        ("echo:$LATEST", None, arn("echo", "$LATEST")),
        ("echo", "live", arn("echo", "live")),
        (arn("echo", "live"), "live", arn("echo", "live")),
        ("arn:aws:lambda:us-west-2:999999999999:function:echo", None, arn("echo")),
    ],
)
def test_names(service: Service, said: str, qualifier: str | None, invoked: str) -> None:
    """A function is found by its name, its ARN or part of that, with a qualifier in it or beside it."""
    more = {"Qualifier": qualifier} if qualifier else {}
    response = service.client.invoke(FunctionName=said, **more)
    found = answer(response)["Payload"]
    assert (found["event"], found["arn"]) == ({}, invoked)


def test_a_function_error(service: Service) -> None:
    """The status is 200; the error is told in a header and in the payload."""
    found = answer(service.client.invoke(FunctionName="fail"))
    trace = found["Payload"].pop("stackTrace")
    request_id = found["Payload"].pop("requestId", None)
    assert found == {
        "StatusCode": 200,
        "ExecutedVersion": "$LATEST",
        "FunctionError": "Unhandled",
        "Payload": {"errorMessage": "no such order", "errorType": "LookupError"},
    }
    assert ([line.split(", ")[-1] for line in trace], bool(request_id)) == (
        ['in fail\n    raise LookupError("no such order")\n'],
        True,
    )


def test_event_and_dry_run(service: Service) -> None:
    """Event is accepted and run afterwards, in the trace that the answer names; DryRun runs nothing; invoke_async is Event."""
    started = len(service.log)
    dry = service.client.invoke(FunctionName="echo", InvocationType="DryRun", Payload=b'{"dry": 1}')
    event = service.client.invoke(FunctionName="echo", InvocationType="Event", Payload=b'{"n": 2}')
    old = service.client.invoke_async(FunctionName="echo", InvokeArgs=b'{"n": 3}')
    header = event["ResponseMetadata"]["HTTPHeaders"]["x-amzn-trace-id"]
    assert answer(dry) == {"StatusCode": 204, "Payload": None}
    assert answer(event) == {"StatusCode": 202, "Payload": None}
    assert old["Status"] == 202

    def printed() -> set[str]:
        return {text for _name, text in service.log[started:] if text.startswith("got")}

    both = {"got {'n': 2}\n", "got {'n': 3}\n"}
    assert clients.eventually(printed, lambda found: found == both) == both
    wanted = {"echo", "Dwell Time", "Attempt #1"}
    names = clients.eventually(lambda: {one["name"] for one in service.documents(header[5:40])}, lambda found: wanted <= found)
    assert wanted <= names


def test_the_callers_decision(service: Service) -> None:
    """A trace that its caller does not sample is handed on and not recorded; the answer says the same."""

    def send(params: dict[str, Any], **_rest: Any) -> None:
        params["headers"]["X-Amzn-Trace-Id"] = f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=0"

    client = clients.boto("lambda", service.running.endpoint)
    client.meta.events.register("before-call.lambda.Invoke", send)
    response = client.invoke(FunctionName="echo")
    assert response["ResponseMetadata"]["HTTPHeaders"]["x-amzn-trace-id"] == f"Root={ROOT};Sampled=0"
    assert service.documents(ROOT) == []


def test_client_context(service: Service) -> None:
    """What a caller hands over beside the event reaches the function."""
    context = base64.b64encode(json.dumps({"custom": {"tenant": "ünal"}}).encode()).decode()
    assert answer(service.client.invoke(FunctionName="echo", ClientContext=context))["Payload"]["custom"] == {"tenant": "ünal"}


INVALID, ENUM = "1 validation error detected: ", "Member must satisfy enum value set: "


@pytest.mark.parametrize(
    ("request_", "status", "code", "message"),
    [
        ({"FunctionName": "nobody"}, 404, "ResourceNotFoundException", f"Function not found: {arn('nobody')}"),
        ({"FunctionName": "echo:7"}, 404, "ResourceNotFoundException", f"Function not found: {arn('echo', '7')}"),
        ({"FunctionName": "echo", "Qualifier": "old"}, 404, "ResourceNotFoundException", f"Cannot find alias arn: {arn('echo', 'old')}"),
        (
            {"FunctionName": "echo:live", "Qualifier": "old"},
            400,
            "InvalidParameterValueException",
            "The derived qualifier from the function name does not match the specified qualifier.",
        ),
        (
            {"FunctionName": "echo", "Payload": b"{no"},
            400,
            "InvalidRequestContentException",
            "Could not parse request body into json: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        (
            {"FunctionName": "echo", "Payload": b"NaN"},
            400,
            "InvalidRequestContentException",
            "Could not parse request body into json: NaN is no JSON",
        ),
        (
            {"FunctionName": "echo", "ClientContext": "e30"},
            400,
            "InvalidRequestContentException",
            "Client context must be a valid Base64-encoded JSON object of at most 3583 bytes.",
        ),
        (
            {"FunctionName": "echo", "Payload": b'"' + b"x" * 6_291_455 + b'"'},
            413,
            "RequestEntityTooLargeException",
            "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)",
        ),
        (
            {"FunctionName": "echo", "InvocationType": "Event", "Payload": b'"' + b"x" * 1_048_575 + b'"'},
            413,
            "RequestEntityTooLargeException",
            "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)",
        ),
        (
            {"FunctionName": "echo", "InvocationType": "Later"},
            400,
            "ValidationException",
            f"{INVALID}Value 'Later' at 'invocationType' failed to satisfy constraint: {ENUM}[RequestResponse, Event, DryRun]",
        ),
        ({"FunctionName": "none"}, 429, "TooManyRequestsException", "Rate Exceeded."),
    ],
)  # fmt: skip
def test_refusals(service: Service, request_: dict[str, Any], status: int, code: str, message: str) -> None:
    """What Lambda refuses is refused in its words."""
    with pytest.raises(ClientError) as caught:
        service.client.invoke(**request_)
    response = caught.value.response
    told = (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"])
    assert told == (status, code, message)


def test_why_it_is_throttled(service: Service) -> None:
    """The error has the member that tells which limit it was."""
    with pytest.raises(service.client.exceptions.TooManyRequestsException) as caught:
        service.client.invoke(FunctionName="none")
    assert caught.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_payloads_at_the_limit(service: Service) -> None:
    """6 MB pass in either direction, and what the function returns beyond it is an error of the function."""
    at = service.client.invoke(FunctionName="echo", Payload=b'"' + b"x" * 1_000_000 + b'"')
    beyond = answer(service.client.invoke(FunctionName="large", Payload=b"6400000"))
    assert len(json.loads(at["Payload"].read())["event"]) == 1_000_000
    assert beyond["FunctionError"] == "Unhandled"
    assert beyond["Payload"]["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_streamed_response(service: Service) -> None:
    """invoke_with_response_stream gives the payload as an event, and its end, or the error there."""
    fine = service.client.invoke_with_response_stream(FunctionName="echo", Payload=b'{"a": 1}', LogType="Tail")
    [chunk, end] = list(fine["EventStream"])
    [failed] = list(service.client.invoke_with_response_stream(FunctionName="fail")["EventStream"])
    assert (fine["ExecutedVersion"], fine["ResponseStreamContentType"]) == (
        "$LATEST",
        "application/vnd.amazon.eventstream",
    )
    assert json.loads(chunk["PayloadChunk"]["Payload"])["event"] == {"a": 1}
    assert base64.b64decode(end["InvokeComplete"]["LogResult"]).startswith(b"START RequestId: ")
    assert failed["InvokeComplete"]["ErrorCode"] == "LookupError"
    assert json.loads(failed["InvokeComplete"]["ErrorDetails"])["errorMessage"] == "no such order"
