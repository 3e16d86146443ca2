"""Calls of AWS that the X-Ray SDK's patches see, too: the tree is the one that they give without us, or what is better about it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.aws.guests import Function, Outcome, outcome
from tests.kit.aws_stub import AwsStub
from tests.kit.collector import compiled, walk
from tests.kit.fakes import Document
from tests.sdk.client_programs import GET, PROGRAMS, PYNAMODB, URLLIB3, Program
from tests.sdk.programs import PRELUDE
from tests.sdk.trees import comparable, names, recorded_by_the_sdk, told

PATCH = "patch_all()\n"
# Where the patch stands in a function.
PLACES = {
    "before the import": "{patch}{imports}{making}{handler}",
    "before the client is made": "{imports}{patch}{making}{handler}",
    "after the client is made": "{imports}{making}{patch}{handler}",
    "in the handler": "{imports}{making}{in_handler}",
}
# Every program in both orders; a patch between the two is botocore's affair alone.
ORDERS = ("before the import", "after the client is made")
TABLE = [(name, place) for name in PROGRAMS for place in (PLACES if name == "client" else ORDERS)]
# Of what is recorded of a call, or of a request that is made for it; the SDK's own subsegments are "local".
NAMESPACES = ("aws", "remote")
PARENT = re.compile("Parent=([0-9a-f]{16})")


def placed(program: Program, place: str, patch: str = PATCH) -> str:
    """The whole function."""
    in_handler = program.handler.replace("(event, context):\n", f"(event, context):\n    {patch}")
    return PRELUDE + PLACES[place].format(patch=patch, in_handler=in_handler, **program._asdict())


def both(tmp_path: Path, code: str, aws: AwsStub, packages: tuple[str, ...] = ()) -> tuple[Outcome, Outcome]:
    """The function without the layer and with it, each with its own requests."""
    made = []
    for layered in (False, True):
        aws.clear()
        made.append(outcome(tmp_path, Function(code, vendor=True, packages=packages, layered=layered), aws))
    return made[0], made[1]


def trees(made: Outcome) -> list[Document]:
    """What the SDK recorded, or what stands for it; what threads do at the same time in any order."""
    return sorted((told(tree) for tree in recorded_by_the_sdk(made.sent)), key=repr)


def callers(made: Outcome) -> list[list[str]]:
    """For each request, which subsegments its trace headers name."""
    known = {node["id"]: node["name"].lower() for node in walk(compiled(made.sent))}
    headers = [request.all_headers("X-Amzn-Trace-Id") for request in made.requests]
    return sorted([known.get(match[1], "nobody") for header in sent for match in PARENT.finditer(header)] for sent in headers)


def said(made: Outcome) -> list[str]:
    """The answers and the output."""
    return [comparable(what) for what in (made.answers, made.run.stdout, made.run.stderr)]


@pytest.mark.parametrize(("name", "place"), TABLE)
def test_what_patch_all_gives_is_what_it_gives_without_us(name: str, place: str, tmp_path: Path, aws: AwsStub) -> None:
    """The same subsegments, no more and no fewer, in the same places, and each request names the same one of them."""
    bare, made = both(tmp_path, placed(PROGRAMS[name], place), aws, PROGRAMS[name].packages)

    assert said(made) == said(bare)
    assert [post.kind for post in made.run.posts] == ["response"]
    assert trees(made) == trees(bare) != []
    assert callers(made) == callers(bare) != []


@pytest.mark.parametrize("place", ORDERS)
def test_requests_that_the_function_wants_to_see_as_well(place: str, tmp_path: Path, aws: AwsStub) -> None:
    """With patch_all(double_patch=True), http.client's requests are below botocore's call, as without us."""
    code = placed(PROGRAMS["client"], place, "patch_all(double_patch=True)\n")
    bare, made = both(tmp_path, code, aws, URLLIB3)

    assert said(made) == said(bare)
    assert trees(made) == trees(bare)
    assert [names(tree) for tree in recorded_by_the_sdk(made.sent)] == [["DynamoDB", *[["127.0.0.1"]] * 4]]
    assert callers(made) == callers(bare) == [["dynamodb"]]


@pytest.mark.parametrize("place", [*ORDERS, "in the handler"])
def test_a_call_that_only_http_client_would_show(place: str, tmp_path: Path, aws: AwsStub) -> None:
    """The SDK shows its four requests; with the layer there is the call instead, once."""
    bare, made = both(tmp_path, placed(PROGRAMS["client"], place, 'patch(["httplib"])\n'), aws, URLLIB3)

    assert said(made) == said(bare)
    assert [names(tree) for tree in recorded_by_the_sdk(bare.sent)] == [["127.0.0.1"]] * 4
    assert [names(tree) for tree in recorded_by_the_sdk(made.sent)] == [["DynamoDB"]]
    assert callers(made) == [["dynamodb"]]


def test_requests_of_the_functions_own_inside_a_call(tmp_path: Path, aws: AwsStub) -> None:
    """What a handler of botocore's events asks elsewhere is not the call: it is shown below it."""
    code = f"""
patch(["httplib"])
import boto3, http.client, os
from urllib.parse import urlsplit
client = boto3.client("dynamodb")

def ask(**_):
    connection = http.client.HTTPConnection(urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc)
    connection.request("GET", "/prices")
    connection.getresponse()

client.meta.events.register("before-send", ask)

def handler(event, context):
    return {GET}
"""
    bare, made = both(tmp_path, PRELUDE + code, aws, URLLIB3)

    assert said(made) == said(bare)
    assert [len(names(tree)) for tree in recorded_by_the_sdk(bare.sent)] == [1] * 6
    assert [names(tree) for tree in recorded_by_the_sdk(made.sent)] == [["DynamoDB", ["127.0.0.1"], ["127.0.0.1"]]]


