"""An asynchronous worker: charges an order. The bank confirms a payment some time after it was asked for.

The first attempt asks the bank and fails, so that Lambda tries again later; that attempt finds the payment and settles it.

It knows nothing about tracing.
"""

import os

import boto3
from botocore.exceptions import ClientError

table = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


class PaymentPendingError(Exception):
    """The bank has not confirmed the payment yet."""


def handler(event, context):
    payment = f"payment-{event['id']}"
    if asked_before(payment, event["total"]):
        return settle(event["id"], payment)
    raise PaymentPendingError(f"the bank was asked for {event['total']} and has not confirmed it yet")


def asked_before(payment, total):
    try:
        table.put_item(
            Item={"id": payment, "total": total, "state": "asked"},
            ConditionExpression="attribute_not_exists(id)",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return True
    return False


def settle(order_id, payment):
    table.update_item(
        Key={"id": payment},
        UpdateExpression="SET #state = :state",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":state": "confirmed"},
    )
    table.update_item(
        Key={"id": order_id},
        UpdateExpression="SET payment = :payment",
        ExpressionAttributeValues={":payment": payment},
    )
    return {"id": order_id, "payment": payment}
