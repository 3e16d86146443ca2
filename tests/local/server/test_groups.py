"""Groups within filter expressions, asked by boto3."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.server import clients


def test_groups_stand_for_their_expressions(xray: Any) -> None:
    """A filter may name a group by name or ARN, one that names another, or one without an expression; what it cannot be is told."""
    failing, fine = clients.segment(name="orders", fault=True), clients.segment(name="users", number=2)
    documents = [json.dumps(failing), json.dumps(fine)]
    assert xray.put_trace_segments(TraceSegmentDocuments=documents)["UnprocessedTraceSegments"] == []
    around = {"StartTime": time.time() - 60, "EndTime": time.time() + 60}
    arn = xray.create_group(GroupName="failing", FilterExpression="fault")["Group"]["GroupARN"]
    xray.create_group(GroupName="orders", FilterExpression='group.name = "failing" AND service("orders")')
    xray.create_group(GroupName="all")

    def found(text: str) -> list[str]:
        summaries = xray.get_trace_summaries(**around, FilterExpression=text)["TraceSummaries"]
        return sorted(summary["Id"] for summary in summaries)

    one, both = [failing["trace_id"]], sorted([failing["trace_id"], fine["trace_id"]])
    assert {
        text: found(text)
        for text in (
            *('group.name = "failing"', f'group.arn = "{arn}"', 'group.name = "orders"', '!group.name = "failing"'),
            *('group.name = "all"', 'group.name = "Default"'),
        )
    } == {
        'group.name = "failing"': one,
        f'group.arn = "{arn}"': one,
        'group.name = "orders"': one,
        '!group.name = "failing"': [fine["trace_id"]],
        'group.name = "all"': both,
        'group.name = "Default"': both,
    }
    graph = xray.get_service_graph(**around, GroupName="orders")["Services"]
    assert [service["Name"] for service in graph if service.get("Type") != "client"] == ["orders"]
    with pytest.raises(ClientError) as caught:
        found('group.name = "nobody"')
    told = "Invalid filter expression: column 1: there is no group with the name nobody"
    assert (caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]) == (
        "InvalidRequestException",
        told,
    )
