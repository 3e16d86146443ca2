"""Libraries that the X-Ray SDK patches and the layer records: each call is shown once, by the one that knows more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.aws.guests import Function, Outcome, outcome
from tests.kit.aws_stub import AwsStub, Reply, error_json
from tests.kit.collector import compiled, walk
from tests.kit.fakes import Document
from tests.sdk.programs import AWS, PRELUDE
from tests.sdk.trees import cause, comparable, names, recorded_by_the_sdk, unanswered

ORIGINAL = """
import botocore.client
def unpatch():
    botocore.client.BaseClient._make_api_call = botocore.client.BaseClient.__dict__["_make_api_call"].__wrapped__
"""
# What a function does with botocore or its relatives: (what comes before the SDK's patch, what comes after it), and how
# many calls the handler makes.
CLIENT = ("import boto3\nmake = boto3.client\n", "dynamodb = make('dynamodb')\n")
GET = """
def handler(event, context):
    return dynamodb.get_item(TableName="orders", Key={"pk": {"S": "1"}})["ResponseMetadata"]["HTTPStatusCode"]
"""
RESOURCE = """
import boto3
table = boto3.resource("dynamodb").Table("orders")
def handler(event, context):
    return table.get_item(Key={"pk": "1"})["ResponseMetadata"]["HTTPStatusCode"]
"""
UPLOAD = """
import boto3, io
s3 = boto3.client("s3")
def handler(event, context):
    s3.upload_fileobj(io.BytesIO(b"receipt"), "receipts", "1.pdf")
    return 200
"""
AIOBOTOCORE = """
from aiobotocore.session import get_session
async def load():
    async with get_session().create_client("dynamodb") as client:
        return (await client.get_item(TableName="orders", Key={"pk": {"S": "1"}}))["ResponseMetadata"]["HTTPStatusCode"]

def handler(event, context):
    return asyncio.run(load())
"""
PYNAMODB = """
import os
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model
class Order(Model):
    class Meta:
        table_name, region, host = "orders", "eu-west-1", os.environ["AWS_ENDPOINT_URL"]
    pk = UnicodeAttribute(hash_key=True)

def handler(event, context):
    try:
        Order.get("1")
    except Order.DoesNotExist:
        return 200
"""
LIBRARIES = {
    "botocore": (CLIENT[0] + CLIENT[1] + GET, "DynamoDB"),
    "resource": (RESOURCE, "DynamoDB"),
    "s3transfer": (UPLOAD, "S3"),
    "aiobotocore": (AIOBOTOCORE, "DynamoDB"),
    "pynamodb": (PYNAMODB, "DynamoDB"),
}
PATCH = "patch_all()\n"
BROUGHT = ("pynamodb==6.1.0",)


def layered(tmp_path: Path, code: str, aws: AwsStub, **environment: str) -> Outcome:
    """The function with the layer, and with everything that is patched in its package."""
    return outcome(tmp_path, Function(PRELUDE + code, environment, vendor=True, packages=BROUGHT), aws)


def calls(made: Outcome) -> list[Document]:
    """Every subsegment that stands for a call to AWS."""
    return [node for node in walk(compiled(made.sent)) if node.get("namespace") == "aws"]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("order", ["patched first", "patched last", "patched twice", "patched in the handler"])
def test_a_call_is_shown_once(library: str, order: str, tmp_path: Path, aws: AwsStub) -> None:
    """Whichever is first, the library with its clients or the patch: one subsegment, ours, which the request names."""
    code, service = LIBRARIES[library]
    made = layered(
        tmp_path,
        {
            "patched first": PATCH + code,
            "patched last": code + PATCH,
            "patched twice": PATCH + code + PATCH,
            "patched in the handler": code.replace("(event, context):\n", "(event, context):\n    patch_all()\n"),
        }[order],
        aws,
    )

    assert (made.answers, made.run.stderr, made.run.stdout) == ([200], b"", b"")
    assert [(call["name"], call["aws"]["retries"]) for call in calls(made)] == [(service, 0)]
    [call] = calls(made)
    [header] = made.requests[-1].all_headers("X-Amzn-Trace-Id")
    assert f"Parent={call['id']}" in header


def test_between_the_client_and_its_calls(tmp_path: Path, aws: AwsStub) -> None:
    """The patch may come after botocore's import and before the client is made."""
    made = layered(tmp_path, CLIENT[0] + PATCH + CLIENT[1] + GET, aws)

    assert (made.answers, [call["name"] for call in calls(made)]) == ([200], ["DynamoDB"])


def test_a_patch_that_is_taken_off(tmp_path: Path, aws: AwsStub) -> None:
    """What the function's own code undoes is undone: the calls from then on are ours alone, and each is there once."""
    code = PATCH + AWS + ORIGINAL + "\ndef handler(event, context):\n    return [load(), unpatch(), load()]\n"
    bare = outcome(tmp_path, Function(PRELUDE + code, vendor=True, layered=False), aws)
    made = layered(tmp_path, code, aws)

    assert bare.answers == made.answers == [[200, None, 200]]
    assert (len(calls(bare)), [call["name"] for call in calls(made)]) == (1, ["DynamoDB", "DynamoDB"])


