"""AWS calls, through botocore's own events: one subsegment for each API call, no method wrapped.

Two handlers are appended to botocore.handlers.BUILTIN_HANDLERS, so that every session of whichever copy of
botocore the function imports has them, aiobotocore's too; the others are registered with a client at its first
recorded call, so that a process that is not sampled pays for two. The order of events in one call:

    before-parameter-build   the call's parameters, as the function gave them
    before-call              begin; the trace header gets this subsegment as Parent (before signing)
    request-created          another attempt begins (only for clients that have had to retry)
    needs-retry              an attempt has ended
    after-call               end: a response, also when it is an error
    after-call-error         end: no response at all

A call that fails validation, a presigned URL and a stubbed client send nothing: no before-call, no
subsegment. A call cancelled or interrupted has no last event: `Call` notices when botocore lets go of it.

The functions that botocore calls do nothing but ask whether there is something to record, because they run in
unsampled invocations too (measured: 0.3 us each, and as much again for botocore to call them); what they
then call is guarded.
"""

import sys
from _thread import allocate_lock

from .. import causes
from ..context import current, enter, live, parent
from ..guard import guarded
from ..header import NAME as TRACE_HEADER
from ..invocation import Invocation
from ..model import Subsegment
from ..recorder import recorder
from .aws_errors import flags
from .aws_resources import Operation, describe_response
from .tracers import XRAY_SDK, other_tracer, replace, replaceable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from ..model import Document
    from ..settings import Settings

_CALL = "xray_instrument"
_FOLLOW = "_xray_instrument_follows"
_FOLLOW_ATTEMPTS = "_xray_instrument_follows_attempts"
_registering = allocate_lock()
_operations: "dict[tuple[str, str], Operation]" = {}
_capture_keys = False


class EndedCall:
    """An API call, kept in botocore's own context of the request.

    Attributes:
        subsegment: open until the last event.
        attempts: those that have failed, and the one after them that has not: start, end, status, error, exception.
        attempt_start: when the attempt under way began, seconds since the epoch; 0 when that is not known.
    """

    __slots__ = ("attempt_start", "attempts", "operation", "subsegment")

    def __init__(self, subsegment: Subsegment, operation: Operation) -> None:
        self.subsegment = subsegment
        self.operation = operation
        self.attempts: "list[tuple[float, float, Any, Any, Any]]" = []
        self.attempt_start = subsegment.start_time


class Call(EndedCall):
    """A call under way. At its end it becomes an EndedCall: no code of ours runs when botocore lets go of that.

    Python looks for signals when a function is entered, and what a signal handler raises in a __del__ is lost: a
    function's timeout would be, now and then, with each call that has ended well.
    """

    __slots__ = ()

    def __del__(self) -> None:
        if self.subsegment.end_time is None:
            _abandoned(self)


def _before_parameters(params: "Any" = None, context: "Any" = None, **_: object) -> None:
    if live.trace.recording and context is not None:
        context[_CALL] = params


def _before_call(
    model: "Any" = None, params: "Any" = None, request_signer: "Any" = None, context: "Any" = None, **_: object
) -> None:
    if live.trace.recording and context is not None:
        _begin(model, params, request_signer, context)


def _request_created(request: "Any" = None, **_: object) -> None:
    call = getattr(request, "context", {}).get(_CALL)
    if call.__class__ is Call and call.attempts:
        call.attempt_start = recorder.clock()


def _needs_retry(
    response: "Any" = None,
    endpoint: "Any" = None,
    caught_exception: "Any" = None,
    request_dict: "Any" = None,
    **_: object,
) -> None:
    if live.trace.recording and request_dict is not None:
        call = request_dict["context"].get(_CALL)
        if call.__class__ is Call and (call.attempts or response is None or response[0].status_code >= 300):
            _attempt_ended(call, response, caught_exception, endpoint)


def _after_call(http_response: "Any" = None, parsed: "Any" = None, context: "Any" = None, **_: object) -> None:
    call = context.pop(_CALL, None) if context is not None else None
    if call.__class__ is Call:
        _answered(call, http_response, parsed, context.get("error_code_override"))


def _after_call_error(exception: "Any" = None, context: "Any" = None, **_: object) -> None:
    call = context.pop(_CALL, None) if context is not None else None
    if call.__class__ is Call:
        _failed(call, exception)


