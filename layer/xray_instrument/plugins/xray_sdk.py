"""aws_xray_sdk in the same tree: what the function records with it nests among our own subsegments, both ways.

The SDK's functions stay what they are, with the frames that they have in tracebacks. Two attributes of its
Subsegment become descriptors: `parent_id`, which the SDK sets when a subsegment is put below an entity (begin),
and `in_progress`, which it sets to False when one is closed (end). Each SDK subsegment so gets a node of ours,
with the SDK's own id; the node is what is sent, so that it is also sent as in progress when it hangs, and cut
rather than lost when it is too large. The SDK's emitter keeps quiet about those.

The context that the SDK keeps in Lambda is made one for each thread and asyncio task (it is one for each thread,
so that concurrent tasks close each other's subsegments), and lasts for one invocation, or for the initialization.
What the SDK forbids on its stand-in of the Lambda segment is put on the invocation's root subsegment.

Left alone: entities below a segment that the function itself has begun, everything when unsampled, and emitters
of the function's own.
"""

import sys

from ..context import current, enter, live, parent
from ..guard import guarded
from ..model import Subsegment, legal_name
from ..recorder import recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from ..model import Document, Trace

# On the SDK's stand-in of the Lambda segment: the trace of ours that it stands for, and the open nodes by id.
_TRACE = "_xray_instrument_trace"
_NODES = "_xray_instrument_nodes"
# What a node says itself, or what is no part of a document.
_NOT_FIELDS = frozenset(
    (
        "id", "name", "start_time", "end_time", "in_progress", "parent_id", "trace_id", "type", "subsegments",
        "parent_segment", "sampled", "_origin_trace_header", "cause", "metadata",
    )
)  # fmt: skip
_NO_TRACE_ID = "1-00000000-000000000000000000000000"


class SdkSubsegment(Subsegment):
    """A subsegment of the SDK's: a node in our tree, whose fields are those of the SDK's object.

    Attributes:
        entity: the SDK's subsegment.
        ours: we send it; False where an emitter of the function's own does, or where our record of an AWS call has
            taken its place.
    """

    __slots__ = ("entity", "ours")

    def __init__(self, entity: "Any", trace: "Trace") -> None:
        self.entity = entity
        self.ours = True
        super().__init__(legal_name(entity.name), entity.id, entity.start_time, trace)

    @property
    def fields(self) -> "Document":
        """The rest of the document, as the SDK makes it (Entity.to_dict); while open, what is safe to read."""
        entity = self.entity
        told = {key: value for key, value in list(vars(entity).items()) if value is True or value is False or value}
        fields = {key: value for key, value in told.items() if key not in _NOT_FIELDS}
        if self.end_time is None:  # read by the watcher, while the function goes on writing
            return {key: value.copy() if isinstance(value, dict) else value for key, value in fields.items()}
        if "metadata" in told:
            converted = getattr(sys.modules.get("aws_xray_sdk.core.models.entity"), "metadata_to_dict", None)
            fields["metadata"] = converted(told["metadata"]) if converted else told["metadata"]
        cause = told.get("cause")
        if isinstance(cause, dict):
            exceptions = [exception.to_dict() for exception in cause.get("exceptions", ())]
            fields["cause"] = {"working_directory": cause.get("working_directory", ""), "exceptions": exceptions}
        elif cause:
            fields["cause"] = cause
        return fields

    @fields.setter
    def fields(self, value: "Document") -> None:
        """Nothing: they are the entity's."""


class _Attribute:
    """An attribute of the SDK's Subsegment that tells when it is set. It lives in the object's own dictionary."""

    def __init__(self, name: str, observe: "Any") -> None:
        self._name = name
        self._observe = observe

    def __get__(self, entity: "Any", owner: "Any" = None) -> "Any":
        if entity is None:
            return self
        try:
            return entity.__dict__[self._name]
        except KeyError:
            raise AttributeError(self._name) from None

    def __set__(self, entity: "Any", value: "Any") -> None:
        entity.__dict__[self._name] = value
        self._observe(entity, value)

    def __delete__(self, entity: "Any") -> None:
        del entity.__dict__[self._name]


def _trace_of(entity: "Any") -> "Trace | None":
    """Return the trace that an SDK subsegment belongs to, if that is one of ours."""
    return getattr(entity.__dict__.get("parent_segment"), "__dict__", {}).get(_TRACE)


