"""Every operation that boto3 knows, asked once; conftest checks each answer against AWS's own description of it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from tests.local.server import clients
from xray_local.api import model

INSIGHT = "11111111-2222-3333-4444-555555555555"
RULE = {
    **dict.fromkeys(("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN"), "*"),
    "RuleName": "mine",
    "Priority": 1,
    "FixedRate": 0.5,
    "ReservoirSize": 5,
    "Version": 1,
}
REPORT = {"RuleName": "mine", "ClientID": "a" * 24, "Timestamp": 1, "RequestCount": 2, "SampledCount": 1}


def requests(document: dict[str, Any], arn: str) -> dict[str, dict[str, Any]]:
    """A request for each operation, in an order in which each has what it asks for. `arn`: of the group."""
    around = {"StartTime": time.time() - 60, "EndTime": time.time() + 60}
    ids = {"TraceIds": [document["trace_id"]]}
    return {
        "PutTraceSegments": {"TraceSegmentDocuments": [json.dumps(document)]},
        "PutTelemetryRecords": {"TelemetryRecords": [{"Timestamp": 1}]},
        "GetTraceSummaries": around,
        "BatchGetTraces": ids,
        "GetServiceGraph": around,
        "GetTraceGraph": ids,
        "GetTimeSeriesServiceStatistics": around,
        "CreateSamplingRule": {"SamplingRule": RULE},
        "UpdateSamplingRule": {"SamplingRuleUpdate": {"RuleName": "mine", "FixedRate": 1.0}},
        "GetSamplingRules": {},
        "GetSamplingTargets": {"SamplingStatisticsDocuments": [REPORT]},
        "GetSamplingStatisticSummaries": {},
        "DeleteSamplingRule": {"RuleName": "mine"},
        "CreateGroup": {"GroupName": "another", "FilterExpression": "fault"},
        "UpdateGroup": {"GroupName": "another", "FilterExpression": "error"},
        "GetGroup": {"GroupName": "another"},
        "GetGroups": {},
        "DeleteGroup": {"GroupName": "another"},
        "TagResource": {"ResourceARN": arn, "Tags": [{"Key": "k", "Value": "v"}]},
        "ListTagsForResource": {"ResourceARN": arn},
        "UntagResource": {"ResourceARN": arn, "TagKeys": ["k"]},
        "PutEncryptionConfig": {"Type": "NONE"},
        "GetEncryptionConfig": {},
        "StartTraceRetrieval": {**ids, **around},
        "ListRetrievedTraces": {"RetrievalToken": ""},
        "GetRetrievedTracesGraph": {"RetrievalToken": ""},
        "CancelTraceRetrieval": {"RetrievalToken": ""},
        "GetTraceSegmentDestination": {},
        "UpdateTraceSegmentDestination": {"Destination": "XRay"},
        "GetIndexingRules": {},
        "GetInsightSummaries": around,
        "GetInsight": {"InsightId": INSIGHT},
        "GetInsightEvents": {"InsightId": INSIGHT},
        "GetInsightImpactGraph": {"InsightId": INSIGHT, **around},
        "UpdateIndexingRule": {"Name": "Default", "Rule": {"Probabilistic": {"DesiredSamplingPercentage": 10}}},
        "PutResourcePolicy": {"PolicyName": "p", "PolicyDocument": "{}"},
        "ListResourcePolicies": {},
        "DeleteResourcePolicy": {"PolicyName": "p"},
    }


# There never is an insight to get; policies and indexing mean nothing on a desk.
REFUSED = {
    **dict.fromkeys(("GetInsight", "GetInsightEvents", "GetInsightImpactGraph"), ("InvalidRequestException", 400)),
    **dict.fromkeys(
        ("UpdateIndexingRule", "PutResourcePolicy", "ListResourcePolicies", "DeleteResourcePolicy"),
        ("NotImplementedException", 501),
    ),
}


def test_every_operation_of_boto3(xray: Any) -> None:
    """Of the operations that boto3 knows, none is left out here: each has an answer of its shape, or an error of AWS's form."""
    document = clients.segment("orders")
    arn = xray.create_group(GroupName="mine")["Group"]["GroupARN"]
    token = ""
    refused: dict[str, tuple[str, int]] = {}
    answered = []
    for name, request in requests(document, arn).items():
        if "RetrievalToken" in request:
            request["RetrievalToken"] = token
        try:
            answer = getattr(xray, xform_name(name))(**request)
        except ClientError as error:
            refused[name] = (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
            continue
        answered.append(name)
        token = answer.get("RetrievalToken", token)
    assert refused == REFUSED
    assert {*answered, *refused} == set(model.service().operation_names)


def test_a_trace_that_goes_on(xray: Any) -> None:
    """A trace in progress is in the list without a response time, which nobody knows yet, and on the map without a count."""
    document = {key: value for key, value in clients.segment("orders").items() if key != "end_time"}
    xray.put_trace_segments(TraceSegmentDocuments=[json.dumps({**document, "in_progress": True})])
    around = {"StartTime": time.time() - 60, "EndTime": time.time() + 60}

    (summary,) = xray.get_trace_summaries(**around)["TraceSummaries"]
    services = xray.get_service_graph(**around)["Services"]

    assert (summary["IsPartial"], "ResponseTime" in summary) == (True, False)
    assert [(service["Name"], "SummaryStatistics" in service) for service in services] == [("orders", False)] * 2


@pytest.mark.parametrize("asked", ["responsetime < 1", "responsetime >= 0", "!responsetime > 5 AND !partial"])
def test_filters_of_response_times_pass_over_what_goes_on(xray: Any, asked: str) -> None:
    """A filter on the response time finds the trace that has one and not the one that is in progress."""
    ended, going_on = clients.segment("ended", 1), clients.segment("going on", 2)
    del going_on["end_time"]
    documents = [json.dumps(ended), json.dumps({**going_on, "in_progress": True})]
    xray.put_trace_segments(TraceSegmentDocuments=documents)
    around = {"StartTime": time.time() - 60, "EndTime": time.time() + 60}

    found = xray.get_trace_summaries(**around, FilterExpression=asked)["TraceSummaries"]

    assert [row["Id"] for row in found] == [ended["trace_id"]]


def test_filters_of_a_visits_time_can_be_equal(xray: Any) -> None:
    """What took a tenth of a second is found by that tenth, at the visit as at the trace."""
    document = clients.segment("orders")
    document["start_time"] = document["end_time"] - 0.1
    xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(document)])
    around = {"StartTime": time.time() - 60, "EndTime": time.time() + 60}

    for asked in ('service("orders") { responsetime = 0.1 }', "responsetime = 0.1"):
        found = xray.get_trace_summaries(**around, FilterExpression=asked)["TraceSummaries"]
        assert [row["Id"] for row in found] == [document["trace_id"]]
