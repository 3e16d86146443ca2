"""Service graphs: of a time, of some traces, and as a series of times."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from xray_local import graph
from xray_local.shapes import histogram, statistics

from . import groups
from .context import Context, Operation, Request, Response
from .errors import ApiError
from .expressions import expression
from .paging import page
from .selector import Selection, select
from .traces import TRACES_PER_PAGE, retrieved, time_range

# A map that anyone looks at has some dozens; AWS draws 10,000 at most.
SERVICES_PER_PAGE = 1_000
PERIOD_S = 60
PERIODS_PER_PAGE = 360


def _group_expression(context: Context, request: Request) -> Any:
    group = groups.find(context, request)
    return expression(context, group.get("FilterExpression")) if group else None


def get_service_graph(context: Context, request: Request) -> Response:
    """The graph of all traces of a time, or of those in a group."""
    start, end = time_range(request)
    found = context.store.contributions(start, end, _group_expression(context, request))
    made = graph.to_api(graph.merge(found), start, end)
    services, more = page(made["Services"], request.get("NextToken"), SERVICES_PER_PAGE)
    return {"StartTime": start, "EndTime": end, "Services": services, "ContainsOldGroupVersions": False, **more}


def _of_traces(context: Context, ids: Iterable[str]) -> list[dict[str, Any]]:
    found = [one for one in map(context.store.contribution, ids) if one is not None]
    if not found:
        return []
    start, end = min(one.start_time for one in found), max(one.end_time for one in found)
    made: list[dict[str, Any]] = graph.to_api(graph.merge(found), start, end)["Services"]
    return made


def get_trace_graph(context: Context, request: Request) -> Response:
    """The graph of some traces."""
    services, more = page(_of_traces(context, dict.fromkeys(request["TraceIds"])), request.get("NextToken"), SERVICES_PER_PAGE)
    return {"Services": services, **more}


def get_retrieved_traces_graph(context: Context, request: Request) -> Response:
    """The graph of a retrieval's traces."""
    services, more = page(_of_traces(context, retrieved(request)), request.get("NextToken"), TRACES_PER_PAGE)
    return {"RetrievalStatus": "COMPLETE", "Services": [{"Service": service, "Links": []} for service in services], **more}


def get_time_series_service_statistics(context: Context, request: Request) -> Response:
    """Statistics of one service or one edge for each period of a time; periods without a request count zero.

    Without a selector AWS answers statistics of edges; here they are those of the clients' edges, so that every request
    from outside counts once.
    """
    start, end = time_range(request)
    period = PERIOD_S if request.get("Period") is None else request["Period"]
    if period < 1:
        raise ApiError("Period must be at least one second.")
    selection = select(request.get("EntitySelectorExpression"))
    wanted = _group_expression(context, request)
    first = math.floor(start / period)
    periods, more = page(range(first, math.ceil(end / period)), request.get("NextToken"), PERIODS_PER_PAGE)
    rows = [
        _row(selection, context.store.contributions(max(start, at * period), min(end, (at + 1) * period), wanted), at * period)
        for at in periods
    ]
    return {"TimeSeriesServiceStatistics": rows, "ContainsOldGroupVersions": False, **more}


def _row(selection: Selection, found: list[Any], at: float) -> dict[str, Any]:
    counts, times = selection.add_up(graph.merge(found))
    kind = "EdgeSummaryStatistics" if selection.of_edges else "ServiceSummaryStatistics"
    return {"Timestamp": at, kind: statistics(counts), "ResponseTimeHistogram": histogram(times)}


OPERATIONS: dict[str, Operation] = {
    "GetServiceGraph": get_service_graph,
    "GetTraceGraph": get_trace_graph,
    "GetRetrievedTracesGraph": get_retrieved_traces_graph,
    "GetTimeSeriesServiceStatistics": get_time_series_service_statistics,
}
