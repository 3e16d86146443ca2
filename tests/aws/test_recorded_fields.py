"""Every document that these tests see is held against the list of everything ever recorded."""

from __future__ import annotations

import pytest

from tests.aws.recording import Recording, checked
from tests.kit.fakes import Document
from xray_instrument.recorder import recorder

UNLISTED: tuple[tuple[Document, str], ...] = (
    ({"sql": {"sanitized_query": "x"}}, "['sql.sanitized_query']"),
    ({"http": {"request": {"url": "x"}}}, "['http.request.url']"),
    ({"aws": {"operation": "x", "body": "y"}}, "['aws.body']"),
    ({"metadata": {"lambda": {"event": {"a": 1}}}}, "['metadata.lambda.event.a']"),
    ({"subsegments": [{"name": "x", "subsegments": [{"name": "y", "user": "z"}]}]}, "['user']"),
    ({"cause": {"exceptions": [{"id": "x", "stack": [{"locals": {"a": 1}}]}]}}, "['cause.exceptions.*.stack.*.locals.a']"),
)


@pytest.mark.parametrize(("fields", "told"), UNLISTED, ids=[told for _fields, told in UNLISTED])
def test_a_field_that_is_not_listed_is_found(fields: Document, told: str, recording: Recording) -> None:
    """A field at any depth, in embedded subsegments and stacks too, that docs/recorded-fields.md lacks fails every test."""
    recorder.end(recorder.begin("x"))
    (document,) = recording.captured.documents()

    assert checked(document) is document
    with pytest.raises(AssertionError) as caught:
        checked({**document, **fields})
    assert str(caught.value).partition("\n")[0] == f"not in docs/recorded-fields.md: {told}"
