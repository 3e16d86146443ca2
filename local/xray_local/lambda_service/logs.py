"""The log of an execution environment, in Lambda's words: START, what the function wrote, END, REPORT.

stdout, stderr and the runtime client's log all go into one pipe, so that they stay in order. The runtime client knows that it
logs to a descriptor (_LAMBDA_TELEMETRY_LOG_FD) and frames its records as it does on Lambda: four bytes that tell the kind,
the length, a time stamp, the text. So a record of many lines stays one, and a function that redirects sys.stdout still logs.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .model import Event

Sink = Callable[[str, str], None]
"""Gets the name of a function and one record of its log, which ends with a newline."""

# lambda_runtime_log_utils.py: 0xA55A00xx, where the last byte tells level and format.
FRAME = b"\xa5\x5a\x00"
FRAME_HEADER = 16
# X-Amz-Log-Result has the last 4 KB (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html).
TAIL = 4096
# CloudWatch's limit for an event was 256 KB for a decade. A line without an end is passed on in pieces of that size.
LONGEST_LINE = 256 * 1024
TIMED_OUT = "Sandbox.Timedout"


class Splitter:
    """Cuts what comes out of the pipe into records: lines of text, and framed records whole."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._line = bytearray()
        self._frame: bytearray | None = None
        self._missing = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The records that are complete now, each with its newline."""
        self._waiting += data
        while self._waiting:
            if self._frame is not None:
                yield from self._framed(self._frame)
                continue
            at = self._waiting.find(FRAME)
            if at < 0:
                yield from self._text(len(self._waiting) - self._kept_back())
                return
            yield from self._text(at)
            if len(self._waiting) < FRAME_HEADER:
                return
            self._missing = int.from_bytes(self._waiting[4:8], "big")
            self._frame = bytearray()
            del self._waiting[:FRAME_HEADER]
            yield from self._framed(self._frame)

    def end(self) -> Iterator[bytes]:
        """What is left without a newline, when nothing more comes."""
        left = bytes(self._frame or b"") + bytes(self._line) + bytes(self._waiting)
        self._waiting, self._line, self._frame = bytearray(), bytearray(), None
        if left:
            yield _closed(left)

    def _framed(self, frame: bytearray) -> Iterator[bytes]:
        taken = self._waiting[: self._missing]
        del self._waiting[: self._missing]
        frame += taken
        self._missing -= len(taken)
        if self._missing == 0:
            self._frame = None
            yield _closed(bytes(frame))

    def _text(self, length: int) -> Iterator[bytes]:
        text = self._waiting[:length]
        del self._waiting[:length]
        *lines, rest = text.split(b"\n")
        for line in lines:
            yield bytes(self._line) + bytes(line) + b"\n"
            self._line.clear()
        self._line += rest
        if len(self._line) > LONGEST_LINE:
            yield _closed(bytes(self._line))
            self._line.clear()

    def _kept_back(self) -> int:
        """How many bytes at the end may be the beginning of a frame."""
        return next((size for size in (2, 1) if self._waiting.endswith(FRAME[:size])), 0)


def _closed(record: bytes) -> bytes:
    return record if record.endswith(b"\n") else record + b"\n"


@dataclass(frozen=True)
class Report:
    """The numbers of a REPORT line."""

    duration_s: float
    memory_mb: int
    peak_mb: int | None
    """None where the system does not tell."""
    init_s: float | None = None
    """Of a cold start, unless it failed: then INIT_REPORT tells."""
    error_type: str | None = None
    """Of what the runtime did not report itself: a timeout, a crash, a failed initialization."""


def report(event: Event, numbers: Report) -> str:
    """The REPORT line, and the XRAY line below it when the invocation is recorded.

    Since August 2025 the initialization is billed too
    (https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/).
    """
    billed = math.ceil(round((numbers.duration_s + (numbers.init_s or 0.0)) * 1000, 2))
    fields = [
        f"REPORT RequestId: {event.request_id}",
        f"Duration: {numbers.duration_s * 1000:.2f} ms",
        f"Billed Duration: {billed} ms",
        f"Memory Size: {numbers.memory_mb} MB",
        *([] if numbers.peak_mb is None else [f"Max Memory Used: {numbers.peak_mb} MB"]),
        *([] if numbers.init_s is None else [f"Init Duration: {numbers.init_s * 1000:.2f} ms"]),
        _status(numbers.error_type) if numbers.error_type else "",
    ]
    line = "\t".join(fields) + "\n"
    if event.segment_id is None:
        return line
    return f"{line}XRAY TraceId: {_root(event.trace_header)}\tSegmentId: {event.segment_id}\tSampled: true\t\n"


def _root(header: str | None) -> str:
    pairs = (pair.strip().partition("=") for pair in (header or "").split(";"))
    return next((value for name, _, value in pairs if name == "Root"), "")


def init_report(duration_s: float, phase: str, error_type: str) -> str:
    """The line for an initialization that failed. `phase` is `init`, or `invoke` for the second attempt."""
    return f"INIT_REPORT Init Duration: {duration_s * 1000:.2f} ms\tPhase: {phase}\t{_status(error_type)}\n"


def _status(error_type: str) -> str:
    return "Status: timeout" if error_type == TIMED_OUT else f"Status: error\tError Type: {error_type}"


def timed_out(event: Event, timeout_s: float, now: float) -> str:
    """The line of an invocation that ran into its timeout, with the empty one that Lambda puts after it."""
    seconds, milliseconds = divmod(round(now * 1000), 1000)
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{at}.{milliseconds:03d}Z {event.request_id} Task timed out after {timeout_s:.2f} seconds\n\n"


class Log:
    """The log of one environment: hands records to the sink, and keeps the tail for the invocation's caller."""

    def __init__(self, name: str, sink: Sink) -> None:
        self._name, self._sink = name, sink
        self._splitter = Splitter()
        self._tail = bytearray()

    def feed(self, data: bytes) -> None:
        """Take what the processes of the environment wrote."""
        for record in self._splitter.feed(data):
            self._keep(record)

    def flush(self) -> None:
        """Pass on what has no newline: nothing more of this phase comes."""
        for record in self._splitter.end():
            self._keep(record)

    def write(self, text: str) -> None:
        """A line of Lambda's own."""
        self.flush()
        self._keep(text.encode())

    def take_tail(self) -> bytes:
        """The last 4 KB since the last call."""
        tail = bytes(self._tail[-TAIL:])
        self._tail.clear()
        return tail

    def _keep(self, record: bytes) -> None:
        self._tail += record
        if len(self._tail) > 64 * TAIL:
            del self._tail[:-TAIL]
        # A terminal that is gone (`| head`) is no reason for a function to fail.
        with contextlib.suppress(OSError, ValueError):
            self._sink(self._name, record.decode("utf-8", "replace"))