MODULE_SCOPE = {
    "client": ("dynamodb", "found = GET\n"),
    "resource": ("dynamodb", 'found = table.get_item(Key={"pk": "1"})["ResponseMetadata"]["HTTPStatusCode"]\n'),
    "s3transfer": ("s3", 's3.upload_fileobj(io.BytesIO(b"paid"), "receipts", "1.pdf")\nfound = 200\n'),
    "aiobotocore": ("dynamodb", "found = asyncio.run(load())\n"),
    "below the SDK's": ("dynamodb", "found = loads()\n"),
    "thread": ("dynamodb", "work(xray_recorder.get_trace_entity(), results := [])\nfound = results[0]\n"),
}


@pytest.mark.parametrize("name", MODULE_SCOPE)
def test_a_call_at_module_scope(name: str, tmp_path: Path, aws: AwsStub) -> None:
    """Once, below the initialization, where the SDK alone discards it."""
    program = PROGRAMS[name]
    service, call = MODULE_SCOPE[name]
    own = program.handler.replace("def handler(event, context)", "def other(event, context)")
    module = own + call.replace("GET", GET) + "\ndef handler(event, context):\n    return found\n"
    bare, made = both(tmp_path, placed(program._replace(handler=module), "before the client is made"), aws)

    assert (made.answers, bare.answers, bare.sent) == ([200], [200], [])
    assert (made.run.stdout, made.run.stderr) == (b"", b"")
    [initialization] = [tree for tree in compiled(made.sent) if tree["name"] == "app.handler init"]
    assert [node["name"].lower() for node in walk([initialization]) if node.get("namespace") in NAMESPACES] == [service]
    assert [node["name"].lower() for node in walk(compiled(made.sent)) if node.get("namespace") in NAMESPACES] == [service]


def test_pynamodb(tmp_path: Path, aws: AwsStub) -> None:
    """Its calls pass botocore's client and botocore's HTTP session: the SDK shows them twice, the layer once."""
    program = Program(
        "import os\nfrom pynamodb.attributes import UnicodeAttribute\nfrom pynamodb.models import Model\n",
        """
class Order(Model):
    class Meta:
        table_name, region, host = "orders", "eu-west-1", os.environ["AWS_ENDPOINT_URL"]
    pk = UnicodeAttribute(hash_key=True)
""",
        "\ndef handler(event, context):\n    return Order.exists()\n",
    )
    for place in PLACES:
        bare, made = both(tmp_path / place.replace(" ", "-"), placed(program, place), aws, PYNAMODB)

        assert said(made) == said(bare)
        assert [names(tree) for tree in recorded_by_the_sdk(bare.sent)] == [["dynamodb", ["dynamodb"]]]
        assert [names(tree) for tree in recorded_by_the_sdk(made.sent)] == [["DynamoDB"]]
