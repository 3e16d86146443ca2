"""The one place where faults of ours end."""

from __future__ import annotations

import io
import sys

import pytest

from xray_instrument.guard import Guard, attempt


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> Guard:
    """One as in production: not strict."""
    monkeypatch.setattr(Guard, "strict", False)
    return Guard()


def broken() -> None:
    raise LookupError("ours")


def test_fault(guard: Guard, capsys: pytest.CaptureFixture[str]) -> None:
    """A fault is told in one line with its place, its part is off for good, other parts go on."""
    calls: list[str] = []
    first = guard("one")(broken)
    second = guard("one")(lambda: calls.append("one"))

    @guard("two")
    def other() -> str:
        calls.append("two")
        return "value"

    assert [first(), second(), first(), other()] == [None, None, None, "value"]
    line = broken.__code__.co_firstlineno + 1
    told = f"LookupError('ours') at {__file__}:{line}"
    reassurance = "one is switched off, traces are incomplete, your function is not affected"
    assert capsys.readouterr() == ("", f"xray_instrument: {reassurance}: {told}\n")
    assert (calls, guard.off) == (["two"], {"one": told})


@pytest.mark.parametrize("error", [RecursionError, MemoryError])
def test_what_is_not_ours(error: type[Exception], guard: Guard, capsys: pytest.CaptureFixture[str]) -> None:
    """Stack or memory used up by the function meets us too: nothing is told and nothing switches off."""

    def meets_it() -> None:
        raise error

    assert guard("one")(meets_it)() is None
    assert (guard.off, capsys.readouterr()) == ({}, ("", ""))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_must_pass(error: type[BaseException], guard: Guard) -> None:
    """Ctrl-C and the like reach the function also when they strike in our code."""

    def struck() -> None:
        raise error

    with pytest.raises(error):
        guard("one")(struck)()


def test_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """In tests every fault is raised."""
    monkeypatch.setattr(Guard, "strict", True)

    with pytest.raises(LookupError, match="ours"):
        Guard()("one")(broken)()


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "none"])
def test_no_stderr(closed: bool, guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that has closed its stderr, or has none, is not disturbed by the line that cannot be told."""
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr(sys, "stderr", stream if closed else None)

    assert guard("one")(broken)() is None
    assert list(guard.off) == ["one"]


class UnprintableError(Exception):
    def __repr__(self) -> str:
        raise ValueError("no text")


def test_unprintable_fault(guard: Guard) -> None:
    """A fault that fails at being text is still caught."""

    def raises() -> None:
        raise UnprintableError

    assert guard("one")(raises)() is None
    assert list(guard.off) == ["one"]


def test_attempt(capsys: pytest.CaptureFixture[str]) -> None:
    """The function's own code inside ours may fail: the other value, and nothing is told."""

    class Odd:
        def __str__(self) -> str:
            raise ValueError("mine")

    assert [attempt(str, 7, "x"), attempt(str, Odd(), "x")] == ["7", "x"]
    assert capsys.readouterr() == ("", "")
