"""What the example functions call: AWS, played by moto, and the price service that the order API asks."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3

REGION, ACCOUNT = "eu-west-1", "123456789012"
CREDENTIALS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret", "region_name": REGION}
PRICES = {"lamp": "49.90", "table": "120.00"}


class _Prices(BaseHTTPRequestHandler):
    """GET /prices/<article>, 404 for an article without a price."""

    def do_GET(self) -> None:
        price = PRICES.get(self.path.rpartition("/")[2])
        body = json.dumps({"price": price} if price else {"message": "unknown article"}).encode()
        self.send_response(200 if price else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing between the traces."""


@contextmanager
def prices() -> Iterator[str]:
    """The price service; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Prices)
    threading.Thread(target=server.serve_forever, name="demo-prices", daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def aws() -> Iterator[str]:
    """AWS on this machine: moto in a process of its own, which gives messages their trace header as SQS does. Its address."""
    command = [sys.executable, "-m", "xray_local.lambda_service.moto_header", "-p", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - it was asked for
            yield process.stdout.readline().strip().removeprefix("moto: ")
        finally:
            process.terminate()


def furnish(endpoint: str) -> None:
    """Create the table, bucket and queue of the template, under the names that its functions are told."""
    boto3.client("dynamodb", endpoint_url=endpoint, **CREDENTIALS).create_table(
        TableName="Orders",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    boto3.client("s3", endpoint_url=endpoint, **CREDENTIALS).create_bucket(
        Bucket=f"invoices-{ACCOUNT}-{REGION}", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    boto3.client("sqs", endpoint_url=endpoint, **CREDENTIALS).create_queue(QueueName="Shipping")
