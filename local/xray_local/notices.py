"""What there is to say about a trace to a person: one sentence for each kind, however often it happened."""

from __future__ import annotations

from collections import Counter

# How many names a sentence lists before it counts the rest.
NAMED = 3


class Notices:
    """Collects sentences. `{}` in a sentence stands for the names of the parts that it is about."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}

    def add(self, sentence: str, name: str) -> None:
        """Says something about one part."""
        self._names.setdefault(sentence, []).append(name)

    def sentences(self) -> list[str]:
        """All of them, sorted, so that the order of arrival does not show."""
        return [sentence.replace("{}", _list(sorted(names))) for sentence, names in sorted(self._names.items())]


def _list(names: list[str]) -> str:
    counts = Counter(names)
    shown = [name if count == 1 else f"{name} ({count} times)" for name, count in list(counts.items())[:NAMED]]
    rest = f" and {len(counts) - NAMED} more" if len(counts) > NAMED else ""
    return ", ".join(shown) + rest
