"""One sampled invocation: its root subsegment from begin to end, and what is known about it."""

from . import triggers
from .context import live
from .model import Subsegment, Trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .emitter import Emitter
    from .header import TraceHeader
    from .model import Document
    from .recorder import Recorder

# metadata.lambda: what the environment says of the function. Log stream and group change with a restore, so
# they are read for each environment's invocations, not at import.
_FROM_ENVIRONMENT = (
    ("function_name", "AWS_LAMBDA_FUNCTION_NAME"),
    ("function_version", "AWS_LAMBDA_FUNCTION_VERSION"),
    ("memory_limit_mb", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
    ("log_group", "AWS_LAMBDA_LOG_GROUP_NAME"),
    ("log_stream", "AWS_LAMBDA_LOG_STREAM_NAME"),
)


def environment_facts(environ: "Mapping[str, str]") -> "Document":
    """Return what the environment's variables say of the function, the memory limit as a number."""
    facts: "Document" = {name: environ[variable] for name, variable in _FROM_ENVIRONMENT if variable in environ}
    memory = facts.get("memory_limit_mb", "")
    if memory.isdigit():
        facts["memory_limit_mb"] = int(memory)
    return facts


class Invocation(Trace):
    """The recording of one invocation.

    Attributes:
        header: the trace header that came with it; outgoing calls carry it on.
        deadline: seconds since the epoch at which Lambda kills the process; 0 when unknown.
        told_deadline: the watcher has sent the deadline's subsegment.
    """

    __slots__ = ("_emitter", "_event", "_facts", "_sent_start", "deadline", "header", "told_deadline")

    def __init__(self, header: "TraceHeader", name: str, recorder: "Recorder", emitter: "Emitter") -> None:
        super().__init__(self._send)
        self._emitter = emitter
        self._event: "Document" = {}
        self._sent_start = False
        self.trace_id = header.root
        self.header = header
        self.deadline = 0.0
        self.told_deadline = False
        self.root = Subsegment(name, recorder.new_id(), recorder.clock(), self)
        self.root.parent_id = header.parent

    def describe(self, request: "Any", facts: "Document", *, cold_start: bool) -> None:
        """Take in what is known before the event is.

        Args:
            request: what the runtime client was told; every attribute may be missing in an old client.
            facts: what the environment says of the function.
            cold_start: whether the caller waited for an initialization.
        """
        told = request.__dict__
        self.deadline = int(told.get("deadline_time_in_ms") or 0) / 1000
        about = dict(facts)
        for name, attribute in (("request_id", "invoke_id"), ("function_arn", "invoked_function_arn")):
            if told.get(attribute):
                about[name] = told[attribute]
        annotations: "Document" = {"cold_start": cold_start}
        if told.get("tenant_id"):
            annotations["tenant_id"] = told["tenant_id"]
        self.root.fields = {"annotations": annotations, "metadata": {"lambda": about}}

    def saw_event(self, event: "Any") -> None:
        """Name the trigger, and send the root as in progress: from here on a kill leaves evidence."""
        fields = self.root.fields
        fields["annotations"]["trigger"] = triggers.trigger(event)
        found = triggers.batch(event)
        if found:
            fields["metadata"]["lambda"].update(found)
        self.announce(self.root)

    def announce(self, subsegment: Subsegment) -> None:
        """Send an open subsegment as in progress, once."""
        if subsegment.announced or subsegment.end_time is not None:
            return
        subsegment.announced = True
        self._send(subsegment)

    def end(self, end_time: float, cause: "Document | None" = None) -> None:
        """Close the root with its fault, if any, and send it; calls still open are sent as in progress before."""
        if self.open:
            for still_open in list(self.open.values()):
                self.announce(still_open)
        root = self.root
        root.end_time = end_time
        if cause is not None:
            root.fields.update(fault=True, cause=cause)
        if self.lost:
            root.fields["metadata"].setdefault("xray_instrument", {})["lost"] = dict(self.lost)
        self._send(root)

    def tell_deadline(self, remaining: float, at: float, stack: "Document", recorder: "Recorder") -> None:
        """Send what is open and, as a child of the root, that the deadline is near and where the function hangs.

        X-Ray takes one in-progress and one complete document for an id, and the root's complete one may still
        come: so the deadline is a small complete subsegment of its own.
        """
        self.told_deadline = True
        for still_open in list(self.open.values()):
            self.announce(still_open)
        told = Subsegment("Deadline", recorder.new_id(), at, self)
        told.parent_id = self.root.id
        told.end_time = at + max(remaining, 0.0)
        live.load("causes")
        from . import causes  # noqa: PLC0415  (needed for failures only)

        message = f"still running {remaining * 1000:.0f} ms before the function's deadline; this is where"
        cause = causes.from_report("Timeout", message)
        cause["exceptions"][0].update(stack)
        told.fields = {"fault": True, "cause": cause}
        self._send(told)

    def _send(self, subsegment: Subsegment) -> None:
        reason = self._emitter.emit(subsegment)
        if reason:
            self.lost[reason] = self.lost.get(reason, 0) + 1
