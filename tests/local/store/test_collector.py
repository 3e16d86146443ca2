"""Garbage is not collected while a trace is compiled, and is again afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.store.making import START, segment, text, trace_id
from xray_local.collector import held_back
from xray_local.store import Store
from xray_local.trace import CompiledTrace, compile_trace


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """Whatever a test does, the next one finds the collector on."""
    gc.enable()
    yield
    gc.enable()


def test_it_is_off_in_the_block_and_on_after_it() -> None:
    """Also when the block fails."""
    with held_back():
        inside = gc.isenabled()
    with pytest.raises(ZeroDivisionError), held_back():
        _ = 1 / 0
    assert (inside, gc.isenabled()) == (False, True)


def test_two_at_a_time_leave_it_on() -> None:
    """In whichever order they end."""
    for first in (0, 1):
        blocks = [held_back(), held_back()]
        for block in blocks:
            block.__enter__()
        blocks[first].__exit__(None, None, None)
        blocks[1 - first].__exit__(None, None, None)
        assert gc.isenabled()


def test_who_turned_it_off_keeps_it_off() -> None:
    """A program around the store may have its own mind about it."""
    gc.disable()
    with held_back():
        pass
    assert not gc.isenabled()


def test_a_trace_is_compiled_without_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the store leaves the collector as it was."""
    store.ingest([text(segment(1))], "udp", START)
    assert store.settle(10)
    noted: list[bool] = []

    def noting(*arguments: Any) -> CompiledTrace:
        noted.append(gc.isenabled())
        return compile_trace(*arguments)

    monkeypatch.setattr("xray_local.store.compile_trace", noting)
    assert store.trace(trace_id(1)) == compile_trace(trace_id(1), [segment(1)])
    assert (noted, gc.isenabled()) == ([False], True)
