"""Places orders with the example functions of template.yaml, run by `xray-local up`, and prints their traces and their map.

Lambda and X-Ray are xray-local's, AWS is moto. The functions, awslambdaric, botocore and the layer are the real ones, and
the functions are invoked through boto3.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from examples.demo import surroundings
from examples.demo.desk import Answer, DemoError, Desk, desk
from xray_local.model import Document
from xray_local.terminal import service_map, timeline
from xray_local.terminal.source import Query, Trace

# Three cold starts at once and a retry on a small machine.
SETTLE_S = 40.0
WIDTH_OF_A_FILE = 100
FUNCTION = "AWS::Lambda::Function"


def order(body: str) -> Mapping[str, Any]:
    """POST /orders as an event of API Gateway's REST API, as far as the order API looks at it."""
    return {
        "resource": "/orders",
        "httpMethod": "POST",
        "path": "/orders",
        "pathParameters": None,
        "requestContext": {"stage": "Prod", "httpMethod": "POST", "resourcePath": "/orders"},
        "body": body,
    }


GOOD = '{"id": "o-1", "article": "lamp", "quantity": 2, "customer": "Ana"}'
WITHOUT_A_QUANTITY = '{"id": "o-2", "article": "lamp"}'


def nodes(trace: Sequence[Document]) -> Iterator[Document]:
    """Every segment and subsegment."""
    for node in trace:
        yield node
        yield from nodes(node.get("subsegments", ()))


def complete(*names: str) -> Callable[[Trace], bool]:
    """Whether a trace has parts of those names, nothing in it is open, and the layer has told of each execution."""

    def finished(trace: Trace) -> bool:
        found = list(nodes(trace.segments))
        executions = [segment for segment in trace.segments if segment.get("origin") == FUNCTION]
        told = [any("trigger" in node.get("annotations", {}) for node in nodes([segment])) for segment in executions]
        return (
            {*names} <= {node["name"] for node in found}
            and bool(told)
            and all(told)
            and all("end_time" in node for node in found)
        )

    return finished


def linked(trace: Trace) -> str | None:
    """The trace that took up a message of this one."""
    links = (link for node in nodes(trace.segments) for link in node.get("links", ()))
    return next((str(link["trace_id"]) for link in links), None)


def show(console: Console, title: str, trace: Trace, answer: Answer | None = None) -> None:
    """One trace as a timeline."""
    told = f"trace {trace.id}" + (f"; the caller got {answer.text}" if answer else "")
    console.print(timeline.drawn(title, [told], timeline.forest(trace.segments), console.width))


def play(local: Desk, console: Console) -> None:
    """Two orders, three traces, one map."""
    began = time.time()
    good = local.invoke("OrderApi", order(GOOD))
    bad = local.invoke("OrderApi", order(WITHOUT_A_QUANTITY))
    trace = local.wait_for(good.trace_id, lambda trace: complete("Attempt #2")(trace) and linked(trace) is not None, SETTLE_S)
    show(console, "an order, cold: stored, queued for shipping, and charged by a worker that fails once", trace, good)
    shipped = local.wait_for(linked(trace) or "", complete(), SETTLE_S)
    show(console, "its shipping: the queue's consumer, in a trace of its own that is linked to the order's", shipped)
    show(console, "an order without a quantity: the function fails", local.wait_for(bad.trace_id, complete(), SETTLE_S), bad)
    services = local.reader.services(Query(began, time.time() + 1))
    console.print(timeline.drawn("the service map", (), (), console.width), service_map.drawn(services, console.width), sep="")


def main() -> int:
    """Play it."""
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDTH_OF_A_FILE
    with surroundings.aws() as aws, surroundings.prices() as prices, tempfile.TemporaryDirectory() as folder:
        surroundings.furnish(aws)
        try:
            with desk(Path(folder), aws, {"PricesUrl": prices}) as local:
                play(local, console)
        except DemoError as error:
            print(f"demo: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
