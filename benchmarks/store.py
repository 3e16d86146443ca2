"""`python -m benchmarks.store [--traces 100000]`: how fast xray-local's store takes documents, and how fast it answers.

Needs some 8 KB of disk per trace, and a minute for 100,000 of them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tools.pythons import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "local"))

from xray_local import filters
from xray_local.graph import merge
from xray_local.store import Store

# Targets of ours: what a person does not notice, and more than a loopback socket delivers.
DOCUMENTS_PER_SECOND = 10_000
ANSWER_MS = 100
# As the daemon does it: the X-Ray daemon's own batch (facts: 50 documents per PutTraceSegments).
BATCH = 50
HOUR = 3_600
START = 1_700_000_400.0
ROUNDS = 15
# One kilobyte and a half per document is what functions of the examples send.
PADDING = "x" * 700


def documents(number: int, traces: int) -> Iterator[str]:
    """The two documents of one trace: a function and its call of DynamoDB."""
    start = START + number * HOUR / traces
    trace = f"1-{int(start):08x}-{number:024x}"
    common = {"trace_id": trace, "metadata": {"default": {"note": PADDING}}}
    request = {"url": "https://api.example.com/orders", "method": "POST"}
    function: dict[str, Any] = {
        "id": f"{number:015x}a",
        "name": "orders",
        "origin": "AWS::Lambda::Function",
        "start_time": start,
        "end_time": start + 0.5,
        "http": {"request": request, "response": {"status": 200}},
        "annotations": {"customer": f"c{number % 1000}", "cold_start": number % 50 == 0},
        "fault": number % 200 == 0,
    }
    call = {
        "id": f"{number:015x}b",
        "parent_id": f"{number:015x}a",
        "type": "subsegment",
        "name": "DynamoDB",
        "namespace": "aws",
        "start_time": start + 0.1,
        "end_time": start + 0.2 + number % 100 / 1000,
        "aws": {"operation": "PutItem", "table_name": "orders"},
    }
    yield json.dumps({**function, **common})
    yield json.dumps({**call, **common})


def ingest(store: Store, traces: int) -> float:
    """Documents per second, each batch on disk before the next one is given."""
    texts = [text for number in range(traces) for text in documents(number, traces)]
    begun = time.perf_counter()
    for first in range(0, len(texts), BATCH):
        refused = store.ingest(texts[first : first + BATCH], "benchmark", time.time())
        if any(refused):
            raise SystemExit(f"the benchmark's own documents are refused: {refused}")
    return len(texts) / (time.perf_counter() - begun)


def compile_all(store: Store, traces: int) -> float:
    """Traces per second from documents to derived rows, measured after the flood."""
    begun = time.perf_counter()
    pending = store.counts()["pending"] or 0
    while not store.settle(5):
        pass
    print(f"  {traces - pending:,.0f} of {traces:,} traces were compiled while documents came")
    return pending / (time.perf_counter() - begun)


def questions(store: Store, traces: int) -> dict[str, Callable[[], object]]:
    """What a person asks for by a click, and what comes back is looked at."""

    def found(expression: str) -> Callable[[], object]:
        parsed = filters.parse(expression)
        return lambda: store.summaries(START, START + HOUR, expression=parsed)

    middle = f"1-{int(START + HOUR / 2):08x}-{traces // 2:024x}"
    expressions = (
        'annotation.customer = "c7"',
        "annotation.cold_start = true",
        'service("orders") { fault }',
        'service("nobody")',
        "responsetime > 5",
        'http.url CONTAINS "nothing"',
    )
    return {
        "newest page of summaries": lambda: store.summaries(0, START + HOUR),
        "one trace": lambda: store.trace(middle),
        "service graph of an hour": lambda: merge(store.contributions(START, START + HOUR)),
        **{f"filter {expression}": found(expression) for expression in expressions},
    }


def main() -> None:
    """Measure and print; the exit status says whether the targets were met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=100_000)
    traces = parser.parse_args().traces
    missed = 0
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "traces.db") as store:
        rate = ingest(store, traces)
        missed += rate < DOCUMENTS_PER_SECOND
        print(f"ingest: {rate:,.0f} documents/s acknowledged (target {DOCUMENTS_PER_SECOND:,})")
        print(f"compile: {compile_all(store, traces):,.0f} traces/s")
        print(f"size: {(store.counts()['bytes'] or 0) / traces:,.0f} bytes per trace of two documents")
        for name, ask in questions(store, traces).items():
            times = []
            for _ in range(ROUNDS):
                begun = time.perf_counter()
                ask()
                times.append((time.perf_counter() - begun) * 1000)
            median = statistics.median(times)
            missed += median > ANSWER_MS
            print(f"{name}: median {median:.1f} ms, first {times[0]:.1f} ms, slowest {max(times):.1f} ms (target {ANSWER_MS})")
    if missed:
        raise SystemExit(f"{missed} targets missed")


if __name__ == "__main__":
    main()
