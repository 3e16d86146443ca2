"""Handlers on packages that the function brings along in a layer: aws-xray-sdk and aiobotocore."""

import asyncio


def xray_sdk(event, context):
    from aws_xray_sdk.core import xray_recorder

    with xray_recorder.in_subsegment("own") as subsegment:
        return [type(subsegment).__name__, type(xray_recorder.context).__name__]


def patch_all(event, context):
    from aws_xray_sdk.core import patch_all

    patch_all()
    import boto3

    return boto3.client("dynamodb").get_item(TableName="orders", Key={}).get("Item")


def aiobotocore(event, context):
    return asyncio.run(_gather())


async def _gather():
    from aiobotocore.session import get_session

    async with get_session().create_client("dynamodb") as client:
        answers = await asyncio.gather(*(client.get_item(TableName=f"table-{n}", Key={}) for n in range(5)))
    return [answer["ResponseMetadata"]["HTTPStatusCode"] for answer in answers]
