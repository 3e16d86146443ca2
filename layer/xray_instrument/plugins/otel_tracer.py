"""What OpenTelemetry's API gets from us while it has no provider: tracers whose spans are in our tree, and what is current.

Loaded at the first span, or the first question for the current one, that meets something that is recorded.
"""

import sys

from ..context import inside, live, parent
from ..guard import attempt, guarded
from ..model import Subsegment
from ..recorder import recorder
from .otel_api import PART
from .otel_fields import peer
from .otel_spans import Here, OtelSubsegment, Quiet, Recorded, carried, link, node_of, pairs, seconds, xray_trace_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from ..model import Document


_INSTRUMENTATIONS = "opentelemetry.instrumentation."


def _is_shown(above: Subsegment, kind: "Any", attributes: "Any") -> bool:
    """Whether what an instrumentation begins is shown already: how botocore makes a call, a request that the SDK patches."""
    if above.end_time is not None:
        return False
    if above.leaf:
        return _inside_an_aws_call()
    namespace = getattr(getattr(above, "entity", None), "namespace", "")
    return namespace == "remote" and above.name == peer(getattr(kind, "name", ""), pairs(attributes))


def _inside_an_aws_call() -> bool:
    """Whether botocore is making a call. The open one may have been cancelled, and only its exception keep it."""
    frame: "Any" = sys._getframe(1)  # noqa: SLF001
    while frame is not None and frame.f_code.co_name != "_make_api_call":
        frame = frame.f_back
    return frame is not None


class Library:
    """What one loaded copy of the API gets.

    Args:
        api: the module opentelemetry.trace.
        get_value: the API's own opentelemetry.context.get_value.
        key: what its context has the current span under.
        is_bare: whether a context was made to say: no parent.
    """

    def __init__(self, api: "ModuleType", get_value: "Callable[..., Any]", key: str, is_bare: "Callable[[Any], bool]") -> None:
        self.api = api
        self._is_bare = is_bare
        self._get_value = get_value
        self._key = key
        self._recorded: "Any" = type("Span", (Recorded, api.Span), {"api": api})
        # Made when first needed: an abstract class is 50 microseconds.
        self._here: "Any" = None
        self._quiet: "Any" = None
        self._last: "Any" = None

    def tracer(self, scope: str, *, silent: bool) -> "Tracer | Silent":
        """Make a tracer.

        Args:
            scope: who instruments: the name that get_tracer was given.
            silent: we record what it would.
        """
        return Silent(self) if silent else Tracer(self, scope)

    def current(self) -> "Any":
        """Return the span that is current in OpenTelemetry's context, or None."""
        return self._get_value(self._key)

    @guarded(PART)
    def innermost(self, node: "Subsegment | None") -> "Subsegment | None":
        """Choose between the node that we know to be open here and the span that is current here."""
        span = node_of(self.current())
        if span is None or span.trace is not live.trace:
            return node
        # A span is not ours to have open: this one was, where the thread was started or its work submitted, and is older news.
        if node is None or node.trace is not live.trace or isinstance(node, OtelSubsegment) or inside(span, node):
            return span
        if inside(node, span):
            return node
        return node if node.start_time > span.start_time else span

    def here(self) -> "Any":
        """Return what stands for what is open here."""
        node = parent()
        span = getattr(node, "span", None) or self._last
        if span is None or span.node is not node:
            self._here = self._here or type("Span", (Here, self.api.Span), {"api": self.api})
            span = self._last = self._here(node)  # the same object for whoever asks twice
        return span

    @guarded(PART)
    def quiet(self) -> "Any":
        """Return a span that only keeps the place."""
        self._quiet = self._quiet or type("Span", (Quiet, self.api.NonRecordingSpan), {})
        span = self._quiet(self.api.INVALID_SPAN_CONTEXT)
        span.node = parent()
        return span

    @guarded(PART)
    def begin(self, tracer: "Tracer", name: "Any", context: "Any", kind: "Any", given: "dict[str, Any]") -> "Any":
        """Begin a span; None where there is nothing to record."""
        if not live.trace.recording:
            return None
        above, other = self._above(context)
        if tracer.scope.startswith(_INSTRUMENTATIONS) and _is_shown(above, kind, given["attributes"]):
            return self.quiet()
        node = OtelSubsegment(attempt(str, name, "span"), getattr(kind, "name", "INTERNAL"), recorder.clock(), above.trace)
        node.start_time = seconds(given["start_time"], node.start_time)
        node.told = {"scope": tracer.scope, "parent": other}
        span = self._recorded(node, (given["record_exception"], given["set_status_on_exception"]))
        span.set_attributes(given["attributes"])
        links: "list[Any]" = attempt(list, given["links"] or (), [])
        for linked in links:
            if isinstance(getattr(linked, "context", None), self.api.SpanContext):
                span.add_link(linked.context, linked.attributes)
        recorder.begin_beside(node, above)
        return span

    def _above(self, context: "Any") -> "tuple[Subsegment, Document]":
        """Return what a span that begins here hangs below, and what it says of a parent in another trace."""
        current = self.current()
        asked = self._get_value(self._key, context) if isinstance(context, dict) else current
        named = node_of(asked)
        # A context without a span, given where there is one, says: no parent; and so do a new one of nothing, and one whose
        # span is not of this tree.
        if asked is current:
            above = live.trace.root if asked is None and self._is_bare(context) else parent()
        else:
            above = live.trace.root if named is None or named.trace is not live.trace else named
        other = carried(asked) if asked is not None and named is None else None
        if other is None or xray_trace_id(other.trace_id) == live.trace.trace_id:
            return above, {}
        return above, link(other)


