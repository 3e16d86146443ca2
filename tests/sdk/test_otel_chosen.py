"""OpenTelemetry's spans beside what the function has chosen itself: a provider, an instrumentation of AWS calls, a release, odd values."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from tests.aws.guests import Function, outcome
from tests.kit import layer
from tests.kit.aws_stub import AwsStub
from tests.kit.collector import compiled, walk
from tests.kit.runtime_api import PARENT, SAMPLED, UNSAMPLED, Invocation
from tests.sdk.otel_programs import CONFIGURED, PRELUDE, TRUTH, WITH_SPANS
from tests.sdk.programs import AWS
from tests.sdk.test_otel import API, SDK, TYPING, answers
from tests.sdk.trees import comparable, document, names, recorded_by_the_sdk

INSTRUMENTED = (
    *SDK, "opentelemetry-instrumentation==0.66b2", "opentelemetry-instrumentation-botocore==0.66b2", "wrapt==2.0.1", "packaging==25.0",
)  # fmt: skip
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


def test_an_sdk_that_is_not_set_continues_lambdas_trace(tmp_path: Path, aws: AwsStub) -> None:
    """The propagator that reads the trace from the environment finds no span of ours in its way, and injects one all the same."""
    code = """
from opentelemetry.propagators.aws.aws_xray_propagator import AwsXRayLambdaPropagator
own, propagator = provider.get_tracer("own"), AwsXRayLambdaPropagator()
def handler(event, context):
    with own.start_as_current_span("theirs", context=propagator.extract({})) as theirs:
        parent = "%032x %016x" % (theirs.parent.trace_id, theirs.parent.span_id)
    carrier = {}
    propagator.inject(carrier)
    return [parent, *carrier]
"""
    bare, layered = (outcome(tmp_path, Function(TRUTH + PRELUDE + code, packages=SDK, layered=one), aws) for one in (False, True))
    trace, parent = SAMPLED.split(";")[0].removeprefix("Root=1-").replace("-", ""), PARENT

    assert bare.answers == [[f"{trace} {parent}"]]
    assert layered.answers == [[f"{trace} {parent}", "X-Amzn-Trace-Id"]]


def test_an_sdks_logs_and_metrics_are_what_they_are_without_us(tmp_path: Path, aws: AwsStub) -> None:
    """Outside of spans, log records have no trace and metrics no exemplars; in a span of ours, both have its ids."""
    code = """
import logging
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler, LogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry import trace
seen, reader = [], InMemoryMetricReader()
class Keep(LogRecordProcessor):
    def on_emit(self, record):
        seen.append("%x" % record.log_record.trace_id)
    def shutdown(self):
        pass
    def force_flush(self, timeout_millis=0):
        return True
logs = LoggerProvider()
logs.add_log_record_processor(Keep())
log = logging.getLogger("shop")
log.propagate = False
log.addHandler(LoggingHandler(logger_provider=logs))
counter = MeterProvider([reader]).get_meter("shop").create_counter("sold")

def exemplars():
    counter.add(1)
    [point] = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics[0].data.data_points
    return ["%x" % each.trace_id for each in point.exemplars]

def handler(event, context):
    log.warning("outside")
    outside = exemplars()
    with trace.get_tracer("shop").start_as_current_span("work"):
        log.warning("inside")
        return [seen, outside, exemplars()]
"""
    bare, layered = (outcome(tmp_path, Function(code, packages=SDK, layered=one), aws) for one in (False, True))
    trace = SAMPLED.split(";")[0].removeprefix("Root=1-").replace("-", "")

    assert bare.answers == [[["0", "0"], [], []]]
    assert layered.answers == [[["0", trace], [], [trace]]]


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


def test_opentelemetry_instrument_before_us(tmp_path: Path, aws: AwsStub) -> None:
    """Started by it, both are there: its spans and its header are as without us, in the same trace, and no call is shown by both."""
    code = """
