"""The X-Ray SDK's subsegments as nodes of our tree: begun when they are put below an entity, ended when they are closed."""

import sys
from _thread import _local

from ..context import inside, live, parent
from ..guard import guarded
from ..model import Subsegment, legal_name
from ..recorder import recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..model import Document, Trace

# On the SDK's stand-in of the Lambda segment: a Standing.
OURS = "_xray_instrument"
# In each thread: the entity that has just been closed, and that the SDK is about to take off its stack.
closing = _local()
# What a node says itself, or what is no part of a document.
_NOT_FIELDS = frozenset(
    (
        "id", "name", "start_time", "end_time", "in_progress", "parent_id", "trace_id", "type", "subsegments",
        "parent_segment", "sampled", "_origin_trace_header", "cause", "metadata",
    )
)  # fmt: skip
# Whose code is between botocore and us when the SDK's patch of http.client sees a request.
_BETWEEN = frozenset(("aws_xray_sdk", "http", "urllib3", "wrapt", "xray_instrument"))


def known() -> bool:
    """Whether the SDK's version is one that is followed. Before 2.7 its entities are no dictionaries (jsonpickle wrote them)."""
    entity: "Any" = sys.modules["aws_xray_sdk.core.models.entity"]
    return hasattr(entity.Entity, "to_dict")


class Standing:
    """What one of the SDK's stand-ins of the Lambda segment stands for. False, so that the SDK's to_dict passes it by.

    Attributes:
        trace: ours; None when nothing is recorded.
        recorder: the SDK's recorder in whose context it is.
        nodes: the open ones by id.
        exceptions: which exception of ours (id) is told in the place of one of the SDK's.
    """

    __slots__ = ("exceptions", "nodes", "recorder", "trace")

    def __init__(self, trace: "Trace | None", recorder: "Any" = None) -> None:
        self.trace = trace
        self.recorder = recorder
        self.nodes: "dict[str, SdkSubsegment]" = {}
        self.exceptions: "dict[str, str]" = {}

    def __bool__(self) -> bool:
        return False


def standing(facade: object) -> "Standing | None":
    """Return what a segment stands for, if it stands for one of ours."""
    found: "Standing | None" = getattr(facade, "__dict__", {}).get(OURS)
    return found


class SdkSubsegment(Subsegment):
    """A subsegment of the SDK's: a node in our tree, whose fields are those of the SDK's object.

    Attributes:
        entity: the SDK's subsegment.
        ours: we send it; False where an emitter of the function's own does, or where our record of an AWS call has
            taken its place.
        stand_in: that record.
    """

    __slots__ = ("entity", "ours", "stand_in")

    def __init__(self, entity: "Any", trace: "Trace") -> None:
        self.entity = entity
        self.ours = True
        self.stand_in: "Subsegment | None" = None
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
        elif cause:  # the id of an exception that was told further down
            fields["cause"] = entity.parent_segment.__dict__[OURS].exceptions.get(cause, cause)
        return fields

    @fields.setter
    def fields(self, value: "Document") -> None:
        """Nothing: they are the entity's."""

    def put(self, member: str, key: str, value: "Any") -> None:
        """Set it where the SDK keeps it."""
        getattr(self.entity, member)[key] = value


class Attribute:
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


class Ending(Attribute):
    """The same, told before it is set: where the stack is too short for that, nothing has happened yet, as without us."""

    def __set__(self, entity: "Any", value: "Any") -> None:
        self._observe(entity, value)
        entity.__dict__[self._name] = value


def trace_of(entity: "Any") -> "Trace | None":
    """Return the trace that an SDK subsegment belongs to, if that is one of ours."""
    stands_for = standing(entity.__dict__.get("parent_segment"))
    return None if stands_for is None else stands_for.trace


