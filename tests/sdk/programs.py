"""Programs that record with aws_xray_sdk, as people write them; each is an app.py with `handler`."""

from __future__ import annotations

PRELUDE = """\
import asyncio, threading, time
from concurrent.futures import ThreadPoolExecutor
from aws_xray_sdk.core import patch, patch_all, xray_recorder
"""
AWS = """\
import boto3
dynamodb = boto3.client("dynamodb")

def load(table="orders"):
    return dynamodb.get_item(TableName=table, Key={"pk": {"S": "1"}})["ResponseMetadata"]["HTTPStatusCode"]
"""

# With the bare SDK and with the layer the trees are equal but for what the layer adds.
EQUAL = {
    "with": """
def handler(event, context):
    with xray_recorder.in_subsegment("work") as work:
        work.put_annotation("order", 7)
        work.put_metadata("basket", {"articles": [1, 2]}, "shop")
    return 1
""",
    "nested": """
def handler(event, context):
    with xray_recorder.in_subsegment("outer"):
        with xray_recorder.in_subsegment("first"):
            with xray_recorder.in_subsegment("deep"):
                pass
        with xray_recorder.in_subsegment("second"):
            pass
    return 1
""",
    "capture": """
@xray_recorder.capture("named")
def named(number):
    return unnamed(number) + 1

@xray_recorder.capture()
def unnamed(number):
    return number * 2

def handler(event, context):
    return named(20)
""",
    "capture a method": """
class Shop:
    @xray_recorder.capture("sell")
    def sell(self, article):
        xray_recorder.put_annotation("article", article)
        return article

def handler(event, context):
    return Shop().sell("book")
""",
    "begin and end": """
def handler(event, context):
    first = xray_recorder.begin_subsegment("first")
    second = xray_recorder.begin_subsegment("second", namespace="remote")
    second.put_http_meta("url", "https://example.com/prices")
    second.put_http_meta("status", 503)
    xray_recorder.end_subsegment()
    xray_recorder.end_subsegment()
    return first.id != second.id
""",
    "end with a time": """
def handler(event, context):
    xray_recorder.begin_subsegment("timed")
    xray_recorder.end_subsegment(time.time() + 5)
    return 1
""",
    "current subsegment": """
def handler(event, context):
    before = xray_recorder.current_subsegment()
    with xray_recorder.in_subsegment("open") as opened:
        same = xray_recorder.current_subsegment() is opened is xray_recorder.get_trace_entity()
        xray_recorder.current_subsegment().put_annotation("same", same)
    return [before, same, xray_recorder.current_segment().name, xray_recorder.is_sampled()]
""",
    "recorder's annotations": """
def handler(event, context):
    with xray_recorder.in_subsegment("open"):
        xray_recorder.put_annotation("text", "a")
        xray_recorder.put_annotation("number", 1.5)
        xray_recorder.put_annotation("flag", False)
        xray_recorder.put_annotation("not legal", 1)
        xray_recorder.put_annotation("object", object())
        xray_recorder.put_metadata("key", "value")
        xray_recorder.put_metadata("key", "value", "AWS.reserved")
    return 1
""",
    "metadata of any type": """
import datetime, decimal
class Thing:
    def __init__(self):
        self.name, self.when = "thing", datetime.date(2026, 1, 2)

def handler(event, context):
    with xray_recorder.in_subsegment("open") as opened:
        opened.put_metadata("thing", Thing())
        opened.put_metadata("amount", decimal.Decimal("1.50"))
        opened.put_metadata("when", datetime.datetime(2026, 1, 2, 3, 4))
        opened.put_metadata("several", [("a", 1), {"b": None}])
    return 1
""",
    "caught exception": """
def handler(event, context):
    try:
        with xray_recorder.in_subsegment("fails"):
            raise ValueError("no such order")
    except ValueError:
        pass
    return 1
""",
    "exception through several": """
@xray_recorder.capture("inner")
def inner():
    raise KeyError("missing")

def handler(event, context):
    try:
        with xray_recorder.in_subsegment("outer"):
            inner()
    except KeyError:
        return 1
""",
    "uncaught exception": """
@xray_recorder.capture("fails")
def fails():
    raise RuntimeError("nothing works")

def handler(event, context):
    with xray_recorder.in_subsegment("around"):
        fails()
""",
    "flags": """
def handler(event, context):
    with xray_recorder.in_subsegment("flagged") as flagged:
        flagged.add_throttle_flag()
        flagged.add_error_flag()
    with xray_recorder.in_subsegment("status", namespace="remote") as status:
        status.apply_status_code(429)
    return 1
""",
    "explicit exception": """
import traceback
def handler(event, context):
    with xray_recorder.in_subsegment("handled") as handled:
        try:
            1 / 0
        except ZeroDivisionError as error:
            handled.add_exception(error, traceback.extract_stack())
    return 1
""",
    "sql": """
def handler(event, context):
    with xray_recorder.in_subsegment("orders@db", namespace="remote") as query:
        query.set_sql({"url": "postgresql://db/orders", "database_type": "PostgreSQL", "sanitized_query": "SELECT ?"})
    return 1
""",
    "manual entities": """
from aws_xray_sdk.core.models.subsegment import Subsegment
def handler(event, context):
    segment = xray_recorder.current_segment()
    outer = Subsegment("by hand", "local", segment)
    segment.add_subsegment(outer)
    inner = Subsegment("below", "remote", segment)
    outer.add_subsegment(inner)
    inner.put_annotation("by", "hand")
    inner.close()
    outer.close()
    xray_recorder.stream_subsegments()
    return 1
""",
    "odd names": """
def handler(event, context):
    for name in ("a (b)", "## handler", "GET /orders?id=1", "x" * 200, "Größe"):
        with xray_recorder.in_subsegment(name):
            pass
    return 1
""",
    "capture async": """
@xray_recorder.capture_async("coroutine")
async def coroutine():
    async with xray_recorder.in_subsegment_async("inside") as inside:
        await asyncio.sleep(0)
        inside.put_annotation("awaited", True)
    return 3

def handler(event, context):
    return asyncio.run(coroutine())
""",
    "async in sequence": """
async def step(number):
    async with xray_recorder.in_subsegment_async(f"step {number}"):
        await asyncio.sleep(0.001)

async def steps():
    for number in range(3):
        await step(number)

def handler(event, context):
    with xray_recorder.in_subsegment("all"):
        asyncio.run(steps())
    return 1
""",
    "async failure": """
@xray_recorder.capture_async("fails")
async def fails():
    raise ValueError("later")

def handler(event, context):
    try:
        asyncio.run(fails())
    except ValueError as error:
        return str(error)
""",
    "thread with its entity": """
def work(entity):
    xray_recorder.set_trace_entity(entity)
    with xray_recorder.in_subsegment("in the thread"):
        pass
    xray_recorder.clear_trace_entities()

def handler(event, context):
    with xray_recorder.in_subsegment("starts it"):
        thread = threading.Thread(target=work, args=(xray_recorder.get_trace_entity(),))
        thread.start()
        thread.join()
    return 1
""",
    "threads at the top": """
def work(number):
    with xray_recorder.in_subsegment(f"thread {number}"):
        time.sleep(0.02 * number)

def handler(event, context):
    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
        time.sleep(0.01)
    for thread in threads:
        thread.join()
    return 1
""",
    "executor with its entity": """
def work(pair):
    entity, number = pair
    xray_recorder.set_trace_entity(entity)
    with xray_recorder.in_subsegment(f"work {number}"):
        time.sleep(0.005)
    return number

def handler(event, context):
    with xray_recorder.in_subsegment("pool") as pool:
        with ThreadPoolExecutor(1) as executor:
            return list(executor.map(work, [(pool, 1), (pool, 2), (pool, 3)]))
""",
    "without sampling": """
def handler(event, context):
    with xray_recorder.in_subsegment("seen"):
        xray_recorder.begin_subsegment_without_sampling("unseen")
        with xray_recorder.in_subsegment("below the unseen"):
            pass
        xray_recorder.end_subsegment()
    return 1
""",
    "configured": """
xray_recorder.configure(sampling=False, context_missing="LOG_ERROR", service="shop", max_trace_back=2)
def deep(number):
    if number == 0:
        raise ValueError("deep")
    deep(number - 1)

def handler(event, context):
    try:
        with xray_recorder.in_subsegment("outer"):
            with xray_recorder.in_subsegment("inner"):
                deep(5)
    except ValueError:
        return 1
""",
    "aws call": AWS
    + """
patch_all()
def handler(event, context):
    with xray_recorder.in_subsegment("calls"):
        return load()
""",
    "aws call, patched first": """
patch(["boto3"])
"""
    + AWS
    + """
def handler(event, context):
    load()
    return load("customers")
""",
    "aws call in a method": AWS
    + """
patch(("botocore",))
@xray_recorder.capture("loads")
def loads():
    xray_recorder.put_annotation("before", 1)
    status = load()
    xray_recorder.put_annotation("after", status)
    return status

def handler(event, context):
    return [loads(), loads()]
""",
    "http by urllib": """
import http.client, os
from urllib.parse import urlsplit
patch(["httplib"])
def handler(event, context):
    connection = http.client.HTTPConnection(urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc)
    with xray_recorder.in_subsegment("asks"):
        connection.request("GET", "/prices")
        return connection.getresponse().status
""",
    "sqlite": """
patch(["sqlite3"])
import sqlite3
def handler(event, context):
    connection = sqlite3.connect(":memory:")
    with xray_recorder.in_subsegment("asks"):
        return connection.execute("SELECT 1 + 1").fetchone()[0]
""",
    "nothing": """
def handler(event, context):
    return 1
""",
    "disabled": """
from aws_xray_sdk import global_sdk_config
global_sdk_config.set_sdk_enabled(False)
def handler(event, context):
    with xray_recorder.in_subsegment("unseen"):
        return 1
""",
}
