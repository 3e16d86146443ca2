"""What is taken as a document, and the reasons for what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.local.core.making import TRACE, eid, embedded, segment, subsegment
from xray_local.documents import BadDocumentError, is_subsegment, parse

ID_WANTED = "expected 16 lower-case hex digits"
TRACE_ID_WANTED = "expected 1-, 8 hex digits, -, 24 hex digits, all lower case"

REFUSED: dict[str, tuple[Any, str, str]] = {
    "no trace id": ({"id": eid(1)}, "InvalidTraceId", f"trace_id is null; {TRACE_ID_WANTED}"),
    "W3C trace id": (segment(1) | {"trace_id": "4efaaf4d1e8720b39541901950019ee5"}, "InvalidTraceId", f'trace_id is "4efaaf4d1e8720b39541901950019ee5"; {TRACE_ID_WANTED}'),
    "no id": (segment(1) | {"id": None}, "MissingParam", "id is missing; every segment and subsegment has one"),
    "short id": (segment(1) | {"id": "abc"}, "InvalidSegment", f'id is "abc"; {ID_WANTED}'),
    "upper case id": (segment(1) | {"id": "ABCDEF0123456789"}, "InvalidSegment", f'id is "ABCDEF0123456789"; {ID_WANTED}'),
    "no name": (segment(1, ""), "InvalidSegment", 'name is ""; expected a string of 1 to 200 characters'),
    "long name": (segment(1, "x" * 201), "InvalidSegment", 'name is "' + "x" * 56 + "...; expected a string of 1 to 200 characters"),
    "no start": (segment(1) | {"start_time": None}, "MissingParam", "start_time is missing; every segment and subsegment has one"),
    "no end": (segment(1) | {"end_time": None}, "MissingParam", "end_time is missing; what is not over yet says in_progress: true instead"),
    "not in progress, no end": (segment(1, end=None) | {"in_progress": False}, "MissingParam", "end_time is missing; what is not over yet says in_progress: true instead"),
    "time is text": (segment(1, start="100"), "InvalidSegment", 'start_time is "100"; expected a number: seconds since 1970'),  # type: ignore[arg-type]
    "time is truth": (segment(1, start=True), "InvalidSegment", "start_time is true; expected a number: seconds since 1970"),
    "milliseconds": (segment(1, start=1_700_000_000_000), "InvalidSegment", "start_time is 1700000000000; expected seconds since 1970, before the year 10,000 (not milliseconds)"),
    "flag is text": (segment(1, fault="yes"), "InvalidSegment", 'fault is "yes"; expected true or false'),
    "annotations are a list": (segment(1, annotations=[]), "InvalidSegment", "annotations is []; expected an object"),
    "cause is text": (segment(1, cause="disk full"), "InvalidSegment", 'cause is "disk full"; expected an object, or the id of an exception: 16 lower-case hex digits'),
    "orphan by itself": (segment(1, type="subsegment"), "MissingParam", "parent_id is missing; a subsegment that is sent by itself names its segment or subsegment"),
    "bad parent": (segment(1, parent_id="1"), "InvalidSegment", f'parent_id is "1"; {ID_WANTED}'),
    "subsegments are an object": (segment(1, subsegments={}), "InvalidSegment", "subsegments is {}; expected a list"),
    "a subsegment is a number": (segment(1, subsegments=[embedded(2), 7]), "InvalidSegment", "subsegments[1] is a number; expected an object, a subsegment"),
    "deep inside": (segment(1, subsegments=[embedded(2, subsegments=[embedded(3) | {"id": "x"}])]), "InvalidSegment", f'subsegments[0].subsegments[0].id is "x"; {ID_WANTED}'),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    """A refusal names the field, shows what it holds and says what was expected, with X-Ray's error code and the document's id."""
    document, code, text = REFUSED[case]

    with pytest.raises(BadDocumentError) as refusal:
        parse(json.dumps(document))

    found = document["id"] if isinstance(document["id"], str) else ""
    assert (refusal.value.code, refusal.value.id, str(refusal.value)) == (code, found, text)


NO_DOCUMENTS: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "the document is not JSON: Expecting value: line 1 column 1 (char 0); it begins ''"),
    "text": (b"T1Sabc", "the document is not JSON: Expecting value: line 1 column 1 (char 0); it begins 'T1Sabc'"),
    "list": ("[]", "the document is a list; X-Ray wants one object, a segment or a subsegment"),
    "null": ("null", "the document is null; X-Ray wants one object, a segment or a subsegment"),
    "no UTF-8": (b'{"a":"\xff"}', 'the document is not UTF-8: byte 6 is 0xff; it begins b\'{"a":"\\xff"}\''),
    "no number": ('{"a":NaN}', "the document is not JSON: NaN is no JSON number; it begins '{\"a\":NaN}'"),
    "no finite number": ('{"a":1e999}', "the document is not JSON: 1e999 is too large for a number; it begins '{\"a\":1e999}'"),
}


@pytest.mark.parametrize("case", NO_DOCUMENTS)
def test_no_document(case: str) -> None:
    """What is no JSON object is told so, with its beginning."""
    text, message = NO_DOCUMENTS[case]

    with pytest.raises(BadDocumentError) as refusal:
        parse(text)

    assert (refusal.value.code, str(refusal.value)) == ("JSONFormatError", message)


@pytest.mark.parametrize(("text", "size"), [("x" * 65_537, "65,537"), ("é" * 40_000, "80,000"), (b"x" * 70_000, "70,000")])
def test_too_large(text: str | bytes, size: str) -> None:
    """X-Ray's limit counts bytes, whether text or bytes come in."""
    with pytest.raises(BadDocumentError) as refusal:
        parse(text)

    assert (
        str(refusal.value)
        == f"the document has {size} bytes, X-Ray takes 65,536; send subsegments by themselves or leave metadata out"
    )


