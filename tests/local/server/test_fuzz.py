"""Whatever bytes arrive, by UDP or by HTTP: an answer or a reason, never a fault of ours.

`make fuzz` is the long run (some minutes); the short one of every day keeps what it found in between.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local import fuzzing
from tests.local.server import clients
from tests.local.server.clients import HEADER
from tests.local.server.test_otlp import payload, span
from xray_local import daemon, server
from xray_local.api import ApiError, Context, model
from xray_local.store import Store

FUZZ = settings(
    max_examples=fuzzing.cases(150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
GOOD = json.dumps(clients.segment()).encode()
SPANS = base64.b64decode(payload(span("work", attributes={"a": 1, "http.url": "http://[x"}))[3:])


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """A good message with some bytes replaced, and cut or lengthened."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(0, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))]) + draw(st.binary(max_size=4))


DATAGRAMS = st.one_of(
    st.binary(max_size=80),
    damaged(HEADER + GOOD),
    st.binary(max_size=80).map(lambda body: HEADER + body),
    damaged(SPANS).map(lambda data: HEADER + b"T1S" + base64.b64encode(data)),
    JSON.map(lambda value: HEADER + json.dumps(value).encode()),
)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """One for all cases: what an earlier one left behind must not hurt either."""
    with Store(None) as opened:
        yield opened


def refusal(path: str, body: bytes, store: Store) -> tuple[int, str] | None:
    """Status and text of the error, None for an answer that JSON can carry. Any other exception fails the test."""
    try:
        answer = server._call(Context(store), path, body)
    except ApiError as error:
        return error.status, error.message
    json.dumps(answer, allow_nan=False)
    return None


def proper(refused: tuple[int, str] | None) -> bool:
    """The client's fault, said with a text, or an operation that is missing."""
    return refused is None or ((400 <= refused[0] < 500 or refused[0] == 501) and refused[1] != "")


@FUZZ
@given(datagram=DATAGRAMS)
def test_any_datagram(store: Store, datagram: bytes) -> None:
    """A datagram is documents, each taken or rejected by the store, or a BadDatagramError with a text."""
    texts: list[str | bytes] = []
    try:
        texts = daemon.documents(datagram, daemon.Counts())
    except daemon.BadDatagramError as error:
        store.reject(datagram, "udp", 1.0, str(error))
    assert len(store.ingest(texts, "udp", 1.0)) == len(texts)


def requests_of(shape: Any) -> st.SearchStrategy[Any]:
    """Requests with the members of AWS's description and any values in them, right ones more often than not."""
    scalars: dict[str, st.SearchStrategy[Any]] = {
        "string": st.sampled_from(["Default", "fault", 'service("a")', "1-00000001-" + "a" * 24, GOOD.decode(), "*"])
        | st.text(max_size=40),
        "boolean": st.booleans(),
        "integer": st.integers(),
        "long": st.integers(),
        "double": st.floats(),
        "timestamp": st.integers(0, 2**32) | st.floats(),
    }
    if shape.type_name == "structure":
        members = {name: requests_of(member) | JSON for name, member in shape.members.items()}
        required = {name: members.pop(name) for name in shape.required_members}
        return st.fixed_dictionaries(required, optional=members)
    if shape.type_name == "list":
        return st.lists(requests_of(shape.member), max_size=3)
    if shape.type_name == "map":
        return st.dictionaries(st.text(max_size=5), requests_of(shape.value), max_size=3)
    if getattr(shape, "enum", None):
        return st.sampled_from(shape.enum)
    return scalars[shape.type_name]


CALLS = st.sampled_from(sorted(model.paths().items())).flatmap(
    lambda item: st.tuples(st.just(item[0]), requests_of(model.service().operation_model(item[1]).input_shape))
)


@FUZZ
@given(call=CALLS)
def test_any_request(store: Store, call: tuple[str, Any]) -> None:
    """A request of any operation is answered in JSON, or refused with an ApiError of status 4xx, or 501 for what is missing."""
    path, request = call
    assert proper(refusal(path, json.dumps(request).encode(), store))


@FUZZ
@given(
    path=st.sampled_from(sorted(model.paths())), body=st.binary(max_size=100) | JSON.map(lambda value: json.dumps(value).encode())
)
def test_any_body(store: Store, path: str, body: bytes) -> None:
    """A body of any bytes is answered or refused."""
    assert proper(refusal(path, body, store))
