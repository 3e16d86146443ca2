"""Hands the service's own documents to the store, on a thread of its own: the loop must not wait for a disk.

A store that cannot take them (a full disk) is tried again, as the daemon does; what waits at the end is tried once more.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xray_local.database import StoreError

LOG = logging.getLogger(__name__)
SOURCE = "lambda"
BATCH = 500
RETRY_S = 1.0
# Segments of invocations are small (1 to 3 KB); these are some 100 MB. What comes beyond is dropped and counted.
LARGEST_BACKLOG = 50_000
CLOSING_S = 10.0

Keep = Callable[[Sequence[str], str, float], Sequence[object | None]]
"""Store.ingest."""
Forward = Callable[[Sequence[str | bytes]], object]


class Emission:
    """An Emit (ports.py) into a store, and to the real X-Ray if there is a way there."""

    def __init__(self, keep: Keep, forward: Forward = lambda _texts: None, clock: Callable[[], float] = time.time) -> None:
        self._keep, self._forward, self._clock = keep, forward, clock
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._ending = threading.Event()
        self.dropped = 0
        self.refused = 0
        """Documents that the store calls invalid: a fault of ours, which `xray-local doctor` shows."""
        self._thread = threading.Thread(target=self._run, name="xray-lambda-emission", daemon=True)
        self._thread.start()

    def __call__(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Keep these documents."""
        for document in documents:
            if self._waiting.qsize() >= LARGEST_BACKLOG:
                self.dropped += 1
            else:
                self._waiting.put(json.dumps(document))

    def _run(self) -> None:
        ended = False
        while not ended:
            batch = [self._waiting.get()]
            while len(batch) < BATCH and not self._waiting.empty():
                batch.append(self._waiting.get())
            ended = None in batch
            texts = [text for text in batch if text is not None]
            if texts:
                self._forward(texts)
                self._store(texts)

    def _store(self, texts: Sequence[str]) -> None:
        while True:
            try:
                answers = self._keep(texts, SOURCE, self._clock())
            except StoreError as error:
                if self._ending.is_set():
                    self.dropped += len(texts)
                    LOG.warning("%d documents of the Lambda service are lost: %s", len(texts), error)
                    return
                self._ending.wait(RETRY_S)
            else:
                self.refused += sum(answer is not None for answer in answers)
                return

    def close(self) -> None:
        """Store what waits."""
        self._ending.set()
        self._waiting.put(None)
        self._thread.join(CLOSING_S)
