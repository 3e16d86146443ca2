"""The trace header: `Root=1-…;Parent=…;Sampled=1`, plus fields that we do not know and carry on.

Grammar: fields `key=value` in any order, `;` between them, spaces tolerated (X-Ray developer guide;
AWS's own parser in the Runtime Interface Emulator). Only a header with a valid Root and Parent and
Sampled=1 is recorded: with PassThrough, Lambda hands on Root alone and makes no segment that we could
hang below.
"""

NAME = "X-Amzn-Trace-Id"

_HEX = "0123456789abcdefABCDEF"


class TraceHeader:
    """A header that says: record. Immutable by convention.

    Attributes:
        root: trace id, 35 characters.
        parent: 16 hex digits, the id that our subsegments hang below.
        text: the header as it came, every field in its place.
    """

    __slots__ = ("_parts", "parent", "root", "text")

    def __init__(self, root: str, parent: str, text: str) -> None:
        self.root = root
        self.parent = parent
        self.text = text
        self._parts: "tuple[str | None, str, str]" = ("", "", "")

    def for_call(self, subsegment_id: str, sent: "str | None" = None) -> str:
        """Return the header for a downstream call: only Parent changes.

        Args:
            subsegment_id: the call's own id.
            sent: what the client would have sent without us. botocore quotes some characters of the
                function's header; its spelling is kept, so that the request differs in Parent alone.
        """
        seen, before, after = self._parts
        if seen != sent or not before:
            text = self.text if sent is None or self.root not in sent else sent
            before, found, after = text.partition(f"Parent={self.parent}")
            before = before + "Parent=" if found else f"Root={self.root};Parent="
            after = after if found else ";Sampled=1"
            self._parts = (sent, before, after)
        return before + subsegment_id + after


def parse(text: "str | None") -> "tuple[TraceHeader | None, str]":
    """Read a header as Lambda gives it.

    Returns:
        The header and "sampled", or None and the reason why nothing is recorded. Never raises.
    """
    if not text:
        return None, "no trace header: tracing is not active for this function"
    if "Sampled=1" not in text:
        return None, "not sampled" if "Sampled=0" in text else "no sampling decision (PassThrough)"
    if text[:5] == "Root=" and text[40:48] == ";Parent=" and text[64:74] == ";Sampled=1" and text[74:75] in ("", ";"):
        root, parent = text[5:40], text[48:64]  # the form that Lambda sends
    else:
        fields = {}
        for field in text.split(";"):
            key, _, value = field.partition("=")
            fields[key.strip()] = value.strip()
        root, parent = fields.get("Root", ""), fields.get("Parent", "")
        if fields.get("Sampled") != "1":
            return None, "no sampling decision (PassThrough)"
    if not _is_trace_id(root):
        return None, f"malformed Root {root[:40]!r}: expected 1-<8 hex>-<24 hex>"
    if len(parent) != 16 or parent.strip(_HEX):
        return None, f"malformed Parent {parent[:40]!r}: expected 16 hex digits"
    return TraceHeader(root, parent, text), "sampled"


def _is_trace_id(root: str) -> bool:
    return len(root) == 35 and root[:2] == "1-" and root[10] == "-" and not (root[2:10] + root[11:]).strip(_HEX)