@guarded("aws_xray_sdk")
def put_below(entity: "Any", parent_id: "str | None") -> None:
    """Note that an SDK subsegment begins: it was put below the entity of that id."""
    trace = trace_of(entity)
    if parent_id is None or trace is None or trace is not live.trace or not trace.recording:
        return
    nodes = entity.parent_segment.__dict__[OURS].nodes
    if not entity.sampled or entity.id in nodes:
        return
    node = nodes[entity.id] = SdkSubsegment(entity, trace)
    above, named = parent(), trace.open.get(parent_id)
    if _by_hand():  # it is where the function has put it, and what begins later does not hang below it
        at_top = parent_id == entity.parent_segment.id
        recorder.begin_beside(node, named or (trace.root if at_top else above))
    else:  # where the SDK says it is, unless we know of something open inside that
        recorder.begin_below(node, above if named is None or inside(above, named) else named)
    if own_emitter(entity):
        node.ours, node.announced = False, True
        entity.__dict__["parent_id"] = node.parent_id
    elif above.leaf and above.end_time is None and (_below_a_call(entity) or _request_of(above, entity)):
        node.ours, node.announced = False, True


def _by_hand() -> bool:
    """Whether the function's own code puts a subsegment below an entity; a context that does makes it the open one, too."""
    frame: "Any" = sys._getframe(1)  # noqa: SLF001
    while frame is not None and frame.f_code.co_name != "add_subsegment":
        frame = frame.f_back
    while frame is not None and frame.f_code.co_name == "add_subsegment":
        frame = frame.f_back
    return frame is None or frame.f_code.co_name != "put_subsegment"


def _below_a_call(entity: "Any") -> bool:
    """Whether this is the SDK's record of what goes over the wire for a call of botocore's that we record.

    Its patch for PynamoDB is one of botocore's HTTP session, so that it also sees what botocore's clients send, and shows
    each call to DynamoDB twice.
    """
    frame: "Any" = sys._getframe(1) if entity.namespace == "aws" else None  # noqa: SLF001
    while frame is not None and frame.f_code.co_name not in ("_xray_traced_pynamodb", "_make_api_call"):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_name == "_xray_traced_pynamodb"


def _request_of(call: Subsegment, entity: "Any") -> bool:
    """Whether this is one of the four that the SDK's patch of http.client makes of each call of botocore's, through urllib3 1.x.

    Not where it has patched botocore, too, and our record of the call stands for its own: who asks for that
    (`patch_all(double_patch=True)`) wants both.
    """
    if entity.namespace != "remote" or call.id in entity.parent_segment.__dict__[OURS].nodes:
        return False
    frame: "Any" = sys._getframe(1)  # noqa: SLF001
    while frame is not None and _package(frame) in _BETWEEN:
        frame = frame.f_back
    return frame is not None and _package(frame) == "botocore"


def _package(frame: "Any") -> str:
    """Return the package whose code the frame runs."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


@guarded("aws_xray_sdk")
def closed(entity: "Any", in_progress: object) -> None:
    """Note that an SDK subsegment ends."""
    if in_progress is not False:
        return
    closing.entity = entity
    if trace_of(entity) is None:
        return
    node = entity.parent_segment.__dict__[OURS].nodes.pop(entity.id, None)
    if node is None:
        return
    node.name, node.start_time = legal_name(entity.name), entity.start_time
    if node.stand_in is not None:
        _same_exception(entity, node.stand_in)
    if node.ours:
        recorder.end(node, entity.__dict__.get("end_time"))
    else:
        recorder.drop(node)


def _same_exception(entity: "Any", stand_in: Subsegment) -> None:
    """Note whose exception is whose: what the exception passes through on its way up, refers to it by its id."""
    cause, told = entity.__dict__.get("cause"), stand_in.fields.get("cause")
    if isinstance(cause, dict) and told:
        known = entity.parent_segment.__dict__[OURS].exceptions
        known.update({exception.id: told["exceptions"][0]["id"] for exception in cause.get("exceptions", ())})


def own_emitter(entity: "Any") -> bool:
    """Whether the function has given an SDK subsegment's recorder an emitter of its own, which then must get everything."""
    core: "Any" = sys.modules.get("aws_xray_sdk.core")
    recorder = entity.parent_segment.__dict__[OURS].recorder or getattr(core, "xray_recorder", None)
    emitter = getattr(recorder, "emitter", None)
    udp: "Any" = sys.modules.get("aws_xray_sdk.core.emitters.udp_emitter")
    return emitter is not None and udp is not None and type(emitter) is not udp.UDPEmitter


def quiet(plain: "Any") -> "Any":
    """Return UDPEmitter.send_entity without what our own emitter sends."""

    def xray_instrument_send_entity(emitter: "Any", entity: "Any") -> None:
        if trace_of(entity) is None or own_emitter(entity):
            plain(emitter, entity)

    return xray_instrument_send_entity
