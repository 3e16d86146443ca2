"""Whole functions under the real runtime client with the packed layer: what is left when they are killed, forked, restored, misused."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.aws.guests import KILLED_S, TELLS_EARLY, TOLD_S, Function, Outcome, outcome, settled, started
from tests.kit import pythons
from tests.kit.aws_stub import AwsStub, Reply
from tests.kit.collector import Collector, compiled
from tests.kit.fakes import Document
from tests.kit.runtime_api import PARENT, ROOT, UNSAMPLED, Invocation

CLIENT = """
    import boto3
    dynamodb = boto3.client("dynamodb")

    def get_item(table="orders"):
        return dynamodb.get_item(TableName=table, Key={"pk": {"S": "1"}})["ResponseMetadata"]["HTTPStatusCode"]
"""


def names(tree: Document) -> Any:
    """A tree as nested names, for the shape alone."""
    below = [names(child) for child in tree.get("subsegments", ())]
    return {tree["name"]: below} if below else tree["name"]


def invocations(sent: list[Document]) -> list[Document]:
    return [tree for tree in compiled(sent) if tree["name"] == "app.handler"]


HANGS = {
    "socket": ("dynamodb.get_item(TableName='slow', Key={'pk': {'S': '1'}})", "readinto", ["DynamoDB", "Deadline"]),
    "sleep": ("import time; time.sleep(30)", "handler", ["Deadline"]),
    "spin": ("while True: pass", "handler", ["Deadline"]),
}


@pytest.mark.parametrize("how", HANGS)
def test_killed_at_the_deadline(how: str, tmp_path: Path, aws: AwsStub) -> None:
    """SIGKILL without a warning: the root and the call are there in progress, and a subsegment tells where the function hung."""
    code, innermost, below = HANGS[how]
    aws.script("dynamodb.GetItem", then=Reply(silent=True))
    handler = f"\n    def handler(event, context):\n        {code}\n"

    run = outcome(tmp_path, Function(CLIENT + handler, TELLS_EARLY), aws, [Invocation(timeout_s=KILLED_S)])

    (root,) = invocations(run.sent)
    assert (run.run.timed_out, run.run.posts) == (True, ())
    assert (root["in_progress"], "end_time" in root) == (True, False)
    children = root["subsegments"]
    assert [child["name"] for child in children] == below
    assert [child["name"] for child in children if child.get("in_progress")] == below[:-1]
    told = children[-1]
    (exception,) = told["cause"]["exceptions"]
    assert (told["fault"], exception["type"], exception["stack"][-1]["label"]) == (True, "Timeout", innermost)
    assert "handler" in [frame["label"] for frame in exception["stack"]]
    assert not [frame["path"] for frame in exception["stack"] if "xray" in frame["path"]]
    # Told within the margin before the deadline, and drawn up to it; the invocation began a little later than its time runs.
    assert 0 < told["end_time"] - told["start_time"] <= TOLD_S + 0.001
    assert KILLED_S - TOLD_S < told["end_time"] - root["start_time"] <= KILLED_S


def test_slow_call_is_announced_once(tmp_path: Path, aws: AwsStub) -> None:
    """A call that takes more than the threshold is sent once in progress and once complete; a quick one only complete."""
    aws.script("dynamodb.GetItem", Reply(delay_s=2.5), Reply())
    code = CLIENT + "\n    def handler(event, context):\n        return [get_item(), get_item()]\n"

    run = outcome(tmp_path, Function(code, {"XRAY_INSTRUMENT_SLOW_CALL_MS": "1500"}), aws)

    seen = [
        (document["name"], bool(document.get("in_progress")))
        for document in run.sent
        if document["name"] in ("DynamoDB", "app.handler")
    ]
    assert seen == [("app.handler", True), ("DynamoDB", True), ("DynamoDB", False), ("DynamoDB", False), ("app.handler", False)]


def test_nothing_more_after_a_fast_invocation(tmp_path: Path, aws: AwsStub) -> None:
    """A function that waits for its next event sends nothing while it waits, also when the last deadline passes."""
    with Collector() as collector:
        function = Function("def handler(event, context):\n    return 1\n")
        with started(tmp_path, function, collector, aws) as guest:
            guest.invoke(Invocation(timeout_s=2.0))
            before = settled(collector)
            time.sleep(2.3)
            after = settled(collector)

    assert len(before) == 3
    assert after == before


def test_unsampled_and_untraced(tmp_path: Path, aws: AwsStub) -> None:
    """Not sampled, PassThrough, malformed, no header at all: nothing is sent, requests are botocore's own, the function answers."""
    headers = [UNSAMPLED, f"Root={ROOT};Lineage=1:a87bd80c:0", "garbage", None]
    code = CLIENT + "\n    def handler(event, context):\n        return get_item()\n"

    run = outcome(tmp_path, Function(code), aws, [Invocation(trace_header=header) for header in headers])

    assert (run.answers, run.sent) == ([200] * 4, [])
    assert [request.all_headers("X-Amzn-Trace-Id") for request in run.requests] == [[UNSAMPLED], [headers[1]], ["garbage"], []]


