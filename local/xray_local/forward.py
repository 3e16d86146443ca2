"""--forward: what is received here goes to the real X-Ray as well, so that xray-local can stand where the daemon stood.

In the daemon's measure (facts B.1): up to 50 documents per call, sent when they are together or a second after the first;
a bounded queue from which the oldest goes first. Unlike the daemon it tries again, with longer and longer pauses, because
a laptop is not always online.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from xray_local.trouble import Trouble

BATCH = 50
GATHER_S = 1.0
# Twice what the daemon's 20 waiting batches hold would be 2,000; memory is no matter here: 12 MB of ordinary documents.
LARGEST_QUEUE = 10_000
# Half a second, one, two … half a minute: some four minutes in all, until a batch is given up.
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
ATTEMPTS = 12
# What trying again cannot mend: the request itself is wrong.
HOPELESS = {"InvalidRequestException", "SerializationException", "RequestEntityTooLargeException", "UnknownOperationException"}
CLOSING_S = 5.0


class Client(Protocol):
    """The part of boto3's xray client that is used."""

    def put_trace_segments(self, *, TraceSegmentDocuments: list[str]) -> dict[str, Any]:  # noqa: N803  (boto3's name)
        """Send documents."""


@dataclass
class Counts:
    """What became of the documents; the health page shows it."""

    sent: int = 0
    refused: int = 0
    """X-Ray answered that it cannot take them."""
    dropped: int = 0
    """The queue was full, or every attempt failed."""
    retries: int = 0
    waiting: int = 0
    last_error: str = ""


def client(region: str | None = None, endpoint: str | None = None) -> Client:
    """boto3's client with the user's credentials and region.

    AWS_REGION is what the real daemon and Lambda go by; boto3 itself reads AWS_DEFAULT_REGION only.
    AWS_ENDPOINT_URL_XRAY is not asked: who looks at traces here has it set to this very server, which would send to itself.
    """
    config = Config(
        retries={"total_max_attempts": 1},
        connect_timeout=5,
        read_timeout=10,
        ignore_configured_endpoint_urls=True,
    )
    made: Client = boto3.client("xray", region_name=region or os.environ.get("AWS_REGION"), endpoint_url=endpoint, config=config)
    return made


class Forwarder:
    """Sends in the background; `put` never waits and never raises."""

    def __init__(
        self,
        client: Client,
        pause: Callable[[int], float] | None = None,
        largest_queue: int = LARGEST_QUEUE,
    ) -> None:
        """`pause` gives the seconds before an attempt; the first one is number 1."""
        self.counts = Counts()
        self.trouble = Trouble(
            "forwarding", "everything is kept here all the same, and `xray-local doctor` counts what is dropped"
        )
        self._client, self._pause, self._largest = client, pause or backoff, largest_queue
        self._queue: deque[str] = deque()
        self._changed = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="xray-forward", daemon=True)
        self._thread.start()

    def put(self, texts: Sequence[str | bytes]) -> None:
        """Take documents; the oldest ones go when there are too many."""
        with self._changed:
            for text in texts:
                if len(self._queue) >= self._largest:
                    self._queue.popleft()
                    self.counts.dropped += 1
                self._queue.append(text if isinstance(text, str) else text.decode("utf-8", "replace"))
            self.counts.waiting = len(self._queue)
            self._changed.notify()

    def _take(self) -> list[str]:
        """The next batch; empty at the end."""
        with self._changed:
            while not self._queue:
                if self._ending:
                    return []
                self._changed.wait()
            until = time.monotonic() + GATHER_S
            while len(self._queue) < BATCH and not self._ending and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            self.counts.waiting = len(self._queue)
            return batch

    def _run(self) -> None:
        while batch := self._take():
            self._send(batch)

    def _send(self, batch: list[str]) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._client.put_trace_segments(TraceSegmentDocuments=batch)
            except (BotoCoreError, ClientError) as error:
                self.counts.last_error = f"{type(error).__name__}: {error}"
                self.trouble.failed(f"forwarding {len(batch)} documents failed: {self.counts.last_error}")
                code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
                if code in HOPELESS or attempt == ATTEMPTS or not self._wait(self._pause(attempt)):
                    break
                self.counts.retries += 1
                continue
            self.trouble.worked()
            refused = answer.get("UnprocessedTraceSegments") or []
            if refused:
                self.counts.last_error = str(refused[0].get("Message") or refused[0].get("ErrorCode"))
            self.counts.refused += len(refused)
            self.counts.sent += len(batch) - len(refused)
            return
        self.counts.dropped += len(batch)

    def _wait(self, seconds: float) -> bool:
        """Pause before the next attempt; False when it is time to end."""
        with self._changed:
            return not self._changed.wait_for(lambda: self._ending, seconds)

    def close(self) -> None:
        """Send what waits, for some seconds at most; what is left then is counted as dropped."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._thread.join(CLOSING_S)
        with self._changed:
            self.counts.dropped += len(self._queue)
            self._queue.clear()
            self.counts.waiting = 0


def backoff(attempt: int) -> float:
    """Seconds before the next attempt: doubled each time, and spread, so that many machines do not come back at once."""
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (attempt - 1)) * random.uniform(0.5, 1.0)  # noqa: S311
