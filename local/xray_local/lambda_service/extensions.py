"""The Extensions API, as far as internal extensions go: those that live in the runtime's own process.

One that has subscribed to INVOKE keeps the environment busy until it asks for its next event; one that has subscribed to
nothing only has to ask once, before the initialization can end. Programs in /opt/extensions are not started.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Receive

from .model import Desk, Event, Function

PREFIX = "/2020-01-01/extension/"
# https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
MOST = 10
ID_HEADER = "lambda-extension-identifier"

Reply = tuple[int, dict[str, str], bytes]


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """What the Runtime API answers instead."""

    def __init__(self, status: int, error_type: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = json.dumps({"errorMessage": message, "errorType": error_type}, separators=(",", ":")).encode() + b"\n"


CLOSING = Refusal(500, "InternalServerError", "Internal Server Error")
"""For those who still wait when the environment ends."""


@dataclass
class _Extension:
    name: str
    invoked: bool
    """Has subscribed to INVOKE."""
    ready: bool = False
    events: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)


class Extensions:
    """The internal extensions of one process."""

    def __init__(self, desk: Desk, function: Function, changed: Callable[[], None]) -> None:
        """`changed` is called when one has become ready."""
        self._desk, self._function, self._changed = desk, function, changed
        self._known: dict[str, _Extension] = {}
        self._waiting: set[asyncio.Future[Any]] = set()
        self.registration_closed = False

    @property
    def ready(self) -> bool:
        """Nobody is busy with the last event, or with starting."""
        return all(extension.ready for extension in self._known.values())

    @property
    def present(self) -> bool:
        """Lambda then ends the process with a SIGTERM before the SIGKILL."""
        return bool(self._known)

    def invoke(self, event: Event, deadline: float) -> None:
        """Tell those who have subscribed."""
        message = {
            "eventType": "INVOKE",
            "deadlineMs": round(deadline * 1000),
            "requestId": event.request_id,
            "invokedFunctionArn": event.invoked_arn,
            "tracing": {"type": "X-Amzn-Trace-Id", "value": event.trace_header or ""},
        }
        for extension in self._known.values():
            if extension.invoked:
                extension.ready = False
                extension.events.put_nowait(message)

    def close(self) -> None:
        """Let go of those who wait."""
        for waiting in self._waiting:
            waiting.cancel()

    async def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes, receive: Receive) -> Reply:
        """One request."""
        if path.startswith("/2022-07-01/telemetry"):
            text = b'{"errorMessage":"Telemetry API is not supported","errorType":"Telemetry.NotSupported"}\n'
            return 202, {}, text  # as AWS's own emulator
        match method, path.removeprefix(PREFIX):
            case "POST", "register":
                return self._register(headers, body)
            case "GET", "event/next":
                return await self._next(self._identified(headers), receive)
            case "POST", "init/error" | "exit/error":
                self._identified(headers)
                return 202, {}, b'{"status":"OK"}\n'
        return 404, {"content-type": "text/plain; charset=utf-8"}, b"404 page not found\n"

    def _register(self, headers: Mapping[str, str], body: bytes) -> Reply:
        name = headers.get("lambda-extension-name", "")
        if not name:
            raise Refusal(403, "Extension.InvalidExtensionName", "Empty extension name")
        try:
            events = json.loads(body)["events"]
        except (ValueError, KeyError, TypeError) as error:
            raise Refusal(403, "InvalidRequestFormat", str(error)) from error
        for kind in events:
            if kind == "SHUTDOWN":
                text = "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension"
                raise Refusal(403, "ShutdownEventNotSupportedForInternalExtension", text)
            if kind != "INVOKE":
                raise Refusal(403, "Extension.InvalidEventType", f"{kind}: ErrorInvalidEventType")
        if self.registration_closed:
            raise Refusal(403, "Extension.RegistrationClosed", "Extension registration closed already")
        if any(extension.name == name for extension in self._known.values()):
            raise Refusal(403, "Extension.InvalidExtensionState", "Extension with this name already registered")
        if len(self._known) >= MOST:
            raise Refusal(403, "Extension.TooManyExtensions", f"Extension limit ({MOST}) reached")
        identifier = str(uuid.uuid4())
        self._known[identifier] = _Extension(name, bool(events))
        function = self._function
        answer = {"functionName": function.name, "functionVersion": function.version, "handler": function.handler}
        if "accountId" in headers.get("lambda-extension-accept-feature", ""):
            answer["accountId"] = self._desk.account
        return 200, {ID_HEADER: identifier}, json.dumps(answer).encode()

    def _identified(self, headers: Mapping[str, str]) -> _Extension:
        identifier = headers.get(ID_HEADER)
        if not identifier:
            raise Refusal(403, "Extension.MissingHeader", "Missing Lambda-Extension-Identifier header")
        if identifier not in self._known:
            raise Refusal(403, "Extension.UnknownExtensionIdentifier", "Unknown extension " + identifier)
        return self._known[identifier]

    async def _next(self, extension: _Extension, receive: Receive) -> Reply:
        extension.ready = True
        self._changed()
        event = asyncio.ensure_future(extension.events.get())
        gone = asyncio.ensure_future(receive())
        both = {event, gone}
        self._waiting |= both
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if event.cancelled():
                raise CLOSING
            if not event.done():
                raise ConnectionError("the extension is gone")
            return 200, {"lambda-extension-event-identifier": str(uuid.uuid4())}, json.dumps(event.result()).encode()
        finally:
            event.cancel()
            gone.cancel()
            self._waiting -= both