@guarded("aws_xray_sdk")
def _put_below(entity: "Any", parent_id: "str | None") -> None:
    """Note that an SDK subsegment begins: it was put below the entity of that id."""
    trace = _trace_of(entity)
    if parent_id is None or trace is None or trace is not live.trace or not trace.recording:
        return
    nodes = entity.parent_segment.__dict__[_NODES]
    if not entity.sampled or entity.id in nodes:
        return
    node = nodes[entity.id] = SdkSubsegment(entity, trace)
    # Where the SDK says it is, unless we know of something open inside that.
    above, named = parent(), trace.open.get(parent_id)
    recorder.begin_below(node, above if named is None or _inside(above, named) else named)
    if _own_emitter():
        node.ours, node.announced = False, True
    entity.__dict__["parent_id"] = node.parent_id


def _inside(node: "Subsegment | None", outer: Subsegment) -> bool:
    while node is not None:
        if node is outer:
            return True
        node = node.parent
    return False


@guarded("aws_xray_sdk")
def _closed(entity: "Any", in_progress: object) -> None:
    """Note that an SDK subsegment ends."""
    if in_progress is not False or _trace_of(entity) is None:
        return
    node = entity.parent_segment.__dict__[_NODES].pop(entity.id, None)
    if node is None:
        return
    node.name, node.start_time = legal_name(entity.name), entity.start_time
    if node.ours:
        recorder.end(node, entity.__dict__.get("end_time"))
    else:
        recorder.drop(node)


def _own_emitter() -> bool:
    """Whether the function has given the recorder an emitter of its own, which then must get everything."""
    core: "Any" = sys.modules.get("aws_xray_sdk.core")
    emitter = getattr(getattr(core, "xray_recorder", None), "emitter", None)
    udp: "Any" = sys.modules.get("aws_xray_sdk.core.emitters.udp_emitter")
    return emitter is not None and udp is not None and type(emitter) is not udp.UDPEmitter


def _facade(trace: "Trace", models: "ModuleType") -> "Any":
    """Make the SDK's stand-in of the Lambda segment, for a trace of ours."""
    facade = models.FacadeSegment("facade", trace.main().parent_id or trace.main().id, trace.trace_id or _NO_TRACE_ID, True)
    facade.__dict__.update({_TRACE: trace, _NODES: {}})
    return facade


class _Entities(list):  # type: ignore[type-arg]
    """The SDK's stack of open entities as it is in this thread or task: a change is made in the context, not in place."""

    def __init__(self, items: "Any", put: "Any") -> None:
        list.__init__(self, items)
        self._put = put

    def append(self, entity: "Any") -> None:
        list.append(self, entity)
        self._put(tuple(self))

    def pop(self, index: "Any" = -1) -> "Any":
        entity = list.pop(self, index)
        self._put(tuple(self))
        return entity


class ContextLocal:
    """What the SDK keeps in a threading.local: one for each thread, and for each asyncio task, which inherits it."""

    __slots__ = ("_variable",)

    def __init__(self) -> None:
        from _contextvars import ContextVar  # noqa: PLC0415  (not contextvars: half the cost)

        object.__setattr__(self, "_variable", ContextVar("aws_xray_sdk", default=None))

    def __getattr__(self, name: str) -> "Any":
        state = object.__getattribute__(self, "_variable").get()
        if state is None or name not in state:
            raise AttributeError(name)
        value = state[name]
        return _Entities(value, lambda items: setattr(self, name, items)) if name == "entities" else value

    def __setattr__(self, name: str, value: "Any") -> None:
        variable = object.__getattribute__(self, "_variable")
        variable.set({**(variable.get() or {}), name: tuple(value) if name == "entities" else value})
        if name == "entities" and value:
            _stands_in(value[-1])

    @property
    def __dict__(self) -> "Any":  # type: ignore[override]
        """What the SDK clears."""
        return _Clearing(object.__getattribute__(self, "_variable"))


@guarded("aws_xray_sdk")
def _stands_in(entity: "Any") -> None:
    """Follow the SDK where its function is told which entity is open here: set_trace_entity, in threads above all."""
    facade = entity.__dict__.get("parent_segment", entity)
    trace = facade.__dict__.get(_TRACE)
    if trace is None or trace is not live.trace:
        return
    node = trace.main() if facade is entity else facade.__dict__[_NODES].get(entity.id)
    if node is not None and not _inside(current(), node):
        enter(node)


class _Clearing:
    def __init__(self, variable: "Any") -> None:
        self._variable = variable

    def clear(self) -> None:
        self._variable.set(None)


class _Local:
    """The attribute `_local` of the SDK's LambdaContext."""

    def __get__(self, context: "Any", owner: "Any" = None) -> "Any":
        if context is None:
            return self
        mine = context.__dict__.get("_local")
        if mine.__class__ is not ContextLocal:
            mine = context.__dict__["_local"] = ContextLocal()
        return mine

    def __set__(self, context: "Any", value: "Any") -> None:
        context.__dict__["_local"] = ContextLocal()


