"""Runs a case bare and layered in the same folders, and makes two runs comparable without hiding anything.

What differs between two bare runs is replaced alike on both sides, and nothing else: clock readings, memory
addresses, process ids, the port of the Runtime API, and in AWS requests what depends on the clock; there the
signature is verified instead of compared. `tests/parity/test_harness.py` shows that a layer which leaves
traces is still caught.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.kit.aws_stub import AwsRequest, AwsStub, Reply, error_json
from tests.kit.collector import Collector
from tests.kit.process import SERVICE_ENVIRONMENT, Guest, Launch, Run, Sandbox
from tests.kit.pythons import Site
from tests.kit.runtime_api import PARENT
from tests.parity.cases import Case

FUNCTIONS = Path(__file__).parent / "functions"
FORMATS = ("Text", "JSON")

# Sets are printed in the order of their hashes, also in the runtime client's own X-Ray header.
FIXED_HASHES = {"PYTHONHASHSEED": "0"}
VARYING = (
    (re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d([.,]\d+)?(Z|\+\d{4})?"), b"<time>"),
    (re.compile(rb"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"), b"<time>"),
    (re.compile(rb"0x[0-9a-f]{6,16}"), b"<address>"),
    (re.compile(rb"pid=\d+"), b"pid=<pid>"),
)
CREDENTIAL = re.compile(r"(Credential=[^/]+/)\d{8}(/.*Signature=)[0-9a-f]{64}")
TRACE_PARENT = re.compile(r"Parent=[0-9a-f]{16}")


@dataclass(frozen=True)
class Seen:
    """Everything the outside world, and the function itself, gets to see of one run."""

    requests: tuple[object, ...]
    """What the runtime asked of the Runtime API, whole, in order."""
    stdout: bytes
    stderr: bytes
    exit_code: int | None
    timed_out: bool
    aws: tuple[object, ...]
    """The AWS requests; sorted, as concurrent ones have no order."""

    def differences(self, other: Seen) -> dict[str, tuple[object, object]]:
        """The fields that differ, with both values."""
        mine, others = vars(self), vars(other)
        return {name: (mine[name], others[name]) for name in mine if mine[name] != others[name]}


@dataclass(frozen=True)
class Scene:
    """One place to run cases in: the same folders and servers for both sides."""

    root: Path
    site: Site
    layer: Path
    """The unpacked layer: a folder with xray-instrument and xray-instrument.d."""
    aws: AwsStub
    collector: Collector

    def play(self, case: Case, log_format: str, *, layered: bool) -> Seen:
        """Run one side."""
        sandbox = self.furnished(case)
        script(self.aws)
        names = {"task": str(sandbox.task), "opt": str(sandbox.opt), "aws": self.aws.url}
        environment = {name: value.format_map(names) for name, value in case.environment.items()}
        launch = Launch(
            case.handler,
            {"AWS_LAMBDA_LOG_FORMAT": log_format, **FIXED_HASHES, **environment},
            wrapper=sandbox.opt / "xray-instrument",
            ignore_wrapper=not layered,
            daemon=self.collector.address,
        )
        with Guest(sandbox, launch, case.rounds) as guest:
            guest.wait()
            run = guest.result()
            return seen(run, guest.api.address, self.aws.requests)

    def furnished(self, case: Case) -> Sandbox:
        """The folders, made anew: a .pyc that the other side's run left behind would be one more difference."""
        shutil.rmtree(self.root, ignore_errors=True)
        sandbox = Sandbox.create(self.root, self.site)
        shutil.copytree(FUNCTIONS, sandbox.task, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(self.layer / "xray-instrument", sandbox.opt)
        (sandbox.opt / "xray-instrument.d").symlink_to(self.layer / "xray-instrument.d")
        if case.vendored:
            (sandbox.opt / "python").symlink_to(self.site.vendor)
        names = {"python": f"python{self.site.version}", "task": str(sandbox.task)}
        for name, text in case.files.items():
            path = sandbox.root / name.format_map(names)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("{task}", names["task"]))
        return sandbox

    def differences(self, case: Case, log_format: str) -> dict[str, tuple[object, object]]:
        """What the layer changes: nothing, one hopes."""
        bare = self.play(case, log_format, layered=False)
        self.collector.clear()
        return bare.differences(self.play(case, log_format, layered=True))

    def recorded(self, case: Case) -> set[str]:
        """The names of the subsegments that the layered side has sent for the invocations themselves."""
        if case.records:
            self.collector.wait_for(bool)
        return {tree["name"] for tree in self.collector.trees() if tree.get("parent_id") == PARENT} & {case.handler}


def script(aws: AwsStub) -> None:
    """The same answers on both sides, from the start."""
    aws.clear()
    aws.script(
        "dynamodb.PutItem", then=Reply(400, error_json("ConditionalCheckFailedException", "The conditional request failed"))
    )
    aws.script("kinesis.DescribeStreamSummary", Reply(500, b"{}"))
    aws.script("ssm.GetParameter", then=Reply(200, b'{"Parameter":{"Name":"/own","Value":"v"}}'))


def varying(data: bytes, api: str) -> bytes:
    """The bytes without what differs between any two runs."""
    data = data.replace(api.encode(), b"<runtime api>")
    for pattern, instead in VARYING:
        data = pattern.sub(instead, data)
    return data


def seen(run: Run, api: str, aws: list[AwsRequest]) -> Seen:
    """The run in comparable form."""
    posts = tuple(
        (
            post.path,
            tuple((name, _header(name, value, post.body, api)) for name, value in post.headers),
            varying(post.body, api),
        )
        for post in run.posts
    )
    return Seen(
        requests=(len(run.deliveries), *posts),
        stdout=varying(run.stdout, api),
        stderr=varying(run.stderr, api),
        exit_code=run.exit_code,
        timed_out=run.timed_out,
        aws=tuple(sorted(map(repr, map(comparable, aws)))),
    )


def _header(name: str, value: str, body: bytes, api: str) -> str:
    if name.lower() == "content-length" and value == str(len(body)):
        return "<length of the body>"
    return varying(value.encode("utf-8", "surrogateescape"), api).decode("utf-8", "surrogateescape")


def comparable(request: AwsRequest) -> tuple[object, ...]:
    """A request whole, with its headers in order; of the trace header only Parent may differ."""
    secrets = (SERVICE_ENVIRONMENT["AWS_SECRET_ACCESS_KEY"], SERVICE_ENVIRONMENT["AWS_SESSION_TOKEN"])
    valid = request.signature_is_valid(*secrets)
    instead: Mapping[str, object] = {
        "x-amz-date": "<time>",
        "amz-sdk-invocation-id": "<uuid>",
        "authorization": CREDENTIAL.sub(rf"\1<day>\2<{'valid' if valid else 'INVALID'}>", request.header("Authorization") or ""),
        "x-amzn-trace-id": TRACE_PARENT.sub("Parent=<parent>", request.header("X-Amzn-Trace-Id") or ""),
        "amz-sdk-request": re.sub(r"ttl=\w+", "ttl=<time>", request.header("amz-sdk-request") or ""),
    }
    headers = tuple((name, instead.get(name.lower(), value)) for name, value in request.headers)
    return request.operation, request.method, request.target, headers, request.body
