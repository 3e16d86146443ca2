"""Functions that call each other, and many callers at once: the whole desk with real environments, our layer, moto and boto3."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.kit import layer
from tests.local.lambda_service import desks
from tests.local.lambda_service.aws import client, moto
from tests.local.lambda_service.serving import ACCOUNT, REGION, Service, serving
from xray_local.graph import merge, to_api
from xray_local.lambda_service.model import Function, Source
from xray_local.model import CompiledTrace, Document

SHOP = """
import json, os
import boto3
functions, sqs = boto3.client("lambda"), boto3.client("sqs")
orders = boto3.resource("dynamodb").Table("orders")

def front(event, context):
    sqs.send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(event))
    functions.invoke(FunctionName="later", InvocationType="Event", Payload=json.dumps(event))
    return json.load(functions.invoke(FunctionName="price", Payload=json.dumps(event))["Payload"])

def price(event, context):
    orders.get_item(Key={"id": event["id"]})
    return {"price": 3}

def later(event, context):
    orders.put_item(Item={"id": event["id"]})

def consumer(event, context):
    for record in event["Records"]:
        orders.get_item(Key={"id": json.loads(record["body"])["id"]})
"""
# Calls a table that does not exist, whose name no other invocation uses; says who it is.
CROWD = """
import os, time
import boto3
VERSION = 1
dynamodb = boto3.client("dynamodb")

def handler(event, context):
    if event["number"] == 100:
        print("victim", os.getpid(), flush=True)
        time.sleep(10)
    try:
        dynamodb.get_item(TableName=f"table-{event['number']}", Key={"id": {"S": "1"}})
    except dynamodb.exceptions.ResourceNotFoundException:
        pass
    time.sleep(0.02)
    return {"number": event["number"], "version": VERSION, "header": os.environ["_X_AMZN_TRACE_ID"]}
"""
TABLE, QUEUE = "orders", "shipping"


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """A moto with the table and the queue."""
    with moto() as endpoint:
        client(endpoint, "dynamodb").create_table(
            TableName=TABLE,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        client(endpoint, "sqs").create_queue(QueueName=QUEUE)
        yield endpoint


def shop(aws: str, folder: Path, runtime: str) -> list[Function]:
    """One package, four functions."""
    code = desks.write(folder / "shop", SHOP)
    environment = {"QUEUE": f"{aws}/{ACCOUNT}/{QUEUE}"}
    source = Source("sqs", "Batch", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}")
    return [
        Function(
            name, f"app.{name}", code, runtime, 20.0, environment=environment, sources=(source,) if name == "consumer" else ()
        )
        for name in ("front", "price", "later", "consumer")
    ]


def nodes(documents: Sequence[Document]) -> Iterator[Document]:
    """Every segment and subsegment."""
    for node in documents:
        yield node
        yield from nodes(node.get("subsegments", ()))


def names(trace: CompiledTrace) -> list[str]:
    """What the trace is made of: segments by name and type, calls by name, operation and outcome; without the layer's imports."""
    found = []
    for segment in trace.segments:
        if not segment.get("inferred"):
            found.append(f"{segment['name']} {segment['origin']}")
        found += [
            f"  {segment['name']}: {node['name']} {node['aws']['operation']}"
            for node in nodes([segment])
            if node.get("namespace")
        ]
    return sorted(found)


def whole(trace: CompiledTrace | None) -> bool:
    """Nothing is open, and the layer has told of each function."""
    if trace is None:
        return False
    functions = [segment for segment in trace.segments if segment.get("origin") == "AWS::Lambda::Function"]
    told = [any("trigger" in node.get("annotations", ()) for node in nodes([segment])) for segment in functions]
    return bool(told) and all(told) and not trace.partial


def wait(true: Callable[[], Any], what: Callable[[], object], seconds: float = 60.0) -> None:
    """Until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, what()
        time.sleep(0.02)


def linked(trace: CompiledTrace | None) -> list[str]:
    """The traces that took up a message of this one."""
    return [link["trace_id"] for node in nodes(trace.segments if trace else ()) for link in node.get("links", ())]


def edges(service: Service) -> set[str]:
    """Who calls whom, of all traces."""
    services = to_api(merge(service.running.store.contributions(0, time.time() + 10)), 0, 0)["Services"]
    known = {one["ReferenceId"]: f"{one['Name'].rpartition('/')[2]} {one.get('Type', '')}".strip() for one in services}
    arrows = {None: "→", "link": "⇢"}
    return {
        f"{known[one['ReferenceId']]} {arrows[edge.get('EdgeType')]} {known[edge['ReferenceId']]}"
        for one in services
        for edge in one["Edges"]
    }


def test_functions_that_call_each_other_are_one_trace_and_a_linked_one(
    aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Synchronously, asynchronously, through a queue: one trace, a linked one, and the map from the client to the table."""
    functions = shop(aws, tmp_path, desks.runtime(monkeypatch))
    with serving(functions, tmp_path, aws_endpoint=aws, trace_layer=layer.unpacked()) as service:
        answer = service.client.invoke(FunctionName="front", Payload=json.dumps({"id": "o-1"}))
        root = answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-trace-id"][5:40]
        store = service.running.store

        def done() -> bool:
            trace = store.trace(root)
            if not trace or not whole(trace) or len(linked(trace)) != 1:
                return False
            return whole(store.trace(linked(trace)[0])) and "  later: DynamoDB PutItem" in names(trace)

        wait(done, lambda: (store.trace(root), service.log, service.told))
        trace, other = store.trace(root), store.trace(linked(store.trace(root))[0])
        assert trace
        assert other
        assert (json.load(answer["Payload"]), trace.notices, other.notices) == ({"price": 3}, [], [])
        assert names(trace) == [
            "  front: Lambda Invoke",
            "  front: Lambda Invoke",
            "  front: SQS SendMessage",
            "  later: DynamoDB PutItem",
            "  price: DynamoDB GetItem",
            "front AWS::Lambda",
            "front AWS::Lambda::Function",
            "later AWS::Lambda",
            "later AWS::Lambda::Function",
            "price AWS::Lambda",
            "price AWS::Lambda::Function",
        ]
        assert names(other) == ["  consumer: DynamoDB GetItem", "consumer AWS::Lambda", "consumer AWS::Lambda::Function"]
        ends = [node["name"] for found in (trace, other) for node in nodes(found.segments) if node.get("links")]
        assert ends == ["SQS", "consumer"]
        assert edges(service) == {
            "front client → front AWS::Lambda",
            "front AWS::Lambda → front AWS::Lambda::Function",
            "front AWS::Lambda::Function → price AWS::Lambda",
            "price AWS::Lambda → price AWS::Lambda::Function",
            "price AWS::Lambda::Function → orders AWS::DynamoDB::Table",
            "front AWS::Lambda::Function → later AWS::Lambda",
            "later AWS::Lambda → later AWS::Lambda::Function",
            "later AWS::Lambda::Function → orders AWS::DynamoDB::Table",
            "front AWS::Lambda::Function → shipping AWS::SQS::Queue",
            "shipping AWS::SQS::Queue ⇢ consumer AWS::Lambda",
            "consumer AWS::Lambda → consumer AWS::Lambda::Function",
            "consumer AWS::Lambda::Function → orders AWS::DynamoDB::Table",
        }


