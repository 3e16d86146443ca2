"""Documents that pass the check but contradict themselves or each other: nothing that is computed from them may fail."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.local.core.making import TRACE, eid
from xray_local.documents import BadDocumentError, parse
from xray_local.graph import contribution, merge
from xray_local.graph import to_api as graph_to_api
from xray_local.model import Document
from xray_local.summary import summarise
from xray_local.summary import to_api as summary_to_api
from xray_local.trace import compile_trace

# Few ids, so that documents meet as parents, children, duplicates and circles.
IDS = st.integers(1, 6).map(eid)
ODD = [None, True, 0, -1, 7, 10**400, 1.5, 1.7e308, "", "x", "\udce9", [], [7], ["x", None], {}, {"a": [None]}]
ANY = st.sampled_from(ODD)


def some(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    """An object with some of these fields, of any kind."""
    return st.dictionaries(st.sampled_from(names), ANY, max_size=len(names))


HTTP = st.fixed_dictionaries(
    {},
    optional={
        "request": some("method", "url", "user_agent", "client_ip", "traced", "x_forwarded_for") | ANY,
        "response": some("status", "content_length") | ANY,
    },
)
RESERVED = [f"aws.xray.reserved.{name}" for name in ("names", "type", "reference_type", "received_event_end_time")]
LINKS = st.lists(
    ANY
    | st.fixed_dictionaries({"attributes": some(*RESERVED) | st.just(dict.fromkeys(RESERVED, "child"))})
    | st.builds(
        lambda names, received: {"attributes": {RESERVED[0]: names, RESERVED[2]: "child", RESERVED[3]: received}},
        st.lists(st.text(max_size=3), max_size=2),
        ANY,
    ),
    max_size=2,
)
AWS = some(
    "operation",
    "table_name",
    "table_names",
    "bucket_name",
    "queue_url",
    "topic_arn",
    "function_name",
    "function_arn",
    "account_id",
    "resource_names",
    "ec2",
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "trace_id": st.just(TRACE),
    "type": st.sampled_from(["subsegment", "segment", 7]),
    "parent_id": IDS,
    "inferred": st.booleans(),
    "in_progress": st.booleans(),
    "namespace": st.sampled_from(["aws", "remote", "local", ""]),
    "origin": st.sampled_from(["AWS::Lambda", "AWS::Lambda::Function", ""]),
    "error": st.booleans(),
    "fault": st.booleans(),
    "throttle": st.booleans(),
    "http": HTTP,
    "aws": AWS,
    "sql": some("url"),
    "cause": st.just(eid(1)) | st.fixed_dictionaries({"exceptions": ANY | st.lists(some("type", "message"))}),
    "annotations": st.dictionaries(st.text(max_size=3), ANY, max_size=3),
    "metadata": some("default"),
    "links": LINKS,
    "user": st.text(max_size=2),
    "service": some("version"),
    "precursor_ids": st.lists(ANY, max_size=2),
}
TIMES = st.integers(0, 20) | st.floats(0, 20)


def entity(below: st.SearchStrategy[Any] | None) -> st.SearchStrategy[Document]:
    """A segment or subsegment with any of the fields."""
    required = {
        "id": IDS,
        "name": st.sampled_from(["s3", "lambda", "DynamoDB", "\udce9", "a?"]),
        "start_time": TIMES,
        "end_time": TIMES,
    }
    parts = {"subsegments": st.lists(below, max_size=3)} if below is not None else {}
    return st.fixed_dictionaries(required, optional={**FIELDS, **parts})


ENTITIES = entity(entity(entity(None)))
DOCUMENTS = st.lists(ENTITIES.map(lambda document: {"trace_id": TRACE, **document}), max_size=4)

MODEL = botocore.session.get_session().get_service_model("xray")
SHAPES = {name: MODEL.operation_model(name).output_shape for name in ("GetTraceSummaries", "GetServiceGraph")}


def accepted(documents: list[Document]) -> list[Document]:
    """Those that pass the check."""
    passed = []
    for document in documents:
        try:
            passed.append(parse(json.dumps(document)))
        except BadDocumentError as reason:
            assert str(reason)  # noqa: PT017
    return passed


@given(DOCUMENTS)
@settings(max_examples=120, deadline=None)
def test_whatever_passes_is_shown(documents: list[Document]) -> None:
    """What is accepted compiles to a trace that holds every id but that of inferred ones, sums up, draws, and is valid JSON and UTF-8."""
    passed = accepted(documents)

    trace = compile_trace(TRACE, passed)
    summary = summary_to_api(summarise(trace))
    graph = graph_to_api(merge([contribution(trace)]), 0, 100)

    text = json.dumps([trace.segments, trace.notices, summary, graph], allow_nan=False, ensure_ascii=False)
    assert text.encode()
    answers = {"GetTraceSummaries": {"TraceSummaries": [summary]}, "GetServiceGraph": graph}
    assert [ParamValidator().validate(answer, SHAPES[name]).generate_report() for name, answer in answers.items()] == ["", ""]
    assert [
        document["id"] for document in passed if not document.get("inferred") and f'"id": "{document["id"]}"' not in text
    ] == []


@given(DOCUMENTS)
@settings(max_examples=60, deadline=None)
def test_compiling_again(documents: list[Document]) -> None:
    """A compiled trace is taken again as it is, and has the same segments."""
    trace = compile_trace(TRACE, accepted(documents))

    again = compile_trace(TRACE, [parse(json.dumps(segment)) for segment in trace.segments])

    assert again.segments == trace.segments
