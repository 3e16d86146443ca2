"""Traces as X-Ray returns them, rule by rule."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.local.core.making import TRACE, apart, call, compiled, eid, embedded, segment, shuffled, subsegment
from xray_local.inferred import inferred_id
from xray_local.model import CompiledTrace, Document
from xray_local.trace import MAX_DEPTH, compile_trace


def test_parts_in_any_order() -> None:
    """A segment, two subsegments and a grandchild, sent one by one in each of the 24 orders, give one and the same trace."""
    parts = [segment(1), subsegment(2, 1), subsegment(3, 1, start=105, end=106), subsegment(4, 3, "inner", 105, 106)]

    traces = [compiled(*order) for order in itertools.permutations(parts)]

    inner = embedded(4, "inner", 105, 106)
    whole = segment(1, subsegments=[embedded(2), embedded(3, start=105, end=106, subsegments=[inner])])
    assert traces[0] == CompiledTrace(TRACE, [whole], [], 100.0, 110.0, 10, eid(1), partial=False)
    assert all(trace == traces[0] for trace in traces)


def test_complete_replaces_in_progress() -> None:
    """The complete document of an id stands, whichever came first, and keeps the parts that came with the other."""
    early = segment(1, end=None, subsegments=[embedded(2)])
    late = segment(1, end=110, user="ana")

    assert compiled(early, late) == compiled(late, early)
    assert compiled(early, late).segments == [segment(1, user="ana", subsegments=[embedded(2)])]


def test_the_later_of_two_in_progress() -> None:
    """A sender that tells more while the work goes on is shown with what it said last."""
    assert compiled(segment(1, end=None), segment(1, end=None, user="ana")).segments == [segment(1, end=None, user="ana")]


def test_in_progress() -> None:
    """What is in progress has no end and is said; the trace lasts as long as what is known of it."""
    trace = compiled(
        segment(1, end=None, end_time=105), subsegment(2, 1, start=101, end=104), subsegment(3, 1, "slow", 102, None)
    )

    below = [embedded(2, end=104), embedded(3, "slow", 102, None)]
    assert trace.segments == [segment(1, end=None, subsegments=below)]
    assert (trace.partial, trace.duration, trace.end_time) == (True, 5, 105.0)
    assert trace.notices == ["Still in progress: shop, slow"]


def test_work_behind_the_segments_end() -> None:
    """A trace lasts until its last activity ends, also where that is a part that outlives its segment."""
    outlives = segment(1, end=102, subsegments=[embedded(2, start=101, end=107, subsegments=[embedded(3, start=108, end=109)])])

    assert (compiled(outlives).duration, compiled(outlives).end_time) == (9, 109.0)


def test_the_later_of_two_complete_ones() -> None:
    """X-Ray takes one complete document; of two different ones the later stands and it is said, of two equal ones nothing is."""
    assert compiled(segment(1, user="a"), segment(1, user="b")).segments == [segment(1, user="b")]
    assert compiled(segment(1, user="a"), segment(1, user="b")).notices == [
        "X-Ray takes one complete document for each id; sent again, with other contents: shop"
    ]
    assert compiled(segment(1), segment(1)).notices == []


def test_one_id_for_two_things() -> None:
    """A segment stands before a subsegment of the same id, in any order, and it is said."""
    documents = [segment(1), subsegment(2, 1, "in it", subsegments=[embedded(1, "copy")])]

    trace = compiled(*documents)

    assert compiled(*reversed(documents)) == trace
    assert trace.segments == [segment(1, subsegments=[embedded(2, "in it")])]
    assert trace.notices == ["A segment has the same id, so they are left out: copy"]


def test_fields_as_x_ray_writes_them() -> None:
    """Names are canonical, resources are named, the order is X-Ray's; type, unknown fields, null and false progress go."""
    sent = {"type": "subsegment", "trace_id": TRACE, "parent_id": eid(1), "in_progress": False, "color": "red", "user": None}
    sent |= embedded(2, "dynamodb", namespace="aws", aws={"operation": "PutItem", "table_name": "orders"})
    trace = compiled(segment(1, color="red", aws={"account_id": "1"}), sent)

    ((parent, _inferred),) = [trace.segments]
    aws = {"operation": "PutItem", "table_name": "orders", "resource_names": ["orders"]}
    assert parent == segment(1, aws={"account_id": "1"}, subsegments=[embedded(2, "DynamoDB", namespace="aws", aws=aws)])
    assert list(parent) == ["id", "name", "start_time", "trace_id", "end_time", "aws", "subsegments"]
    assert list(parent["subsegments"][0]) == ["id", "name", "start_time", "end_time", "aws", "namespace"]


