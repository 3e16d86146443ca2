"""Summaries of traces: what a list of traces shows and what filters look at."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given, settings

from tests.local.core.making import TRACE, call, compiled, eid, embedded, segment, subsegment
from tests.local.core.test_trace import traces
from xray_local.model import (
    Annotation,
    CauseEntity,
    CauseException,
    CauseService,
    Document,
    Http,
    RootCause,
    ServiceKey,
    Summary,
    User,
)
from xray_local.summary import summarise, to_api

SHOP = ServiceKey("shop", "AWS::EC2::Instance", "123456789012")
CLIENT = ServiceKey("shop", "client")
PAY = ServiceKey("pay")
TABLE = ServiceKey("orders", "AWS::DynamoDB::Table")

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:caker"


def shop(**fields: Any) -> Document:
    """The root of most traces here."""
    request = {"url": "http://shop/buy", "method": "GET", "user_agent": "curl", "client_ip": "192.0.2.1"}
    return segment(
        1,
        aws={"account_id": "123456789012", "ec2": {"instance_id": "i-1", "availability_zone": "eu-west-1a"}},
        origin="AWS::EC2::Instance",
        http={"request": request, "response": {"status": 502}},
        **fields,
    )


def whole_trace() -> list[Document]:
    """A faulty root, its table, and another service that says a user and annotations."""
    item = call(2, "dynamodb", aws={"table_name": "orders"}, error=True, throttle=True)
    remote = embedded(3, "pay", namespace="remote", annotations={"order": 7, "paid": True})
    pay = segment(
        4, "pay", 101, 112, parent_id=eid(3), user="ana", annotations={"order": 7, "kind": "card"}, resource_arn="arn:pay"
    )
    return [shop(fault=True, user="ana", subsegments=[item, remote]), pay]


def test_whole_summary() -> None:
    """Every field of a summary: root's request and flags, all segments' annotations, users and resources."""
    assert summarise(compiled(*whole_trace())) == Summary(
        id=TRACE,
        start_time=100.0,
        end_time=112.0,
        duration=12,
        response_time=10,
        has_fault=True,
        has_error=False,
        has_throttle=True,
        is_partial=False,
        http=Http("http://shop/buy", "GET", "curl", "192.0.2.1", 502),
        annotations=(
            Annotation("order", 7, (SHOP, PAY)),
            Annotation("paid", value=True, services=(SHOP,)),
            Annotation("kind", "card", (PAY,)),
        ),
        users=(User("ana", (SHOP, PAY)),),
        services=(CLIENT, SHOP, PAY, TABLE),
        resource_arns=("arn:pay",),
        instance_ids=("i-1",),
        availability_zones=("eu-west-1a",),
        entry_point=SHOP,
        fault_root_causes=(
            RootCause(client_impacting=True, services=(CauseService(SHOP, inferred=False, entities=(CauseEntity("shop"),)),)),
        ),
        error_root_causes=(
            RootCause(
                client_impacting=False,
                services=(
                    CauseService(SHOP, inferred=False, entities=(CauseEntity("DynamoDB", remote=True),)),
                    CauseService(TABLE, inferred=True, entities=(CauseEntity("DynamoDB"),)),
                ),
            ),
        ),
        response_time_root_causes=(),
    )


def test_as_the_api_has_it() -> None:
    """The summary in the shape of GetTraceSummaries."""
    found = to_api(summarise(compiled(*whole_trace())))

    services = {
        "client": {"Name": "shop", "Names": ["shop"], "Type": "client"},
        "shop": {"Name": "shop", "Names": ["shop"], "AccountId": "123456789012", "Type": "AWS::EC2::Instance"},
        "pay": {"Name": "pay", "Names": ["pay"]},
        "table": {"Name": "orders", "Names": ["orders"], "Type": "AWS::DynamoDB::Table"},
    }
    entity = {"Name": "DynamoDB", "Remote": True, "Exceptions": []}
    assert found == {
        "Id": TRACE,
        "StartTime": 100.0,
        "Duration": 12,
        "ResponseTime": 10,
        "HasFault": True,
        "HasError": False,
        "HasThrottle": True,
        "IsPartial": False,
        "Http": {
            "HttpURL": "http://shop/buy",
            "HttpStatus": 502,
            "HttpMethod": "GET",
            "UserAgent": "curl",
            "ClientIp": "192.0.2.1",
        },
        "Annotations": {
            "order": [{"AnnotationValue": {"NumberValue": 7.0}, "ServiceIds": [services["shop"], services["pay"]]}],
            "paid": [{"AnnotationValue": {"BooleanValue": True}, "ServiceIds": [services["shop"]]}],
            "kind": [{"AnnotationValue": {"StringValue": "card"}, "ServiceIds": [services["pay"]]}],
        },
        "Users": [{"UserName": "ana", "ServiceIds": [services["shop"], services["pay"]]}],
        "ServiceIds": list(services.values()),
        "ResourceARNs": [{"ARN": "arn:pay"}],
        "InstanceIds": [{"Id": "i-1"}],
        "AvailabilityZones": [{"Name": "eu-west-1a"}],
        "EntryPoint": services["shop"],
        "FaultRootCauses": [
            {
                "Services": [
                    {**services["shop"], "EntityPath": [{"Name": "shop", "Remote": False, "Exceptions": []}], "Inferred": False}
                ],
                "ClientImpacting": True,
            }
        ],
        "ErrorRootCauses": [
            {
                "Services": [
                    {**services["shop"], "EntityPath": [entity], "Inferred": False},
                    {**services["table"], "EntityPath": [{**entity, "Remote": False}], "Inferred": True},
                ],
                "ClientImpacting": False,
            }
        ],
        "ResponseTimeRootCauses": [],
        "Revision": 1,
    }


def lambda_trace(**fields: Any) -> list[Document]:
    """A cold start as Lambda sends it, with the times of a real summary (names changed)."""
    init = embedded(3, "Initialization", 100.05, 102.594)
    function = segment(2, "caker", 102.6, 102.938, parent_id=eid(1), origin="AWS::Lambda::Function", subsegments=[init])
    function["aws"] = {"account_id": "123456789012", "function_arn": ARN}
    front = segment(
        1, "caker", 100, 102.839, origin="AWS::Lambda", resource_arn=ARN, http={"response": {"status": 200}}, **fields
    )
    return [front, function]


def test_a_cold_start_with_an_error() -> None:
    """The summary of a cold start whose function failed is what X-Ray answered for such a one."""
    found = to_api(summarise(compiled(*lambda_trace(error=True))))

    front = {"Name": "caker", "Names": ["caker"], "Type": "AWS::Lambda"}
    function = {"AccountId": "123456789012", "Name": "caker", "Names": ["caker"], "Type": "AWS::Lambda::Function"}
    cause: dict[str, Any] = {"ClientImpacting": True, "Services": []}
    cause["Services"].append({**front, "Inferred": False, "EntityPath": [{"Coverage": 1, "Name": "caker", "Remote": False}]})
    path = [{"Coverage": 0.896, "Name": name, "Remote": False} for name in ("caker", "Initialization")]
    cause["Services"].append({**function, "Inferred": False, "EntityPath": path})
    assert found == {
        "Annotations": {},
        "AvailabilityZones": [],
        "Duration": 2.938,
        "EntryPoint": front,
        "ErrorRootCauses": [],
        "FaultRootCauses": [],
        "HasError": True,
        "HasFault": False,
        "HasThrottle": False,
        "Http": {"HttpStatus": 200},
        "Id": TRACE,
        "InstanceIds": [],
        "IsPartial": False,
        "ResourceARNs": [{"ARN": ARN}],
        "ResponseTime": 2.839,
        "ResponseTimeRootCauses": [cause],
        "Revision": 1,
        "ServiceIds": [{"Name": "caker", "Names": ["caker"], "Type": "client"}, front, function],
        "StartTime": 100.0,
        "Users": [],
    }


def test_fast_traces_have_no_cause_of_their_time() -> None:
    """Below a second nothing is to blame; nor where no part took most of the time."""
    fast = compiled(segment(1, start=100, end=100.9, subsegments=[embedded(2, start=100, end=100.9)]))
    even = compiled(segment(1, subsegments=[embedded(number, start=100 + number, end=101 + number) for number in range(2, 9)]))

    assert [summarise(trace).response_time_root_causes for trace in (fast, even)] == [(), ()]


def test_a_failed_invocation_of_a_function_that_sends_nothing() -> None:
    """Invoke answers 200 also when the function failed; the caller's flag at the inferred segment is a cause, not a contradiction."""
    aws = {"operation": "Invoke", "function_name": "pay", "function_error": "Unhandled"}
    invoke = call(2, "lambda", aws=aws, http={"response": {"status": 200}}, fault=True)

    (cause,) = summarise(compiled(segment(1, fault=True, subsegments=[invoke]))).fault_root_causes

    assert cause.services == (
        CauseService(ServiceKey("shop"), inferred=False, entities=(CauseEntity("shop"), CauseEntity("Lambda", remote=True))),
        CauseService(ServiceKey("pay", "AWS::Lambda"), inferred=True, entities=(CauseEntity("Lambda"),)),
    )


