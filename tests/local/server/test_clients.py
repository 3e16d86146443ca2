"""Programs that know nothing of xray-local: AWS's command lines, the X-Ray SDK, and our own layer in a function."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from tests.kit import layer, pythons
from tests.kit.process import Launch, Sandbox, run_function
from tests.kit.runtime_api import Invocation
from tests.local.server import clients, tools
from xray_local.server import Running

# What a user's shell has; nothing of whoever runs the tests.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "example",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_CONFIG_FILE": "/nonexistent/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials",
    "AWS_EC2_METADATA_DISABLED": "true",
    "SAM_CLI_TELEMETRY": "0",
    "PYTHONWARNINGS": "ignore",
    "NO_COLOR": "1",
}


def run(server: Running, home: Path, *command: str | Path, **environment: str) -> str:
    """What a command prints, in a home of its own, with the endpoint in its environment."""
    own = {"PATH": os.environ["PATH"], "HOME": str(home), **ENVIRONMENT, "AWS_ENDPOINT_URL_XRAY": server.endpoint, **environment}
    done = subprocess.run(list(map(str, command)), env=own, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def two_services(xray: Any) -> clients.Document:
    """A trace of a shop that calls the orders service."""
    shop, orders = clients.segment("shop", 1), clients.segment("orders", 1, id="b" * 16, parent_id="c" * 16)
    times = {name: shop[name] for name in ("start_time", "end_time")}
    orders |= {**times, "trace_id": shop["trace_id"]}
    shop["subsegments"] = [{"id": "c" * 16, "name": "orders", "namespace": "remote", **times}]
    xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(shop), json.dumps(orders)])
    return shop


def test_the_aws_command_line(server: Running, xray: Any, tmp_path: Path) -> None:
    """`aws xray` puts segments, lists summaries, shows traces and the graph: unmodified, endpoint from the environment."""
    aws = tools.installed("aws")
    shop = two_services(xray)
    more = clients.segment("more", 2)
    now = int(time.time())
    put = json.loads(run(server, tmp_path, aws, "xray", "put-trace-segments", "--trace-segment-documents", json.dumps(more)))
    graph = json.loads(
        run(server, tmp_path, aws, "xray", "get-service-graph", "--start-time", str(now - 60), "--end-time", str(now + 60))
    )
    traces = json.loads(run(server, tmp_path, aws, "xray", "batch-get-traces", "--trace-ids", shop["trace_id"], more["trace_id"]))
    assert put == {"UnprocessedTraceSegments": []}
    assert sorted((row["Name"], row.get("Type")) for row in graph["Services"] if row.get("Type")) == [
        ("more", "client"),
        ("shop", "client"),
    ]
    assert sorted(row["Name"] for row in graph["Services"] if not row.get("Type")) == ["more", "orders", "shop"]
    assert [(trace["Id"], len(trace["Segments"])) for trace in traces["Traces"]] == [(shop["trace_id"], 2), (more["trace_id"], 1)]


def test_sam_traces(server: Running, xray: Any, tmp_path: Path) -> None:
    """`sam traces` prints the graph and the newest traces as text, and one trace by its id as JSON."""
    sam: list[str | Path] = [tools.installed("sam"), "traces", "--region", "eu-west-1"]
    shop = two_services(xray)
    text = run(server, tmp_path, *sam)
    whole = json.loads(run(server, tmp_path, *sam, "--trace-id", shop["trace_id"], "--output", "json"))
    nodes = re.findall(r"Reference Id: (\d) - (.*) - (\w+) - Edges: \[(\d?)\]\n.*\n +- total requests: (\d)", text)
    assert nodes == [("0", "None", "orders", "", "1"), ("1", "(Root) None", "shop", "0", "1"), ("2", "client", "shop", "1", "0")]
    event = re.search(r"XRay Event \[revision \d\] at \(.*\) with id \((.*)\) and duration \((.*)\)\n((?: +- .*\n)+)", text)
    assert event is not None
    assert event.groups() == (shop["trace_id"], "0.250s", " - 0.250s - shop\n   - 0.250s - orders\n - 0.250s - orders\n")
    assert (whole["Id"], sorted(segment["name"] for segment in whole["Segments"])) == (shop["trace_id"], ["orders", "shop"])


def test_sam_traces_tail(server: Running, xray: Any, tmp_path: Path) -> None:
    """`sam traces --tail` shows a trace that comes after its start, and the earlier ones once."""
    before = two_services(xray)
    own = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **ENVIRONMENT, "AWS_ENDPOINT_URL_XRAY": server.endpoint}
    command = [str(tools.installed("sam")), "traces", "--region", "eu-west-1", "--tail"]
    output = tmp_path / "output"
    with (
        output.open("wb") as out,
        subprocess.Popen(command, env={**own, "PYTHONUNBUFFERED": "1"}, stdout=out, stderr=subprocess.DEVNULL) as process,  # noqa: S603
    ):
        clients.eventually(lambda: before["trace_id"] in output.read_text(), timeout_s=30)
        after = clients.segment("after", 9)
        xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(after)])
        clients.eventually(lambda: after["trace_id"] in output.read_text(), timeout_s=30)
        process.send_signal(signal.SIGINT)
        process.wait(30)
    assert re.findall(r"with id \((.*?)\)", output.read_text()) == [before["trace_id"], after["trace_id"]]


SDK = """
    import json, time
    from aws_xray_sdk.core import xray_recorder

    xray_recorder.configure(service="shop", context_missing="RUNTIME_ERROR")
    until = time.monotonic() + 20
    while True:
        # The rules come on a thread of the SDK's own; until then it decides by its built-in ones.
        segment = xray_recorder.begin_segment("shop", sampling=None)
        rule = segment.aws.get("xray", {}).get("sampling_rule_name")
        if rule == "all of it" or time.monotonic() > until:
            break
        xray_recorder.clear_trace_entities()
        time.sleep(0.01)
    with xray_recorder.in_subsegment("inner") as inner:
        inner.put_annotation("tier", "gold")
    xray_recorder.end_segment()
    sampler = xray_recorder.sampler
    # What its other thread does every ten seconds.
    sampler._target_poller._do_work()
    print(json.dumps({"trace_id": segment.trace_id, "rule": rule}))
