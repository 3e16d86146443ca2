"""The log's own parts: records out of the pipe, Lambda's lines."""

from __future__ import annotations

import pytest

from xray_local.lambda_service.logs import (
    LONGEST_LINE,
    Log,
    Report,
    Splitter,
    init_report,
    report,
    timed_out,
)
from xray_local.lambda_service.model import Event

EVENT = Event("request-1", b"{}", "Root=1-65a0f3c2-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=1")
SAMPLED = Event("request-1", b"{}", "Sampled=1; Root=1-65a0f3c2-0123456789abcdef01234567", "53995c3f42cd8ad8")


def frame(text: bytes, kind: int = 0xA55A0013) -> bytes:
    """A record as the runtime client writes it."""
    return kind.to_bytes(4, "big") + len(text).to_bytes(4, "big") + (1_700_000_000_000_000).to_bytes(8, "big") + text


STREAM = (
    b"one\ntwo"
    + frame(b"[WARNING]\tfirst\nsecond\n")
    + b" and\n\n"
    + frame(b"no newline")
    + frame(b"")
    + b"\xa5 bytes \xa5\x5a\nend"
)
RECORDS = [
    b"one\n",
    b"[WARNING]\tfirst\nsecond\n",
    b"two and\n",
    b"\n",
    b"no newline\n",
    b"\n",
    b"\xa5 bytes \xa5\x5a\n",
    b"end\n",
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 1000])
def test_records_do_not_depend_on_how_they_arrive(size: int) -> None:
    """Lines and framed records come out whole and in order, in whatever pieces the pipe hands them over."""
    splitter = Splitter()

    records = [record for at in range(0, len(STREAM), size) for record in splitter.feed(STREAM[at : at + size])]

    assert records + list(splitter.end()) == RECORDS
    assert list(splitter.end()) == []


def test_a_frame_that_never_ends_is_not_lost() -> None:
    """The process was killed while it wrote: what there is of the record comes out at the end."""
    splitter = Splitter()

    assert list(splitter.feed(b"text\n" + frame(b"[ERROR] cut here")[:-5])) == [b"text\n"]

    assert list(splitter.end()) == [b"[ERROR] cut\n"]


def test_a_line_that_never_ends_comes_in_pieces() -> None:
    """A function that writes dots without a newline does not fill the memory."""
    splitter = Splitter()

    records = [record for _ in range(9) for record in splitter.feed(b"." * (LONGEST_LINE // 4))]

    assert [len(record) for record in records] == [LONGEST_LINE * 5 // 4 + 1]
    assert [len(record) for record in splitter.end()] == [LONGEST_LINE + 1]


@pytest.mark.parametrize(
    ("event", "numbers", "expected"),
    [
        (
            EVENT,
            Report(0.00123, 128, 36),
            "REPORT RequestId: request-1\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t\n",
        ),
        (
            SAMPLED,
            Report(0.25006, 512, 70, init_s=0.17406),
            (
                "REPORT RequestId: request-1\tDuration: 250.06 ms\tBilled Duration: 425 ms\tMemory Size: 512 MB\tMax Memory Used: 70 MB\t"
                "Init Duration: 174.06 ms\t\n"
                "XRAY TraceId: 1-65a0f3c2-0123456789abcdef01234567\tSegmentId: 53995c3f42cd8ad8\tSampled: true\t\n"
            ),
        ),
        (
            EVENT,
            Report(3.0, 128, 31, init_s=0.084, error_type="Sandbox.Timedout"),
            (
                "REPORT RequestId: request-1\tDuration: 3000.00 ms\tBilled Duration: 3084 ms\tMemory Size: 128 MB\tMax Memory Used: 31 MB\t"
                "Init Duration: 84.00 ms\tStatus: timeout\n"
            ),
        ),
        (
            EVENT,
            Report(0.13361, 128, None, error_type="Runtime.ExitError"),
            (
                "REPORT RequestId: request-1\tDuration: 133.61 ms\tBilled Duration: 134 ms\tMemory Size: 128 MB\t"
                "Status: error\tError Type: Runtime.ExitError\n"
            ),
        ),
    ],
)
def test_report_lines(event: Event, numbers: Report, expected: str) -> None:
    """Every field where Lambda has it, with the trace below when the invocation is recorded."""
    assert report(event, numbers) == expected


def test_lines_of_failures() -> None:
    """INIT_REPORT for a crash and a timeout, and the line of a task that ran out of time."""
    assert [
        init_report(1.67077, "init", "Runtime.ImportModuleError"),
        init_report(9.99979, "invoke", "Sandbox.Timedout"),
        timed_out(EVENT, 3.0, 1_709_572_958.0334),
    ] == [
        "INIT_REPORT Init Duration: 1670.77 ms\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError\n",
        "INIT_REPORT Init Duration: 9999.79 ms\tPhase: invoke\tStatus: timeout\n",
        "2024-03-04T17:22:38.033Z request-1 Task timed out after 3.00 seconds\n\n",
    ]


@pytest.mark.parametrize("error", [BrokenPipeError(), ValueError("I/O operation on closed file")])
def test_a_terminal_that_is_gone(error: Exception) -> None:
    """The log goes on for the invocation's caller when the terminal takes nothing any more."""

    def sink(_name: str, _text: str) -> None:
        raise error

    log = Log("orders", sink)
    log.feed(b"one\n")
    log.write("two\n")

    assert log.take_tail() == b"one\ntwo\n"


def test_the_log_of_one_environment() -> None:
    """Records go to the sink at once, and the tail holds what came since it was last taken."""
    told: list[tuple[str, str]] = []
    log = Log("orders", lambda name, text: told.append((name, text)))

    log.feed(b"loading")
    log.write("START\n")
    log.feed(b"\xff\n")
    first = log.take_tail()
    log.feed(b"x" * 5000 + b"\n")

    assert told == [("orders", "loading\n"), ("orders", "START\n"), ("orders", "\ufffd\n"), ("orders", "x" * 5000 + "\n")]
    assert (first, log.take_tail(), log.take_tail()) == (b"loading\nSTART\n\xff\n", b"x" * 4095 + b"\n", b"")