def test_calls_at_module_scope(tmp_path: Path, aws: AwsStub) -> None:
    """Calls in init carry no header, and show below init (a module's below its import) in the first sampled invocation's trace."""
    files = {"config.py": CLIENT + "\n    import time\n    time.sleep(0.02)\n    get_item('settings')\n"}
    code = "import config\nconfig.get_item('more')\n\ndef handler(event, context):\n    return config.get_item()\n"

    run = outcome(tmp_path, Function(code, files=files), aws, [Invocation(trace_header=UNSAMPLED), Invocation(), Invocation()])

    init, *roots = run.trees
    assert run.answers == [200] * 3
    assert (init["name"], init["parent_id"], init["trace_id"]) == ("app.handler init", PARENT, ROOT)
    found = dict(calls(init))
    assert {table: path for table, path in found.items() if table in ("settings", "more")} == {
        "settings": ["app.handler init", "app", "config"],
        "more": ["app.handler init", "app"],
    }
    assert [names(root) for root in roots] == [{"app.handler": ["DynamoDB"]}] * 2
    assert [root["annotations"]["cold_start"] for root in roots] == [False, False]
    assert [request.header("X-Amzn-Trace-Id") for request in run.requests[:2]] == [None, None]


def calls(tree: Document, above: tuple[str, ...] = ()) -> Any:
    """Each call's table with the names of what it hangs below."""
    if tree.get("namespace") == "aws":
        yield tree["aws"]["table_name"], list(above)
    for child in tree.get("subsegments", ()):
        yield from calls(child, (*above, tree["name"]))


@pytest.mark.parametrize("version", list(pythons.present()))
def test_threads_on_every_python(version: str, tmp_path: Path, aws: AwsStub) -> None:
    """Twelve calls in a pool, one in a thread, one by to_thread: 14 calls below the invocation, on each Python."""
    code = (
        CLIENT
        + """
    import asyncio, threading
    from concurrent.futures import ThreadPoolExecutor

    def handler(event, context):
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: get_item(), range(12)))
        thread = threading.Thread(target=get_item)
        thread.start(); thread.join()
        found.append(asyncio.run(asyncio.to_thread(get_item)))
        return found
    """
    )
    run = outcome(tmp_path, Function(code, version=version), aws, [Invocation(), Invocation()])

    assert run.answers == [[200] * 13] * 2
    assert run.run.stderr == b""
    assert [names(root) for root in run.roots] == [{"app.handler": ["DynamoDB"] * 14}] * 2
    assert sent_parents(run) == sorted(document["id"] for document in run.sent if document["name"] == "DynamoDB")


def sent_parents(run: Outcome) -> list[str]:
    """The Parent of every request."""
    return sorted((request.header("X-Amzn-Trace-Id") or "").partition("Parent=")[2][:16] for request in run.requests)


@pytest.mark.parametrize("version", list(pythons.present()))
def test_aiobotocore_on_every_python(version: str, tmp_path: Path, aws: AwsStub) -> None:
    """Fifty calls in a gather under the real client: fifty subsegments below the invocation, on each Python."""
    code = """
    import asyncio, os
    from aiobotocore.session import get_session

    async def main():
        async with get_session().create_client("dynamodb", endpoint_url=os.environ["AWS_ENDPOINT_URL"]) as dynamodb:
            return len(await asyncio.gather(*(dynamodb.list_tables() for _ in range(50))))

    def handler(event, context):
        return asyncio.run(main())
    """
    run = outcome(tmp_path, Function(code, version=version, vendor=True), aws)

    assert run.answers == [50]
    assert [names(root) for root in run.roots] == [{"app.handler": ["DynamoDB"] * 50}]
    assert sent_parents(run) == sorted(document["id"] for document in run.sent if document["name"] == "DynamoDB")


