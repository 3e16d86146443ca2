"""kill -9 while clients send: what was acknowledged is there after the next start, and compiled."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.local.terminal.making import request, run, texts, trace_id, wait_until
from tests.local.terminal.processes import serving
from xray_local.terminal.source import EndpointSource, Query, Reader, health

CLIENTS = 4
PER_CALL = 10


def send_until_it_dies(endpoint: str, first: int, at: float, acknowledged: list[int]) -> None:
    """Calls of PutTraceSegments on one connection; a call's numbers are noted once its answer was read to the end."""
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=20)
    with contextlib.suppress(OSError, http.client.HTTPException):
        for number in range(first, first + 10**6, PER_CALL):
            numbers = range(number, number + PER_CALL)
            body = json.dumps({"TraceSegmentDocuments": texts(*(request(one, at) for one in numbers))})
            connection.request("POST", "/TraceSegments", body)
            answer = connection.getresponse()
            assert (answer.status, json.loads(answer.read())) == (200, {"UnprocessedTraceSegments": []})
            acknowledged += numbers
    connection.close()


@pytest.mark.parametrize("after", [1, 300, 1_500])
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, after: int) -> None:
    """Four clients at once: the next start on the same port has every acknowledged trace, whole, listed and in the graph."""
    at = float(int(time.time()) - 5)
    acknowledged: list[int] = []
    with serving(tmp_path, "--port", "0") as server:
        senders = [
            threading.Thread(target=send_until_it_dies, args=(server.endpoint, 1 + client * 10**6, at, acknowledged))
            for client in range(CLIENTS)
        ]
        for sender in senders:
            sender.start()
        wait_until(lambda: len(acknowledged) >= after, 30)
        server.process.send_signal(signal.SIGKILL)
        for sender in senders:
            sender.join()
    port = server.address.rpartition(":")[2]
    with serving(tmp_path, "--port", port) as again, Reader(EndpointSource(again.endpoint)) as reader:
        assert (again.endpoint, again.said()) == (server.endpoint, [])
        wait_until(lambda: (health(again.endpoint) or {})["store"]["counts"]["pending"] == 0, 60)
        listed = {summary["Id"]: summary for summary in reader.summaries(Query(at - 60, at + 60))}
        wanted = {trace_id(number, at) for number in acknowledged}
        # Of each client one call was in the air: it is there whole or not at all.
        assert (wanted - set(listed), len(set(listed) - wanted) % PER_CALL, len(listed) - len(wanted) <= CLIENTS * PER_CALL) == (
            set(),
            0,
            True,
        )
        assert {(one["Duration"], one["HasError"], one["EntryPoint"]["Name"]) for one in listed.values()} == {
            (1.0, False, "shop")
        }
        whole = next(iter(reader.traces([trace_id(acknowledged[-1], at)])))
        assert [segment["name"] for segment in whole.segments] == ["shop", "DynamoDB"]
        graph = reader.services(Query(at - 60, at + 60))
        counted = {one["Name"]: one["SummaryStatistics"]["TotalCount"] for one in graph if "SummaryStatistics" in one}
        assert counted == {"shop": len(listed), "orders": len(listed)}
    assert run(tmp_path, "traces").returncode == 0
