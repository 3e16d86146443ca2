"""Pages of summaries, time ranges, one trace, the graph by minutes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.local.store.making import START, call, segment, text, trace_id
from xray_local import filters, minutes, queries
from xray_local.graph import contribution, merge
from xray_local.model import Contribution, Service, Statistics
from xray_local.rows import Derived, derive
from xray_local.store import BadTokenError, Idle, Page, Store
from xray_local.summary import summarise, to_api
from xray_local.trace import compile_trace


def test_a_trace_is_compiled_from_all_that_came(store: Store) -> None:
    """A late parent included: `trace` says what the compiler says about the documents in their order; None if there are none."""
    store.ingest([text(call(1))], "udp", START)
    store.ingest([text(segment(1))], "udp", START + 1)
    assert store.trace(trace_id(1)) == compile_trace(trace_id(1), [call(1), segment(1)])
    assert store.trace(trace_id(2)) is None


def test_a_summary_is_what_the_summary_of_the_compiled_trace_says(store: Store) -> None:
    """With the revision that the store counts: 2 after a second batch."""
    store.ingest([text(segment(1, annotations={"customer": "c1", "cold_start": True}, user="ana"))], "udp", START)
    store.settle(10)
    store.ingest([text(call(1, fault=True))], "udp", START)
    trace = store.trace(trace_id(1))
    assert trace is not None
    expected = json.loads(json.dumps({**to_api(summarise(trace)), "Revision": 2}))
    assert store.summaries(START, START).summaries == [expected]


def test_pages_hold_every_trace_once_newest_first(store: Store) -> None:
    """Pages of 7 over 40 traces, many of the same second: all of them, in order, also when new ones arrive in between."""
    store.ingest([text(segment(number, START + number // 5)) for number in range(40)], "udp", START)
    ids: list[str] = []
    sizes = []
    token = None
    while True:
        found = store.summaries(START, START + 100, page=Page(token, 7))
        ids += [one["Id"] for one in found.summaries]
        sizes.append((len(found.summaries), found.processed))
        token = found.next
        if token is None:
            break
        store.ingest([text(segment(1_000 + len(ids), START + 50))], "udp", START)
    assert ids == [trace_id(number, START + number // 5) for number in range(39, -1, -1)]
    assert sizes == [(7, 7)] * 5 + [(5, 5)]


@pytest.mark.parametrize("token", ["", "x", "bnVsbA==", "WzEsIDIsIDNd", "ä", "WyJhIiwgMV0="])
def test_a_token_of_somebody_else_is_refused(store: Store, token: str) -> None:
    """Whatever is no NextToken of ours raises BadTokenError, which says what to do."""
    with pytest.raises(BadTokenError) as caught:
        store.summaries(0, 2e9, page=Page(token))
    assert str(caught.value) == "the NextToken is not one of this store: ask for the first page again, without a token"


# A trace that begins at START, whose id says an hour before, and which runs for 30 s.
EARLY = START - 3600
LONG: dict[str, Any] = {**segment(1, EARLY), "start_time": START, "end_time": START + 30}


@pytest.mark.parametrize(
    ("kind", "start", "end", "found"),
    [
        ("TraceId", EARLY, EARLY, True),
        ("TraceId", EARLY + 1, START + 100, False),
        ("Event", START + 10, START + 11, True),
        ("Event", START - 10, START, True),
        ("Event", START + 31, START + 100, False),
        ("Event", START - 10, START - 1, False),
        ("Service", START + 30, START + 30, True),
        ("Service", START, START + 29, False),
    ],
)
def test_each_kind_of_time_range_asks_for_its_own_time(store: Store, kind: str, start: float, end: float, found: bool) -> None:
    """TraceId: the time in the id. Event: whatever ran in the range. Service: when the trace ended."""
    store.ingest([text(LONG)], "udp", START)
    assert store.trace_ids(start, end, kind) == ([trace_id(1, EARLY)] if found else [])


def test_an_id_that_holds_no_time_is_found_by_its_start(store: Store) -> None:
    """A W3C id has random digits where X-Ray has the time (here: 1970); its trace is found where it began."""
    document = {**segment(1), "trace_id": "1-00000001-0123456789abcdef01234567"}
    store.ingest([text(document)], "udp", START)
    assert store.trace_ids(START - 1, START + 1) == ["1-00000001-0123456789abcdef01234567"]


def _traffic() -> list[tuple[str, list[dict[str, Any]]]]:
    """Traces over five minutes, some with faults, one without an end."""
    traces = []
    for number in range(60):
        start = START + number * 5
        documents = [segment(number, start, fault=number % 7 == 0), call(number, start, error=number % 5 == 0)]
        traces.append((trace_id(number, start), documents))
    return traces


def _graph(services: list[Service]) -> list[Any]:
    """Comparable: sums of floats in another order differ in the last digit."""
    rows: list[Any] = []
    for service in services:
        rows.append((service.node.key, _counts(service.node.statistics), service.node.response_times))
        rows += [(edge.source, edge.target, _counts(edge.statistics), edge.response_times) for edge in service.edges]
    return rows


def _counts(counts: Statistics) -> tuple[float, ...]:
    return (counts.ok, counts.error, counts.throttle, counts.fault, round(counts.total_response_time, 9))


@pytest.mark.parametrize(("begin", "end"), [(0, 300), (0.5, 299.5), (61, 119), (-600, 900), (60, 60), (30, 200.25)])
def test_the_graph_of_a_time_is_the_sum_of_its_traces(store: Store, begin: float, end: float) -> None:
    """Added up by minutes, with traces that changed and came late, twice over (made and kept): as if each were added alone."""
    traffic = _traffic()
    for _, documents in traffic:
        store.ingest([text(documents[0])], "udp", START)
    store.settle(10)
    store.ingest([text(documents[1]) for _, documents in traffic[::3]], "udp", START)
    store.contributions(START, START + 300)
    store.ingest([text(documents[1]) for _, documents in traffic], "udp", START)
    wanted = [
        contribution(compile_trace(one, documents))
        for one, documents in traffic
        if START + begin <= documents[0]["start_time"] < START + end
    ]
    for _ in range(2):
        assert _graph(merge(store.contributions(START + begin, START + end))) == _graph(merge(wanted))


def test_what_one_trace_adds_is_known_before_it_is_asked_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its graph comes from its row, from its documents while the row is behind them, and is None for a trace that is not here."""
    store.ingest([text(segment(1))], "udp", START)
    assert (store.settle(10), store.contribution(trace_id(2))) == (True, None)
    with monkeypatch.context() as patch:
        patch.setattr("xray_local.store.compile_trace", None)
        patch.setattr("xray_local.queries.compile_trace", None)
        told = store.contribution(trace_id(1))
    assert told is not None
    assert _graph(merge([told])) == _graph(merge([contribution(compile_trace(trace_id(1), [segment(1)]))]))
    monkeypatch.setattr(store, "_deriver", Idle())
    store.ingest([text(call(1))], "udp", START)
    later = store.contribution(trace_id(1))
    assert later == contribution(compile_trace(trace_id(1), [segment(1), call(1)]))