def test_five_hundred_calls_over_udp(tmp_path: Path, aws: AwsStub) -> None:
    """500 calls in one invocation: 500 subsegments received over real UDP, each with its own id, none lost and none said to be."""
    code = CLIENT + "\n    def handler(event, context):\n        return sum(get_item() for _ in range(500))\n"

    run = outcome(tmp_path, Function(code), aws)

    (root,) = invocations(run.sent)
    assert run.answers == [100_000]
    assert Counter(child["name"] for child in root["subsegments"]) == {"DynamoDB": 500}
    assert len({child["id"] for child in root["subsegments"]}) == 500
    assert "xray_instrument" not in root["metadata"]


FORKED = (
    CLIENT
    + """
    import multiprocessing

    def child(queue):
        # A client of its own: the parent's open connection would be shared by all of them.
        own = boto3.session.Session().client("dynamodb")
        queue.put(own.get_item(TableName="orders", Key={"pk": {"S": "1"}})["ResponseMetadata"]["HTTPStatusCode"])

    def handler(event, context):
        queue = multiprocessing.get_context("fork").Queue()
        children = [multiprocessing.get_context("fork").Process(target=child, args=(queue,)) for _ in range(4)]
        for each in children: each.start()
        found = [queue.get(timeout=10) for _ in children]
        for each in children: each.join()
        return found + [get_item()]
    """
)


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_forked_children(version: str, tmp_path: Path, aws: AwsStub) -> None:
    """Forked children's calls hang below the invocation with ids of their own; the root is sent by its own process, once; no warning."""
    run = outcome(tmp_path, Function(FORKED, {"PYTHONWARNINGS": "error"}, version=version), aws, [Invocation(), Invocation()])

    assert (run.answers, run.run.stderr) == ([[200] * 5] * 2, b"")
    assert [names(root) for root in run.roots] == [{"app.handler": ["DynamoDB"] * 5}] * 2
    ids = [document["id"] for document in run.sent if document["name"] == "DynamoDB"]
    assert (len(ids), len(set(ids))) == (10, 10)


def test_managed_instances(tmp_path: Path, aws: AwsStub) -> None:
    """Several processes of one environment: each invocation whole, every id distinct, no initialization shown."""
    code = (
        CLIENT
        + "\n    import os, time\n    def handler(event, context):\n        time.sleep(0.3)\n        return [os.getpid(), get_item()]\n"
    )
    environment = {"AWS_LAMBDA_MAX_CONCURRENCY": "3", "AWS_LAMBDA_INITIALIZATION_TYPE": "lambda-managed-instances"}
    events = [Invocation({"n": number}) for number in range(12)]

    with Collector() as collector:
        with started(tmp_path, Function(code, environment), collector, aws, events) as guest:
            with guest.api.changed:
                assert guest.api.changed.wait_for(lambda: len(guest.api.posts) == 12, 30)
            answers = [post.json() for post in guest.api.posts]
        sent = settled(collector)

    assert [answer[1] for answer in answers] == [200] * 12
    assert [names(root) for root in invocations(sent)] == [{"app.handler": ["DynamoDB"]}] * 12
    ids = [document["id"] for document in sent if not document.get("in_progress")]
    assert (len(ids), len(set(ids))) == (24, 24)
    assert {document["name"] for document in sent} == {"app.handler", "DynamoDB"}
    assert len({answer[0] for answer in answers}) > 1


def test_snapstart(tmp_path: Path, aws: AwsStub) -> None:
    """After a restore nothing of the snapshot's past is shown: no initialization, and times and ids of the restored process."""
    code = CLIENT + "\n    def handler(event, context):\n        return get_item()\n"

    run = outcome(tmp_path, Function(code, {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}), aws, [Invocation(), Invocation()])

    assert run.answers == [200, 200]
    assert [names(tree) for tree in run.trees] == [{"app.handler": ["DynamoDB"]}] * 2
    assert [root["annotations"]["cold_start"] for root in run.roots] == [True, False]


def test_provisioned_concurrency(tmp_path: Path, aws: AwsStub) -> None:
    """An environment made ahead of need says so, and its first caller is told of no cold start."""
    environment = {"AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency"}
    run = outcome(tmp_path, Function("def handler(event, context):\n    return 1\n", environment), aws)

    init, root = run.trees
    assert init["annotations"] == {"initialization_type": "provisioned-concurrency", "initialized_ahead": True}
    assert root["annotations"] == {"cold_start": False, "trigger": "direct"}


