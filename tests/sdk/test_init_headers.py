"""What goes out at module scope, where no trace is known yet: nothing that names one."""

from __future__ import annotations

from pathlib import Path

from tests.aws.guests import Function, outcome
from tests.kit.aws_stub import AwsStub
from tests.kit.collector import compiled
from tests.sdk.trees import names

CODE = """
import http.client, os
import boto3
from aws_xray_sdk.core import patch, xray_recorder
patch(["boto3", "httplib"])

def calls():
    boto3.client("sqs").list_queues()
    connection = http.client.HTTPConnection(os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"))
    connection.request("GET", "/plain")
    connection.getresponse().read()

with xray_recorder.in_subsegment("load"):
    calls()

@xray_recorder.capture("work")
def handler(event, context):
    calls()
"""


def test_no_header_of_the_sdks_patches_before_there_is_a_trace(tmp_path: Path, aws: AwsStub) -> None:
    """Requests at module scope carry none, as without the layer, though they are recorded; in the handler each has one."""
    carried = []
    for layered in (False, True):
        aws.requests.clear()
        made = outcome(tmp_path, Function(CODE, vendor=True, layered=layered), aws)
        carried.append([len(request.all_headers("X-Amzn-Trace-Id")) for request in aws.requests])

    assert carried == [[0, 0, 1, 1]] * 2
    assert "['load', ['SQS']" in repr([names(tree) for tree in compiled(made.sent)])
