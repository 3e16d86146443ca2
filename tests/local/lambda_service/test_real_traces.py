"""The golden traces once more, with the real pool, the real awslambdaric and our layer: real processes, one for each cold start.

Times are checked by what can be true (consistency.py); everything else of Lambda's own documents is that of the golden ones.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.kit import layer, pythons
from tests.kit.collector import Collector
from tests.local.lambda_service import golden
from tests.local.lambda_service.cases import CASES, Case, Recorded, desk, function, play
from tests.local.lambda_service.consistency import flaws
from tests.local.lambda_service.scripted import Step
from tests.local.lambda_service.test_golden import finished
from xray_local.lambda_service.invocations import Invocations
from xray_local.lambda_service.model import Desk, Event, Execution, Function, Status
from xray_local.lambda_service.pool import Pool
from xray_local.lambda_service.ports import Started
from xray_local.lambda_service.running import Outside
from xray_local.lambda_service.runtimes import GIVEN
from xray_local.model import Document
from xray_local.trace import compile_trace

VERSION = next((version for version in ("3.13", "3.12", "3.11") if pythons.find(version)), "")
pytestmark = pytest.mark.skipif(not VERSION, reason="no Python 3.11 to 3.13 on this machine that could play the runtime")

# An event takes 20 ms, so that whole milliseconds do not decide what comes first.
APP = """
import json, os, sys, time
script = json.loads(os.environ["SCRIPT"])
def handler(event, context):
    time.sleep(0.02)
    return {"success": answer, "error": fail, "timeout": hang, "crash": leave}[script.pop(0)]()
def answer():
    return {"found": 1}
def fail():
    raise LookupError("no such order")
def hang():
    time.sleep(60)
def leave():
    sys.exit(1)
"""
BROKEN = 'raise LookupError("no such order")'
# What the pool cannot be made to do at a certain moment: full, and then free.
SCRIPTED_ONLY = {"async-throttled-first"}
REAL = [case for case in CASES if case.name not in SCRIPTED_ONLY]


class Watched:
    """The pool, and which events it was given."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.given: list[Event] = []

    async def execute(self, target: Function, event: Event, started: Started) -> Execution:
        """Hand on."""
        execution = await self._pool.execute(target, event, started)
        self.given.append(event)
        return execution

    async def close(self) -> None:
        """End the environments."""
        await self._pool.close()


@contextmanager
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a runtime that is prepared."""
    site = pythons.site(VERSION)
    monkeypatch.setenv(GIVEN, str(site.interpreter.parents[2]))
    yield f"python{VERSION}"


def real_function(case: Case, folder: Path, runtime_name: str) -> Function:
    """The case's function with its code, as a customer would configure it with our layer."""
    folder.mkdir()
    broken = any(step.status is Status.INIT_ERROR for step in case.script)
    (folder / "app.py").write_text(BROKEN if broken else APP)
    script = [step.status.value for step in case.script]
    environment = {"SCRIPT": json.dumps(script), "AWS_LAMBDA_EXEC_WRAPPER": "/opt/xray-instrument"}
    base = Function("orders", "app.handler", folder, runtime_name, timeout_s=1.0, environment=environment)
    return function(case, base)


def really(case: Case, tmp_path: Path, name: str, pool: Callable[[Desk], Pool] = Pool) -> tuple[Recorded, list[Document]]:
    """What Lambda's part of the desk sends for a case and, besides, what the layer sends from inside the function.

    `name` is a runtime's.
    """
    sent: list[Document] = []
    with Collector() as collector:
        target = real_function(case, tmp_path / "code", name)
        at = desk(time_scale=0.001, folder=tmp_path / "data", trace_layer=layer.unpacked())
        at = replace(at, daemon_address=collector.address)
        if Step(throttled=True) in case.script:
            at = replace(at, concurrency=0)

        async def run() -> list[Event]:
            executor = Watched(pool(at))
            outside = Outside(lambda documents: sent.extend(map(dict, documents)), lambda _function, _arn: case.sampled)
            try:
                await play(case, target, executor, outside, at)
            finally:
                await executor.close()
            return executor.given

        given = asyncio.run(run())[case.before :]
        inside = collector.wait_for(lambda documents: _roots(documents) == _expected(case, given))
    traces = {str(event.trace_header)[5:40] for event in given}
    return Recorded(sent, [event.trace_header for event in given]), [part for part in inside if part["trace_id"] in traces]


