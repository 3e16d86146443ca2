"""Streams as event sources: moto's Kinesis and DynamoDB over HTTP, the function a script."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.local.lambda_service.aws import ACCOUNT, ERROR, OK, REGION, Reading, Scripted, client, execution, moto, run
from xray_local.lambda_service.model import Execution, LambdaError, Source, TooManyRequestsError

# Hash keys have 128 bits.
MIDDLE = 2**127


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """One moto for all; each test has streams of its own."""
    with moto() as address:
        yield address


class Stream:
    """A Kinesis stream of a test."""

    def __init__(self, endpoint: str, name: str, shards: int = 1) -> None:
        self.endpoint, self.name = endpoint, name
        self.kinesis = client(endpoint, "kinesis")
        self.kinesis.create_stream(StreamName=name, ShardCount=shards)
        self.arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"

    def put(self, *texts: str, at: int = 0) -> None:
        """`at`: where in the stream, which decides about the shard."""
        for text in texts:
            self.kinesis.put_record(StreamName=self.name, Data=text.encode(), PartitionKey="k", ExplicitHashKey=str(at))


def source(stream: Stream, **settings: Any) -> Source:
    return Source("kinesis", "Clicks", stream.arn, starting_position="TRIM_HORIZON", **settings)


def texts(invoker: Scripted) -> list[list[str]]:
    """The data of each event's records."""
    return [[base64.b64decode(record["kinesis"]["data"]).decode() for record in event["Records"]] for event in invoker.events]


def done(count: int) -> Callable[[Reading], Any]:
    """Wait until that many records are done with."""

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.sources.health()[0]["records"] == count)

    return play


def script(*answers: Execution | Exception) -> Scripted:
    """A function whose first answers are these; then all goes well."""
    left = iter(answers)
    return Scripted(lambda _event: next(left, OK))


def names(event: Any, *wanted: str) -> Execution:
    """A partial response that names the records of those texts."""
    found = [
        record["kinesis"]["sequenceNumber"]
        for record in event["Records"]
        if base64.b64decode(record["kinesis"]["data"]).decode() in wanted
    ]
    return execution(response={"batchItemFailures": [{"itemIdentifier": number} for number in found]})


def test_a_record_that_no_filter_lets_pass(endpoint: str) -> None:
    """The function gets the records that match, in order, and the stream is read past the others."""
    stream = Stream(endpoint, "filtered")
    stream.put('{"to": "cart"}', "no JSON", *['{"to": "help"}'] * 30, '{"to": "cart", "n": 2}')
    # One at a time: if each that is passed over were waited for as if nothing were new, that would take 30 s.
    filtered = source(stream, filters=({"data": {"to": ["cart"]}},), batch_size=1)

    reading = run(endpoint, filtered, Scripted(), done(2))
    assert [text for event in texts(reading.invoker) for text in event] == ['{"to": "cart"}', '{"to": "cart", "n": 2}']


def test_records_from_the_start_in_batches(endpoint: str) -> None:
    """TRIM_HORIZON: what was there before, in order, as many at a time as the batch size says; then what comes."""
    stream = Stream(endpoint, "from-start")
    stream.put("a", "b", "c")

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.sources.health()[0]["records"] == 3)
        stream.put("d")
        await reading.until(lambda: reading.sources.health()[0]["records"] == 4)

    reading = run(endpoint, source(stream, batch_size=2), Scripted(), play)
    assert (texts(reading.invoker), reading.invoker.spans) == ([["a", "b"], ["c"], ["d"]], [1, 1, 1])
    assert reading.invoker.events[0]["Records"][0]["eventID"].startswith("shardId-000000000000:")


def test_only_what_is_new(endpoint: str) -> None:
    """LATEST: what was there before the start is not read."""
    stream = Stream(endpoint, "latest")
    stream.put("old")

    async def play(reading: Reading) -> None:
        await reading.enabled()
        stream.put("new")
        await reading.until(lambda: reading.sources.health()[0]["records"] == 1)

    reading = run(endpoint, Source("kinesis", "Clicks", stream.arn), Scripted(), play)
    assert texts(reading.invoker) == [["new"]]


def test_all_attempts_at_a_batch_are_one_span(endpoint: str) -> None:
    """A batch that fails twice is tried again with the same records, within one service segment; the next waits for it."""
    stream = Stream(endpoint, "retried")
    stream.put("a", "b", "c")
    reading = run(endpoint, source(stream, batch_size=2), script(ERROR, ERROR), done(3))
    assert (texts(reading.invoker), reading.invoker.spans, reading.said) == ([["a", "b"]] * 3 + [["c"]], [3, 1], [])


