"""Programs of Powertools beyond Tracer's decorators: its settings, and the utilities that ask AWS; each is an app.py with `handler`."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.kit.aws_stub import Reply, error_json


@dataclass(frozen=True)
class Program:
    """A function, its settings, and what AWS answers."""

    code: str
    environment: dict[str, str] = field(default_factory=dict)
    replies: tuple[tuple[str, Reply], ...] = ()


IDEMPOTENT = """
import boto3
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer, IdempotencyConfig, idempotent, idempotent_function,
)
store, config = DynamoDBPersistenceLayer(table_name="done"), IdempotencyConfig(event_key_jmespath="order", use_local_cache=True)
"""
BATCH = """
from aws_lambda_powertools.utilities.batch import (
    AsyncBatchProcessor, BatchProcessor, EventType, async_process_partial_response, process_partial_response,
)
records = [
    {"messageId": str(number), "body": str(number), "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-west-1:1:orders",
     "receiptHandle": "r", "attributes": {}, "messageAttributes": {}, "md5OfBody": "", "awsRegion": "eu-west-1"}
    for number in range(3)
]
"""
# Answers, logs and trees are those without the layer, but for what the layer adds.
EQUAL = {
    "chosen modules": Program("""
Tracer._reset_config()
tracer = Tracer(service="orders", patch_modules=["botocore", "sqlite3"])
import boto3, sqlite3
dynamodb = boto3.client("dynamodb")
@tracer.capture_lambda_handler
def handler(event, context):
    sqlite3.connect(":memory:").execute("SELECT 1")
    return dynamodb.get_item(TableName="orders", Key={"pk": {"S": "1"}})["ResponseMetadata"]["HTTPStatusCode"]
"""),
    "inherited": Program("""
class Doubling(Tracer):
    def put_annotation(self, key, value):
        super().put_annotation(key, value * 2)

doubling = Doubling(service="customers")
@doubling.capture_method
def load():
    doubling.put_annotation("number", 2)
    return 1

@doubling.capture_lambda_handler
def handler(event, context):
    return load()
"""),
    "two that share a provider": Program("""
orders, customers = Tracer(service="orders"), Tracer(service="customers")
@customers.capture_method
def load():
    customers.put_annotation("from", "customers")
    orders.put_metadata("basket", {"articles": [1]})
    return 1

@orders.capture_lambda_handler
def handler(event, context):
    return [load(), orders.provider is customers.provider]
"""),
    "nothing captured": Program(
        """
@tracer.capture_method
def load(number):
    if number:
        raise ValueError("secret")
    return {"secret": number}

@tracer.capture_lambda_handler
def handler(event, context):
    with contextlib.suppress(ValueError):
        load(0), load(1)
    return {"secret": 2}
""",
        {"POWERTOOLS_TRACER_CAPTURE_RESPONSE": "false", "POWERTOOLS_TRACER_CAPTURE_ERROR": "false"},
    ),
    "a coroutine as the handler": Program("""
@tracer.capture_lambda_handler(capture_response=False)
async def answer(event, context):
    return await load()

@tracer.capture_method
async def load():
    with tracer.provider.in_subsegment("## first") as subsegment:
        subsegment.put_annotation("order", 1)
        await asyncio.sleep(0)
    async with tracer.provider.in_subsegment_async("## second") as subsegment:
        subsegment.put_metadata("order", 2)
        await asyncio.sleep(0)
    return 1

def handler(event, context):
    return asyncio.run(answer(event, context))
"""),
    "the provider's own methods": Program("""
@tracer.capture_lambda_handler
def handler(event, context):
    provider = tracer.provider
    subsegment = provider.begin_subsegment("## by hand")
    current = provider.current_subsegment() is subsegment
    try:
        raise ValueError("no such order")
    except ValueError as error:
        subsegment.add_exception(error, [])
    provider.end_subsegment()
    provider.put_annotation("order", "7")
    provider.put_metadata("basket", {"articles": [1]}, namespace="shop")
    return [type(provider).__name__, provider.is_sampled(), current]
"""),
    "aiohttp": Program("""
from aws_lambda_powertools.tracing import aiohttp_trace_config
import aiohttp, aiohttp.web
async def serve(request):
    return aiohttp.web.Response(status=404 if "missing" in request.path else 200)

async def ask():
    application = aiohttp.web.Application()
    application.router.add_get("/{path:.*}", serve)
    runner = aiohttp.web.AppRunner(application)
    await runner.setup()
    await aiohttp.web.UnixSite(runner, "socket").start()
    connector = aiohttp.UnixConnector("socket")
    async with aiohttp.ClientSession(trace_configs=[aiohttp_trace_config()], connector=connector) as session:
        answers = [(await session.get(f"http://shop/{path}")).status for path in ("orders", "missing")]
    await runner.cleanup()
    return answers

@tracer.capture_lambda_handler
def handler(event, context):
    return asyncio.run(ask())
"""),
    "idempotency": Program(
        IDEMPOTENT
        + """
@idempotent_function(data_keyword_argument="number", persistence_store=store, config=IdempotencyConfig())
@tracer.capture_method
def pay(number):
    return {"paid": number}

@tracer.capture_lambda_handler
@idempotent(persistence_store=store, config=config)
def answer(event, context):
    return pay(number=event["order"])

def handler(event, context):
    return [answer({"order": 7}, context), answer({"order": 7}, context)]
"""
    ),
    "idempotency, done before": Program(
        IDEMPOTENT
        + """
@tracer.capture_lambda_handler
@idempotent(persistence_store=store, config=config)
def answer(event, context):
    raise AssertionError("it is done")

def handler(event, context):
    return answer({"order": 7}, context)
""",
        replies=(
            ("dynamodb.PutItem", Reply(400, body=error_json("ConditionalCheckFailedException"))),
            (
                "dynamodb.GetItem",
                Reply(
                    body=b'{"Item": {"id": {"S": "i"}, "expiration": {"N": "9999999999"}, "status": {"S": "COMPLETED"}, '
                    b'"data": {"S": "{\\"paid\\": 7}"}}}'
                ),
            ),
        ),
    ),
    "batch": Program(
        BATCH
        + """
processor = BatchProcessor(event_type=EventType.SQS)
@tracer.capture_method
def sell(record):
    if record.body == "1":
        raise ValueError("cannot be sold")
    tracer.put_annotation("order", record.body)
    return record.body

@tracer.capture_lambda_handler
def handler(event, context):
    return process_partial_response({"Records": records}, sell, processor, context)
"""
    ),
    "batch of coroutines": Program(
        BATCH
        + """
processor = AsyncBatchProcessor(event_type=EventType.SQS)
async def sell(record):
    await asyncio.sleep(0)
    if record.body == "1":
        raise ValueError("cannot be sold")

@tracer.capture_lambda_handler
def handler(event, context):
    return async_process_partial_response({"Records": records}, sell, processor, context)
"""
    ),
    "parameters": Program(
        """
from aws_lambda_powertools.utilities import parameters
secrets = parameters.SecretsProvider()

@tracer.capture_method
def settings():
    return [parameters.get_parameter("/shop/plan", max_age=60), secrets.get("shop")]

@tracer.capture_lambda_handler
def handler(event, context):
    return [settings(), settings()]
""",
        replies=(
            ("ssm.GetParameter", Reply(body=b'{"Parameter": {"Name": "/shop/plan", "Value": "gold"}}')),
            ("secretsmanager.GetSecretValue", Reply(body=b'{"Name": "shop", "SecretString": "hush"}')),
        ),
    ),
}
