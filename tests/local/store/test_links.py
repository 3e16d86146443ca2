"""A message that one trace sent and another one took up: both ends show it, whichever came first."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from tests.local.store.making import START, call, segment, text, trace_id
from xray_local.graph import merge, to_api
from xray_local.mirrors import PREFIX
from xray_local.model import Document
from xray_local.store import Store

SENDER, RECEIVER = 1, 2
SEND = call(
    SENDER,
    name="SQS",
    aws={"operation": "SendMessage", "queue_url": "https://sqs.example/shipping", "resource_names": ["shipping"]},
)


def received(number: int = RECEIVER, **fields: Any) -> Document:
    """The service segment of a function that took a batch with one message of the sender's."""
    link = {
        "trace_id": trace_id(SENDER),
        "id": SEND["id"],
        "attributes": {
            f"{PREFIX}reference_type": "parent",
            f"{PREFIX}received_event_end_time": START + 1.2,
            f"{PREFIX}dwell_end_time": START + 1.25,
        },
    }
    return segment(
        number, name="worker", origin="AWS::Lambda", start_time=START + 1.2, end_time=START + 2, links=[link], **fields
    )


def child(number: int = RECEIVER) -> Document:
    """The same link as the sender's trace shows it."""
    return {
        "trace_id": trace_id(number),
        "id": f"{number:015x}a",
        "attributes": {
            f"{PREFIX}reference_type": "child",
            f"{PREFIX}names": ["worker"],
            f"{PREFIX}type": "AWS::Lambda",
            f"{PREFIX}received_event_end_time": START + 1.2,
            f"{PREFIX}dwell_end_time": START + 1.25,
        },
    }


def links(store: Store, number: int = SENDER) -> dict[str, list[Document]]:
    """The links of a trace, by the name of what has them."""
    trace = store.trace(trace_id(number))
    entities = [entity for top in trace.segments for entity in (top, *top.get("subsegments", ()))] if trace else []
    return {entity["name"]: entity["links"] for entity in entities if "links" in entity}


def edges(store: Store) -> list[tuple[str, str, Any]]:
    """Who leads to whom in the graph of everything, and the histogram of a link."""
    services = to_api(merge(store.contributions(START - 10, START + 10)), START, START)["Services"]
    names = {service["ReferenceId"]: f"{service['Name']} {service.get('Type', '')}" for service in services}
    found = [
        (names[service["ReferenceId"]], names[edge["ReferenceId"]], edge.get("EdgeType") and edge["ReceivedEventAgeHistogram"])
        for service in services
        for edge in service["Edges"]
    ]
    return sorted(found, key=lambda edge: edge[:2])


@pytest.mark.parametrize("order", list(itertools.permutations([segment(SENDER), SEND, received()])), ids=lambda order: "-")
def test_both_ends_show_the_link_whichever_came_first(store: Store, order: tuple[Document, ...]) -> None:
    """Compiled after each document: the sending call has the child link, the graph its edge, and the receiver no client."""
    for document in order:
        assert store.ingest([text(document)], "udp", START) == [None]
        assert store.settle(10)
    assert (links(store), links(store, RECEIVER)) == ({"SQS": [child()]}, {"worker": received()["links"]})
    assert edges(store) == [
        ("https://sqs.example/shipping AWS::SQS::Queue", "worker AWS::Lambda", [{"Value": 1.0, "Count": 1}]),
        ("orders AWS::Lambda::Function", "https://sqs.example/shipping AWS::SQS::Queue", None),
        ("orders client", "orders AWS::Lambda::Function", None),
    ]


def test_a_receiver_that_tells_twice_is_one_link(store: Store) -> None:
    """In progress, then complete with another moment: the link is there once, as it was told last."""
    begun = received(in_progress=True)
    del begun["end_time"]
    later = received()
    later["links"][0]["attributes"][f"{PREFIX}received_event_end_time"] = START + 1.1
    store.ingest([text(document) for document in (segment(SENDER), SEND, begun, later)], "udp", START)
    attributes = {**child()["attributes"], f"{PREFIX}received_event_end_time": START + 1.1}
    assert links(store) == {"SQS": [{**child(), "attributes": attributes}]}


def test_a_link_without_moments_has_the_start_of_its_receiver(store: Store) -> None:
    """What the receiver does not tell is filled in, and the link of an embedded subsegment counts as well."""
    document = received()
    link = document["links"][0]
    link["attributes"] = {f"{PREFIX}reference_type": "parent"}
    del document["links"]
    part = {"id": "00000000000000ff", "name": "poll", "start_time": START + 1.3, "end_time": START + 1.4, "links": [link]}
    store.ingest([text(segment(SENDER)), text(SEND), text({**document, "subsegments": [part]})], "udp", START)
    attributes = {
        **child()["attributes"],
        f"{PREFIX}names": ["poll"],
        f"{PREFIX}received_event_end_time": START + 1.3,
        f"{PREFIX}dwell_end_time": START + 1.3,
    }
    assert links(store) == {"SQS": [{"trace_id": trace_id(RECEIVER), "id": part["id"], "attributes": attributes}]}


def test_a_sender_that_shows_the_link_itself_shows_it_once(store: Store) -> None:
    """X-Ray's export has both ends: the sender's own stays as it is."""
    own = {**child(), "attributes": {**child()["attributes"], "more": 1}}
    store.ingest([text(segment(SENDER)), text({**SEND, "links": [own]}), text(received())], "import", START)
    assert links(store) == {"SQS": [own]}


@pytest.mark.parametrize(
    "link",
    [
        None,
        "parent",
        {"trace_id": trace_id(SENDER), "id": SEND["id"]},
        {"trace_id": trace_id(SENDER), "id": SEND["id"], "attributes": ["parent"]},
        {"trace_id": trace_id(SENDER), "id": SEND["id"], "attributes": {f"{PREFIX}reference_type": "child"}},
        {"trace_id": 7, "id": SEND["id"], "attributes": {f"{PREFIX}reference_type": "parent"}},
        {"trace_id": trace_id(SENDER), "id": "x", "attributes": {f"{PREFIX}reference_type": "parent"}},
    ],
)
def test_what_is_no_link_to_a_sender_changes_no_other_trace(store: Store, link: Any) -> None:
    """Whatever a document has among its links, it is taken."""
    answers = store.ingest([text(segment(SENDER)), text(SEND), text({**received(), "links": [link]})], "udp", START)
    assert (answers, links(store)) == ([None, None, None], {})


def test_a_segment_shows_links_to_twenty_traces(store: Store) -> None:
    """X-Ray's limit, and the trace says that there were more."""
    store.ingest([text(segment(SENDER)), text(SEND), *(text(received(number)) for number in range(2, 32))], "udp", START)
    trace = store.trace(trace_id(SENDER))
    assert trace is not None
    assert len(links(store)["SQS"]) == 20
    assert [notice for notice in trace.notices if "links" in notice]


def test_links_go_with_their_receivers(tmp_path: Path) -> None:
    """When the receiver's trace is forgotten, what the sender's shows of it is forgotten at its next change."""
    with Store(tmp_path / "traces.db") as store:
        store.ingest([text(received())], "udp", START)
        store.ingest([text(segment(SENDER)), text(SEND)], "udp", START + 1_000)
        assert links(store) == {"SQS": [child()]}
        assert store.retain(max_age_s=500, now=START + 1_001) == 1
        assert links(store) == {}
