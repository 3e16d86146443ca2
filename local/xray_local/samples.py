"""A made-up trace for a first look: a function that starts cold, asks a table, and is throttled by a queue."""

from __future__ import annotations

import secrets
from typing import Any

ACCOUNT = "123456789012"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:sample-orders"


def sample_documents(now: float) -> tuple[str, list[dict[str, Any]]]:
    """The trace's id and its documents, as Lambda and the layer would send them; it ends at `now`."""
    start = now - 0.62
    trace_id = f"1-{int(start):08x}-{secrets.token_hex(12)}"
    service, function, invocation, root = (secrets.token_hex(8) for _ in range(4))

    def at(name: str, begin: float, end: float, **more: Any) -> dict[str, Any]:
        times = {"start_time": round(start + begin, 6), "end_time": round(start + end, 6)}
        return {"name": name, "id": secrets.token_hex(8), **times, **more}

    def independent(parent_id: str, document: dict[str, Any]) -> dict[str, Any]:
        return {**document, "type": "subsegment", "trace_id": trace_id, "parent_id": parent_id}

    owner = {"aws": {"function_arn": ARN}}
    imports = [at("boto3", 0.13, 0.26, metadata={"import": {"total_ms": 130.0, "own_ms": 21.0}}), at("orders", 0.27, 0.29)]
    initialization = at(
        "app.handler init", 0.03, 0.3, subsegments=[at("runtime start", 0.03, 0.1), at("app", 0.11, 0.3, subsegments=imports)]
    )
    throttled = {
        "cause": {
            "working_directory": "/var/task",
            "exceptions": [{"id": secrets.token_hex(8), "type": "RequestThrottled", "message": "Rate exceeded", "remote": True}],
        }
    }
    put = {
        "operation": "PutItem",
        "table_name": "orders",
        "region": "us-east-1",
        "request_id": secrets.token_hex(13).upper(),
        "retries": 0,
    }
    send = {
        "operation": "SendMessage",
        "queue_url": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/shipping",
        "region": "us-east-1",
        "retries": 2,
    }
    calls = [
        at("DynamoDB", 0.35, 0.42, namespace="aws", http={"response": {"status": 200, "content_length": 2}}, aws=put),
        at(
            "SQS",
            0.44,
            0.58,
            namespace="aws",
            http={"response": {"status": 429}},
            aws=send,
            error=True,
            throttle=True,
            **throttled,
        ),
    ]
    handler = at(
        "app.handler", 0.33, 0.6, annotations={"cold_start": True, "trigger": "api", "sample": True},
        metadata={"lambda": {"function_name": "sample-orders", "memory_limit_mb": 256}}, subsegments=calls,
    )  # fmt: skip
    handler["id"] = root
    of_function = [
        at("Initialization", 0.02, 0.31, **owner),
        {**at("Invocation", 0.32, 0.6, **owner), "id": invocation},
        at("Overhead", 0.6, 0.61, **owner),
    ]
    return trace_id, [
        {
            **at("sample-orders", 0.0, 0.605, trace_id=trace_id, origin="AWS::Lambda", resource_arn=ARN),
            "id": service, "http": {"response": {"status": 200}}, "aws": {"request_id": secrets.token_hex(16)},
        },
        {
            **at("sample-orders", 0.31, 0.61, trace_id=trace_id, origin="AWS::Lambda::Function", parent_id=service),
            "id": function, "subsegments": of_function,
            "aws": {"account_id": ACCOUNT, "function_arn": ARN, "resource_names": ["sample-orders"]},
        },
        independent(invocation, initialization),
        independent(invocation, handler),
    ]  # fmt: skip
