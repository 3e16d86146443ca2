"""Calls made in other threads: each hangs below what was open where its work was handed over."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

from tests.aws.conftest import MakeClient
from tests.aws.following import followed
from tests.aws.recording import Recording, node, tree
from tests.kit.aws_stub import REQUEST_ID, AwsStub, Reply
from tests.kit.fakes import Document
from xray_instrument.recorder import recorder

CALL: Document = {
    "type": "subsegment",
    "namespace": "aws",
    "aws": {"operation": "GetItem", "region": "eu-west-1", "table_name": "orders", "request_id": REQUEST_ID, "retries": 0},
    "http": {"response": {"status": 200, "content_length": 2}},
}


def call(**fields: object) -> Document:
    return node("DynamoDB", **CALL, **fields)


def custom(name: str, *children: Document) -> Document:
    return node(name, *children, type="subsegment")


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    with followed():
        yield


@pytest.fixture
def dynamodb(client: MakeClient) -> Any:
    return client("dynamodb")


def get_item(dynamodb: Any) -> str:
    dynamodb.get_item(TableName="orders", Key={"pk": {"S": "1"}})
    return threading.current_thread().name


def test_twelve_calls_in_a_pool(recording: Recording, dynamodb: Any) -> None:
    """Twelve calls in a pool of four hang below the invocation, and none below another."""
    with ThreadPoolExecutor(4) as pool:
        names = set(pool.map(get_item, [dynamodb] * 12))
    recording.end()

    assert threading.current_thread().name not in names
    assert recording.trees() == [tree([call()] * 12)]


def test_pool_below_a_subsegment(recording: Recording, dynamodb: Any) -> None:
    """Work submitted inside a subsegment hangs below that one, though it runs after it has ended, and the next below the next."""
    hold = threading.Event()

    def held() -> None:
        hold.wait(5)
        get_item(dynamodb)

    with ThreadPoolExecutor(1) as pool:
        first = recorder.begin("first")
        done: list[Future[Any]] = [pool.submit(held), pool.submit(get_item, dynamodb)]
        recorder.end(first)
        second = recorder.begin("second")
        done.append(pool.submit(get_item, dynamodb))
        recorder.end(second)
        done.append(pool.submit(get_item, dynamodb))
        hold.set()
        for future in done:
            future.result(5)
    recording.end()

    assert recording.trees() == [tree([custom("first", call(), call()), custom("second", call()), call()])]


def test_nested_submits(recording: Recording, dynamodb: Any) -> None:
    """Work that submits work: a subsegment opened in the worker is the parent of what it submits there."""
    with ThreadPoolExecutor(2) as outer, ThreadPoolExecutor(2) as inner:

        def work() -> None:
            opened = recorder.begin("outer work")
            inner.submit(get_item, dynamodb).result(5)
            recorder.end(opened)
            inner.submit(get_item, dynamodb).result(5)

        outer.submit(work).result(5)
    recording.end()

    assert recording.trees() == [tree([custom("outer work", call()), call()])]


def test_plain_thread(recording: Recording, dynamodb: Any) -> None:
    """A thread of the function's own hangs below what was open at its start."""
    opened = recorder.begin("starter")
    thread = threading.Thread(target=get_item, args=(dynamodb,))
    thread.start()
    thread.join(5)
    recorder.end(opened)
    recording.end()

    assert recording.trees() == [tree([custom("starter", call())])]


class Odd(threading.Thread):
    """A subclass that guards its attributes and runs by itself."""

    dynamodb: Any

    def __init__(self, dynamodb: Any) -> None:
        super().__init__()
        object.__setattr__(self, "dynamodb", dynamodb)

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("_") and name not in ("name", "daemon"):
            raise AttributeError(name)
        super().__setattr__(name, value)

    def run(self) -> None:
        get_item(self.dynamodb)


def test_thread_subclass(recording: Recording, dynamodb: Any) -> None:
    """A subclass of Thread with its own run and __setattr__ is followed as any other."""
    opened = recorder.begin("starter")
    thread = Odd(dynamodb)
    thread.start()
    thread.join(5)
    recorder.end(opened)
    recording.end()

    assert recording.trees() == [tree([custom("starter", call())])]


