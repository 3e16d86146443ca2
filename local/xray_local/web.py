"""The page: its files, and what they ask for beside the X-Ray API.

Answers of AWS's shapes where there is one; times are seconds since the epoch.

    GET  /, /ui/...                       the files (pages.py)
    GET  /xray-local/summaries            ?start&end&filter&limit: newest first; Deeper is the filter to try when nothing matches
    GET  /xray-local/graph                ?start&end&filter, or ?traces=ID,ID
    GET  /xray-local/traces/ID            the compiled trace, and what there is to say about it
    GET  /xray-local/seen                 ?start&end: names and values to complete a filter with
    GET  /xray-local/check                ?filter: nothing if it can be read, else where not and why
    POST /xray-local/import               what `xray-local export` writes, or documents as they are sent
    POST /xray-local/sample               a made-up trace, for a first look
    GET  /xray-local/events               changed traces as they change (server-sent events)
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from xray_local import api, filters, graph, pages
from xray_local.api import notices
from xray_local.api.expressions import expression
from xray_local.api.traces import LARGEST_TRACE, TRACE_ID
from xray_local.model import Document
from xray_local.samples import sample_documents
from xray_local.store import Page
from xray_local.terminal import files as trace_files

# The list is virtual, so the page takes many; beyond that a person narrows the time or the filter.
MOST_ROWS = 10_000
# At most so many events a second go to the page: what changes in between is told together.
EVENTS_PER_S = 10
# A comment now and then, so that a connection that is gone is noticed on both sides.
HEARTBEAT_S = 15.0
# Values of one annotation that are worth completing.
VALUES_SHOWN = 20
TRACES_LOOKED_AT = 500

Handler = Callable[[Request], Awaitable[Response]]


def routes(context: api.Context, read: Callable[[Request], Awaitable[bytes]]) -> list[BaseRoute]:
    """What the page asks for. `read` gives a request's body within the server's limits, or raises an ApiError."""
    page = Web(context)
    table: list[tuple[str, str, Callable[[Request], Any]]] = [
        ("/xray-local/summaries", "GET", page.summaries),
        ("/xray-local/graph", "GET", page.graph),
        (notices.PATH, "GET", page.trace),
        ("/xray-local/seen", "GET", page.seen),
        ("/xray-local/check", "GET", page.check),
    ]
    made: list[BaseRoute] = [Route(path, _answering(handler), methods=[method]) for path, method, handler in table]

    async def imported(request: Request) -> Response:
        body = await read(request)
        return await _answered(lambda: page.imported(body))

    async def sampled(_request: Request) -> Response:
        return await _answered(page.sample)

    made.append(Route("/xray-local/import", imported, methods=["POST"]))
    made.append(Route("/xray-local/sample", sampled, methods=["POST"]))
    made.append(Route("/xray-local/events", page.events, methods=["GET"]))
    made += pages.routes()
    return made


def _answering(handler: Callable[[Request], Any]) -> Handler:
    async def answer(request: Request) -> Response:
        return await _answered(lambda: handler(request))

    return answer


async def _answered(work: Callable[[], Any]) -> Response:
    """The answer, or an error with what the page shows: a message, and the column of a filter that cannot be read."""
    try:
        # Written on the work's thread, too: 3 MB of JSON would hold up everybody else's answers for 50 ms.
        text = await run_in_threadpool(lambda: _written(work()))
        return Response(text, media_type="application/json", headers={"cache-control": "no-store"})
    except api.ApiError as error:
        return JSONResponse(_told(error), error.status)


# For the page, which reads UTF-8.
_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
# As the API writes documents: a trace's size is counted in that.
_ascii = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


def _written(found: dict[str, Any] | bytes) -> bytes:
    return found if isinstance(found, bytes) else _json(found).encode()


def _documents_size(text: str, documents: list[Document]) -> int:
    """Of the documents alone, as in the API's answer: without the list's brackets and commas."""
    return len(text) - 1 - max(1, len(documents))


def _told(error: api.ApiError) -> dict[str, Any]:
    cause = error.__cause__
    column = {"column": cause.column} if isinstance(cause, filters.FilterError) else {}
    return {"__type": error.code, "message": error.message, **column}


def _between(request: Request) -> tuple[float, float]:
    """start and end of the query, in seconds since the epoch."""
    try:
        start, end = float(request.query_params["start"]), float(request.query_params["end"])
    except (KeyError, ValueError) as error:
        raise api.ApiError("start and end are seconds since the epoch.") from error
    return start, end


class Web:
    """The page's side of the store. Every method may be called from any thread."""

    def __init__(self, context: api.Context) -> None:
        self._context = context

    def summaries(self, request: Request) -> dict[str, Any]:
        """Summaries as GetTraceSummaries has them, all pages together up to the limit."""
        start, end = _between(request)
        wanted = expression(self._context, request.query_params.get("filter"))
        limit = min(MOST_ROWS, int(request.query_params.get("limit", MOST_ROWS)))
        found: list[dict[str, Any]] = []
        at: str | None = None
        while True:
            answer = self._context.store.summaries(start, end, "TraceId", wanted, Page(at))
            found += answer.summaries
            at = answer.next
            if at is None or len(found) >= limit:
                break
        deeper = filters.deeper(wanted) if wanted is not None and not found else None
        return {"Traces": found[:limit], "Deeper": deeper and str(deeper), "More": at is not None or len(found) > limit}

    def graph(self, request: Request) -> dict[str, Any]:
        """The service graph of a time, or of some traces."""
        ids = [name for name in request.query_params.get("traces", "").split(",") if name]
        if ids:
            request_body = {"TraceIds": ids}
            return {"Services": api.call(self._context, "/TraceGraph", request_body)["Services"]}
        start, end = _between(request)
        wanted = expression(self._context, request.query_params.get("filter"))
        found = self._context.store.contributions(start, end, wanted)
        return {"Services": graph.to_api(graph.merge(found), start, end)["Services"]}

    def trace(self, request: Request) -> bytes:
        """The compiled trace with its documents as objects, and its notices.

        Of segments that only repeat a call (half of a large trace) what the call does not tell: id, call, origin. The page
        writes them out where they are looked at (ui/trace/answer.js).
        """
        trace_id = request.path_params["trace_id"]
        if not TRACE_ID.fullmatch(trace_id):
            raise api.ApiError(f"{trace_id[:60]} is no trace id.", "InvalidRequestException", 400)
        found = self._context.store.trace(trace_id)
        told = notices.told(self._context, trace_id, found)
        if found is None:
            return _json({**told, "Segments": []}).encode()
        repeating = [segment for segment in found.segments if segment["id"] in found.repeating]
        own = [segment for segment in found.segments if segment["id"] not in found.repeating]
        text = _ascii(own)
        size = _documents_size(text, own)
        # What is too large already needs no exact size, and the rest of what is not is small.
        exceeded = size > LARGEST_TRACE or size + _documents_size(_ascii(repeating), repeating) > LARGEST_TRACE
        inferred = [[one["id"], one["parent_id"], one.get("origin", "")] for one in repeating]
        head = _json({**told, "Duration": found.duration, "LimitExceeded": exceeded, "Inferred": inferred})
        return f'{head[:-1]},"Segments":{text}}}'.encode()

    def seen(self, request: Request) -> dict[str, Any]:
        """What to complete a filter with: the language's words, and the names and values of the newest traces."""
        start, end = _between(request)
        newest = self._context.store.summaries(start, end, "TraceId", None, Page(None, TRACES_LOOKED_AT)).summaries
        services = {
            (one["Name"], one.get("Type", "")) for summary in newest for one in summary.get("ServiceIds", ()) if "Name" in one
        }
        values: dict[str, dict[str, None]] = {}
        for summary in newest:
            for key, of_services in summary.get("Annotations", {}).items():
                for one in of_services:
                    value = next(iter(one["AnnotationValue"].values()))
                    values.setdefault(key, {})[json.dumps(value)] = None
        return {
            "Keywords": [{"Name": name, "Does": does} for name, does in filters.KEYWORDS.items()],
            "Services": [{"Name": name, "Type": kind} for name, kind in sorted(services)],
            "Annotations": {
                key: [json.loads(text) for text in list(texts)[:VALUES_SHOWN]] for key, texts in sorted(values.items())
            },
        }

    def check(self, request: Request) -> dict[str, Any]:
        """Nothing, or what is wrong with an expression: to be asked about one that is being written is no failure."""
        try:
            expression(self._context, request.query_params.get("filter"))
        except api.ApiError as error:
            return _told(error)
        return {}

    def imported(self, body: bytes) -> dict[str, Any]:
        """Keep what a file holds."""
        try:
            texts = list(trace_files.documents(body.decode("utf-8", "replace"), "the file"))
        except trace_files.BadFileError as error:
            raise api.ApiError(str(error)) from error
        answers = self._context.store.ingest(texts, "import", self._context.clock())
        refused = [answer.message for answer in answers if answer is not None]
        ids = {trace_id for text in texts if TRACE_ID.fullmatch(trace_id := str(_member(text, "trace_id")))}
        return {"Imported": len(answers) - len(refused), "Refused": refused, "Ids": sorted(ids)}

    def sample(self) -> dict[str, Any]:
        """Store a made-up trace."""
        trace_id, documents = sample_documents(self._context.clock())
        self._context.store.ingest([json.dumps(document) for document in documents], "sample", self._context.clock())
        return {"Id": trace_id}

    async def events(self, _request: Request) -> Response:
        """Changed traces, as server-sent events: {"traces": [ids]}."""
        return StreamingResponse(
            self._events(),
            media_type="text/event-stream",
            headers={**pages.HEADERS, "cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def _events(self) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        changed: dict[str, None] = {}
        some = asyncio.Event()

        def note(ids: Sequence[str]) -> None:
            changed.update(dict.fromkeys(ids))
            some.set()

        ended = threading.Event()

        def end() -> None:
            ended.set()
            loop.call_soon_threadsafe(some.set)

        unsubscribe = self._context.store.subscribe(lambda ids: loop.call_soon_threadsafe(note, list(ids)))
        self._context.at_end.append(end)
        try:
            yield "retry: 1000\n\n"
            while not ended.is_set():
                try:
                    await asyncio.wait_for(some.wait(), HEARTBEAT_S)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                ids, changed = list(changed), {}
                some.clear()
                yield f"data: {json.dumps({'traces': ids})}\n\n"
                await asyncio.sleep(1 / EVENTS_PER_S)
        finally:
            unsubscribe()
            self._context.at_end.remove(end)


def _member(text: str, name: str) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found.get(name) if isinstance(found, dict) else None
