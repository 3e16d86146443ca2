"""Runs the two example functions cold and warm under the real runtime client, with the layer, and prints their traces.

AWS is moto, the X-Ray daemon a socket that keeps what it gets, Lambda the test kit's Runtime API. The functions,
awslambdaric, botocore and the layer in build/opt are the real ones.
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
from examples.demo.tree import drawn
from tests.kit.collector import Collector
from tests.kit.fakes import Document
from tests.kit.process import Guest, Launch, Sandbox
from tests.kit.pythons import NEWEST_CLIENT, REPOSITORY, Site
from tests.kit.runtime_api import Invocation, Post

EXAMPLES = Path(__file__).resolve().parents[1]
# The root's complete document is sent before the answer is; what is on its way then is there within this time.
SETTLE_S = 2.0
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


def _finished(parent: str) -> Callable[[list[Document]], bool]:
    """Whether the root below `parent` is there as a whole: what was sent before it came before it."""
    return lambda documents: any(
        document.get("parent_id") == parent and "trigger" in document.get("annotations", {}) and "end_time" in document
        for document in documents
    )


def _traces(guest: Guest, collector: Collector, scene: Scene) -> Iterator[tuple[Step, Post, list[Document]]]:
    for step in scene.steps:
        header = _trace_header()
        parent = header.split("Parent=")[1].split(";")[0]
        arn = f"arn:aws:lambda:{surroundings.REGION}:123456789012:function:{scene.function}"
        (post,) = guest.invoke(Invocation(step.event, trace_header=header, arn=arn))
        collector.wait_for(_finished(parent), SETTLE_S)
        trees = [tree for tree in collector.trees() if tree["trace_id"] == header[5:40]]
        yield step, post, trees


def _outcome(post: Post, trees: Sequence[Document]) -> str:
    """What the caller got, and what X-Ray can search for."""
    answer = post.json()
    failed = f"{answer['errorType']}: {answer['errorMessage']}" if post.kind == "error" else ""
    annotations = {key: value for tree in trees for key, value in tree.get("annotations", {}).items()}
    told = ", ".join(f"{key}={str(value).lower()}" for key, value in annotations.items())
    return f"trace {trees[0]['trace_id']}; answer: {failed or answer.get('statusCode') or json.dumps(answer)}\n{told}"


def _play(scene: Scene, environment: Mapping[str, str], folder: Path, console: Console) -> None:
    sandbox = Sandbox.create(folder, _site())
    shutil.copytree(EXAMPLES / scene.function, sandbox.task, dirs_exist_ok=True)
    shutil.copytree(REPOSITORY / "build" / "opt", sandbox.opt, dirs_exist_ok=True)
    settings = {"AWS_LAMBDA_FUNCTION_NAME": scene.function, **environment}
    with Collector() as collector:
        launch = Launch(scene.handler, settings, wrapper=sandbox.opt / "xray-instrument", daemon=collector.address)
        with Guest(sandbox, launch) as guest:
            try:
                for step, post, trees in _traces(guest, collector, scene):
                    console.print(drawn(f"{scene.function}: {step.title}", _outcome(post, trees), trees, console.width))
            except TimeoutError as error:
                raise NoTraceError(f"{scene.function}: {error}\n{guest.result().stderr.decode()}") from error


def main(arguments: Sequence[str]) -> int:
    """Play all scenes, or those of the functions named."""
    parser = argparse.ArgumentParser("demo", description="Run the example functions with the layer and print their traces.")
    parser.add_argument("functions", nargs="*", help=f"of {', '.join(scene.function for scene in SCENES)}; all by default")
    wanted = parser.parse_args(arguments).functions
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDTH_OF_A_FILE
    with surroundings.aws() as endpoint, surroundings.prices() as prices, tempfile.TemporaryDirectory() as folder:
        environment = {**surroundings.furnish(endpoint), "PRICES_URL": prices}
        try:
            for scene in SCENES:
                if not wanted or scene.function in wanted:
                    _play(scene, environment, Path(folder) / scene.function, console)
        except NoTraceError as error:
            print(f"demo: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
