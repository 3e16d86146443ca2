"""The trace header: what is read out of it, and what goes on downstream."""

from __future__ import annotations

import pytest

from tests.kit.runtime_api import PARENT, ROOT
from xray_instrument.header import parse

CALL = "0123456789abcdef"

GOOD = (
    (f"Root={ROOT};Parent={PARENT};Sampled=1", f"Root={ROOT};Parent={CALL};Sampled=1"),
    (f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=1:a87bd80c:0", f"Root={ROOT};Parent={CALL};Sampled=1;Lineage=1:a87bd80c:0"),
    (f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=a:1|b:2", f"Root={ROOT};Parent={CALL};Sampled=1;Lineage=a:1|b:2"),
    (f"Sampled=1;Parent={PARENT};Root={ROOT}", f"Sampled=1;Parent={CALL};Root={ROOT}"),
    (f"Root={ROOT}; Parent={PARENT}; Sampled=1", f"Root={ROOT}; Parent={CALL}; Sampled=1"),
    (f" Root = {ROOT} ;Parent={PARENT};Sampled=1 ", f" Root = {ROOT} ;Parent={CALL};Sampled=1 "),
    (f"Root={ROOT};Parent={PARENT};Sampled=1;", f"Root={ROOT};Parent={CALL};Sampled=1;"),
    (f"Root={ROOT};Parent={PARENT};Sampled=1;a=b=c;=;;x", f"Root={ROOT};Parent={CALL};Sampled=1;a=b=c;=;;x"),
    (f"Self=1-1-2;Root={ROOT};Parent={PARENT};Sampled=1", f"Self=1-1-2;Root={ROOT};Parent={CALL};Sampled=1"),
    (f"Other={PARENT};Root={ROOT};Parent={PARENT};Sampled=1", f"Other={PARENT};Root={ROOT};Parent={CALL};Sampled=1"),
    (f"Root={ROOT.upper()};Parent={PARENT.upper()};Sampled=1", f"Root={ROOT.upper()};Parent={CALL};Sampled=1"),
)


@pytest.mark.parametrize(("text", "downstream"), GOOD)
def test_header_that_says_record(text: str, downstream: str) -> None:
    """Order, spaces and unknown fields are taken as they come, and go on downstream with only Parent exchanged."""
    header, reason = parse(text)

    assert header is not None
    assert (header.root.lower(), header.parent.lower(), header.text, reason) == (ROOT, PARENT, text, "sampled")
    assert [header.for_call(CALL), header.for_call(CALL, text)] == [downstream, downstream]


NO_DECISION = "no sampling decision (PassThrough)"
BAD_ROOT = "malformed Root {}: expected 1-<8 hex>-<24 hex>"
BAD_PARENT = "malformed Parent {}: expected 16 hex digits"
NOT_RECORDED = (
    (None, "no trace header: tracing is not active for this function"),
    ("", "no trace header: tracing is not active for this function"),
    (f"Root={ROOT};Parent={PARENT};Sampled=0", "not sampled"),
    (f"Root={ROOT};Parent={PARENT};Sampled=0;Lineage=1:a87bd80c:0", "not sampled"),
    (f"Root={ROOT}", NO_DECISION),
    (f"Root={ROOT};Lineage=1:a87bd80c:0", NO_DECISION),
    (f"Root={ROOT};Parent={PARENT}", NO_DECISION),
    (f"Root={ROOT};Parent={PARENT};Sampled=?", NO_DECISION),
    (f"Root={ROOT};Parent={PARENT};Sampled=10", NO_DECISION),
    (f"Root={ROOT};Parent={PARENT};sampled=1", NO_DECISION),
    (f"Root={ROOT};Parent={PARENT};NotSampled=1", NO_DECISION),
    ("garbage", NO_DECISION),
    (f"Parent={PARENT};Sampled=1", BAD_ROOT.format("''")),
    (f"Root=2{ROOT[1:]};Parent={PARENT};Sampled=1", BAD_ROOT.format(repr("2" + ROOT[1:]))),
    (f"Root={ROOT[:-1]};Parent={PARENT};Sampled=1", BAD_ROOT.format(repr(ROOT[:-1]))),
    (f"Root={ROOT[:-1]}g;Parent={PARENT};Sampled=1", BAD_ROOT.format(repr(ROOT[:-1] + "g"))),
    (f"Root={'a' * 5000};Parent={PARENT};Sampled=1", BAD_ROOT.format(repr("a" * 40))),
    (f"Root={ROOT};Sampled=1", BAD_PARENT.format("''")),
    (f"Root={ROOT};Parent=;Sampled=1", BAD_PARENT.format("''")),
    (f"Root={ROOT};Parent={PARENT}0;Sampled=1", BAD_PARENT.format(repr(PARENT + "0"))),
    (f"Root={ROOT};Parent={PARENT[:-1]}x;Sampled=1", BAD_PARENT.format(repr(PARENT[:-1] + "x"))),
    (f"Root={ROOT};Parent={PARENT[:-1]} ;Sampled=1", BAD_PARENT.format(repr(PARENT[:-1] + " "))),
    ("Root=\u0661-65a0f3c2-0123456789abcdef01234567;Parent=" + PARENT + ";Sampled=1", BAD_ROOT.format("'\u0661-65a0f3c2-0123456789abcdef01234567'")),
)  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), NOT_RECORDED)
def test_header_that_says_nothing(text: str | None, reason: str) -> None:
    """Missing, not sampled, PassThrough or malformed: nothing is recorded, and the reason says why."""
    assert parse(text) == (None, reason)


def test_botocores_spelling_is_kept() -> None:
    """What botocore has quoted stays quoted, a header of another trace gives way, and both may alternate."""
    header, _reason = parse(f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=a:1|b:2")
    assert header is not None
    quoted = f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=a:1%7Cb:2"

    seen = [
        header.for_call(CALL, quoted),
        header.for_call(CALL),
        header.for_call(CALL, "Root=1-0;Sampled=0"),
        header.for_call(CALL, quoted),
    ]

    mine = f"Root={ROOT};Parent={CALL};Sampled=1;Lineage=a:1"
    assert seen == [f"{mine}%7Cb:2", f"{mine}|b:2", f"{mine}|b:2", f"{mine}%7Cb:2"]


def test_header_without_the_parent() -> None:
    """Where the client would send another Parent of the same trace, the call still gets a header of its own."""
    header, _reason = parse(f"Root={ROOT};Parent={PARENT};Sampled=1")
    assert header is not None

    assert header.for_call(CALL, f"Root={ROOT};Sampled=1") == f"Root={ROOT};Parent={CALL};Sampled=1"
