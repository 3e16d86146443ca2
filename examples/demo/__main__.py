"""Runs the two example functions cold and warm under the real runtime client, with the layer, and prints their traces.

X-Ray is `xray-local up` in a process of its own, AWS is moto, Lambda the test kit's Runtime API. The functions, awslambdaric,
botocore and the layer in build/opt are the real ones.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from examples.demo import surroundings
from examples.demo.local_xray import Document, LocalXRay, Served, segments, xray
from tests.kit.process import Guest, Launch, Sandbox
from tests.kit.pythons import NEWEST_CLIENT, REPOSITORY, Site
from tests.kit.runtime_api import Invocation, Post
from xray_local.terminal import service_map, timeline
from xray_local.terminal.source import Query, Trace

EXAMPLES = Path(__file__).resolve().parents[1]
# The root's complete document is sent before the answer is; what is on its way then is there within this time.
SETTLE_S = 10.0
WIDTH_OF_A_FILE = 100


class NoTraceError(Exception):
    """An invocation left no trace; the text has what the function's process wrote."""


@dataclass(frozen=True)
class Step:
    """One event, and what it shows."""

    title: str
    event: Mapping[str, Any]


@dataclass(frozen=True)
class Scene:
    """One function and the events that one execution environment of it gets."""

    function: str
    handler: str
    steps: Sequence[Step]


def _request(method: str, path: str, body: str | None = None, **path_parameters: str) -> Mapping[str, Any]:
    """An event of API Gateway's REST API, as far as the order API looks at it."""
    return {
        "resource": path,
        "httpMethod": method,
        "path": path,
        "pathParameters": path_parameters or None,
        "requestContext": {"stage": "prod", "httpMethod": method, "resourcePath": path},
        "body": body,
    }


def _batch(*orders: str) -> Mapping[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "body": f'{{"id": "{order}"}}',
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{surroundings.REGION}:123456789012:shipping",
            }
            for number, order in enumerate(orders, 1)
        ]
    }


def _order(identity: str, article: str = "lamp") -> str:
    return f'{{"id": "{identity}", "article": "{article}", "quantity": 2, "customer": "Ana"}}'


SCENES = (
    Scene(
        "order_api",
        "app.handler",
        (
            Step("an order, and the cold start before it", _request("POST", "/orders", _order("o-1"))),
            Step("the same order again: DynamoDB refuses, the function answers 409", _request("POST", "/orders", _order("o-1"))),
            Step("another order", _request("POST", "/orders", _order("o-2", "table"))),
            Step(
                "a body without a quantity: the function fails", _request("POST", "/orders", '{"id": "o-3", "article": "lamp"}')
            ),
        ),
    ),
    Scene(
        "batch_worker",
        "worker.handler",
        (
            Step("three orders at once in threads, one of them without an invoice", _batch("o-1", "o-2", "o-404")),
            Step("one order, warm", _batch("o-1")),
        ),
    ),
)


def _site() -> Site:
    """The Python of .venv, which has the runtime client and boto3."""
    packages = Path(sys.prefix) / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    version = ".".join(platform.python_version_tuple()[:2])
    return Site(version, NEWEST_CLIENT, Path(sys.executable), packages, packages)


def _trace_header() -> str:
    """What Lambda sends with a sampled invocation."""
    return f"Root=1-{int(time.time()):08x}-{os.urandom(12).hex()};Parent={os.urandom(8).hex()};Sampled=1"


def _nodes(nodes: Sequence[Document]) -> Iterator[Document]:
    for node in nodes:
        yield node
        yield from _nodes(node.get("subsegments", ()))


def _finished(parent: str) -> Callable[[Trace], bool]:
    """Whether the function's segment is there, and below it the root as a whole: what was sent before it came before it."""

    def finished(trace: Trace) -> bool:
        found = {node["id"]: node for node in _nodes(trace.segments)}
        below = found.get(parent, {}).get("subsegments", ())
        return any("trigger" in node.get("annotations", {}) and "end_time" in node for node in below)

    return finished


