"""Layers in a real environment: where Python finds them, wrappers among them, our own below the function's."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from tests.kit import layer
from tests.kit.collector import Collector
from tests.local.lambda_service import desks
from tests.local.lambda_service.desks import Bench
from xray_local.lambda_service.model import Execution, Function
from xray_local.lambda_service.pool import Pool

APP = """
import os, sys
import shared, extra
def handler(event, context):
    return {"shared": shared.__name__ + shared.WHOSE, "extra": extra.WHERE, "argv": sys.argv[1:],
            "first": [os.path.basename(path) for path in sys.path[:4]], "path": os.environ.get("PYTHONPATH"),
            "seen": os.environ.get("SEEN"), "tool": os.popen("tool").read(), "wrapper": os.environ.get("AWS_LAMBDA_EXEC_WRAPPER")}
"""


def function(folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Function:
    """The function `orders` with two layers, which both have `shared` and the second of which has a wrapper."""
    runtime = desks.runtime(monkeypatch)
    code = desks.write(folder / "code", APP)
    one, two = folder / "one", folder / "two"
    desks.write(one, "WHOSE = ' of one'\n", "python/shared.py")
    desks.write(one, "#!/bin/sh\necho works\n", "bin/tool")
    desks.write(two, "WHOSE = ' of two'\n", "python/shared.py")
    desks.write(two, "WHERE = 'site-packages'\n", f"python/lib/{runtime}/site-packages/extra.py")
    desks.write(two, '#!/bin/sh\nexport SEEN="${SEEN:-}by a wrapper"\nexec "$@"\n', "wrap")
    for script in (one / "bin" / "tool", two / "wrap"):
        script.chmod(0o755)
    orders = Function("orders", "app.handler", code, runtime=runtime, timeout_s=10.0, layers=(one, two))
    return dataclasses.replace(orders, **changes)


def test_layers_are_where_lambda_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both of /opt's package folders are on the path, the last layer wins, programs are found, and a wrapper is run."""
    bench = Bench(tmp_path)
    orders = function(tmp_path, monkeypatch, environment={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrap"})

    execution: Execution = bench.run(lambda pool: bench.invoke(pool, orders))

    answer = json.loads(execution.payload)
    assert Path(answer.pop("path")).name == "runtime"
    assert answer == {
        "shared": "shared of two",
        "extra": "site-packages",
        "argv": [],
        "first": ["code", "site-packages", "python", "site-packages"],
        "seen": "by a wrapper",
        "tool": "works\n",
        "wrapper": "/opt/wrap",
    }


@pytest.mark.parametrize("own", [{}, {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrap"}, {"XRAY_INSTRUMENT_NEXT_WRAPPER": "/opt/wrap"}])
def test_our_layer_under_every_function(own: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the desk's trace layer a function is traced, its own wrapper runs as well, and its own layers stay."""
    with Collector() as collector:
        bench = Bench(tmp_path, trace_layer=layer.unpacked())
        bench.desk = dataclasses.replace(bench.desk, daemon_address=collector.address)
        orders = function(tmp_path, monkeypatch, environment=own)

        async def work(pool: Pool) -> Any:
            return json.loads((await bench.invoke(pool, orders)).payload)

        answer = bench.run(work)
        documents = collector.wait_for(lambda found: any(not document.get("in_progress") for document in found))

    assert (answer["shared"], answer["seen"], answer["wrapper"]) == (
        "shared of two",
        "by a wrapper" if own else None,
        "/opt/xray-instrument",
    )
    assert {(document["name"], document["trace_id"]) for document in documents if document["name"] == "app.handler"} == {
        ("app.handler", desks.ROOT)
    }
