"""Programs of aws_xray_sdk in which the bare SDK loses the context, raises, or discards; what the layer makes of them is beside them."""

from __future__ import annotations

# The same, where the bare SDK fails: (program, the handler's answer, the tree as names).
IMPROVED = {
    "concurrent tasks": (
        """
async def work(name):
    async with xray_recorder.in_subsegment_async(name) as opened:
        await asyncio.sleep(0.02)
        opened.put_annotation("task", name)

async def tasks():
    async with xray_recorder.in_subsegment_async("gather"):
        await asyncio.gather(work("one"), work("two"))
    return 1

def handler(event, context):
    return asyncio.run(tasks())
""",
        1,
        [["gather", ["one"], ["two"]]],
    ),
    "the segment's annotations": (
        """
def handler(event, context):
    segment = xray_recorder.current_segment()
    segment.put_annotation("customer", "c-1")
    segment.set_user("u-1")
    xray_recorder.put_annotation("plan", "gold")
    xray_recorder.put_metadata("cart", [1])
    return 1
""",
        1,
        [],
    ),
    "AsyncContext": (
        """
from aws_xray_sdk.core.async_context import AsyncContext

async def work():
    xray_recorder.configure(context=AsyncContext(), context_missing="RUNTIME_ERROR")
    async with xray_recorder.in_subsegment_async("outer"):
        async def task(name):
            async with xray_recorder.in_subsegment_async(name):
                await asyncio.sleep(0.01)
        await asyncio.gather(task("one"), task("two"))
    return 1

def handler(event, context):
    return asyncio.run(work())
""",
        1,
        [["outer", ["one"], ["two"]]],
    ),
    "a context of threads": (
        """
from aws_xray_sdk.core.context import Context
xray_recorder.configure(context=Context(context_missing="RUNTIME_ERROR"))
def handler(event, context):
    with xray_recorder.in_subsegment("outer"):
        with xray_recorder.in_subsegment("inner"):
            return 1
""",
        1,
        [["outer", ["inner"]]],
    ),
    "a streaming threshold": (
        """
xray_recorder.configure(streaming_threshold=30)
def handler(event, context):
    with xray_recorder.in_subsegment("outer"):
        with xray_recorder.in_subsegment("inner"):
            return 1
""",
        1,
        [["outer", ["inner"]]],
    ),
    "executor without its entity": (
        """
def work(number):
    with xray_recorder.in_subsegment(f"work {number}"):
        return number

def handler(event, context):
    with xray_recorder.in_subsegment("pool"):
        with ThreadPoolExecutor(1) as executor:
            return list(executor.map(work, [1, 2]))
""",
        [1, 2],
        [["pool", ["work 1"], ["work 2"]]],
    ),
    "concurrent calls of aiobotocore": (
        """
from aiobotocore.session import get_session
patch_all()

async def load():
    async with get_session().create_client("dynamodb") as client:
        return (await client.get_item(TableName="orders", Key={"pk": {"S": "1"}}))["ResponseMetadata"]["HTTPStatusCode"]

async def loads():
    async with xray_recorder.in_subsegment_async("loads"):
        return list(await asyncio.gather(load(), load(), load()))

def handler(event, context):
    return asyncio.run(loads())
""",
        [200, 200, 200],
        [["loads", ["DynamoDB"], ["DynamoDB"], ["DynamoDB"]]],
    ),
    "upload of a file": (
        """
import boto3, io
s3 = boto3.client("s3")
patch(["boto3"])
def handler(event, context):
    with xray_recorder.in_subsegment("uploads"):
        s3.upload_fileobj(io.BytesIO(b"receipt"), "receipts", "1.pdf")
    return 1
""",
        1,
        [["uploads", ["S3"]]],
    ),
}
