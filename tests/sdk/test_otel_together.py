"""OpenTelemetry's spans among the others' subsegments, in propagators, at module scope, and beside providers of the function's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.aws.guests import Function, outcome
from tests.kit.aws_stub import AwsStub
from tests.kit.collector import compiled, walk
from tests.kit.fakes import Document
from tests.kit.runtime_api import PARENT, ROOT, SAMPLED, UNSAMPLED, Invocation
from tests.sdk.otel_programs import CONFIGURED, PRELUDE, TRUTH, WITH_SPANS
from tests.sdk.test_otel import API, SDK, TYPING, answers
from tests.sdk.trees import comparable, names, recorded_by_the_sdk

INSTRUMENTED = (
    *SDK, "opentelemetry-instrumentation==0.66b2", "opentelemetry-instrumentation-botocore==0.66b2", "wrapt==2.0.1", "packaging==25.0",
)  # fmt: skip
HELPER = "from xray_instrument_helper import annotate, metadata, subsegment\n"
AWS = """
import boto3
dynamodb = boto3.client("dynamodb")

def load(table="orders"):
    return dynamodb.get_item(TableName=table, Key={"pk": {"S": "1"}})["ResponseMetadata"]["HTTPStatusCode"]
"""
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
    """A caller's trace context is told on the span; it hangs below the root, as X-Ray has one tree."""
    code = """
def handler(event, context):
    theirs = extract({"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"})
    with tracer.start_as_current_span("explicit", context=theirs, kind=SpanKind.SERVER):
        pass
    with tracer.start_as_current_span("around"):
        token = contexts.attach(theirs)
        tracer.start_span("attached").end()
        contexts.detach(token)
    with tracer.start_as_current_span("nobody", context=extract({})):
        return 1
"""
    layered = outcome(tmp_path, Function(PRELUDE + code, packages=API), aws)
    explicit, around, attached, nobody = trees = recorded_by_the_sdk(layered.sent)
    parent = {"trace_id": "1-11111111-111111111111111111111111", "span_id": "2" * 16}

    assert [names(tree) for tree in trees] == [["explicit"], ["around"], ["attached"], ["nobody"]]
    assert explicit["metadata"] == {"otel": {"kind": "SERVER", "scope": "shop", "parent": parent}}
    assert attached["metadata"] == {"otel": {"scope": "shop", "parent": parent}}
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
        "fault": True,
    }
    assert twice["cause"] == [["ZeroDivisionError", "division by zero", ["handler"]]]


def document(tree: Document) -> Document:
    """A subsegment without its place in the tree; of its cause, types, messages and the functions on the stack."""
    kept = {key: value for key, value in tree.items() if key not in ("id", "trace_id", "parent_id", "type")}
    if "cause" in kept:
        kept["cause"] = [
            [step["type"], step["message"], [frame["label"] for frame in step.get("stack", ())]]
            for step in kept["cause"]["exceptions"]
        ]
    return kept


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
    layered = outcome(tmp_path, Function(PRELUDE + code, packages=API), aws, [Invocation(timeout_s=1.5)])
    [hangs] = [node for node in walk(compiled(layered.sent)) if node["name"] == "hangs"]

    assert layered.run.timed_out
    assert (hangs["in_progress"], hangs["annotations"]) == (True, {"order": 7})


def test_nothing_that_a_function_passes_switches_it_off(tmp_path: Path, aws: AwsStub) -> None:
    """Arguments of wrong types, values without a text, lists that hold themselves: no error, no line, and the next span is recorded."""
    code = """
class Textless:
    def __str__(self):
        raise RuntimeError("no text")
    __repr__ = __str__

class Odd(Exception):
    def __str__(self):
        raise RuntimeError("no text")

def each(span):
    endless = []
    endless.append(endless)
    values = (Textless(), endless, {"a": {1: Textless()}}, float("nan"), float("inf"), 10**5000, None, "\\ud800", object)
    for number, value in enumerate(values):
        span.set_attribute(f"v{number}", value)
    for key in (None, 1, "", (), Textless(), "x" * 600, "\\ud800"):
        span.set_attribute(key, 1) if key.__hash__ else None
    for attributes in (5, [1], None, "ab", Textless()):
        span.set_attributes(attributes)
        span.add_event("e", attributes, timestamp=attributes)
        span.record_exception(Odd(), attributes)
        span.add_link(attributes)
    span.add_link(SpanContext(0, 0, False), {"a": Textless()})
    span.add_event(Textless())
    span.update_name(Textless())
    span.record_exception(None)
    for status in (None, "ERROR", 2, StatusCode.ERROR):
        span.set_status(status, Textless())
    span.end("now")

def handler(event, context):
    each(trace.get_current_span())
    each(tracer.start_span("odd"))
    tracer.start_span(Textless(), kind="CLIENT", attributes=[1], links=[None, 1, Textless()], start_time="x").end()
    tracer.start_span(None, links=5).end()
    with tracer.start_as_current_span("fine"):
        return 1
"""
    layered = outcome(tmp_path, Function(PRELUDE + code, packages=API), aws)

    assert (layered.answers, layered.run.stderr) == ([1], b"")
    assert [tree["name"] for tree in recorded_by_the_sdk(layered.sent)] == ["odd", "span", "None", "fine"]