def test_thread_older_than_the_invocation(recording: Recording, dynamodb: Any) -> None:
    """A worker that lives on from an earlier invocation hangs its calls below the invocation that is recorded now."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(get_item, dynamodb).result(5)
        recording.end()
        recording.captured.datagrams.clear()
        recording.begin(name="second.handler")
        pool.submit(get_item, dynamodb).result(5)
        recording.end()

    assert recording.trees() == [{**tree([call()]), "name": "second.handler"}]


def test_work_left_over_from_an_earlier_invocation(recording: Recording, dynamodb: Any) -> None:
    """What was submitted in one invocation and runs in the next belongs to the one that is recorded when it runs."""
    hold = threading.Event()

    def held() -> None:
        hold.wait(5)
        get_item(dynamodb)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(held)
        recording.end()
        recording.captured.datagrams.clear()
        recording.begin(name="second.handler")
        hold.set()
        done.result(5)
        recording.end()

    assert recording.trees() == [{**tree([call()]), "name": "second.handler"}]


def test_asyncio_to_thread(recording: Recording, dynamodb: Any) -> None:
    """asyncio.to_thread and run_in_executor hang the call below what is open in the task."""

    async def both() -> None:
        opened = recorder.begin("task")
        await asyncio.to_thread(get_item, dynamodb)
        await asyncio.get_running_loop().run_in_executor(None, get_item, dynamodb)
        recorder.end(opened)

    asyncio.run(both())
    recording.end()

    assert recording.trees() == [tree([custom("task", call(), call())])]


def operations(recording: Recording) -> Counter[tuple[str, str]]:
    """How often each operation hangs below which subsegment."""
    (found,) = recording.trees()
    below = [(found["name"], child) for child in found.get("subsegments", ())]
    below += [(child["name"], grandchild) for _name, child in below for grandchild in child.get("subsegments", ())]
    return Counter((above, child["aws"]["operation"]) for above, child in below if "aws" in child)


CHUNK = 5 * 1024 * 1024  # the least that S3 takes for a part


def test_s3transfer_upload(recording: Recording, client: MakeClient, aws: AwsStub, tmp_path: Path) -> None:
    """A multi-part upload in s3transfer's threads: each part is a call below what was open at upload_file."""
    aws.script(
        "s3.POST /orders/big",
        Reply(body=b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"),
        Reply(body=b"<CompleteMultipartUploadResult/>"),
    )
    aws.script("s3.PUT /orders/big", then=Reply(body=b"", headers=(("ETag", '"e"'),)))
    big = tmp_path / "big"
    big.write_bytes(b"\0" * (2 * CHUNK + 1))

    opened = recorder.begin("upload")
    config = TransferConfig(multipart_threshold=CHUNK, multipart_chunksize=CHUNK, max_concurrency=3)
    client("s3").upload_file(str(big), "orders", "big", Config=config)
    recorder.end(opened)
    recording.end()

    expected = {("upload", "CreateMultipartUpload"): 1, ("upload", "UploadPart"): 3, ("upload", "CompleteMultipartUpload"): 1}
    assert operations(recording) == expected


def test_s3transfer_download(recording: Recording, client: MakeClient, aws: AwsStub, tmp_path: Path) -> None:
    """A download in parts: the HeadObject and each range are calls below what was open at download_file."""
    size = 2 * CHUNK
    aws.script("s3.HEAD /orders/big", Reply(body=b"\0" * size))
    aws.script("s3.GET /orders/big", then=Reply(206, b"\0" * CHUNK))

    opened = recorder.begin("download")
    config = TransferConfig(multipart_threshold=CHUNK, multipart_chunksize=CHUNK, max_concurrency=2)
    client("s3").download_file("orders", "big", str(tmp_path / "big"), Config=config)
    recorder.end(opened)
    recording.end()

    assert operations(recording) == {("download", "HeadObject"): 1, ("download", "GetObject"): 2}
    assert (tmp_path / "big").stat().st_size == size


def test_executor_behaves_as_without_us(recording: Recording) -> None:
    """Results, exceptions with their traceback, cancellation and the work item's class name are as ever."""
    import concurrent.futures.thread as thread_pools  # noqa: PLC0415

    def fail() -> None:
        raise ValueError("mine")

    hold = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        failed = pool.submit(fail).exception(5)
        pool.submit(hold.wait, 5)
        never = pool.submit(fail)
        cancelled = never.cancel()
        hold.set()

    assert failed is not None
    names = []
    trace = failed.__traceback__
    while trace is not None:
        names.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    assert (names, str(failed), cancelled) == (["run", "fail"], "mine", True)
    assert (thread_pools._WorkItem.__qualname__, thread_pools._WorkItem.__module__) == ("_WorkItem", "concurrent.futures.thread")