"""


def test_the_xray_sdk(server: Running, xray: Any, tmp_path: Path) -> None:
    """The SDK's sampler reads rules and reports over TCP, its emitter sends over UDP, told only the daemon's address."""
    everything = dict.fromkeys(("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN"), "*")
    rule = {"RuleName": "all of it", "Priority": 1, "FixedRate": 1.0, "ReservoirSize": 100, "Version": 1, **everything}
    xray.create_sampling_rule(SamplingRule=rule)
    out = run(server, tmp_path, sys.executable, "-c", textwrap.dedent(SDK), AWS_XRAY_DAEMON_ADDRESS=server.address)
    told = json.loads(out)
    traces = clients.eventually(lambda: xray.batch_get_traces(TraceIds=[told["trace_id"]])["Traces"])
    [document] = [json.loads(segment["Document"]) for trace in traces for segment in trace["Segments"]]
    [inner] = document["subsegments"]
    assert (told["rule"], document["name"], inner["name"], inner["annotations"]) == (
        "all of it",
        "shop",
        "inner",
        {"tier": "gold"},
    )
    assert document["aws"]["xray"]["sampling_rule_name"] == "all of it"
    [summary] = xray.get_sampling_statistic_summaries()["SamplingStatisticSummaries"]
    # Before it has a quota the SDK borrows the first request of a second, and samples the others by the rate.
    assert (summary["RuleName"], summary["SampledCount"] + summary["BorrowCount"]) == ("all of it", summary["RequestCount"])
    assert summary["RequestCount"] >= 1


ADOT = """
    import sys

    from amazon.opentelemetry.distro.otlp_udp_exporter import OTLPUdpSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.trace import SpanKind

    provider = TracerProvider(resource=Resource({"service.name": "orders"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPUdpSpanExporter(endpoint=sys.argv[1])))
    tracer = provider.get_tracer("app")
    call = {"rpc.system": "aws-api", "rpc.service": "DynamoDB", "rpc.method": "GetItem"}
    with tracer.start_as_current_span("GET /", kind=SpanKind.SERVER) as span:
        with tracer.start_as_current_span("DynamoDB.GetItem", kind=SpanKind.CLIENT, attributes=call):
            pass
    print(format(span.get_span_context().trace_id, "032x"))
"""


def test_adots_exporter(server: Running, xray: Any, tmp_path: Path) -> None:
    """What AWS's OpenTelemetry distribution sends to the daemon's port is a trace with its inferred DynamoDB."""
    printed = run(server, tmp_path, tools.installed("python"), "-c", textwrap.dedent(ADOT), server.address).strip()
    name = f"1-{printed[:8]}-{printed[8:]}"
    traces = clients.eventually(lambda: xray.batch_get_traces(TraceIds=[name])["Traces"], lambda found: "GET" in str(found))
    documents = [json.loads(segment["Document"]) for trace in traces for segment in trace["Segments"]]
    shape = sorted(
        (one["name"], one.get("inferred", False), [sub["name"] for sub in one.get("subsegments", [])]) for one in documents
    )
    assert shape == [("DynamoDB", True, []), ("orders", False, ["DynamoDB"])]


FUNCTION = """
    def handler(event, context):
        return {"ok": event["n"]}
"""


def test_our_own_layer(server: Running, xray: Any, tmp_path: Path) -> None:
    """An unmodified function with the layer, under the real runtime client, is a trace here."""
    version = list(pythons.present())[-1] if pythons.present() else pythons.VERSIONS[-1]
    try:
        site = pythons.site(version)
    except pythons.MissingPythonError as reason:
        pytest.skip(str(reason))
    sandbox = Sandbox.create(tmp_path, site)
    sandbox.write("app.py", textwrap.dedent(FUNCTION))
    root = clients.trace_id(7)
    parent = "53995c3f42cd8ad8"
    launch = Launch("app.handler", wrapper=layer.unpacked() / "xray-instrument", daemon=server.address)
    ran = run_function(sandbox, launch, [Invocation({"n": 1}, trace_header=f"Root={root};Parent={parent};Sampled=1")])
    texts = clients.eventually(lambda: server.store.documents(root), lambda texts: any("app.handler" in text for text in texts))
    sent = {(document["name"], document["parent_id"]) for document in map(json.loads, texts)}
    assert [post.json() for post in ran.posts] == [{"ok": 1}]
    assert ("app.handler", parent) in sent
    [trace] = xray.batch_get_traces(TraceIds=[root])["Traces"]
    assert "app.handler" in {json.loads(segment["Document"])["name"] for segment in trace["Segments"]}
    assert server.health()["rejected"] == []
