"""An order API behind API Gateway: prices an order, stores it, files an invoice, queues its shipping, has it charged.

It knows nothing about tracing.
"""

import json
import os
import urllib.error
import urllib.request
from decimal import Decimal

import boto3
from botocore.exceptions import ClientError

orders = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])
s3 = boto3.client("s3")
sqs = boto3.client("sqs")
functions = boto3.client("lambda")

# Read once per execution environment: module scope is part of the cold start.
tax = Decimal(str(orders.get_item(Key={"id": "settings"}).get("Item", {}).get("tax", "0.21")))


def handler(event, context):
    if event["httpMethod"] == "GET":
        return read(event["pathParameters"]["id"])
    return create(json.loads(event["body"]))


def read(order_id):
    item = orders.get_item(Key={"id": order_id}).get("Item")
    return answer(200, item) if item else answer(404, {"message": f"there is no order {order_id}"})


def create(order):
    try:
        total = price_of(order["article"]) * order["quantity"] * (1 + tax)
    except urllib.error.HTTPError as error:
        return answer(422, {"message": f"no price for {order['article']}: {error.code}"})
    item = {**order, "total": total.quantize(Decimal("0.01")), "state": "new"}
    try:
        orders.put_item(Item=item, ConditionExpression="attribute_not_exists(id)")
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return answer(409, {"message": f"order {order['id']} exists already"})
    invoice = json.dumps(item, default=str).encode()
    s3.put_object(Bucket=os.environ["INVOICES_BUCKET"], Key=f"{order['id']}.json", Body=invoice)
    sqs.send_message(QueueUrl=os.environ["SHIPPING_QUEUE"], MessageBody=json.dumps({"id": order["id"]}))
    payment = json.dumps({"id": order["id"], "total": str(item["total"])})
    functions.invoke(FunctionName=os.environ["PAYMENTS_FUNCTION"], InvocationType="Event", Payload=payment)
    return answer(201, item)


def price_of(article):
    with urllib.request.urlopen(f"{os.environ['PRICES_URL']}/prices/{article}", timeout=2) as response:
        return Decimal(json.load(response)["price"])


def answer(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body, default=str),
    }