def test_a_copy_of_the_api_that_is_loaded_anew(tmp_path: Path, aws: AwsStub) -> None:
    """A function that drops the modules and imports them again has spans with both copies, each below what is open."""
    code = """
import sys
old = tracer
for name in [name for name in sys.modules if name == "opentelemetry.trace" or name.startswith("opentelemetry.trace.")]:
    if name == "opentelemetry.trace" or EVERYTHING:
        del sys.modules[name]
import importlib
fresh = importlib.import_module("opentelemetry.trace")
tracer = fresh.get_tracer("again")

def handler(event, context):
    with tracer.start_as_current_span("new"):
        with old.start_as_current_span("old"):
            with tracer.start_as_current_span("newer"):
                return old is not tracer
"""
    for everything in (True, False):
        function = Function(PRELUDE + f"EVERYTHING = {everything}\n" + code, packages=API)
        layered = outcome(tmp_path / str(everything), function, aws)

        assert (layered.answers, layered.run.stderr) == ([True], b"")
        assert {node["name"] for node in walk(recorded_by_the_sdk(layered.sent))} == {"new", "old", "newer"}


# Where the function has chosen, nothing of ours: (code before the prelude, environment).
CHOSEN: dict[str, tuple[str, dict[str, str]]] = {
    "a provider": (CONFIGURED, {}),
    "a provider of the environment": (TRUTH, {"OTEL_PYTHON_TRACER_PROVIDER": "sdk_tracer_provider"}),
    "the API's own no-op": ("from opentelemetry import trace\ntrace.set_tracer_provider(trace.NoOpTracerProvider())\n", {}),
    "no SDK": ("", {"OTEL_SDK_DISABLED": "true"}),
    "without us": ("", {"XRAY_INSTRUMENT_DISABLE": "opentelemetry"}),
}


@pytest.mark.parametrize("name", CHOSEN)
def test_a_provider_of_the_functions_own_is_left_alone(name: str, tmp_path: Path, aws: AwsStub) -> None:
    """No subsegment of ours for its spans, no parent of ours for its roots, and what it sees is what it sees without us."""
    before, environment = CHOSEN[name]
    code = """
def handler(event, context):
    top = trace.get_current_span() is trace.INVALID_SPAN
    with tracer.start_as_current_span("work") as span:
        carrier = {}
        inject(carrier)
        return [top, span.is_recording(), type(span).__module__, "traceparent" in carrier, getattr(span, "parent", None)]
"""
    layered, bare = (
        outcome(tmp_path, Function(before + PRELUDE + code, environment, packages=SDK, layered=layered), aws)
        for layered in (True, False)
    )

    assert (layered.answers, layered.run.stdout, layered.run.stderr) == (bare.answers, bare.run.stdout, bare.run.stderr)
    assert recorded_by_the_sdk(layered.sent) == []


def test_a_provider_that_is_set_later_wins_at_once(tmp_path: Path, aws: AwsStub) -> None:
    """From then on the tracers that are there already are its own; what was begun before is ended in our tree."""
    code = """
def handler(event, context):
    with tracer.start_as_current_span("before") as before:
        trace.set_tracer_provider(provider)
        with tracer.start_as_current_span("after") as after:
            same = after.parent == before.get_span_context()
    return [same, trace.get_current_span() is trace.INVALID_SPAN]
"""
    layered = outcome(tmp_path, Function(TRUTH + PRELUDE + code + WITH_SPANS, packages=SDK), aws)
    [[answer, spans]] = answers(layered)

    assert (answer, [span["name"] for span in spans]) == ([True, True], ["after"])
    assert [names(tree) for tree in recorded_by_the_sdk(layered.sent)] == [["before"]]


def test_an_sdk_that_is_there_and_not_set(tmp_path: Path, aws: AwsStub) -> None:
    """The API's spans are ours; a provider that is used without being set has roots of its own, as without us."""
    code = """
own = provider.get_tracer("own")
def handler(event, context):
    with own.start_as_current_span("theirs") as theirs:
        pass
    with tracer.start_as_current_span("ours"):
        return theirs.parent
"""
    layered = outcome(tmp_path, Function(TRUTH + PRELUDE + code + WITH_SPANS, packages=SDK), aws)
    [[answer, spans]] = answers(layered)

    assert (answer, [(span["name"], span["parent_id"]) for span in spans]) == (None, [("theirs", None)])
    assert [names(tree) for tree in recorded_by_the_sdk(layered.sent)] == [["ours"]]


