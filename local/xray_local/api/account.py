"""Settings of an account: encryption, where segments go, how many are indexed; and insights, of which there are none."""

from __future__ import annotations

from .context import Context, Operation, Request, Response
from .errors import ApiError
from .traces import time_range

ENCRYPTION = "encryption"
NO_ENCRYPTION = {"Status": "ACTIVE", "Type": "NONE"}


def get_encryption_config(context: Context, _request: Request) -> Response:
    """What was set; nothing is encrypted here, whatever it says."""
    record = context.store.settings.get(ENCRYPTION)
    return {"EncryptionConfig": record.body if record else NO_ENCRYPTION}


def put_encryption_config(context: Context, request: Request) -> Response:
    """Remembers the setting, so that code which sets and reads it works."""
    if (request["Type"] == "KMS") != bool(request.get("KeyId")):
        raise ApiError("KeyId must be given for Type KMS, and only for it.")
    key = {"KeyId": request["KeyId"]} if request.get("KeyId") else {}
    config = {**key, "Status": "ACTIVE", "Type": request["Type"]}
    context.store.settings.put(ENCRYPTION, config, context.clock())
    # AWS needs some minutes for it and says so first.
    return {"EncryptionConfig": {**config, "Status": "UPDATING"}}


def get_trace_segment_destination(_context: Context, _request: Request) -> Response:
    """X-Ray itself: there is no CloudWatch Logs here."""
    return {"Destination": "XRay", "Status": "ACTIVE"}


def update_trace_segment_destination(_context: Context, request: Request) -> Response:
    """Takes XRay, which it is already."""
    if request.get("Destination") != "XRay":
        raise ApiError("Segments can go to XRay only: there is no CloudWatch Logs on this server.")
    return {"Destination": "XRay", "Status": "ACTIVE"}


def get_indexing_rules(_context: Context, _request: Request) -> Response:
    """Everything is indexed."""
    rule = {"Probabilistic": {"DesiredSamplingPercentage": 100.0, "ActualSamplingPercentage": 100.0}}
    return {"IndexingRules": [{"Name": "Default", "ModifiedAt": 0, "Rule": rule}]}


def get_insight_summaries(_context: Context, request: Request) -> Response:
    """None: insights come out of weeks of traffic."""
    time_range(request)
    return {"InsightSummaries": []}


def get_insight(_context: Context, request: Request) -> Response:
    """There is none to get."""
    raise ApiError(f"There is no insight {request['InsightId']}.")


OPERATIONS: dict[str, Operation] = {
    "GetEncryptionConfig": get_encryption_config,
    "PutEncryptionConfig": put_encryption_config,
    "GetTraceSegmentDestination": get_trace_segment_destination,
    "UpdateTraceSegmentDestination": update_trace_segment_destination,
    "GetIndexingRules": get_indexing_rules,
    "GetInsightSummaries": get_insight_summaries,
    "GetInsight": get_insight,
    "GetInsightEvents": get_insight,
    "GetInsightImpactGraph": get_insight,
}
