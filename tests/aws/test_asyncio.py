"""aiobotocore: the same documents as botocore's, each task's calls below what is open in that task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

from tests.aws.recording import FIRST_ID, NOW, Recording, node, subsegment, tree
from tests.aws.test_failures import ERROR, TABLE, answered, attempt, closed_port, remote
from tests.aws.test_threads import CALL
from tests.kit.aws_stub import AwsStub, Reply, error_json
from tests.kit.process import SERVICE_ENVIRONMENT
from tests.kit.runtime_api import ROOT
from xray_instrument.recorder import recorder

NO_ANSWER = "the call ended without a result: cancelled, interrupted, or an event handler of the function's own failed"


@asynccontextmanager
async def client(url: str, **config: Any) -> AsyncIterator[Any]:
    """An aiobotocore client of DynamoDB."""
    settings = AioConfig(**{"retries": {"max_attempts": 0}, "max_pool_connections": 60, **config})
    async with get_session().create_client("dynamodb", endpoint_url=url, config=settings) as made:
        yield made


async def get_item(dynamodb: Any) -> None:
    await dynamodb.get_item(TableName="orders", Key={"pk": {"S": "1"}})


def test_one_call(recording: Recording, aws: AwsStub) -> None:
    """One call is the same document as botocore's, with one trace header of its own and a valid signature."""

    async def one() -> None:
        async with client(aws.url) as dynamodb:
            await get_item(dynamodb)

    asyncio.run(one())

    assert recording.documents() == [subsegment("DynamoDB", TABLE, http=answered(200, b"{}"))]
    (request,) = aws.requests
    assert request.all_headers("X-Amzn-Trace-Id") == [f"Root={ROOT};Parent={FIRST_ID};Sampled=1;Lineage=1:a87bd80c:0"]
    secret, token = SERVICE_ENVIRONMENT["AWS_SECRET_ACCESS_KEY"], SERVICE_ENVIRONMENT["AWS_SESSION_TOKEN"]
    assert request.signature_is_valid(secret, token)


def test_fifty_in_a_gather_one_cancelled(recording: Recording, aws: AwsStub) -> None:
    """Fifty calls at once are fifty subsegments side by side; the one that was cancelled says so, the others are whole."""
    aws.script("dynamodb.DescribeTable", then=Reply(silent=True))

    async def fifty() -> list[object]:
        async with client(aws.url) as dynamodb:
            calls = [get_item(dynamodb) for _ in range(49)]
            lost = asyncio.create_task(dynamodb.describe_table(TableName="orders"))
            asyncio.get_running_loop().call_later(0.5, lost.cancel)
            found: list[object] = await asyncio.gather(lost, *calls, return_exceptions=True)
            return found

    results = asyncio.run(fifty())
    recording.end()

    assert [type(result) for result in results] == [asyncio.CancelledError] + [type(None)] * 49
    block = {"operation": "DescribeTable", "region": "eu-west-1", "table_name": "orders", "retries": 0}
    cancelled = node(
        "DynamoDB", type="subsegment", namespace="aws", aws=block, fault=True, cause=[{"type": "NoResult", "message": NO_ANSWER}]
    )
    (found,) = recording.trees()
    below = sorted(found["subsegments"], key=lambda child: str(child["aws"]["operation"]))
    expected = tree([cancelled, *[node("DynamoDB", **CALL)] * 49])
    same = {"id": None}
    assert [child | same for child in below] == [child | same for child in expected["subsegments"]]
    assert len({document["id"] for document in recording.captured.documents()}) == 51


def test_task_group_with_subsegments(recording: Recording, aws: AwsStub) -> None:
    """Tasks of a TaskGroup hang their calls below the subsegment that each has opened, not below their neighbour's."""

    async def work(dynamodb: Any, name: str) -> None:
        opened = recorder.begin(name)
        await get_item(dynamodb)
        recorder.end(opened)

    async def group() -> None:
        async with client(aws.url) as dynamodb:
            async with asyncio.TaskGroup() as tasks:
                for name in ("a", "b", "c"):
                    tasks.create_task(work(dynamodb, name))
            await get_item(dynamodb)

    ticks = count(int(NOW))
    recorder.clock = lambda: float(next(ticks))  # siblings stand in the order of their begin
    asyncio.run(group())
    recording.end()

    call = node("DynamoDB", **CALL)
    parts = [node(name, call, type="subsegment") for name in ("a", "b", "c")]
    (found,) = recording.trees()
    assert found == tree([*parts, call])


def test_asyncio_timeout(recording: Recording, aws: AwsStub) -> None:
    """A call given up by asyncio.timeout is closed as a fault, and the next one hangs below the invocation again."""
    aws.script("dynamodb.GetItem", Reply(silent=True))

    async def impatient() -> None:
        async with client(aws.url) as dynamodb:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await get_item(dynamodb)
            await get_item(dynamodb)

    asyncio.run(impatient())
    recording.end()

    block = {key: value for key, value in CALL["aws"].items() if key != "request_id"}
    given_up = node(
        "DynamoDB", type="subsegment", namespace="aws", aws=block, fault=True, cause=[{"type": "NoResult", "message": NO_ANSWER}]
    )
    assert recording.trees() == [tree([given_up, node("DynamoDB", **CALL)])]


def test_error_answer_and_retries(recording: Recording, aws: AwsStub) -> None:
    """A throttle healed by a retry, then an error: attempts, flags and the stack of the task's code as with botocore."""
    body = error_json("ConditionalCheckFailedException")
    aws.script("dynamodb.GetItem", Reply(500, error_json("InternalServerError")), Reply(), Reply(400, body))

    async def fails() -> None:
        async with client(aws.url, retries={"max_attempts": 2, "mode": "standard"}) as dynamodb:
            await get_item(dynamodb)
            with pytest.raises(ClientError):
                await get_item(dynamodb)

    asyncio.run(fails())

    healed, failed = recording.documents()
    cause = [{"type": "InternalServerError", "message": "scripted"}]
    assert healed == subsegment(
        "DynamoDB",
        {**TABLE, "retries": 1},
        http=answered(200, b"{}"),
        subsegments=[
            attempt(1, http={"response": {"status": 500}}, fault=True, cause=cause),
            attempt(2, http={"response": {"status": 200}}),
        ],
    )
    last = {"id": "0000000000000005"}
    expected = subsegment("DynamoDB", TABLE, http=answered(400, body), **ERROR, cause=remote("ConditionalCheckFailedException"))
    assert failed == expected | last
    headers = [request.all_headers("X-Amzn-Trace-Id") for request in aws.requests]
    assert [[header.split(";")[1] for header in each] for each in headers] == [
        ["Parent=0000000000000002"], ["Parent=0000000000000002"], ["Parent=0000000000000005"],
    ]  # fmt: skip


def test_refused_connection(recording: Recording) -> None:
    """No response at all is a fault with aiobotocore's exception."""

    async def refused() -> None:
        async with client(f"http://127.0.0.1:{closed_port()}") as dynamodb:
            await get_item(dynamodb)

    with pytest.raises(BotoCoreError):
        asyncio.run(refused())

    (document,) = recording.documents()
    cause = document.pop("cause")
    block = {key: value for key, value in TABLE.items() if key != "request_id"}
    assert document == subsegment("DynamoDB", block, fault=True)
    assert cause[0]["type"] == "EndpointConnectionError"
