"""Every operation, asked by boto3; conftest checks each answer against AWS's own description of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.server import clients
from xray_local import api
from xray_local.api import model
from xray_local.server import LARGEST_BODY, Running

# Operations that answer a proper error instead: policies about who may send, which mean nothing here.
NOT_THERE = {"DeleteResourcePolicy", "ListResourcePolicies", "PutResourcePolicy", "UpdateIndexingRule"}


def put(xray: Any, *documents: clients.Document) -> list[dict[str, Any]]:
    """Send documents; gives those that were refused."""
    answer = xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(document) for document in documents])
    refused: list[dict[str, Any]] = answer["UnprocessedTraceSegments"]
    return refused


def error_of(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, int, str]:
    """Code, HTTP status and message as botocore read them."""
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


def around_now() -> dict[str, float]:
    """The time range that holds everything a test sends."""
    return {"StartTime": time.time() - 60, "EndTime": time.time() + 60}


def test_every_operation_is_there_or_known_to_be_missing() -> None:
    """The operations of botocore's model are those of this API and the four that are left out."""
    assert set(api.OPERATIONS) | NOT_THERE == set(model.service().operation_names)
    assert set(api.OPERATIONS) & NOT_THERE == set()


def test_operations_that_are_missing_answer_an_error_of_aws(xray: Any) -> None:
    """An operation of AWS's that xray-local lacks is a ClientError that says so."""
    with pytest.raises(ClientError) as caught:
        xray.list_resource_policies()
    assert error_of(caught) == ("NotImplementedException", 501, "xray-local does not have the operation ListResourcePolicies.")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/Nothing", b"{}", 404, "UnknownOperationException"),
        ("GET", "/Traces", None, 404, "UnknownOperationException"),
        ("POST", "/Traces", b"{", 400, "SerializationException"),
        ("POST", "/Traces", b"\xff", 400, "SerializationException"),
        ("POST", "/Traces", b"[" * 100_000, 400, "SerializationException"),
        ("POST", "/Traces", b"[]", 400, "InvalidRequestException"),
        ("POST", "/Traces", b"", 400, "InvalidRequestException"),
        ("POST", "/Traces", b'{"TraceIds":"1"}', 400, "InvalidRequestException"),
        ("POST", "/TraceSegments", b" " * (LARGEST_BODY + 1), 413, "RequestEntityTooLargeException"),
    ],
    ids=lambda value: value[:20] if isinstance(value, bytes) else str(value),
)
def test_what_is_no_request(server: Running, method: str, path: str, body: bytes | None, status: int, code: str) -> None:
    """Anything that is no request of the API gets an error in AWS's form, in header and body."""
    assert (method == "POST") == (body is not None)
    answered, headers, text = clients.http(server.endpoint + path, body)
    assert (answered, headers["x-amzn-errortype"], json.loads(text)["__type"]) == (status, code, code)


