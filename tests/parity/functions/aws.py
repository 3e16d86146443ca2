"""Handlers that call AWS, with clients made at module scope as the documentation advises."""

import sys
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError

dynamodb = boto3.client("dynamodb")
s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
sqs = boto3.client("sqs")
dynamodb.describe_table(TableName="at-module-scope")


def calls(event, context):
    item = dynamodb.get_item(TableName="orders", Key={"id": {"S": "7"}})
    s3.put_object(Bucket="archive", Key="a key/ü", Body=b"body")
    sqs.send_message(QueueUrl="https://sqs.eu-west-1.amazonaws.com/123456789012/jobs", MessageBody="m")
    boto3.resource("dynamodb").Table("orders").delete_item(Key={"id": "8"})
    return item


def client_error(event, context):
    dynamodb.put_item(TableName="conditional", Item={"id": {"S": "7"}})


def caught(event, context):
    try:
        dynamodb.put_item(TableName="conditional", Item={"id": {"S": "7"}})
    except ClientError as error:
        return [error.response, str(error), [frame.name for frame in traceback.extract_tb(error.__traceback__)]]


def retried(event, context):
    client = boto3.client("kinesis", config=Config(retries={"mode": "standard", "max_attempts": 2}))
    return client.describe_stream_summary(StreamName="busy")["ResponseMetadata"]["RetryAttempts"]


def refused(event, context):
    boto3.client("sns", endpoint_url="http://127.0.0.1:9", config=Config(retries={"total_max_attempts": 1})).publish(
        TopicArn="t", Message="m"
    )


def bad_parameters(event, context):
    dynamodb.get_item(TableName=3)


def pool(event, context):
    with ThreadPoolExecutor(4) as workers:
        names = [f"table-{number}" for number in range(8)]
        return list(workers.map(lambda name: dynamodb.get_item(TableName=name, Key={}).get("Item"), names))


def own_hook(event, context):
    """The function's own event handler: what it gets, and the stack that it is called on."""
    seen = []

    def before_send(request, **named):
        seen.append([sorted(named), [[frame.filename, frame.name] for frame in traceback.extract_stack()]])

    dynamodb.meta.events.register("before-send.dynamodb.*", before_send)
    try:
        dynamodb.get_item(TableName="hooked", Key={})
    finally:
        dynamodb.meta.events.unregister("before-send.dynamodb.*", before_send)
    return seen


def own_trace_header(event, context):
    """A function that sets the header by itself: it must go out once."""

    def before_call(params, **named):
        params["headers"]["X-Amzn-Trace-Id"] = "Root=1-00000000-000000000000000000000001;Parent=0000000000000001;Sampled=1"

    client = boto3.client("ssm")
    client.meta.events.register("before-call.ssm.*", before_call)
    return client.get_parameter(Name="/own")


def loaded(event, context):
    names = ("botocore", "botocore.client", "botocore.handlers", "botocore.endpoint", "botocore.hooks", "boto3")
    return {
        "modules": [
            [name, str(sys.modules[name].__spec__), str(sys.modules[name].__loader__)] for name in names if name in sys.modules
        ],
        "version": botocore.__version__,
        "client": [base.__module__ + "." + base.__qualname__ for base in type(dynamodb).__mro__],
        "methods": [str(type(vars(type(dynamodb))["get_item"])), dynamodb.get_item.__name__],
        "call": botocore.client.BaseClient._make_api_call.__module__,
        "filters": len(warnings.filters),
    }


def presigned(event, context):
    return s3.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"}).partition("?")[0]


def each(event, context):
    """One process for all of them: importing boto3 takes longer than everything else."""
    return globals()[event["do"]](event, context)
