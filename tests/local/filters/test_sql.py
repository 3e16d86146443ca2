"""SQL and the slow evaluator agree about every trace."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local import fuzzing
from xray_local.filters import Expression, matches, parse, prefilter, to_sql
from xray_local.model import Document
from xray_local.store import Store

from . import making

PAST_ALL = 4e9


def found(store: Store, condition: tuple[str, Sequence[object]]) -> set[str]:
    """The ids of the traces that a condition leaves over."""
    with store._database.read() as connection:
        rows = connection.execute(f"SELECT s.trace_id FROM summaries AS s WHERE {condition[0]}", condition[1])
        return {row[0] for row in rows}


# Three traces and eight expressions each: 1,500 cases of `make fuzz` are 12,000 expressions.
@settings(max_examples=fuzzing.cases(120, 0.075), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.tuples(*(making.traces(number) for number in (1, 2, 3))), st.lists(making.expressions, min_size=8, max_size=8))
def test_sql_equals_the_evaluator(traces: tuple[list[Document], ...], expressions: list[Expression]) -> None:
    """Exact SQL finds the traces that match and no others; a prefilter loses none; the store's pages are those that match."""
    with Store() as store:
        sent = [text for documents in traces for text in making.texts_of(documents)]
        assert store.ingest(sent, "test", making.START) == [None] * len(sent)
        assert store.settle(10)
        views = [making.view(*documents) for documents in traces]
        for expression in expressions:
            wanted = {view.trace.id for view in views if matches(expression, view)}
            exact = to_sql(expression)
            if exact is not None:
                assert (str(expression), found(store, exact)) == (str(expression), wanted)
            assert wanted <= found(store, prefilter(expression)), str(expression)
            page = store.summaries(0, PAST_ALL, "Service", expression)
            assert (str(expression), {row["Id"] for row in page.summaries}) == (str(expression), wanted)


@pytest.mark.parametrize(
    "text",
    [
        "ok " * 3000,
        " OR ".join(["error"] * 1000),
        'annotation.a = "b" ' * 500,
        'service("a") { fault } ' * 400,
        "!(" * 60 + "service() { " + "!(" * 3 + "ok" + ")" * 3 + " }" + ")" * 60,
        "!(" * 30 + "user " * 900 + ")" * 30,
        "(ok OR (fault AND " * 31 + "ok" + "))" * 31,
        *(
            "!(fault AND " * depth + 'service("a") { !(fault AND root OR name ENDSWITH "x") }' + ")" * depth
            for depth in range(8, 16)
        ),
    ],
    ids=lambda text: text[:20],
)
def test_sqlite_takes_any_length(text: str) -> None:
    """Whatever the parser takes does not exceed SQLite's limits: depth, placeholders, subqueries."""
    with Store() as store:
        assert store.ingest([json.dumps(making.segment(1, "shop"))], "test", making.START) == [None]
        assert store.settle(10)
        expression = parse(text)
        wanted = {making.trace_id(1)} if matches(expression, making.view(making.segment(1, "shop"))) else set()
        page = store.summaries(0, PAST_ALL, "Service", expression)
        assert (found(store, prefilter(expression)) >= wanted, {row["Id"] for row in page.summaries}) == (True, wanted)


def test_what_the_tables_can_decide() -> None:
    """Trace keywords, visits and calls are exact in SQL; what only documents or lists of causes tell is not."""
    exact = (
        "fault",
        "user",
        "annotation.a > 1",
        'service("a") { fault responsetime > 1 }',
        'edge("a", "b") { !ok }',
        "resource.arn",
    )
    open_ = (
        'service("a") { http.status = 500 }',
        "service() { annotation.a }",
        "rootcause.fault.entity { last }",
        "json = #[{}]",
    )
    assert {text: to_sql(parse(text)) is not None for text in (*exact, *open_)} == {
        **dict.fromkeys(exact, True),
        **dict.fromkeys(open_, False),
    }