RESOURCES: list[tuple[str, dict[str, Any], list[str] | None]] = [
    ("s3", {"bucket_name": "photos", "key": "a"}, ["photos"]),
    ("sns", {"topic_arn": "arn:aws:sns:eu-west-1:1:news"}, ["arn:aws:sns:eu-west-1:1:news"]),
    ("lambda", {"function_name": "pay"}, ["pay"]),
    ("sqs", {"queue_url": "https://sqs/1/jobs"}, ["https://sqs/1/jobs"]),
    ("dynamodb", {"table_names": ["a", "b", 3]}, ["a", "b"]),
    ("dynamodb", {"table_name": "a", "resource_names": ["b"]}, ["b"]),
    ("dynamodb", {"table_name": 7}, None),
    ("states", {"operation": "StartExecution"}, None),
]


@pytest.mark.parametrize(("name", "aws", "names"), RESOURCES)
def test_resource_names(name: str, aws: dict[str, Any], names: list[str] | None) -> None:
    """Each service's own field names its resource, unless the sender did, or sent nonsense."""
    parent = compiled(segment(1, subsegments=[call(2, name, aws=aws)])).segments[0]

    assert parent["subsegments"][0]["aws"].get("resource_names") == names


def test_wrong_details_are_left_out_and_said() -> None:
    """A detail of the wrong type costs that detail, not the segment."""
    http = {"request": {"url": "http://a", "method": 7, "custom": 1}, "response": {"status": 200, "content_length": "2"}}
    annotations = {"good": 1, "true": True, "list": [1], "nothing": None, "huge": 10**400}
    trace = compiled(segment(1, "a?b", http=http, annotations=annotations))

    good = {"request": {"url": "http://a", "custom": 1}, "response": {"status": 200}}
    assert trace.segments == [segment(1, "a?b", http=good, annotations={"good": 1, "true": True})]
    assert trace.notices == [
        "X-Ray does not allow some of the characters in these names: a?b",
        "X-Ray leaves out annotations that are no string, number or truth value: huge of a?b, list of a?b, nothing of a?b",
        "X-Ray leaves out what is of the wrong type in the http block of: a?b (2 times)",
    ]


def inferred(parent: int, name: str, **fields: object) -> Document:
    """The segment that X-Ray adds for a call."""
    return segment(1, name, 101, 102) | {"id": inferred_id(eid(parent)), "parent_id": eid(parent), "inferred": True} | fields


ORIGINS: list[tuple[str, dict[str, Any], str | None]] = [
    ("dynamodb", {"table_name": "t"}, "AWS::DynamoDB::Table"),
    ("dynamodb", {}, "AWS::DynamoDB"),
    ("S3", {"bucket_name": "b"}, "AWS::S3::Bucket"),
    ("sqs", {"queue_url": "q"}, "AWS::SQS::Queue"),
    ("SNS", {"topic_arn": "a"}, "AWS::SNS"),
    ("lambda", {"function_name": "f"}, "AWS::Lambda"),
    ("Events", {}, "AWS::Events"),
    ("states", {}, "AWS::states"),
]


@pytest.mark.parametrize(("name", "aws", "origin"), ORIGINS)
def test_inferred_origin(name: str, aws: dict[str, Any], origin: str) -> None:
    """The other side of an AWS call is a segment of its service's or resource's type."""
    _parent, other = compiled(segment(1, subsegments=[call(2, name, aws=aws)])).segments

    assert other["origin"] == origin


def test_inferred_copies_the_call() -> None:
    """An inferred segment shows what the caller saw: times, request, flags; no exceptions, no annotations, no parts."""
    fields: dict[str, Any] = {"http": {"response": {"status": 429}}, "error": True, "throttle": True}
    more: dict[str, Any] = {"annotations": {"a": 1}, "cause": {"exceptions": []}, "subsegments": [embedded(3)]}
    trace = compiled(segment(1, subsegments=[embedded(2, "api.shop", namespace="remote", **fields, **more)]))

    assert trace.segments[1] == inferred(2, "api.shop", **fields)


def test_what_is_no_call() -> None:
    """A segment that has a namespace calls nobody, and a subsegment that says that it is inferred is none; both fields go."""
    trace = compiled(segment(1, namespace="aws"), subsegment(3, 2, inferred=True))

    assert trace.segments == [segment(1), subsegment(3, 2)]


