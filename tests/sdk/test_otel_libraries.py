"""Libraries that OpenTelemetry's instrumentations observe through the API, where no SDK is there: their spans are in our tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.aws.guests import Function, Outcome, outcome
from tests.kit.aws_stub import AwsStub
from tests.kit.collector import compiled, walk
from tests.kit.runtime_api import PARENT, ROOT, SAMPLED
from tests.sdk.otel_libraries import (
    AIOBOTOCORE_BELOW,
    API,
    AROUND,
    ASKS_TWICE,
    AWS_BELOW,
    HTTP,
    HTTP_CLIENTS,
    INSTRUMENTED,
    PATCHED,
    PROPAGATORS,
    REDIS,
    SERVED,
    SERVERS,
    instrumentations,
)
from tests.sdk.trees import comparable, document, names, recorded_by_the_sdk


def both(root: Path, code: str, packages: tuple[str, ...], aws: AwsStub, **environment: str) -> tuple[Outcome, Outcome]:
    """The function without us, and with."""
    runs = []
    for layered in (False, True):
        aws.clear()
        runs.append(outcome(root, Function(code, environment, packages=packages, layered=layered), aws))
    return runs[0], runs[1]


@pytest.mark.parametrize("name", SERVERS)
def test_what_serves_answers_as_without_us(name: str, tmp_path: Path, aws: AwsStub) -> None:
    """Whoever meets a span that is recording asks it for what an SDK's has: the same answers and logs, and a span for each request."""
    code, packages, expected = SERVERS[name]
    # With this, ASGI's looks for headers, too, which it does for spans of kind SERVER.
    bare, layered = both(tmp_path, code, packages, aws, OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST="x-customer")

    assert bare.answers == layered.answers
    assert comparable(layered.run.stdout) == comparable(bare.run.stdout)
    assert (layered.run.stderr, bare.run.stderr) == (b"", b"")
    assert [names(tree) for tree in recorded_by_the_sdk(layered.sent)] == expected


def test_http_clients_propagate_the_call_that_they_make(tmp_path: Path, aws: AwsStub) -> None:
    """Each request is one remote subsegment, named as its server, and the request's traceparent has that one's id."""
    bare, layered = both(tmp_path, HTTP_CLIENTS, HTTP, aws)
    [[bare_answers, bare_got]], [[answers, got]] = both_answers(bare, layered)
    [around] = recorded_by_the_sdk(layered.sent)
    calls = around["subsegments"]
    paths = ["/requests", "/urllib3", "/urllib", "/httpx", "/later", "/missing"]

    assert answers == bare_answers == [200, 200, 200, 200, 200, 404]
    assert bare_got == [[path, ""] for path in paths]
    hexadecimal = ROOT.replace("-", "")[1:]
    assert got == [[path, f"00-{hexadecimal}-{call['id']}-01"] for path, call in zip(paths, calls, strict=True)]
    assert [(call["name"], call["namespace"], call["http"]["response"]["status"]) for call in calls] == [
        ("127.0.0.1", "remote", status) for status in answers
    ]
    assert [call.get("error", False) for call in calls] == [status == 404 for status in answers]


def both_answers(bare: Outcome, layered: Outcome) -> tuple[list[Any], list[Any]]:
    """What the function returned, without us and with."""
    return list(bare.answers), list(layered.answers)


def test_an_aws_call_is_not_an_http_call_as_well(tmp_path: Path, aws: AwsStub) -> None:
    """urllib3's instrumentation sees botocore's requests: the call is shown once, by us, and no header of OpenTelemetry's is on it."""
    bare, layered = both(tmp_path, AWS_BELOW, (*API, *instrumentations("urllib3")), aws, OTEL_PROPAGATORS="tracecontext,baggage")
    [request] = layered.requests
    [call] = [node for node in walk(compiled(layered.sent)) if node.get("namespace")]

    assert bare.answers == layered.answers == [200]
    assert [names(tree) for tree in recorded_by_the_sdk(layered.sent)] == [["around", ["DynamoDB"]]]
    assert request.all_headers("traceparent") == []
    assert request.all_headers("X-Amzn-Trace-Id") == [SAMPLED.replace(PARENT, call["id"])]


