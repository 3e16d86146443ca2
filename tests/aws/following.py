"""The guest's threads part, applied for a test and taken back."""

from __future__ import annotations

import concurrent.futures.thread as thread_pools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from xray_instrument.context import live
from xray_instrument.threads import follow_executors, follow_threads


@contextmanager
def followed() -> Iterator[None]:
    """Threads and executors know what was open where their work came from."""
    limbo, item = threading._limbo, thread_pools._WorkItem  # type: ignore[attr-defined]
    follow_threads(threading)
    follow_executors(thread_pools)
    yield
    threading._limbo, thread_pools._WorkItem = limbo, item  # type: ignore[attr-defined,misc]
    live.threads = {}
