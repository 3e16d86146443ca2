"""Queues as event sources: moto's SQS over HTTP, the function a script."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.lambda_service.aws import ERROR, OK, REGION, Answer, Queues, Reading, Scripted, execution, moto, run
from xray_local.lambda_service.model import LambdaError, Source, TooManyRequestsError

HEADER = "Root=1-5f84c7a5-7fa8b9c0d1e2f30415263748;Parent=53995c3f42cd8ad8;Sampled=1"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """One moto for all; each test has queues of its own."""
    with moto() as address:
        yield address


def source(queue: Queues, **settings: Any) -> Source:
    return Source("sqs", "Batch", queue.arn, **settings)


def bodies(invoker: Scripted) -> list[list[str]]:
    """The bodies of each event's messages."""
    return [[record["body"] for record in event["Records"]] for event in invoker.events]


def test_a_batch_is_handed_over_and_deleted(endpoint: str) -> None:
    """Three messages are one event, whose fields are Lambda's; the trace header goes to the invoker; the queue is empty."""
    queue = Queues(endpoint, "one-batch")
    system = {"AWSTraceHeader": {"DataType": "String", "StringValue": HEADER}}
    sent = queue.send("a", MessageSystemAttributes=system, MessageAttributes={"k": {"DataType": "String", "StringValue": "v"}})
    sent += queue.send("b", "c")

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.sources.health()[0]["records"] == 3)

    reading = run(endpoint, source(queue), Scripted(), play)
    (event,) = reading.invoker.events
    first = event["Records"][0]
    varies = {"receiptHandle", "md5OfMessageAttributes"}
    attributes = {"SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp", "AWSTraceHeader"}
    assert {key: value for key, value in first.items() if key not in varies | {"attributes"}} == {
        "messageId": sent[0],
        "body": "a",
        "messageAttributes": {"k": {"stringValue": "v", "stringListValues": [], "binaryListValues": [], "dataType": "String"}},
        "md5OfBody": "0cc175b9c0f1b6a831c399e269772661",
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.arn,
        "awsRegion": REGION,
    }
    assert (set(first), set(first["attributes"])) == (
        {"messageId", "body", "attributes", "messageAttributes", "md5OfBody", "eventSource", "eventSourceARN", "awsRegion"}
        | varies,
        attributes,
    )
    assert (bodies(reading.invoker), reading.invoker.producers) == ([["a", "b", "c"]], [[HEADER]])
    assert (queue.left(), reading.said) == ((0, 0), [])
    assert reading.sources.health() == []


def test_a_message_that_no_filter_lets_pass(endpoint: str) -> None:
    """It leaves the queue, and the function never sees it; one that passes is handed over as ever."""
    queue = Queues(endpoint, "filtered")
    queue.send('{"kind": "order"}', '{"kind": "offer"}', "order", '{"kind": "order", "n": 2}')
    filtered = source(queue, filters=({"body": {"kind": ["order"]}},))

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.sources.health()[0]["records"] == 4)

    reading = run(endpoint, filtered, Scripted(), play)
    assert [body for event in bodies(reading.invoker) for body in event] == ['{"kind": "order"}', '{"kind": "order", "n": 2}']
    assert (queue.left(), reading.said) == ((0, 0), [])


def test_what_fails_stays_for_its_visibility_timeout(endpoint: str) -> None:
    """A function that fails gets the same messages again when SQS shows them again, with a higher receive count."""
    queue = Queues(endpoint, "fails-once", VisibilityTimeout="1")
    queue.send("a", "b")
    answers = iter([ERROR, OK])

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.sources.health()[0]["failures"] == 1)
        assert (queue.left(), reading.sources.health()[0]["last_result"]) == ((0, 2), "PROBLEM: Function call failed")
        await reading.until(lambda: reading.sources.health()[0]["records"] == 2)
        assert reading.sources.health() == [
            {
                "function": "worker",
                "name": "Batch",
                "kind": "sqs",
                "source": queue.arn,
                "state": "Enabled",
                "trouble": None,
                "batches": 2,
                "records": 2,
                "failures": 1,
                "last_result": "OK",
            }
        ]

    reading = run(endpoint, source(queue), Scripted(lambda _event: next(answers)), play)
    counts = [
        [record["attributes"]["ApproximateReceiveCount"] for record in event["Records"]] for event in reading.invoker.events
    ]
    assert (bodies(reading.invoker), counts, queue.left()) == ([["a", "b"], ["a", "b"]], [["1", "1"], ["2", "2"]], (0, 0))


