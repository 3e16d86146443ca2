"""The documents that Lambda itself sends to X-Ray. Pure: values in, documents out.

    AWS::Lambda             the service: from the call to the answer     ServiceSegment
      Dwell Time            asynchronous: waiting for the first attempt  Part
      Attempt #1            asynchronous: one of up to three             Part
    AWS::Lambda::Function   the function in its environment              FunctionSegment
      Initialization        the cold start, before the segment's start
      Invocation            its id is the Parent that the function sees
      Overhead              from the response until the runtime asks for the next event

X-Ray takes one document in progress and one complete one for each id. So a segment that is over is never sent again: what
comes later, as the attempts of an accepted event do, is sent by itself and names its parent.

Where nobody has published what AWS sends, a choice was made. Each stands behind the word CHOICE, those about documents in this
module, and in docs/lambda-service.md with its reason; a test compares the two lists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xray_local.names import LAMBDA, LAMBDA_FUNCTION

from . import causes
from .model import Execution, Initialization, LambdaError, Status
from .tracing import Caller

Document = dict[str, Any]

# X-Ray's limit for one segment (developer guide, trace linking).
MOST_LINKS = 20
_REFERENCE_TYPE = "aws.xray.reserved.reference_type"


@dataclass(frozen=True)
class Subject:
    """What all documents of one invocation are about."""

    trace_id: str
    name: str
    """Of the function."""
    arn: str
    """Of the function, unqualified."""
    account: str
    request_id: str
    invoked_arn: str
    """As it was invoked, with the qualifier if there was one."""
    log_group: str

    def entity(self, entity_id: str, name: str, start: float) -> Document:
        """What every segment and independent subsegment begins with."""
        return {"name": name, "id": entity_id, "trace_id": self.trace_id, "start_time": start}


@dataclass(frozen=True)
class Answer:
    """What the service answered, as the service segment and the attempts show it."""

    status: int = 200
    error: bool = False
    throttle: bool = False
    fault: bool = False

    def fields(self) -> Document:
        """The members of a document."""
        flags: Document = {key: True for key in ("error", "throttle", "fault") if getattr(self, key)}
        return {**flags, "http": {"response": {"status": self.status}}}


ACCEPTED = Answer(202)
THROTTLED = Answer(429, error=True, throttle=True)
LOST = Answer(500, fault=True)
"""The service's own fault: a bug, or an event that still waited when the service ended."""


def answer_to(execution: Execution) -> Answer:
    """The answer to a caller of a function that ran.

    CHOICE function-error: a function's failure is an `error` of the service segment, which answered 200. Its summary says
    HasError, not HasFault (a real one, facts); the function segment is the one with `fault`.
    """
    return Answer(200, error=execution.failed)


def refusal(error: Exception) -> Answer:
    """The answer to a caller whose invocation did not come to run.

    CHOICE throttle: error and throttle with status 429, and no function segment: nothing ran.
    """
    if not isinstance(error, LambdaError):
        return LOST
    if error.status == THROTTLED.status:
        return THROTTLED
    return Answer(error.status, error=error.status < 500, fault=error.status >= 500)


def milliseconds(at: float) -> float:
    """The service's clock: its segments have whole milliseconds, cut off; the function's have all digits (facts D.1)."""
    # By way of whole microseconds: 1700000000.123 times 1,000 may be a little less than what it says.
    return round(at * 1_000_000) // 1_000 / 1_000


@dataclass(frozen=True)
class ServiceSegment:
    """The AWS::Lambda segment: the invocation as its caller sees it."""

    subject: Subject
    id: str
    start: float
    parent_id: str = ""
    links: tuple[Mapping[str, Any], ...] = ()

    def in_progress(self) -> Document:
        """The invocation was taken, its answer is not there yet."""
        return self._document({"in_progress": True}, {})

    def complete(self, end: float, answer: Answer) -> Document:
        """The invocation was answered.

        CHOICE service-end: the end is when the response is there; the runtime's Overhead comes after it, as in AWS's traces.
        """
        return self._document({"end_time": max(milliseconds(end), milliseconds(self.start))}, answer.fields())

    def _document(self, end: Document, answer: Document) -> Document:
        subject = self.subject
        document = {**subject.entity(self.id, subject.name, milliseconds(self.start)), **end}
        if self.parent_id:
            document["parent_id"] = self.parent_id
        document |= answer
        # CHOICE request-id: of the service segment only, as in every real trace that we have seen.
        document["aws"] = {"request_id": subject.request_id}
        document |= {"origin": LAMBDA, "resource_arn": subject.invoked_arn}
        return {**document, "links": list(self.links)} if self.links else document


