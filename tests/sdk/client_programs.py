"""Programs that call AWS, each in three parts between which a patch of the SDK's fits: imports, what is made of them, the handler."""

from __future__ import annotations

from typing import NamedTuple

STATUS = '(TableName="orders", Key={"pk": {"S": "1"}})["ResponseMetadata"]["HTTPStatusCode"]'
GET = f"client.get_item{STATUS}"
PRICES = 'os.environ["AWS_ENDPOINT_URL"] + "/prices"'
BOTO3 = ("import boto3\n", 'client = boto3.client("dynamodb")\n')
AIOBOTOCORE = ("from aiobotocore.session import get_session\n", "session = get_session()\n")
ASYNC = "\ndef handler(event, context):\n    return asyncio.run(load())\n"
PYNAMODB = ("pynamodb==6.1.0",)
REQUESTS = ("requests==2.34.2", "certifi==2026.10.18", "charset-normalizer==3.5.2")
HTTPX = ("httpx==0.28.1", "httpcore==1.0.9", "h11==0.16.0", "anyio==4.16.0", "certifi==2026.10.18")
# botocore calls http.client through this one, which is why the SDK's patch of http.client sees its calls; through 2.x, it does not.
URLLIB3 = ("urllib3==1.26.20",)


class Program(NamedTuple):
    """A function in parts."""

    imports: str
    making: str
    handler: str
    packages: tuple[str, ...] = ()


def answers(expression: str) -> str:
    """A handler that gives the expression's value."""
    return f"\ndef handler(event, context):\n    return {expression}\n"


PROGRAMS = {
    "client": Program(*BOTO3, answers(GET)),
    "client of a session that was there": Program(
        "import boto3\nsession = boto3.Session()\n", 'client = session.client("dynamodb")\n', answers(GET)
    ),
    "client of botocore's": Program(
        "import botocore.session\nsession = botocore.session.get_session()\n",
        'client = session.create_client("dynamodb")\n',
        answers(GET),
    ),
    "client made in the handler": Program("import boto3\n", "", answers(GET.replace("client.", 'boto3.client("dynamodb").'))),
    "resource": Program(
        "import boto3\n",
        'table = boto3.resource("dynamodb").Table("orders")\n',
        answers('table.get_item(Key={"pk": "1"})["ResponseMetadata"]["HTTPStatusCode"]'),
    ),
    "paginator": Program(*BOTO3, answers('len(list(client.get_paginator("list_tables").paginate()))')),
    "s3transfer": Program(
        "import boto3, io\n", 's3 = boto3.client("s3")\n', answers('s3.upload_fileobj(io.BytesIO(b"paid"), "receipts", "1.pdf")')
    ),
    "below the SDK's": Program(
        *BOTO3,
        f"""
@xray_recorder.capture("loads")
def loads():
    return {GET}

def handler(event, context):
    with xray_recorder.in_subsegment("around"):
        return [loads(), loads()]
""",
    ),
    "thread": Program(
        *BOTO3,
        f"""
def work(entity, found):
    xray_recorder.set_trace_entity(entity)
    with xray_recorder.in_subsegment("in the thread"):
        found.append({GET})

def handler(event, context):
    found = []
    with xray_recorder.in_subsegment("starts it") as entity:
        thread = threading.Thread(target=work, args=(entity, found))
        thread.start()
        thread.join()
    return found
""",
    ),
    "executor": Program(
        *BOTO3,
        f"""
def work(number):
    return {GET}

def handler(event, context):
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, range(3)))
""",
    ),
    "context_missing": Program(
        BOTO3[0] + 'xray_recorder.configure(context_missing="RUNTIME_ERROR", sampling=False)\n', BOTO3[1], answers(GET)
    ),
    "aiobotocore": Program(
        *AIOBOTOCORE,
        f"""
async def load():
    async with session.create_client("dynamodb") as client:
        return (await client.get_item{STATUS.replace(")[", "))[", 1)}
"""
        + ASYNC,
    ),
    "aiobotocore and aiohttp": Program(
        "import aiohttp, os\n" + AIOBOTOCORE[0],
        AIOBOTOCORE[1],
        f"""
async def load():
    from aws_xray_sdk.ext.aiohttp.client import aws_xray_trace_config
    traced = aiohttp.ClientSession(trace_configs=[aws_xray_trace_config()])
    async with session.create_client("dynamodb") as client, traced as http:
        async with http.get({PRICES}) as prices:
            await prices.read()
        return [prices.status, (await client.get_item{STATUS.replace(")[", "))[", 1)}]
"""
        + ASYNC,
    ),
    "aiobotocore over httpx": Program(
        "from aiobotocore.config import AioConfig\nfrom aiobotocore.httpxsession import HttpxSession\n" + AIOBOTOCORE[0],
        AIOBOTOCORE[1],
        f"""
async def load():
    async with session.create_client("dynamodb", config=AioConfig(http_session_cls=HttpxSession)) as client:
        return (await client.get_item{STATUS.replace(")[", "))[", 1)}
"""
        + ASYNC,
        HTTPX,
    ),
    "requests": Program(
        "import os, requests\n" + BOTO3[0], BOTO3[1], answers(f"[requests.get({PRICES}).status_code, {GET}]"), REQUESTS
    ),
    "httpx": Program("import httpx, os\n" + BOTO3[0], BOTO3[1], answers(f"[httpx.get({PRICES}).status_code, {GET}]"), HTTPX),
    "a signed address, with requests": Program(
        "import boto3, requests\n",
        's3, told = boto3.client("s3"), {"Bucket": "receipts", "Key": "1.pdf"}\n',
        answers(
            '[requests.get(s3.generate_presigned_url("get_object", told)).status_code, s3.get_object(**told)["Body"].read().decode()]'
        ),
        REQUESTS,
    ),
}
