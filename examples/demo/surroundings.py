"""What the example functions call: AWS, played by moto, and the price service that the order API asks."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from moto.server import ThreadedMotoServer

REGION = "eu-west-1"
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
    """AWS on this machine; gives the endpoint's address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def furnish(endpoint: str) -> Mapping[str, str]:
    """Create the table, bucket and queue; gives the functions' settings."""
    session = boto3.Session("AKIDEXAMPLE", "secret", region_name=REGION)
    session.client("dynamodb", endpoint_url=endpoint).create_table(
        TableName="orders",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    session.client("s3", endpoint_url=endpoint).create_bucket(
        Bucket="invoices", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    queue = session.client("sqs", endpoint_url=endpoint).create_queue(QueueName="shipping")
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "ORDERS_TABLE": "orders",
        "INVOICES_BUCKET": "invoices",
        "SHIPPING_QUEUE": queue["QueueUrl"],
    }