class Crowd:
    """Two hundred callers of one function, none of whom gives up when there is no environment."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.throttled = 0

    def call(self, number: int) -> tuple[str, str, Any, str]:
        """Trace, request id, payload, and what went wrong."""
        lambda_ = self._service.client
        while True:
            try:
                answer = lambda_.invoke(FunctionName="crowd", Payload=json.dumps({"number": number}))
            except lambda_.exceptions.TooManyRequestsException:
                self.throttled += 1
                time.sleep(0.05)
                continue
            headers = answer["ResponseMetadata"]["HTTPHeaders"]
            failed = answer.get("FunctionError", "")
            return headers["x-amzn-trace-id"][5:40], headers["x-amzn-requestid"], json.load(answer["Payload"]), failed

    def log(self) -> str:
        """What the functions wrote."""
        return "".join(text for _name, text in list(self._service.log))

    def disturb(self, code: Path) -> None:
        """Kill an environment that works, then change the code."""
        wait(lambda: "victim" in self.log(), self.log)
        os.kill(int(self.log().rpartition("victim ")[2].split()[0]), signal.SIGKILL)
        wait(lambda: self.log().count("END") > 120, self.log)
        desks.write(code, CROWD.replace("VERSION = 1", "VERSION = 2"))


def test_two_hundred_callers_a_killed_environment_and_new_code(aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over ten environments: each caller gets its own answer or, one of them, the error of a killed runtime; none is lost.

    Each invocation has a trace of its own, with its own calls and nothing of another's; each throttle is one of one segment.
    """
    code = desks.write(tmp_path / "crowd", CROWD)
    function = Function("crowd", "app.handler", code, desks.runtime(monkeypatch), 20.0)
    desk: dict[str, Any] = {"aws_endpoint": aws, "trace_layer": layer.unpacked(), "concurrency": 10}
    with serving([function], tmp_path, **desk) as service, ThreadPoolExecutor(50) as threads:
        crowd = Crowd(service)
        disturbing = threading.Thread(target=crowd.disturb, args=(code,))
        disturbing.start()
        answers = list(threads.map(crowd.call, range(200)))
        disturbing.join()
        store = service.running.store

        lost = [number for number, (*_ids, failed) in enumerate(answers) if failed]
        told = f"RequestId: {answers[100][1]} Error: Runtime exited with error: signal: killed"
        assert (lost, answers[100][2:]) == ([100], ({"errorType": "Runtime.ExitError", "errorMessage": told}, "Unhandled"))
        good = [number for number in range(200) if number not in lost]
        assert [answers[number][2]["number"] for number in good] == good
        assert {answers[number][2]["version"] for number in good} == {1, 2}
        assert [answers[number][2]["header"][5:40] for number in good] == [answers[number][0] for number in good]
        assert len({trace for trace, *_ in answers}) == 200

        wait(lambda: all(whole(store.trace(answers[number][0])) for number in good), store.counts)
        for number, (root, request_id, *_rest) in enumerate(answers):
            trace = store.trace(root)
            assert trace
            real = [segment for segment in trace.segments if not segment.get("inferred")]
            tables = {node["aws"]["table_name"] for node in nodes(real) if "table_name" in node.get("aws", ())}
            assert [segment["origin"] for segment in real] == ["AWS::Lambda", "AWS::Lambda::Function"]
            assert real[0]["aws"]["request_id"] == request_id
            assert tables <= {f"table-{number}"}
            assert number in lost or (tables, trace.notices) == ({f"table-{number}"}, [])

        rest = set(store.trace_ids(0, time.time() + 10, "Event", 100_000)) - {trace for trace, *_ in answers}
        statuses = Counter(segment["http"]["response"]["status"] for root in rest for segment in _segments(service, root))
        assert statuses == ({429: crowd.throttled} if crowd.throttled else {})
        ids = re.findall(r"^END RequestId: (\S+)$", crowd.log(), re.MULTILINE)
        assert sorted(ids) == sorted(request_id for _trace, request_id, *_rest in answers)


def _segments(service: Service, root: str) -> list[Document]:
    trace = service.running.store.trace(root)
    return trace.segments if trace else []