INSTRUMENT = "from opentelemetry.instrumentation.botocore import BotocoreInstrumentor\n"
# (before the prelude, how it is instrumented, who records the call)
INSTRUMENTATIONS = {
    "no provider": ("", "BotocoreInstrumentor().instrument()", "us"),
    "a provider": (CONFIGURED, "BotocoreInstrumentor().instrument()", "them"),
    "a provider of its own": (TRUTH, "BotocoreInstrumentor().instrument(tracer_provider=provider)", "them"),
}


@pytest.mark.parametrize("name", INSTRUMENTATIONS)
def test_an_aws_call_is_recorded_once(name: str, tmp_path: Path, aws: AwsStub) -> None:
    """By us where OpenTelemetry's instrumentation has nobody to record for, with our header; else by that, and ours stands back."""
    before, instrument, recorder = INSTRUMENTATIONS[name]
    code = AWS + "\ndef handler(event, context):\n    with tracer.start_as_current_span('around'):\n        return load()\n"
    function = Function(before + INSTRUMENT + instrument + "\n" + PRELUDE + code, packages=INSTRUMENTED)
    layered = outcome(tmp_path, function, aws)
    ours = [node for node in walk(compiled(layered.sent)) if node.get("namespace") == "aws"]
    [request] = layered.requests
    header = request.all_headers("X-Amzn-Trace-Id")

    assert (layered.answers, layered.run.stderr) == ([200], b"")
    if recorder == "us":
        [call] = ours
        assert [names(tree) for tree in recorded_by_the_sdk(layered.sent)] == [["around", ["DynamoDB"]]]
        assert header == [SAMPLED.replace(PARENT, call["id"])]
    else:
        assert ours == []
        assert len(header) == 1


def test_unsampled_the_request_is_the_one_without_us(tmp_path: Path, aws: AwsStub) -> None:
    """The header of an AWS call in a span, with OpenTelemetry's instrumentation and without a provider."""
    code = AWS + "\ndef handler(event, context):\n    with tracer.start_as_current_span('around'):\n        return load()\n"
    function = Function(INSTRUMENT + "BotocoreInstrumentor().instrument()\n" + PRELUDE + code, packages=INSTRUMENTED)
    layered = outcome(tmp_path, function, aws, [Invocation(trace_header=UNSAMPLED)])

    assert ([request.all_headers("X-Amzn-Trace-Id") for request in layered.requests], layered.sent) == ([[UNSAMPLED]], [])


# The API's releases, each on a Python of its time: what changed is how its no-op and its context managers are made.
RELEASES = {
    "3.10": ("opentelemetry-api==1.15.0", "deprecated==1.2.14", "wrapt==1.14.1", "setuptools==69.5.1"),
    "3.11": ("opentelemetry-api==1.20.0", "deprecated==1.2.14", "wrapt==1.15.0", "importlib-metadata==6.8.0", "zipp==3.17.0"),
    "3.12": ("opentelemetry-api==1.27.0", "deprecated==1.2.14", "wrapt==1.16.0", "importlib-metadata==8.4.0", "zipp==3.17.0"),
    "3.13": ("opentelemetry-api==1.33.0", "deprecated==1.2.18", "wrapt==1.17.3", "importlib-metadata==8.6.1", "zipp==3.21.0"),
    "3.14": ("opentelemetry-api==1.45.2", TYPING),
}


@pytest.mark.parametrize("version", RELEASES)
def test_every_release_of_the_api(version: str, tmp_path: Path, aws: AwsStub) -> None:
    """Spans, context, parents, exceptions and propagation; then unsampled: what it answers and logs is as without us."""
    code = """
@tracer.start_as_current_span("outer")
def outer():
    with tracer.start_as_current_span("inner") as span:
        span.set_attribute("article", "book")
        raise ValueError("sold out")

def handler(event, context):
    carrier = {}
    with tracer.start_as_current_span("injects"):
        inject(carrier)
    if event:
        print(len(carrier))
    outer()
"""
    events = [Invocation(), Invocation(1, trace_header=UNSAMPLED)]
    layered, bare = (
        outcome(tmp_path, Function(PRELUDE + code, version=version, packages=RELEASES[version], layered=one), aws, events)
        for one in (True, False)
    )
    injects, outer = recorded_by_the_sdk(layered.sent)
    [inner] = outer["subsegments"]

    assert comparable(layered.answers) == comparable(bare.answers)
    assert comparable(layered.run.stdout) == comparable(bare.run.stdout)
    assert comparable(layered.run.stderr) == comparable(bare.run.stderr)
    assert (names(injects), names(outer)) == (["injects"], ["outer", ["inner"]])
    assert (inner["annotations"], document(inner)["cause"]) == ({"article": "book"}, [["ValueError", "sold out", ["outer"]]])
