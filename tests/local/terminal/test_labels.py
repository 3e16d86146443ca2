"""What is said about one segment or subsegment."""

from __future__ import annotations

from typing import Any

import pytest

from xray_local.terminal.labels import detail, exception, flag, label, printable, time_text


@pytest.mark.parametrize(
    ("node", "text"),
    [
        ({"name": "app.handler"}, "app.handler"),
        (
            {
                "name": "DynamoDB",
                "aws": {"operation": "PutItem", "table_name": "orders", "resource_names": ["orders"], "request_id": "r"},
                "http": {"response": {"status": 400}},
                "cause": {"exceptions": [{"type": "ConditionalCheckFailedException"}]},
            },
            "DynamoDB PutItem orders 400 ConditionalCheckFailedException",
        ),
        (
            {"name": "SQS", "aws": {"operation": "SendMessage", "queue_url": "https://sqs.x.com/1/shipping", "retries": 2}},
            "SQS SendMessage shipping (2 retries)",
        ),
        (
            {
                "name": "Lambda",
                "aws": {"operation": "Invoke", "function_name": "f", "invocation_type": "Event"},
                "http": {"request": {"method": "POST", "url": "https://lambda.x.com/2015-03-31/functions"}},
            },
            "Lambda Invoke f",
        ),
        (
            {"name": "api.x.com", "namespace": "remote", "http": {"request": {"method": "GET", "url": "https://API.x.com/a?b"}}},
            "api.x.com GET /a",
        ),
        (
            {"name": "x", "namespace": "remote", "http": {"request": {"url": "https://u:p@x.com:81/a?b#c"}}},
            "x https://x.com:81/a",
        ),
        (
            {"name": "api/dev", "origin": "AWS::ApiGateway::Stage", "http": {"request": {"url": "https://x.com/dev/a"}}},
            "api/dev /dev/a",
        ),
        # AWS's own segments have such fields; nothing of them is a resource.
        ({"name": "f", "aws": {"function_arn": "arn:x", "cloudwatch_logs": [{"log_group": "/aws"}]}}, "f"),
        ({"name": "n", "http": {"request": {"url": "http://[bad"}, "response": {"status": "500"}}, "aws": []}, "n http://[bad"),
        ({"name": "a\x1b[31mb\r\nc\u202ed"}, "a�[31mb c�d"),
    ],
)
def test_label(node: dict[str, Any], text: str) -> None:
    """Name, operation, resource or path, status, exception, retries, on one line without control characters."""
    assert label(node) == text


@pytest.mark.parametrize(
    ("node", "text"),
    [
        ({}, ""),
        ({"cause": "0123456789abcdef"}, ""),
        ({"cause": {"message": "timed out"}}, "timed out"),
        ({"cause": {"exceptions": [{"type": "E", "message": "m", "stack": []}]}}, "E: m"),
        ({"cause": {"exceptions": [{"message": "m"}]}}, "m"),
        (
            {"cause": {"exceptions": [{"type": "E", "message": "m", "stack": [{"path": "/var/a.py", "line": 3, "label": "f"}]}]}},
            "E: m at a.py:3 in f",
        ),
        ({"cause": {"exceptions": [{"type": "E", "stack": [{}]}]}}, "E"),
        ({"aws": {"operation": "PutItem"}, "cause": {"exceptions": [{"type": "E", "message": "m"}]}}, "m"),
        ({"aws": {"function_arn": "a"}, "cause": {"exceptions": [{"type": "E", "message": "m"}]}}, "E: m"),
        ({"cause": {"exceptions": ["text"]}}, ""),
    ],
)
def test_exception(node: dict[str, Any], text: str) -> None:
    """Type, message and the innermost place, as far as they are there; an id of another exception says nothing."""
    assert exception(node) == text


def test_detail_and_flag() -> None:
    """A query's statement goes before the origin; of the flags the worst counts."""
    node = {"sql": {"sanitized_query": "SELECT ?\n FROM t"}, "origin": "Database::SQL", "error": True, "throttle": True}
    assert (detail(node), detail({"origin": "AWS::Lambda"}), flag(node), flag({"in_progress": True})) == (
        "SELECT ? FROM t",
        "AWS::Lambda",
        "THROTTLE",
        "OPEN",
    )


def test_times() -> None:
    """Milliseconds until ten seconds."""
    assert [time_text(value) for value in (0.04, 1234.56, 10_000.0)] == ["0.0 ms", "1,234.6 ms", "10.00 s"]


def test_printable_keeps_what_people_write() -> None:
    """Letters of all scripts stay."""
    assert printable("größe 価格 🙂") == "größe 価格 🙂"
