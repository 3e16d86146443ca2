"""The Runtime API and the Extensions API of one execution environment.

The states of a runtime are those of AWS's own emulator, in which /next means "I am ready":

    STARTING ── next ──> READY ── an event ──> RUNNING ── response, error ──> ANSWERED ── next ──> READY
       └ init/error ──> FAILED

The environment is idle when the runtime asks for the next event and every internal extension has asked too. What does not fit
the state is refused with 403, another invocation's id with 400.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from starlette.types import Receive, Scope, Send

from .extensions import CLOSING, Extensions, Refusal
from .listener import TRAILERS, Listener
from .model import Desk, Event, Function

RUNTIME = "/2018-06-01/runtime"
# 6 MiB and 100 bytes for an envelope: the number in the service's own message.
LARGEST_RESPONSE = 6 * 1024 * 1024 + 100
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
LARGEST_STREAM = 200 * 1024 * 1024
TOO_LARGE = "Function.ResponseSizeTooLarge"


class State(Enum):
    """Where the runtime is; the values are the words of the service's refusals."""

    STARTING = "RuntimeStarted"
    FAILED = "RuntimeInitError"
    READY = "RuntimeReady"
    RUNNING = "RuntimeRunning"
    ANSWERED = "RuntimeResponseSent"


@dataclass(frozen=True)
class Answer:
    """What the runtime posted: a response, an error, or why its initialization failed."""

    at: float
    payload: bytes
    content_type: str = "application/json"
    error_type: str | None = None
    """None for a response."""
    error_message: str | None = None
    cause: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class _Request:
    headers: Mapping[str, str]
    trailers: Mapping[str, str]
    body: bytes
    size: int
    """Of the body as it was sent; `body` is cut at the limit."""


