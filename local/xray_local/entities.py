"""Every segment and subsegment of a compiled trace by its id, and whose it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .model import Document, ServiceKey
from .names import service_key


@dataclass(frozen=True)
class Entity:
    """A segment or subsegment; `parent` is the id of what it stands in, empty for what stands by itself."""

    document: Document
    segment: Document
    service: ServiceKey
    parent: str = ""

    @property
    def is_top(self) -> bool:
        """It stands in the trace by itself."""
        return not self.parent


def entities(segments: Iterable[Document]) -> dict[str, Entity]:
    """Segments in their order; each is followed by what is below it, parents first."""
    found: dict[str, Entity] = {}
    for segment in segments:
        top = Entity(segment, segment, service_key(segment))
        rest = [top]
        while rest:
            entity = rest.pop()
            found[entity.document["id"]] = entity
            rest += [
                Entity(child, segment, top.service, entity.document["id"]) for child in entity.document.get("subsegments", ())
            ]
    return found
