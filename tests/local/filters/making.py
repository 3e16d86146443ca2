"""Traces to filter: written by hand and drawn at random; expressions drawn at random."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from xray_local import documents
from xray_local.filters.syntax import (
    And,
    Annotation,
    Edge,
    Expression,
    Flag,
    JsonCause,
    Not,
    Number,
    Or,
    RootCause,
    Selector,
    Service,
    Text,
)
from xray_local.graph import contribution
from xray_local.model import CompiledTrace, Contribution, Document, Summary
from xray_local.summary import summarise
from xray_local.trace import compile_trace

START = 1_700_000_000.0


def trace_id(number: int) -> str:
    """The id of trace `number`."""
    return f"1-{int(START):08x}-{number:024x}"


@dataclass(frozen=True)
class View:
    """One trace as an expression sees it."""

    trace: CompiledTrace
    summary: Summary
    contribution: Contribution


def view(*sent: Document) -> View:
    """The trace of these documents."""
    parsed = [documents.parse(json.dumps(document)) for document in sent]
    trace = compile_trace(sent[0]["trace_id"], parsed)
    return View(trace, summarise(trace), contribution(trace))


def segment(number: int, name: str, seconds: float | None = 1.0, parent: int = 0, **fields: Any) -> Document:
    """A segment of trace 1; without seconds it is in progress."""
    ids = {"id": f"{number:016x}", "trace_id": trace_id(1), **({"parent_id": f"{parent:016x}"} if parent else {})}
    end: dict[str, Any] = {"in_progress": True} if seconds is None else {"end_time": START + seconds}
    return {**ids, "name": name, "start_time": START, **end, **fields}


def subsegment(number: int, name: str, seconds: float | None = 0.5, **fields: Any) -> Document:
    """A subsegment inside a segment."""
    made = segment(number, name, seconds, **fields)
    del made["trace_id"]
    return made


# Few enough that traces and expressions meet, odd enough to tell bytes from characters and case from case.
TEXTS = ["", "a", "A", "shop", "shop ünï", "ünï", "50%_", 'say "hi"', "C:\\x"]
NAMES = ["shop", "Shop", "orders", "shop ünï"]
KEYS = ["k", "K", "aws:api_id", "a.b"]
NUMBERS = [0, 1, 1.0, 2.5, -3, 200, 404, 0.5, 1e300]
ORIGINS = ["AWS::Lambda", "AWS::Lambda::Function", "AWS::EC2::Instance"]


@st.composite
def entities(draw: st.DrawFn, number: int) -> Document:
    """The fields that a segment and a subsegment have in common."""
    made: dict[str, Any] = {"id": f"{number:016x}", "start_time": START + draw(st.sampled_from([0, 0.5, 1]))}
    ends: list[Document] = [{"in_progress": True}, *({"end_time": START + 1 + end} for end in (0, 0.5, 1, 3))]
    made |= draw(st.sampled_from(ends))
    made |= dict.fromkeys(draw(st.sets(st.sampled_from(["error", "throttle", "fault"]))), True)
    if draw(st.booleans()):
        request = {key: draw(st.sampled_from(TEXTS)) for key in ("url", "method", "user_agent", "client_ip")}
        made["http"] = {"request": request, "response": {"status": draw(st.sampled_from([200, 404, 503]))}}
    values = st.sampled_from([*TEXTS, *NUMBERS, True, False, 10**400])
    made["annotations"] = draw(st.dictionaries(st.sampled_from(KEYS), values, max_size=2))
    if draw(st.booleans()):
        made["cause"] = {"exceptions": [{"id": "00000000000000ff", "type": "Boom", "message": draw(st.sampled_from(TEXTS))}]}
    return made


@st.composite
def calls(draw: st.DrawFn, number: int) -> Document:
    """A subsegment: a call of DynamoDB, of a host, or the function's own."""
    kinds: list[Document] = [
        {"name": "DynamoDB", "namespace": "aws", "aws": {"table_name": "orders", "operation": "PutItem"}},
        {"name": "orders", "namespace": "remote"},
        {"name": "shop"},
    ]
    return {**draw(entities(number)), **draw(st.sampled_from(kinds))}


