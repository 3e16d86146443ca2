"""Event handlers of the function's own beside ours: whatever they do, they do it as without us."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from tests.aws.conftest import MakeClient
from tests.aws.recording import Recording, node, tree
from tests.aws.test_threads import CALL
from tests.kit.aws_stub import AwsStub
from tests.kit.fakes import Document
from xray_instrument.context import live, parent
from xray_instrument.guard import Guard, guarded
from xray_instrument.plugins import botocore as plugin
from xray_instrument.recorder import recorder

KEY = {"pk": {"S": "1"}}
NO_ANSWER = [
    {
        "type": "NoResult",
        "message": "the call ended without a result: cancelled, interrupted, or an event handler of the function's own failed",
    }
]


class MineError(Exception):
    """The function's own."""


def fail(**_: object) -> None:
    raise MineError("mine")


def unanswered() -> Document:
    aws = {key: value for key, value in CALL["aws"].items() if key != "request_id"}
    return node("DynamoDB", type="subsegment", namespace="aws", aws=aws, fault=True, cause=NO_ANSWER)


# The event, and what is recorded of a call in which the function's handler for it raises.
RAISING: tuple[tuple[str, list[Document] | None], ...] = (
    ("provide-client-params", []),
    ("before-parameter-build", []),
    # The function's handler is the more specific one, so botocore asks it before ours: nothing has begun.
    ("before-call", []),
    # From here to the answer botocore tells after-call-error.
    ("request-created", None),
    ("before-sign", None),
    ("before-send", None),
    ("needs-retry", None),
    # Before ours again.
    ("after-call", [unanswered()]),
)


@pytest.mark.parametrize(("event", "expected"), RAISING, ids=[event for event, _expected in RAISING])
def test_handler_that_raises(event: str, expected: list[Document] | None, recording: Recording, client: MakeClient) -> None:
    """The function gets its own exception with its own traceback; the call is closed, and the next one stands where it should."""
    dynamodb = client("dynamodb")
    dynamodb.meta.events.register(f"{event}.dynamodb.GetItem", fail, unique_id="mine")

    try:
        dynamodb.get_item(TableName="orders", Key=KEY)
    except MineError:
        names = labels(sys.exc_info()[2])
    dynamodb.meta.events.unregister(f"{event}.dynamodb.GetItem", unique_id="mine")
    assert names[-1] == "fail"
    assert not [name for name in names if "xray" in name]
    assert live.trace.open == {}
    assert parent() is live.trace.root
    dynamodb.get_item(TableName="orders", Key=KEY)
    recording.end()

    (found,) = recording.trees()
    below = found["subsegments"]
    assert below[-1] == {**node("DynamoDB", **CALL), "id": f"id{len(below) + 1}", "parent_id": "id1"}
    if expected is None:
        assert [(child["name"], child.get("fault")) for child in below] == [("DynamoDB", True), ("DynamoDB", None)]
        assert below[0]["cause"][0]["type"] in ("MineError", "NoResult")
    else:
        assert found == tree([*expected, node("DynamoDB", **CALL)])


def labels(trace: Any) -> list[str]:
    """The function names of a traceback."""
    names = []
    while trace is not None:
        names.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    return names


def test_handler_that_answers_before_the_call(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """A before-call handler that answers itself: nothing is sent, the answer arrives, nothing is left open."""
    dynamodb = client("dynamodb")
    answer = (SimpleNamespace(status_code=200), {"Item": KEY, "ResponseMetadata": {}})
    dynamodb.meta.events.register("before-call.dynamodb.GetItem", lambda **_: answer, unique_id="mine")

    assert dynamodb.get_item(TableName="orders", Key=KEY)["Item"] == KEY
    assert (aws.requests, live.trace.open) == ([], {})
    dynamodb.meta.events.unregister("before-call.dynamodb.GetItem", unique_id="mine")
    dynamodb.get_item(TableName="orders", Key=KEY)
    recording.end()

    assert recording.trees() == [tree([node("DynamoDB", **CALL)])]


def test_handler_that_answers_after_ours(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """One that answers behind ours: the call has begun, and its answer is recorded as what it is."""
    dynamodb = client("dynamodb")
    answer = (SimpleNamespace(status_code=200), {"Item": KEY, "ResponseMetadata": {"RequestId": "mine", "RetryAttempts": 0}})
    dynamodb.meta.events.register_last("before-call", lambda **_: answer)

    dynamodb.get_item(TableName="orders", Key=KEY)
    recording.end()

    block = {**CALL["aws"], "request_id": "mine"}
    expected = node("DynamoDB", type="subsegment", namespace="aws", aws=block, http={"response": {"status": 200}})
    assert (recording.trees(), aws.requests) == ([tree([expected])], [])


def test_handler_that_answers_before_send(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """moto's way: an answer in before-send is recorded as a call with that status."""
    dynamodb = client("dynamodb")

    def answer(request: Any, **_: object) -> AWSResponse:
        headers: Any = {"x-amzn-requestid": "moto"}
        body = SimpleNamespace(stream=lambda: iter([b'{"__type": "ResourceNotFoundException"}']), read=lambda: b"")
        return AWSResponse(request.url, 400, headers, body)  # as moto does

    dynamodb.meta.events.register("before-send", answer)
    with pytest.raises(ClientError):
        dynamodb.get_item(TableName="orders", Key=KEY)
    recording.end()

    (found,) = recording.trees()
    (child,) = found["subsegments"]
    assert (child["http"], child["error"], child["aws"]["request_id"]) == ({"response": {"status": 400}}, True, "moto")
    assert aws.requests == []


def test_broken_plugin_is_harmless(
    recording: Recording, client: MakeClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault of ours in a call: the function has its answer, one line says so, and that part is off from then on."""
    monkeypatch.setattr(Guard, "strict", False)
    monkeypatch.setattr(plugin, "describe_response", None)  # called only for operations with a row in ANSWERS
    monkeypatch.setattr(recorder, "end", None)
    dynamodb = client("dynamodb")

    answers = [dynamodb.get_item(TableName="orders", Key=KEY)["ResponseMetadata"]["HTTPStatusCode"] for _ in range(3)]

    off = dict(guarded.off)
    guarded.off.clear()
    out, err = capsys.readouterr()
    assert (answers, out, list(off)) == ([200] * 3, "", ["botocore"])
    assert err.count("\n") == 1
    assert err.startswith(
        "xray_instrument: botocore is switched off, traces are incomplete, your function is not affected: TypeError"
    )
    assert recording.captured.datagrams == []