def test_redis(tmp_path: Path, aws: AwsStub) -> None:
    """Commands and pipelines are remote subsegments; a command that fails has its cause."""
    bare, layered = both(tmp_path, REDIS, (*API, *instrumentations("redis"), "redis==5.2.1"), aws)
    [around] = recorded_by_the_sdk(layered.sent)
    pipeline, failed, got = map(document, around["subsegments"])

    assert bare.answers == layered.answers == [["book", "unknown command"]]
    assert (layered.run.stdout, layered.run.stderr) == (bare.run.stdout, bare.run.stderr) == (b"", b"")
    assert [(call["name"], call["namespace"], call["annotations"]["db_statement"]) for call in (pipeline, failed, got)] == [
        ("127.0.0.1", "remote", "SET ? ?\nGET ?"),
        ("127.0.0.1", "remote", "FAIL"),
        ("127.0.0.1", "remote", "GET ?"),
    ]
    assert (failed["fault"], [step[:2] for step in failed["cause"]]) == (True, [["ResponseError", "unknown command"]])


@pytest.mark.parametrize("name", AROUND)
def test_what_surrounds_work(name: str, tmp_path: Path, aws: AwsStub) -> None:
    """Instrumentations of threads, of logging, of the handler, of a database; metrics and logs: one tree, all else as without us."""
    code, packages, expected = AROUND[name]
    bare, layered = both(tmp_path, code, packages, aws)

    assert bare.answers == layered.answers
    assert comparable(layered.run.stdout) == comparable(bare.run.stdout)
    assert (layered.run.stderr, bare.run.stderr) == (b"", b"")
    assert [names(tree) for tree in recorded_by_the_sdk(layered.sent)] == expected


def test_concurrent_aws_calls_are_not_http_calls_as_well(tmp_path: Path, aws: AwsStub) -> None:
    """aiohttp's instrumentation sees aiobotocore's requests: each call is shown once, by us."""
    packages = (*API, *instrumentations("aiohttp-client"))
    layered = outcome(tmp_path, Function(AIOBOTOCORE_BELOW, packages=packages, vendor=True), aws)
    trees = sorted(recorded_by_the_sdk(layered.sent), key=lambda tree: str(tree["name"]))

    assert (layered.answers, layered.run.stderr) == ([[200, 200]], b"")
    assert [names(tree) for tree in trees] == [["one", ["DynamoDB"]], ["two", ["DynamoDB"]]]
    assert [request.all_headers("traceparent") for request in layered.requests] == [[], []]


def test_chosen_propagators(tmp_path: Path, aws: AwsStub) -> None:
    """OTEL_PROPAGATORS and OTEL_PYTHON_CONTEXT: X-Ray's and W3C's headers name the open span, which is sampled; baggage goes along."""
    chosen = {"OTEL_PROPAGATORS": "xray,tracecontext,baggage", "OTEL_PYTHON_CONTEXT": "contextvars_context"}
    packages = (*API, "opentelemetry-propagator-aws-xray==1.0.2")
    layered = outcome(tmp_path, Function(PROPAGATORS, chosen, packages=packages), aws)
    own, asked = trees = recorded_by_the_sdk(layered.sent)
    hexadecimal = ROOT.replace("-", "")[1:]

    def headers(span_id: str, baggage: str) -> dict[str, str]:
        return {
            "X-Amzn-Trace-Id": f"Root={ROOT};Parent={span_id};Sampled=1",
            "traceparent": f"00-{hexadecimal}-{span_id}-01",
            "baggage": baggage,
        }

    assert layered.answers == [[headers(own["id"], "customer=c-1"), headers(asked["id"], "plan=gold")]]
    assert [names(tree) for tree in trees] == [["own"], ["asked by somebody who is not sampled"]]
    assert asked["metadata"]["otel"]["parent"] == {"trace_id": "1-11111111-" + "1" * 24, "span_id": "2" * 16}


@pytest.mark.parametrize("order", [PATCHED + INSTRUMENTED, INSTRUMENTED + PATCHED], ids=["patched first", "instrumented first"])
def test_a_request_that_the_xray_sdk_sees_too(order: str, tmp_path: Path, aws: AwsStub) -> None:
    """It is shown once, by the SDK, as without us; one in a subsegment of the function's own is shown in that."""
    bare, layered = (
        outcome(tmp_path, Function(SERVED + order + ASKS_TWICE, packages=HTTP, vendor=True, layered=one), aws)
        for one in (False, True)
    )
    expected = [["around", ["127.0.0.1"], ["127.0.0.1"]], ["by hand", ["127.0.0.1"]]]

    assert bare.answers == layered.answers == [3]
    assert (layered.run.stdout, layered.run.stderr) == (bare.run.stdout, bare.run.stderr)
    assert [names(tree) for tree in recorded_by_the_sdk(layered.sent)] == expected
    assert [names(tree) for tree in recorded_by_the_sdk(bare.sent)] == [["127.0.0.1"], ["127.0.0.1"], expected[1]]