@pytest.mark.parametrize(
    ("path", "request_body", "message"),
    [
        ("/TraceSummaries", {"StartTime": 1}, "Value None at 'EndTime' failed to satisfy constraint: Member must not be null."),
        ("/TraceSummaries", {"StartTime": True, "EndTime": 1}, "Value True at 'StartTime' failed to satisfy constraint: Member must be a time in seconds since the epoch."),
        ("/TraceSummaries", {"StartTime": 1e300, "EndTime": 1}, "Value 1e+300 at 'StartTime' failed to satisfy constraint: Member must be a time in seconds since the epoch."),
        ("/TraceSummaries", {"StartTime": 2, "EndTime": 1}, "StartTime must not be after EndTime."),
        ("/TraceSummaries", {"StartTime": 1, "EndTime": 2, "TimeRangeType": "Wrong"}, "Value 'Wrong' at 'TimeRangeType' failed to satisfy constraint: Member must satisfy enum value set: [TraceId, Event, Service]."),
        ("/Traces", {"TraceIds": ["1" * 36]}, f"Value '{'1' * 36}' at 'TraceIds.1.member' failed to satisfy constraint: Member must have length less than or equal to 35."),
        ("/Traces", {"TraceIds": ["1"], "NextToken": "?"}, "NextToken is not one that this server gave out; ask again without it."),
        ("/TraceSummaries", {"StartTime": 1, "EndTime": 2, "NextToken": "?"}, "the NextToken is not one of this store: ask for the first page again, without a token"),
        ("/CreateGroup", {"GroupName": "g" * 33}, f"Value '{'g' * 33}' at 'GroupName' failed to satisfy constraint: Member must have length less than or equal to 32."),
        ("/SamplingTargets", {"SamplingStatisticsDocuments": [{"RuleName": "a", "ClientID": "b", "Timestamp": 1, "RequestCount": 1, "SampledCount": 1}]}, "Value 'b' at 'SamplingStatisticsDocuments.1.member.ClientID' failed to satisfy constraint: Member must have length greater than or equal to 24."),
        ("/TimeSeriesServiceStatistics", {"StartTime": 1, "EndTime": 2, "Period": 0}, "Period must be at least one second."),
    ],
)  # fmt: skip
def test_requests_that_aws_would_refuse(server: Running, path: str, request_body: Any, message: str) -> None:
    """A wrong member is refused with its name and what was expected."""
    status, _headers, text = clients.http(server.endpoint + path, json.dumps(request_body).encode())
    assert (status, json.loads(text)) == (400, {"__type": "InvalidRequestException", "message": message})


def test_put_and_get_traces(xray: Any) -> None:
    """Documents come back as one trace; the refused one is answered with its reason and kept from nobody else."""
    root, part = clients.segment("shop"), clients.segment("part")
    part |= {"type": "subsegment", "parent_id": root["id"], "id": "f" * 16}
    refused = put(xray, part, root, {"name": "no id"})
    [trace] = xray.batch_get_traces(TraceIds=[root["trace_id"], clients.trace_id(99), "malformed"])["Traces"]
    [document] = [json.loads(segment["Document"]) for segment in trace["Segments"]]
    inner = {name: part[name] for name in ("id", "name", "start_time", "end_time")}
    assert document == {**root, "subsegments": [inner]}
    assert (trace["Id"], trace["Duration"], trace["LimitExceeded"]) == (root["trace_id"], 0.25, False)
    assert [sorted(row) for row in refused] == [["ErrorCode", "Message"]]


def test_half_a_surrogate_pair_is_no_stumbling_block(server: Running) -> None:
    """Text that no encoding has is replaced: the document is stored."""
    document = clients.segment("orders", metadata={"default": {"text": "?"}})
    text = json.dumps(document).replace('"?"', '"\ud800"')
    status, _headers, body = clients.http(
        server.endpoint + "/TraceSegments", json.dumps({"TraceSegmentDocuments": [text]}).encode()
    )
    assert (status, json.loads(body)) == (200, {"UnprocessedTraceSegments": []})


def test_batch_get_traces_pages(xray: Any) -> None:
    """More than five traces come in pages of five, in the order asked for."""
    ids = [clients.segment(number=number)["trace_id"] for number in range(1, 13)]
    assert put(xray, *(clients.segment(number=number, trace_id=name) for number, name in enumerate(ids, 1))) == []
    pages = list(xray.get_paginator("batch_get_traces").paginate(TraceIds=ids))
    assert [[trace["Id"] for trace in page["Traces"]] for page in pages] == [ids[:5], ids[5:10], ids[10:]]