@st.composite
def traces(draw: st.DrawFn, number: int) -> list[Document]:
    """A chain of segments; each may be called by a subsegment of the one before, by its segment, by nobody or by a lost one."""
    chain: list[Document] = []
    for position in range(draw(st.integers(1, 3))):
        base = number * 1000 + position * 10 + 1
        made = {**draw(entities(base)), "name": draw(st.sampled_from(NAMES)), "trace_id": trace_id(number)}
        made["subsegments"] = [draw(calls(base + 1 + index)) for index in range(draw(st.integers(0, 2)))]
        parent = (
            draw(st.sampled_from([None, base - 10, base - 9, 999_999])) if position else draw(st.sampled_from([None, 999_999]))
        )
        made |= {"parent_id": f"{parent:016x}"} if parent else {}
        origins: list[Document] = [{}, *({"origin": origin} for origin in ORIGINS)]
        others: list[Document] = [{}, *({"user": text} for text in TEXTS), {"resource_arn": "arn:a"}]
        made |= draw(st.sampled_from(origins)) | draw(st.sampled_from(others))
        made["aws"] = draw(
            st.sampled_from([{}, {"account_id": "1"}, {"ec2": {"availability_zone": "eu-1a", "instance_id": "i-1"}}])
        )
        chain.append(made)
    return chain


def texts_of(sent: list[Document]) -> list[str]:
    """As they are sent."""
    return [json.dumps(document) for document in sent]


texts = st.sampled_from(["", "sh", "op", *TEXTS, *NAMES, *ORIGINS, "eu-1a", "i-1", "arn:a", "1", "client"])
text_operators = st.sampled_from(["=", "!=", "CONTAINS", "BEGINSWITH", "ENDSWITH"])
number_operators = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
numbers = st.sampled_from([float(number) for number in (*NUMBERS, 3, 503)])


def _flags(*keywords: str) -> st.SearchStrategy[Expression]:
    return st.builds(Flag, st.sampled_from(keywords))


def _numbers(*keywords: str) -> st.SearchStrategy[Expression]:
    return st.builds(Number, st.sampled_from(keywords), number_operators, numbers)


def _texts(*keywords: str) -> st.SearchStrategy[Expression]:
    names = st.sampled_from(keywords)
    return st.one_of(st.builds(Text, names), st.builds(Text, names, text_operators, texts))


keys = st.sampled_from(KEYS)
indexed: st.SearchStrategy[Expression] = st.one_of(
    st.builds(Annotation, keys),
    st.builds(Annotation, keys, text_operators, texts),
    st.builds(Annotation, keys, number_operators, numbers),
    st.builds(Annotation, keys, st.sampled_from(["=", "!="]), st.booleans()),
)
REQUEST = ("http.url", "http.method", "http.useragent", "http.clientip")
nodes: st.SearchStrategy[Expression] = st.one_of(
    _flags("ok", "error", "throttle", "fault", "partial", "inferred", "root"),
    _numbers("responsetime", "duration", "http.status"),
    _texts(*REQUEST, "user", "availabilityzone", "instance.id", "resource.arn", "name", "type", "account.id"),
    indexed,
)
some = st.none() | texts
selectors = st.builds(Selector, some, some, some) | st.builds(Selector, st.sampled_from(NAMES)) | st.just(Selector())


def combined(leaves: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    """Expressions in the form that the parser gives them: no AND in an AND, no double NOT."""

    def extend(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        return st.one_of(
            st.builds(lambda part: part.part if isinstance(part, Not) else Not(part), parts),
            st.lists(parts, min_size=2, max_size=3).map(lambda found: And(flat(And, found))),
            st.lists(parts, min_size=2, max_size=3).map(lambda found: Or(flat(Or, found))),
        )

    return st.recursive(leaves, extend, max_leaves=4)


def flat(kind: type[And | Or], parts: list[Expression]) -> tuple[Expression, ...]:
    """The parts, with the parts of those of the same kind in their place."""
    return tuple(inner for part in parts for inner in (part.parts if isinstance(part, kind) else (part,)))


causes = st.sampled_from(["fault", "error", "responsetime"])
elements = st.one_of(
    st.builds(
        RootCause,
        causes,
        st.just("service"),
        combined(_flags("first", "last", "inferred") | _numbers("index") | _texts("name", "type", "account.id")),
    ),
    st.builds(
        RootCause,
        st.sampled_from(["fault", "error"]),
        st.just("entity"),
        combined(_flags("first", "last", "remote") | _numbers("index") | _texts("name")),
    ),
    st.builds(RootCause, st.just("responsetime"), st.just("entity"), combined(_numbers("coverage", "index") | _texts("name"))),
    st.builds(
        RootCause, causes, st.just("exception"), combined(_flags("first", "last") | _numbers("index") | _texts("name", "message"))
    ),
    st.sampled_from([JsonCause("[{}]"), JsonCause('[{"ClientImpacting": true}]'), JsonCause("[]")]),
)
optional = st.none() | combined(nodes)
expressions: st.SearchStrategy[Expression] = combined(
    st.one_of(
        nodes,
        st.builds(Service, selectors, optional),
        st.builds(Edge, selectors, selectors, optional),
        elements,
    )
)
