"""Documents of traces for the page's tests, in the shapes that Lambda and the layer send."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from xray_local.model import Document

ACCOUNT = "123456789012"
numbers = itertools.count(1)


def new_id() -> str:
    """Never the same one twice in this process."""
    return f"{next(numbers):016x}"


@dataclass
class Made:
    """A trace that is being made: documents that share its id."""

    begun: float
    id: str = ""
    documents: list[Document] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.id = self.id or f"1-{int(self.begun):08x}-{next(numbers):024x}"

    def segment(self, name: str, first: float, last: float | None, **fields: Any) -> Document:
        """A segment from `first` to `last`, in seconds after the trace began."""
        self.documents.append({**self.part(name, first, last), "trace_id": self.id, **fields})
        return self.documents[-1]

    def apart(self, parent: Document, name: str, first: float, last: float | None, **fields: Any) -> Document:
        """A subsegment that is sent by itself."""
        return self.segment(name, first, last, type="subsegment", parent_id=parent["id"], **fields)

    def part(self, name: str, first: float, last: float | None, **fields: Any) -> Document:
        """A subsegment that stands in its parent."""
        times: Document = {"in_progress": True} if last is None else {"end_time": self.begun + last}
        return {"name": name, "id": new_id(), "start_time": self.begun + first, **times, **fields}


def function(made: Made, name: str, last: float, *calls: Document, **fields: Any) -> tuple[Document, Document, Document]:
    """An invocation of a Lambda function: the service's segment, the function's, and the handler's subsegment with its calls."""
    arn = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{name}"
    status = {"http": {"response": {"status": 500 if fields.get("fault") else 200}}}
    service = made.segment(name, 0, last, origin="AWS::Lambda", resource_arn=arn, aws={"request_id": new_id()}, **status)
    invocation = made.part("Invocation", 0.01, last, **{key: fields[key] for key in fields if key == "fault"})
    aws = {"account_id": ACCOUNT, "function_arn": arn}
    owner = made.segment(
        name, 0.01, last, origin="AWS::Lambda::Function", parent_id=service["id"], aws=aws, subsegments=[invocation], **fields
    )
    handler = made.apart(invocation, "app.handler", 0.02, last - 0.01, subsegments=list(calls), **fields)
    return service, owner, handler


def put_item(made: Made, first: float, last: float | None, **fields: Any) -> Document:
    """A call of the table of orders."""
    aws = {"operation": "PutItem", "table_name": "orders", "region": "eu-west-1", "request_id": "REQUEST"}
    told = {"namespace": "aws", "aws": aws, "http": {"response": {"status": 200}}}
    return made.part("DynamoDB", first, last, **{**told, **fields})


def order(begun: float, **fields: Any) -> Made:
    """A function that stores an order: 0.2 s."""
    made = Made(begun)
    function(made, "orders", 0.2, put_item(made, 0.05, 0.15), annotations={"customer": "ana", "cold_start": False}, **fields)
    return made


def failed(begun: float) -> Made:
    """A function that raises after its call."""
    made = Made(begun)
    frame = {"path": "app.py", "line": 24, "label": "charge"}
    cause = {"exceptions": [{"id": new_id(), "type": "PaymentError", "message": "the card was refused", "stack": [frame]}]}
    function(made, "payments", 0.4, put_item(made, 0.1, 0.3), fault=True, cause=cause)
    return made


def timed_out(begun: float) -> Made:
    """Killed after three seconds in the middle of a call, which the layer told of before, with the stack that hung."""
    made = Made(begun)
    killed = {
        "fault": True,
        "cause": {"exceptions": [{"id": new_id(), "type": "Sandbox.Timedout", "message": "Task timed out after 3.00 seconds"}]},
    }
    arn = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:reports"
    service = made.segment("reports", 0, 3.01, origin="AWS::Lambda", resource_arn=arn, error=True)
    invocation = made.part("Invocation", 0.01, 3.01, fault=True)
    made.segment(
        "reports", 0.01, 3.01, origin="AWS::Lambda::Function", parent_id=service["id"], subsegments=[invocation], **killed
    )
    handler = made.apart(invocation, "app.handler", 0.02, None)
    made.apart(handler, "DynamoDB", 0.5, None, namespace="aws", aws={"operation": "Scan", "table_name": "reports"})
    stack = [{"path": "app.py", "line": 12, "label": "handler"}, {"path": "app.py", "line": 31, "label": "read_all"}]
    cause = {
        "exceptions": [
            {"id": new_id(), "type": "Deadline", "message": "still running 100 ms before the deadline", "stack": stack}
        ]
    }
    made.apart(handler, "Deadline", 2.9, 2.91, fault=True, cause=cause)
    return made


def wide(begun: float, count: int) -> Made:
    """A trace of so many calls, each told by itself, in groups of fifty below subsegments of their own."""
    made = Made(begun)
    _service, _owner, handler = function(made, "importer", 60.0)
    per = 50
    for number in range(0, count, per):
        first = 0.1 + number / count * 59
        group = made.part(f"page {number // per}", first, first + 59 / count * per)
        step = 59 / count
        names = ("GetItem", "PutItem", "Query", "UpdateItem")
        group["subsegments"] = [
            put_item(
                made, first + at * step, first + (at + 0.9) * step,
                aws={"operation": names[at % 4], "table_name": f"table-{(number + at) % 7}"},
            )
            for at in range(min(per, count - number) - 1)
        ]  # fmt: skip
        made.documents.append({**group, "type": "subsegment", "trace_id": made.id, "parent_id": handler["id"]})
    return made


def spread_out(begun: float, count: int, seconds: float) -> Iterator[Made]:
    """Short traces over a time, every tenth of them a failure."""
    for number in range(count):
        at = begun + number * seconds / count
        yield failed(at) if number % 10 == 3 else order(at)


def documents(traces: Sequence[Made]) -> list[Document]:
    """All of them."""
    return [document for made in traces for document in made.documents]