def test_a_batch_is_given_up_after_its_retries(endpoint: str) -> None:
    """MaximumRetryAttempts 1: two attempts, then it is said, and the shard goes on."""
    stream = Stream(endpoint, "given-up")
    stream.put("a", "b", "c")
    reading = run(endpoint, source(stream, batch_size=2, retries=1), script(ERROR, ERROR), done(1))
    numbers = [record["kinesis"]["sequenceNumber"] for record in reading.invoker.events[0]["Records"]]
    assert (texts(reading.invoker), reading.invoker.spans) == ([["a", "b"], ["a", "b"], ["c"]], [2, 1])
    assert reading.said == [
        f"event source Clicks (stream/given-up) of worker: 2 records are given up (failed 2 times): {numbers[0]} to {numbers[1]}"
    ]


def test_a_failing_batch_is_split(endpoint: str) -> None:
    """BisectBatchOnFunctionError: halves in order until the record that fails is alone; splits count as no retry."""
    stream = Stream(endpoint, "split")
    stream.put("a", "b", "bad", "d")

    def handler(event: Any) -> Execution:
        data = [base64.b64decode(record["kinesis"]["data"]) for record in event["Records"]]
        return ERROR if b"bad" in data else OK

    reading = run(endpoint, source(stream, bisect=True, retries=1), Scripted(handler), done(3))
    assert texts(reading.invoker) == [["a", "b", "bad", "d"], ["a", "b"], ["bad", "d"], ["bad"], ["bad"], ["d"]]
    assert (reading.invoker.spans, len(reading.said)) == ([1, 1, 1, 2, 1], 1)


def test_a_partial_response_moves_the_checkpoint(endpoint: str) -> None:
    """Everything from the lowest number on that is named comes again, in the same span; each record has its own retry."""
    stream = Stream(endpoint, "partial")
    stream.put("a", "b", "c", "d")
    reports = iter([("d", "c"), ("d",), ()])

    def handler(event: Any) -> Execution:
        return names(event, *next(reports))

    reading = run(endpoint, source(stream, partial_responses=True, retries=1), Scripted(handler), done(4))
    assert (texts(reading.invoker), reading.invoker.spans) == ([["a", "b", "c", "d"], ["c", "d"], ["d"]], [3])


def test_a_report_of_something_else_fails_the_batch(endpoint: str) -> None:
    """A number that is not of the batch: all of it comes again."""
    stream = Stream(endpoint, "bad-report")
    stream.put("a", "b")
    wrong = execution(response={"batchItemFailures": [{"itemIdentifier": "1234"}]})
    reading = run(endpoint, source(stream, partial_responses=True), script(wrong), done(2))
    assert (texts(reading.invoker), reading.invoker.spans) == ([["a", "b"], ["a", "b"]], [2])


def test_throttles_are_no_attempts(endpoint: str) -> None:
    """Without an environment a batch waits, however few retries it has; each try is a span of its own."""
    stream = Stream(endpoint, "throttled")
    stream.put("a")
    reading = run(endpoint, source(stream, retries=0), script(TooManyRequestsError(), TooManyRequestsError()), done(1))
    assert (texts(reading.invoker), reading.invoker.spans, reading.said) == ([["a"]] * 3, [1, 1, 1], [])


def test_what_the_service_refuses_is_given_up(endpoint: str) -> None:
    """An error of Lambda's own would come again every time: it is said, and the shard goes on."""
    stream = Stream(endpoint, "refused")
    stream.put("a")
    refusal = LambdaError("too large", "RequestTooLargeException", 413)

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.said)
        stream.put("b")
        await reading.until(lambda: reading.sources.health()[0]["records"] == 1)

    reading = run(endpoint, source(stream), script(refusal), play)
    assert (texts(reading.invoker), "1 records are given up (too large)" in reading.said[0]) == ([["a"], ["b"]], True)


def test_a_window_gathers(endpoint: str) -> None:
    """MaximumBatchingWindowInSeconds: what comes within it is in the batch."""
    stream = Stream(endpoint, "window")
    stream.put("a")

    async def play(reading: Reading) -> None:
        await reading.enabled()
        stream.put("b")
        await reading.until(lambda: reading.sources.health()[0]["records"] == 2)

    reading = run(endpoint, source(stream, window_s=1.5), Scripted(), play)
    assert texts(reading.invoker) == [["a", "b"]]


def test_shards_are_read_beside_each_other_each_in_order(endpoint: str) -> None:
    """Two shards: a batch that fails in one does not hold up the other, and each one's order holds."""
    stream = Stream(endpoint, "two-shards", shards=2)
    for number in range(6):
        stream.put(f"{number}", at=MIDDLE * (number % 2))

    seen: set[str] = set()

    def handler(event: Any) -> Execution:
        name = event["Records"][0]["eventID"]
        failing = name.startswith("shardId-000000000000") and name not in seen
        seen.add(name)
        return ERROR if failing else OK

    reading = run(endpoint, source(stream, batch_size=1), Scripted(handler), done(6))
    shards: dict[str, list[str]] = {}
    for event, (text,) in zip(reading.invoker.events, texts(reading.invoker), strict=True):
        shards.setdefault(event["Records"][0]["eventID"].partition(":")[0], []).append(text)
    assert shards == {"shardId-000000000000": ["0", "0", "2", "2", "4", "4"], "shardId-000000000001": ["1", "3", "5"]}
    assert sorted(reading.invoker.spans) == [1, 1, 1, 2, 2, 2]