def _traces(guest: Guest, local: LocalXRay, scene: Scene) -> Iterator[tuple[Step, Post, Trace]]:
    for step in scene.steps:
        header = _trace_header()
        arn = f"arn:aws:lambda:{surroundings.REGION}:123456789012:function:{scene.function}"
        asked = time.time()
        (post,) = guest.invoke(Invocation(step.event, trace_header=header, arn=arn))
        # The kit's moments are of another clock than X-Ray's.
        epoch = time.time() - time.perf_counter_ns() / 1e9
        taken = epoch + guest.api.deliveries[-1].sent_ns / 1e9
        error = post.json() if post.kind == "error" else None
        for segment in segments(Served(scene.function, arn, header, asked, taken, epoch + post.at_ns / 1e9, error)):
            local.send(segment)
        yield step, post, local.wait_for(header[5:40], _finished(header.split("Parent=")[1][:16]), SETTLE_S)


def _outcome(post: Post, trace: Trace) -> list[str]:
    """What the caller got, and what X-Ray can search for."""
    answer = post.json()
    failed = f"{answer['errorType']}: {answer['errorMessage']}" if post.kind == "error" else ""
    annotations = {key: value for node in _nodes(trace.segments) for key, value in node.get("annotations", {}).items()}
    told = ", ".join(f"{key}={str(value).lower()}" for key, value in annotations.items())
    return [f"trace {trace.id}; answer: {failed or answer.get('statusCode') or json.dumps(answer)}", told]


def _play(scene: Scene, environment: Mapping[str, str], sandbox: Sandbox, local: LocalXRay, console: Console) -> None:
    shutil.copytree(EXAMPLES / scene.function, sandbox.task, dirs_exist_ok=True)
    shutil.copytree(REPOSITORY / "build" / "opt", sandbox.opt, dirs_exist_ok=True)
    settings = {"AWS_LAMBDA_FUNCTION_NAME": scene.function, **environment}
    launch = Launch(scene.handler, settings, wrapper=sandbox.opt / "xray-instrument", daemon=local.address)
    with Guest(sandbox, launch) as guest:
        try:
            for step, post, trace in _traces(guest, local, scene):
                title, trees = f"{scene.function}: {step.title}", timeline.forest(trace.segments)
                console.print(timeline.drawn(title, _outcome(post, trace), trees, console.width))
        except TimeoutError as error:
            raise NoTraceError(f"{scene.function}: {error}\n{guest.result().stderr.decode()}") from error


def _map(local: LocalXRay, since: float, console: Console) -> None:
    """Everything the scenes called, with what became of the calls."""
    services = local.reader.services(Query(since, time.time() + 1))
    console.print(timeline.drawn("the service map", (), (), console.width), service_map.drawn(services, console.width), sep="")


def main(arguments: Sequence[str]) -> int:
    """Play all scenes, or those of the functions named."""
    parser = argparse.ArgumentParser("demo", description="Run the example functions with the layer and print their traces.")
    parser.add_argument("functions", nargs="*", help=f"of {', '.join(scene.function for scene in SCENES)}; all by default")
    wanted = parser.parse_args(arguments).functions
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDTH_OF_A_FILE
    began = time.time()
    with surroundings.aws() as endpoint, surroundings.prices() as prices, tempfile.TemporaryDirectory() as folder:
        environment = {**surroundings.furnish(endpoint), "PRICES_URL": prices}
        try:
            with xray(Path(folder) / "xray-local") as local:
                for scene in SCENES:
                    if not wanted or scene.function in wanted:
                        sandbox = Sandbox.create(Path(folder) / scene.function, _site())
                        _play(scene, environment, sandbox, local, console)
                _map(local, began, console)
        except (NoTraceError, TimeoutError) as error:
            print(f"demo: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
