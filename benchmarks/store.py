"""How fast xray-local's store takes documents, and how fast it answers among 100,000 traces.

Needs some 9 KB of disk per trace, and two minutes for 100,000 of them.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import quiet_rounds, spread
from benchmarks.report import Row
from tools.pythons import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "local"))

from xray_local import filters
from xray_local.graph import merge
from xray_local.store import Store

# Targets of ours: what a person does not notice, and more than a loopback socket delivers.
DOCUMENTS_PER_SECOND = 10_000
ANSWER_MS = 100
TRACES = 100_000
# As the daemon does it: the X-Ray daemon's own batch (facts: 50 documents per PutTraceSegments).
BATCH = 50
# A rate is that of so many batches: 10,000 documents, a target's second.
BATCHES_PER_RATE = 200
HOUR = 3_600
START = 1_700_000_400.0
ROUNDS = 30
# One kilobyte and a half per document is what functions of the examples send.
PADDING = "x" * 700
# What a person asks for. The first two find 100 traces and 10, the next four many; of the rest, which are the slowest that
# there are, all look at everything and most find nothing.
EXPRESSIONS = (
    'annotation.customer = "c7"',
    'user = "u7"',
    "annotation.cold_start = true",
    'service("orders") { fault }',
    'edge("orders", "orders")',
    "ok",
    'service("nobody")',
    'service("orders") { responsetime > 5 }',
    '!service("orders")',
    "responsetime > 5",
    'http.url CONTAINS "nothing"',
    'resource.arn = "nothing"',
    'resource.arn CONTAINS "nothing"',
    'rootcause.fault.service { name = "nobody" }',
)


@dataclass(frozen=True)
class Measured:
    """All figures of one run."""

    rates: Sequence[float]
    """Documents per second by the clock, of 10,000 each."""
    per_processor_second: float
    """Documents per second that the taking thread had a processor: what a machine of one's own gives."""
    compiled: float
    """Traces per second from documents to derived rows, after the flood."""
    bytes_per_trace: float
    answers: Mapping[str, Sequence[float]]
    """Milliseconds of each question, in the order they were asked."""

    def rows(self) -> list[Row]:
        """Targets and figures."""
        taken = Row("documents into the store", DOCUMENTS_PER_SECOND, "/s", spread(self.rates), at_least=True)
        quiet = quiet_rounds(self.answers)
        answers = {name: spread([times[number] for number in quiet]) for name, times in self.answers.items()}
        return [taken, *(Row(name, ANSWER_MS, " ms", figure) for name, figure in answers.items())]

    def text(self) -> str:
        """What has no target."""
        return (
            f"The store took {self.per_processor_second:,.0f} documents per second of processor time, compiled "
            f"{self.compiled:,.0f} traces/s after they were in, and takes "
            f"{self.bytes_per_trace:,.0f} bytes per trace of two documents."
        )


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
        "resource_arn": f"arn:aws:lambda:eu-west-1:123456789012:function:orders-{number % 50}",
        "start_time": start,
        "end_time": start + 0.5,
        "http": {"request": request, "response": {"status": 200}},
        "annotations": {"customer": f"c{number % 1000}", "cold_start": number % 50 == 0},
        "user": f"u{number % 10_000}",
        "fault": number % 200 == 0,
    }
    if function["fault"]:
        function["cause"] = {"exceptions": [{"id": "00000000000000ff", "type": "KeyError", "message": "'order'"}]}
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


def ingest(store: Store, traces: int) -> tuple[list[float], float]:
    """Documents per second, by the clock and of processor time; each batch is on disk before the next one is given."""
    texts = [text for number in range(traces) for text in documents(number, traces)]
    rates = []
    processor = time.thread_time()
    for first in range(0, len(texts), BATCH * BATCHES_PER_RATE):
        part = texts[first : first + BATCH * BATCHES_PER_RATE]
        begun = time.perf_counter()
        for begin in range(0, len(part), BATCH):
            refused = store.ingest(part[begin : begin + BATCH], "benchmark", time.time())
            assert not any(refused), f"the benchmark's own documents are refused: {refused}"
        rates.append(len(part) / (time.perf_counter() - begun))
    return rates, len(texts) / (time.thread_time() - processor)


def compile_all(store: Store) -> float:
    """Traces per second until nothing is pending."""
    begun = time.perf_counter()
    pending = store.counts()["pending"] or 0
    while not store.settle(5):
        pass
    return pending / (time.perf_counter() - begun)


def questions(store: Store, traces: int) -> dict[str, Callable[[], int]]:
    """What a person asks for by a click; each says how much it found."""

    def found(expression: str) -> Callable[[], int]:
        parsed = filters.parse(expression)
        return lambda: len(store.summaries(START, START + HOUR, expression=parsed).summaries)

    def trace() -> int:
        # As it is computed for the trace in the middle, whose second it began in is in its id.
        number = traces // 2
        compiled = store.trace(f"1-{int(START + number * HOUR / traces):08x}-{number:024x}")
        return len(compiled.segments) if compiled else 0

    return {
        "newest page of summaries": lambda: len(store.summaries(0, START + HOUR).summaries),
        "one trace": trace,
        "service graph of an hour": lambda: len(merge(store.contributions(START, START + HOUR))),
        **{f"`{expression}`": found(expression) for expression in EXPRESSIONS},
    }


def measure(traces: int = TRACES) -> Measured:
    """Fill a store on the disk, and ask."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "traces.db") as store:
        (rates, per_processor_second), compiled = ingest(store, traces), compile_all(store)
        answers: dict[str, list[float]] = {}
        asked = questions(store, traces)
        # In turn, so that a noisy second of the machine is shared by all.
        for _round in range(ROUNDS):
            for name, ask in asked.items():
                begun = time.perf_counter()
                ask()
                answers.setdefault(name, []).append((time.perf_counter() - begun) * 1000)
        return Measured(rates, per_processor_second, compiled, (store.counts()["bytes"] or 0) / traces, answers)
