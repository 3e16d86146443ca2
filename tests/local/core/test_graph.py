"""The service graph of one trace and of many."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.local.core.making import TRACE, call, compiled, eid, embedded, segment, subsegment
from tests.local.core.test_trace import traces
from xray_local.graph import contribution, merge, to_api
from xray_local.inferred import inferred_id
from xray_local.model import Call, Contribution, Document, Edge, Node, Outcome, Service, ServiceKey, Statistics, Visit

CLIENT = ServiceKey("shop", "client")
SHOP = ServiceKey("shop")
PAY = ServiceKey("pay")
TABLE = ServiceKey("orders", "AWS::DynamoDB::Table")


def edges(*documents: Document) -> list[tuple[ServiceKey, ServiceKey]]:
    """Who calls whom."""
    return [(edge.source, edge.target) for edge in contribution(compiled(*documents)).edges]


def keys(*documents: Document) -> list[ServiceKey]:
    """The services."""
    return [node.key for node in contribution(compiled(*documents)).nodes]


def test_one_trace() -> None:
    """A client, a service, a slow call to another that was fast, and a table: the edge tells the caller's time, the node its own."""
    remote = embedded(2, "pay", 101, 105, namespace="remote")
    item = call(3, "dynamodb", aws={"table_name": "orders"}, error=True, throttle=True)
    callee = segment(4, "pay", 103, 103.5, parent_id=eid(2))

    found = contribution(compiled(segment(1, subsegments=[remote, item]), callee))

    ten, four, half = (
        Statistics(ok=1, total_response_time=10),
        Statistics(ok=1, total_response_time=4),
        Statistics(ok=1, total_response_time=0.5),
    )
    throttled = Statistics(throttle=1, total_response_time=1)
    outcomes = {"root": Outcome(10), "pay": Outcome(4), "table": Outcome(1, error=True, throttle=True)}
    assert found == Contribution(
        trace_id=TRACE,
        start_time=100,
        end_time=110,
        nodes=[
            Node(TABLE, ("orders",), start_time=101, end_time=102, statistics=throttled, response_times={1000: 1}),
            Node(PAY, ("pay",), active=True, start_time=103, end_time=103.5, statistics=half, response_times={500: 1}),
            Node(
                SHOP, ("shop",), root=True, active=True, start_time=100, end_time=110, statistics=ten, response_times={10_000: 1}
            ),
            Node(CLIENT, ("shop",), start_time=100, end_time=110),
        ],
        edges=[
            Edge(SHOP, TABLE, start_time=101, end_time=102, statistics=throttled, response_times={1000: 1}),
            Edge(SHOP, PAY, start_time=101, end_time=105, statistics=four, response_times={4000: 1}),
            Edge(CLIENT, SHOP, start_time=100, end_time=110, statistics=ten, response_times={10_000: 1}),
        ],
        visits=[
            Visit(SHOP, eid(1), "", False, 100, outcomes["root"]),
            Visit(TABLE, inferred_id(eid(3)), eid(3), True, 101, outcomes["table"]),
            Visit(PAY, eid(4), eid(2), False, 103, Outcome(0.5)),
        ],
        calls=[
            Call(CLIENT, SHOP, "", eid(1), 100, outcomes["root"]),
            Call(SHOP, TABLE, eid(3), inferred_id(eid(3)), 101, outcomes["table"]),
            Call(SHOP, PAY, eid(2), eid(4), 101, outcomes["pay"]),
        ],
    )


ARN = "arn:aws:lambda:eu-west-1:123456789012:function:pay"
NODES: list[tuple[str, dict[str, Any], ServiceKey]] = [
    ("s3", {"bucket_name": "photos"}, ServiceKey("photos", "AWS::S3::Bucket")),
    ("sqs", {"queue_url": "https://sqs/1/jobs"}, ServiceKey("https://sqs/1/jobs", "AWS::SQS::Queue")),
    ("sns", {"topic_arn": "arn:aws:sns:eu-west-1:1:news"}, ServiceKey("arn:aws:sns:eu-west-1:1:news", "AWS::SNS")),
    ("dynamodb", {"table_names": ["a", "b"]}, ServiceKey("a", "AWS::DynamoDB::Table")),
    ("dynamodb", {"operation": "ListTables"}, ServiceKey("DynamoDB", "AWS::DynamoDB")),
    ("lambda", {"function_name": "pay", "operation": "Invoke"}, ServiceKey("pay", "AWS::Lambda")),
    ("lambda", {"function_name": "pay:live", "operation": "Invoke"}, ServiceKey("pay", "AWS::Lambda")),
    ("lambda", {"function_name": ARN, "operation": "Invoke"}, ServiceKey("pay", "AWS::Lambda")),
    ("lambda", {"function_name": ARN + ":live", "operation": "Invoke"}, ServiceKey("pay", "AWS::Lambda")),
    ("lambda", {"function_name": "123456789012:function:pay", "operation": "Invoke"}, ServiceKey("pay", "AWS::Lambda")),
    ("lambda", {"function_name": "pay", "operation": "GetFunction"}, ServiceKey("Lambda", "AWS::Lambda")),
    ("secretsmanager", {}, ServiceKey("secretsmanager", "AWS::secretsmanager")),
]


