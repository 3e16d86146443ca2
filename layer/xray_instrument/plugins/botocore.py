"""AWS calls, through botocore's own events: one subsegment for each API call, no method wrapped.

Handlers are appended to botocore.handlers.BUILTIN_HANDLERS, so that every session of whichever copy of botocore
the function imports has them, aiobotocore's too. The order of events in one call:

    before-parameter-build   the call's parameters, as the function gave them
    before-call              begin; the trace header gets this subsegment as Parent (before signing)
    request-created          an attempt begins
    response-received        the attempt has ended
    after-call               end: a response, also when it is an error
    after-call-error         end: no response at all

A call that fails validation, a presigned URL and a stubbed client send nothing: no before-call, no
subsegment. A call cancelled or interrupted has no last event: `Call` notices when botocore lets go of it.
"""

import sys

from .. import causes
from ..context import live
from ..guard import guarded
from ..header import NAME as TRACE_HEADER
from ..invocation import Invocation
from ..recorder import recorder
from .aws_errors import flags
from .aws_resources import Operation, describe_response
from .tracers import other_tracer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from ..model import Document, Subsegment
    from ..settings import Settings

_CALL = "xray_instrument"
_operations: "dict[tuple[str, str], Operation]" = {}
_capture_keys = False


class Call:
    """An API call under way, kept in botocore's own context of the request.

    Attributes:
        subsegment: open until the last event.
        attempts: for each one begun: start and, when it has ended, end, status, error code and exception.
    """

    __slots__ = ("attempts", "operation", "subsegment")

    def __init__(self, subsegment: "Subsegment", operation: Operation) -> None:
        self.subsegment = subsegment
        self.operation = operation
        self.attempts: "list[list[Any]]" = []

    def __del__(self) -> None:
        if self.subsegment.end_time is None:
            _abandoned(self)


@guarded("botocore")
def _before_parameters(params: "Any", context: "dict[str, Any]", **_: object) -> None:
    if live.trace.recording:
        context[_CALL] = params


@guarded("botocore")
def _before_call(
    model: "Any", params: "dict[str, Any]", request_signer: "Any", context: "dict[str, Any]", **_: object
) -> None:
    if not live.trace.recording:
        return
    given = context.pop(_CALL, None)
    if other_tracer(type(request_signer).__module__):
        return
    service_model = model.service_model
    key = (service_model.service_name, model.name)
    operation = _operations.get(key)
    if operation is None:
        operation = _operations[key] = Operation(model, capture_keys=_capture_keys)
    subsegment = recorder.begin(operation.service, leaf=True)
    subsegment.fields = {
        "namespace": "aws",
        "aws": operation.describe(given if isinstance(given, dict) else {}, context.get("client_region")),
    }
    context[_CALL] = Call(subsegment, operation)
    if isinstance(subsegment.trace, Invocation):
        _propagate(params["headers"], subsegment.trace, subsegment.id)


def _propagate(headers: "Any", invocation: Invocation, subsegment_id: str) -> None:
    """Put this call's id into the one trace header, where botocore has put the function's own."""
    sent = headers.get(TRACE_HEADER)
    if sent is None:
        for name in list(headers):
            if name.lower() == "x-amzn-trace-id":
                sent = headers[name]
                del headers[name]
    headers[TRACE_HEADER] = invocation.header.for_call(subsegment_id, sent)


@guarded("botocore")
def _request_created(request: "Any", **_: object) -> None:
    call = request.context.get(_CALL)
    if call.__class__ is Call:
        call.attempts.append([recorder.clock()])


@guarded("botocore")
def _response_received(
    response_dict: "Any", parsed_response: "Any", context: "dict[str, Any]", exception: "Any", **_: object
) -> None:
    call = context.get(_CALL)
    if call.__class__ is Call and call.attempts:
        status = response_dict["status_code"] if response_dict else None
        error = parsed_response.get("Error") if parsed_response else None
        call.attempts[-1] += (recorder.clock(), status, error, exception)


