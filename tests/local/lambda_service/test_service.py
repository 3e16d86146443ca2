"""The service as a whole: templates that change while it runs, its end in the middle of an invocation, its way to the store."""

from __future__ import annotations

import json
import textwrap
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.local.lambda_service import desks
from tests.local.lambda_service.serving import Service, serving
from tests.local.server import clients
from xray_local.database import StoreError
from xray_local.lambda_service import emission, service
from xray_local.lambda_service.catalog import Catalog
from xray_local.lambda_service.emission import Emission
from xray_local.lambda_service.model import Function
from xray_local.lambda_service.template import Settings, load

CODE = """
import os, time

def handler(event, context):
    time.sleep(event.get("sleep", 0))
    return os.environ.get("GREETING")
"""
TEMPLATE = """
    Transform: AWS::Serverless-2016-10-31
    Globals: {{ Function: {{ CodeUri: src, Handler: app.handler, Runtime: {runtime}, Timeout: 20 }} }}
    Resources:
      Greeter:
        Type: AWS::Serverless::Function
        Properties:
          Environment: {{ Variables: {{ GREETING: {greeting} }} }}
          Events: {{ {events} }}
"""
DAILY = "Daily: { Type: Schedule, Properties: { Schedule: rate(1 day) } }"


def template(greeting: str, runtime: str = "python3.13", events: str = "") -> str:
    """One function with a variable, and perhaps events."""
    return TEMPLATE.format(runtime=runtime, greeting=greeting, events=events)


def write(folder: Path, text: str) -> Path:
    """The template, complete from one moment to the next, as editors save it."""
    fresh, path = folder / "template.new", folder / "template.yaml"
    fresh.write_text(textwrap.dedent(text))
    return fresh.replace(path)


def call(found: Service, name: str, **event: Any) -> Any:
    """The response of a function."""
    return json.load(found.client.invoke(FunctionName=name, Payload=json.dumps(event))["Payload"])


def test_a_template_that_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next invocation has what the template says now; with an error in it, what it said before, and the error is told once."""
    runtime = desks.runtime(monkeypatch)
    desks.write(tmp_path / "src", CODE)
    path = write(tmp_path, template("hello", runtime))
    told: list[str] = []
    catalog = Catalog(lambda: load(path, Settings()), told.append)
    with serving(catalog, tmp_path) as found:
        first = call(found, "Greeter")
        write(tmp_path, template("good morning", runtime))
        second = call(found, "Greeter")
        write(tmp_path, template("!Ref Nobody", runtime))
        third = call(found, "Greeter")
        fourth = call(found, "Greeter")
        write(tmp_path, template("bye", runtime).replace("Greeter", "Other"))
        names = [one["FunctionName"] for one in found.client.list_functions()["Functions"]]
    assert (first, second, third, fourth, names) == ("hello", "good morning", "good morning", "good morning", ["Other"])
    assert told == [
        "template.yaml was read again: Greeter",
        (
            "template.yaml, Greeter: Environment.Variables.GREETING: 'Nobody' is neither a parameter nor a resource of this "
            "template, which has Greeter. The functions stay as they were."
        ),
        "template.yaml was read again: Other",
    ]


def test_a_template_that_changes_while_nobody_invokes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sources follow the template by themselves."""
    monkeypatch.setattr(service, "LOOK_S", 0.02)
    (tmp_path / "src").mkdir()
    path = write(tmp_path, template("x"))
    with serving(Catalog(lambda: load(path, Settings())), tmp_path) as found:
        before = found.running.health()["lambda"]["sources"]
        write(tmp_path, template("x", events=DAILY))
        after = clients.eventually(lambda: found.running.health()["lambda"]["sources"])
    assert (before, [(one["function"], one["kind"], one["source"]) for one in after]) == (
        [],
        [("Greeter", "schedule", "rate(1 day)")],
    )


def test_the_end_in_the_middle_of_an_invocation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs for too long is ended with its environment: its caller gets an answer, X-Ray the end of the segment."""
    monkeypatch.setattr(service, "FINISH_S", 0.2)
    function = Function("slow", "app.handler", desks.write(tmp_path / "src", CODE), desks.runtime(monkeypatch), timeout_s=60.0)
    answers: list[Any] = []
    with serving([function], tmp_path) as found:
        caller = threading.Thread(target=lambda: answers.append(call(found, "slow", sleep=50)))
        caller.start()
        clients.eventually(lambda: [text for _name, text in found.log if text.startswith("START")])
        store, began = found.running.store, time.monotonic()
        found.mounted.close()
        took = time.monotonic() - began
        caller.join(10)
        [root] = store.trace_ids(0, time.time() + 60)
        documents = [json.loads(text) for text in store.documents(root)]
        afterwards = found.running.health()["lambda"]["functions"]
    assert took < 10
    assert [(one["name"], one["environments"]) for one in afterwards] == [("slow", [])]
    assert [answer["errorType"] for answer in answers] == ["Runtime.ExitError"]
    ended = {one["origin"]: (one.get("error"), one.get("fault")) for one in documents if "end_time" in one and "origin" in one}
    assert ended == {"AWS::Lambda": (True, None), "AWS::Lambda::Function": (None, True)}


class Disk:
    """A store that is full until it is told otherwise."""

    def __init__(self) -> None:
        self.full = threading.Event()
        self.kept: list[str] = []
        self.tries = 0

    def ingest(self, texts: Sequence[str], source: str, at: float) -> list[object | None]:
        self.tries += 1
        if self.full.is_set():
            raise StoreError("disk full")
        self.kept += [f"{source} {at} {text}" for text in texts]
        return [None if "bad" not in text else "refused" for text in texts]


def test_documents_wait_for_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a full disk refuses is offered again until it is taken, in order; what is invalid is counted."""
    monkeypatch.setattr(emission, "RETRY_S", 0.01)
    disk, forwarded = Disk(), list[str]()
    disk.full.set()
    emit = Emission(disk.ingest, lambda texts: forwarded.extend(map(str, texts)), lambda: 7.0)
    emit([{"id": 1}])
    clients.eventually(lambda: disk.tries > 3)
    emit([{"id": 2}, {"bad": 3}])
    disk.full.clear()
    emit.close()
    texts = ['{"id": 1}', '{"id": 2}', '{"bad": 3}']
    assert (disk.kept, forwarded) == ([f"lambda 7.0 {text}" for text in texts], texts)
    assert (emit.dropped, emit.refused) == (0, 1)


def test_documents_that_the_store_never_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end they are dropped and counted, as is what comes beyond the longest queue; nobody waits for ever."""
    monkeypatch.setattr(emission, "RETRY_S", 60.0)
    monkeypatch.setattr(emission, "LARGEST_BACKLOG", 2)
    disk = Disk()
    disk.full.set()
    emit = Emission(disk.ingest)
    emit([{"id": 0}])
    clients.eventually(lambda: disk.tries)
    emit([{"id": number} for number in range(5)])
    emit.close()
    assert (emit.dropped, disk.kept) == (6, [])
