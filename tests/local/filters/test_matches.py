"""Which of a handful of traces an expression means: written by hand, traces and answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xray_local.filters import FilterError, matches, parse
from xray_local.model import CauseEntity, CauseException, CauseService, RootCause, ServiceKey

from . import making
from .making import segment, subsegment

REQUEST = {
    "request": {"url": "http://api.example.com/v2/orders", "method": "GET", "user_agent": "curl/8", "client_ip": "10.0.0.1"},
    "response": {"status": 200},
}
# A shop on EC2 that answers 200 although DynamoDB throttled it and its backend failed.
SHOP = making.view(
    segment(
        1,
        "shop",
        2.5,
        http=REQUEST,
        user="alice",
        origin="AWS::EC2::Instance",
        aws={"ec2": {"availability_zone": "eu-1a", "instance_id": "i-1"}, "account_id": "111"},
        annotations={"gameid": "817DL6VO", "age": 30, "vip": False, "empty": ""},
        resource_arn="arn:aws:ec2:i-1",
        subsegments=[
            subsegment(
                2,
                "DynamoDB",
                0.25,
                namespace="aws",
                aws={"operation": "PutItem", "table_name": "orders"},
                http={"response": {"status": 400}},
                error=True,
                throttle=True,
            ),
            subsegment(
                3,
                "backend.example.com",
                1.5,
                namespace="remote",
                http={"request": {"url": "http://backend.example.com/x", "method": "POST"}, "response": {"status": 503}},
                fault=True,
                annotations={"attempt": 2},
            ),
        ],
    )
)
# Lambda: the service's segment answers 200, the function's failed.
LAMBDA = making.view(
    segment(1, "random-name", 3.5, origin="AWS::Lambda", resource_arn="arn:aws:lambda:f", http={"response": {"status": 200}}),
    segment(
        2,
        "random-name",
        3.25,
        parent=1,
        origin="AWS::Lambda::Function",
        aws={"account_id": "222"},
        error=True,
        annotations={"vip": True, "age": "30"},
        user="bob",
        subsegments=[subsegment(3, "work", 1, annotations={"gameid": "x"})],
    ),
)
# A server that failed, called by a service that has not reported yet.
FAILED = making.view(
    segment(1, "api.example.com", 6, http={"response": {"status": 500}}, fault=True),
    segment(2, "audit", None, parent=999),
)
TRACES = {"shop": SHOP, "lambda": LAMBDA, "failed": FAILED}
ALL = "shop lambda failed"

# Expression to the traces that it means.
CASES = {
    # what the client saw
    "ok": "shop lambda",
    "!ok": "failed",
    "ok = false": "failed",
    "fault": "failed",
    "error": "",
    # any segment, says the API's reference of HasThrottle; an inferred one is one
    "throttle": "shop",
    "partial": "failed",
    "ok !partial duration <3": "shop",
    "inferred": "shop",
    "root": ALL,
    "responsetime > 5": "failed",
    "duration >= 2.5 AND duration <= 3.5": "shop lambda",
    "duration = 2.5 OR duration != 6 AND ok": "shop lambda",
    "http.status != 200": "failed",
    "http.status >= 200": ALL,
    "http.status = 400": "",
    "http.url": "shop",
    "!http.url": "lambda failed",
    'http.url BEGINSWITH "http://api.example.com/" AND http.url CONTAINS "/v2/" AND !service("api.example.com")': "shop",
    'http.url ENDSWITH "/orders"': "shop",
    'http.url ENDSWITH "/ORDERS"': "",
    'http.url != "x"': "shop",
    "http.url AND responseTime > 2": "shop",
    'http.method = "GET" http.useragent CONTAINS "curl" http.clientip = "10.0.0.1"': "shop",
    'http.method = "POST"': "",
    'name = "shop"': "shop",
    'type = "AWS::Lambda"': "lambda",
    'type = "AWS::Lambda::Function"': "",
    'account.id = "111"': "shop",
    # anywhere in the trace
    'user CONTAINS ""': "shop lambda",
    "user": "shop lambda",
    'user = "bob"': "lambda",
    'user != "bob"': "shop",
    'availabilityzone = "eu-1a"': "shop",
    'instance.id BEGINSWITH "i-"': "shop",
    'resource.arn CONTAINS ":lambda:"': "lambda",
    "resource.arn": "shop lambda",
    # annotations
    "annotation.age": "shop lambda",
    "!annotation.age": "failed",
    "annotation.age > 29": "shop",
    "annotation.age = 30": "shop",
    'annotation.age = "30"': "lambda",
    "annotation.age != 31": "shop",
    'annotation.age != "31"': "lambda",
    'annotation.gameid = "817DL6VO"': "shop",
    'annotation[gameid] CONTAINS ""': "shop lambda",
    "annotation.GameId": "",
    "annotation.vip": "lambda",
    "!annotation.vip": "shop failed",
    "annotation.vip = false": "shop",
    "annotation.vip != false": "lambda",
    "annotation.vip = 1": "",
    "annotation.empty": "shop",
    'annotation.empty = ""': "shop",
    # services
    'service("api.example.com")': "failed",
    'service("api.example.com") { fault = true OR responsetime > 2.5 }': "failed",
    "service()": ALL,
    "service() {}": ALL,
    "service() { fault }": "shop failed",
    "service() { throttle }": "shop",
    "service() { error }": "shop lambda",
    "service() { partial }": "failed",
    'service("random-name") { error }': "lambda",
    'service(id(name: "random-name", type: "AWS::Lambda::Function")) { error }': "lambda",
    'service(id(name: "random-name", type: "AWS::Lambda")) { error }': "",
    'service(id(type: "AWS::Lambda::Function")) { error }': "lambda",
    'service(id(account.id: "222"))': "lambda",
    'service(id(type: "client"))': ALL,
    'service(id(type: "client")) { fault }': "failed",
    'service(id(name: "shop", type: "client")) { responsetime > 2 }': "shop",
    'service("shop") { root = true and ok }': "shop",
    'service("orders") { root }': "",
    'service("orders") { inferred AND throttle AND responsetime = 0.25 }': "shop",
    'service("orders") { http.status = 400 }': "shop",
    'service("DynamoDB")': "",
    'service(id(type: "AWS::DynamoDB::Table"))': "shop",
    'service() { http.url CONTAINS "backend" AND http.method = "POST" AND http.status >= 500 }': "shop",
    # two conditions in one brace are about one visit, in two braces about any
    "service() { throttle AND fault }": "",
    "service() { throttle } AND service() { fault }": "shop",
    'service() { user = "bob" AND type = "AWS::Lambda::Function" AND account.id = "222" }': "lambda",
    'service() { availabilityzone = "eu-1a" AND instance.id = "i-1" AND resource.arn AND name = "shop" }': "shop",
    'service("random-name") { annotation.gameid = "x" }': "lambda",
    'service(id(type: "AWS::Lambda")) { annotation.gameid }': "",
    "service() { !ok } AND ok": "shop lambda",
    "!service() { !ok }": "",
    # calls
    'edge("shop", "backend.example.com")': "shop",
    'edge("backend.example.com", "shop")': "",
    'edge("shop", "backend.example.com") { fault }': "shop",
    'edge("shop", "orders") { fault }': "",
    'edge("shop", "orders") { error throttle responsetime < 1 http.status = 400 }': "shop",
    'edge("shop", "backend.example.com") { annotation.attempt = 2 AND http.status = 503 AND inferred }': "shop",
    'edge("shop", "orders") { annotation.gameid }': "",
    'edge(id(type: "AWS::Lambda"), id(type: "AWS::Lambda::Function")) { ok AND http.status = 200 }': "lambda",
    'edge(id(type: "AWS::Lambda"), id(type: "AWS::Lambda::Function")) { error OR annotation.vip }': "",
    'edge(id(type: "client"), "api.example.com") { root AND fault AND http.status = 500 }': "failed",
    'edge("random-name", "random-name")': "lambda",
    "edge(id(), id())": ALL,
    # root causes
    'rootcause.fault.service { name = "backend.example.com" }': "shop",
}


@pytest.mark.parametrize("text", list(CASES))
def test_expressions_mean_traces(text: str) -> None:
    """An expression means exactly the traces of the table."""
    expression = parse(text)
    assert [name for name, view in TRACES.items() if matches(expression, view)] == CASES[text].split()


def cause(*services: CauseService) -> RootCause:
    """A root cause that its client felt."""
    return RootCause(client_impacting=True, services=services)


# The developer guide's example of a cause of a response time, and a fault that came from a table.
WEATHER = replace(
    SHOP,
    summary=replace(
        SHOP.summary,
        response_time_root_causes=(
            cause(
                CauseService(
                    ServiceKey("GetWeatherData", account="123456789012"),
                    False,
                    (CauseEntity("GetWeatherData", coverage=1.0), CauseEntity("get_temperature", coverage=0.8, remote=True)),
                ),
                CauseService(ServiceKey("GetTemperature"), False, (CauseEntity("GetTemperature", coverage=0.7),)),
            ),
        ),
        fault_root_causes=(
            cause(
                CauseService(
                    ServiceKey("Auth"),
                    False,
                    (
                        CauseEntity("Auth"),
                        CauseEntity(
                            "deserialize", exceptions=(CauseException("ValueError", "bad"), CauseException("IOError", "denied"))
                        ),
                    ),
                ),
                CauseService(ServiceKey("traces", "AWS::DynamoDB"), True, (CauseEntity("DynamoDB", remote=True),)),
            ),
        ),
        error_root_causes=(),
    ),
)
GUIDE = '{ "Services": [ { "Name": "GetWeatherData", "EntityPath": [{ "Name": "GetWeatherData" }, { "Name": "get_temperature" } ] }, { "Name": "GetTemperature", "EntityPath": [ { "Name": "GetTemperature" } ] } ] }'
ROOT_CAUSES = {
    'rootcause.fault.entity { last and name = "deserialize" }': True,
    'rootcause.fault.entity { first and name = "deserialize" }': False,
    'rootcause.fault.entity { index = 1 and name = "deserialize" and !remote }': True,
    'rootcause.error.entity { last and name = "deserialize" }': False,
    'rootcause.responsetime.entity { remote and coverage > 0.7 and name = "get_temperature" }': True,
    'rootcause.responsetime.entity { remote and coverage > 0.9 and name = "get_temperature" }': False,
    "rootcause.responsetime.entity { last and coverage > 0.8 }": False,
    "rootcause.responsetime.entity { last and coverage >= 0.8 }": True,
    'rootcause.fault.service { inferred and name = traces and type = "AWS::DynamoDB" }': True,
    'rootcause.fault.service { inferred and name = "Auth" }': False,
    "rootcause.fault.service { index > 5 }": False,
    "rootcause.fault.service { index > 0 }": True,
    'rootcause.responsetime.service { account.id = "123456789012" first }': True,
    'rootcause.responsetime.service { last and type = "AWS::DynamoDB" }': False,
    'rootcause.fault.exception { last and message = "denied" }': True,
    'rootcause.fault.exception { last and message = "bad" }': False,
    'rootcause.fault.exception { name = "ValueError" AND index = 0 }': True,
    "rootcause.responsetime.exception { index = 0 }": False,
    f"rootcause.json = #[{GUIDE}]": True,
    f"json = #[{GUIDE}]": True,
    f"rootcause.json != #[{GUIDE}]": False,
    "json = #[{}]": True,
    "json = #[]": True,
    'json = #[{"ClientImpacting": true}, {"Services": [{"Name": "Auth"}, {"Inferred": true}]}]': True,
    'json = #[{"ClientImpacting": 1}]': False,
    'json = #[{"Services": [{"Name": "Auth"}]}]': False,
    'json = #[{"Services": [{"Name": "Auth"}, {"Name": "Auth"}]}]': False,
    'json = #[{"Services": [{"AccountId": 123456789012, "Type": null}, {"AccountId": null}]}]': True,
    'json = #[{"Services": [{"EntityPath": [{"Coverage": 1}, {"Coverage": 0.8, "Remote": true}]}, {}]}]': True,
    'json = #[{"Services": [{"EntityPath": [{}, {"Exceptions": [{"Name": "ValueError"}, {"Message": "denied"}]}]}, {}]}]': True,
    'json = #[{"Nothing": 1}]': False,
    "json = #[5]": False,
}


@pytest.mark.parametrize("text", list(ROOT_CAUSES))
def test_root_causes(text: str) -> None:
    """Elements of root causes are enumerated list by list; JSON patterns leave out what does not matter."""
    assert matches(parse(text), WEATHER) is ROOT_CAUSES[text]


def test_groups_need_their_expressions() -> None:
    """An expression parsed without the groups cannot be evaluated where it names one."""
    with pytest.raises(FilterError) as raised:
        matches(parse('ok AND group.name = "slow"'), SHOP)
    assert str(raised.value) == 'column 8: the groups are not known here, so group.name = "slow" has no meaning'


def test_only_indexed_annotations_can_be_found() -> None:
    """What X-Ray does not index (a key with a space) is found neither in the trace nor in a service."""
    view = making.view(segment(1, "shop", annotations={"a key": 1, "key": 1}))
    texts = ("annotation[a key]", "service() { annotation[a key] }", "annotation.key", "service() { annotation.key }")
    assert [matches(parse(text), view) for text in texts] == [False, False, True, True]