@guarded("botocore")
def _after_call(http_response: "Any", parsed: "Any", context: "dict[str, Any]", **_: object) -> None:
    call = context.pop(_CALL, None)
    if call.__class__ is not Call:
        return
    status = getattr(http_response, "status_code", None)
    fields = call.subsegment.fields
    aws = fields["aws"]
    metadata = parsed.get("ResponseMetadata") or {}
    response: "Document" = {"status": status}
    length = (metadata.get("HTTPHeaders") or {}).get("content-length", "")
    if length.isdigit():
        response["content_length"] = int(length)
    fields["http"] = {"response": response}
    if "RequestId" in metadata:
        aws["request_id"] = metadata["RequestId"]
    if "HostId" in metadata:
        aws["id_2"] = metadata["HostId"]
    if status is not None and status >= 300:
        error = parsed.get("Error") or {}
        code = context.get("error_code_override") or str(error.get("Code", status))
        fields.update(flags(status, code))
        fields["cause"] = causes.from_service(code, str(error.get("Message", "")), _emitting())
    else:
        describe_response(call.operation, parsed, aws)
    _finish(call, metadata.get("RetryAttempts", 0))


@guarded("botocore")
def _after_call_error(exception: BaseException, context: "dict[str, Any]", **_: object) -> None:
    call = context.pop(_CALL, None)
    if call.__class__ is Call:
        call.subsegment.fields["fault"] = True
        call.subsegment.fields["cause"] = _transport_cause(exception)
        _finish(call, len(call.attempts) - 1)


_EMITTING = ("_after_call", "xray_instrument_guarded", "emit", "_emit", "emit_until_response")


def _emitting() -> "Any":
    """Return the frame of botocore that emitted the event which is being handled: where ClientError is raised."""
    frame: "Any" = sys._getframe(1)  # noqa: SLF001
    while frame.f_back is not None and frame.f_code.co_name in _EMITTING:
        frame = frame.f_back
    return frame


def _transport_cause(exception: BaseException) -> "Document":
    """Return the cause for a call without a response: botocore's exception with the stack that called it."""
    # The traceback begins in the frame of botocore that emits after-call-error: its callers come before.
    frame: "Any" = sys._getframe(1)  # noqa: SLF001
    outermost = exception.__traceback__.tb_frame if exception.__traceback__ else None
    while frame is not None and frame is not outermost:
        frame = frame.f_back
    return causes.from_exception(exception, callers=frame and frame.f_back)


@guarded("botocore")
def _abandoned(call: Call) -> None:
    """botocore has let go of a call without a last event: cancelled, interrupted, or failed on its way out."""
    reason = "the call ended without a response: cancelled, interrupted, or failed before it was sent"
    call.subsegment.fields["fault"] = True
    call.subsegment.fields["cause"] = causes.from_report("NoResponse", reason)
    _finish(call, max(0, len(call.attempts) - 1))


def _finish(call: Call, retries: int) -> None:
    """End the subsegment; one that needed retries gets a child for each attempt.

    Those have no namespace: X-Ray's map would count each of them as a call of its own.
    """
    subsegment = call.subsegment
    subsegment.fields["aws"]["retries"] = max(retries, 0)
    if len(call.attempts) > 1:
        subsegment.children = [_attempt(call, number) for number in range(len(call.attempts))]
    recorder.end(subsegment)


def _attempt(call: Call, number: int) -> "Subsegment":
    from ..model import Subsegment  # noqa: PLC0415

    start, *ended = call.attempts[number]
    attempt = Subsegment(f"Attempt #{number + 1}", recorder.new_id(), start, call.subsegment.trace)
    if not ended:
        attempt.end_time = recorder.clock()
        attempt.fields = {"fault": True, "cause": causes.from_report("NoResponse", "no response")}
        return attempt
    attempt.end_time, status, error, exception = ended
    if exception is not None:
        attempt.fields = {"fault": True, "cause": causes.from_exception(exception)}
    else:
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
            ("request-created", _request_created),
            ("response-received", _response_received),
            ("after-call", _after_call),
            ("after-call-error", _after_call_error),
        ]
    )
