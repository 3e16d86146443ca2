"""What is recorded, as plain values: a subsegment, and the trace that it belongs to. No clock, no socket.

A trace here is the part of an X-Ray trace that this process makes: one for each invocation, and one for
the initialization, which gets its trace id late (initialization.py). Field names are those of the X-Ray
segment document.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Document = dict[str, Any]

# Characters that X-Ray allows in a name besides letters, digits and white space; at most 200 (segment
# document reference).
_NAME_CHARACTERS = "_.:/%&#=+\\-@"
NAME_LIMIT = 200
# The longest key of an annotation (same place).
_KEY_LIMIT = 500


def legal_name(name: str) -> str:
    """Make a name that X-Ray accepts: forbidden characters become `_`, the length at most 200."""
    if name.isalnum() and len(name) <= NAME_LIMIT:
        return name
    kept = [c if c.isalnum() or c in _NAME_CHARACTERS or c == " " else "_" for c in name[:NAME_LIMIT]]
    return "".join(kept) or "_"


def legal_key(key: str) -> str:
    """Make a key that X-Ray indexes an annotation by: what is no letter, digit or `_` becomes `_`."""
    return "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in key[:_KEY_LIMIT])


class Trace:
    """The subsegments of one invocation, or of the initialization.

    Attributes:
        trace_id: 35 characters; empty for an initialization that no invocation has adopted yet.
        root: what everything else hangs below.
        open: the subsegments that have begun and not ended, by id; read by the watcher thread.
        recording: False where nothing is.
        lost: how many documents could not be sent, by reason; told on the root.
    """

    __slots__ = ("deliver", "lost", "open", "recording", "root", "trace_id")

    def __init__(self, deliver: "Callable[[Subsegment], None]") -> None:
        self.recording = True
        self.trace_id = ""
        self.deliver = deliver
        self.open: "dict[str, Subsegment]" = {}
        self.lost: "dict[str, int]" = {}
        self.root: "Subsegment"

    def main(self) -> "Subsegment":
        """Return the subsegment that stands for the whole: where annotations of "the segment" go."""
        return self.root


class Subsegment:
    """One open or finished piece of work. Only its maker changes it, and only while it is open.

    Attributes:
        id: 16 hex digits.
        parent_id: what it hangs below; for a root the id in the invocation's trace header.
        start_time, end_time: seconds since the epoch; end_time is None while open.
        fields: the rest of the document: namespace, http, aws, annotations, metadata, cause, flags…
        leaf: a downstream call: once it has ended nothing new hangs below it.
        announced: it was sent once as in progress (X-Ray takes one such document per id).
        children: finished subsegments that travel inside this one's document.
        token: what the context variable gave for it.
    """

    __slots__ = (
        "announced", "children", "end_time", "fields", "id", "leaf", "name", "parent", "parent_id", "start_time", "token",
        "trace",
    )  # fmt: skip

    def __init__(self, name: str, subsegment_id: str, start_time: float, trace: Trace) -> None:
        self.name = name
        self.id = subsegment_id
        self.start_time = start_time
        self.end_time: "float | None" = None
        self.trace = trace
        self.parent: "Subsegment | None" = None
        self.parent_id = ""
        self.fields: "Document" = {}
        self.children: "list[Subsegment] | None" = None
        self.leaf = False
        self.announced = False
        self.token: "Any" = None

    def put(self, member: str, key: str, value: "Any") -> None:
        """Set one key of a member that is an object: annotations, metadata."""
        self.fields.setdefault(member, {})[key] = value

    def document(self) -> "Document":
        """Return the independent subsegment document: what one datagram carries."""
        document: "Document" = {
            "name": self.name,
            "id": self.id,
            "trace_id": self.trace.trace_id,
            "parent_id": self.parent_id,
            "type": "subsegment",
            "start_time": self.start_time,
        }
        self._finish(document)
        return document

    def embedded(self) -> "Document":
        """Return the document as it stands inside its parent's."""
        document: "Document" = {"name": self.name, "id": self.id, "start_time": self.start_time}
        self._finish(document)
        return document

    def _finish(self, document: "Document") -> None:
        if self.end_time is None:
            document["in_progress"] = True
        else:
            document["end_time"] = self.end_time
        document.update(self.fields)
        if self.children:
            document["subsegments"] = [child.embedded() for child in self.children]


# Stands in where nothing is recorded: no header, not sampled, switched off.
NOTHING = Trace(lambda _subsegment: None)
NOTHING.recording = False
NOTHING.root = Subsegment("nothing", "0" * 16, 0.0, NOTHING)
