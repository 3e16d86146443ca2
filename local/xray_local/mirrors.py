"""The sender's end of a link: what a trace that took up a message adds to the trace that sent it.

Lambda notes a link at the receiver's end, "parent": its segment names the trace and the (sub)segment that sent. X-Ray shows
the same link at the sender's end too, "child", with the receiver's id, name and type. So a document of one trace changes
what is shown of another, which may have come before, or come later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from re import Pattern
from typing import Any

from .documents import ID, TRACE_ID
from .model import Document

PREFIX = "aws.xray.reserved."
REFERENCE_TYPE = f"{PREFIX}reference_type"
PARENT, CHILD = "parent", "child"
# The moments that the receiver's link and its mirror share: when the message was received, and when its function began.
MOMENTS = (f"{PREFIX}received_event_end_time", f"{PREFIX}dwell_end_time")


@dataclass(frozen=True)
class Mirror:
    """A link as the sender's trace shows it."""

    trace_id: str
    """The sender's trace."""
    sender: str
    """The segment or subsegment that sent."""
    receiver: str
    """The segment or subsegment that told of the link."""
    link: Document


def mirrors(document: Document) -> Iterator[Mirror]:
    """What a document of a receiver adds to the traces of its senders."""
    rest = [document]
    while rest:
        entity = rest.pop()
        rest += entity.get("subsegments") or ()
        for link in entity.get("links") or ():
            attributes = _attributes(link)
            if attributes.get(REFERENCE_TYPE) != PARENT:
                continue
            trace_id, sender = link.get("trace_id"), link.get("id")
            if _is(TRACE_ID, trace_id) and _is(ID, sender):
                yield Mirror(trace_id, sender, entity["id"], _mirror(document, entity, attributes))


def _mirror(document: Document, entity: Document, told: dict[str, Any]) -> Document:
    attributes: dict[str, Any] = {REFERENCE_TYPE: CHILD, f"{PREFIX}names": [entity["name"]]}
    if document.get("origin"):
        attributes[f"{PREFIX}type"] = document["origin"]
    # The receiver's start, if its link does not say: the message was there by then.
    attributes |= {key: told.get(key, entity["start_time"]) for key in MOMENTS}
    return {"trace_id": document["trace_id"], "id": entity["id"], "attributes": attributes}


def receives(segment: Document) -> bool:
    """Whether a segment began with a message of another trace, not with a caller."""
    return any(_attributes(link).get(REFERENCE_TYPE) == PARENT for link in segment.get("links") or ())


def _attributes(link: Any) -> dict[str, Any]:
    attributes = link.get("attributes") if isinstance(link, dict) else None
    return attributes if isinstance(attributes, dict) else {}


def _is(pattern: Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
