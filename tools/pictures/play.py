"""The demo's functions at work for a while: orders that go well, that fail, that hang, and what readers ask."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from examples.demo import surroundings
from examples.demo.__main__ import complete, linked, nodes, order
from examples.demo.desk import Desk, desk
from tools.pictures.relay import Relay

SETTLE_S = 60.0
# The order API's own limit is 10 s; the layer's last word and Lambda's are in the trace soon after.
TIMEOUT_S = 30.0
ARTICLES = ("lamp", "table")
CUSTOMERS = ("Ana", "Ben", "Chiara")
ORDERS = 9


@dataclass(frozen=True)
class Played:
    """Where the page is, and the traces to show."""

    endpoint: str
    cold: str
    warm: str
    timeout: str


def placed(number: int, article: str) -> dict[str, Any]:
    """An order as the API gets it."""
    wanted = {"id": f"o-{number}", "article": article, "quantity": 1 + number % 3, "customer": CUSTOMERS[number % 3]}
    return {**order(json.dumps(wanted))}


def asked(order_id: str) -> dict[str, Any]:
    """GET /orders/{id}."""
    request = {"stage": "Prod", "httpMethod": "GET", "resourcePath": "/orders/{id}"}
    return {
        "resource": "/orders/{id}", "httpMethod": "GET", "path": f"/orders/{order_id}",
        "pathParameters": {"id": order_id}, "requestContext": request, "body": None,
    }  # fmt: skip


def work(local: Desk) -> tuple[str, str]:
    """Orders one after the other; the traces of a cold and of a warm one."""
    cold = local.invoke("OrderApi", placed(0, "lamp")).trace_id
    local.wait_for(cold, lambda trace: complete("Attempt #2")(trace) and linked(trace) is not None, SETTLE_S)
    warm = cold
    for number in range(1, ORDERS):
        warm = local.invoke("OrderApi", placed(number, ARTICLES[number % 2])).trace_id
        local.invoke("OrderApi", asked(f"o-{number // 2 * 2}" if number % 3 else "o-none"))
    local.invoke("OrderApi", order('{"id": "o-98", "article": "lamp"}'))
    local.invoke("OrderApi", placed(3, "lamp"))
    local.wait_for(warm, complete("Attempt #2"), SETTLE_S)
    return cold, warm


def hang(local: Desk, relay: Relay) -> str:
    """The trace of an order whose call of the table never comes back."""
    with relay.blocked():
        answer = local.invoke("OrderApi", placed(77, "table"))
    local.wait_for(answer.trace_id, lambda trace: any(node["name"] == "Deadline" for node in nodes(trace.segments)), TIMEOUT_S)
    # Lambda's own segments of it.
    time.sleep(1)
    return answer.trace_id


@contextmanager
def played() -> Iterator[Played]:
    """The demo's desk after some work; it runs on, so that the page can be looked at."""
    with surroundings.aws() as aws, surroundings.prices() as prices, TemporaryDirectory() as folder:
        surroundings.furnish(aws)
        relay = Relay(aws)
        try:
            with desk(Path(folder), relay.url, {"PricesUrl": prices}) as local:
                cold, warm = work(local)
                timeout = hang(local, relay)
                yield Played(local.endpoint, cold, warm, timeout)
        finally:
            relay.close()