def test_a_split_shard_is_read_before_its_children(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Resharding while it is read: the children's records come, after the parent's."""
    monkeypatch.setattr("xray_local.lambda_service.sources.streams.LIST_AGAIN_S", 0.3)
    stream = Stream(endpoint, "resharded")
    stream.put("a", "b")

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.sources.health()[0]["records"] == 2)
        stream.kinesis.split_shard(StreamName=stream.name, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(MIDDLE))
        for number in range(4):
            stream.put(f"child {number}", at=MIDDLE * (number % 2))
        await reading.until(
            lambda: {text for batch in texts(reading.invoker) for text in batch} >= {f"child {number}" for number in range(4)}
        )

    reading = run(endpoint, source(stream), Scripted(), play)
    assert texts(reading.invoker)[0] == ["a", "b"]


def test_changes_of_a_table(endpoint: str) -> None:
    """The table's stream by a label that nobody can know: inserts, changes and deletions with their images."""
    dynamodb = client(endpoint, "dynamodb")
    dynamodb.create_table(
        TableName="orders",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders/stream/2026-01-01T00:00:00.000"

    async def play(reading: Reading) -> None:
        await reading.enabled()
        dynamodb.put_item(TableName="orders", Item={"id": {"S": "o-1"}, "raw": {"B": b"\x01"}})
        dynamodb.put_item(TableName="orders", Item={"id": {"S": "o-1"}, "raw": {"B": b"\x02"}})
        dynamodb.delete_item(TableName="orders", Key={"id": {"S": "o-1"}})
        await reading.until(lambda: reading.sources.health()[0]["records"] == 3)

    reading = run(endpoint, Source("dynamodb", "Changes", arn), Scripted(), play)
    found = [record for event in reading.invoker.events for record in event["Records"]]
    one, two = {"id": {"S": "o-1"}, "raw": {"B": "AQ=="}}, {"id": {"S": "o-1"}, "raw": {"B": "Ag=="}}
    assert [
        (record["eventName"], record["dynamodb"].get("OldImage"), record["dynamodb"].get("NewImage")) for record in found
    ] == [
        ("INSERT", None, one),
        ("MODIFY", one, two),
        ("REMOVE", two, None),
    ]
    first = found[0]
    assert (first["eventSource"], first["awsRegion"], first["dynamodb"]["Keys"]) == ("aws:dynamodb", REGION, {"id": {"S": "o-1"}})
    assert first["eventSourceARN"].startswith(f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders/stream/")


def test_a_stream_that_is_made_later_is_found(endpoint: str) -> None:
    """What is wrong is said once; when the stream is there, it is read."""
    arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/made-later"

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.said)
        Stream(endpoint, "made-later").put("a")
        await reading.until(lambda: reading.sources.health()[0]["records"] == 1)

    reading = run(endpoint, Source("kinesis", "Clicks", arn, starting_position="TRIM_HORIZON"), Scripted(), play)
    assert (len(reading.said), reading.said[1]) == (2, "event source Clicks (stream/made-later) of worker: works")


def test_a_stream_that_is_made_anew(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream is deleted and made again under its name, as by a stand-in that is restarted: the new one is read from its start."""
    monkeypatch.setattr("xray_local.lambda_service.sources.streams.LIST_AGAIN_S", 0.3)
    stream = Stream(endpoint, "made-anew")
    stream.put("a", "b")

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.sources.health()[0]["records"] == 2)
        stream.kinesis.delete_stream(StreamName=stream.name)
        Stream(endpoint, stream.name).put("c")
        await reading.until(lambda: reading.sources.health()[0]["records"] == 3)

    reading = run(endpoint, source(stream), Scripted(), play)
    assert [text for batch in texts(reading.invoker) for text in batch] == ["a", "b", "c"]
    assert reading.said[-1] == "event source Clicks (stream/made-anew) of worker: it was made anew, and is read from its start"


def test_a_table_that_is_made_anew(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with a table: its stream has another label then."""
    monkeypatch.setattr("xray_local.lambda_service.sources.streams.LIST_AGAIN_S", 0.3)
    dynamodb = client(endpoint, "dynamodb")

    def make() -> None:
        dynamodb.create_table(
            TableName="made-anew",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
        )

    async def play(reading: Reading) -> None:
        for count in (1, 2):
            make()
            dynamodb.put_item(TableName="made-anew", Item={"id": {"S": str(count)}})
            await done(count)(reading)
            dynamodb.delete_table(TableName="made-anew")

    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/made-anew/stream/LATEST"
    reading = run(endpoint, Source("dynamodb", "Changes", arn, starting_position="TRIM_HORIZON"), Scripted(), play)
    found = [record["dynamodb"]["Keys"]["id"]["S"] for event in reading.invoker.events for record in event["Records"]]
    assert found == ["1", "2"]