def test_summaries_page_newest_first(xray: Any) -> None:
    """Every trace of the time is in exactly one page, the newest in the first."""
    documents = [clients.segment(number=number) for number in range(1, 251)]
    for number, document in enumerate(documents):
        document["start_time"] -= number
        document["trace_id"] = clients.trace_id(number + 1, document["start_time"])
    assert put(xray, *documents) == []
    wanted = {"StartTime": time.time() - 600, "EndTime": time.time() + 60}
    pages = list(xray.get_paginator("get_trace_summaries").paginate(**wanted))
    assert [row["Id"] for page in pages for row in page["TraceSummaries"]] == [document["trace_id"] for document in documents]
    assert [len(page["TraceSummaries"]) for page in pages] == [100, 100, 50]


@pytest.mark.parametrize("kind", ["TraceId", "Event", "Service"])
def test_summaries_of_each_time_range_type(xray: Any, kind: str) -> None:
    """A trace of now is found by the time in its id, by its events and by its services' times; sampling is accepted."""
    document = clients.segment(
        "orders",
        http={"request": {"method": "GET", "url": "http://shop/"}, "response": {"status": 500}},
        fault=True,
        user="ana",
        annotations={"tier": 2},
    )
    put(xray, document)
    arguments = {"Sampling": True, "SamplingStrategy": {"Name": "FixedRate", "Value": 0.5}}
    [row] = xray.get_trace_summaries(**around_now(), TimeRangeType=kind, **arguments)["TraceSummaries"]
    service = {"Name": "orders", "Names": ["orders"]}
    shown = {
        name: row[name]
        for name in ("Id", "HasFault", "HasError", "HasThrottle", "IsPartial", "Http", "Annotations", "EntryPoint")
    }
    assert shown == {
        "Id": document["trace_id"],
        "HasFault": True,
        "HasError": False,
        "HasThrottle": False,
        "IsPartial": False,
        "Http": {"HttpURL": "http://shop/", "HttpMethod": "GET", "HttpStatus": 500},
        "Annotations": {"tier": [{"AnnotationValue": {"NumberValue": 2.0}, "ServiceIds": [service]}]},
        "EntryPoint": service,
    }


def test_summaries_are_filtered(xray: Any) -> None:
    """A filter expression leaves the traces it matches; one that is none is refused with the column."""
    orders, stock = clients.segment("orders", 1, fault=True), clients.segment("stock", 2)
    put(xray, orders, stock)
    found = xray.get_trace_summaries(**around_now(), FilterExpression='service("orders") AND fault')["TraceSummaries"]
    assert [row["Id"] for row in found] == [orders["trace_id"]]
    with pytest.raises(ClientError) as caught:
        xray.get_trace_summaries(**around_now(), FilterExpression="duration >")
    code, status, message = error_of(caught)
    assert (code, status, message[:27]) == ("InvalidRequestException", 400, "Invalid filter expression: ")


def test_graphs(xray: Any) -> None:
    """The graph of a time, of a trace and of a group have the client, the service and its table."""
    document = clients.segment("orders")
    call = {"id": "2" * 16, "name": "dynamodb", "namespace": "aws", "aws": {"operation": "PutItem", "table_name": "items"}}
    document["subsegments"] = [{**call, "start_time": document["start_time"], "end_time": document["end_time"]}]
    put(xray, document, clients.segment("other", 2))
    xray.create_group(GroupName="orders", FilterExpression='service("orders")')

    of_orders = [("items", "AWS::DynamoDB::Table", 0), ("orders", "", 1), ("orders", "client", 1)]
    of_all = [*of_orders, ("other", "", 0), ("other", "client", 1)]
    assert nodes(xray.get_service_graph(**around_now())) == of_all
    assert nodes(xray.get_trace_graph(TraceIds=[document["trace_id"]])) == of_orders
    assert nodes(xray.get_service_graph(**around_now(), GroupName="orders")) == of_orders
    assert nodes(xray.get_trace_graph(TraceIds=[clients.trace_id(77)])) == []