SIMPLE = "def handler(event, context):\n    return 1\n"
ADDRESSES = {
    "missing": ({"AWS_XRAY_DAEMON_ADDRESS": ""}, b""),
    "malformed": (
        {"AWS_XRAY_DAEMON_ADDRESS": "nonsense"},
        b"AWS_XRAY_DAEMON_ADDRESS='nonsense': expected host:port or 'tcp:host:port udp:host:port'; nothing is sent",
    ),
    "nobody listens": ({}, b""),
}


@pytest.mark.parametrize("what", ADDRESSES)
def test_no_daemon(what: str, tmp_path: Path, aws: AwsStub) -> None:
    """No daemon, no address, or one that cannot be read: the function answers as ever; only nonsense is told, once."""
    environment, told = ADDRESSES[what]
    run = outcome(tmp_path, Function(SIMPLE, environment, daemon=False), aws, [Invocation(), Invocation()])

    assert (run.answers, run.sent) == ([1, 1], [])
    assert run.run.stderr.count(b"\n") == bool(told)
    assert told in run.run.stderr


LEAVES = [{"type": "Runtime.ExitError", "message": "the function's code ended the process inside the invocation (sys.exit)"}]
EXITS = {
    "sys.exit": ("import sys; sys.exit(3)", 3, LEAVES),
    # The interpreter kills itself with SIGINT after an unhandled KeyboardInterrupt.
    "KeyboardInterrupt": ("raise KeyboardInterrupt", -2, [{"type": "KeyboardInterrupt", "message": "", "innermost": "handler"}]),
}


@pytest.mark.parametrize("how", EXITS)
def test_process_ends_inside_an_invocation(how: str, tmp_path: Path, aws: AwsStub) -> None:
    """sys.exit and KeyboardInterrupt end the process in the middle: the root is closed as a fault that says so."""
    code, exit_code, cause = EXITS[how]

    run = outcome(tmp_path, Function(f"def handler(event, context):\n    {code}\n"), aws)

    (root,) = run.roots
    assert run.run.posts == ()
    assert (run.run.exit_code, root["fault"], "in_progress" in root) == (exit_code, True, False)
    assert root["cause"] == cause


def test_os_exit(tmp_path: Path, aws: AwsStub) -> None:
    """os._exit runs nothing any more: the root stays in progress, as evidence."""
    run = outcome(tmp_path, Function("import os\ndef handler(event, context):\n    os._exit(7)\n"), aws)

    (root,) = run.roots
    assert (run.run.exit_code, root["in_progress"]) == (7, True)


def test_handler_that_fails(tmp_path: Path, aws: AwsStub) -> None:
    """An exception is the root's fault with its whole chain and the function's frames only; the next invocation is clean."""
    code = """
    def load():
        raise KeyError("order")

    def handler(event, context):
        if event:
            try:
                load()
            except KeyError as error:
                raise ValueError("no order") from error
        return 1
    """
    run = outcome(tmp_path, Function(code), aws, [Invocation({"fail": 1}), Invocation()])

    failed, fine = run.roots
    assert failed["cause"] == [
        {"type": "ValueError", "message": "no order", "innermost": "handler", "led_to_by": 1},
        {"type": "KeyError", "message": "'order'", "innermost": "load"},
    ]
    assert (failed["fault"], "fault" in fine, "cause" in fine) == (True, False, False)
    stack = invocations(run.sent)[0]["cause"]["exceptions"][0]["stack"]
    assert [frame["label"] for frame in stack] == ["handler"]


def test_init_error(tmp_path: Path, aws: AwsStub) -> None:
    """A module that fails at import: Lambda has no trace header yet, so nothing is recorded, and the report is Lambda's own."""
    run = outcome(tmp_path, Function("import missing_module\n"), aws)

    assert run.sent == []
    assert [post.kind for post in run.run.posts] == ["init/error"]
    assert run.run.posts[0].json()["errorMessage"] == "Unable to import module 'app': No module named 'missing_module'"
    assert run.run.exit_code == 1


def test_killed_in_a_thread_pool(tmp_path: Path, aws: AwsStub) -> None:
    """Calls that hang in other threads at the deadline are all there, in progress."""
    aws.script("dynamodb.GetItem", then=Reply(silent=True))
    code = (
        CLIENT
        + """
    from concurrent.futures import ThreadPoolExecutor

    def handler(event, context):
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda _: get_item(), range(3)))
    """
    )
    run = outcome(tmp_path, Function(code, TELLS_EARLY), aws, [Invocation(timeout_s=KILLED_S)])

    (root,) = invocations(run.sent)
    seen = Counter((child["name"], child.get("in_progress")) for child in root["subsegments"])
    assert seen == {("DynamoDB", True): 3, ("Deadline", None): 1}
