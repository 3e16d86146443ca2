"""The trace header: what is read of a caller's, and what the function sees."""

from __future__ import annotations

import pytest

from tests.kit.fakes import CountingIds
from xray_local.lambda_service.model import Tracing
from xray_local.lambda_service.tracing import NOBODY, Caller, Context, context, parse, producers

ROOT, NEW = "1-65537f20-0123456789abcdef01234567", "1-65537f21-000000000000000000000001"
PARENT = "53995c3f42cd8ad8"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:orders"
OWN_LINEAGE = "Lineage=1:66d2e7d4:0"


@pytest.mark.parametrize(
    ("text", "caller"),
    [
        (f"Root={ROOT};Parent={PARENT};Sampled=1", Caller(ROOT, PARENT, True)),
        (f" Sampled=0 ; Parent={PARENT} ;Root={ROOT}", Caller(ROOT, PARENT, False)),
        (f"Root={ROOT};Sampled=?", Caller(ROOT)),
        (f"Self=1-67891234-12456789abcdef012345678;Root={ROOT}", Caller(ROOT)),
        (f"Root={ROOT};Lineage=1:a87bd80c:0|2:b:1;x=y", Caller(ROOT, others=("Lineage=1:a87bd80c:0|2:b:1", "x=y"))),
        (f"Root={ROOT};a=b=c;Parent;=1;;Sampled=2", Caller(ROOT)),
        (f"Root={ROOT};Parent=XYZ;Sampled=1", Caller(ROOT, "", True)),
        (f"Root=1-5759e988;Parent={PARENT};Sampled=1;Lineage=1:a:0", NOBODY),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", NOBODY),
        ("", NOBODY),
        (None, NOBODY),
    ],
)
def test_a_callers_header(text: str | None, caller: Caller) -> None:
    """Fields in any order; a Root that X-Ray would not take makes the whole header none."""
    assert parse(text) == caller


def seen(text: str | None, tracing: Tracing, *, decision: bool = True) -> tuple[Context, str, int]:
    """The context, the header that the function gets with the id 16 times `e`, and how often the local rules were asked."""
    asked = CountingIds()

    def decide() -> bool:
        asked()
        return decision

    found = context(text, tracing, ARN, decide, lambda: NEW)
    return found, found.header("e" * 16), asked.last


@pytest.mark.parametrize(
    ("text", "decision", "expected"),
    [
        (None, True, (Context(NEW, "", True, True, (OWN_LINEAGE,)), f"Root={NEW};Parent={'e' * 16};Sampled=1;{OWN_LINEAGE}", 1)),
        (None, False, (Context(NEW, "", False, False, (OWN_LINEAGE,)), f"Root={NEW};Parent={'e' * 16};Sampled=0;{OWN_LINEAGE}", 1)),
        (
            f"Root={ROOT};Sampled=?;Lineage=9:f:9",
            True,
            (Context(ROOT, "", True, True, ("Lineage=9:f:9",)), f"Root={ROOT};Parent={'e' * 16};Sampled=1;Lineage=9:f:9", 1),
        ),
        (
            f"Root={ROOT};Parent={PARENT};Sampled=0;x=y",
            True,
            (Context(ROOT, PARENT, False, False, ("x=y", OWN_LINEAGE)), f"Root={ROOT};Parent={'e' * 16};Sampled=0;x=y;{OWN_LINEAGE}", 0),
        ),
        (
            f"Root={ROOT};Parent={PARENT};Sampled=1",
            False,
            (Context(ROOT, PARENT, True, True, (OWN_LINEAGE,)), f"Root={ROOT};Parent={'e' * 16};Sampled=1;{OWN_LINEAGE}", 0),
        ),
    ],
)  # fmt: skip
def test_active_tracing(text: str | None, decision: bool, expected: tuple[Context, str, int]) -> None:
    """A caller's decision wins over the local rules, which are asked otherwise; Parent is ours; what else there is stays."""
    assert seen(text, Tracing.ACTIVE, decision=decision) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"Root={ROOT};Parent={PARENT};Sampled=1;Self=1-x", f"Root={ROOT};Parent={PARENT};Sampled=1;Self=1-x"),
        (f"Root={ROOT}", f"Root={ROOT}"),
        (None, f"Root={NEW};{OWN_LINEAGE}"),
        ("nonsense", f"Root={NEW};{OWN_LINEAGE}"),
    ],
)
def test_pass_through(text: str | None, expected: str) -> None:
    """The header as it came, or a Root alone; nothing is recorded, and nobody asks the local rules."""
    found, header, asked = seen(text, Tracing.PASS_THROUGH)

    assert (header, found.recorded, asked) == (expected, False, 0)


def test_producers() -> None:
    """Of a batch's headers the recorded ones count, each sender once, and not more than the limit."""
    senders = [f"Root={ROOT};Parent={number:016x};Sampled=1" for number in range(30)]
    others = (f"Root={ROOT};Parent={PARENT};Sampled=0", f"Root={ROOT};Sampled=1", "nonsense")

    found = producers((*others, senders[0], *senders), 20)

    assert found == [Caller(ROOT, f"{number:016x}", True) for number in range(20)]
