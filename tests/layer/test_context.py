"""Where a subsegment hangs: below what is open in this thread or task, and never below what is over."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Iterator

import pytest

from tests.kit.fakes import CapturedDatagrams, CountingIds, FakeClock
from tests.kit.runtime_api import SAMPLED
from xray_instrument import header
from xray_instrument.context import current, live, parent
from xray_instrument.emitter import Emitter
from xray_instrument.invocation import Invocation
from xray_instrument.model import NOTHING, Subsegment
from xray_instrument.recorder import Recorder


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(FakeClock(), CountingIds())


@pytest.fixture
def captured() -> CapturedDatagrams:
    return CapturedDatagrams()


@pytest.fixture
def invocation(recorder: Recorder, captured: CapturedDatagrams) -> Iterator[Invocation]:
    yield begun(recorder, captured)
    live.trace = NOTHING


def begun(recorder: Recorder, captured: CapturedDatagrams) -> Invocation:
    found, _reason = header.parse(SAMPLED)
    assert found is not None
    made = Invocation(found, "app.handler", recorder, Emitter(captured.send))
    made.root.fields = {"annotations": {}, "metadata": {}}
    live.trace = made
    return made


def test_nested(invocation: Invocation, recorder: Recorder) -> None:
    """What begins hangs below what is open; what ends gives way to what was open before."""
    seen = [parent()]
    outer = recorder.begin("outer")
    inner = recorder.begin("inner")
    seen.append(parent())
    recorder.end(inner)
    seen.append(parent())
    recorder.end(outer)
    seen.append(parent())

    assert seen == [invocation.root, inner, outer, invocation.root]
    assert (inner.parent_id, outer.parent_id) == (outer.id, invocation.root.id)


def test_ended_in_the_wrong_order(invocation: Invocation, recorder: Recorder) -> None:
    """An outer one that ends before its inner one is not open again after that."""
    outer = recorder.begin("outer")
    inner = recorder.begin("inner", leaf=True)
    recorder.end(outer)
    recorder.end(inner)

    assert parent() is invocation.root


def test_a_finished_call_takes_no_children(invocation: Invocation, recorder: Recorder) -> None:
    """In a context copied while a call was open (a task made in it), what begins after the call's end hangs beside it."""
    call = recorder.begin("call", leaf=True)
    copy = contextvars.copy_context()
    recorder.end(call)

    assert copy.run(parent) is invocation.root


def test_an_open_call_takes_children(invocation: Invocation, recorder: Recorder) -> None:
    """While it is open it does: credentials are fetched in it."""
    call = recorder.begin("call", leaf=True)

    assert contextvars.copy_context().run(parent) is call


def test_earlier_invocation(invocation: Invocation, recorder: Recorder, captured: CapturedDatagrams) -> None:
    """What is left open by an earlier invocation is nobody's parent in the next one."""
    recorder.begin("left open")
    second = begun(recorder, captured)

    assert parent() is second.root


def test_nothing_recorded(invocation: Invocation, recorder: Recorder, captured: CapturedDatagrams) -> None:
    """Between invocations, and where nothing is sampled, a subsegment may begin and end, and nothing is sent."""
    live.trace = NOTHING
    opened = recorder.begin("unsampled")
    recorder.end(opened)

    assert (opened.trace, captured.datagrams, NOTHING.open) == (NOTHING, [], {})


def test_end_twice(invocation: Invocation, recorder: Recorder, captured: CapturedDatagrams) -> None:
    """The second end of the same one does nothing."""
    opened = recorder.begin("once")
    recorder.end(opened)
    recorder.end(opened)

    assert [document["name"] for document in captured.documents()] == ["once"]


def test_ended_in_another_context(invocation: Invocation, recorder: Recorder) -> None:
    """A subsegment begun in one task and ended in another: no exception, and either's next one hangs where it should."""

    async def both() -> list[Subsegment]:
        opened = recorder.begin("begun here")

        async def end_it() -> Subsegment:
            recorder.end(opened)
            return parent()

        there = await asyncio.create_task(end_it())
        return [there, opened]

    there, opened = asyncio.run(both())
    assert (there, opened.end_time is not None) == (invocation.root, True)
    assert parent() is invocation.root


def test_the_functions_context_is_left_alone(invocation: Invocation, recorder: Recorder) -> None:
    """After a call the context holds the function's own variables and none of ours."""
    mine: contextvars.ContextVar[int] = contextvars.ContextVar("mine")
    token = mine.set(7)
    before = dict(contextvars.copy_context())
    recorder.end(recorder.begin("call", leaf=True))
    after = dict(contextvars.copy_context())
    mine.reset(token)

    assert after == before
    assert current() is None


def test_generators_share_their_callers_context(invocation: Invocation, recorder: Recorder) -> None:
    """A generator that is left in the middle of a subsegment leaves it open for its caller: as the X-Ray SDK does."""

    def rows() -> Iterator[int]:
        opened = recorder.begin("rows")
        yield 1
        recorder.end(opened)

    each = rows()
    next(each)
    inside = parent().name
    list(each)

    assert (inside, parent()) == ("rows", invocation.root)
