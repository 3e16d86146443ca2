"""aws_xray_sdk in the same tree: what the function records with it nests among our own subsegments, both ways.

The SDK's functions stay what they are, with the frames that they have in tracebacks. Two attributes of its
Subsegment become descriptors: `parent_id`, which the SDK sets when a subsegment is put below an entity (begin),
and `in_progress`, which it sets to False when one is closed (end). Each SDK subsegment so gets a node of ours,
with the SDK's own id; the node is what is sent, so that it is also sent as in progress when it hangs, and cut
rather than lost when it is too large. The SDK's emitter keeps quiet about those.

The context that the SDK keeps in Lambda is made one for each thread and asyncio task (it is one for each thread,
so that concurrent tasks close each other's subsegments), and lasts for one invocation, or for the initialization.
What the SDK forbids on its stand-in of the Lambda segment is put on the invocation's root subsegment.

Left alone: entities below a segment that the function itself has begun, everything when unsampled, emitters of the
function's own, and an SDK from before 2.7, whose AWS calls are its own, too (tracers.py).
"""

import os
import sys

from ..context import live
from ..guard import debug, guarded
from ..initialization import Initialization
from .xray_sdk_context import ContextLocal, Local
from .xray_sdk_entities import OURS, Attribute, Ending, Standing, closed, known, put_below, quiet, standing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from ..model import Document, Trace

# On a context: the function begins segments of its own in it.
_OWN_SEGMENTS = "_xray_instrument_own_segments"
# On a context: whose it is. One that no recorder has records nothing at module scope, as without us.
_HOLDER = "_xray_instrument_recorder"
# What the SDK's stand-in refuses.
_ON_ROOT = (
    "put_annotation", "put_metadata", "put_http_meta", "set_aws", "set_user", "apply_status_code", "add_exception",
    "add_throttle_flag", "add_fault_flag", "add_error_flag",
)  # fmt: skip


def _facade(trace: "Trace", models: "ModuleType", context: "Any") -> "Any":
    """Make the SDK's stand-in of the Lambda segment, for a trace of ours, in a context of the SDK's."""
    main, told = trace.main(), models.TraceHeader.from_header_str(os.environ.get("_X_AMZN_TRACE_ID"))
    # At module scope it is who it is without us, too, in the rare case that there is a header.
    above, trace_id = main.parent_id or told.parent or main.id, trace.trace_id or told.root or _unknown(models)
    facade = models.FacadeSegment("facade", above, trace_id, True)
    facade.__dict__[OURS] = Standing(trace, context.__dict__.get(_HOLDER))
    return facade


def _unknown(models: "ModuleType") -> str:
    """Return what the SDK has for a trace id where there is none: zeros, or random ones (before 2.14, AWS_XRAY_NOOP_ID)."""
    dummy: "Any" = getattr(models, "DummySegment", None)
    known: "Any" = sys.modules["aws_xray_sdk.core.models.traceid"]
    return str(dummy().trace_id if dummy else known.TraceId().to_id())


class _Chosen:
    """A method for which another one stands in where `choose` has one; else it is called as ever, with no frame of ours."""

    def __init__(self, plain: "Any", choose: "Callable[[Any], Any]") -> None:
        self._plain = plain
        self._choose = choose

    def __get__(self, instance: "Any", owner: "Any" = None) -> "Any":
        chosen = None if instance is None else self._choose(instance)
        return self._plain.__get__(instance, owner) if chosen is None else chosen


def _is_ours(trace: "Trace", context: "Any") -> bool:
    """Whether the SDK in this process would be in the trace that is recorded: it goes by the environment's header."""
    header = os.environ.get("_X_AMZN_TRACE_ID", "")
    if header:
        return trace.recording and trace.trace_id in header
    return trace.__class__ is Initialization and _HOLDER in context.__dict__


@guarded("aws_xray_sdk")
def _hold(recorder: "Any", context: "Any") -> None:
    """Note whose context this is."""
    context.__dict__[_HOLDER] = recorder


def _missing(models: "ModuleType") -> "Callable[[Any], Any]":
    """Return the choice for handle_context_missing of contexts other than Lambda's: a trace of ours is a segment after all.

    Not where the function begins segments of its own in that context: then it is its own affair when one is missing. Nor
    where it has taken away what tells the SDK that this is Lambda.
    """

    @guarded("aws_xray_sdk")
    def found(context: "Any") -> "Any":
        trace = live.trace
        if _OWN_SEGMENTS in context.__dict__ or not _is_ours(trace, context) or not os.environ.get("LAMBDA_TASK_ROOT"):
            return None
        facade = getattr(context._local, "segment", None)  # noqa: SLF001
        if getattr(standing(facade), "trace", None) is not trace:
            facade = _facade(trace, models, context)
        for _ in range(2):
            context._local.entities = []  # noqa: SLF001
            context._local.segment = facade  # noqa: SLF001
            if isinstance(getattr(context._local, "entities", None), list):  # noqa: SLF001
                return lambda: facade
            context._local = ContextLocal()  # AsyncContext keeps nothing outside a task  # noqa: SLF001
        return None

    return found


def _noting(put_segment: "Any") -> "Any":
    """Return Context.put_segment, which notes that the function begins segments of its own."""

    def xray_instrument_put_segment(context: "Any", segment: "Any") -> None:
        context.__dict__[_OWN_SEGMENTS] = True
        put_segment(context, segment)

    return xray_instrument_put_segment