@pytest.mark.parametrize(("name", "aws", "key"), NODES)
def test_nodes_of_aws_calls(name: str, aws: dict[str, Any], key: ServiceKey) -> None:
    """An AWS call leads to its resource where there is one, else to the service."""
    assert edges(segment(1, subsegments=[call(2, name, aws=aws)])) == [(SHOP, key), (CLIENT, SHOP)]


def test_nodes_of_other_calls() -> None:
    """Hosts are remote, SQL is a database, custom subsegments are no services."""
    remote = embedded(2, "api.shop", namespace="remote")
    sql = embedded(3, "db@host", namespace="remote", sql={"url": "x"})

    services = keys(segment(1, subsegments=[remote, sql, embedded(4, "custom", namespace="local"), embedded(5)]))

    assert services == [ServiceKey("api.shop", "remote"), ServiceKey("db@host", "Database::SQL"), SHOP, CLIENT]


def test_lambda_is_two_nodes() -> None:
    """Service and function of one name; the edge between them has the service segment's times, or those of its Attempt subsegments."""
    front, function = ServiceKey("f", "AWS::Lambda"), ServiceKey("f", "AWS::Lambda::Function", "1")
    sync = segment(1, "f", origin="AWS::Lambda")
    queued = segment(1, "f", 100, 100.1, origin="AWS::Lambda", subsegments=[embedded(5, "Attempt #1", 101, 104)])
    work = segment(2, "f", 101, 103, origin="AWS::Lambda::Function", aws={"account_id": "1"})

    one, two = (contribution(compiled(first, {**work, "parent_id": eid(parent)})) for first, parent in ((sync, 1), (queued, 5)))

    times = [
        [(edge.source, edge.target, edge.response_times) for edge in found.edges if edge.source == front] for found in (one, two)
    ]
    assert times == [[(front, function, {10_000: 1})], [(front, function, {3000: 1})]]
    assert [node.root for node in one.nodes] == [True, False, False]


def test_a_retry_behind_a_call_counts_once() -> None:
    """Two segments of one service behind one subsegment are two visits and one call."""
    caller = segment(1, subsegments=[embedded(2, "pay", namespace="remote")])
    answers = [segment(number, "pay", 100 + number, 101 + number, parent_id=eid(2)) for number in (3, 4)]

    found = contribution(compiled(caller, *answers))

    assert [edge.statistics.total for edge in found.edges if edge.target == PAY] == [1]
    assert [node.statistics.total for node in found.nodes if node.key == PAY] == [2]


def test_times_that_can_be_compared() -> None:
    """Response times have microseconds: what a document says took 0.1 s is 0.1 s, not 0.0999999."""
    found = contribution(compiled(segment(1, start=1_700_000_000.2, end=1_700_000_000.3)))

    assert [visit.outcome for visit in found.visits] == [Outcome(0.1)]


@pytest.mark.parametrize("start", [90, 150])
def test_active_is_who_sent_something(start: float) -> None:
    """A service that sent one segment is active, whether calls without an answer came before or after, in one trace and in two."""
    aws = {"operation": "Invoke", "function_name": "f"}
    unanswered = segment(1, subsegments=[call(2, "lambda", aws=aws)])
    real = segment(3, "f", start, start + 1, origin="AWS::Lambda")

    one = [contribution(compiled(unanswered, real))]
    two = [contribution(compiled(unanswered)), contribution(compiled(real))]

    active = [
        [service.node.active for service in merge(parts) if service.node.key.type == "AWS::Lambda"]
        for parts in (one, two, two[::-1])
    ]
    assert active == [[True], [True], [True]]


