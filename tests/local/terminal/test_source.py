"""Both sources answer alike; what cannot be read is said in a sentence."""

from __future__ import annotations

import socket
import time
import urllib.request
from pathlib import Path

import pytest

from tests.local.terminal.making import request, texts, trace_id, without
from xray_local.server import Running
from xray_local.terminal.source import DatabaseSource, EndpointSource, Query, Reader, SourceError, Trace, health, is_local

AT = 1_700_000_000.0


def fill(reader: Reader, number: int = 7) -> list[str]:
    """Puts so many traces in, one a minute; their ids, newest first."""
    starts = [AT + 60 * index for index in range(number)]
    assert reader.put(texts(*(request(index + 1, at) for index, at in enumerate(starts)))) == []
    return [trace_id(index + 1, at) for index, at in enumerate(starts)][::-1]


def test_summaries_come_newest_first(reader: Reader) -> None:
    """All summaries of a time that match an expression, with times as numbers."""
    ids = fill(reader)
    everything = list(reader.summaries(Query(AT, AT + 3600)))
    slow = list(reader.summaries(Query(AT, AT + 130, "error = false AND responsetime >= 1")))
    assert [[summary["Id"] for summary in found] for found in (everything, slow)] == [ids, ids[-3:]]
    assert [type(summary["StartTime"]) for summary in everything] == [float] * 7


def test_whole_traces_come_in_the_order_asked_for(reader: Reader) -> None:
    """More ids than one call takes, one of them unknown: the traces in that order, without that one."""
    ids = fill(reader)
    wanted = [ids[3], trace_id(99, AT), *ids[:3], *ids[4:]]
    found = list(reader.traces(wanted))
    assert [trace.id for trace in found] == [name for name in wanted if name in ids]
    segment = without(found[0].segments[0], "subsegments")
    expected = without(request(4, AT + 180), "subsegments")
    assert (found[0].duration, segment) == (1.0, expected)


def test_the_graph_of_a_time_of_a_filter_and_of_traces(reader: Reader) -> None:
    """Each way to ask for a graph counts its own traces."""
    ids = fill(reader)
    graphs = (
        reader.services(Query(AT, AT + 3600)),
        reader.services(Query(AT, AT + 130, "duration >= 1")),
        reader.services_of(ids[:2]),
        reader.services_of([]),
        reader.services(Query(AT - 7200, AT - 3600, "fault")),
    )
    counted = [
        {service["Name"]: service["SummaryStatistics"]["TotalCount"] for service in graph if "SummaryStatistics" in service}
        for graph in graphs
    ]
    assert counted == [{"orders": 7, "shop": 7}, {"orders": 3, "shop": 3}, {"orders": 2, "shop": 2}, {}, {}]


def test_a_filter_that_cannot_be_read_is_said(reader: Reader) -> None:
    """Both sources raise the API's own sentence."""
    with pytest.raises(SourceError, match="Invalid filter expression: column 9"):
        next(reader.summaries(Query(AT, AT + 60, 'service("x')))


def test_refused_documents_come_back(reader: Reader) -> None:
    """`put` answers the ids of what was not taken, and takes the rest, over several calls."""
    bad = [{"id": f"{number:016x}", "name": "no times", "trace_id": trace_id(1, AT)} for number in (1, 2)]
    good = [request(number, AT) for number in range(1, 60)]
    refused = reader.put(texts(bad[0], *good, bad[1]))
    assert [answer["Id"] for answer in refused] == [document["id"] for document in bad]
    assert len(list(reader.summaries(Query(AT, AT + 1)))) == 59


def test_what_there_is_to_say(reader: Reader) -> None:
    """Both sources tell what is broken about a trace; of what is no trace id there is nothing to say."""
    reader.put(texts({**request(1, AT), "parent_id": "f" * 16}))
    told = ["Their caller ffffffffffffffff has not arrived: shop"]
    assert [reader.source.notices(name) for name in (trace_id(1, AT), trace_id(2, AT), "last/?x")] == [told, [], None]


def test_amazon_is_not_asked_what_only_we_can_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint of AWS has no address for notices, and is not tried for one."""
    monkeypatch.setattr(urllib.request, "build_opener", lambda *_handlers: pytest.fail("asked"))
    source = EndpointSource("https://xray.ap-south-1.amazonaws.com")
    assert source.notices(trace_id(1, AT)) is None
    source.close()


def test_no_server() -> None:
    """An address where nobody listens is a SourceError that says what to start, and has no health."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{sock.getsockname()[1]}"
        with Reader(EndpointSource(endpoint)) as reader, pytest.raises(SourceError, match="is `xray-local up` running there"):
            list(reader.traces(["1-00000000-000000000000000000000000"]))
        assert health(endpoint) is None


def test_no_database(tmp_path: Path) -> None:
    """A database that is not there is not made."""
    with pytest.raises(SourceError, match="there is no database"):
        DatabaseSource(tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["SQLite format 4\0 and more of it" * 100, "hello"])
def test_another_file_is_no_database(tmp_path: Path, text: str) -> None:
    """A file of another kind is said to be one."""
    path = tmp_path / "other.db"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match="not a database"):
        DatabaseSource(path)


def test_a_proxy_of_the_environment_is_not_asked(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server on this machine is reached although HTTP_PROXY leads nowhere, with and without http:// before its address."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    for endpoint in (server.endpoint, server.address):
        with Reader(EndpointSource(endpoint)) as reader:
            assert list(reader.traces(["1-00000000-000000000000000000000000"])) == []
    assert (health(server.endpoint) or {}).get("address") == server.address


def test_what_is_no_address() -> None:
    """An endpoint with blanks in it is refused in a sentence."""
    with pytest.raises(SourceError, match="is no address"):
        EndpointSource("http://a b")


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("xray-local", True),
        ("host.docker.internal", True),
        ("xray.eu-west-1.amazonaws.com", False),
        ("", True),
    ],
)
def test_which_hosts_take_any_credentials(host: str, local: bool) -> None:
    """Addresses, containers and this machine; the names of AWS need the user's own."""
    assert is_local(host) == local


def test_amazon_gets_its_region_from_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The region of an endpoint of AWS is in its name, and nothing is looked for in the future there."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    source = EndpointSource("https://xray.ap-south-1.amazonaws.com")
    assert (source._client.meta.region_name, source.ahead_s) == ("ap-south-1", 0.0)
    source.close()


def test_a_trace_is_read_while_it_is_written(server: Running) -> None:
    """What PutTraceSegments has taken is in the next answer."""
    now = time.time()
    with Reader(EndpointSource(server.endpoint)) as reader:
        reader.put(texts(request(1, now)))
        (found,) = reader.traces([trace_id(1, now)])
    assert isinstance(found, Trace)
    assert [segment["name"] for segment in found.segments] == ["shop", "DynamoDB"]
