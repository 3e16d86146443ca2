"""Events in real execution environments: every way an execution can end, with the real runtime client on every Python here."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.local.lambda_service import desks
from tests.local.lambda_service.desks import Bench, outcome
from xray_local.lambda_service.model import Execution, Function
from xray_local.lambda_service.pool import Pool

APP = """
import json, os, subprocess, sys, time
calls = 0

def handler(event, context):
    global calls
    calls += 1
    do = (event or {}).get("do")
    if do == "raise":
        raise ValueError("boom")
    if do == "exit":
        sys.exit(3)
    if do == "leave":
        os._exit(0)
    if do == "kill":
        os.kill(os.getpid(), 9)
    if do == "sleep":
        time.sleep(60)
    if do == "large":
        return "x" * event["size"]
    if do == "unserializable":
        return object()
    return {"calls": calls, "event": event}
"""


def function(folder: Path, runtime: str, **changes: Any) -> Function:
    """The function `orders` with that code."""
    settings: dict[str, Any] = {"name": "orders", "handler": "app.handler", "code": folder, "runtime": runtime}
    return Function(**{**settings, **changes})


def identified(payload: dict[str, Any], number: int) -> dict[str, Any]:
    """The error as the runtime client reports it, with the id of that event."""
    return {**payload, "requestId": f"00000000-0000-4000-8000-{number:012d}"}


@pytest.mark.parametrize("version", desks.VERSIONS)
def test_every_way_an_execution_can_end(version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ok cold and warm, an exception, an unserializable result, exits, a signal and a timeout; after each loss the next is cold."""
    runtime = desks.runtime(monkeypatch, version)
    bench = Bench(tmp_path)
    orders = function(desks.write(tmp_path / "code", APP), runtime, timeout_s=1.0)

    async def work(pool: Pool) -> list[dict[str, Any]]:
        dos = [None, "ok", "raise", "unserializable", "exit", "leave", "kill", "sleep", "ok"]
        return [outcome(await bench.invoke(pool, orders, do and {"do": do})) for do in dos]

    def lost(number: int, error: str, text: str, cold: str | None) -> dict[str, Any]:
        message = f"RequestId: 00000000-0000-4000-8000-{number:012d} Error: {text}"
        status = "timeout" if error == "Sandbox.Timedout" else "crash"
        told = {"errorType": error, "errorMessage": message}
        base = {"status": status, "payload": told, "error": (error, message), "cause": None}
        return {**base, "cold": cold, "got": (True, False)}

    def ok(payload: dict[str, Any], cold: str | None) -> dict[str, Any]:
        return {"status": "success", "payload": payload, "error": (None, None), "cause": None, "cold": cold, "got": (True, True)}

    def failed(number: int, kind: str, message: str, cause: tuple[str, str, list[str]]) -> dict[str, Any]:
        told = identified({"errorMessage": message, "errorType": kind}, number)
        error = {"status": "error", "payload": told, "error": (kind, message), "cause": [cause]}
        return {**error, "cold": None, "got": (True, True)}

    unserializable = "Unable to marshal response: Object of type object is not JSON serializable"
    assert bench.run(work) == [
        ok({"calls": 1, "event": None}, "ok"),
        ok({"calls": 2, "event": {"do": "ok"}}, None),
        failed(3, "ValueError", "boom", ("ValueError", "boom", ["handler"])),
        failed(4, "Runtime.MarshalError", unserializable, ("LambdaValidationError", unserializable, [])),
        lost(5, "Runtime.ExitError", "Runtime exited with error: exit status 3", None),
        lost(6, "Runtime.ExitError", "Runtime exited without providing a reason", "ok"),
        lost(7, "Runtime.ExitError", "Runtime exited with error: signal: killed", "ok"),
        lost(8, "Sandbox.Timedout", "Task timed out after 1.00 seconds", "ok"),
        ok({"calls": 1, "event": {"do": "ok"}}, "ok"),
    ]


