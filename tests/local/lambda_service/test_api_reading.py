"""What Lambda's API tells about functions: every answer is one that AWS's own description allows, down to the last member."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.lambda_service import desks
from tests.local.lambda_service.serving import ACCOUNT, REGION, Service, arn, serving
from tests.local.server import clients
from xray_local.lambda_service.model import Function, InvokeConfig, Source, Tracing

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"
STREAM = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/clicks"


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of every function."""
    return desks.write(tmp_path_factory.mktemp("code"), "")


FILTERS = ({"data": {"to": ["cart"]}},)


@pytest.fixture(scope="module")
def service(code: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Functions that nobody invokes."""
    plain = Function("plain", "app.handler", code, "python3.13")
    rich = Function(
        "rich",
        "app.handler",
        code,
        "python3.12",
        timeout_s=30.0,
        memory_mb=512,
        environment={"TABLE": "orders"},
        tracing=Tracing.PASS_THROUGH,
        layers=(code / "things.zip",),
        concurrency=3,
        invoke_config=InvokeConfig(1, 60.0, None, QUEUE),
        sources=(
            Source(
                "sqs", "Batch", QUEUE, batch_size=5, window_s=1.0, partial_responses=True, maximum_concurrency=2, enabled=False
            ),
            Source(
                "kinesis",
                "Clicks",
                STREAM,
                starting_position="TRIM_HORIZON",
                retries=2,
                bisect=True,
                enabled=False,
                filters=FILTERS,
            ),
            Source("schedule", "Nightly", schedule="rate(1 day)", enabled=False),
        ),
        aliases=("live",),
        description="Does it all.",
        dead_letter_arn=QUEUE,
    )
    more = [dataclasses.replace(plain, name=f"more-{number:02}") for number in range(60)]
    with serving([plain, rich, *more], tmp_path_factory.mktemp("reading"), concurrency=7) as made:
        yield made


def body(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what is HTTP's, and without a time and an id that follow from the code's time."""
    return {name: value for name, value in answer.items() if name not in ("ResponseMetadata", "LastModified", "RevisionId")}


PLAIN = {
    "FunctionName": "plain",
    "FunctionArn": arn("plain"),
    "Runtime": "python3.13",
    "Role": f"arn:aws:iam::{ACCOUNT}:role/plainRole",
    "Handler": "app.handler",
    "CodeSize": 0,
    "Description": "",
    "Timeout": 3,
    "MemorySize": 128,
    "Version": "$LATEST",
    "TracingConfig": {"Mode": "Active"},
    "State": "Active",
    "LastUpdateStatus": "Successful",
    "PackageType": "Zip",
    "EphemeralStorage": {"Size": 512},
    "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/plain"},
    "Architectures": ["arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"],
}
RICH = {
    **PLAIN,
    "FunctionName": "rich",
    "FunctionArn": arn("rich"),
    "Runtime": "python3.12",
    "Role": f"arn:aws:iam::{ACCOUNT}:role/richRole",
    "Description": "Does it all.",
    "Timeout": 30,
    "MemorySize": 512,
    "TracingConfig": {"Mode": "PassThrough"},
    "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/rich"},
    "Architectures": ["arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"],
    "Environment": {"Variables": {"TABLE": "orders"}},
    "DeadLetterConfig": {"TargetArn": QUEUE},
    "Layers": [{"Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:things:1"}],
}


def test_a_function(service: Service, code: Path) -> None:
    """GetFunction, its configuration by name and by alias, its concurrency; the waiters of boto3 are content."""
    client = service.client
    found = body(client.get_function(FunctionName="rich"))
    assert body(found.pop("Configuration")) == RICH
    assert found == {
        "Code": {"Location": code.as_uri()},
        "Tags": {},
        "Concurrency": {"ReservedConcurrentExecutions": 3},
    }
    assert body(client.get_function_configuration(FunctionName=arn("plain"))) == PLAIN
    assert body(client.get_function_configuration(FunctionName="rich:live")) == {**RICH, "FunctionArn": arn("rich", "live")}
    assert body(client.get_function_concurrency(FunctionName="rich")) == {"ReservedConcurrentExecutions": 3}
    assert body(client.get_function_concurrency(FunctionName="plain")) == {}
    client.get_waiter("function_exists").wait(FunctionName="rich")
    client.get_waiter("function_active_v2").wait(FunctionName="rich")


def test_all_functions(service: Service) -> None:
    """ListFunctions gives pages of 50 at most, and the paginator all of them; a function has one version."""
    client = service.client
    pages = list(client.get_paginator("list_functions").paginate())
    few = client.list_functions(MaxItems=2, Marker="1")
    names = ["plain", "rich", *(f"more-{number:02}" for number in range(60))]
    assert [len(page["Functions"]) for page in pages] == [50, 12]
    assert [one["FunctionName"] for page in pages for one in page["Functions"]] == names
    assert ([one["FunctionName"] for one in few["Functions"]], few["NextMarker"]) == (names[1:3], "3")
    [version] = client.list_versions_by_function(FunctionName="plain")["Versions"]
    assert body(version) == {**PLAIN, "FunctionArn": arn("plain", "$LATEST")}