def _refreshing(plain: "Any", models: "ModuleType", config: "Any") -> "Any":
    """Return LambdaContext._refresh_context with the trace that is being recorded in the place of the header's."""

    def xray_instrument_refresh_context(context: "Any") -> None:
        trace = live.trace
        if not _is_ours(trace, context) or not config.sdk_enabled():
            plain(context)
            segment = getattr(context._local, "segment", None)  # noqa: SLF001
            if isinstance(segment, models.FacadeSegment) and not segment.sampled:
                segment.__dict__.setdefault(OURS, Standing(None))
            return
        local = context._local  # noqa: SLF001
        segment = getattr(local, "segment", None)
        if getattr(standing(segment), "trace", None) is trace or _user_made(segment, trace):
            return
        facade = _facade(trace, models, context)
        facade.save_origin_trace_header(models.TraceHeader.from_header_str(os.environ.get("_X_AMZN_TRACE_ID")))
        local.segment = facade
        local.entities = ()

    return xray_instrument_refresh_context


def _user_made(segment: "Any", trace: "Trace") -> bool:
    """Whether a segment that was put into the context is one that the function began in this trace."""
    return type(segment).__name__ == "Segment" and segment.trace_id == trace.trace_id


def _on_root(apply: "Any") -> "Callable[[Any], Any]":
    """Return the choice for a method of FacadeSegment: the root subsegment takes what the SDK cannot put on Lambda's segment.

    When the invocation is not sampled, nobody takes it: a function must not fail for that alone.
    """

    def chosen(segment: "Any") -> "Any":
        stands_for = standing(segment)
        if stands_for is None:
            return None
        trace = stands_for.trace

        def xray_instrument_on_root(*args: "Any", **kwargs: "Any") -> None:
            apply(segment, *args, **kwargs)  # the SDK's own, with its checks and warnings; it keeps the value on the segment
            if trace is not None:
                guarded("aws_xray_sdk")(_copy_to_root)(segment.__dict__, trace.main().fields)

        return xray_instrument_on_root

    return chosen


def apply_headers(util: "ModuleType") -> None:
    """Keep the SDK from sending a trace header while no trace is known: as without us, where it records nothing then.

    Args:
        util: aws_xray_sdk.ext.util, whose function all its patches import.
    """
    plain: "Callable[[Any, Any], None]" = util.inject_trace_header

    def inject_trace_header(headers: "Any", entity: "Any") -> None:
        trace = getattr(standing(getattr(entity, "parent_segment", entity)), "trace", None)
        if trace is None or trace.trace_id:
            plain(headers, entity)

    if plain.__module__ == util.__name__:  # else the same module, loaded anew by somebody who keeps its functions
        util.inject_trace_header = inject_trace_header  # type: ignore[attr-defined]


def _copy_to_root(told: "dict[str, Any]", fields: "Document") -> None:
    """Merge what a stand-in was told into the root's fields; X-Ray knows users of segments only, so one is an annotation too."""
    for name in ("annotations", "metadata", "http", "aws"):
        for key, value in told.get(name, {}).items():
            before = fields.setdefault(name, {}).get(key)
            fields[name][key] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
    for flag in ("error", "fault", "throttle"):
        if told.get(flag):
            fields[flag] = True
    if told.get("user") is not None:
        fields["user"] = told["user"]
        fields.setdefault("annotations", {}).setdefault("user", told["user"])
    cause = told.get("cause")
    if isinstance(cause, dict) and cause:
        exceptions = [exception.to_dict() for exception in cause.get("exceptions", ())]
        fields["cause"] = {"working_directory": cause.get("working_directory", ""), "exceptions": exceptions}


def apply(recorder_module: "ModuleType") -> None:
    """Hang ourselves into the SDK, before its recorder is made.

    Args:
        recorder_module: aws_xray_sdk.core.recorder, which has loaded all the modules that are changed here.
    """
    if not known():
        debug("aws_xray_sdk is imported, and left alone: it is older than 2.7")
        return
    modules: "dict[str, Any]" = sys.modules
    package = "aws_xray_sdk.core."
    subsegment = modules[package + "models.subsegment"].Subsegment
    entity = modules[package + "models.entity"].Entity
    segment = modules[package + "models.segment"].Segment
    launcher = modules[package + "lambda_launcher"]
    facade = launcher.FacadeSegment
    if "in_progress" in vars(subsegment):
        return  # the same classes, loaded anew by somebody who keeps the modules
    recorder_module.AWSXRayRecorder._context = Attribute("_context", _hold)  # noqa: SLF001
    subsegment.parent_id = Attribute("parent_id", put_below)
    subsegment.in_progress = Ending("in_progress", closed)
    launcher.LambdaContext._local = Local()  # noqa: SLF001
    plain = launcher.LambdaContext._refresh_context  # noqa: SLF001
    launcher.LambdaContext._refresh_context = _refreshing(plain, launcher, launcher.global_sdk_config)  # noqa: SLF001
    context = modules[package + "context"].Context
    context.handle_context_missing = _Chosen(context.handle_context_missing, _missing(launcher))
    context.put_segment = _noting(context.put_segment)
    for name in _ON_ROOT:
        owner = segment if name == "set_user" else entity
        setattr(facade, name, _Chosen(vars(facade)[name], _on_root(vars(owner)[name])))
    udp = modules[package + "emitters.udp_emitter"].UDPEmitter
    udp.send_entity = quiet(udp.send_entity)
    debug("aws_xray_sdk is imported: its subsegments are in the same tree")
