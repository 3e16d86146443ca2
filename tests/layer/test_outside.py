"""What the function's own code may do to us in the middle: timeouts by signal, purged modules, early exit callbacks."""

from __future__ import annotations

import ctypes
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.kit.collector import Collector
from tests.kit.layer import unpacked
from tests.kit.process import Guest, Launch, Sandbox
from tests.kit.pythons import site
from tests.kit.runtime_api import SAMPLED, UNSAMPLED, Invocation
from xray_instrument.guard import Guard


class TooLateError(Exception):
    """The function's own."""


def too_late(_number: int, _frame: object) -> None:
    raise TooLateError


def deeper(_number: int, _frame: object) -> None:
    too_late(0, None)


class Handler:
    """A handler that is an object."""

    def __call__(self, _number: int, _frame: object) -> None:
        raise TooLateError

    def method(self, _number: int, _frame: object) -> None:
        raise TooLateError


@pytest.fixture
def guard() -> Guard:
    made = Guard()
    made.strict = False
    return made


@pytest.fixture
def alarm() -> Iterator[Callable[[Any], None]]:
    before = signal.getsignal(signal.SIGALRM)

    def register(handler: Any) -> None:
        signal.signal(signal.SIGALRM, handler)

    yield register
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def waits() -> None:
    """Stands for our code, at the moment when the signal comes."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        pass


HANDLERS = (too_late, deeper, Handler(), Handler().method, partial(too_late), lambda number, _frame: too_late(number, None))


@pytest.mark.parametrize("handler", HANDLERS, ids=["function", "deeper", "object", "method", "partial", "lambda"])
def test_timeout_by_signal(guard: Guard, alarm: Callable[[Any], None], handler: object) -> None:
    """The exception of the function's signal handler goes on its way through our code, and nothing is switched off."""
    alarm(handler)
    signal.setitimer(signal.ITIMER_REAL, 0.05)

    with pytest.raises(TooLateError):
        guard("part")(waits)()
    assert guard.off == {}


def test_exception_from_another_thread(guard: Guard) -> None:
    """An exception that another thread has raised here (as stopit and func_timeout do) goes on its way."""
    source = "def ours():\n    import time\n    until = time.monotonic() + 5\n    while time.monotonic() < until:\n        pass\n"
    scope: dict[str, Any] = {"__package__": "xray_instrument"}
    exec(source, scope)  # noqa: S102  (a frame that counts as ours)
    here = ctypes.c_ulong(threading.get_ident())
    threading.Timer(0.05, lambda: ctypes.pythonapi.PyThreadState_SetAsyncExc(here, ctypes.py_object(TooLateError))).start()

    with pytest.raises(TooLateError):
        guard("part")(scope["ours"])()
    assert guard.off == {}


def test_a_fault_of_ours_is_none_of_these(guard: Guard, alarm: Callable[[Any], None], capsys: pytest.CaptureFixture[str]) -> None:
    """A fault below our code, in a library of the function's, is still ours: caught, told, switched off, put right."""
    alarm(too_late)
    put_right: list[str] = []
    guard.clean_up["part"] = lambda: put_right.append("part")

    assert guard("part")(lambda: int("x"))() is None
    assert (list(guard.off), put_right, capsys.readouterr().err.count("\n")) == (["part"], ["part"], 1)


def served(tmp_path: Path, code: str, *headers: str, **environment: str) -> tuple[list[dict[str, Any]], str]:
    """The documents that a function's invocations sent, and its stderr."""
    sandbox = Sandbox.create(tmp_path, site(f"3.{sys.version_info[1]}"))
    sandbox.write("app.py", code)
    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "eu-west-1"}
    with Collector() as collector:
        launch = Launch("app.handler", keys | environment, unpacked() / "xray-instrument", daemon=collector.address)
        with Guest(sandbox, launch, [Invocation({}, trace_header=header) for header in headers]) as guest:
            guest.wait()
        run = guest.result()
        time.sleep(0.2)
        return collector.documents(), run.stderr.decode() if isinstance(run.stderr, bytes) else run.stderr


def test_purged_botocore(tmp_path: Path) -> None:
    """A function that drops botocore from sys.modules and imports it anew is recorded with the new one, and with old clients."""
    code = """
import sys, boto3
from botocore.config import Config
refused = {"endpoint_url": "http://127.0.0.1:9", "config": Config(retries={"total_max_attempts": 1}, connect_timeout=1)}
def call(client):
    try:
        client.get_item(TableName="orders", Key={"id": {"S": "1"}})
    except Exception as error:
        print(type(error).__name__)
old = boto3.client("dynamodb", **refused)
for name in [name for name in sys.modules if name.partition(".")[0] in ("boto3", "botocore", "s3transfer")]:
    del sys.modules[name]
def handler(event, context):
    call(old)
    import boto3
    call(boto3.client("dynamodb", endpoint_url="http://127.0.0.1:9"))
"""
    # The second client has boto3's own settings: ten attempts, 25 seconds, of the 30 that the invocation has.
    documents, stderr = served(tmp_path, code, SAMPLED, AWS_MAX_ATTEMPTS="1")

    names = [document["name"] for document in documents if document["name"] == "DynamoDB" and not document.get("in_progress")]
    assert (names, stderr) == (["DynamoDB", "DynamoDB"], "")


def test_exit_callbacks_run_by_the_function(tmp_path: Path) -> None:
    """A handler that runs atexit's callbacks itself, to flush something, has not ended the process."""
    code = "import atexit\ndef handler(event, context):\n    atexit._run_exitfuncs()\n    return 1\n"
    documents, stderr = served(tmp_path, code, SAMPLED)

    root = [document for document in documents if document["name"] == "app.handler" and "end_time" in document]
    assert ([document.get("fault") for document in root], stderr) == ([None], "")


def test_first_sampled_is_not_the_first(tmp_path: Path) -> None:
    """The first sampled invocation adopts the cold start, which was not made ahead of need because nobody could tell it sooner."""
    documents, stderr = served(tmp_path, "def handler(event, context):\n    return 1\n", UNSAMPLED, SAMPLED)

    init = [document["annotations"] for document in documents if document["name"] == "app.handler init"]
    root = [document["annotations"]["cold_start"] for document in documents if document["name"] == "app.handler"]
    assert (init, root, stderr) == ([{"initialization_type": "on-demand"}], [False, False], "")