class Tracer:
    """What a ProxyTracer uses while there is no provider: spans in our tree.

    Args:
        scope: who instruments: the name that get_tracer was given.
    """

    def __init__(self, library: Library, scope: str) -> None:
        self._library = library
        self.scope = scope

    def start_span(  # noqa: PLR0913, PLR0917  (OpenTelemetry's signature)
        self,
        name: "Any",
        context: "Any" = None,
        kind: "Any" = None,
        attributes: "Any" = None,
        links: "Any" = None,
        start_time: "Any" = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> "Any":
        """Begin a span; it is not made current."""
        given = {
            "attributes": attributes,
            "links": links,
            "start_time": start_time,
            "record_exception": record_exception,
            "set_status_on_exception": set_status_on_exception,
        }
        return self._library.begin(self, name, context, kind, given) or self._library.api.INVALID_SPAN

    def start_as_current_span(  # noqa: PLR0913, PLR0917  (OpenTelemetry's signature)
        self,
        name: "Any",
        context: "Any" = None,
        kind: "Any" = None,
        attributes: "Any" = None,
        links: "Any" = None,
        start_time: "Any" = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> "Any":
        """Begin a span and make it current: with the API's own context manager, so that no frame of ours is on the way."""
        span = self.start_span(name, context, kind, attributes, links, start_time, record_exception, set_status_on_exception)
        return self._library.api.use_span(
            span,
            end_on_exit=end_on_exit,
            record_exception=record_exception,
            set_status_on_exception=set_status_on_exception,
        )


class Silent:
    """The tracer of an instrumentation of AWS clients: we record those calls, and have put the header of each on its request.

    Its spans have no valid context, so that nothing is injected in the place of our header.
    """

    def __init__(self, library: Library) -> None:
        self._library = library

    def start_span(self, *_args: object, **_kwargs: object) -> "Any":
        """Begin nothing."""
        return self._library.quiet() or self._library.api.INVALID_SPAN

    def start_as_current_span(self, *_args: object, **_kwargs: object) -> "Any":
        """Make it current."""
        return self._library.api.use_span(self.start_span())
