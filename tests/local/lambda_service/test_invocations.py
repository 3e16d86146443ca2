"""Synchronous invocations and batches: what the caller gets, and what happens when it goes away."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.kit.fakes import CountingIds, FakeClock
from tests.local.lambda_service.cases import desk
from tests.local.lambda_service.scripted import COLD, ERROR, OK, THROTTLED, Scripted, Step
from tests.local.lambda_service.test_asynchronous import Limited
from xray_local.lambda_service.invocations import Invocations
from xray_local.lambda_service.model import Event, Execution, Function, LambdaError, Status, TooManyRequestsError, Tracing
from xray_local.lambda_service.ports import Executor, Invoker
from xray_local.lambda_service.running import Outside
from xray_local.model import Document

FUNCTION = Function("orders", "app.handler", Path())
ARN = "arn:aws:lambda:us-east-1:123456789012:function:orders"
EVENT = Event("request-1", b'{"order": 7}', None, invoked_arn=f"{ARN}:live", client_context="{}", tenant_id="t")


def made(executor: Executor, documents: list[Document], clock: FakeClock) -> Invocations:
    """An invoker that keeps its documents."""
    return Invocations(
        executor, Outside(lambda sent: documents.extend(map(dict, sent)), clock=clock, new_id=CountingIds()), desk()
    )


def test_what_the_environment_and_the_caller_get() -> None:
    """The event is the caller's but for the header and the ids that are ours; the caller gets it back with the execution."""
    clock, documents = FakeClock(), list[Document]()
    executor = Scripted(clock, deque([COLD]))

    given, execution = asyncio.run(made(executor, documents, clock).request_response(FUNCTION, EVENT))

    root, ids = f"1-{1_700_000_000:08x}-{'0' * 15}1{'0' * 8}", [f"{number:016x}" for number in range(10)]
    header = f"Root={root};Parent={ids[5]};Sampled=1;Lineage=1:66d2e7d4:0"
    assert given == replace(EVENT, trace_header=header, segment_id=ids[4])
    assert ([given], execution.payload) == (executor.given, b'{"found": 1}')
    assert [(document["id"], document["resource_arn"]) for document in documents if "resource_arn" in document] == [
        (ids[3], f"{ARN}:live")
    ] * 2


@pytest.mark.parametrize(
    ("tracing", "header"),
    [(Tracing.PASS_THROUGH, None), (Tracing.ACTIVE, "Root=1-65537f20-0123456789abcdef01234567;Sampled=0")],
)
def test_nothing_is_recorded(tracing: Tracing, header: str | None) -> None:
    """With PassThrough, and unsampled, no document is emitted, and the REPORT line gets no segment."""
    clock, documents = FakeClock(), list[Document]()
    function = replace(FUNCTION, tracing=tracing)

    invocations = made(Scripted(clock, deque([OK, OK, THROTTLED])), documents, clock)
    given, _execution = asyncio.run(invocations.request_response(function, replace(EVENT, trace_header=header)))

    assert (documents, given.segment_id) == ([], None)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TooManyRequestsError(), {"error": True, "throttle": True, "http": {"response": {"status": 429}}}),
        (LambdaError("no interpreter", "ServiceException", 500), {"fault": True, "http": {"response": {"status": 500}}}),
        (LambdaError("no", "InvalidRuntimeException", 400), {"error": True, "http": {"response": {"status": 400}}}),
        (RuntimeError("bug"), {"fault": True, "http": {"response": {"status": 500}}}),
    ],
)
@pytest.mark.parametrize("kind", ["request_response", "batch"])
def test_what_cannot_be_run(kind: str, error: Exception, expected: Document) -> None:
    """The caller gets the error as it was raised; the service segment alone tells of it."""
    clock, documents = FakeClock(), list[Document]()

    class Refusing(Scripted):
        async def execute(self, *_args: Any) -> Execution:
            raise error

    invocations = made(Refusing(clock, deque()), documents, clock)
    call = invocations.request_response(FUNCTION, EVENT) if kind == "request_response" else invocations.batch(FUNCTION, EVENT, ())
    with pytest.raises(type(error)) as raised:
        asyncio.run(call)

    (begun, ended) = documents
    facts = {key: ended[key] for key in ("error", "throttle", "fault", "http") if key in ended}
    assert (raised.value, begun.get("in_progress"), begun["id"], facts) == (error, True, ended["id"], expected)


