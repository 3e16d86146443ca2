"""Programs of Powertools for AWS Lambda, as its documentation shows them; each is an app.py with `handler`."""

from __future__ import annotations

PRELUDE = """\
import asyncio, contextlib
from aws_lambda_powertools import Logger, Metrics, Tracer
tracer = Tracer(service="orders")
"""

# With the layer and without it, answers, logs and trees are equal but for what the layer adds.
EQUAL = {
    "handler": """
@tracer.capture_lambda_handler
def handler(event, context):
    return {"articles": [1, 2]}
""",
    "handler without its response": """
@tracer.capture_lambda_handler(capture_response=False)
def handler(event, context):
    return {"articles": [1, 2]}
""",
    "methods": """
@tracer.capture_method
def plain(number):
    return number + 1

@tracer.capture_method(capture_response=False)
def quiet(number):
    return number

class Shop:
    @tracer.capture_method
    def sell(self, article):
        tracer.put_annotation("article", article)
        tracer.put_metadata("sold", {"article": article})
        return article

@tracer.capture_lambda_handler
def handler(event, context):
    return [plain(1), quiet(2), Shop().sell("book")]
""",
    "methods of a handler that is not captured": """
class Stock:
    @tracer.capture_method
    def load(self):
        return ["book"]

class Prices:
    @tracer.capture_method
    def load(self):
        return [7]

@tracer.capture_method
async def customers():
    await asyncio.sleep(0.001)
    return ["c-1"]

def handler(event, context):
    tracer.service = "warehouse"
    return [Stock().load(), Prices().load(), asyncio.run(customers())]
""",
    "coroutines": """
@tracer.capture_method
async def inner(number):
    await asyncio.sleep(0.001)
    return number

@tracer.capture_method
async def outer():
    return [await inner(1), await inner(2)]

@tracer.capture_lambda_handler
def handler(event, context):
    return asyncio.run(outer())
""",
    "generators": """
@tracer.capture_method
def numbers():
    yield 1
    yield 2

@tracer.capture_method
@contextlib.contextmanager
def opened():
    yield "open"

@tracer.capture_lambda_handler
def handler(event, context):
    with opened() as state:
        return [state, *numbers()]
""",
    "errors of methods": """
@tracer.capture_method
def fails():
    raise ValueError("no such order")

@tracer.capture_method(capture_error=False)
def fails_quietly():
    raise KeyError("no such order")

@tracer.capture_lambda_handler
def handler(event, context):
    for method in (fails, fails_quietly):
        with contextlib.suppress(ValueError, KeyError):
            method()
    return 1
""",
    "error of the handler": """
@tracer.capture_method
def fails():
    raise ValueError("no such order")

@tracer.capture_lambda_handler
def handler(event, context):
    fails()
""",
    "error that is not captured": """
@tracer.capture_lambda_handler(capture_error=False)
def handler(event, context):
    raise RuntimeError("nothing works")
""",
    "provider": """
@tracer.capture_lambda_handler
def handler(event, context):
    with tracer.provider.in_subsegment("## by hand") as subsegment:
        subsegment.put_annotation("order", 7)
        subsegment.put_metadata("basket", [1], "shop")
    return 1
""",
    "two tracers": """
other = Tracer(service="customers", auto_patch=False)
@other.capture_method
def load():
    return 1

@tracer.capture_lambda_handler
def handler(event, context):
    return load()
""",
    "logger": """
logger = Logger(service="orders")
@logger.inject_lambda_context(log_event=True)
@tracer.capture_lambda_handler
def handler(event, context):
    logger.info("begins", extra={"order": 7})
    try:
        1 / 0
    except ZeroDivisionError:
        logger.exception("fails")
    return logger.get_current_keys()["function_request_id"]
""",
    "metrics": """
metrics = Metrics(namespace="shop", service="orders")
@metrics.log_metrics(capture_cold_start_metric=True)
@tracer.capture_lambda_handler
def handler(event, context):
    metrics.add_metric(name="Orders", unit="Count", value=1)
    return 1
""",
    "event handler": """
from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver
app = LambdaFunctionUrlResolver()
@app.get("/orders/<number>")
@tracer.capture_method
def order(number):
    return {"order": number}

@tracer.capture_lambda_handler
def handler(event, context):
    http = {"path": "/orders/7", "method": "GET"}
    event = {"rawPath": "/orders/7", "headers": {}, "requestContext": {"http": http, "stage": "$default"}, "body": None}
    return app.resolve(event, context)
""",
    "calls": """
import boto3
dynamodb = boto3.client("dynamodb")
@tracer.capture_method
def load():
    return dynamodb.get_item(TableName="orders", Key={"pk": {"S": "1"}})["ResponseMetadata"]["HTTPStatusCode"]

@tracer.capture_lambda_handler
def handler(event, context):
    return [load(), load()]
""",
    "idempotency and parameters": """
from aws_lambda_powertools.utilities import parameters
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent_function
config = IdempotencyConfig()
@idempotent_function(
    persistence_store=DynamoDBPersistenceLayer(table_name="charges"), data_keyword_argument="order", config=config
)
@tracer.capture_method
def charge(order):
    return order["id"]

@tracer.capture_lambda_handler
def handler(event, context):
    config.register_lambda_context(context)
    with contextlib.suppress(parameters.GetParameterError):
        parameters.get_parameter("/shop/rate")
    return [charge(order={"id": number}) for number in (1, 2)]
""",
    "a call whose parameters are refused": """
import boto3
from botocore.exceptions import ParamValidationError
dynamodb = boto3.client("dynamodb")
@tracer.capture_lambda_handler
def handler(event, context):
    try:
        dynamodb.get_item(TableName=7)
    except ParamValidationError as refused:
        return str(refused)
""",
    "patching chosen modules": """
Tracer._reset_config()
tracer = Tracer(service="orders", auto_patch=False)
tracer.patch(modules=["boto3", "sqlite3"])
import boto3, sqlite3
dynamodb = boto3.client("dynamodb")
@tracer.capture_lambda_handler
def handler(event, context):
    sqlite3.connect(":memory:").execute("SELECT 1")
    return dynamodb.get_item(TableName="orders", Key={"pk": {"S": "1"}})["ResponseMetadata"]["HTTPStatusCode"]
""",
    "disabled": """
Tracer._reset_config()
tracer = Tracer(service="orders", disabled=True)
@tracer.capture_method
def load():
    return 1

@tracer.capture_method
async def load_soon():
    return 2

@tracer.capture_method
def numbers():
    yield 3

@tracer.capture_lambda_handler
def handler(event, context):
    tracer.put_annotation("order", 7)
    tracer.put_metadata("basket", 1)
    with tracer.provider.in_subsegment("## by hand") as subsegment:
        subsegment.put_annotation("order", 7)
    return [load(), asyncio.run(load_soon()), list(numbers())]
""",
}

# Where Powertools alone raises: (program, the handler's answer, the tree as names).
IMPROVED = {
    "concurrent coroutines": (
        """
@tracer.capture_method
async def load(number):
    await asyncio.sleep(0.01)
    return number

@tracer.capture_method
async def loads():
    return list(await asyncio.gather(load(1), load(2)))

@tracer.capture_lambda_handler
def handler(event, context):
    return asyncio.run(loads())
""",
        [1, 2],
        [["## handler", ["## app.loads", ["## app.load"], ["## app.load"]]]],
    ),
    "annotations outside of subsegments": (
        """
def handler(event, context):
    tracer.put_annotation("order", 7)
    tracer.put_metadata("basket", [1])
    return 1
""",
        1,
        [],
    ),
}