import os, sys
from opentelemetry.propagators.aws import AwsXRayPropagator
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(exporter))
def handler(event, context):
    lambdas = AwsXRayPropagator().extract({"X-Amzn-Trace-Id": os.environ["_X_AMZN_TRACE_ID"]})
    with tracer.start_as_current_span("work", context=lambdas):
        load()
    found = {span.name: span for span in exporter.get_finished_spans()}
    work, call = found["work"], found["DynamoDB.GetItem"]
    ours = [folder for folder in os.environ["PYTHONPATH"].split(":") if "xray" in folder]
    return ["%x %x" % (work.parent.trace_id, work.parent.span_id), call.parent == work.context, ours]
"""
    start = "from opentelemetry.instrumentation.auto_instrumentation import run; run()"
    runs = []
    for layered in (False, True):
        wrapper = tmp_path / "both"
        ours = layer.unpacked() / "xray-instrument" if layered else ""
        wrapper.write_text(f'#!/bin/sh\nexport PYTHONPATH="$LAMBDA_TASK_ROOT"\nexec "$1" -c "{start}" {ours} "$@"\n')
        wrapper.chmod(0o755)
        chosen = {"OTEL_PYTHON_TRACER_PROVIDER": "sdk_tracer_provider", "AWS_LAMBDA_EXEC_WRAPPER": str(wrapper)}
        aws.clear()
        runs.append(outcome(tmp_path / str(layered), Function(TRUTH + PRELUDE + AWS + code, chosen, packages=INSTRUMENTED), aws))
    alone, both = runs
    trace, parent = SAMPLED.split(";")[0].removeprefix("Root=1-").replace("-", ""), PARENT

    assert (both.answers, both.run.stdout, both.run.stderr) == (alone.answers, alone.run.stdout, alone.run.stderr)
    assert both.answers == [[f"{trace} {parent}", True, []]]
    assert [request.all_headers("X-Amzn-Trace-Id") for request in both.requests] == [
        request.all_headers("X-Amzn-Trace-Id") for request in alone.requests
    ]
    assert alone.sent == []
    assert [(tree["name"], tree["parent_id"]) for tree in compiled(both.sent)] == [
        ("app.handler init", PARENT),
        ("app.handler", PARENT),
    ]
    assert recorded_by_the_sdk(both.sent) == []


def test_unsampled_the_request_is_the_one_without_us(tmp_path: Path, aws: AwsStub) -> None:
    """The header of an AWS call in a span, with OpenTelemetry's instrumentation and without a provider."""
    code = AWS + "\ndef handler(event, context):\n    with tracer.start_as_current_span('around'):\n        return load()\n"
    function = Function(INSTRUMENT + "BotocoreInstrumentor().instrument()\n" + PRELUDE + code, packages=INSTRUMENTED)
    layered = outcome(tmp_path, function, aws, [Invocation(trace_header=UNSAMPLED)])

    assert ([request.all_headers("X-Amzn-Trace-Id") for request in layered.requests], layered.sent) == ([[UNSAMPLED]], [])


# The API's releases, each on a Python of its time: what changed is how its no-op and its context managers are made.
RELEASES = {
    "3.10": ("opentelemetry-api==1.12.0", "deprecated==1.2.14", "wrapt==1.14.1", "setuptools==69.5.1"),
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


@pytest.mark.parametrize("version", RELEASES)
def test_every_release_with_the_others(version: str, tmp_path: Path, aws: AwsStub) -> None:
    """Spans, the X-Ray SDK's subsegments and the helper's, in every order, and each twice: each is below the one before."""
    code = """
import contextlib, itertools
from aws_xray_sdk.core import xray_recorder
from xray_instrument_helper import subsegment
make = {"h": subsegment, "o": tracer.start_as_current_span, "x": xray_recorder.in_subsegment}
def handler(event, context):
    for order in itertools.permutations("hox"):
        with contextlib.ExitStack() as stack:
            for name in order + order[::-1]:
                stack.enter_context(make[name](name))
    return trace.get_current_span().is_recording()
"""
    layered = outcome(tmp_path, Function(PRELUDE + code, version=version, packages=RELEASES[version]), aws)
    expected: list[list[Any]] = []
    for order in itertools.permutations("hox"):
        tree: list[Any] = []
        for name in order + order[::-1]:
            tree = [name, tree] if tree else [name]
        expected.append(tree)

    assert (layered.answers, layered.run.stderr) == ([True], b"")
    assert [names(tree) for tree in recorded_by_the_sdk(layered.sent)] == expected


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
