"""What the page makes of the server's answer about a trace is the trace as X-Ray returns it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.local.core import lambdas
from tests.local.core.making import TRACE, call, eid, segment, subsegment
from tests.local.server import clients
from tests.ui.test_frame_modules import NODE, node
from xray_local.model import Document
from xray_local.server import Running

pytestmark = pytest.mark.skipif(NODE is None, reason="no node on PATH")

WHOLE = """
import { whole } from "%(ui)s/trace/answer.js";
import { build } from "%(ui)s/trace/model.js";
const answer = JSON.parse(process.argv[1]);
const named = whole(answer);
const [trace, other] = [build(named), build({ ...named, Segments: structuredClone(named.Segments) })];
const told = (one) => one.inferred.map((span) => [span.id, span.parent?.id, span.start, span.end, span.status, span.label, span.deadline?.id]);
console.log(JSON.stringify({ segments: named.Segments, copied: Object.keys({ ...named }), inferred: told(trace), other: told(other),
  found: trace.inferred.every((span) => trace.span(span.id) === span), count: trace.inferredCount }));
"""


def calls() -> list[Document]:
    """Calls of every kind: a table, a database, a host, one that failed, one that goes on, one whose other side sent a segment."""
    made = [
        call(
            2,
            "dynamodb",
            start_time=101,
            aws={"operation": "PutItem", "table_name": "orders"},
            http={"response": {"status": 200}},
        ),
        call(3, "orders@db", namespace="remote", sql={"sanitized_query": "SELECT 1"}, fault=True, cause={"exceptions": []}),
        call(4, "api.example.com", namespace="remote", error=True, throttle=True, http={"response": {"status": 429}}),
        call(5, "queue", namespace="remote"),
    ]
    other = segment(9, "queue", 101.5, 101.9, parent_id=eid(5))
    goes_on = subsegment(6, 1, "s3", 102, None, namespace="aws", aws={"operation": "GetObject", "bucket_name": "b"})
    # Of an export: its call is not here, so it came whole and has to stay.
    stays = segment(8, "Lambda", 103, 104, parent_id=eid(7), inferred=True, origin="AWS::Lambda")
    return [segment(1, subsegments=made), other, goes_on, stays]


@pytest.mark.parametrize(
    "documents",
    [calls, lambdas.sync, lambdas.asynchronous, lambdas.throttle, lambdas.init_error, lambdas.timeout, lambdas.sender],
)
def test_inferred_segments_are_written_out_as_the_server_writes_them(
    server: Running, documents: Callable[[], list[Document]]
) -> None:
    """Each field of each segment in X-Ray's order, and the same spans; a copy of the answer holds nothing that is not seen."""
    refused = server.store.ingest([json.dumps(document) for document in documents()], "api", 0.0)
    assert set(refused) == {None}
    answer = asked(f"{server.endpoint}/xray-local/traces/{TRACE}")
    batch = asked(f"{server.endpoint}/Traces", {"TraceIds": [TRACE]})
    expected = [json.loads(one["Document"]) for one in batch["Traces"][0]["Segments"]]
    made = node(WHOLE, answer)
    assert [list(one.items()) for one in made["segments"]] == [list(one.items()) for one in expected]
    assert sorted(made["copied"]) == ["Duration", "Id", "LimitExceeded", "Notices"]
    assert made["inferred"] == made["other"]
    assert (made["found"], made["count"]) == (True, len([one for one in expected if one.get("inferred")]))


def asked(address: str, body: object = None) -> Any:
    """The JSON of an answer."""
    status, _headers, answer = clients.http(address, None if body is None else json.dumps(body).encode())
    assert status == 200
    return json.loads(answer)