@dataclass
class _Turn:
    """One invocation: what next answered, and what came back."""

    request_id: str
    answer: Answer | None = None
    idle: asyncio.Future[float] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class RuntimeApi:
    """Talks to one process of the runtime. `turn` belongs to the initialization first, then to one event after the other."""

    def __init__(self, desk: Desk, function: Function, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.state = State.STARTING
        self.failed: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        """Resolved when the runtime reports that its initialization failed."""
        self._turn = _Turn("")
        self._next: asyncio.Future[tuple[dict[str, str], bytes]] | None = None
        self.extensions = Extensions(desk, function, self._check_idle)
        self._listener = Listener(self._answer)

    @property
    def address(self) -> str:
        """AWS_LAMBDA_RUNTIME_API."""
        return self._listener.address

    @property
    def idle(self) -> asyncio.Future[float]:
        """Resolved, with the time, when everybody in the environment waits for the next event."""
        return self._turn.idle

    @property
    def answer(self) -> Answer | None:
        """What the runtime posted for the event that it has."""
        return self._turn.answer

    def start(self) -> None:
        """Listen."""
        self._listener.start()

    async def close(self) -> None:
        """Let go of everybody who waits, and stop listening."""
        if self._next is not None:
            self._next.cancel()
        self.extensions.close()
        await self._listener.close()

    def deliver(self, event: Event, deadline: float) -> float:
        """Give the event to the runtime, which waits for it; gives the time."""
        if self._next is None or self.state is not State.READY:
            raise RuntimeError(f"the runtime is {self.state.value} and cannot take an event")
        self._turn = _Turn(event.request_id)
        self.state = State.RUNNING
        self.extensions.invoke(event, deadline)
        self._next.set_result((_headers(event, deadline), event.payload))
        self._next = None
        return self._clock()

    def _check_idle(self) -> None:
        if self.state is State.READY and self.extensions.ready and not self._turn.idle.done():
            self._turn.idle.set_result(self._clock())

    # What the runtime asks for.

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            status, headers, body = await self._route(scope, receive)
        except Refusal as refusal:
            status, headers, body = refusal.status, {}, refusal.body
        except ConnectionError:
            return  # nobody is there to be answered
        names = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        names = [pair for pair in names if pair[0].decode() not in headers]
        names += [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": names})
        await send({"type": "http.response.body", "body": body})

    async def _route(self, scope: Scope, receive: Receive) -> tuple[int, dict[str, str], bytes]:
        request = await _read(scope, receive, _limit(scope))
        path, method = scope["path"], scope["method"]
        if path.startswith(("/2020-01-01/extension/", "/2022-07-01/telemetry")):
            return await self.extensions.answer(method, path, request.headers, request.body, receive)
        match (method, *path.removeprefix(RUNTIME).split("/")[1:]):
            case ("GET", "invocation", "next"):
                return await self._give_next(receive)
            case ("POST", "invocation", request_id, "response"):
                return self._take(request_id, self._response(request))
            case ("POST", "invocation", request_id, "error"):
                return self._take(request_id, self._error(request))
            case ("POST", "init", "error"):
                return self._fail(self._error(request))
            case ("GET", "restore", "next"):
                # SnapStart: nothing is ever frozen here, so the restoring is over at once.
                return 200, {}, b""
            case ("POST", "restore", "error"):
                return self._fail(self._error(request))
        return 404, {"content-type": "text/plain; charset=utf-8"}, b"404 page not found\n"

    async def _give_next(self, receive: Receive) -> tuple[int, dict[str, str], bytes]:
        if self.state in {State.RUNNING, State.FAILED}:
            raise self._wrong_state(State.READY)
        self.state = State.READY
        if self._next is not None:
            self._next.cancel()  # its connection is lost, or it would not ask again
        waiting = self._next = asyncio.get_running_loop().create_future()
        self.extensions.registration_closed = True
        self._check_idle()
        gone = asyncio.ensure_future(receive())  # after the whole request the only message is http.disconnect
        try:
            await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
        if waiting.cancelled():
            raise CLOSING
        if not waiting.done():
            raise ConnectionError("the runtime is gone")
        headers, payload = waiting.result()
        return 200, headers, payload

    def _take(self, request_id: str, answer: Answer) -> tuple[int, dict[str, str], bytes]:
        if request_id != self._turn.request_id:
            raise Refusal(400, "InvalidRequestID", "Invalid request ID")
        if self.state is not State.RUNNING:
            raise self._wrong_state(State.ANSWERED)
        self.state = State.ANSWERED
        self._turn.answer = answer
        if answer.error_type == TOO_LARGE:
            raise Refusal(413, "RequestEntityTooLarge", f"Exceeded maximum allowed payload size ({LARGEST_RESPONSE} bytes).")
        return _accepted()

    def _fail(self, answer: Answer) -> tuple[int, dict[str, str], bytes]:
        if self.state is not State.STARTING:
            raise self._wrong_state(State.FAILED)
        self.state = State.FAILED
        self.failed.set_result(answer)
        return _accepted()

    def _wrong_state(self, wanted: State) -> Refusal:
        change = f"State transition from {self.state.value} to {wanted.value} failed for runtime."
        return Refusal(403, "InvalidStateTransition", f"{change} Error: State transition is not allowed")

    def _response(self, request: _Request) -> Answer:
        mode = request.headers.get("lambda-runtime-function-response-mode", "")
        if mode not in {"", "streaming"}:
            raise Refusal(400, "InvalidFunctionResponseMode", "Invalid function response mode")
        if request.size > (LARGEST_STREAM if mode else LARGEST_RESPONSE):
            message = f"Response payload size exceeded maximum allowed payload size ({LARGEST_RESPONSE} bytes)."
            return Answer(self._clock(), _error_json(TOO_LARGE, message), error_type=TOO_LARGE, error_message=message)
        if mode and (kind := request.trailers.get("lambda-runtime-function-error-type")):
            body = _decoded(request.trailers.get("lambda-runtime-function-error-body", ""))
            return Answer(self._clock(), body, error_type=kind, error_message=_member(body, "errorMessage"))
        return Answer(self._clock(), request.body, request.headers.get("content-type", "application/json"))

    def _error(self, request: _Request) -> Answer:
        """The members of the JSON come first: the client sends the header for errors of its own only."""
        kind = _member(request.body, "errorType") or request.headers.get("lambda-runtime-function-error-type")
        cause = _object(request.headers.get("lambda-runtime-function-xray-error-cause", ""))
        return Answer(
            self._clock(),
            request.body,
            error_type=kind or "Runtime.Unknown",
            error_message=_member(request.body, "errorMessage"),
            cause=cause or None,
        )


def _headers(event: Event, deadline: float) -> dict[str, str]:
    """What next answers besides the event; what there is nothing to say about is left out."""
    headers = {
        "content-type": "application/json",
        "lambda-runtime-aws-request-id": event.request_id,
        "lambda-runtime-deadline-ms": str(round(deadline * 1000)),
        "lambda-runtime-invoked-function-arn": event.invoked_arn,
        "lambda-runtime-trace-id": event.trace_header,
        "lambda-runtime-client-context": event.client_context and _one_line(event.client_context),
        "lambda-runtime-aws-tenant-id": event.tenant_id,
        # The runtime client hands it back with its answer.
        "lambda-runtime-invocation-id": event.request_id,
    }
    return {name: value.translate(_UNPRINTABLE) for name, value in headers.items() if value is not None}


# A header's value ends at the first of them, or is refused by h11.
_UNPRINTABLE = dict.fromkeys((*range(32), 127), " ")


def _one_line(text: str) -> str:
    """The same JSON in ASCII without line breaks, as it is to be a header."""
    try:
        return json.dumps(json.loads(text), separators=(",", ":"))
    except ValueError:
        return text


def _limit(scope: Scope) -> int:
    streams = any(name == b"lambda-runtime-function-response-mode" for name, _value in scope["headers"])
    return LARGEST_STREAM if streams else LARGEST_RESPONSE


async def _read(scope: Scope, receive: Receive, limit: int) -> _Request:
    chunks, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the runtime is gone")
        chunk, more = message.get("body", b""), message.get("more_body", False)
        if size <= limit:
            chunks.append(chunk)
        size += len(chunk)
    headers = {name.decode("latin-1"): value.decode("utf-8", "replace") for name, value in scope["headers"]}
    return _Request(headers, scope.get(TRAILERS, {}), b"".join(chunks), size)


def _accepted() -> tuple[int, dict[str, str], bytes]:
    return 202, {}, b'{"status":"OK"}\n'


def _error_json(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}, separators=(",", ":")).encode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return text.encode()


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _member(body: bytes, name: str) -> str | None:
    value = _object(body).get(name)
    return value if isinstance(value, str) and value else None
