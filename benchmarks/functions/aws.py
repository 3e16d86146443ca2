"""A function as most are: clients at module scope, one call with each."""

import sys

import boto3

table = boto3.client("dynamodb")
bucket = boto3.client("s3")


def handler(event: dict[str, object], _context: object) -> dict[str, object]:
    """Read an item and an object, or tell each loaded module's file."""
    table.get_item(TableName="orders", Key={"id": {"S": "1"}})
    bucket.head_object(Bucket="receipts", Key="1.pdf")
    if "modules" in event:
        return {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
    return {"ok": True}