def test_a_caller_that_goes_away() -> None:
    """A client that closes its connection does not stop the function, and its segments are completed."""
    documents: list[Document] = []

    async def run() -> list[str]:
        executor = Limited(1)
        invocations = made(executor, documents, FakeClock())
        caller = asyncio.get_running_loop().create_task(invocations.request_response(FUNCTION, EVENT))
        await asyncio.sleep(0.01)
        caller.cancel()
        await asyncio.sleep(0.01)
        executor.hold.set()
        assert await invocations.close() == 0
        return executor.done

    done = asyncio.run(run())
    names = [(document["origin"], document.get("in_progress", False)) for document in documents]
    assert (done, sorted(names)) == (
        ["request-1"],
        [("AWS::Lambda", False), ("AWS::Lambda", True), ("AWS::Lambda::Function", False), ("AWS::Lambda::Function", True)],
    )


def test_a_batch_is_tried_as_the_poller_says() -> None:
    """After each attempt the poller is asked; what it answers is executed in the same trace, until it answers nothing."""
    clock, documents = FakeClock(), list[Document]()
    executor = Scripted(clock, deque([Step(Status.ERROR, cold=True), ERROR, ERROR]))
    rest = [replace(EVENT, payload=b"half"), replace(EVENT, payload=b"quarter"), None]
    asked: list[Status] = []

    async def again(execution: Execution) -> Event | None:
        asked.append(execution.status)
        return rest.pop(0)

    execution = asyncio.run(made(executor, documents, clock).batch(FUNCTION, EVENT, (), again))

    assert (asked, execution.status) == ([Status.ERROR] * 3, Status.ERROR)
    assert [event.payload for event in executor.given] == [EVENT.payload, b"half", b"quarter"]
    (service,) = [document for document in documents if document.get("origin") == "AWS::Lambda" and "end_time" in document]
    functions = [
        document for document in documents if document.get("origin") == "AWS::Lambda::Function" and "end_time" in document
    ]
    assert [(document["parent_id"], document["trace_id"]) for document in functions] == [(service["id"], service["trace_id"])] * 3
    assert (service["error"], service["end_time"] >= functions[-1]["subsegments"][0]["end_time"] - 0.001) == (True, True)


def test_a_batch_is_a_trace_of_its_own() -> None:
    """A header that an event happens to carry is nobody's: the batch's trace is new, and begins with the service segment."""
    clock, documents = FakeClock(), list[Document]()
    event = replace(EVENT, trace_header="Root=1-65537f20-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=0")

    asyncio.run(made(Scripted(clock, deque([OK])), documents, clock).batch(FUNCTION, event, ()))

    assert {document["trace_id"][:10] for document in documents} == {f"1-{1_700_000_000:08x}"}
    assert [document.get("parent_id") for document in documents if document["origin"] == "AWS::Lambda"] == [None, None]


def test_a_throttled_retry_of_a_batch() -> None:
    """It ends the segment as throttled and is raised: the poller comes again with what is left."""
    clock, documents = FakeClock(), list[Document]()

    async def again(_execution: Execution) -> Event | None:
        return EVENT

    with pytest.raises(TooManyRequestsError):
        asyncio.run(made(Scripted(clock, deque([ERROR, THROTTLED])), documents, clock).batch(FUNCTION, EVENT, (), again))

    assert (documents[-1]["origin"], documents[-1]["throttle"], documents[-1]["http"]) == (
        "AWS::Lambda",
        True,
        {"response": {"status": 429}},
    )


def test_a_failed_first_initialization() -> None:
    """Where the second one, within the invocation, went well, the cause stands on Initialization."""
    clock, documents = FakeClock(), list[Document]()

    asyncio.run(made(Scripted(clock, deque([Step(flaw=True)])), documents, clock).request_response(FUNCTION, EVENT))

    (ended,) = [
        document for document in documents if document.get("origin") == "AWS::Lambda::Function" and "end_time" in document
    ]
    first, invocation, _overhead = ended["subsegments"]
    assert (first["fault"], first["cause"]["exceptions"][0]["type"], "fault" in invocation, "fault" in ended) == (
        True,
        "LookupError",
        False,
        False,
    )


def test_it_is_an_invoker() -> None:
    """The type checker sees that Invocations has everything that the API and the pollers ask for."""
    clock = FakeClock()
    invoker: Invoker = made(Scripted(clock, deque()), [], clock)

    assert isinstance(invoker, Invocations)