def _failing(*wanted: str) -> Scripted:
    """Reports the messages of those bodies at their first receipt."""

    def handler(event: Any) -> Any:
        failed = [
            record["messageId"]
            for record in event["Records"]
            if record["body"] in wanted and record["attributes"]["ApproximateReceiveCount"] == "1"
        ]
        return execution(response={"batchItemFailures": [{"itemIdentifier": name} for name in failed]})

    return Scripted(handler)


def test_reported_failures_come_again_alone(endpoint: str) -> None:
    """ReportBatchItemFailures: what is not named is deleted at once, what is comes again."""
    queue = Queues(endpoint, "partial", VisibilityTimeout="1")
    queue.send("a", "b", "c")

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.sources.health()[0]["records"] == 3)

    reading = run(endpoint, source(queue, partial_responses=True), _failing("b"), play)
    assert (bodies(reading.invoker), queue.left()) == ([["a", "b", "c"], ["b"]], (0, 0))


def test_without_the_setting_a_report_is_ignored(endpoint: str) -> None:
    """A response is only read when FunctionResponseTypes says so."""
    queue = Queues(endpoint, "no-partial")
    queue.send("a", "b")

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.sources.health()[0]["records"] == 2)

    run(endpoint, source(queue), _failing("a", "b"), play)
    assert queue.left() == (0, 0)


def test_a_report_of_something_else_fails_the_batch(endpoint: str) -> None:
    """An id that is not of the batch: nothing is deleted."""
    queue = Queues(endpoint, "bad-report")
    queue.send("a", "b")
    wrong = execution(response={"batchItemFailures": [{"itemIdentifier": "another"}]})

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.sources.health()[0]["failures"] == 1)

    run(endpoint, source(queue, partial_responses=True), Scripted(lambda _event: wrong), play)
    assert queue.left() == (0, 2)


def test_a_throttled_batch_is_tried_again(endpoint: str) -> None:
    """No environment twice, then one: the same messages, without waiting for the queue."""
    queue = Queues(endpoint, "throttled")
    queue.send("a")
    answers: Iterator[Answer] = iter([TooManyRequestsError(), TooManyRequestsError(), OK])

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.sources.health()[0]["records"] == 1)
        assert (reading.sources.health()[0]["batches"], reading.sources.health()[0]["failures"]) == (3, 2)

    reading = run(endpoint, source(queue), Scripted(lambda _event: next(answers)), play)
    assert (bodies(reading.invoker), reading.invoker.spans, queue.left()) == ([["a"]] * 3, [1, 1, 1], (0, 0))


def test_a_batch_that_stays_throttled_goes_back(endpoint: str) -> None:
    """When the messages are about to be another's, they are let go; they come again with a higher count."""
    queue = Queues(endpoint, "always-throttled", VisibilityTimeout="1")
    queue.send("a")
    freed = False

    def handler(_event: Any) -> Any:
        return OK if freed else TooManyRequestsError()

    async def play(reading: Reading) -> None:
        nonlocal freed
        await reading.until(
            lambda: (
                reading.invoker.events
                and reading.invoker.events[-1]["Records"][0]["attributes"]["ApproximateReceiveCount"] == "2"
            )
        )
        assert reading.sources.health()[0]["last_result"] == "PROBLEM: Rate Exceeded."
        freed = True
        await reading.until(lambda: reading.sources.health()[0]["records"] == 1)

    run(endpoint, source(queue), Scripted(handler), play)
    assert queue.left() == (0, 0)