def _follow(emitter: "Any") -> None:
    """Have a client tell us the rest of its calls: from its first one that is recorded, not before."""
    with _registering:  # another thread's first call waits until all are registered: else its end would not be told
        if _FOLLOW in emitter.__dict__:
            return
        for event, handler in (
            ("needs-retry", _needs_retry),
            ("after-call", _after_call),
            ("after-call-error", _after_call_error),
        ):
            emitter.register(event, handler)
        emitter.__dict__[_FOLLOW] = True


@guarded("botocore")
def _begin(model: "Any", params: "dict[str, Any]", request_signer: "Any", context: "dict[str, Any]") -> None:
    given = context.pop(_CALL, None)
    tracer = other_tracer(request_signer.__class__)
    if tracer and (tracer != XRAY_SDK or not replaceable(current())):
        return
    emitter = request_signer._event_emitter  # noqa: SLF001  (botocore's signers have had it since 2014)
    if _FOLLOW not in emitter.__dict__:
        _follow(emitter)
    key = (model.service_model.service_name, model.name)
    operation = _operations.get(key)
    if operation is None:
        operation = _operations[key] = Operation(model, capture_keys=_capture_keys)
    above = parent()
    while above.leaf and above.end_time is None and above.parent is not None and not _inside_a_call():
        above = above.parent
        enter(above)
    subsegment = replace(current(), operation.service) if tracer else recorder.begin(operation.service, leaf=True)
    subsegment.fields = {
        "namespace": "aws",
        "aws": operation.describe(given if given.__class__ is dict else {}, context.get("client_region")),
    }
    context[_CALL] = Call(subsegment, operation)
    if subsegment.trace.__class__ is Invocation:
        _propagate(params["headers"], subsegment.trace, subsegment.id)


def _inside_a_call() -> bool:
    """Whether the call that begins is made by another one (for credentials, say), which is still on the stack.

    Else the other one has been cancelled or interrupted, and only its exception keeps it: that of
    `except TimeoutError:`, in which the function makes another call instead.
    """
    frame: "Any" = sys._getframe(1)  # noqa: SLF001
    calls = 0
    while frame is not None:
        calls += frame.f_code.co_name == "_make_api_call"
        frame = frame.f_back
    return calls > 1


def _propagate(headers: "Any", invocation: Invocation, subsegment_id: str) -> None:
    """Put this call's id into the one trace header, where botocore has put the function's own."""
    name = TRACE_HEADER
    if name not in headers:  # the function's own code may spell it otherwise
        name = next((other for other in headers if other.lower() == "x-amzn-trace-id"), name)
    sent = headers.get(name)
    if sent is not None and invocation.header.root not in sent:
        return  # the function's own code has set another trace's
    headers[name] = invocation.header.for_call(subsegment_id, sent)


@guarded("botocore")
def _attempt_ended(call: Call, response: "Any", exception: "BaseException | None", endpoint: "Any") -> None:
    """Note an attempt that has failed, or the first that has not after others that have."""
    now = recorder.clock()
    status = response[0].status_code if response is not None else None
    error = response[1].get("Error") if response is not None else None
    call.attempts.append((call.attempt_start, now, status, error, exception))
    call.attempt_start = 0.0
    # From now on, this client's attempts are timed from their begin too.
    emitter = endpoint._event_emitter  # noqa: SLF001
    mine = object()
    if emitter.__dict__.setdefault(_FOLLOW_ATTEMPTS, mine) is mine:
        emitter.register("request-created", _request_created)


