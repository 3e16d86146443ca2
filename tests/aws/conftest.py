"""The plug-in applied to this process's botocore, a recorded invocation, and AWS as a real HTTP server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import time
from typing import Any

import boto3
import botocore.handlers
import pytest
from botocore.config import Config

from tests.aws.recording import Recording, fake_recorder
from tests.kit import aws_stub
from tests.kit.aws_stub import AwsStub
from tests.kit.process import SERVICE_ENVIRONMENT
from xray_instrument.guard import Guard, guarded
from xray_instrument.plugins import botocore as plugin
from xray_instrument.recorder import random_id, recorder
from xray_instrument.settings import Settings

MakeClient = Callable[..., Any]

# What S3 says in x-amz-request-id and x-amz-id-2, in tests.kit.aws_stub.
S3_REQUEST_ID = "S3REQUESTID"
S3_EXTENDED_ID = "s3/extended/id="


class _Handler(aws_stub._Handler):
    """The stub's, without the header that the real S3 does not send: botocore would take the request id from it."""

    def send_header(self, keyword: str, value: str) -> None:
        if keyword != "x-amzn-RequestId" or "/s3/aws4_request" not in self.headers.get("Authorization", ""):
            super().send_header(keyword, value)


@pytest.fixture(scope="session")
def applied() -> Iterator[None]:
    """The plug-in's handlers in the list that every new session copies, until the end of these tests."""
    before = list(botocore.handlers.BUILTIN_HANDLERS)
    plugin.apply(botocore.handlers, Settings({}))
    yield
    botocore.handlers.BUILTIN_HANDLERS[:] = before


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Faults are raised; the function's environment is Lambda's, never that of whoever runs the tests."""
    monkeypatch.setattr(Guard, "strict", True)
    for name, value in SERVICE_ENVIRONMENT.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    yield
    assert guarded.off == {}, "a part of the guest switched itself off"


@pytest.fixture
def recording(applied: None) -> Iterator[Recording]:
    """A sampled invocation under way, with the clock that stands still and the ids that count."""
    fake_recorder()
    made = Recording()
    made.begin()
    yield made
    made.stop()
    recorder.clock, recorder.new_id = time, random_id


@pytest.fixture(scope="session")
def stub() -> Iterator[AwsStub]:
    """One server for all tests; `aws` hands it out empty."""
    with AwsStub() as server:
        server._server.RequestHandlerClass = _Handler
        yield server


@pytest.fixture
def aws(stub: AwsStub) -> AwsStub:
    """AWS without a script and without requests so far."""
    stub.clear()
    stub._scripts.clear()
    return stub


@pytest.fixture
def client(aws: AwsStub, applied: None) -> MakeClient:
    """Makes clients of the stub: `client("s3", retries={...})`."""

    def make(service: Any, *, session: Any = None, **config: Any) -> Any:
        settings = {"inject_host_prefix": False, "retries": {"max_attempts": 0}, **config}
        maker: Any = session or boto3.session.Session()
        return maker.client(service, endpoint_url=aws.url, config=Config(**settings))

    return make