def _visits(store: Store) -> int:
    (minute,) = store.contributions(START, START + 60)
    return sum(node.statistics.total for node in minute.nodes if node.active)


def test_new_traces_join_the_minute_that_is_known(store: Store) -> None:
    """Three traces of one minute, each compiled by itself: the minute counts all of them."""
    for number in range(3):
        store.ingest([text(segment(number))], "udp", START)
        assert store.settle(10)
    assert _visits(store) == 3


def test_what_changes_while_a_minute_is_added_up_is_not_lost(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace that comes between reading and keeping: the reader may miss it, the next one does not."""
    store.ingest([text(segment(1))], "udp", START)
    store.settle(10)
    store.ingest([text(call(1))], "udp", START)
    store.settle(10)
    real = minutes._combined

    def slow(graphs: Sequence[Contribution], minute: int) -> Contribution:
        monkeypatch.setattr(minutes, "_combined", real)
        made = real(graphs, minute)
        store.ingest([text(segment(2))], "udp", START)
        store.settle(10)
        return made

    monkeypatch.setattr(minutes, "_combined", slow)
    assert (_visits(store), _visits(store)) == (1, 2)


def test_documents_that_come_while_a_trace_is_compiled_are_compiled_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trace stays due: its summary ends with both documents in it."""

    def slow(trace: str, texts: Sequence[str], revision: int, _links: object) -> Derived:
        monkeypatch.setattr("xray_local.deriver.derive", derive)
        made = derive(trace, texts, revision)
        store.ingest([text({**segment(1), "fault": True})], "udp", START)
        return made

    monkeypatch.setattr("xray_local.deriver.derive", slow)
    store.ingest([text(segment(1))], "udp", START)
    assert store.settle(10)
    assert [(one["Revision"], one["HasFault"]) for one in store.summaries(0, 2e9).summaries] == [(2, True)]


# Decided by SQL; by SQL and then one by one; one by one with nothing that SQL could leave out.
EXPRESSIONS = [
    "fault",
    'service("DynamoDB") { error }',
    'service("orders") AND responsetime > 0.4',
    'service("orders") { http.status = 200 } AND fault',
    '!service("orders") { http.url CONTAINS "nothing" }',
    'annotation.customer = "c3" OR error',
]


@pytest.mark.parametrize("near", [1, 4, 1000])
@pytest.mark.parametrize("text_of_it", EXPRESSIONS)
def test_an_expression_leaves_over_what_it_matches(
    store: Store, text_of_it: str, near: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages of 3 and scans of 10 give what each trace by itself says, in whichever order SQL looks, and the graph is theirs."""
    monkeypatch.setattr(queries, "SCANNED_AT_MOST", 10)
    monkeypatch.setattr(queries, "NEAR", near)
    expression = filters.parse(text_of_it)
    wanted = []
    for one, documents in _traffic():
        documents[0]["annotations"] = {"customer": f"c{int(one[-1], 16) % 5}"}
        documents[0]["http"] = {"request": {"url": "https://x.example/"}, "response": {"status": 200}}
        store.ingest([text(document) for document in documents], "udp", START)
        if filters.matches(expression, queries.View(one, [text(document) for document in documents])):
            wanted.append((one, documents))
    found: list[str] = []
    token = None
    while True:
        page = store.summaries(0, 2e9, expression=expression, page=Page(token, 3))
        found += [one["Id"] for one in page.summaries]
        token = page.next
        if token is None:
            break
    assert found == [one for one, _ in reversed(wanted)]
    alone = [contribution(compile_trace(one, documents)) for one, documents in wanted]
    assert _graph(merge(store.contributions(START, START + 600, expression))) == _graph(merge(alone))