def test_a_service_that_answers_200_and_says_that_it_failed() -> None:
    """Only Lambda's own segments are contradicted by their status."""
    failed = segment(1, fault=True, http={"response": {"status": 200}})

    assert [len(summarise(compiled({**failed, **more})).fault_root_causes) for more in ({}, {"origin": "AWS::Lambda"})] == [1, 0]


def test_the_time_of_asynchronous_work_is_not_its_callers() -> None:
    """What a call starts and does not wait for is no cause of the caller's response time, even where it begins meanwhile."""
    attempt = embedded(5, "Attempt #1", 101.2, 180)
    worker = segment(3, "w", 101.1, 101.15, parent_id=eid(2), origin="AWS::Lambda", subsegments=[attempt])
    invokes = call(2, "lambda", start_time=101, end_time=108.5)

    (cause,) = summarise(compiled(segment(1, subsegments=[invokes]), worker)).response_time_root_causes

    entities = (CauseEntity("shop", coverage=1.0), CauseEntity("Lambda", remote=True, coverage=0.75))
    assert cause.services == (CauseService(ServiceKey("shop"), inferred=False, entities=entities),)


def test_a_cause_counts_as_long_as_its_caller_waits() -> None:
    """A service that works on after its caller has gone is blamed for the time of the call, and what it did later for nothing."""
    remote = embedded(2, "pay", 101, 108.5, namespace="remote")
    pay = segment(3, "pay", 101, 130, parent_id=eid(2), subsegments=[embedded(4, "late", 108.5, 130)])

    (cause,) = summarise(compiled(segment(1, subsegments=[remote]), pay)).response_time_root_causes

    first = (CauseEntity("shop", coverage=1.0), CauseEntity("pay", remote=True, coverage=0.75))
    assert cause.services == (
        CauseService(ServiceKey("shop"), inferred=False, entities=first),
        CauseService(PAY, inferred=False, entities=(CauseEntity("pay", coverage=0.75),)),
    )


