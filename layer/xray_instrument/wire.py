"""Subsegments to datagrams: the daemon's header line, then JSON.

The daemon takes one document per datagram and at most 64 KB of it; one UDP datagram over IPv4 carries
65,507 bytes (65,535 less 20 for IP and 8 for UDP), and one byte more fails with EMSGSIZE. A document that is
too large, or that JSON cannot take as it is, goes through fit.py.
"""

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .model import Subsegment

    Document = dict[str, Any]

HEADER = b'{"format":"json","version":1}\n'
MAX_DATAGRAM = 65_507
MAX_DOCUMENT = MAX_DATAGRAM - len(HEADER)


def _encoder() -> "Callable[[Any], str]":
    """Return an encoder made once: json.dumps, and JSONEncoder.encode too, set up a new one for each document."""
    plain = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # a Python without the C accelerator
        return plain.encode
    # Markers None: no look-out for cycles, which end in a RecursionError. NaN is no JSON, and X-Ray rejects the
    # document: a ValueError. Both go to fit.py.
    chunks = make(None, plain.default, quote, None, ":", ",", False, False, False)
    return lambda document: "".join(chunks(document, 0))


quote = json.encoder.encode_basestring_ascii
encode = _encoder()


def datagram(subsegment: "Subsegment") -> "bytes | None":
    """Return the one datagram for a finished or open subsegment, or None where fit.py has to see to it.

    The short way for what is sent after every downstream call: the fields that each document has are put
    together by hand, and only the rest is encoded.
    """
    s = subsegment
    ends = f',"end_time":{s.end_time:.6f}' if s.end_time is not None else ',"in_progress":true'
    try:
        children = s.children
        rest = encode({**s.fields, "subsegments": [child.embedded() for child in children]} if children else s.fields)
    except (TypeError, ValueError, RecursionError):
        return None
    body = (
        f'{{"name":{quote(s.name)},"id":"{s.id}","trace_id":"{s.trace.trace_id}","parent_id":"{s.parent_id}",'
        f'"type":"subsegment","start_time":{s.start_time:.6f}{ends}{"," if len(rest) > 2 else ""}{rest[1:]}'
    )
    return HEADER + body.encode() if len(body) <= MAX_DOCUMENT else None