def nodes(graph: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Name, type and number of edges of each node of a graph."""
    return sorted((row["Name"], row.get("Type") or "", len(row["Edges"])) for row in graph["Services"])


def counts(row: dict[str, Any]) -> tuple[int, int, int]:
    """Ok, faults and total of a row of a series."""
    statistics = row.get("ServiceSummaryStatistics") or row["EdgeSummaryStatistics"]
    return statistics["OkCount"], statistics["FaultStatistics"]["TotalCount"], statistics["TotalCount"]


@pytest.mark.parametrize(
    ("selector", "wanted"),
    [
        (None, (2, 1, 3)),
        ('service("orders")', (1, 1, 2)),
        ('service(id(name: "orders", type: "AWS::ECS::Container"))', (0, 0, 0)),
        ('edge(id(name: "stock", type: "client"), id(name: "stock"))', (1, 0, 1)),
        ('edge("orders", "stock")', (0, 0, 0)),
    ],
    ids=str,
)
def test_time_series(xray: Any, selector: str | None, wanted: tuple[int, int, int]) -> None:
    """Each period has the counts of the selected service or edge, clients' edges without a selector; others are zero."""
    put(xray, clients.segment("orders", 1, fault=True), clients.segment("orders", 2), clients.segment("stock", 3))
    now = int(time.time())
    arguments = {"EntitySelectorExpression": selector} if selector else {}
    answer = xray.get_time_series_service_statistics(StartTime=now - 3600, EndTime=now + 60, Period=60, **arguments)
    rows = answer["TimeSeriesServiceStatistics"]
    assert tuple(map(sum, zip(*map(counts, rows), strict=True))) == wanted
    assert len(rows) in (61, 62)
    assert sum(entry["Count"] for row in rows for entry in row["ResponseTimeHistogram"]) == wanted[2]


@pytest.mark.parametrize(
    ("selector", "column", "expected"),
    [
        ("orders", 1, "service or edge"),
        ("service()", 9, "id"),
        ('service("a"', 12, "')'"),
        ('service("a") x', 13, "the end"),
        ('edge("a")', 9, "','"),
        ("service(id(name: a))", 17, "a text in double quotes"),
        ('service(id(colour: "a"))', 12, "name or type or account.id"),
    ],
)
def test_selectors_that_are_none(xray: Any, selector: str, column: int, expected: str) -> None:
    """A wrong entity selector is refused with the column and what was expected there."""
    with pytest.raises(ClientError) as caught:
        xray.get_time_series_service_statistics(**around_now(), EntitySelectorExpression=selector)
    assert error_of(caught)[2].startswith(f"Invalid entity selector at column {column}: expected {expected}. Examples: ")


def test_groups_live(xray: Any) -> None:
    """A group is created, found by name and ARN, changed, listed, and gone after deletion; the default one stays."""
    made = xray.create_group(GroupName="slow", FilterExpression="duration > 5")["Group"]
    insights = {"InsightsEnabled": False, "NotificationsEnabled": False}
    assert made == {
        "GroupName": "slow",
        "GroupARN": made["GroupARN"],
        "FilterExpression": "duration > 5",
        "InsightsConfiguration": insights,
    }
    assert xray.get_group(GroupARN=made["GroupARN"])["Group"] == made
    changed = xray.update_group(GroupName="slow", FilterExpression="duration > 9")["Group"]
    assert changed == {**made, "FilterExpression": "duration > 9"}
    assert [group["GroupName"] for group in xray.get_groups()["Groups"]] == ["Default", "slow"]
    xray.delete_group(GroupName="slow")
    assert [group["GroupName"] for group in xray.get_groups()["Groups"]] == ["Default"]
    refusals: list[Callable[[], Any]] = [
        lambda: xray.get_group(GroupName="slow"),
        lambda: xray.delete_group(GroupName="Default"),
        lambda: xray.create_group(GroupName="Default"),
        lambda: xray.create_group(GroupName="bad", FilterExpression="duration >"),
        lambda: xray.get_service_graph(**around_now(), GroupName="slow"),
    ]
    for refused in refusals:
        with pytest.raises(ClientError) as caught:
            refused()
        assert error_of(caught)[:2] == ("InvalidRequestException", 400)


def test_tags_live(xray: Any) -> None:
    """Tags come with a group, are added to, replaced and removed; a resource that is not there is an error of its own."""
    arn = xray.create_group(GroupName="slow", Tags=[{"Key": "team", "Value": "a"}])["Group"]["GroupARN"]
    xray.tag_resource(ResourceARN=arn, Tags=[{"Key": "team", "Value": "b"}, {"Key": "cost", "Value": ""}])
    assert xray.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "cost", "Value": ""}, {"Key": "team", "Value": "b"}]
    xray.untag_resource(ResourceARN=arn, TagKeys=["team", "none"])
    assert xray.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "cost", "Value": ""}]
    with pytest.raises(xray.exceptions.ResourceNotFoundException):
        xray.list_tags_for_resource(ResourceARN=arn + "x")
    with pytest.raises(xray.exceptions.TooManyTagsException):
        xray.tag_resource(ResourceARN=arn, Tags=[{"Key": f"k{number}", "Value": "v"} for number in range(51)])