def test_the_way_of_a_fault() -> None:
    """A fault is followed from the root through its call into the other service, down to the exception."""
    exception = {"id": eid(8), "type": "KeyError", "message": "'price'", "stack": []}
    work = embedded(4, "price", fault=True, cause={"exceptions": [exception, 7]})
    pay = segment(3, "pay", parent_id=eid(2), fault=True, subsegments=[work], cause=eid(8))
    root = segment(1, fault=True, subsegments=[embedded(2, "pay", namespace="remote", fault=True), embedded(5, "fine")])

    (cause,) = summarise(compiled(root, pay)).fault_root_causes

    exceptions = (CauseException("KeyError", "'price'"),)
    assert cause == RootCause(
        client_impacting=True,
        services=(
            CauseService(ServiceKey("shop"), inferred=False, entities=(CauseEntity("shop"), CauseEntity("pay", remote=True))),
            CauseService(PAY, inferred=False, entities=(CauseEntity("pay"), CauseEntity("price", exceptions=exceptions))),
        ),
    )


def test_many_faults() -> None:
    """A fan-out of 50 faults is told by ten of them."""
    parts = [embedded(number, "part", fault=True) for number in range(2, 52)]

    causes = summarise(compiled(segment(1, fault=True, subsegments=parts))).fault_root_causes

    way = (CauseEntity("shop"), CauseEntity("part"))
    assert causes == (RootCause(True, (CauseService(ServiceKey("shop"), False, way),)),) * 10


