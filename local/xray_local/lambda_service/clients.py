"""boto3's clients for what the service itself calls: queues, topics, buses at the desk's AWS stand-in, functions at the desk."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore.config import Config

from .model import Desk

# A stand-in that is away is noticed within 3 s, not after the 11 s of botocore's own five attempts (measured); whoever calls
# goes on trying, or says what was not delivered. Connections: some queues, each polled and deleted from at the same time.
PATIENCE = Config(connect_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=32)
# For a machine without credentials; stand-ins take any.
PLACEHOLDER = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}


class Clients:
    """One client for each service, made when first asked for. May be called from any thread."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._made: dict[str, Any] = {}
        self._session: Any = None
        # Making a client is not safe between threads (boto3's documentation); using one is.
        self._lock = threading.Lock()

    def __call__(self, service: str) -> Any:
        """The client of `sqs`, `sns`, `lambda`, `events` and so on."""
        with self._lock:
            if service not in self._made:
                self._made[service] = self._client(service)
            return self._made[service]

    def _client(self, service: str) -> Any:
        self._session = self._session or boto3.session.Session(region_name=self._desk.region)
        # The functions are here, whatever stands in for the rest of AWS.
        endpoint = self._desk.endpoint if service == "lambda" else self._desk.aws_endpoint
        credentials = {} if self._session.get_credentials() else PLACEHOLDER
        return self._session.client(service, endpoint_url=endpoint, config=PATIENCE, **credentials)