def _roots(documents: list[Document]) -> tuple[int, int]:
    """How many handlers have begun, and how many have ended, as far as the layer's documents have arrived."""
    told = [document for document in documents if document["name"] == "app.handler"]
    return len({document["id"] for document in told}), sum("end_time" in document for document in told)


def _expected(case: Case, given: list[Event]) -> tuple[int, int]:
    """The layer tells of every sampled event that reached the runtime; of one that was killed only the beginning."""
    if not any("Sampled=1" in (event.trace_header or "") for event in given):
        return 0, 0
    reached = [step.status for step in case.script if step.status is not Status.INIT_ERROR]
    return len(reached), len(reached) - reached.count(Status.TIMEOUT)


def shape(found: dict[str, Any]) -> dict[str, Any]:
    """A normalised trace without times and without what depends on the machine, its parts in an order that times do not decide."""
    kinds = ["", "AWS::Lambda", "AWS::Lambda::Function"]
    segments = sorted(found["segments"], key=lambda segment: (kinds.index(segment.get("origin", "")), segment["start_time"]))
    return golden.renumbered({**found, "segments": [_shape(segment) for segment in segments]})


def _shape(value: Any) -> Any:
    if isinstance(value, list):
        return [_shape(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    kept = {
        key: inner for key, inner in value.items() if key not in ("start_time", "end_time", "working_directory", "paths", "stack")
    }
    if "subsegments" in kept:
        kept["subsegments"] = sorted(kept["subsegments"], key=lambda part: str(part["name"]))
    return {key: _shape(inner) for key, inner in kept.items()}


@pytest.mark.parametrize("case", REAL, ids=lambda case: case.name)
def test_the_real_thing(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda's documents are the golden ones; with the layer's the times can be true, and every Invocation has its handler."""
    with runtime(monkeypatch) as name:
        recorded, inside = really(case, tmp_path, name)

    confirm(case, recorded, inside)


def confirm(case: Case, recorded: Recorded, inside: list[Document]) -> None:
    """Fail if that is not what Lambda and the layer have to say about the case."""
    assert shape(golden.normalised(recorded)) == shape(golden.expected(case.name))
    if not recorded.documents:
        assert inside == []
        return
    whole = compile_trace(recorded.trace().id, [*recorded.documents, *inside])
    orphans = [notice for notice in whole.notices if "in progress" not in notice]
    assert (orphans, flaws(finished(whole.segments))) == ([], [])
    functions = [segment for segment in whole.segments if segment.get("origin") == "AWS::Lambda::Function"]
    invocations = [part for segment in functions for part in segment["subsegments"] if part["name"] == "Invocation"]
    handlers = [
        [part["name"] for part in invocation["subsegments"] if part["name"] == "app.handler"] for invocation in invocations
    ]
    assert handlers == [["app.handler"]] * len(invocations)


def test_a_burst_of_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """40 events at once over 3 environments: each is run once, in a trace of its own, whose times can be true."""
    sent: list[Document] = []
    many = 40
    with runtime(monkeypatch) as name:
        target = real_function(Case("burst", (Step(),) * many), tmp_path / "code", name)
        at = replace(desk(folder=tmp_path / "data", trace_layer=layer.unpacked()), concurrency=3, daemon_address="127.0.0.1:9")

        async def run() -> list[str]:
            executor = Watched(Pool(at))
            outside = Outside(lambda documents: sent.extend(map(dict, documents)))
            invocations = Invocations(executor, outside, at)
            for number in range(many):
                invocations.enqueue(target, Event(f"event-{number}", b"{}", None))
            await invocations.settled()
            await executor.close()
            return sorted(event.request_id for event in executor.given)

        given = asyncio.run(run())
    trace_ids = {document["trace_id"] for document in sent}
    traces = [compile_trace(trace_id, [part for part in sent if part["trace_id"] == trace_id]) for trace_id in trace_ids]
    functions = [len(trace.segments) for trace in traces]
    assert given == sorted(f"event-{number}" for number in range(many))
    assert (functions, [(trace.notices, flaws(trace.segments)) for trace in traces]) == ([2] * many, [([], [])] * many)