def test_fault_before_throttle_before_error() -> None:
    """Each is counted once, for the worst of its flags; what is in progress is not counted."""
    flags: list[dict[str, Any]] = [
        {"fault": True, "error": True, "throttle": True},
        {"throttle": True, "error": True},
        {"error": True},
        {},
        {"end": None},
    ]
    parts = [embedded(number, "api", namespace="remote", **flag) for number, flag in enumerate(flags, 2)]

    (edge,) = [edge for edge in contribution(compiled(segment(1, subsegments=parts))).edges if edge.source == SHOP]

    assert edge.statistics == Statistics(ok=1, error=1, throttle=1, fault=1, total_response_time=4)
    assert edge.response_times == {1000: 4}


def links(name: str, received: object = 103.5, reference: str = "child") -> list[Document]:
    """What Lambda notes at a sent message that a function took up in a later trace."""
    attributes = {"names": [name], "type": "AWS::Lambda", "reference_type": reference, "received_event_end_time": received}
    return [
        {"trace_id": TRACE, "id": eid(99), "attributes": {f"aws.xray.reserved.{key}": value for key, value in attributes.items()}}
    ]


def test_links() -> None:
    """A message leads from its queue, or from its sender where the queue is not known, to the function that took it up."""
    consumer = ServiceKey("consumer", "AWS::Lambda")
    queue = ServiceKey("q", "AWS::SQS::Queue")
    send = call(2, "sqs", aws={"queue_url": "q"}, links=links("consumer"))
    known = contribution(compiled(segment(1, subsegments=[send])))
    unknown = contribution(compiled(segment(1, subsegments=[embedded(2, "Invocation", links=links("consumer"))])))

    linked = [[edge for edge in found.edges if edge.link] for found in (known, unknown)]
    assert linked == [
        [Edge(queue, consumer, link=True, start_time=102, end_time=103.5, ages={1500: 1})],
        [Edge(SHOP, consumer, link=True, start_time=102, end_time=103.5, ages={1500: 1})],
    ]
    assert consumer in [node.key for node in known.nodes]


BAD_LINKS: list[list[Any]] = [[7], [{}], [{"attributes": 7}], links(7)]  # type: ignore[arg-type]


@pytest.mark.parametrize("found", BAD_LINKS)
def test_links_that_say_nothing(found: list[Any]) -> None:
    """Nonsense makes no edge."""
    assert edges(segment(1, links=found)) == [(CLIENT, SHOP)]


def test_what_took_up_a_message_has_no_client() -> None:
    """The consumer's end of a link makes no edge, since its sender tells it as well, and nobody else called the consumer."""
    assert edges(segment(1, links=links("producer", reference="parent"))) == []


def test_orphans_have_a_client_and_missing_callers_do_not_stop_anything() -> None:
    """Without Lambda's own segments a layer's subsegments still make a map; it begins at the one that ends last."""
    found = edges(subsegment(2, 1, "app.handler"), subsegment(4, 1, "init", 99, 100), subsegment(3, 2, "s3", namespace="aws"))

    handler = ServiceKey("app.handler")
    assert found == [(handler, ServiceKey("S3", "AWS::S3")), (ServiceKey("app.handler", "client"), handler)]


