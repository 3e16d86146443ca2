"""The pages of docs/ that follow from the code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.kit.collector import Collector
from tests.kit.layer import unpacked
from tests.kit.process import Guest, Launch, Sandbox
from tests.kit.pythons import site
from tests.kit.runtime_api import Invocation
from tools import docs
from xray_instrument.settings import PREFIX, SETTINGS

AWS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "eu-west-1"}
ROOT_FIELD = "Root=1-65a0f3c2-0123456789abcdef01234567"
CODE = """
import boto3
from botocore.config import Config
refused = {"endpoint_url": "http://127.0.0.1:9", "config": Config(retries={"total_max_attempts": 2}, connect_timeout=1)}
table = boto3.client("dynamodb", **refused)
def handler(event, context):
    try:
        table.batch_get_item(RequestItems={"orders": {"Keys": [{"id": {"S": "1"}}]}})
    except Exception as error:
        raise ValueError("no order") from error
"""


@pytest.mark.parametrize("name", docs.PAGES)
def test_page_is_what_the_code_makes(name: str) -> None:
    """`python -m tools.docs` has been run since the code changed."""
    assert (docs.DOCS / name).read_text() == docs.PAGES[name]()


def test_every_setting_and_part_is_in_the_page() -> None:
    """The page of settings names each variable once, and each part that can be left out."""
    page = docs.configuration()
    names = [f"`{PREFIX}{name.upper()}` |" for name, *_ in SETTINGS]
    assert [page.count(name) for name in names] == [1] * len(names)


def test_every_field_is_listed(tmp_path: Path) -> None:
    """A cold start, a batch, a call with retries, a failure with its chain: no field that the page does not list."""
    sandbox = Sandbox.create(tmp_path, site("3.12"))
    sandbox.write("app.py", CODE)
    record = {
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:1:q",
        "attributes": {"AWSTraceHeader": ROOT_FIELD},
    }
    events = [Invocation({"Records": [record]}, tenant_id="t"), Invocation({})]
    with (
        Collector() as collector,
        Guest(sandbox, Launch("app.handler", AWS, unpacked() / "xray-instrument", daemon=collector.address), events) as guest,
    ):
        guest.wait()
        documents = collector.wait_for(lambda all_of_them: sum("fault" in each for each in all_of_them) >= 4, timeout_s=20)

    found = {path for document in documents for path in docs.paths(document)}
    assert found - docs.recorded_paths() == set(), json.dumps(documents)[:2000]
    assert {
        "aws.table_names",
        "cause.exceptions.*.stack.*.line",
        "metadata.lambda.upstream_trace_ids",
        "metadata.import.own_ms",
    } <= found
