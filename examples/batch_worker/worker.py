"""A worker behind SQS: ships the orders of a batch, several at once, and reports the ones that failed.

It knows nothing about tracing.
"""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import boto3

TABLE = os.environ["ORDERS_TABLE"]
BUCKET = os.environ["INVOICES_BUCKET"]

# Clients are safe to share between threads, resources are not.
dynamodb = boto3.client("dynamodb")
s3 = boto3.client("s3")
pool = ThreadPoolExecutor(max_workers=4)


class NoInvoiceError(Exception):
    """The order cannot be shipped without its invoice."""


def handler(event, context):
    shipments = {record["messageId"]: pool.submit(ship, json.loads(record["body"])["id"]) for record in event["Records"]}
    failed = [message for message, shipment in shipments.items() if shipment.exception()]
    if len(failed) == len(shipments):
        # SQS gives up a batch that fails as a whole; one that fails in part comes back in part.
        shipments[failed[0]].result()
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def ship(order_id):
    invoice = read_invoice(order_id)
    label = f"To: {invoice['customer']}\n{invoice['quantity']} x {invoice['article']}\n"
    s3.put_object(Bucket=BUCKET, Key=f"labels/{order_id}.txt", Body=label.encode())
    dynamodb.update_item(
        TableName=TABLE,
        Key={"id": {"S": order_id}},
        UpdateExpression="SET #state = :shipped",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":shipped": {"S": "shipped"}},
    )


def read_invoice(order_id):
    try:
        return json.load(s3.get_object(Bucket=BUCKET, Key=f"{order_id}.json")["Body"])
    except s3.exceptions.NoSuchKey as error:
        raise NoInvoiceError(f"order {order_id} has no invoice") from error