@guarded("botocore")
def _answered(call: Call, http_response: "Any", parsed: "Any", code_override: "str | None") -> None:
    if type(getattr(http_response, "raw", None)).__module__ == "s3transfer.crt":
        # With the CRT, s3transfer calls the client only to have a request made, and answers itself; what the CRT then does
        # passes botocore by.
        recorder.drop(call.subsegment)
        call.__class__ = EndedCall  # type: ignore[assignment]
        return
    status = getattr(http_response, "status_code", None)
    fields = call.subsegment.fields
    aws = fields["aws"]
    metadata = parsed.get("ResponseMetadata") or {}
    response: "Document" = {"status": status}
    length = str((metadata.get("HTTPHeaders") or {}).get("content-length", ""))  # a number in an answer that is made up
    if length.isdigit():
        response["content_length"] = int(length)
    fields["http"] = {"response": response}
    if "RequestId" in metadata:
        aws["request_id"] = metadata["RequestId"]
    if "HostId" in metadata:
        aws["id_2"] = metadata["HostId"]
    if status is not None and status >= 300 and status != 304:  # "not modified" is what the function asked to hear
        error = parsed.get("Error") or {}
        code = code_override or str(error.get("Code", status))
        fields.update(flags(status, code))
        fields["cause"] = causes.from_service(code, str(error.get("Message", "")), _emitting())
    elif call.operation.answers:
        describe_response(call.operation, parsed, aws)
    _finish(call, metadata.get("RetryAttempts") or 0)


@guarded("botocore")
def _failed(call: Call, exception: BaseException) -> None:
    if not call.attempts or call.attempts[-1][4] is not exception:
        # In legacy mode botocore's own retry handler has raised it, and nobody after that one was asked.
        now = recorder.clock()
        call.attempts.append((call.attempt_start, now, None, None, exception))
    # The traceback begins in the frame of botocore that emits the event, so what called that comes before.
    outermost = exception.__traceback__.tb_frame if exception.__traceback__ else None
    frame = _emitting()
    while frame is not None and frame is not outermost:
        frame = frame.f_back
    call.subsegment.fields["fault"] = True
    call.subsegment.fields["cause"] = causes.from_exception(exception, callers=frame and frame.f_back)
    _finish(call, len(call.attempts) - 1)


_EMITTING = ("_answered", "_failed", "_after_call", "_after_call_error", "xray_instrument_guarded", "emit", "_emit")


def _emitting() -> "Any":
    """Return the frame of botocore that emitted the event being handled: for an error, the one that raises it."""
    frame: "Any" = sys._getframe(1)  # noqa: SLF001
    while frame.f_back is not None and frame.f_code.co_name in _EMITTING:
        frame = frame.f_back
    return frame


@guarded("botocore")
def _abandoned(call: Call) -> None:
    """botocore has let go of a call without its last event reaching us."""
    reason = "the call ended without a result: cancelled, interrupted, or an event handler of the function's own failed"
    call.subsegment.fields["fault"] = True
    call.subsegment.fields["cause"] = causes.from_report("NoResult", reason)
    if call.attempts and call.attempt_start:
        call.attempts.append((call.attempt_start, recorder.clock(), None, None, None))
    _finish(call, len(call.attempts) - 1)


def _finish(call: Call, retries: int) -> None:
    """End the subsegment; one that needed retries gets a child for each attempt.

    Those have no namespace: X-Ray's map would count each of them as a call of its own.
    """
    subsegment = call.subsegment
    subsegment.fields["aws"]["retries"] = max(retries, 0)
    if len(call.attempts) > 1:
        subsegment.children = [_attempt(call, number) for number in range(len(call.attempts))]
    recorder.end(subsegment)
    call.__class__ = EndedCall  # type: ignore[assignment]


def _attempt(call: Call, number: int) -> Subsegment:
    start, end, status, error, exception = call.attempts[number]
    attempt = Subsegment(f"Attempt #{number + 1}", recorder.new_id(), start or end, call.subsegment.trace)
    attempt.end_time = end
    if status is None:
        known = exception is not None
        cause = causes.from_exception(exception) if known else causes.from_report("NoResponse", "no response")
        attempt.fields = {"fault": True, "cause": cause}
        return attempt
    attempt.fields = {"http": {"response": {"status": status}}}
    if error and status >= 300:
        code = str(error.get("Code", status))
        attempt.fields.update(flags(status, code))
        attempt.fields["cause"] = causes.from_report(code, str(error.get("Message", "")))
    return attempt


def apply(handlers: "ModuleType", settings: "Settings") -> None:
    """Have every session made from now on call us.

    Args:
        handlers: the module botocore.handlers.
    """
    global _capture_keys  # noqa: PLW0603
    _capture_keys = "object_keys" in settings.capture
    causes.capture_urls = "message_urls" in settings.capture
    handlers.BUILTIN_HANDLERS.extend(
        [
            ("before-parameter-build", _before_parameters),
            ("before-call", _before_call),
        ]
    )