def test_values_of_different_kinds() -> None:
    """True, 1 and "1" are three values of an annotation; 1 and 1.0 are one."""
    parts = [embedded(number, annotations={"a": value}) for number, value in enumerate([True, 1, "1", 1.0, False], 2)]

    found = to_api(summarise(compiled(segment(1, subsegments=parts))))["Annotations"]["a"]

    values = sorted((value["AnnotationValue"] for value in found), key=str)
    assert values == [{"BooleanValue": False}, {"BooleanValue": True}, {"NumberValue": 1.0}, {"StringValue": "1"}]


def test_what_is_indexed() -> None:
    """X-Ray indexes 50 keys of a trace, and no key with a space or of another alphabet."""
    keys = {f"k{number:02}": number for number in range(60)} | {"a key": 1, "ключ": 1}
    annotations = {"aws:api_id": "x", "a.b": 1} | keys

    found = summarise(compiled(segment(1, annotations=annotations))).annotations

    assert [annotation.key for annotation in found] == ["aws:api_id", "a.b", *(f"k{number:02}" for number in range(48))]


def test_what_is_not_indexed_is_said() -> None:
    """The trace says which annotations cannot be searched."""
    many = {f"k{number:02}": number for number in range(51)}

    assert compiled(segment(1, annotations={"a key": 1, **many})).notices == [
        "X-Ray indexes 50 annotations of a trace; more cannot be searched: k50",
        "X-Ray indexes keys of letters, digits, _ and . only; these annotations cannot be searched: a key",
    ]


def test_long_values_are_seen_and_not_indexed() -> None:
    """An annotation of more than 1,000 characters stays in the trace, takes no place among the 50 keys, and is said."""
    many = {"long": "x" * 1001, **{f"k{number:02}": number for number in range(49)}, "whole": "ü" * 1000}
    trace = compiled(segment(1, annotations=many))

    assert trace.segments == [segment(1, annotations=many)]
    assert [found.key for found in summarise(trace).annotations] == [*(f"k{number:02}" for number in range(49)), "whole"]
    assert trace.notices == ["X-Ray indexes values of up to 1,000 characters; these annotations cannot be searched: long"]


def test_a_throttled_answer_is_an_error() -> None:
    """429 is a 4xx: a root that only says that it was throttled is an error too, with a cause; it is no fault."""
    found = summarise(compiled(segment(1, throttle=True)))

    way = (CauseService(ServiceKey("shop"), inferred=False, entities=(CauseEntity("shop"),)),)
    assert (found.has_error, found.has_throttle, found.has_fault) == (True, True, False)
    assert (found.error_root_causes, found.fault_root_causes) == ((RootCause(client_impacting=True, services=way),), ())


@pytest.mark.parametrize("documents", [[], [segment(1, end=None), subsegment(2, 1)]], ids=["nothing", "in progress"])
def test_no_response_time_before_the_response(documents: list[Document]) -> None:
    """A trace without a root, or whose root is in progress, has no response time, which then is no member of the API's answer."""
    found = summarise(compiled(*documents))

    assert found.response_time is None
    assert "ResponseTime" not in to_api(found)


def test_an_orphan_alone() -> None:
    """A layer's subsegments without Lambda's segment still have an entry point, a client and a response time."""
    found = summarise(compiled(subsegment(2, 1, "app.handler", 100, 101.5, fault=True)))

    handler = ServiceKey("app.handler")
    assert (found.entry_point, found.services, found.response_time, found.has_fault) == (
        handler,
        (ServiceKey("app.handler", "client"), handler),
        1.5,
        True,
    )


def test_a_clock_that_was_set_back() -> None:
    """An end before the start takes no time off the trace."""
    found = summarise(compiled(segment(1, start=100, end=90)))

    assert (found.duration, found.response_time) == (0, 0)


SHAPE = botocore.session.get_session().get_service_model("xray").operation_model("GetTraceSummaries").output_shape


@given(traces())
@settings(max_examples=60, deadline=None)
def test_any_summary_fits_botocores_model(tops: list[Document]) -> None:
    """Whatever the trace, its summary has the shape that AWS clients expect."""
    found = to_api(summarise(compiled(*tops)))

    report = ParamValidator().validate({"TraceSummaries": [found]}, SHAPE)
    assert report.generate_report() == ""
