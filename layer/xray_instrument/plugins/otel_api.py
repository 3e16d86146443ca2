"""OpenTelemetry's API in our tree: its spans are subsegments where the function has no tracer provider of its own.

The API keeps a place for that. Until a provider is set, get_tracer gives a ProxyTracer, which asks at each span whether one
is set by now, and else uses its attribute `_noop_tracer` (opentelemetry.trace, 1.0 to the newest). That attribute is a
descriptor of ours: our tracer while something is recorded, else the API's own, which records nothing. No provider is ever set
by us: one that the function sets, an SDK's, ADOT's, OTEL_PYTHON_TRACER_PROVIDER's, wins from that moment on.

OpenTelemetry has a context of its own for the span that is current. It stays the truth about its spans: ours ask it
(live.also_open), and the innermost of what both have open is what things hang below. Where it has no span, the
API is given what is open here, so that propagators inject the right parent.
"""

import os
import sys

from ..context import inside, live, parent
from ..guard import attempt, debug, guarded
from ..model import Subsegment
from ..recorder import recorder
from .otel_spans import (
    PART,
    Here,
    OtelSubsegment,
    Quiet,
    Recorded,
    carried,
    link,
    node_of,
    seconds,
    xray_trace_id,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from ..model import Document

_SDK = "opentelemetry.sdk"
_TRACER = "_xray_instrument_tracer"
_NOOP = "_noop_tracer"
_PLAIN = "_xray_instrument_plain"
# OpenTelemetry's instrumentations of what we record ourselves, and know more of.
_RECORDED_BY_US = ("opentelemetry.instrumentation.botocore", "opentelemetry.instrumentation.aiobotocore")


class _Library:
    """One loaded copy of the API.

    Args:
        api: the module opentelemetry.trace.
        propagation: the module opentelemetry.trace.propagation.
    """

    def __init__(self, api: "ModuleType", propagation: "ModuleType") -> None:
        self.api = api
        self.get_value: "Callable[..., Any]" = propagation.get_value
        self.get_current: "Callable[[], Any]" = sys.modules["opentelemetry.context"].get_current
        self.key: str = propagation._SPAN_KEY  # noqa: SLF001  (get_current_span asks for it; there since 0.10)
        self.recorded: "Any" = type("Span", (Recorded, api.Span), {"api": api})
        self.quiet: "Any" = type("Span", (Quiet, api.NonRecordingSpan), {})
        self.here: "Any" = type("Span", (Here, api.Span), {"api": api})
        self._last: "Any" = None

    def provided(self) -> bool:
        """Whether a tracer provider of the function's own is there."""
        return bool(self.api._TRACER_PROVIDER is not None)  # noqa: SLF001

    def current(self) -> "Any":
        """Return the span that is current in OpenTelemetry's context, or None."""
        return self.get_value(self.key)

    @guarded(PART)
    def innermost(self, node: "Subsegment | None") -> "Subsegment | None":
        """Choose between the node that we know to be open here and the span that is current here."""
        span = node_of(self.current())
        if span is None or span.trace is not live.trace:
            return node
        if node is None or node.trace is not live.trace or inside(span, node):
            return span
        if inside(node, span):
            return node
        return node if node.start_time > span.start_time else span

    @guarded(PART)
    def stand_in(self, context: "Any") -> "Any":
        """Return what stands for a span where OpenTelemetry's context has none; None: nothing does."""
        trace = live.trace
        if not trace.recording or not trace.trace_id or self.provided() or self._is_bare(context) or _asked_by_an_sdk():
            return None
        node = parent()
        span = getattr(node, "span", None) or self._last
        if span is None or span.node is not node:
            span = self._last = self.here(node)  # the same object for whoever asks twice
        return span

    def _is_bare(self, context: "Any") -> bool:
        """Whether it is a context of nothing, which the function has made to say: no parent."""
        return context is not None and not context and context is not self.get_current()

    @guarded(PART)
    def begin(self, tracer: "_Tracer", name: "Any", context: "Any", kind: "Any", given: "dict[str, Any]") -> "Any":
        """Begin a span; None where there is nothing to record."""
        if not live.trace.recording:
            return None
        above, other = self._above(context)
        node = OtelSubsegment(attempt(str, name, "span"), getattr(kind, "name", "INTERNAL"), recorder.clock(), above.trace)
        node.start_time = seconds(given["start_time"], node.start_time)
        node.told = {"scope": tracer.scope, "parent": other}
        span = self.recorded(node, (given["record_exception"], given["set_status_on_exception"]))
        span.set_attributes(given["attributes"])
        for linked in given["links"] if isinstance(given["links"], (list, tuple)) else ():
            if isinstance(getattr(linked, "context", None), self.api.SpanContext):
                node.add("links", link(linked.context, linked.attributes))
        recorder.begin_beside(node, above)
        return span

    def _above(self, context: "Any") -> "tuple[Subsegment, Document]":
        """Return what a span that begins here hangs below, and what it says of a parent in another trace."""
        current = self.current()
        asked = self.get_value(self.key, context) if isinstance(context, dict) else current
        named = node_of(asked)
        if self._is_bare(context) or (asked is None and current is not None):
            above = live.trace.root  # a context without a span, where there is one: no parent
        elif asked is current or named is None or named.trace is not live.trace:
            above = parent()
        else:
            above = named
        other = carried(asked) if asked is not None and named is None else None
        if other is None or xray_trace_id(other.trace_id) == live.trace.trace_id:
            return above, {}
        return above, link(other, None)


def _asked_by_an_sdk() -> bool:
    """Whether an SDK's tracer asks for a parent: a provider that the function uses without setting it makes its own traces."""
    if _SDK + ".trace" not in sys.modules:
        return False
    frame: "Any" = sys._getframe(1)  # noqa: SLF001
    while frame is not None and frame.f_code.co_name != "get_current_span":
        frame = frame.f_back
    return str(getattr(getattr(frame, "f_back", None), "f_globals", {}).get("__name__")).startswith(_SDK)


class _Tracer:
    """What a ProxyTracer uses while there is no provider: spans in our tree.

    Args:
        scope: who instruments: the name that get_tracer was given.
    """

    def __init__(self, library: _Library, scope: str) -> None:
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


class _Silent:
    """The tracer of an instrumentation of AWS clients: we record those calls, and have put the header of each on its request.

    Its spans have no valid context, so that nothing is injected in the place of our header.
    """

    def __init__(self, library: _Library) -> None:
        self._library = library

    @guarded(PART)
    def _quiet(self) -> "Any":
        span = self._library.quiet(self._library.api.INVALID_SPAN_CONTEXT)
        span.node = parent()
        return span

    def start_span(self, *_args: object, **_kwargs: object) -> "Any":
        """Begin nothing."""
        return self._quiet() or self._library.api.INVALID_SPAN

    def start_as_current_span(self, *_args: object, **_kwargs: object) -> "Any":
        """Make it current."""
        return self._library.api.use_span(self.start_span())


class _NoopTracer:
    """The attribute of a ProxyTracer that it falls back to."""

    def __init__(self, library: _Library, recorded_by_us: "tuple[str, ...]") -> None:
        self._library = library
        self._recorded_by_us = recorded_by_us

    def __get__(self, proxy: "Any", owner: "Any" = None) -> "Any":
        if proxy is None:
            return self
        chosen = self._choose(proxy.__dict__) if live.trace.recording else None
        return proxy.__dict__[_NOOP] if chosen is None else chosen

    def __set__(self, proxy: "Any", value: "Any") -> None:
        proxy.__dict__[_NOOP] = value

    @guarded(PART)
    def _choose(self, attributes: "dict[str, Any]") -> "Any":
        tracer = attributes.get(_TRACER)
        if tracer is None:
            scope = attempt(str, attributes.get("_instrumenting_module_name"), "")
            tracer = _Silent(self._library) if scope.startswith(self._recorded_by_us) else _Tracer(self._library, scope)
            attributes[_TRACER] = tracer
        return tracer


def _getting(library: _Library) -> "Callable[..., Any]":
    """Return get_value as get_current_span calls it: where there is no span, what stands for one."""
    plain = library.get_value

    def xray_instrument_get_value(key: str, context: "Any" = None) -> "Any":
        found = plain(key, context)
        return library.stand_in(context) if found is None else found

    setattr(xray_instrument_get_value, _PLAIN, plain)
    return xray_instrument_get_value


def apply(api: "ModuleType", *, botocore: bool) -> None:
    """Hang ourselves into the API.

    Args:
        api: the module opentelemetry.trace.
        botocore: AWS calls are recorded by us.
    """
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        debug("opentelemetry is imported; OTEL_SDK_DISABLED: its spans are not recorded")
        return
    if _NOOP in vars(api.ProxyTracer):
        return  # the same classes, loaded anew by somebody who keeps the modules
    propagation: "Any" = sys.modules["opentelemetry.trace.propagation"]
    propagation.get_value = getattr(propagation.get_value, _PLAIN, propagation.get_value)
    library = _Library(api, propagation)
    api.ProxyTracer._noop_tracer = _NoopTracer(library, _RECORDED_BY_US if botocore else ())  # noqa: SLF001
    propagation.get_value = _getting(library)
    live.also_open = library.innermost
    debug("opentelemetry is imported: its spans are in the same tree until the function sets a tracer provider")