def test_what_the_service_refuses_is_a_failure(endpoint: str) -> None:
    """An error of Lambda's own leaves the messages, and is in /health."""
    queue = Queues(endpoint, "refused")
    queue.send("a")

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.sources.health()[0]["failures"] == 1)
        assert reading.sources.health()[0]["last_result"] == "PROBLEM: too large"

    run(endpoint, source(queue), Scripted(lambda _event: LambdaError("too large", "RequestTooLargeException", 413)), play)
    assert queue.left() == (0, 1)


def test_sizes_and_windows_of_batches(endpoint: str) -> None:
    """Ten at most without a window; with one a batch gathers what several polls bring, up to its size."""
    plain, gathered = Queues(endpoint, "plain-size"), Queues(endpoint, "window")
    for queue in (plain, gathered):
        queue.send(*(str(number) for number in range(23)))

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.sources.health()[0]["records"] == 23)

    sizes = {}
    for queue, settings in ((plain, {"maximum_concurrency": 2}), (gathered, {"batch_size": 15, "window_s": 1.0})):
        reading = run(endpoint, source(queue, **settings), Scripted(), play)
        sizes[queue.arn] = sorted(len(event["Records"]) for event in reading.invoker.events)
    assert sizes == {plain.arn: [3, 10, 10], gathered.arn: [8, 15]}


@pytest.mark.parametrize(("most", "busiest"), [(2, 2), (None, 5)])
def test_concurrency(endpoint: str, most: int | None, busiest: int) -> None:
    """As many batches at a time as the source may have, five if it does not say."""
    queue = Queues(endpoint, f"concurrency-{most}")
    queue.send(*(str(number) for number in range(12)))

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.sources.health()[0]["records"] == 12)

    reading = run(endpoint, source(queue, batch_size=1, maximum_concurrency=most), Scripted(seconds=0.3, together=busiest), play)
    assert (reading.invoker.busiest, len(reading.invoker.events)) == (busiest, 12)


def test_groups_of_a_fifo_queue_stay_in_order(endpoint: str) -> None:
    """Messages of two groups, a failing function: each group's messages arrive in their order, none overtakes a failed one."""
    queue = Queues(endpoint, "ordered.fifo", FifoQueue="true", ContentBasedDeduplication="true", VisibilityTimeout="1")
    for number in range(4):
        for group in "AB":
            queue.send(f"{group}{number}", MessageGroupId=group)
    calls: list[int] = []

    def handler(_event: Any) -> Any:
        calls.append(1)
        return ERROR if len(calls) == 2 else OK

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.sources.health()[0]["records"] == 8)

    reading = run(endpoint, source(queue, batch_size=3), Scripted(handler, seconds=0.05), play)
    firsts = {
        group: list(dict.fromkeys(body for batch in bodies(reading.invoker) for body in batch if body[0] == group))
        for group in "AB"
    }
    assert firsts == {"A": ["A0", "A1", "A2", "A3"], "B": ["B0", "B1", "B2", "B3"]}
    assert (queue.left(), reading.said) == ((0, 0), [])


def test_an_order_that_is_lost_is_told(endpoint: str) -> None:
    """Lambda deletes what is not reported, also behind a failure of the same group; whoever writes such a function is told."""
    queue = Queues(endpoint, "disorder.fifo", FifoQueue="true", ContentBasedDeduplication="true", VisibilityTimeout="1")
    sent = [identity for body in ("first", "second") for identity in queue.send(body, MessageGroupId="g")]

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.sources.health()[0]["records"] == 2)

    reading = run(endpoint, source(queue, partial_responses=True), _failing("first"), play)
    assert bodies(reading.invoker) == [["first", "second"], ["first"]]
    told = (
        f"event source Batch (disorder.fifo) of worker: message {sent[1]} is done though an earlier one of its group g has failed, "
        "so their order is lost: a function behind a FIFO queue reports everything behind a failure as failed too"
    )
    assert reading.said == [told]