class _Missing:
    """`handle_context_missing` of contexts other than Lambda's: with a trace of ours there is a segment after all."""

    def __init__(self, plain: "Any", models: "ModuleType") -> None:
        self._plain = plain
        self._models = models

    def __get__(self, context: "Any", owner: "Any" = None) -> "Any":
        if context is not None and live.trace.recording:
            facade = self._found(context)
            if facade is not None:
                return lambda: facade
        return self._plain.__get__(context, owner)

    @guarded("aws_xray_sdk")
    def _found(self, context: "Any") -> "Any":
        facade = getattr(context._local, "segment", None)  # noqa: SLF001
        if getattr(facade, "__dict__", {}).get(_TRACE) is not live.trace:
            facade = _facade(live.trace, self._models)
        for _ in range(2):
            context._local.entities = []  # noqa: SLF001
            context._local.segment = facade  # noqa: SLF001
            if isinstance(getattr(context._local, "entities", None), list):  # noqa: SLF001
                return facade
            context._local = ContextLocal()  # AsyncContext keeps nothing outside a task  # noqa: SLF001
        return None


def _refreshing(plain: "Any", models: "ModuleType", config: "Any") -> "Any":
    """Return LambdaContext._refresh_context with the trace that is being recorded in the place of the header's."""

    def xray_instrument_refresh_context(context: "Any") -> None:
        trace = live.trace
        if not trace.recording or not config.sdk_enabled():
            plain(context)
            return
        local = context._local  # noqa: SLF001
        segment = getattr(local, "segment", None)
        of = getattr(segment, "__dict__", {}).get(_TRACE)
        if of is not trace and (segment is None or of is not None or not _user_made(segment, trace)):
            facade = _facade(trace, models)
            header = getattr(trace, "header", None)
            if header is not None:
                facade.save_origin_trace_header(models.TraceHeader.from_header_str(header.text))
            local.segment = facade
            local.entities = ()

    return xray_instrument_refresh_context


def _user_made(segment: "Any", trace: "Trace") -> bool:
    """Whether a segment that was put into the context is one that the function began in this trace."""
    return type(segment).__name__ == "Segment" and segment.trace_id == trace.trace_id


def _on_root(apply: "Any") -> "Any":
    """Return a method of FacadeSegment that puts on the root subsegment what the SDK cannot put on Lambda's segment."""

    def xray_instrument_on_root(segment: "Any", *args: "Any", **kwargs: "Any") -> None:
        apply(segment, *args, **kwargs)  # the SDK's own, with its checks and warnings; it keeps the value on the segment
        trace = segment.__dict__.get(_TRACE)
        if trace is not None:
            guarded("aws_xray_sdk")(_copy_to_root)(segment.__dict__, trace.main().fields)

    return xray_instrument_on_root


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


def _quiet(plain: "Any") -> "Any":
    """Return UDPEmitter.send_entity without what our own emitter sends."""

    def xray_instrument_send_entity(emitter: "Any", entity: "Any") -> None:
        if _trace_of(entity) is None or _own_emitter():
            plain(emitter, entity)

    return xray_instrument_send_entity


def apply(_recorder_module: "ModuleType") -> None:
    """Hang ourselves into the SDK, before its recorder is made.

    Args:
        _recorder_module: aws_xray_sdk.core.recorder, which has loaded all the modules that are changed here.
    """
    modules: "dict[str, Any]" = sys.modules
    package = "aws_xray_sdk.core."
    subsegment = modules[package + "models.subsegment"].Subsegment
    entity = modules[package + "models.entity"].Entity
    segment = modules[package + "models.segment"].Segment
    launcher = modules[package + "lambda_launcher"]
    facade = launcher.FacadeSegment
    if "in_progress" in vars(subsegment):
        return  # the same classes, loaded anew by somebody who keeps the modules
    subsegment.parent_id = _Attribute("parent_id", _put_below)
    subsegment.in_progress = _Attribute("in_progress", _closed)
    launcher.LambdaContext._local = _Local()  # noqa: SLF001
    plain = launcher.LambdaContext._refresh_context  # noqa: SLF001
    launcher.LambdaContext._refresh_context = _refreshing(plain, launcher, launcher.global_sdk_config)  # noqa: SLF001
    context = modules[package + "context"].Context
    context.handle_context_missing = _Missing(context.handle_context_missing, launcher)
    for name in ("put_annotation", "put_metadata", "put_http_meta", "set_aws", "apply_status_code", "add_exception"):
        setattr(facade, name, _on_root(vars(entity)[name]))
    for name in ("add_throttle_flag", "add_fault_flag", "add_error_flag"):
        setattr(facade, name, _on_root(vars(entity)[name]))
    facade.set_user = _on_root(segment.set_user)
    udp = modules[package + "emitters.udp_emitter"].UDPEmitter
    udp.send_entity = _quiet(udp.send_entity)