def test_plain_calls_where_pynamodb_is_patched(tmp_path: Path, aws: AwsStub) -> None:
    """The SDK's patch for PynamoDB sees every request to DynamoDB; alone it shows a call of boto3 twice, with the layer once."""
    code = PATCH + AWS + "\ndef handler(event, context):\n    import pynamodb\n    patch(['pynamodb'])\n    return load()\n"
    function = Function(PRELUDE + code, vendor=True, packages=BROUGHT, layered=False)
    bare = outcome(tmp_path, function, aws)
    made = layered(tmp_path, code, aws)

    assert bare.answers == made.answers == [200]
    assert [call["name"] for call in calls(bare)] == ["dynamodb", "dynamodb"]
    assert [call["name"] for call in calls(made)] == ["DynamoDB"]


def test_calls_at_module_scope(tmp_path: Path, aws: AwsStub) -> None:
    """They are below the initialization, once, where the SDK alone discards them with a warning."""
    made = layered(tmp_path, PATCH + AWS + "first = load()\ndef handler(event, context):\n    return first\n", aws)
    [initialization] = [tree for tree in compiled(made.sent) if tree["name"] == "app.handler init"]

    assert (made.answers, made.run.stdout, made.run.stderr) == ([200], b"", b"")
    assert [node["name"] for node in walk([initialization]) if node.get("namespace") == "aws"] == ["DynamoDB"]
    assert len(calls(made)) == 1


def test_the_sdk_switched_off(tmp_path: Path, aws: AwsStub) -> None:
    """AWS_XRAY_SDK_ENABLED=false: nothing of the SDK's, and every call by us."""
    code = PATCH + AWS + "\ndef handler(event, context):\n    with xray_recorder.in_subsegment('mine'):\n        return load()\n"
    made = layered(tmp_path, code, aws, AWS_XRAY_SDK_ENABLED="false")

    assert (made.answers, made.run.stdout, made.run.stderr) == ([200], b"", b"")
    assert [names(tree) for tree in recorded_by_the_sdk(made.sent)] == [["DynamoDB"]]


OWN_EMITTER = {
    "of its own": "class Own:\n    def set_daemon_address(self, address):\n        pass\n",
    "above the SDK's": "from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter\nclass Own(UDPEmitter):\n",
}
EMITS = """
    got = []
    def send_entity(self, entity):
        self.got.append(entity.name)
        {then}
recorder.configure(emitter=Own())
patch_all()
"""
RECORDERS = {
    "the SDK's": "recorder = xray_recorder\n",
    "a second": "from aws_xray_sdk.core.recorder import AWSXRayRecorder\nrecorder = AWSXRayRecorder()\n",
}


@pytest.mark.parametrize("whose", RECORDERS)
@pytest.mark.parametrize("kind", OWN_EMITTER)
def test_an_emitter_of_the_functions_own(kind: str, whose: str, tmp_path: Path, aws: AwsStub) -> None:
    """It gets everything that its recorder records, as without us; what it sends on is sent once."""
    sends_on = kind == "above the SDK's"
    emits = EMITS.format(then="super().send_entity(entity)" if sends_on else "pass")
    handler = """
def handler(event, context):
    with recorder.in_subsegment("mine"):
        load() if recorder is xray_recorder else None
    return Own.got
"""
    code = RECORDERS[whose] + OWN_EMITTER[kind] + emits + AWS + handler
    bare = outcome(tmp_path, Function(PRELUDE + code, vendor=True, layered=False), aws)
    made = layered(tmp_path, code, aws)

    below = ["dynamodb"] if whose == "the SDK's" else []
    assert bare.answers == made.answers == [[*below, "mine"]]
    trees = [[names(tree) for tree in recorded_by_the_sdk(run.sent)] for run in (bare, made)]
    assert trees == [[["mine", *([below] if below else [])]] if sends_on else []] * 2


FAILING = {
    "not found": (Reply(400, body=error_json("ResourceNotFoundException")), {"error": True}),
    "throttled": (Reply(400, body=error_json("ThrottlingException")), {"error": True, "throttle": True}),
    "broken": (Reply(500, body=error_json("InternalServerError")), {"fault": True}),
    "no answer": (Reply(hang_up=True), {"fault": True}),
}


@pytest.mark.parametrize("kind", FAILING)
def test_a_call_that_fails(kind: str, tmp_path: Path, aws: AwsStub) -> None:
    """The error that is reported has the SDK's frames and none of ours; the flags are ours; what it passes names its cause."""
    reply, flags = FAILING[kind]
    code = (
        AWS
        + """
patch(["boto3"])
@xray_recorder.capture("loads")
def loads():
    return load()

def handler(event, context):
    return loads()
"""
    )
    runs: list[Any] = []
    for one in (False, True):
        aws.script("dynamodb.GetItem", reply)
        runs.append(outcome(tmp_path, Function(PRELUDE + code, vendor=True, layered=one), aws))
    bare, made = runs

    assert comparable(made.answers) == comparable(bare.answers)
    assert (comparable(made.run.stdout), made.run.stderr) == (comparable(bare.run.stdout), bare.run.stderr)
    [call] = calls(made)
    assert {name: call[name] for name in ("error", "throttle", "fault") if name in call} == flags
    [loads] = recorded_by_the_sdk(made.sent)
    # Of what is no answer of AWS's, the SDK's record of the call has no exception that one further up could refer to.
    own = kind == "no answer"
    assert loads["fault"] is True
    assert cause(loads["cause"]) == cause(recorded_by_the_sdk(bare.sent)[0]["cause"])
    assert own or loads["cause"] == call["cause"]["exceptions"][0]["id"]
    assert unanswered(bare.sent) == unanswered(made.sent) == set()
