"""Spans of OpenTelemetry's API as subsegments of our tree: the node that is sent, and what the function holds in its hand."""

from ..context import live
from ..guard import attempt, guarded
from ..model import Subsegment, legal_key, legal_name
from ..recorder import recorder
from . import otel_fields
from .otel_api import PART

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from ..model import Document, Trace

NAMESPACE = "otel"
# The SDK keeps as many of each by default (its SpanLimits).
LIMIT = 128
_NS = 1e9


class OtelSubsegment(Subsegment):
    """A span: a node in our tree, whose fields are worked out when it is sent.

    Attributes:
        said: the span's own name.
        kind: INTERNAL, SERVER, CLIENT, PRODUCER or CONSUMER.
        attributes, events, links: as they came, copied.
        told: what does not change, for the metadata: the scope, a parent in another trace.
        dropped: how many events, links and attributes were too many.
        status: code and cause of the span's status.
        raised: the causes of its exceptions, each with what tells whether it is recorded again.
        put_here: what others put: our helper.
        span: what the function has in its hand.
    """

    __slots__ = ("attributes", "dropped", "events", "kind", "links", "put_here", "raised", "said", "span", "status", "told")

    def __init__(self, name: str, kind: str, start_time: float, trace: "Trace") -> None:
        self.said = name
        self.kind = kind
        self.attributes: "dict[str, Any]" = {}
        self.events: "list[Document]" = []
        self.links: "list[Document]" = []
        self.told: "Document" = {}
        self.dropped: "dict[str, int]" = {}
        self.status: "tuple[str, Document]" = ("UNSET", {})
        self.raised: "list[tuple[tuple[int, str], Document]]" = []
        self.put_here: "dict[str, Document]" = {}
        self.span: "Any" = None
        super().__init__(legal_name(name), recorder.new_id(), start_time, trace)

    @property
    def fields(self) -> "Document":
        """The rest of the document. Copies: the watcher reads while the function writes."""
        attributes = self.attributes.copy()
        annotations, rest = otel_fields.divided(attributes)
        http = otel_fields.http(attributes)
        code, described = self.status
        raised = [cause for _, cause in self.raised]
        own = otel_fields.without_empty(
            {
                "name": "" if self.said == self.name else self.said,
                "kind": "" if self.kind == "INTERNAL" else self.kind,
                **self.told,
                "attributes": rest,
                "events": self.events[:],
                "links": self.links[:],
                "dropped": self.dropped.copy(),
            }
        )
        fields: "Document" = {
            "namespace": "remote" if otel_fields.peer(self.kind, attributes) else "",
            "http": http,
            "annotations": {**annotations, **self.put_here.get("annotations", {})},
            "metadata": {**({NAMESPACE: own} if own else {}), **self.put_here.get("metadata", {})},
            "cause": _together(raised) or described,
        }
        status = http.get("response", {}).get("status", 0)
        return {**otel_fields.without_empty(fields), **otel_fields.judged(status, code)}

    @fields.setter
    def fields(self, value: "Document") -> None:
        """Nothing: they are the span's."""

    def put(self, member: str, key: str, value: "Any") -> None:
        """Keep what somebody else says of it."""
        self.put_here.setdefault(member, {})[key] = value

    def add(self, what: str, item: "Document") -> None:
        """Append an event or a link, or count it where there are too many."""
        kept: "list[Document]" = getattr(self, what)
        if len(kept) < LIMIT:
            kept.append(item)
        else:
            self.dropped[what] = self.dropped.get(what, 0) + 1


def _together(recorded: "list[Document]") -> "Document":
    """Return one cause for all exceptions of a span."""
    if not recorded:
        return {}
    paths = dict.fromkeys(path for cause in recorded for path in cause["paths"])
    exceptions = [exception for cause in recorded for exception in cause["exceptions"]]
    return {"working_directory": recorded[-1]["working_directory"], "paths": list(paths), "exceptions": exceptions}


def raised(exception: BaseException) -> "Document":
    """Return the cause for an exception; the frames of OpenTelemetry's own context manager are nobody's news."""
    cause: "Document" = _causes().from_exception(exception, skip="/opentelemetry/trace/")
    return cause


def _causes() -> "Any":
    live.load("causes")
    from .. import causes  # noqa: PLC0415  (needed for failures only)

    return causes


def seconds(nanoseconds: "Any", otherwise: float) -> float:
    """Return a time of OpenTelemetry's in seconds since the epoch."""
    return nanoseconds / _NS if isinstance(nanoseconds, (int, float)) else otherwise


def pairs(attributes: "Any") -> "dict[str, Any]":
    """Return attributes as a dictionary of our own; what is no mapping, or no text for a key, is left out, as by the SDK."""
    given: "Any" = attempt(dict, attributes, {}) if attributes else {}
    return {key: otel_fields.value_of(value) for key, value in given.items() if key and isinstance(key, str)}


