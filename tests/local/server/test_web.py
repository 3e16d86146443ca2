"""What the page asks the server for, and what it may load."""

from __future__ import annotations

import hashlib
import json
import queue
import re
import shutil
import threading
import time
import urllib.request
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from tests.local.server import clients
from xray_local import pages
from xray_local.server import Running
from xray_local.trace import compile_trace

NOW = 1_800_000_000.0


def ask(server: Running, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
    """Status and JSON of an answer."""
    data = None if body is None else json.dumps(body).encode()
    status, _headers, answer = clients.http(f"{server.endpoint}{path}", data, headers=headers)
    return status, json.loads(answer)


def span(server: Running) -> str:
    """A time range around the server's clock."""
    now = server.options.clock()
    return f"start={now - 3600}&end={now + 60}"


def sampled(server: Running) -> str:
    """The id of a sample trace that is stored."""
    status, answer = ask(server, "/xray-local/sample", {})
    assert status == 200
    return str(answer["Id"])


def test_every_file_is_served_with_the_policy(server: Running) -> None:
    """index.html and each module: right type, nothing may be loaded from elsewhere, no inline script or style, no sniffing."""
    for path, kind in (
        ("/", "text/html"),
        ("/xray/home?region=eu-west-1", "text/html"),
        ("/cloudwatch/home?region=eu-west-1", "text/html"),
        ("/ui/app.js", "text/javascript"),
        ("/ui/tokens.css", "text/css"),
        ("/ui/icon.svg", "image/svg+xml"),
    ):
        status, headers, _body = clients.http(f"{server.endpoint}{path}")
        assert (status, headers["content-type"].partition(";")[0]) == (200, kind), path
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert (policy["default-src"], policy["script-src"], policy["style-src"], policy["connect-src"]) == (
            "'none'",
            *["'self'"] * 3,
        )
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-cache")


def test_files_are_kept_until_one_changes(server: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """index.html is asked for each time and names a folder whose files browsers keep; a change of any file names another."""
    folder = shutil.copytree(str(resources.files("xray_local") / "ui"), tmp_path / "ui")
    monkeypatch.setattr(pages, "_folder", lambda: folder)

    def named() -> set[str]:
        return set(re.findall(r'(?:src|href)="(/ui/[^/]+)/', clients.http(f"{server.endpoint}/")[2].decode()))

    [before] = named()
    _status, headers, kept = clients.http(f"{server.endpoint}{before}/map/view.js")
    _status, plain, asked = clients.http(f"{server.endpoint}/ui/map/view.js")
    assert (headers["cache-control"], plain["cache-control"], kept) == ("max-age=31536000, immutable", "no-cache", asked)
    assert named() == {before}
    (folder / "map" / "view.js").write_text("// changed")
    assert len(named() - {before}) == 1


def test_index_has_nothing_inline() -> None:
    """No script or style element with content, and no style or event attribute: the policy would stop them."""
    text = (resources.files("xray_local") / "ui" / "index.html").read_text()
    assert not re.search(r"<script[^>]*>[^<]", text)
    assert not re.search(r"<style|\son[a-z]+=|\sstyle=", text)


@pytest.mark.parametrize(
    "path",
    [
        "/ui/nothing.js",
        "/ui/../web.py",
        "/ui/%2e%2e/web.py",
        "/ui/vendor",
        "/ui/",
        "/ui//app.js",
        "/ui/v-0/../web.py",
        "/ui/v-0/",
        "/ui/v-0",
    ],
)
def test_no_other_file(server: Running, path: str) -> None:
    """What is no file of the page is not found, whatever the path."""
    if path == "/ui/":
        assert clients.http(f"{server.endpoint}{path}")[0] == 200  # the page
    else:
        assert clients.http(f"{server.endpoint}{path}")[0] == 404


def test_vendored_files_are_those_that_are_listed() -> None:
    """Each library has its version, licence and hash in versions.json, and nothing else lies there."""
    folder = resources.files("xray_local") / "ui" / "vendor"
    listed = {entry["file"]: entry for entry in json.loads((folder / "versions.json").read_text())}
    for name, entry in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == entry["sha256"], name
        assert entry["version"], entry["licence"]
    licences = {f"LICENSE-{entry['package'].rpartition('/')[2]}" for entry in listed.values()}
    assert {file.name for file in folder.iterdir()} == {*listed, *licences, "versions.json"}


def test_a_sample_trace_is_whole(server: Running) -> None:
    """Its documents are taken, compile without notices, and show the two Lambda nodes, the table and the queue."""
    trace_id = sampled(server)
    status, answer = ask(server, f"/xray-local/traces/{trace_id}")
    assert (status, answer["Notices"], answer["LimitExceeded"]) == (200, [], False)
    trace = compile_trace(trace_id, [json.loads(text) for text in server.store.documents(trace_id)])
    inferred = [segment for segment in trace.segments if segment.get("inferred")]
    assert answer["Segments"] == [segment for segment in trace.segments if segment not in inferred]
    assert answer["Inferred"] == [[one["id"], one["parent_id"], one["origin"]] for one in inferred]
    assert len(inferred) == 2
    _status, graph = ask(server, f"/xray-local/graph?traces={trace_id}")
    assert sorted(service.get("Type", "") for service in graph["Services"]) == [
        "AWS::DynamoDB::Table", "AWS::Lambda", "AWS::Lambda::Function", "AWS::SQS::Queue", "client",
    ]  # fmt: skip


@pytest.mark.parametrize(("calls", "exceeded"), [(3, False), (4, True)])
def test_a_trace_is_too_large_where_the_api_says_so(server: Running, calls: int, exceeded: bool) -> None:
    """500 KB with the inferred segments, which the page's answer only names, and which are half of this trace."""
    trace_id = "1-5f84c7a5-7fa8b9c0d1e2f30415263748"
    documents = [
        {
            "id": f"{number:016x}", "trace_id": trace_id, "type": "subsegment", "parent_id": "f" * 16, "name": "dynamodb",
            "namespace": "aws", "start_time": 1.0, "end_time": 2.0, "aws": {"operation": "x" * 63_000 + "ü"},
        }
        for number in range(calls + 1)
    ]  # fmt: skip
    server.store.ingest([json.dumps(document) for document in documents], "api", NOW)
    _status, batch = ask(server, "/Traces", {"TraceIds": [trace_id]})
    (trace,) = batch["Traces"]
    _status, answer = ask(server, f"/xray-local/traces/{trace_id}")
    assert (answer["LimitExceeded"], trace["LimitExceeded"]) == (exceeded, exceeded)
    assert (answer["Duration"], len(answer["Segments"]), len(trace["Segments"])) == (1.0, calls + 1, 2 * (calls + 1))
    assert answer["Segments"][0]["aws"] == documents[0]["aws"]


def test_summaries_and_what_to_try(server: Running) -> None:
    """All that match, newest first; where nothing does, what to ask instead; a filter that cannot be read says its column."""
    ids = [sampled(server) for _ in range(3)]
    status, answer = ask(server, f"/xray-local/summaries?{span(server)}")
    assert (status, sorted(one["Id"] for one in answer["Traces"]), answer["Deeper"], answer["More"]) == (
        200,
        sorted(ids),
        None,
        False,
    )
    starts = [one["StartTime"] for one in answer["Traces"]]
    assert starts == sorted(starts, reverse=True)
    _status, limited = ask(server, f"/xray-local/summaries?{span(server)}&limit=2")
    assert (len(limited["Traces"]), limited["More"]) == (2, True)
    _status, nothing = ask(server, f"/xray-local/summaries?{span(server)}&filter=fault")
    assert (nothing["Traces"], nothing["Deeper"]) == ([], "service() { fault }")
    status, wrong = ask(server, f"/xray-local/summaries?{span(server)}&filter=ok%20AND%20faul")
    assert (status, wrong["column"]) == (400, 8)
    assert ask(server, "/xray-local/summaries?start=x&end=2")[0] == 400


def test_check(server: Running) -> None:
    """An expression is checked without being run; one that is not finished is an answer, not a failure."""
    assert ask(server, "/xray-local/check?filter=fault") == (200, {})
    status, wrong = ask(server, "/xray-local/check?filter=responsetime%20>")
    assert (status, wrong["column"], wrong["message"].startswith("Invalid filter expression: column 15")) == (200, 15, True)


def test_seen(server: Running) -> None:
    """Keywords with their meaning, services and annotation values of the newest traces."""
    sampled(server)
    _status, answer = ask(server, f"/xray-local/seen?{span(server)}")
    assert {"Name": "fault", "Does": "the response was a server error (5xx)"} in answer["Keywords"]
    assert {"Name": "orders", "Type": "AWS::DynamoDB::Table"} in answer["Services"]
    assert answer["Annotations"] == {"cold_start": [True], "sample": [True], "trigger": ["api"]}


def test_the_graph_of_a_filter(server: Running) -> None:
    """Only the traces that match are in the map."""
    sampled(server)
    _status, every = ask(server, f"/xray-local/graph?{span(server)}")
    _status, none = ask(server, f"/xray-local/graph?{span(server)}&filter=fault")
    assert (len(every["Services"]), none["Services"]) == (5, [])


def test_import_gives_back_what_export_wrote(server: Running) -> None:
    """BatchGetTraces JSON is taken; what is none is refused with a reason, and nothing is lost of the rest."""
    trace_id = sampled(server)
    _status, exported = ask(server, "/Traces", {"TraceIds": [trace_id]})
    _status, before = ask(server, f"/xray-local/traces/{trace_id}")
    status, answer = ask(server, "/xray-local/import", exported)
    assert (status, answer["Refused"], answer["Ids"]) == (200, [], [trace_id])
    assert answer["Imported"] == len(before["Segments"])  # inferred segments are made anew
    after = ask(server, f"/xray-local/traces/{trace_id}")[1]
    assert (after["Segments"], after["Inferred"]) == (before["Segments"], before["Inferred"])
    status, answer = ask(server, "/xray-local/import", [{"id": "no", "name": "x"}])
    assert (status, answer["Imported"], len(answer["Refused"])) == (200, 0, 1)
    assert ask(server, "/xray-local/import", "text")[0] == 400


def test_events_tell_of_a_new_trace(server: Running) -> None:
    """A trace that arrives is named on the open stream within a second."""
    heard: queue.Queue[str] = queue.Queue()

    def read(stream: Any) -> None:
        for line in iter(stream.readline, b""):
            heard.put(line.decode())
            if line.startswith(b"data:"):
                return

    with urllib.request.urlopen(f"{server.endpoint}/xray-local/events", timeout=10) as stream:  # noqa: S310
        assert stream.headers["content-type"].startswith("text/event-stream")
        reader = threading.Thread(target=read, args=(stream,))
        reader.start()
        assert heard.get(timeout=5) == "retry: 1000\n"
        began = time.monotonic()
        trace_id = sampled(server)
        told = next(line for line in iter(lambda: heard.get(timeout=5), "") if line.startswith("data:"))
        assert trace_id in json.loads(told.removeprefix("data:"))["traces"]
        assert time.monotonic() - began < 5
        reader.join()


def test_pages_of_the_web_get_nothing(server: Running) -> None:
    """Neither the page's data nor its actions are for another origin, by whatever name."""
    for path, body in (
        ("/xray-local/seen?start=1&end=2", None),
        ("/xray-local/events", None),
        ("/xray-local/sample", {}),
        ("/xray-local/import", []),
    ):
        assert ask(server, path, body, Origin="https://evil.example")[0] == 403, path
    assert ask(server, "/xray-local/seen?start=1&end=2", Host="evil.example")[0] == 403
    assert server.store.counts()["traces"] == 0


def test_a_page_that_is_open_does_not_hold_up_the_end(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    """A server with an open event stream ends at once, and says nothing about it."""
    with urllib.request.urlopen(f"{server.endpoint}/xray-local/events", timeout=10) as stream:  # noqa: S310
        assert stream.readline() == b"retry: 1000\n"
        begun = time.monotonic()
        server.close()
        # A stream that had to be cut off took the two seconds of patience that answers have.
        assert (time.monotonic() - begun < 1.5, caplog.messages) == (True, [])
