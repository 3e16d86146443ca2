"""Links between traces: a message that was sent in one trace and taken up in another. Lambda notes them at both ends.

The sender's end is noted long after the sender has sent its document, so a document may come again with links: they are added
to those that are known, whichever of the two documents stands.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from .entities import entities
from .model import Document
from .notices import Notices

# X-Ray developer guide, trace linking: a segment links up to 20 traces, a trace has up to 100 links.
MAX_LINKED = 20
MAX_LINKS = 100


def with_links(standing: Document, other: Document) -> Document:
    """The document of an id that stands, with the links of another one of the same id."""
    own: list[Any] = standing.get("links") or []
    more = [link for link in other.get("links") or () if link not in own]
    # Sorted, so that the order of arrival does not show.
    return {**standing, "links": sorted([*own, *more], key=lambda link: json.dumps(link, sort_keys=True))} if more else standing


def without_links(document: Document) -> Document:
    """What its sender says of it."""
    return {key: value for key, value in document.items() if key != "links"}


def limit(segments: Iterable[Document], notices: Notices) -> None:
    """Takes away the links that are beyond X-Ray's limits."""
    linked: defaultdict[str, set[str]] = defaultdict(set)
    count = 0
    for entity in entities(segments).values():
        document = entity.document
        kept = []
        for link in document.get("links", ()):
            traces, trace = linked[entity.segment["id"]], _trace(link)
            if count < MAX_LINKS and (trace in traces or len(traces) < MAX_LINKED):
                traces.add(trace)
                kept.append(link)
                count += 1
            else:
                notices.add(
                    f"X-Ray keeps links to {MAX_LINKED} traces in a segment and {MAX_LINKS} in all; left out at: {{}}",
                    document["name"],
                )
        if "links" in document and kept != document["links"]:
            document["links"] = kept


def _trace(link: Any) -> str:
    return str(link.get("trace_id")) if isinstance(link, dict) else ""