def context_of(api: "ModuleType", node: Subsegment) -> "Any":
    """Return the span context of a node: X-Ray's trace id in OpenTelemetry's form; the invalid one while there is none."""
    trace_id = node.trace.trace_id
    if not trace_id:
        return api.INVALID_SPAN_CONTEXT
    number = int(trace_id[2:10] + trace_id[11:], 16)
    return api.SpanContext(number, int(node.id, 16), is_remote=False, trace_flags=api.TraceFlags(api.TraceFlags.SAMPLED))


def xray_trace_id(number: int) -> str:
    """Return a trace id in X-Ray's form."""
    digits = f"{number:032x}"
    return f"1-{digits[:8]}-{digits[8:]}"


def link(context: "Any", attributes: "Any" = None) -> "Document":
    """Return a link, by the trace id that X-Ray's console searches for; nothing, as the SDK, of one that leads nowhere."""
    found: "Document" = {"trace_id": xray_trace_id(context.trace_id), "span_id": f"{context.span_id:016x}"}
    given = pairs(attributes)
    return {**found, "attributes": given} if given else found if context.is_valid or context.trace_state else {}


class Speaking:
    """The methods by which the function speaks to a span; opentelemetry.trace.Span is mixed in where it is there.

    Args:
        node: the subsegment that it stands for.
    """

    api: "ModuleType"

    def __init__(self, node: "Any") -> None:
        self.node = node
        self._context: "Any" = None

    @guarded(PART)
    def _make_context(self) -> "Any":
        context = context_of(self.api, self.node)
        self._context = context if self.node.trace.trace_id else None
        return context

    def __getattr__(self, name: str) -> "Any":
        """Return what an SDK's span has besides; instrumentations ask one that is recording for its kind and name."""
        live.load("plugins.otel_readable")
        from .otel_readable import read  # noqa: PLC0415  (few functions ask)

        return read(self, name)

    def get_span_context(self) -> "Any":
        """Return trace id and span id."""
        return self._context or self._make_context() or self.api.INVALID_SPAN_CONTEXT

    def is_recording(self) -> bool:
        """Whether it takes anything."""
        return self.node.end_time is None and PART not in guarded.off

    def set_attributes(self, attributes: "Any") -> None:
        """Set several."""
        if self.is_recording():
            self._take(attributes)

    def set_attribute(self, key: "Any", value: "Any") -> None:
        """Set one."""
        if self.is_recording():
            self._take({key: value})

    @guarded(PART)
    def _take(self, attributes: "Any") -> None:
        for key, value in pairs(attributes).items():
            self._set(key, value)

    def _set(self, key: str, value: "Any") -> None:
        raise NotImplementedError

    def _fail(self, cause: "Document", mark: "tuple[int, str]") -> None:
        raise NotImplementedError

    def _note(self, what: str, item: "Document") -> None:
        raise NotImplementedError

    def _judge(self, code: str, cause: "Document") -> None:
        raise NotImplementedError

    @guarded(PART)
    def add_event(self, name: "Any", attributes: "Any" = None, timestamp: "Any" = None) -> None:
        """Note that something happened."""
        if self.is_recording():
            event = {"name": attempt(str, name, "event"), "time": seconds(timestamp, recorder.clock())}
            given = pairs(attributes)
            self._note("events", {**event, "attributes": given} if given else event)

    @guarded(PART)
    def add_link(self, context: "Any", attributes: "Any" = None) -> None:
        """Note another span that has to do with this one."""
        found = link(context, attributes) if isinstance(context, self.api.SpanContext) else {}
        if found and self.is_recording():
            self._note("links", found)

    @guarded(PART)
    def record_exception(self, exception: "Any", attributes: "Any" = None, timestamp: "Any" = None, **_escaped: object) -> None:
        """Note an exception; what is said about it besides is an event."""
        if self.is_recording() and isinstance(exception, BaseException):
            text = _causes().exception_text(exception)
            self._fail(raised(exception), (id(exception), text))
            if attributes:
                self.add_event("exception", {"exception.message": text, **pairs(attributes)}, timestamp)

    @guarded(PART)
    def set_status(self, status: "Any", description: "Any" = None) -> None:
        """Set the status: UNSET says nothing, OK is final (OpenTelemetry's specification)."""
        code = getattr(getattr(status, "status_code", status), "name", "")
        if code in ("OK", "ERROR") and self.is_recording():
            text = getattr(status, "description", description)
            self._judge(code, _causes().from_report("ERROR", attempt(str, text, "")) if code == "ERROR" and text else {})


