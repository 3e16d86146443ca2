"""Functions and their event sources as Lambda's API describes them. Members that would be made up are left out."""

from __future__ import annotations

import json
import platform
import time
import uuid
from typing import Any

from .model import Desk, Function, InvokeConfig, Source

Shape = dict[str, Any]
# Of an account in which nobody has asked for more (Lambda quotas).
CODE_BYTES, UNZIPPED_BYTES, ZIPPED_BYTES = 80_530_636_800, 262_144_000, 52_428_800
# For ids that stay the same at every start.
NAMESPACE = uuid.UUID("7a5d3c46-2b70-4d8e-9a9e-0d1f6e1b6c55")
BATCH_SIZES = {"sqs": 10, "kinesis": 100, "dynamodb": 100}


def configuration(function: Function, desk: Desk, qualifier: str | None = None) -> Shape:
    """FunctionConfiguration."""
    shape: Shape = {
        "FunctionName": function.name,
        "FunctionArn": desk.function_arn(function.name, qualifier),
        "Role": f"arn:aws:iam::{desk.account}:role/{function.name}Role",
        "CodeSize": function.code.stat().st_size if function.code.is_file() else 0,
        "Description": function.description,
        "Timeout": int(function.timeout_s),
        "MemorySize": function.memory_mb,
        "LastModified": _modified(function),
        "Version": function.version,
        "TracingConfig": {"Mode": function.tracing.value},
        "RevisionId": str(uuid.uuid5(NAMESPACE, f"{function.name} {_modified(function)}")),
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Image" if function.image else "Zip",
        "EphemeralStorage": {"Size": 512},
        "Architectures": ["arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"],
        "LoggingConfig": _logging(function),
    }
    if function.image is None:
        shape |= {"Runtime": function.runtime, "Handler": function.handler}
    if function.environment:
        shape["Environment"] = {"Variables": dict(function.environment)}
    if function.dead_letter_arn:
        shape["DeadLetterConfig"] = {"TargetArn": function.dead_letter_arn}
    if function.layers:
        arn = f"arn:aws:lambda:{desk.region}:{desk.account}:layer"
        shape["Layers"] = [{"Arn": f"{arn}:{layer.stem}:1"} for layer in function.layers]
    return shape


def _logging(function: Function) -> Shape:
    level = {"ApplicationLogLevel": function.log_level} if function.log_level else {}
    return {"LogFormat": function.log_format, "LogGroup": function.log_group, **level}


def function(function: Function, desk: Desk, qualifier: str | None = None) -> Shape:
    """The answer of GetFunction."""
    code = {"RepositoryType": "ECR", "ImageUri": function.image} if function.image else {"Location": function.code.as_uri()}
    shape: Shape = {"Configuration": configuration(function, desk, qualifier), "Code": code, "Tags": {}}
    if function.concurrency is not None:
        shape["Concurrency"] = concurrency(function)
    return shape


def concurrency(function: Function) -> Shape:
    """The answer of GetFunctionConcurrency."""
    return {} if function.concurrency is None else {"ReservedConcurrentExecutions": function.concurrency}


def mapping_id(function: Function, source: Source) -> str:
    """The UUID of an event source mapping."""
    return str(uuid.uuid5(NAMESPACE, f"{function.name} {source.name} {source.arn}"))


def mapping(function: Function, source: Source, desk: Desk) -> Shape:
    """EventSourceMappingConfiguration; schedules have none."""
    own = mapping_id(function, source)
    shape: Shape = {
        "UUID": own,
        "EventSourceMappingArn": f"arn:aws:lambda:{desk.region}:{desk.account}:event-source-mapping:{own}",
        "BatchSize": source.batch_size or BATCH_SIZES[source.kind],
        "MaximumBatchingWindowInSeconds": int(source.window_s),
        "EventSourceArn": source.arn,
        "FunctionArn": desk.function_arn(function.name),
        "State": "Enabled" if source.enabled else "Disabled",
        "StateTransitionReason": "USER_INITIATED",
        "FunctionResponseTypes": ["ReportBatchItemFailures"] if source.partial_responses else [],
    }
    if source.maximum_concurrency is not None:
        shape["ScalingConfig"] = {"MaximumConcurrency": source.maximum_concurrency}
    if source.filters:
        shape["FilterCriteria"] = {"Filters": [{"Pattern": json.dumps(pattern)} for pattern in source.filters]}
    if source.kind != "sqs":
        shape |= {
            "StartingPosition": source.starting_position,
            "MaximumRetryAttempts": source.retries,
            "BisectBatchOnFunctionError": source.bisect,
        }
    return shape


def invoke_config(function: Function, desk: Desk, qualifier: str | None = None) -> Shape:
    """The answer of GetFunctionEventInvokeConfig."""
    config = function.invoke_config
    destinations = {"OnSuccess": config.on_success, "OnFailure": config.on_failure}
    return {
        "LastModified": int(_changed(function)),
        "FunctionArn": desk.function_arn(function.name, qualifier or function.version),
        "MaximumRetryAttempts": config.retries,
        "MaximumEventAgeInSeconds": int(config.maximum_age_s),
        "DestinationConfig": {name: {"Destination": arn} if arn else {} for name, arn in destinations.items()},
    }


def is_default(config: InvokeConfig) -> bool:
    """Whether a function has no EventInvokeConfig of its own."""
    return config == InvokeConfig()


def account(functions: int, desk: Desk) -> Shape:
    """The answer of GetAccountSettings; concurrency is that of the desk."""
    limit = {
        "TotalCodeSize": CODE_BYTES,
        "CodeSizeUnzipped": UNZIPPED_BYTES,
        "CodeSizeZipped": ZIPPED_BYTES,
        "ConcurrentExecutions": desk.concurrency,
        "UnreservedConcurrentExecutions": desk.concurrency,
    }
    return {"AccountLimit": limit, "AccountUsage": {"TotalCodeSize": 0, "FunctionCount": functions}}


def _changed(function: Function) -> float:
    try:
        return function.code.stat().st_mtime
    except OSError:
        return 0.0


def _modified(function: Function) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000+0000", time.gmtime(_changed(function)))