@pytest.mark.parametrize("opening", ['{"a":', "["])
def test_too_deep(opening: str) -> None:
    """Nesting has a limit that is ours, below and above the one of Python's JSON."""
    for levels in (201, 3_000):
        closing = {"[": "]", "{": "}"}[opening[0]]
        metadata = opening * levels + "1" + closing * levels
        text = json.dumps(segment(1))[:-1] + ', "metadata": {"a": ' + metadata + "}}"
        with pytest.raises(BadDocumentError) as refusal:
            parse(text)
        assert str(refusal.value) == "the document nests deeper than 200 levels; send subsegments by themselves"


def test_wide_is_not_deep() -> None:
    """Many values side by side are taken."""
    document = segment(1, metadata={"default": {"rows": [[number] for number in range(1_000)]}})

    assert parse(json.dumps(document)) == document


def test_whatever_was_sent_is_kept() -> None:
    """Unknown fields, null and X-Ray's own additions survive; bytes and text give the same."""
    document = segment(
        1,
        "café",
        unknown={"a": [1, None]},
        user=None,
        subsegments=[embedded(2, sqlcommenter="x")],
        http={"response": {"content_length": "0"}},
    )

    text = json.dumps(document, ensure_ascii=False)

    assert parse(text) == parse(text.encode()) == document


def test_half_characters() -> None:
    """A string that was cut in the middle of a character, escaped or not, becomes one that can be stored."""
    document = segment(1, "caf\ud83d", metadata={"default": {"k\udc00": ["\ud83d\ude00"]}})

    mended = segment(1, "caf�", metadata={"default": {"k�": ["😀"]}})

    assert parse(json.dumps(document)) == mended
    assert parse(json.dumps(segment(1, "caf\ud83d"), ensure_ascii=False)) == segment(1, "caf�")


def test_is_subsegment() -> None:
    """The type field decides."""
    assert [is_subsegment(document) for document in (segment(1), segment(1, parent_id=eid(2)), subsegment(1, 2))] == [
        False,
        False,
        True,
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        "id",
        "name",
        "trace_id",
        "start_time",
        "end_time",
        "parent_id",
        "type",
        "http",
        "aws",
        "cause",
        "links",
        "subsegments",
        "annotations",
        "fault",
        "namespace",
    ]
)


@given(st.binary() | st.text() | st.dictionaries(FIELDS, JSON).map(lambda fields: json.dumps(segment(1) | fields)))
@example(b'{"id":' + b"9" * 5_000 + b"}")
@example("\ud800")
@settings(max_examples=250, deadline=None)
def test_nothing_but_its_own_error(text: str | bytes) -> None:
    """Whatever comes in gives a document with ids and times, or BadDocumentError."""
    try:
        document = parse(text)
    except BadDocumentError as error:
        assert str(error)  # noqa: PT017
    else:
        assert document["id"] == eid(1)
        assert document["trace_id"] == TRACE
