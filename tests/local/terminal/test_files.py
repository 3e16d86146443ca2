"""What is exported comes back; what else can be imported; what cannot, and why."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.local.terminal.making import part, request, texts, trace_id
from xray_local.documents import MAX_BYTES
from xray_local.store import Store
from xray_local.terminal.files import BadFileError, documents, exported, split
from xray_local.terminal.source import DatabaseSource, Reader, Trace

AT = 1_700_000_000.0


def read(path: Path, ids: list[str]) -> list[Trace]:
    """The traces of a database."""
    with Reader(DatabaseSource(path)) as reader:
        return list(reader.traces(ids))


def test_what_is_exported_comes_back(tmp_path: Path) -> None:
    """A trace exported and imported elsewhere is the same trace, inferred segments included; a second export the same file."""
    first, second, name = tmp_path / "a.db", tmp_path / "b.db", trace_id(1, AT)
    with Store(first) as store:
        store.ingest(texts(request(1, AT)), "udp", AT)
    written = json.dumps(exported(read(first, [name])))
    with Store(second) as store:
        assert store.ingest(documents(written, "f"), "api", AT) == [None]
    assert read(second, [name]) == read(first, [name])
    assert json.dumps(exported(read(second, [name]))) == written


def test_broken_traces_come_back_as_broken(tmp_path: Path) -> None:
    """Subsegments without a parent, in circles and in progress are the same after export and import, with the same notices."""
    sent = {"trace_id": trace_id(1, AT), "type": "subsegment"}
    aws = {"operation": "PutItem", "table_name": "orders"}
    orphan = part(
        "app.handler", 1, AT, AT + 1, parent_id="f" * 16, subsegments=[part("dynamodb", 2, AT, AT + 1, namespace="aws", aws=aws)]
    )
    circle = [part("a", 3, AT, AT + 1, parent_id=f"{4:016x}"), part("b", 4, AT + 0.5, AT + 1, parent_id=f"{3:016x}")]
    waiting = part("open", 5, AT, None, parent_id=f"{1:016x}")
    traces = []
    documents_in = texts(*({**sent, **document} for document in (orphan, *circle, waiting)))
    for name in ("a.db", "b.db"):
        with Store(tmp_path / name) as store:
            assert set(store.ingest(documents_in, "api", AT)) == {None}
            traces.append(store.trace(trace_id(1, AT)))
        documents_in = documents(json.dumps(exported(read(tmp_path / name, [trace_id(1, AT)]))), "f")
    assert traces[0] == traces[1]
    assert traces[0] is not None
    assert [segment.get("type") for segment in traces[0].segments] == ["subsegment", "subsegment", None]


def test_a_segment_that_has_grown_too_large_is_sent_in_parts(tmp_path: Path) -> None:
    """A compiled segment of many parts goes in as documents X-Ray takes, and comes out whole."""
    calls = [part(f"call {number}", 2 + number, AT, AT + 1, metadata={"default": {"x": "y" * 9_000}}) for number in range(30)]
    outer = part("outer", 1, AT, AT + 1, subsegments=calls)
    large = part("shop", 0, AT, AT + 1, trace_id=trace_id(1, AT), subsegments=[outer, *calls_of("other", 100)])
    parts = list(split(large))
    random.Random(1).shuffle(parts)  # noqa: S311 - an order, no secret
    assert max(len(text) for text in parts) <= MAX_BYTES
    assert len(json.dumps(large)) > 4 * MAX_BYTES
    path = tmp_path / "a.db"
    with Store(path) as store:
        assert set(store.ingest(parts, "api", AT)) == {None}
    (found,) = read(path, [trace_id(1, AT)])
    assert found.segments == [large]


def calls_of(name: str, first: int) -> list[dict[str, object]]:
    """Two parts that fit beside each other."""
    return [part(name, first + number, AT + 0.5, AT + 1) for number in range(2)]


@pytest.mark.parametrize(
    "wrapped",
    [
        "{0}",
        "[{0}, {1}]",
        "{0}\n\n{1}\n",
        '{{"Traces": [{{"Id": "x", "Segments": [{{"Id": "y", "Document": {0}}}, {{"Id": "z", "Document": {1:s}}}]}}]}}',
    ],
)
def test_other_forms_of_a_file(wrapped: str) -> None:
    """One document, a list, one a line, and traces whose documents are objects."""
    both = texts(request(1, AT), request(2, AT))
    found = documents(wrapped.format(*both), "f")
    assert [json.loads(text) for text in found] == [json.loads(text) for text in both[: len(found)]]
    assert len(found) == (1 if wrapped == "{0}" else 2)


def test_inferred_segments_are_not_imported() -> None:
    """X-Ray made them of others and makes them again."""
    assert documents(json.dumps({**request(1, AT), "inferred": True}), "f") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "f is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("{}\n{", "f is not JSON: Extra data: line 2 column 1 (char 3)"),
        ("[1]", "f holds '1' where a document or a trace should be"),
        ('{"a": 1}', 'f holds an object without an id: {"a":1}'),
        ('["{"]', "f is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[" * 100_000, "f is nested too deeply"),
    ],
)
def test_what_cannot_be_imported(text: str, said: str) -> None:
    """Each says what is wrong with the file."""
    with pytest.raises(BadFileError) as raised:
        documents(text, "f")
    assert str(raised.value) == said