@pytest.mark.parametrize("number", range(2, 12))
def test_real_before_inferred(number: int) -> None:
    """Of segments that start together the real ones come first, whatever the ids."""
    trace = compiled(segment(2**64 - 1, start=101, subsegments=[call(number, "s3")]))

    assert ["inferred" in found for found in trace.segments] == [False, True]


def test_inferred_sql() -> None:
    """A call with SQL leads to a database."""
    sql = {"sanitized_query": "select ?"}
    trace = compiled(segment(1, subsegments=[embedded(2, "db@host", namespace="remote", sql=sql)]))

    assert trace.segments[1] == inferred(2, "db@host", sql=sql, origin="Database::SQL")


def test_real_segments_claim_their_call() -> None:
    """No segment is inferred where a real one came, in any order; nor for subsegments that call nobody."""
    caller = segment(1, subsegments=[call(2, "lambda"), embedded(4), embedded(5, namespace="local")])
    callee = segment(3, "pay", 101, 102, parent_id=eid(2), origin="AWS::Lambda")

    assert compiled(caller, callee) == compiled(callee, caller)
    assert [found["id"] for found in compiled(caller, callee).segments] == [eid(1), eid(3)]


def test_inferred_that_was_sent() -> None:
    """An export of X-Ray's keeps its inferred segments, until a real one claims the call."""
    caller = segment(1, subsegments=[call(2, "Lambda")])
    other = inferred(2, "Lambda", id=eid(9), origin="AWS::Lambda")
    callee = segment(3, "pay", 101, 102, parent_id=eid(2), origin="AWS::Lambda")

    assert compiled(caller, other).segments == [caller, other]
    assert compiled(other, caller, callee).segments == [caller, callee]


def test_links_are_kept() -> None:
    """Links between traces stay where they are."""
    links = [{"trace_id": TRACE, "id": eid(7), "attributes": {"aws.xray.reserved.reference_type": "child"}}]

    assert compiled(segment(1, subsegments=[embedded(2, links=links)])).segments == [
        segment(1, subsegments=[embedded(2, links=links)])
    ]


def link(number: int, trace: int = 1) -> Document:
    """A link to segment `number` of another trace."""
    return {"trace_id": f"1-5f84c7a5-{trace:024x}", "id": eid(number), "attributes": {}}


def test_links_that_come_later() -> None:
    """A document that comes again with links adds them to the known ones, in any order, and that is nothing to complain about."""
    documents = [segment(1, links=[link(7)]), segment(1), segment(1, links=[link(8)])]

    traces = [compiled(*order) for order in itertools.permutations(documents)]

    assert traces == [traces[0]] * 6
    assert (traces[0].segments, traces[0].notices) == ([segment(1, links=[link(7), link(8)])], [])


def test_links_beyond_x_rays_limits() -> None:
    """A segment with its parts keeps links to 20 traces, the whole trace 100 links; what is left out is said."""
    below = embedded(2, "send", links=[link(2, 1), *(link(number, number) for number in range(20, 30)), link(3, 1)])
    one = compiled(segment(1, links=[link(number, number) for number in range(15)], subsegments=[below]))
    many = compiled(
        segment(1, links=[link(number) for number in range(60)]), segment(2, links=[link(number) for number in range(60)])
    )

    (top,) = one.segments
    assert [len(found["links"]) for found in (top, top["subsegments"][0])] == [15, 7]
    assert top["subsegments"][0]["links"] == [
        link(2, 1),
        *(link(number, number) for number in range(20, 25)),
        link(3, 1),
    ]
    assert one.notices == ["X-Ray keeps links to 20 traces in a segment and 100 in all; left out at: send (5 times)"]
    assert [len(found["links"]) for found in many.segments] == [60, 40]
    assert many.notices == ["X-Ray keeps links to 20 traces in a segment and 100 in all; left out at: shop (20 times)"]


def test_orphans_stand_by_themselves() -> None:
    """Subsegments without their parent are shown, said, and below them is what belongs there; a late parent takes them in."""
    orphans = [subsegment(2, 1, "app.handler"), subsegment(3, 2, "inner"), subsegment(4, 1, "init", 99, 100)]

    trace = compiled(*orphans)

    handler = subsegment(2, 1, "app.handler", subsegments=[embedded(3, "inner")])
    assert trace.segments == [subsegment(4, 1, "init", 99, 100), handler]
    assert trace.notices == [f"Their parent {eid(1)} has not arrived, so they stand by themselves: app.handler, init"]
    late = compiled(*orphans, segment(1))
    assert (late.notices, [found["id"] for found in late.segments]) == ([], [eid(1)])


