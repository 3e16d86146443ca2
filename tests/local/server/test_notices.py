"""What the API of AWS has no member for: what there is to say about a trace."""

from __future__ import annotations

import json
from typing import Any

from tests.local.server import clients
from xray_local.api.traces import LARGEST_TRACE
from xray_local.server import Running

UNKNOWN = "0" * 15 + "9"


def ask(server: Running, trace_id: str, **headers: str) -> tuple[int, Any]:
    """Status and body of the trace's address, without the trace itself."""
    status, _headers, body = clients.http(f"{server.endpoint}/xray-local/traces/{trace_id}", headers=headers)
    answer = json.loads(body)
    return status, {
        key: value for key, value in answer.items() if key not in {"Duration", "Inferred", "LimitExceeded", "Segments"}
    }


def test_what_is_said_about_a_trace(server: Running) -> None:
    """An orphan is named, and so is each reason why a document of the trace was refused, with how often."""
    part = clients.segment("app.handler", type="subsegment", parent_id=UNKNOWN)
    bad = {**clients.segment("slow", 2, trace_id=part["trace_id"]), "end_time": "soon"}
    other = {**clients.segment("other", 3), "end_time": "soon"}
    clients.send(server, *map(clients.datagram, (part, bad, bad, other)))
    clients.eventually(lambda: server.store.counts()["rejected"] == 3)

    assert ask(server, part["trace_id"]) == (
        200,
        {
            "Id": part["trace_id"],
            "Notices": [
                f"Their parent {UNKNOWN} has not arrived, so they stand by themselves: app.handler",
                'Refused (2 times): end_time is "soon"; expected a number: seconds since 1970',
            ],
        },
    )


def test_traces_of_which_nothing_was_taken(server: Running) -> None:
    """Refused documents are told also where nothing else came; an unknown trace has no notices."""
    bad = {**clients.segment("slow"), "id": 7}
    server.store.ingest([json.dumps(bad)], "api", 0)

    told = "Refused: id is 7; expected 16 lower-case hex digits"
    assert ask(server, bad["trace_id"]) == (200, {"Id": bad["trace_id"], "Notices": [told]})
    assert ask(server, clients.trace_id(9)) == (200, {"Id": clients.trace_id(9), "Notices": []})


def test_many_reasons(server: Running) -> None:
    """Of thirteen reasons ten are told, the newest first, and the others counted."""
    trace_id = clients.trace_id(1)
    bad = [clients.segment("slow", trace_id=trace_id) | {"user": number} for number in range(1, 14)]
    server.store.ingest([json.dumps(document) for document in bad], "api", 0)

    _status, answer = ask(server, trace_id)

    told = [f"Refused: user is {number}; expected a string" for number in range(13, 3, -1)]
    assert answer["Notices"] == [*told, "Refused for 3 other reasons: see `xray-local doctor`"]


def test_who_may_not_ask(server: Running) -> None:
    """A page of the web, by whatever name it reaches this machine, gets nothing; what is no trace id is said to be none."""
    trace_id = clients.trace_id(1)

    assert ask(server, trace_id, Host="evil.example")[0] == 403
    assert ask(server, trace_id, Origin="https://evil.example")[0] == 403
    assert ask(server, "1-2-3") == (400, {"__type": "InvalidRequestException", "message": "1-2-3 is no trace id."})


def test_too_large_a_trace_is_whole_and_says_so(server: Running, xray: Any) -> None:
    """Up to 500 KB LimitExceeded is false, beyond it is true; all segments are there in both cases."""
    documents = [clients.segment(f"part {number}", number, metadata={"x": {"y": "z" * 60_000}}) for number in range(1, 10)]
    trace_id = documents[0]["trace_id"]
    answers = []
    for some in (documents[:8], documents[8:]):
        server.store.ingest([json.dumps({**document, "trace_id": trace_id}) for document in some], "api", 0)
        (answer,) = xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
        size = sum(len(segment["Document"]) for segment in answer["Segments"])
        answers.append((answer["LimitExceeded"], size > LARGEST_TRACE, len(answer["Segments"])))
    assert answers == [(False, False, 8), (True, True, 9)]
