"""LoggingConfig: what a function logs, as its template says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.local.lambda_service import desks
from tests.local.lambda_service.desks import Bench
from tests.local.lambda_service.templates import read, refused
from xray_local.lambda_service import described
from xray_local.lambda_service.model import Desk, Function
from xray_local.lambda_service.pool import Pool

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: { Runtime: python3.12, Handler: app.handler, CodeUri: src }
Resources:
  Plain: { Type: AWS::Serverless::Function, Properties: {} }
  Rich:
    Type: AWS::Serverless::Function
    Properties:
      LoggingConfig: { LogFormat: FORM, ApplicationLogLevel: WARN, LogGroup: shop }
"""
APP = """
import logging, os
log = logging.getLogger()

def handler(event, context):
    log.info("passed over")
    log.warning("told")
    return [context.log_group_name, os.environ.get("AWS_LAMBDA_LOG_LEVEL")]
"""


def test_what_the_template_says(tmp_path: Path) -> None:
    """Format, level and group of one function; another has Lambda's defaults; what stays text here is said."""
    found = read(tmp_path, TEMPLATE.replace("FORM", "JSON"))
    plain, rich = found.functions
    assert (plain.log_format, plain.log_level, plain.log_group) == ("Text", "", "/aws/lambda/Plain")
    assert (rich.log_format, rich.log_level, rich.log_group) == ("JSON", "WARN", "shop")
    assert found.notes == ("Rich: what it logs is JSON; Lambda's own lines (START, END, REPORT) stay text here",)
    shape = described.configuration(rich, Desk("127.0.0.1:2000", "http://127.0.0.1:2000"))
    assert shape["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": "shop", "ApplicationLogLevel": "WARN"}


def test_a_format_that_there_is_not(tmp_path: Path) -> None:
    """The error names the function, the property and what it may be."""
    with refused() as said:
        read(tmp_path, TEMPLATE.replace("FORM", "XML"))
    assert "LogFormat" in said[0]
    assert "Text or JSON" in said[0]


@pytest.mark.parametrize("version", desks.VERSIONS[-1:])
def test_what_the_function_logs(version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the real runtime client: one JSON object for the warning, nothing for what is below the level."""
    runtime = desks.runtime(monkeypatch, version)
    bench = Bench(tmp_path)
    code = desks.write(tmp_path / "code", APP)
    orders = Function("orders", "app.handler", code, runtime, log_format="JSON", log_level="WARN", own_log_group="shop")

    async def work(pool: Pool) -> tuple[object, list[str]]:
        execution = await bench.invoke(pool, orders)
        return json.loads(execution.payload), execution.log_tail.decode().splitlines()

    answer, lines = bench.run(work)
    logged = [json.loads(line) for line in lines if line.startswith("{")]
    assert answer == ["shop", "WARN"]
    assert [(line["level"], line["message"]) for line in logged] == [("WARNING", "told")]