def test_an_orphan_that_calls() -> None:
    """The other side of an orphan's call is inferred as well."""
    trace = compiled(subsegment(2, 1, "dynamodb", namespace="aws"))

    orphan = subsegment(2, 1, "DynamoDB", namespace="aws")
    assert [found for found in trace.segments if found != orphan] == [inferred(2, "DynamoDB", origin="AWS::DynamoDB")]


def test_missing_callers() -> None:
    """A segment whose caller is missing is the trace's root if there is no other, and that is said; as is a promise of a segment."""
    promise = embedded(2, "api", namespace="remote", http={"request": {"traced": True}})
    trace = compiled(segment(3, "pay", parent_id=eid(9), subsegments=[promise]))

    assert trace.root_id == eid(3)
    assert trace.notices == [
        f"Their caller {eid(9)} has not arrived: pay",
        "They say that the other side sends a segment, which has not arrived: api",
    ]
    assert compiled(segment(3, "pay", 90, parent_id=eid(9)), segment(1)).root_id == eid(1)


def test_circles_are_cut() -> None:
    """Subsegments that are each other's parents, or their own, are cut at the earliest; what hangs below stays there."""
    circle = [subsegment(2, 3, "b", 102, 103), subsegment(3, 2, "a", 101, 104), subsegment(4, 2, "leaf", 99, 100)]

    trace = compiled(*circle, subsegment(5, 5, "self", 105, 106))

    inner = embedded(2, "b", 102, 103, subsegments=[embedded(4, "leaf", 99, 100)])
    assert trace.segments == [subsegment(3, 2, "a", 101, 104, subsegments=[inner]), subsegment(5, 5, "self", 105, 106)]
    assert trace.notices == ["They are their own ancestors, so the chain was cut: a, self"]


def test_depth_has_a_limit() -> None:
    """A chain of 2,000 subsegments can still be written as JSON, and none of them is lost."""
    chain = [segment(1), *(subsegment(number, number - 1) for number in range(2, 2_002))]

    trace = compiled(*chain)

    text = json.dumps(trace.segments)
    assert text.count('"id"') == 2_001
    assert trace.notices == [
        f"Nested deeper than {MAX_DEPTH} levels, shown at the last of them: work ({2_000 - MAX_DEPTH} times)"
    ]


def test_nothing() -> None:
    """A trace without documents is empty."""
    assert compile_trace(TRACE, []) == CompiledTrace(TRACE, [], [], 0.0, 0.0, 0.0)


@st.composite
def traces(draw: st.DrawFn) -> list[Document]:
    """Random trees of segments and subsegments, some in progress, some calls claimed by other segments."""
    count = draw(st.integers(1, 25))
    tops: list[Document] = []
    everything: list[Document] = []
    for number in range(1, count + 1):
        start = draw(st.integers(100, 120))
        fields: dict[str, Any] = {"start": start, "end": draw(st.none() | st.integers(start, 130))}
        parent = draw(st.sampled_from([None, *everything]))
        if parent is None or draw(st.integers(0, 4)) == 0:
            document = segment(number, f"service {number % 3}", **fields)
            document |= {} if parent is None else {"parent_id": parent["id"]}
            tops.append(document)
        else:
            space = draw(st.sampled_from(["aws", "remote", "local"]))
            document = embedded(number, draw(st.sampled_from(["s3", "work"])), namespace=space, **fields)
            parent.setdefault("subsegments", []).append(document)
        everything.append(document)
    return tops


@given(traces(), st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_splitting_and_order_do_not_show(tops: list[Document], seed: int) -> None:
    """Any trace sent whole, and sent as single parts in any order, compiles to the same; every id is there once."""
    parts = [part for top in tops for part in apart(top)]

    trace = compiled(*tops)

    assert compiled(*shuffled(parts, seed)) == trace
    text = json.dumps(trace.segments)
    assert [text.count(f'"id": "{part["id"]}"') for part in parts] == [1] * len(parts)


@given(traces())
@settings(max_examples=60, deadline=None)
def test_compiling_again_changes_nothing(tops: list[Document]) -> None:
    """What X-Ray returns, sent to it again (export and import), comes back the same."""
    trace = compiled(*tops)

    assert compiled(*trace.segments) == trace
