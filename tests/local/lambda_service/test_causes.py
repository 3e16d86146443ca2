"""What stands in a function segment's cause."""

from __future__ import annotations

import json
from typing import Any

from tests.kit.fakes import CountingIds
from xray_local.lambda_service.causes import LIMIT, reported


def test_what_the_runtime_client_reports() -> None:
    """An exception gets an id; everything else stays as it was reported."""
    stack = [{"label": "handler", "path": "/var/task/app.py", "line": 3}]
    told = {"working_directory": "/var/task", "paths": ["/var/task/app.py"], "exceptions": [{"type": "KeyError", "message": "'x'", "stack": stack}]}  # fmt: skip

    expected = {**told, "exceptions": [{"id": f"{1:016x}", "type": "KeyError", "message": "'x'", "stack": stack}]}
    assert reported(told, "other", "other", CountingIds()) == expected


def test_what_nobody_could_report() -> None:
    """After a timeout the exception is the error that the caller is told."""
    expected = {"paths": [], "exceptions": [{"id": f"{1:016x}", "type": "Sandbox.Timedout", "message": "Task timed out"}]}
    assert reported(None, "Sandbox.Timedout", "Task timed out", CountingIds()) == expected


def test_nonsense_is_not_passed_on() -> None:
    """A client that reports something of other shapes costs no segment: what can be read is kept."""
    told: dict[str, Any] = {"working_directory": 7, "exceptions": ["x", {"type": None, "message": 3, "stack": [1, {"line": 2}]}]}

    expected = {"paths": [], "exceptions": [{"id": f"{1:016x}", "type": "Unknown", "message": "3", "stack": [{"line": 2}]}]}
    assert reported(told, None, None, CountingIds()) == expected


def test_a_long_stack_keeps_its_ends() -> None:
    """A recursion's stack is cut in its middle until the cause fits, and says by how much."""
    stack = [{"label": f"step_{number}", "path": "/var/task/app.py", "line": number} for number in range(2_000)]

    cause = reported({"exceptions": [{"type": "RecursionError", "message": "m", "stack": stack}]}, None, None, CountingIds())

    kept = stack[:100] + stack[-100:]
    exception = {"id": f"{1:016x}", "type": "RecursionError", "message": "m", "stack": kept, "truncated": 1_800}
    assert cause == {"paths": ["/var/task/app.py"], "exceptions": [exception]}
    assert len(json.dumps(cause)) <= LIMIT


def test_the_largest_cause_fits() -> None:
    """Whatever is reported, the cause leaves room for the rest of its segment."""
    wide = "\N{SNOWMAN}" * 10_000
    frame = {"label": wide, "path": wide, "line": 1}
    told = {"working_directory": wide, "exceptions": [{"type": wide, "message": wide, "stack": [frame] * 100}] * 20}

    cause = reported(told, wide, wide, CountingIds())

    first = {"id": f"{1:016x}", "type": "\N{SNOWMAN}" * 250, "message": "\N{SNOWMAN}" * 1_000}
    assert (cause, len(json.dumps(cause)) <= LIMIT) == ({"exceptions": [first]}, True)
