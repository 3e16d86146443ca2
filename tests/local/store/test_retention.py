"""Forgetting by age and by size."""

from __future__ import annotations

from pathlib import Path

from tests.local.store.making import START, call, segment, text, trace_id
from xray_local.store import Store


def test_old_traces_go_with_everything_that_was_derived(store: Store) -> None:
    """By the time of their last document: an old trace that still gets some stays; the graph forgets the others."""
    store.ingest([text(segment(number)) for number in (1, 2)], "udp", 100.0)
    store.ingest([text(segment(3))], "udp", 200.0)
    store.contributions(START, START + 60)
    store.ingest([text(call(1))], "udp", 200.0)
    store.contributions(START, START + 60)
    assert store.retain(max_age_s=50, now=210.0) == 1
    assert sorted(store.trace_ids(0, 2e9)) == [trace_id(1), trace_id(3)]
    assert store.documents(trace_id(2)) == []
    (minute,) = store.contributions(START, START + 60)
    assert {node.key.name: node.statistics.total for node in minute.nodes if node.active} == {"orders": 2}
    assert store.retain(max_age_s=0, now=300.0) == 2
    assert (store.trace_ids(0, 2e9), store.counts()["documents"]) == ([], 0)


def test_a_clock_that_was_set_back_loses_nothing(store: Store) -> None:
    """A document that seems to come before its forerunner is taken and compiled; the trace is as old as its newest one."""
    store.ingest([text(segment(1))], "udp", 1_000.0)
    store.settle(10)
    store.ingest([text(call(1))], "udp", 10.0)
    assert (store.settle(10), store.documents(trace_id(1))) == (True, [text(segment(1)), text(call(1))])
    assert [one["Revision"] for one in store.summaries(0, 2e9).summaries] == [2]
    assert store.retain(max_age_s=60, now=100.0) == 0
    assert store.retain(max_age_s=60, now=1_100.0) == 1


def test_a_store_that_grew_too_large_loses_its_oldest_traces(tmp_path: Path) -> None:
    """Down to the limit and not to nothing; the file itself shrinks, the newest trace stays."""
    path = tmp_path / "traces.db"
    with Store(path) as store:
        for number in range(1_000):
            store.ingest([text(segment(number, metadata={"default": {"pad": "x" * 2_000}}))], "udp", float(number))
        while not store.settle(10):
            pass
        before = store.counts()["bytes"]
        assert before is not None
        assert store.retain(max_bytes=int(before // 2)) > 0
        after = store.counts()["bytes"]
        assert after is not None
        assert before * 0.3 < after <= before / 2
        assert path.stat().st_size <= before * 0.6
        kept = sorted(store.trace_ids(0, 2e9, limit=2_000))
        assert kept == [trace_id(number) for number in range(1_000 - len(kept), 1_000)]
        assert store.retain(max_bytes=int(before)) == 0
