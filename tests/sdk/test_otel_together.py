"""OpenTelemetry's spans among the others' subsegments, in propagators, and at module scope."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.aws.guests import KILLED_S, TELLS_EARLY, Function, outcome
from tests.kit.aws_stub import AwsStub
from tests.kit.collector import compiled, walk
from tests.kit.runtime_api import ROOT, Invocation
from tests.sdk.otel_programs import PRELUDE
from tests.sdk.programs import AWS
from tests.sdk.test_otel import API, SDK
from tests.sdk.trees import document, names, recorded_by_the_sdk

HELPER = "from xray_instrument_helper import annotate, metadata, subsegment\n"
# What hangs below what: (program, the trees as names).
TOGETHER = {
    "aws calls in spans": (
        AWS
        + """
def handler(event, context):
    load()
    with tracer.start_as_current_span("outer"):
        load()
        with tracer.start_as_current_span("inner"):
            load()
        load()
    return load()
""",
        [["DynamoDB"], ["outer", ["DynamoDB"], ["inner", ["DynamoDB"]], ["DynamoDB"]], ["DynamoDB"]],
    ),
    "helper": (
        HELPER
        + """
def handler(event, context):
    with subsegment("h1"), tracer.start_as_current_span("s1"), subsegment("h2"), tracer.start_as_current_span("s2"):
        annotate("in", "s2")
    with tracer.start_as_current_span("s3"):
        with subsegment("h3"):
            pass
        tracer.start_span("s4").end()
    return 1
""",
        [["h1", ["s1", ["h2", ["s2"]]]], ["s3", ["h3"], ["s4"]]],
    ),
    "no parent, on purpose": (
        HELPER
        + """
def handler(event, context):
    with subsegment("h1"):
        with tracer.start_as_current_span("alone", context=contexts.Context()), subsegment("h2"):
            pass
        tracer.start_span("here", context=contexts.get_current()).end()
    return 1
""",
        [["h1", ["here"]], ["alone", ["h2"]]],
    ),
    "a parent that only carries the root's ids": (
        """
def handler(event, context):
    top = NonRecordingSpan(trace.get_current_span().get_span_context())
    with tracer.start_as_current_span("outer"):
        tracer.start_span("beside it", context=trace.set_span_in_context(top)).end()
    return 1
""",
        [["outer"], ["beside it"]],
    ),
    "a span that says that it begins later": (
        HELPER
        + """
def handler(event, context):
    with tracer.start_as_current_span("planned", start_time=time.time_ns() + 10**10), subsegment("h1"), subsegment("h2"):
        return 1
""",
        [["planned", ["h1", ["h2"]]]],
    ),
    "aws_xray_sdk": (
        """
from aws_xray_sdk.core import xray_recorder
def handler(event, context):
    with xray_recorder.in_subsegment("x1"):
        with tracer.start_as_current_span("s1"):
            with xray_recorder.in_subsegment("x2"):
                with tracer.start_as_current_span("s2"):
                    pass
            with xray_recorder.in_subsegment("x3"):
                pass
        with xray_recorder.in_subsegment("x4"):
            pass
    return 1
""",
        [["x1", ["s1", ["x2", ["s2"]], ["x3"]], ["x4"]]],
    ),
    "threads without their context": (
        AWS
        + """
def work():
    load()
    with tracer.start_as_current_span("in the thread"):
        pass

