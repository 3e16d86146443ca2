"""The life of event sources: what is not there yet, what changes, and the end."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.lambda_service.aws import ACCOUNT, REGION, Queues, Reading, Scripted, function, moto, run
from xray_local.lambda_service.model import Source


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """One moto for all; each test has queues of its own."""
    with moto() as address:
        yield address


def source(queue: Queues, **settings: Any) -> Source:
    return Source("sqs", "Batch", queue.arn, **settings)


def test_a_queue_that_is_made_later_is_found(endpoint: str) -> None:
    """What is wrong is said once and shown by /health; when the queue is there, the source works."""
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:made-later"

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.said)
        found = reading.sources.health()[0]
        assert (found["state"], found["trouble"] is not None) == ("Creating", True)
        Queues(endpoint, "made-later").send("a")
        await reading.until(lambda: reading.sources.health()[0]["records"] == 1)
        assert (reading.sources.health()[0]["trouble"], len(reading.said)) == (None, 2)

    reading = run(endpoint, Source("sqs", "Batch", arn), Scripted(), play)
    name = "event source Batch (made-later) of worker"
    assert reading.said == [
        f"{name}: GetQueueUrl: The specified queue does not exist. (it is tried again until it works)",
        f"{name}: works",
    ]


def test_an_aws_that_is_away_is_told() -> None:
    """Nobody listens: said once, with the address."""

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.said)

    away = "http://127.0.0.1:9"
    reading = run(away, Source("sqs", "Batch", f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"), Scripted(), play)
    assert reading.said == [
        f'event source Batch (q) of worker: Could not connect to the endpoint URL: "{away}/" (it is tried again until it works)'
    ]


def test_what_is_read_at_the_end_goes_back(endpoint: str) -> None:
    """Messages that a last poll or a window has taken are there for the next reader at once, not after a visibility timeout."""
    polled, gathered = Queues(endpoint, "last-poll"), Queues(endpoint, "last-window")
    gathered.send("a", "b")

    async def poll(reading: Reading) -> None:
        await reading.enabled()
        # The poll is on its way, and what comes now is its answer.
        await asyncio.sleep(0.3)
        await reading.sources.close()
        polled.send("a")

    async def gather(reading: Reading) -> None:
        await reading.until(lambda: gathered.left() == (0, 2))

    readings = [
        run(endpoint, source(polled), Scripted(), poll),
        run(endpoint, source(gathered, window_s=30.0), Scripted(), gather),
    ]
    deadline = time.monotonic() + 10
    while (polled.left(), gathered.left()) != ((1, 0), (2, 0)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (polled.left(), gathered.left()) == ((1, 0), (2, 0))
    assert [reading.invoker.events for reading in readings] == [[], []]


def test_a_batch_on_its_way_is_worked_off_at_the_end(endpoint: str) -> None:
    """A function that is done soon after the end has its messages deleted; nothing comes twice."""
    queue = Queues(endpoint, "last-batch")
    queue.send("a")

    async def play(reading: Reading) -> None:
        await reading.until(lambda: reading.invoker.busy == 1)

    run(endpoint, source(queue), Scripted(seconds=0.5), play)
    assert queue.left() == (0, 0)


def test_a_change_elsewhere_leaves_a_source_alone(endpoint: str) -> None:
    """Other functions, other settings of its own: the same poller goes on with the function as it is now; another source begins."""
    queue, other = Queues(endpoint, "kept"), Queues(endpoint, "begun")
    read = source(queue)

    async def play(reading: Reading) -> None:
        await reading.enabled()
        changed = dataclasses.replace(function(read), timeout_s=60.0)
        queue.send("a")
        await reading.until(lambda: reading.sources.health()[0]["records"] == 1)
        await reading.sources.replace([changed, dataclasses.replace(function(source(other)), name="second")])
        queue.send("b")
        other.send("c")
        await reading.until(lambda: [one["records"] for one in reading.sources.health()] == [2, 1])
        await reading.sources.replace([dataclasses.replace(function(source(other)), name="second")])
        assert [one["function"] for one in reading.sources.health()] == ["second"]

    reading = run(endpoint, read, Scripted(), play)
    assert [(name, timeout) for name, timeout in reading.invoker.invoked if name == "worker"] == [
        ("worker", 3.0),
        ("worker", 60.0),
    ]


def test_a_disabled_source_does_not_read(endpoint: str) -> None:
    """Enabled: false is a source that does nothing."""
    queue = Queues(endpoint, "disabled")
    queue.send("a")

    async def play(reading: Reading) -> None:
        assert reading.sources.health() == []

    run(endpoint, source(queue, enabled=False), Scripted(), play)
    assert queue.left() == (1, 0)