class Recorded(Speaking):
    """A span that the function has begun."""

    node: OtelSubsegment

    def __init__(self, node: OtelSubsegment, on_exit: "tuple[bool, bool]") -> None:
        super().__init__(node)
        node.span = self
        self._record_exception, self._set_status = on_exit

    def _set(self, key: str, value: "Any") -> None:
        attributes = self.node.attributes
        if key in attributes or len(attributes) < LIMIT:
            attributes[key] = value
        else:
            self.node.dropped["attributes"] = self.node.dropped.get("attributes", 0) + 1

    def _note(self, what: str, item: "Document") -> None:
        self.node.add(what, item)

    def _fail(self, cause: "Document", mark: "tuple[int, str]") -> None:
        recorded = self.node.raised
        if recorded and recorded[-1][0] == mark:
            recorded.pop()  # the same on its way out, with more of its stack
        recorded.append((mark, cause))

    def _judge(self, code: str, cause: "Document") -> None:
        if self.node.status[0] != "OK":
            self.node.status = (code, cause)

    @guarded(PART)
    def update_name(self, name: "Any") -> None:
        """Give it another name."""
        if self.is_recording():
            self.node.said = attempt(str, name, self.node.said)
            self.node.name = legal_name(self.node.said)

    @guarded(PART)
    def end(self, end_time: "Any" = None) -> None:
        """End it; the second time does nothing."""
        node = self.node
        if node.end_time is None:
            node.name = otel_fields.name_of(node.said, node.kind, node.attributes)
            recorder.end(node, max(seconds(end_time, recorder.clock()), node.start_time))

    @guarded(PART)
    def _leave(self, error: BaseException) -> None:
        if self._record_exception:
            self.record_exception(error, escaped=True)
        if self._set_status:
            self._judge("ERROR", {})

    def __exit__(self, kind: object, error: "BaseException | None", trace: object) -> None:
        """End it, with the exception that passes through, as the SDK does."""
        if error is not None:
            self._leave(error)
        self.end()


class Here(Speaking):
    """What is open here, for OpenTelemetry, where no span is: the invocation's root, or another recorder's subsegment.

    It is not the function's to end or to name.
    """

    def _set(self, key: str, value: "Any") -> None:
        legal, indexed = legal_key(key), self.node.fields.get("annotations", {})
        if otel_fields.indexable(value) and (legal in indexed or len(indexed) < otel_fields.ANNOTATIONS):
            self.node.put("annotations", legal, value)
            return
        kept = self._own().get("attributes", {})
        if key in kept or len(kept) < LIMIT:
            self._merge("attributes", {**kept, key: value})

    def _own(self) -> "Document":
        """Return what the function has said here that is metadata."""
        entity = getattr(self.node, "entity", None)
        metadata = self.node.fields.get("metadata", {}) if entity is None else entity.metadata
        return dict(metadata.get(NAMESPACE, {}))

    def _merge(self, key: str, value: "Any") -> None:
        self.node.put("metadata", NAMESPACE, {**self._own(), key: value})

    def _note(self, what: str, item: "Document") -> None:
        kept = self._own().get(what, [])
        if len(kept) < LIMIT:
            self._merge(what, [*kept, item])

    def _fail(self, cause: "Document", _mark: "tuple[int, str]") -> None:
        if not cause:
            return
        if getattr(self.node, "entity", None) is None:
            self.node.fields.setdefault("cause", cause)
            return
        # The X-Ray SDK's: its cause is that object's, which makes a fault of any.
        told = cause["exceptions"][0]
        said = {"exception.type": told["type"], "exception.message": told["message"]}
        self._note("events", {"name": "exception", "time": recorder.clock(), "attributes": said})

    def _judge(self, code: str, cause: "Document") -> None:
        if code == "ERROR":
            entity = getattr(self.node, "entity", None)
            if entity is None:
                self.node.fields["fault"] = True
            else:
                entity.fault = True
            self._fail(cause, (0, ""))

    def update_name(self, name: "Any") -> None:
        """Leave it as it is."""

    def end(self, end_time: "Any" = None) -> None:
        """Leave it open."""


class Quiet:
    """A span that records and injects nothing, and keeps the place in the tree; NonRecordingSpan is mixed in."""

    node: Subsegment


def node_of(span: "Any") -> "Subsegment | None":
    """Return the node of a span that is current in OpenTelemetry's context: ours, or one that only carries our ids."""
    if span is None:
        return None
    if isinstance(span, (Speaking, Quiet)):
        return span.node
    context = carried(span)
    trace = live.trace
    if context is None or xray_trace_id(context.trace_id) != trace.trace_id:
        return None
    span_id = f"{context.span_id:016x}"
    return trace.root if span_id == trace.root.id else trace.open.get(span_id)


def carried(span: "Any") -> "Any":
    """Return the valid context of a span that is not ours, or None. It may be of any class."""
    context: "Any" = attempt(lambda asked: asked.get_span_context(), span, "")
    return context if getattr(context, "is_valid", False) is True else None