@dataclass(frozen=True)
class Part:
    """A subsegment of a service segment that is over: Dwell Time, and each Attempt.

    CHOICE attempt-status: a failed attempt is an `error` with status 200, like the service segment of a synchronous
    invocation that failed: it is the same answer to the same call.
    CHOICE dwell-pending: Dwell Time is in progress from the acceptance on, since AWS says that events which wait appear as
    pending; one that never got an environment ends as throttled.
    """

    subject: Subject
    service_id: str
    id: str
    name: str
    start: float

    def in_progress(self) -> Document:
        """It has begun."""
        return self._document({"in_progress": True})

    def complete(self, end: float, answer: Answer | None = None) -> Document:
        """It is over. Waiting has no answer."""
        return self._document({"end_time": milliseconds(end), **(answer.fields() if answer else {})})

    def _document(self, rest: Document) -> Document:
        entity = self.subject.entity(self.id, self.name, milliseconds(self.start))
        return {**entity, **rest, "parent_id": self.service_id, "type": "subsegment"}


@dataclass(frozen=True)
class FunctionSegment:
    """The AWS::Lambda::Function segment: one execution.

    CHOICE asynchronous-parent: below its Attempt when invoked asynchronously, else below the service segment.
    CHOICE style: Initialization, Invocation and Overhead as of 2023; no `aws:` annotations, no `Init`: of the newer style
    nobody has published a whole trace, and its numbers are the lengths of these subsegments.
    """

    subject: Subject
    parent_id: str
    id: str
    invocation_id: str
    """The Parent of everything that the function does."""
    initialization_id: str
    overhead_id: str

    def in_progress(self, start: float, initialization: Initialization | None) -> Document:
        """An environment has taken the event."""
        below: list[Document] = []
        # After a failed initialization it is open whether there will be an Invocation; and the cause comes with the end.
        if initialization is None or initialization.error_type is None:
            invocation = {**self._inner(self.invocation_id, "Invocation", start), "in_progress": True}
            below = [*self._initialization(initialization, None), invocation]
        return self._document(start, {"in_progress": True}, {}, below)

    def complete(self, execution: Execution, new_id: Callable[[], str]) -> Document:
        """The execution is over, however it ended."""
        end: Document = {"end_time": execution.end}
        failure: Document = {}
        if execution.failed:
            # CHOICE cause: on the segment, once; what failed below it has the flag. Where the runtime client could not
            # report (a timeout, a crash) the exception is the error that the caller is told.
            told = (execution.cause, execution.error_type, execution.error_message, new_id)
            failure = {"fault": True, "cause": causes.reported(*told)}
        first = execution.initialization
        cause = None
        if first and first.error_type and execution.status is not Status.INIT_ERROR:
            cause = causes.reported(first.cause, first.error_type, None, new_id)
        below = [*self._initialization(first, cause), *self._invocation(execution)]
        return self._document(execution.start, end, failure, below)

    def _document(self, start: float, end: Document, failure: Document, below: Sequence[Document]) -> Document:
        subject = self.subject
        about = {
            "account_id": subject.account,
            "function_arn": subject.arn,
            "cloudwatch_logs": [{"log_group": subject.log_group}],
        }
        head = {**subject.entity(self.id, subject.name, start), **end, "parent_id": self.parent_id, **failure}
        inner = {"subsegments": list(below)} if below else {}
        return {**head, "aws": about, "origin": LAMBDA_FUNCTION, **inner}

    def _inner(self, entity_id: str, name: str, start: float) -> Document:
        return {"name": name, "id": entity_id, "start_time": start, "aws": {"function_arn": self.subject.arn}}

    def _initialization(self, initialization: Initialization | None, cause: Document | None) -> list[Document]:
        """The cold start, which lies before the segment."""
        if initialization is None:
            return []
        document = self._inner(self.initialization_id, "Initialization", initialization.start)
        document["end_time"] = initialization.end
        if initialization.error_type:
            document["fault"] = True
        return [{**document, "cause": cause} if cause else document]

    def _invocation(self, execution: Execution) -> list[Document]:
        """Invocation and Overhead; none of both when the event never reached the runtime.

        CHOICE no-overhead: a process that was killed or has exited has none; its Invocation ends with the segment.
        CHOICE init-error: no Invocation, since the runtime never got the event.
        """
        if execution.invocation_start is None:
            return []
        responded = execution.invocation_end
        invocation = self._inner(self.invocation_id, "Invocation", execution.invocation_start)
        invocation["end_time"] = execution.end if responded is None else responded
        if execution.failed:
            invocation["fault"] = True
        if responded is None:
            return [invocation]
        overhead = {**self._inner(self.overhead_id, "Overhead", responded), "end_time": execution.end}
        return [invocation, overhead]


def response_time(execution: Execution) -> float:
    """When the caller's answer was there: see CHOICE service-end."""
    return execution.end if execution.invocation_end is None else execution.invocation_end


def links(producers: Sequence[Caller]) -> tuple[Document, ...]:
    """Links to the traces that a batch's messages come from.

    CHOICE links: reference_type "parent", the mirror of what is seen on the producer's side; each (sub)segment once.
    """
    return tuple(
        {"trace_id": caller.root, "id": caller.parent, "attributes": {_REFERENCE_TYPE: "parent"}} for caller in producers
    )