INITS = {
    "import": ("import nothing_of_that_name\n", "Runtime.ImportModuleError", "No module named 'nothing_of_that_name'"),
    "syntax": ("def handler(:\n", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
    "missing": ("", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
    "raises": ("def load():\n    raise KeyError('table')\n\nload()\n", "KeyError", "'table'"),
    "exits": ("import sys\nsys.exit(4)\n", "Runtime.ExitError", "Error: Runtime exited with error: exit status 4"),
}


@pytest.mark.parametrize("case", INITS)
def test_a_failing_initialization_is_tried_twice(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module is loaded once before the invocation and once more within it; the second failure is what the caller gets."""
    text, error_type, message = INITS[case]
    code = desks.write(tmp_path / "code", f"open('../loads', 'a').write('x')\n{text}" if case != "syntax" else text)
    bench = Bench(tmp_path)
    orders = function(code, desks.runtime(monkeypatch))

    execution: Execution = bench.run(lambda pool: bench.invoke(pool, orders))

    told = outcome(execution)
    assert message in told["error"][1]
    # One that exits says nothing that a cause could be made from.
    assert (told["cause"] is None) == (case == "exits")
    assert {**told, "payload": told["payload"]["errorType"], "error": told["error"][0], "cause": None} == {
        "status": "init-error",
        "payload": error_type,
        "error": error_type,
        "cause": None,
        "cold": error_type,
        "got": (False, False),
    }
    for kind, message, labels in told["cause"] or ():
        assert (kind, message) == told["error"]
        assert case != "raises" or labels[-2:] == ["<module>", "load"]
    assert case == "syntax" or (tmp_path / "loads").read_text() == "xx"
    phases = [line.split("\t")[1:] for line in bench.text.splitlines() if line.startswith("INIT_REPORT")]
    status = ["Status: error", f"Error Type: {error_type}"]
    assert phases == [["Phase: init", *status], ["Phase: invoke", *status]]


def test_an_initialization_that_fails_once_is_over_with_the_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that cannot be loaded the first time: the invocation succeeds, and its cold start is told as failed."""
    text = """
import os
if not os.path.exists("../tried"):
    open("../tried", "w").close()
    raise OSError("not yet")
def handler(event, context):
    return os.path.exists(os.environ["TMPDIR"])
"""
    bench = Bench(tmp_path)
    orders = function(desks.write(tmp_path / "code", text), desks.runtime(monkeypatch))

    async def work(pool: Pool) -> list[dict[str, Any]]:
        return [outcome(await bench.invoke(pool, orders)) for _ in range(2)]

    ok = {"status": "success", "payload": True, "error": (None, None), "cause": None, "cold": "OSError", "got": (True, True)}
    assert bench.run(work) == [ok, {**ok, "cold": None}]


def test_an_initialization_over_its_limit_goes_on_within_the_timeout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at the limit and started again, it has the function's timeout; when that is over too the caller is told so."""
    text = "import time\ntime.sleep({})\ndef handler(event, context):\n    return context.get_remaining_time_in_millis()\n"
    bench = Bench(tmp_path)
    runtime = desks.runtime(monkeypatch)
    slow = function(desks.write(tmp_path / "slow", text.format(0.8)), runtime, timeout_s=5.0)
    stuck = function(desks.write(tmp_path / "stuck", text.format(60)), runtime, timeout_s=1.0, name="stuck")

    async def work(pool: Pool) -> tuple[Execution, Execution]:
        return await bench.invoke(pool, slow), await bench.invoke(pool, stuck)

    late, never = bench.run(work, init_limit_s=0.5)

    assert outcome(late)["cold"] == outcome(never)["cold"] == "Sandbox.Timedout"
    assert late.invocation_start is not None
    assert late.invocation_start - late.start > 0.8
    # The second initialization is part of the invocation: its time is gone when the handler asks.
    assert 0 < int(late.payload) < 5000 - 800
    text = "RequestId: 00000000-0000-4000-8000-000000000002 Error: Task timed out after 1.00 seconds"
    assert (never.status.value, never.error_message, never.invocation_start) == ("timeout", text, None)
    assert 1.0 <= never.end - never.start < 1.5


def test_what_the_function_sees_of_an_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Request id, ARN, trace header, client context, tenant and deadline reach the handler; without a header there is no variable."""
    text = """
import os
def handler(event, context):
    left = context.get_remaining_time_in_millis()
    return {"id": context.aws_request_id, "arn": context.invoked_function_arn, "tenant": getattr(context, "tenant_id", None),
            "trace": os.environ.get("_X_AMZN_TRACE_ID"), "soon": 0 < left <= 3000, "event": event,
            "custom": context.client_context and context.client_context.custom}
"""
    bench = Bench(tmp_path)
    orders = function(desks.write(tmp_path / "code", text), desks.runtime(monkeypatch))

    async def work(pool: Pool) -> list[Any]:
        client = '{"custom":\n {"name": "Zoë"}}'
        full = {"client_context": client, "tenant_id": "blue", "invoked_arn": "arn:aws:lambda:::function:orders:live"}
        first = await bench.invoke(pool, orders, {"a": "ö"}, **full)
        second = await bench.invoke(pool, orders, b"[1, 2]", trace_header=None)
        return [json.loads(execution.payload) for execution in (first, second)]

    assert bench.run(work) == [
        {
            "id": "00000000-0000-4000-8000-000000000001",
            "arn": "arn:aws:lambda:::function:orders:live",
            "tenant": "blue",
            "trace": desks.HEADER,
            "soon": True,
            "event": {"a": "ö"},
            "custom": {"name": "Zoë"},
        },
        {
            "id": "00000000-0000-4000-8000-000000000002",
            "arn": "arn:aws:lambda:us-east-1:123456789012:function:orders",
            "tenant": None,
            "trace": None,
            "soon": True,
            "event": [1, 2],
            "custom": None,
        },
    ]


def test_a_response_over_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six megabytes and an envelope go through; one byte more is refused, and the runtime, which does not expect that, is gone."""
    bench = Bench(tmp_path)
    orders = function(desks.write(tmp_path / "code", APP), desks.runtime(monkeypatch), timeout_s=10.0)
    limit = 6 * 1024 * 1024 + 100

    async def work(pool: Pool) -> list[Execution]:
        # Two bytes are the quotes.
        return [await bench.invoke(pool, orders, {"do": "large", "size": size}) for size in (limit - 2, limit - 1, 1)]

    fits, over, after = bench.run(work)

    assert (fits.status.value, len(fits.payload)) == ("success", limit)
    message = "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    assert outcome(over) == {
        "status": "error",
        "payload": {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message},
        "error": ("Function.ResponseSizeTooLarge", message),
        "cause": [("Function.ResponseSizeTooLarge", message, [])],
        "cold": None,
        "got": (True, True),
    }
    assert (after.status.value, after.payload, outcome(after)["cold"]) == ("success", b'"x"', "ok")


def test_a_cause_of_nearly_a_megabyte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime client sends it as a header; above its limit of 1 MiB it sends none, and the error itself tells the same."""
    text = "def handler(event, context):\n    raise ValueError('x' * event)\n"
    bench = Bench(tmp_path)
    orders = function(desks.write(tmp_path / "code", text), desks.runtime(monkeypatch), timeout_s=10.0)

    async def work(pool: Pool) -> list[Any]:
        sizes = (900_000, 1_200_000)
        return [(await bench.invoke(pool, orders, size)).cause for size in sizes]

    path = str(tmp_path / "code" / "app.py")
    frame = {"path": path, "line": 2, "label": "handler"}
    reported, made = bench.run(work)
    assert reported == {
        "working_directory": str(tmp_path / "code"),
        "exceptions": [{"type": "ValueError", "message": "x" * 900_000, "stack": [frame]}],
        "paths": [path],
    }
    assert made == {"exceptions": [{"type": "ValueError", "message": "x" * 1_200_000, "stack": [frame]}], "paths": [path]}


def test_a_response_is_one_even_if_the_runtime_is_lost_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that ends the process after the response, or keeps it until the timeout: the caller gets the response all the same."""
    text = """
import awslambdaric.lambda_runtime_client as client, os, time
post = client.BaseLambdaRuntimeClient.post_invocation_result
def handler(event, context):
    def posted(*args, **kwargs):
        post(*args, **kwargs)
        os._exit(1) if event == "exit" else time.sleep(60)
    client.BaseLambdaRuntimeClient.post_invocation_result = posted
    return event
"""
    bench = Bench(tmp_path)
    orders = function(desks.write(tmp_path / "code", text), desks.runtime(monkeypatch), timeout_s=1.0)

    async def work(pool: Pool) -> list[dict[str, Any]]:
        return [outcome(await bench.invoke(pool, orders, how)) for how in ("exit", "stay")]

    ok = {"status": "success", "error": (None, None), "cause": None, "cold": "ok", "got": (True, True)}
    assert bench.run(work) == [{**ok, "payload": "exit"}, {**ok, "payload": "stay"}]
    assert "Task timed out after 1.00 seconds" in bench.text


@pytest.mark.parametrize(("kind", "code", "text"), [("missing", 127, "does not exist"), ("plain", 126, "is not an executable")])
def test_a_wrapper_that_cannot_run(kind: str, code: int, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda's bootstrap says what is wrong with the wrapper and exits with the shell's codes."""
    layer = desks.write(tmp_path / "layer", "", "plain")
    bench = Bench(tmp_path)
    environment = {"AWS_LAMBDA_EXEC_WRAPPER": f"/opt/{kind}"}
    code_folder = desks.write(tmp_path / "code", APP)
    orders = function(code_folder, desks.runtime(monkeypatch), environment=environment, layers=(layer,))

    told = outcome(bench.run(lambda pool: bench.invoke(pool, orders)))

    message = f"RequestId: 00000000-0000-4000-8000-000000000001 Error: Runtime exited with error: exit status {code}"
    assert (told["status"], told["error"]) == ("init-error", ("Runtime.ExitError", message))
    assert bench.log[0] == ("orders", f"/opt/{kind}: {text}\n")


def test_children_end_with_their_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a function has started ends with it, also what has made itself a session of its own."""
    text = """
import os, subprocess, time
def handler(event, context):
    children = [subprocess.Popen(["sleep", "60"], start_new_session=own) for own in (False, True)]
    print("pids", *[child.pid for child in children], os.getpid(), flush=True)
    time.sleep(60)
"""
    bench = Bench(tmp_path)
    orders = function(desks.write(tmp_path / "code", text), desks.runtime(monkeypatch), timeout_s=1.0)

    execution: Execution = bench.run(lambda pool: bench.invoke(pool, orders))

    pids = next(record for _name, record in bench.log if record.startswith("pids")).split()[1:]
    assert execution.status.value == "timeout"
    assert len(pids) == 3
    deadline = time.monotonic() + 5
    while alive := [pid for pid in pids if desks.runs(int(pid))]:
        assert time.monotonic() < deadline, alive
        time.sleep(0.01)


def test_an_internal_extension_has_time_to_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process with an internal extension gets a SIGTERM before it is killed at the timeout, as on Lambda."""
    text = """
import http.client, os, signal, socket, time
api = os.environ["AWS_LAMBDA_RUNTIME_API"]
asking = http.client.HTTPConnection(api)
asking.request("POST", "/2020-01-01/extension/register", b'{"events": []}', {"Lambda-Extension-Name": "inner"})
name = asking.getresponse().getheader("Lambda-Extension-Identifier")
waiting = http.client.HTTPConnection(api)
waiting.request("GET", "/2020-01-01/extension/event/next", headers={"Lambda-Extension-Identifier": name})
signal.signal(signal.SIGTERM, lambda *_: (print("so long", flush=True), os._exit(0)))
def handler(event, context):
    time.sleep(60)
"""
    bench = Bench(tmp_path)
    orders = function(desks.write(tmp_path / "code", text), desks.runtime(monkeypatch), timeout_s=0.5)

    execution: Execution = bench.run(lambda pool: bench.invoke(pool, orders))

    assert execution.status.value == "timeout"
    assert [text for _name, text in bench.log if text == "so long\n"] == ["so long\n"]


def test_an_extension_that_takes_events_keeps_the_environment_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The execution ends when an extension with INVOKE has asked for its next event, not with the runtime's own request."""
    text = """
import http.client, json, os, threading, time
api = os.environ["AWS_LAMBDA_RUNTIME_API"]
def ask(method, path, body=None, **headers):
    connection = http.client.HTTPConnection(api)
    connection.request(method, "/2020-01-01/extension/" + path, body, {k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    return answer, answer.read()
answer, _body = ask("POST", "register", b'{"events": ["INVOKE"]}', Lambda_Extension_Name="inner")
name = answer.getheader("Lambda-Extension-Identifier")
def work():
    while True:
        _answer, body = ask("GET", "event/next", Lambda_Extension_Identifier=name)
        print("event", json.loads(body)["requestId"], flush=True)
        time.sleep(0.3)
threading.Thread(target=work, daemon=True).start()
def handler(event, context):
    return "done"
"""
    bench = Bench(tmp_path)
    orders = function(desks.write(tmp_path / "code", text), desks.runtime(monkeypatch))

    async def work(pool: Pool) -> list[Execution]:
        return [await bench.invoke(pool, orders) for _ in range(2)]

    for number, execution in enumerate(bench.run(work), 1):
        assert execution.invocation_end is not None
        assert execution.end - execution.invocation_end > 0.25
        assert ("orders", f"event 00000000-0000-4000-8000-{number:012d}\n") in bench.log
