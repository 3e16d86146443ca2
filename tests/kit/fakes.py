"""Stand-ins for the three things the guest gets as arguments: a clock, a source of ids, a way out."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]

# The X-Ray daemon takes a datagram for a document only behind exactly this line
# (aws-xray-daemon, pkg/tracesegment: the header is JSON with format and version).
HEADER = b'{"format":"json","version":1}\n'


class BadDatagramError(Exception):
    """The guest broke the daemon's protocol; the text says how, for the test that fails on it."""


def parse_datagram(data: bytes) -> Document:
    """One segment document out of the bytes that the daemon would get."""
    if not data.startswith(HEADER):
        raise BadDatagramError(f"expected {HEADER!r} in front of the document, got {data[:60]!r}")
    try:
        document = json.loads(data[len(HEADER) :])
    except ValueError as error:
        raise BadDatagramError(f"not a JSON document: {error}; it begins {data[len(HEADER) :][:60]!r}") from error
    if not isinstance(document, dict):
        raise BadDatagramError(f"a document is a JSON object, this is {document!r:.60}")
    return document


@dataclass
class FakeClock:
    """A clock that stands still until a test moves it; call it to read it."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        """Seconds since the epoch, as `time.time` gives them."""
        return self.now

    def advance(self, seconds: float) -> float:
        """Let time pass; gives the new reading."""
        self.now += seconds
        return self.now


@dataclass
class CountingIds:
    """Subsegment ids in counting order: 0000000000000001, 0000000000000002 and so on."""

    last: int = 0

    def __call__(self) -> str:
        """The next id, 16 hexadecimal digits as X-Ray wants them."""
        self.last += 1
        return f"{self.last:016x}"


@dataclass
class CapturedDatagrams:
    """Takes what would go to the daemon's socket and keeps it."""

    datagrams: list[bytes] = field(default_factory=list)

    def send(self, data: bytes) -> None:
        """Keep one datagram; it is checked when it is read, so that the sender never sees a failure."""
        self.datagrams.append(bytes(data))

    def documents(self) -> list[Document]:
        """Every document sent so far, parsed, in the order of sending."""
        return [parse_datagram(data) for data in self.datagrams]
