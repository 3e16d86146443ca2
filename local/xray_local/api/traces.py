"""Traces: taking documents, listing summaries, giving whole traces back."""

from __future__ import annotations

import json
import re
from typing import Any

from xray_local.model import CompiledTrace
from xray_local.queries import BadTokenError
from xray_local.store import Page, Rejection

from .context import Context, Operation, Request, Response
from .errors import ApiError
from .expressions import expression
from .paging import decode, encode, page

SOURCE = "api"
# What one call of BatchGetTraces answers at AWS; who asks for more gets the others with NextToken.
TRACES_PER_PAGE = 5
# More than that X-Ray takes of no trace; of one whose documents come one by one over a longer time 100 KB (AWS re:Post, "trace
# quota error"). Here nothing is left out for it.
LARGEST_TRACE = 500 * 1024
# Facts A.4: version, eight hex digits, 24 hex digits.
TRACE_ID = re.compile(r"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}")


def put_trace_segments(context: Context, request: Request) -> Response:
    """Keeps the documents; an answer without unprocessed ones means that they are on disk."""
    # JSON may hold half a surrogate pair, which no file can.
    texts = [text.encode("utf-8", "replace").decode() for text in request["TraceSegmentDocuments"]]
    context.forward(texts)
    answers = context.store.ingest(texts, SOURCE, context.clock())
    return {"UnprocessedTraceSegments": [_unprocessed(answer) for answer in answers if answer is not None]}


def _unprocessed(rejection: Rejection) -> dict[str, Any]:
    identity = {"Id": rejection.id} if rejection.id else {}
    return {**identity, "ErrorCode": rejection.code, "Message": rejection.message}


def put_telemetry_records(context: Context, request: Request) -> Response:
    """Keeps what a daemon says about itself."""
    sender = {name: request[name] for name in ("EC2InstanceId", "Hostname", "ResourceARN") if request.get(name)}
    context.store.add_telemetry([{**sender, **record} for record in request["TelemetryRecords"]], context.clock())
    return {}


def time_range(request: Request) -> tuple[float, float]:
    """StartTime and EndTime of a request, in that order."""
    start, end = float(request["StartTime"]), float(request["EndTime"])
    if start > end:
        raise ApiError("StartTime must not be after EndTime.")
    return start, end


def get_trace_summaries(context: Context, request: Request) -> Response:
    """One page of summaries, the newest first.

    Sampling and SamplingStrategy are taken and have no effect: every trace here can be looked at.
    """
    start, end = time_range(request)
    wanted = expression(context, request.get("FilterExpression"))
    kind = request.get("TimeRangeType") or "TraceId"
    try:
        found = context.store.summaries(start, end, kind, wanted, Page(request.get("NextToken") or None))
    except BadTokenError as error:
        raise ApiError(str(error)) from error
    more = {"NextToken": found.next} if found.next else {}
    return {
        "TraceSummaries": found.summaries,
        "ApproximateTime": context.clock(),
        "TracesProcessedCount": found.processed,
        **more,
    }


def batch_get_traces(context: Context, request: Request) -> Response:
    """Whole traces; ids of traces that are not here are left out, as AWS does."""
    wanted = list(dict.fromkeys(request["TraceIds"]))
    ids, more = page([name for name in wanted if TRACE_ID.fullmatch(name)], request.get("NextToken"), TRACES_PER_PAGE)
    found = [trace for trace in map(context.store.trace, ids) if trace is not None]
    unprocessed = [name for name in wanted if not TRACE_ID.fullmatch(name)]
    return {"Traces": [to_api(trace) for trace in found], "UnprocessedTraceIds": unprocessed, **more}


def to_api(trace: CompiledTrace) -> dict[str, Any]:
    """A trace as BatchGetTraces returns it."""
    found = segments(trace)
    exceeded = sum(len(segment["Document"]) for segment in found) > LARGEST_TRACE
    return {"Id": trace.id, "Duration": trace.duration, "LimitExceeded": exceeded, "Segments": found}


def segments(trace: CompiledTrace) -> list[dict[str, str]]:
    """The segments of a trace, each as the JSON text that X-Ray returns."""
    return [{"Id": segment["id"], "Document": json.dumps(segment, separators=(",", ":"))} for segment in trace.segments]


# Retrieval of traces from CloudWatch Logs (Transaction Search). Here they are at hand, so a retrieval is complete at once;
# its token holds the ids.


def start_trace_retrieval(_context: Context, request: Request) -> Response:
    """A token for these traces."""
    time_range(request)
    return {"RetrievalToken": encode(request["TraceIds"])}


def retrieved(request: Request) -> list[str]:
    """The ids behind a RetrievalToken."""
    ids = decode(request["RetrievalToken"])
    if not isinstance(ids, list):
        raise ApiError("There is no retrieval with this token.", "ResourceNotFoundException", 404)
    return [str(name) for name in ids]


def list_retrieved_traces(context: Context, request: Request) -> Response:
    """The traces of a retrieval in X-Ray's format."""
    if request.get("TraceFormat") == "OTEL":
        raise ApiError("Traces are kept as X-Ray documents here: ask with TraceFormat XRAY.")
    ids, more = page(retrieved(request), request.get("NextToken"), TRACES_PER_PAGE)
    found = [trace for trace in map(context.store.trace, ids) if trace is not None]
    traces = [{"Id": trace.id, "Duration": trace.duration, "Spans": segments(trace)} for trace in found]
    return {"RetrievalStatus": "COMPLETE", "TraceFormat": "XRAY", "Traces": traces, **more}


def cancel_trace_retrieval(_context: Context, request: Request) -> Response:
    """Nothing to cancel: it is complete."""
    retrieved(request)
    return {}


OPERATIONS: dict[str, Operation] = {
    "PutTraceSegments": put_trace_segments,
    "PutTelemetryRecords": put_telemetry_records,
    "GetTraceSummaries": get_trace_summaries,
    "BatchGetTraces": batch_get_traces,
    "StartTraceRetrieval": start_trace_retrieval,
    "ListRetrievedTraces": list_retrieved_traces,
    "CancelTraceRetrieval": cancel_trace_retrieval,
}
