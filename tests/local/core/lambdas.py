"""What Lambda itself sends, as its users and AWS have shown it: one document set for each way in which an invocation can go.

Hand-made, so that the core is tested against what AWS sends and not against what our own Lambda service makes of it.
"""

from __future__ import annotations

from typing import Any

from tests.local.core.making import TRACE, call, eid, embedded, segment, subsegment
from xray_local.model import Document

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:f"
OTHER_TRACE = "1-5f84c7a6-000000000000000000000002"
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs"
EXCEPTION = {"id": eid(0xE), "type": "KeyError", "message": "'price'", "stack": []}


def service(end: float, status: int = 200, **fields: Any) -> Document:
    """The AWS::Lambda segment, id 1, from 100 on."""
    own = {"origin": "AWS::Lambda", "resource_arn": ARN, "aws": {"request_id": "r"}, "http": {"response": {"status": status}}}
    return segment(1, "f", 100, end, **own, **fields)


def function(number: int, parent: int, start: float, end: float, *below: Document, **fields: Any) -> Document:
    """The AWS::Lambda::Function segment of one execution."""
    own = {"origin": "AWS::Lambda::Function", "aws": {"account_id": "123456789012", "function_arn": ARN}}
    return segment(number, "f", start, end, parent_id=eid(parent), subsegments=list(below), **own, **fields)


def sync() -> list[Document]:
    """A cold start, an invocation with a call of a table, and an Overhead that ends after the answer."""
    item = call(6, "dynamodb", start_time=101.2, end_time=101.4, aws={"operation": "PutItem", "table_name": "orders"})
    parts = (
        embedded(3, "Initialization", 100.2, 101),
        embedded(4, "Invocation", 101, 101.5, subsegments=[item]),
        embedded(5, "Overhead", 101.5, 101.75),
    )
    return [service(101.5), function(2, 1, 101, 101.75, *parts)]


def failed(number: int, parent: int, start: float) -> Document:
    """An execution of half a second whose handler raised."""
    invocation = embedded(number + 1, "Invocation", start, start + 0.5, fault=True)
    return function(number, parent, start, start + 0.5, invocation, fault=True, cause={"exceptions": [EXCEPTION]})


def asynchronous() -> list[Document]:
    """Accepted within 15 ms; two attempts fail, the third, three minutes later, does not. In the order of sending."""
    flags: Document = {"error": True, "http": {"response": {"status": 200}}}
    return [
        service(100.015, 202),
        subsegment(0x10, 1, "Dwell Time", 100, 101),
        subsegment(0x11, 1, "Attempt #1", 101, 101.5, **flags),
        failed(0x21, 0x11, 101),
        subsegment(0x12, 1, "Attempt #2", 161.5, 162, **flags),
        failed(0x31, 0x12, 161.5),
        subsegment(0x13, 1, "Attempt #3", 282, 282.5, http={"response": {"status": 200}}),
        function(0x41, 0x13, 282, 282.5, embedded(0x42, "Invocation", 282, 282.5)),
    ]


def throttle() -> list[Document]:
    """Nothing ran."""
    return [service(100.01, 429, error=True, throttle=True)]


def init_error() -> list[Document]:
    """The module cannot be imported, twice: no Invocation."""
    init = embedded(3, "Initialization", 100, 100.5, fault=True)
    return [service(101, error=True), function(2, 1, 100.5, 101, init, fault=True, cause={"exceptions": [EXCEPTION]})]


def timeout() -> list[Document]:
    """Killed after three seconds, in the middle of a call that was told as in progress; the rest is Lambda's own."""
    invocation = embedded(3, "Invocation", 100, 103, fault=True)
    cause = {"exceptions": [{**EXCEPTION, "type": "Sandbox.Timedout", "message": "Task timed out after 3.00 seconds"}]}
    handler = subsegment(4, 3, "app.handler", 100, None)
    hangs = subsegment(5, 4, "example.com", 100.5, None, namespace="remote")
    return [service(103, error=True), function(2, 1, 100, 103, invocation, fault=True, cause=cause), handler, hangs]


def link(trace_id: str, number: int, kind: str, **attributes: Any) -> Document:
    """One end of a link between traces."""
    told = {"reference_type": kind, "received_event_end_time": 105.5, "dwell_end_time": 105.5, **attributes}
    return {"trace_id": trace_id, "id": eid(number), "attributes": {f"aws.xray.reserved.{key}": told[key] for key in told}}


def sender() -> list[Document]:
    """A function that sent a message, which the trace below took up."""
    child = link(OTHER_TRACE, 1, "child", names=["consumer"], type="AWS::Lambda")
    aws = {"operation": "SendMessage", "queue_url": QUEUE}
    send = call(6, "sqs", start_time=100.5, end_time=101, aws=aws, links=[child])
    return [service(101.5), function(2, 1, 100, 101.5, embedded(3, "Invocation", 100, 101.5, subsegments=[send]))]


def receiver() -> list[Document]:
    """The batch with that message, in a trace of its own."""
    front = {**service(107), "start_time": 105.5, "links": [link(TRACE, 6, "parent")]}
    documents = [front, function(2, 1, 105.5, 107, embedded(3, "Invocation", 105.5, 107))]
    return [{**document, "name": "consumer", "trace_id": OTHER_TRACE} for document in documents]