def test_merge_and_api() -> None:
    """Two traces of the same services add up; the API's form has whole seconds, histograms in ms and numbers for its services."""
    trace = [
        segment(
            1,
            start=100.25,
            end=100.75,
            subsegments=[call(2, "dynamodb", start_time=100.5, end_time=100.7, aws={"table_name": "orders"})],
        )
    ]
    later = [segment(1, start=160, end=160.123, fault=True)]

    services = merge([contribution(compiled(*trace)), contribution(compiled(*later))])
    found = to_api(services, 0, 200.5)

    def counts(ok: int, fault: int, seconds: float) -> dict[str, Any]:
        return {
            "OkCount": ok,
            "ErrorStatistics": {"ThrottleCount": 0, "OtherCount": 0, "TotalCount": 0},
            "FaultStatistics": {"OtherCount": fault, "TotalCount": fault},
            "TotalCount": ok + fault,
            "TotalResponseTime": seconds,
        }

    both = [{"Value": 0.123, "Count": 1}, {"Value": 0.5, "Count": 1}]
    item = [{"Value": 0.2, "Count": 1}]
    to_table = {
        "ReferenceId": 0,
        "StartTime": 100,
        "EndTime": 100,
        "SummaryStatistics": counts(1, 0, 0.2),
        "ResponseTimeHistogram": item,
        "Aliases": [],
    }
    to_shop = {
        "ReferenceId": 1,
        "StartTime": 100,
        "EndTime": 160,
        "SummaryStatistics": counts(1, 1, 0.623),
        "ResponseTimeHistogram": both,
        "Aliases": [],
    }
    assert found == {
        "StartTime": 0,
        "EndTime": 200.5,
        "ContainsOldGroupVersions": False,
        "Services": [
            {
                "ReferenceId": 0,
                "Name": "orders",
                "Names": ["orders"],
                "Type": "AWS::DynamoDB::Table",
                "State": "unknown",
                "StartTime": 100,
                "EndTime": 100,
                "Edges": [],
                "SummaryStatistics": counts(1, 0, 0.2),
                "DurationHistogram": item,
                "ResponseTimeHistogram": item,
            },
            {
                "ReferenceId": 1,
                "Name": "shop",
                "Names": ["shop"],
                "Root": True,
                "State": "active",
                "StartTime": 100,
                "EndTime": 160,
                "Edges": [to_table],
                "SummaryStatistics": counts(1, 1, 0.623),
                "DurationHistogram": both,
                "ResponseTimeHistogram": both,
            },
            {
                "ReferenceId": 2,
                "Name": "shop",
                "Names": ["shop"],
                "Type": "client",
                "State": "unknown",
                "StartTime": 100,
                "EndTime": 160,
                "Edges": [to_shop],
            },
        ],
    }


def test_links_in_the_api() -> None:
    """A link has ages instead of response times."""
    services = merge([contribution(compiled(segment(1, links=links("consumer", 110.25))))])

    (shop,) = [service for service in to_api(services, 0, 200)["Services"] if service.get("Root")]

    assert shop["Edges"] == [
        {
            "ReferenceId": 0,
            "StartTime": 110,
            "EndTime": 110,
            "EdgeType": "link",
            "ReceivedEventAgeHistogram": [{"Value": 0.25, "Count": 1}],
            "Aliases": [],
        }
    ]


def rounded(services: list[Service]) -> list[Service]:
    """Sums of floats depend on their order in the last digit."""
    for service in services:
        parts: list[Node | Edge] = [service.node, *service.edges]
        for part in parts:
            part.statistics.total_response_time = round(part.statistics.total_response_time, 6)
    return services


@given(st.lists(traces(), max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_merging_in_any_order(many: list[list[Document]], random: Any) -> None:
    """The graph of several traces is the same in any order, and merging leaves its parts as they were."""
    parts = [contribution(compiled(*tops)) for tops in many]
    mixed = list(parts)
    random.shuffle(mixed)

    first = rounded(merge(parts))

    assert rounded(merge(mixed)) == first
    assert parts == [contribution(compiled(*tops)) for tops in many]


@given(traces())
@settings(max_examples=60, deadline=None)
def test_nothing_is_counted_twice_or_lost(tops: list[Document]) -> None:
    """Every finished segment is counted in one node, every edge has both its nodes, and nodes count their visits."""
    found = contribution(compiled(*tops))

    ended = [visit for visit in found.visits if not visit.outcome.in_progress]
    nodes = {node.key for node in found.nodes}
    assert sum(node.statistics.total for node in found.nodes) == len(ended)
    assert {key for edge in found.edges for key in (edge.source, edge.target)} <= nodes
    assert [visit.id for visit in found.visits] == [document["id"] for document in compiled(*tops).segments]


SHAPE = botocore.session.get_session().get_service_model("xray").operation_model("GetServiceGraph").output_shape


@given(traces())
@settings(max_examples=60, deadline=None)
def test_any_graph_fits_botocores_model(tops: list[Document]) -> None:
    """Whatever the trace, its graph has the shape that AWS clients expect, and every reference leads somewhere."""
    found = to_api(merge([contribution(compiled(*tops))]), 0, 200)

    assert ParamValidator().validate(found, SHAPE).generate_report() == ""
    references = [service["ReferenceId"] for service in found["Services"]]
    assert references == list(range(len(references)))
    assert all(edge["ReferenceId"] in references for service in found["Services"] for edge in service["Edges"])