def test_event_source_mappings(service: Service) -> None:
    """Queues and streams are mappings, by function, by source, and by their UUID; a schedule is none."""
    client = service.client
    queue, stream = client.list_event_source_mappings()["EventSourceMappings"]
    assert [client.list_event_source_mappings(FunctionName="rich")["EventSourceMappings"]] == [[queue, stream]]
    assert client.list_event_source_mappings(EventSourceArn=STREAM)["EventSourceMappings"] == [stream]
    assert client.list_event_source_mappings(FunctionName="plain")["EventSourceMappings"] == []
    assert body(client.get_event_source_mapping(UUID=queue["UUID"])) == queue
    common = {"FunctionArn": arn("rich"), "State": "Disabled", "StateTransitionReason": "USER_INITIATED"}
    prefix = f"arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:"
    assert queue == {
        **common,
        "UUID": queue["UUID"],
        "EventSourceMappingArn": prefix + queue["UUID"],
        "BatchSize": 5,
        "MaximumBatchingWindowInSeconds": 1,
        "EventSourceArn": QUEUE,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 2},
    }
    assert stream == {
        **common,
        "UUID": stream["UUID"],
        "EventSourceMappingArn": prefix + stream["UUID"],
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 0,
        "EventSourceArn": STREAM,
        "FunctionResponseTypes": [],
        "StartingPosition": "TRIM_HORIZON",
        "MaximumRetryAttempts": 2,
        "BisectBatchOnFunctionError": True,
        "FilterCriteria": {"Filters": [{"Pattern": '{"data": {"to": ["cart"]}}'}]},
    }


def test_the_rest(service: Service) -> None:
    """The account's limits are the desk's; EventInvokeConfig is there where the template has one."""
    settings = body(service.client.get_account_settings())
    config = body(service.client.get_function_event_invoke_config(FunctionName="rich"))
    assert (settings["AccountLimit"]["ConcurrentExecutions"], settings["AccountUsage"]["FunctionCount"]) == (7, 62)
    assert config == {
        "FunctionArn": arn("rich", "$LATEST"),
        "MaximumRetryAttempts": 1,
        "MaximumEventAgeInSeconds": 60,
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": QUEUE}},
    }


@pytest.mark.parametrize(
    ("operation", "request_", "told"),
    [
        ("get_function", {"FunctionName": "no"}, ("ResourceNotFoundException", f"Function not found: {arn('no')}")),
        (
            "get_function_event_invoke_config",
            {"FunctionName": "plain"},
            ("ResourceNotFoundException", f"The function {arn('plain', '$LATEST')} doesn't have an EventInvokeConfig"),
        ),
        (
            "get_event_source_mapping",
            {"UUID": "0" * 36},
            ("ResourceNotFoundException", "The resource you requested does not exist."),
        ),
        ("list_functions", {"Marker": "x"}, ("InvalidParameterValueException", "Invalid Marker or MaxItems.")),
        (
            "update_function_configuration",
            {"FunctionName": "plain", "Timeout": 5},
            (
                "NotImplementedException",
                "UpdateFunctionConfiguration is not there in xray-local: functions come from the template, or from xray-local invoke.",
            ),
        ),
        (
            "list_layers",
            {},
            (
                "NotImplementedException",
                "ListLayers is not there in xray-local: functions come from the template, or from xray-local invoke.",
            ),
        ),
    ],
)
def test_refusals(service: Service, operation: str, request_: dict[str, Any], told: tuple[str, str]) -> None:
    """What is not there is told in AWS's form, operations among it."""
    with pytest.raises(ClientError) as caught:
        getattr(service.client, operation)(**request_)
    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == told


def test_the_x_ray_api_is_there_as_well(service: Service) -> None:
    """Beside Lambda's paths those of X-Ray are answered, and the server's health has the functions."""
    xray = clients.checked(clients.boto("xray", service.running.endpoint))
    assert xray.get_sampling_rules()["SamplingRuleRecords"][0]["SamplingRule"]["RuleName"] == "Default"
    health = service.running.health()["lambda"]
    assert health["functions"][1] == {
        "name": "rich",
        "arn": arn("rich"),
        "handler": "app.handler",
        "runtime": "python3.12",
        "tracing": "PassThrough",
        "code": health["functions"][0]["code"],
        "environments": [],
    }
    assert (len(health["functions"]), health["sources"], health["traced"]) == (62, [], False)


def test_an_address_of_nobody(service: Service) -> None:
    """A path below one of Lambda's dates that is no operation."""
    status, headers, content = clients.http(f"{service.running.endpoint}/2015-03-31/nothing")
    text = b'{"Type":"User","message":"Lambda has no operation at GET /2015-03-31/nothing."}'
    assert (status, headers["x-amzn-errortype"], content) == (404, "UnknownOperationException", text)