def handler(event, context):
    with tracer.start_as_current_span("starts it"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(work).result()
    return 1
""",
        [["starts it", ["DynamoDB"], ["in the thread"], ["DynamoDB"], ["in the thread"]]],
    ),
    "a context attached in a thread that was started elsewhere": (
        HELPER
        + """
def work(context):
    token = contexts.attach(context)
    with subsegment("helper"):
        pass
    contexts.detach(token)

def handler(event, context):
    with tracer.start_as_current_span("first"):
        attached = contexts.get_current()
    thread = threading.Thread(target=work, args=(attached,))
    thread.start()
    thread.join()
    return 1
""",
        [["first", ["helper"]]],
    ),
    "tasks": (
        AWS
        + """
async def work(name):
    with tracer.start_as_current_span(name):
        await asyncio.sleep(0.02)
        load()

async def both():
    await asyncio.gather(work("one"), work("two"))

def handler(event, context):
    asyncio.run(both())
    return 1
""",
        [["one", ["DynamoDB"]], ["two", ["DynamoDB"]]],
    ),
}


@pytest.mark.parametrize("name", TOGETHER)
def test_everything_hangs_where_the_code_stands(name: str, tmp_path: Path, aws: AwsStub) -> None:
    """The innermost of what is open here, whoever has opened it; and the spans' own context does not leak into the next invocation."""
    code, expected = TOGETHER[name]
    function = Function(PRELUDE + code, packages=API, vendor="aws_xray_sdk" in code)
    layered = outcome(tmp_path, function, aws, [Invocation(), Invocation()])

    assert layered.run.stderr == b""
    roots = [tree for tree in compiled(layered.sent) if tree["name"] == "app.handler"]
    assert [[names(tree) for tree in root["subsegments"]] for root in roots] == [expected, expected]


def test_what_is_said_of_what_is_open_here(tmp_path: Path, aws: AwsStub) -> None:
    """get_current_span outside of any span speaks to the invocation's root; the helper speaks to the open span."""
    code = """
def handler(event, context):
    here = trace.get_current_span()
    here.set_attribute("customer.id", "c-1")
    here.set_attribute("cart", ["a"])
    here.add_event("began", timestamp=1_000_000_000)
    here.update_name("other")
    here.end()
    with tracer.start_as_current_span("work"):
        annotate("plan", "gold")
        metadata("cart", [1])
    return [here.is_recording(), here is trace.get_current_span()]
"""
    layered = outcome(tmp_path, Function(PRELUDE + HELPER + code, packages=API), aws)
    [root] = [tree for tree in compiled(layered.sent) if tree["name"] == "app.handler"]
    [work] = root["subsegments"]

    assert layered.answers == [[True, True]]
    assert root["annotations"] == {"cold_start": True, "trigger": "direct", "customer_id": "c-1"}
    assert root["metadata"]["otel"] == {"attributes": {"cart": ["a"]}, "events": [{"name": "began", "time": 1.0}]}
    assert (work["annotations"], work["metadata"]) == ({"plan": "gold"}, {"otel": {"scope": "shop"}, "default": {"cart": [1]}})


def test_propagators_inject_the_right_parent(tmp_path: Path, aws: AwsStub) -> None:
    """At the top the root, in a span that, in a helper's subsegment that: the trace is X-Ray's; with no parent on purpose, none."""
    code = """
from opentelemetry.propagators.aws import AwsXRayPropagator

def carried(**given):
    carrier = {}
    inject(carrier, **given)
    AwsXRayPropagator().inject(carrier, **given)
    return [carrier.get("traceparent"), carrier.get("X-Amzn-Trace-Id")]

def handler(event, context):
    found = [carried()]
    with tracer.start_as_current_span("span"):
        found.append(carried())
        with subsegment("helper"):
            with tracer.start_as_current_span("deep"):
                found.append(carried())
    with subsegment("alone"):
        found.append(carried())
    found.append(carried(context=baggage.set_baggage("a", "b")))
    return [*found, carried(context=contexts.Context())]
"""
    layered = outcome(tmp_path, Function(PRELUDE + HELPER + code, packages=SDK), aws)
    nodes = {node["name"]: node["id"] for node in walk(compiled(layered.sent))}
    parents = [nodes[name] for name in ("app.handler", "span", "deep", "alone", "app.handler")]
    hexadecimal = ROOT.replace("-", "")[1:]

    expected = [[f"00-{hexadecimal}-{parent}-01", f"Root={ROOT};Parent={parent};Sampled=1"] for parent in parents]
    assert layered.answers == [[*expected, [None, None]]]


def test_a_parent_from_elsewhere(tmp_path: Path, aws: AwsStub) -> None:
    """A caller's trace context is told on the span; it hangs below the root, as X-Ray has one tree, and as Lambda's own does."""
    code = """
import os
from opentelemetry.propagators.aws import AwsXRayPropagator
def handler(event, context):
    theirs = extract({"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"})
    with tracer.start_as_current_span("explicit", context=theirs, kind=SpanKind.SERVER):
        pass
    with tracer.start_as_current_span("around"):
        token = contexts.attach(theirs)
        tracer.start_span("attached").end()
        contexts.detach(token)
        lambdas = AwsXRayPropagator().extract({"X-Amzn-Trace-Id": os.environ["_X_AMZN_TRACE_ID"]})
        tracer.start_span("given", context=theirs).end()
        tracer.start_span("Lambda's", context=lambdas).end()
    with tracer.start_as_current_span("nobody", context=extract({})):
        return 1
"""
    layered = outcome(tmp_path, Function(PRELUDE + code, packages=SDK), aws)
    explicit, around, attached, given, ours, nobody = trees = recorded_by_the_sdk(layered.sent)
    parent = {"trace_id": "1-11111111-111111111111111111111111", "span_id": "2" * 16}

    assert [tree["metadata"]["otel"].get("name", tree["name"]) for tree in trees] == [
        "explicit",
        "around",
        "attached",
        "given",
        "Lambda's",
        "nobody",
    ]
    assert [tree.get("subsegments") for tree in trees] == [None] * 6
    assert explicit["metadata"] == {"otel": {"kind": "SERVER", "scope": "shop", "parent": parent}}
    assert attached["metadata"] == given["metadata"] == {"otel": {"scope": "shop", "parent": parent}}
    assert ours["metadata"] == {"otel": {"name": "Lambda's", "scope": "shop"}}
    assert around["metadata"] == nobody["metadata"] == {"otel": {"scope": "shop"}}


def test_the_documents_of_remote_calls_and_failures(tmp_path: Path, aws: AwsStub) -> None:
    """Whole documents: the peer's name, X-Ray's http and flags, causes, times, links, and what did not fit an annotation."""
    code = """
def handler(event, context):
    asks = {"http.request.method": "GET", "url.full": "https://ada:pw@api.example.com:8443/prices?key=secret"}
    span = tracer.start_span("GET", kind=SpanKind.CLIENT, attributes=asks, start_time=2_000_000_000)
    span.set_attribute("http.response.status_code", 429)
    span.set_status(StatusCode.ERROR)
    span.end(3_500_000_000)
    other = SpanContext(int("1" * 32, 16), int("2" * 16, 16), True, TraceFlags(1))
    span = tracer.start_span("failed", links=[Link(other, {"why": "batch"})], start_time=4_000_000_000)
    span.add_event("tried", {"times": 3}, timestamp=4_500_000_000)
    span.set_status(StatusCode.ERROR, "gave up")
    span.end(1)
    span = tracer.start_span("raised", start_time=5_000_000_000)
    try:
        raise ValueError("no") from KeyError("k")
    except ValueError as error:
        span.record_exception(error, {"order": 7})
    span.set_attributes({f"k{number}": number for number in range(130)})
    span.end(6_000_000_000)
    try:
        with tracer.start_as_current_span("twice") as span:
            try:
                1 / 0
            except ZeroDivisionError as error:
                span.record_exception(error)
                raise
    except ZeroDivisionError:
        return 1
"""
    layered = outcome(tmp_path, Function(PRELUDE + code, packages=API), aws)
    asked, failed, raised, twice = (document(tree) for tree in recorded_by_the_sdk(layered.sent))
    annotations = {"http_request_method": "GET", "url_full": "https://ada:pw@api.example.com:8443/prices?key=secret"}

    assert asked == {
        "name": "api.example.com",
        "namespace": "remote",
        "start_time": 2.0,
        "end_time": 3.5,
        "http": {"request": {"method": "GET", "url": "https://api.example.com:8443/prices"}, "response": {"status": 429}},
        "annotations": {**annotations, "http_response_status_code": 429},
        "metadata": {"otel": {"name": "GET", "kind": "CLIENT", "scope": "shop"}},
        "error": True,
        "throttle": True,
    }
    link = {"trace_id": "1-11111111-111111111111111111111111", "span_id": "2" * 16, "attributes": {"why": "batch"}}
    event = {"name": "tried", "time": 4.5, "attributes": {"times": 3}}
    assert failed == {
        "name": "failed",
        "start_time": 4.0,
        "end_time": 4.0,
        "metadata": {"otel": {"scope": "shop", "events": [event], "links": [link]}},
        "cause": [["ERROR", "gave up", []]],
        "fault": True,
    }
    said = raised["metadata"]["otel"]
    assert [event.pop("time") > 0 for event in said["events"]] == [True]
    assert raised == {
        "name": "raised",
        "start_time": 5.0,
        "end_time": 6.0,
        "annotations": {f"k{number}": number for number in range(50)},
        "metadata": {
            "otel": {
                "scope": "shop",
                "attributes": {f"k{number}": number for number in range(50, 128)},
                "events": [{"name": "exception", "attributes": {"exception.message": "no", "order": 7}}],
                "dropped": {"attributes": 2},
            }
        },
        "cause": [["ValueError", "no", ["handler"]], ["KeyError", "'k'", []]],
    }
    assert twice["cause"] == [["ZeroDivisionError", "division by zero", ["handler"]]]


def test_spans_of_module_scope_are_kept(tmp_path: Path, aws: AwsStub) -> None:
    """They are below the initialization; one that ends in an invocation is there too; no span context claims a trace yet."""
    code = """
with tracer.start_as_current_span("connect", attributes={"pool": 4}) as span:
    valid = span.get_span_context().is_valid
    with tracer.start_as_current_span("read settings"):
        pass
whole = tracer.start_span("until the first invocation")
assert not whole.get_span_context().is_valid

def handler(event, context):
    whole.end()
    with tracer.start_as_current_span("work"):
        return [valid, trace.format_trace_id(whole.get_span_context().trace_id)]
"""
    layered = outcome(tmp_path, Function(PRELUDE + code, packages=API), aws)
    trees = compiled(layered.sent)
    [initialization] = [tree for tree in trees if tree["name"] == "app.handler init"]
    [root] = [tree for tree in trees if tree["name"] == "app.handler"]
    [app] = [child for child in initialization["subsegments"] if child["name"] == "app"]
    spans = [child for child in app["subsegments"] if "otel" in child["metadata"]]

    assert layered.answers == [[False, ROOT.replace("-", "")[1:]]]
    assert layered.run.stderr == b""
    assert [names(tree) for tree in spans] == [["connect", ["read settings"]], ["until the first invocation"]]
    assert spans[0]["annotations"] == {"pool": 4}
    assert [names(tree) for tree in root["subsegments"]] == [["work"]]


def test_a_span_that_hangs_is_evidence(tmp_path: Path, aws: AwsStub) -> None:
    """Killed at the deadline, it was sent in progress, with the attributes that it had by then."""
    code = """
def handler(event, context):
    with tracer.start_as_current_span("hangs", attributes={"order": 7}):
        time.sleep(60)
"""
    function = Function(PRELUDE + code, TELLS_EARLY, packages=API)
    layered = outcome(tmp_path, function, aws, [Invocation(timeout_s=KILLED_S)])
    [hangs] = [node for node in walk(compiled(layered.sent)) if node["name"] == "hangs"]

    assert layered.run.timed_out
    assert (hangs["in_progress"], hangs["annotations"]) == (True, {"order": 7})