def test_encryption_is_remembered(xray: Any) -> None:
    """What is set is read again."""
    assert xray.get_encryption_config()["EncryptionConfig"] == {"Status": "ACTIVE", "Type": "NONE"}
    set_ = xray.put_encryption_config(Type="KMS", KeyId="alias/k")["EncryptionConfig"]
    assert set_ == {"KeyId": "alias/k", "Status": "UPDATING", "Type": "KMS"}
    assert xray.get_encryption_config()["EncryptionConfig"] == {"KeyId": "alias/k", "Status": "ACTIVE", "Type": "KMS"}


def test_telemetry_is_kept(xray: Any, server: Running) -> None:
    """A daemon's records are stored with the sender's name."""
    record = {"Timestamp": 1_700_000_000, "SegmentsReceivedCount": 3}
    xray.put_telemetry_records(TelemetryRecords=[record], Hostname="here", EC2InstanceId="i-1")
    [(_at, kept)] = server.store.telemetry()
    assert kept == {**record, "Hostname": "here", "EC2InstanceId": "i-1"}


def test_the_newer_operations(xray: Any) -> None:
    """Retrieval, destination, indexing and insights answer what a place without CloudWatch Logs can answer."""
    document = clients.segment("orders")
    put(xray, document)
    token = xray.start_trace_retrieval(TraceIds=[document["trace_id"]], **around_now())["RetrievalToken"]
    listed = xray.list_retrieved_traces(RetrievalToken=token, TraceFormat="XRAY")
    assert [[json.loads(span["Document"]) for span in trace["Spans"]] for trace in listed["Traces"]] == [[document]]
    graph = xray.get_retrieved_traces_graph(RetrievalToken=token)
    assert sorted(row["Service"].get("Type", "") for row in graph["Services"]) == ["", "client"]
    assert xray.cancel_trace_retrieval(RetrievalToken=token)["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert xray.get_trace_segment_destination()["Destination"] == "XRay"
    assert xray.update_trace_segment_destination(Destination="XRay")["Status"] == "ACTIVE"
    assert [rule["Name"] for rule in xray.get_indexing_rules()["IndexingRules"]] == ["Default"]
    assert xray.get_insight_summaries(**around_now())["InsightSummaries"] == []
    refusals: list[Callable[[], Any]] = [
        lambda: xray.get_insight(InsightId="11111111-2222-3333-4444-555555555555"),
        lambda: xray.update_trace_segment_destination(Destination="CloudWatchLogs"),
        lambda: xray.list_retrieved_traces(RetrievalToken=token, TraceFormat="OTEL"),
    ]
    for refused in refusals:
        with pytest.raises(ClientError) as caught:
            refused()
        assert error_of(caught)[:2] == ("InvalidRequestException", 400)
