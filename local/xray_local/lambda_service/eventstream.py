"""AWS's event stream encoding, as far as InvokeWithResponseStream answers with it: text headers and a body, with checksums.

Of a message (https://smithy.io/2.0/aws/amazon-eventstream.html): its length, that of its headers, CRC-32 of these eight
bytes; the headers, each with the length of its name, the name, type 7 for text, the length of the text, the text; the
body; CRC-32 of everything before.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

TEXT = 7
# Of the fields around headers and body: 8 bytes of lengths and two checksums of 4.
AROUND = 16


def message(headers: Mapping[str, str], body: bytes) -> bytes:
    """One message."""
    coded = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack("!II", AROUND + len(coded) + len(body), len(coded))
    begun = prelude + struct.pack("!I", zlib.crc32(prelude)) + coded + body
    return begun + struct.pack("!I", zlib.crc32(begun))


def event(kind: str, body: bytes, content_type: str) -> bytes:
    """A message that is one of the events of an operation's output."""
    return message({":event-type": kind, ":content-type": content_type, ":message-type": "event"}, body)


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack("!B", len(key)) + key + struct.pack("!BH", TEXT, len(text)) + text
