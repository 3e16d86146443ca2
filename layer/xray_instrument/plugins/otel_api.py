"""OpenTelemetry's API in our tree: its spans are subsegments where the function has no tracer provider of its own.

The API keeps a place for that. Until a provider is set, get_tracer gives a ProxyTracer, which asks at each span whether one
is set by now, and else uses its attribute `_noop_tracer` (opentelemetry.trace, 1.0 to the newest). That attribute is a
descriptor of ours: our tracer while something is recorded, else the API's own, which records nothing. No provider is ever set
by us: one that the function sets, an SDK's, ADOT's, OTEL_PYTHON_TRACER_PROVIDER's, wins from that moment on.

Nothing else happens at the import: what spans need (otel_tracer.py) is loaded when one meets something that is recorded.

OpenTelemetry has a context of its own for the span that is current. It stays the truth about its spans: ours ask it
(live.also_open), and the innermost of what both have open is what things hang below. Where it has no span, the
API is given what is open here, so that propagators inject the right parent.
"""

import os
import sys

from ..context import live
from ..guard import attempt, debug, guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from .otel_tracer import Library

# The part's name: its switch in the settings, and in the guard.
PART = "opentelemetry"
_SDK = "opentelemetry.sdk"
# A record of the logs' API takes the current span's ids; only an SDK sees them.
_ASK_FOR_AN_SDK = (_SDK, "opentelemetry._logs")
# Reads the trace from the environment where it is told that no span is current.
_LAMBDA_PROPAGATOR = ("opentelemetry.propagators.aws.aws_xray_propagator", "extract")
_TRACER = "_xray_instrument_tracer"
_NOOP = "_noop_tracer"
_PLAIN = "_xray_instrument_plain"
# OpenTelemetry's instrumentations of what we record ourselves, and know more of.
_RECORDED_BY_US = ("opentelemetry.instrumentation.botocore", "opentelemetry.instrumentation.aiobotocore")


class _Copy:
    """One loaded copy of the API.

    Args:
        api: the module opentelemetry.trace.
        propagation: the module opentelemetry.trace.propagation.
    """

    def __init__(self, api: "ModuleType", propagation: "Any") -> None:
        self.api = api
        self.get_value: "Callable[..., Any]" = getattr(propagation.get_value, _PLAIN, propagation.get_value)
        self._key = propagation._SPAN_KEY  # noqa: SLF001  (get_current_span asks for it; there since 0.10)
        self._get_current: "Callable[[], Any]" = sys.modules["opentelemetry.context"].get_current
        self._library: "Library | None" = None

    def library(self) -> "Library":
        """Return what makes spans, loaded now if it is not there."""
        if self._library is None:
            live.load(PART)
            from .otel_tracer import Library  # noqa: PLC0415  (first needed by a span that is recorded)

            self._library = Library(self.api, self.get_value, self._key, self.is_bare)
            live.also_open = self._library.innermost
        return self._library

    def is_bare(self, context: "Any") -> bool:
        """Whether it is a context of nothing, which the function has made to say: no parent."""
        return context is not None and not context and context is not self._get_current()

    @guarded(PART)
    def stand_in(self, context: "Any") -> "Any":
        """Return what stands for a span where OpenTelemetry's context has none; None: nothing does."""
        trace = live.trace
        if not trace.recording or not trace.trace_id or self.api._TRACER_PROVIDER is not None:  # noqa: SLF001
            return None
        return None if self.is_bare(context) or _asked_by_an_sdk() else self.library().here()


def _asked_by_an_sdk() -> bool:
    """Whether an SDK asks, or what is to find a parent for its spans.

    A tracer provider that the function uses without setting it makes its own traces; log records and exemplars of metrics are the
    function's output, the same as without us where it has begun no span.
    """
    if _SDK not in sys.modules:
        return False
    frame: "Any" = sys._getframe(1)  # noqa: SLF001
    while frame is not None and frame.f_code.co_name != "get_current_span":
        frame = frame.f_back
    asking: "Any" = getattr(frame, "f_back", None)
    name = str(getattr(asking, "f_globals", {}).get("__name__"))
    return name.startswith(_ASK_FOR_AN_SDK) or (name, asking.f_code.co_name) == _LAMBDA_PROPAGATOR


class _NoopTracer:
    """The attribute of a ProxyTracer that it falls back to."""

    def __init__(self, copy: _Copy, recorded_by_us: "tuple[str, ...]") -> None:
        self._copy = copy
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
            tracer = self._copy.library().tracer(scope, silent=scope.startswith(self._recorded_by_us))
            attributes[_TRACER] = tracer
        return tracer


def _getting(copy: _Copy) -> "Callable[..., Any]":
    """Return get_value as get_current_span calls it: where there is no span, what stands for one."""
    plain = copy.get_value

    def xray_instrument_get_value(key: str, context: "Any" = None) -> "Any":
        found = plain(key, context)
        return copy.stand_in(context) if found is None else found

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
    copy = _Copy(api, propagation)
    api.ProxyTracer._noop_tracer = _NoopTracer(copy, _RECORDED_BY_US if botocore else ())  # noqa: SLF001
    propagation.get_value = _getting(copy)
    debug("opentelemetry is imported: its spans are in the same tree until the function sets a tracer provider")
