"""Times the layer's parts one by one, in a Python of its own: the argument is the folder that holds the package.

Alone and in a loop, a part has all caches to itself; inside a function it takes two to four times as long.
Parts are looked up when they are timed: one that is called otherwise by now says so, and the rest goes on.
"""

import importlib
import json
import socket
import sys
import timeit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

HEADER = "Root=1-65a0f3c2-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a87bd80c:0"
REST_EVENT = {"resource": "/", "httpMethod": "GET", "requestContext": {"resourcePath": "/", "stage": "prod"}}
NUMBER = 2_000
REPEAT = 25


def subsegment() -> "Any":
    """Make a finished call to DynamoDB."""
    from xray_instrument import model  # noqa: PLC0415

    made = model.Subsegment("DynamoDB", "53995c3f42cd8ad8", 1700000000.123456, model.NOTHING)
    made.end_time = 1700000000.234567
    made.fields = {
        "namespace": "aws",
        "aws": {"operation": "GetItem", "region": "eu-west-1", "table_name": "orders", "request_id": "A" * 52, "retries": 0},
        "http": {"response": {"status": 200, "content_length": 25}},
    }
    return made


def datagram() -> "Callable[[], object]":
    """Make a call that encodes the same subsegment again and again."""
    from xray_instrument import wire  # noqa: PLC0415

    made = subsegment()
    return lambda: wire.datagram(made)


def send() -> "Callable[[], object]":
    """Make a call that sends to a socket that nobody reads."""
    from xray_instrument import emitter  # noqa: PLC0415

    inbox = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    inbox.bind(("127.0.0.1", 0))
    sender = emitter.UdpSender(inbox.getsockname())
    return lambda: (sender(b"x" * 500), inbox)


def parse(header: str) -> "Callable[[], object]":
    """Make a call that parses a header."""
    from xray_instrument import header as module  # noqa: PLC0415

    return lambda: module.parse(header)


def trigger(event: "Mapping[str, object]") -> "Callable[[], object]":
    """Make a call that looks what an event is."""
    from xray_instrument import triggers  # noqa: PLC0415

    return lambda: triggers.trigger(event)


def named(module: str, function: str) -> "Callable[[], object]":
    """Return a function without arguments."""
    found: Callable[[], object] = getattr(importlib.import_module(f"xray_instrument.{module}"), function)
    return found


PARTS: "tuple[tuple[str, Callable[[], Callable[[], object]]], ...]" = (
    ("header.parse", lambda: parse(HEADER)),
    ("header.parse, unsampled", lambda: parse(HEADER.replace("Sampled=1", "Sampled=0"))),
    ("triggers.trigger, direct", lambda: trigger({"key": 1})),
    ("triggers.trigger, API Gateway", lambda: trigger(REST_EVENT)),
    ("recorder.random_id", lambda: named("recorder", "random_id")),
    ("context.parent", lambda: named("context", "parent")),
    ("Subsegment()", lambda: subsegment),
    ("Subsegment.document", lambda: subsegment().document),
    ("wire.datagram", datagram),
    ("UdpSender()", send),
)


def main(folder: str) -> None:
    """Print a JSON list of name, least and median microseconds, or the reason why there are none."""
    sys.path.insert(0, folder)
    rows: list[tuple[str, float, float, str]] = []
    for name, make in PARTS:
        try:
            call = make()
            call()
        except (AttributeError, ImportError, TypeError) as error:
            rows.append((name, 0.0, 0.0, repr(error)))
            continue
        runs = sorted(run / NUMBER * 1e6 for run in timeit.repeat(call, number=NUMBER, repeat=REPEAT))
        rows.append((name, runs[0], runs[len(runs) // 2], ""))
    print(json.dumps(rows))


if __name__ == "__main__":
    main(sys.argv[1])
