"""Which annotations X-Ray indexes, so that filters find them; all of them can be seen in the trace."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .entities import Entity
from .model import Annotation, AnnotationValue, ServiceKey

# X-Ray indexes as many keys for each trace (developer guide, annotations); more can be seen, but not searched.
MAX_KEYS = 50
# What X-Ray indexes: letters, digits, _ and . from users, : from its own services (aws:api_id).
INDEXED = re.compile(r"[\w.:]{1,500}", re.ASCII)
# Unicode characters of a text (SDK documentation, annotations); a longer one can be seen, but not searched.
MAX_VALUE = 1_000


def searchable(key: str, value: AnnotationValue) -> bool:
    """Whether X-Ray indexes such an annotation."""
    return INDEXED.fullmatch(key) is not None and not (isinstance(value, str) and len(value) > MAX_VALUE)


def indexed(found: Iterable[Entity]) -> tuple[list[Annotation], list[str]]:
    """The annotations that are indexed, and the keys beyond the limit."""
    # True and 1 are equal in Python and different values in X-Ray, 1 and 1.0 are the same number in both.
    services: dict[tuple[str, bool, AnnotationValue], dict[ServiceKey, None]] = {}
    keys: set[str] = set()
    beyond: dict[str, None] = {}
    for entity in found:
        for key, value in entity.document.get("annotations", {}).items():
            if not searchable(key, value):
                continue
            if key not in keys and len(keys) == MAX_KEYS:
                beyond[key] = None
                continue
            keys.add(key)
            services.setdefault((key, isinstance(value, bool), value), {})[entity.service] = None
    return [Annotation(key, value, tuple(where)) for (key, _bool, value), where in services.items()], list(beyond)
