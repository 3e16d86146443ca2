"""The Runtime API over HTTP, without a runtime: what it answers to whom, and what it refuses."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from xray_local.lambda_service.model import Desk, Event, Function
from xray_local.lambda_service.runtime_api import Answer, RuntimeApi, State

DESK = Desk("127.0.0.1:9", "http://127.0.0.1:9", account="111122223333")
FUNCTION = Function("orders", "app.handler", code=None)  # type: ignore[arg-type]
RUNTIME, EXTENSION = "/2018-06-01/runtime", "/2020-01-01/extension"
EVENT = Event("request-1", b'{"a": 1}', "Root=1-2-3;Parent=4;Sampled=1", invoked_arn="arn:aws:lambda:::function:orders")
OK = (202, b'{"status":"OK"}\n')


class Client:
    """One connection to the Runtime API, as raw as a runtime may be."""

    def __init__(self, address: str) -> None:
        self._host, _, port = address.partition(":")
        self._port = int(port)

    async def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """One request on a connection of its own."""
        lines = {
            "Host": "x",
            "Content-Length": str(len(body)),
            **{name.replace("_", "-"): text for name, text in headers.items()},
        }
        head = "".join(f"{name}: {text}\r\n" for name, text in lines.items())
        return await self.raw(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)

    async def raw(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        """Bytes there and back."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(request)
            status = int((await reader.readline()).split()[1])
            headers = {}
            while line := (await reader.readline()).strip():
                name, _, text = line.decode("latin-1").partition(": ")
                headers[name] = text
            return status, headers, await reader.readexactly(int(headers["content-length"]))
        finally:
            writer.close()

    async def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Status and body."""
        status, _headers, body = await self.send("GET", path, b"", **headers)
        return status, body

    async def post(self, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        """Status and body."""
        status, _headers, body = await self.send("POST", path, body, **headers)
        return status, body

    async def abandon(self, path: str) -> None:
        """Ask, and be gone before there is an answer."""
        _reader, writer = await asyncio.open_connection(self._host, self._port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.close()
        await writer.wait_closed()


def talk(work: Callable[[RuntimeApi, Client], Awaitable[Any]]) -> Any:
    """Do the work with a Runtime API whose clock always says 1000."""

    async def main() -> Any:
        api = RuntimeApi(DESK, FUNCTION, lambda: 1000.0)
        api.start()
        try:
            return await work(api, Client(api.address))
        finally:
            await api.close()

    return asyncio.run(main())


async def running(api: RuntimeApi, client: Client) -> dict[str, str]:
    """Give the runtime EVENT; what it got."""
    asking = asyncio.create_task(client.send("GET", f"{RUNTIME}/invocation/next"))
    await api.idle
    api.deliver(EVENT, 1003.0)
    _status, headers, body = await asking
    assert body == EVENT.payload
    return headers


def refusal(status: int, kind: str, message: str) -> tuple[int, bytes]:
    """How an error looks."""
    return status, json.dumps({"errorMessage": message, "errorType": kind}, separators=(",", ":")).encode() + b"\n"


def test_an_invocation() -> None:
    """Next gives the event with every header; the response is kept with its time, and the next request makes it idle again."""

    async def work(api: RuntimeApi, client: Client) -> Any:
        headers = await running(api, client)
        posted = await client.post(f"{RUNTIME}/invocation/request-1/response", b'"done"', Content_Type="application/x-own")
        busy = api.idle.done()
        asking = asyncio.create_task(client.get(f"{RUNTIME}/invocation/next"))
        at = await api.idle
        asking.cancel()
        return headers, posted, busy, at, api.answer

    headers, posted, busy, at, answer = talk(work)

    assert {name: text for name, text in headers.items() if name.startswith(("lambda", "content-type"))} == {
        "content-type": "application/json",
        "lambda-runtime-aws-request-id": "request-1",
        "lambda-runtime-deadline-ms": "1003000",
        "lambda-runtime-invoked-function-arn": "arn:aws:lambda:::function:orders",
        "lambda-runtime-trace-id": "Root=1-2-3;Parent=4;Sampled=1",
        "lambda-runtime-invocation-id": "request-1",
    }
    assert (posted, busy, at) == (OK, False, 1000.0)
    assert answer == Answer(1000.0, b'"done"', "application/x-own")


def test_what_does_not_fit_is_refused() -> None:
    """Another id, a second answer, next without an answer, a late init error, an unknown mode, a path that is none."""

    async def work(api: RuntimeApi, client: Client) -> Any:
        await running(api, client)
        base = f"{RUNTIME}/invocation/request-1"
        answers = [
            await client.post(f"{RUNTIME}/invocation/request-2/response", b"1"),
            await client.post(f"{RUNTIME}/invocation//error", b"1"),
            await client.get(f"{RUNTIME}/invocation/next"),
            await client.post(f"{base}/response", b"1", Lambda_Runtime_Function_Response_Mode="slow"),
            await client.post(f"{base}/error", b"{}"),
            await client.post(f"{base}/response", b"2"),
            await client.post(f"{RUNTIME}/init/error", b"{}"),
            await client.get(f"{RUNTIME}/invocation/last"),
        ]
        return answers, api.answer

    def moved(state: State, to: State) -> tuple[int, bytes]:
        text = f"State transition from {state.value} to {to.value} failed for runtime. Error: State transition is not allowed"
        return refusal(403, "InvalidStateTransition", text)

    answers, answer = talk(work)

    assert answers == [
        refusal(400, "InvalidRequestID", "Invalid request ID"),
        refusal(400, "InvalidRequestID", "Invalid request ID"),
        moved(State.RUNNING, State.READY),
        refusal(400, "InvalidFunctionResponseMode", "Invalid function response mode"),
        OK,
        moved(State.ANSWERED, State.ANSWERED),
        moved(State.ANSWERED, State.FAILED),
        (404, b"404 page not found\n"),
    ]
    assert answer == Answer(1000.0, b"{}", error_type="Runtime.Unknown")


CAUSE = {"working_directory": "/var/task", "exceptions": [{"message": "no", "type": "E", "stack": []}], "paths": []}


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (
            b'{"errorType": "KeyError", "errorMessage": "a", "stackTrace": []}',
            {"Lambda_Runtime_Function_XRay_Error_Cause": json.dumps(CAUSE)},
            ("KeyError", "a", CAUSE),
        ),
        (b"broken", {"Lambda_Runtime_Function_Error_Type": "Runtime.Odd"}, ("Runtime.Odd", None, None)),
        (b"[1]", {"Lambda_Runtime_Function_XRay_Error_Cause": "[" * 100_000}, ("Runtime.Unknown", None, None)),
        (
            b"{}",
            {"Lambda_Runtime_Function_XRay_Error_Cause": json.dumps({"x": "y" * 1_048_000})},
            ("Runtime.Unknown", None, "long"),
        ),
    ],
)
def test_errors(body: bytes, headers: dict[str, str], expected: tuple[Any, ...]) -> None:
    """Type and message come from the error itself or the header, the cause from a header of up to a mebibyte."""

    async def work(api: RuntimeApi, client: Client) -> Any:
        await running(api, client)
        assert await client.post(f"{RUNTIME}/invocation/request-1/error", body, **headers) == OK
        return api.answer

    answer: Answer = talk(work)

    cause = "long" if answer.cause and "x" in answer.cause else answer.cause
    assert (answer.payload, answer.error_type, answer.error_message, cause) == (body, *expected)


@pytest.mark.parametrize("broken", [False, True])
def test_a_streamed_response(broken: bool) -> None:
    """Chunks become one payload; trailers tell that the handler failed in the middle, and how."""
    error = b'{"errorType": "ValueError", "errorMessage": "half way"}'
    trailer = b"Lambda-Runtime-Function-Error-Type: ValueError\r\nLambda-Runtime-Function-Error-Body: %s\r\n" % base64.b64encode(
        error
    )
    head = (
        f"POST {RUNTIME}/invocation/request-1/response HTTP/1.1\r\nHost: x\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n"
        "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
        "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n"
    )
    large = b"x" * (7 * 1024 * 1024)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (b"one ", b"two ", large))

    async def work(api: RuntimeApi, client: Client) -> Any:
        await running(api, client)
        status, _headers, _body = await client.raw(head.encode() + chunks + b"0\r\n" + (trailer if broken else b"") + b"\r\n")
        return status, api.answer

    status, answer = talk(work)

    assert status == 202
    if broken:
        assert answer == Answer(1000.0, error, error_type="ValueError", error_message="half way")
    else:
        assert answer == Answer(1000.0, b"one two " + large, "text/event-stream")


def test_a_response_over_the_limit_is_refused() -> None:
    """Lambda answers 413 and the caller gets an error; a hundred bytes above six mebibytes is still fine."""
    limit = 6 * 1024 * 1024 + 100

    async def work(api: RuntimeApi, client: Client) -> Any:
        await running(api, client)
        return await client.post(f"{RUNTIME}/invocation/request-1/response", b"x" * (limit + 1)), api.answer

    told = "Exceeded maximum allowed payload size (6291556 bytes)."
    message = "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    kind = "Function.ResponseSizeTooLarge"
    payload = json.dumps({"errorType": kind, "errorMessage": message}, separators=(",", ":")).encode()
    assert talk(work) == (
        refusal(413, "RequestEntityTooLarge", told),
        Answer(1000.0, payload, error_type=kind, error_message=message),
    )


def test_a_failed_initialization() -> None:
    """It can be reported once, before the first request for an event, which is refused afterwards."""

    async def work(api: RuntimeApi, client: Client) -> Any:
        body = b'{"errorType": "Runtime.ImportModuleError", "errorMessage": "no module"}'
        first = await client.post(f"{RUNTIME}/init/error", body)
        second = await client.post(f"{RUNTIME}/init/error", body)
        status, _body = await client.get(f"{RUNTIME}/invocation/next")
        return first, second[0], status, api.failed.result()

    assert talk(work) == (
        OK,
        403,
        403,
        Answer(
            1000.0,
            b'{"errorType": "Runtime.ImportModuleError", "errorMessage": "no module"}',
            error_type="Runtime.ImportModuleError",
            error_message="no module",
        ),
    )


def test_a_request_whose_connection_is_lost_does_not_take_the_event() -> None:
    """A runtime that asks again after its connection broke gets the event on the new one."""

    async def work(api: RuntimeApi, client: Client) -> Any:
        await client.abandon(f"{RUNTIME}/invocation/next")
        lost = api._next
        asking = asyncio.create_task(client.get(f"{RUNTIME}/invocation/next"))
        async with asyncio.timeout(20):
            while api._next in (None, lost):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.005)
        api.deliver(EVENT, 1003.0)
        return await asking

    assert talk(work) == (200, EVENT.payload)


def test_of_two_requests_the_later_gets_the_event() -> None:
    """A runtime that asks twice, with both connections open: the earlier request is let go, the later one gets the event."""

    async def work(api: RuntimeApi, client: Client) -> Any:
        first = asyncio.create_task(client.get(f"{RUNTIME}/invocation/next"))
        await api.idle
        second = asyncio.create_task(client.get(f"{RUNTIME}/invocation/next"))
        let_go = await asyncio.wait_for(first, 5)
        api.deliver(EVENT, 1003.0)
        return let_go, await second

    assert talk(work) == (refusal(500, "InternalServerError", "Internal Server Error"), (200, EVENT.payload))


def test_headers_carry_what_they_can() -> None:
    """Client context over several lines and in any script is one line of ASCII; control characters of a caller break nothing."""
    event = Event("request-1", b"1", "Root=1;X=a\r\nb", client_context='{\n "custom": {"n": "Zoë"}}', tenant_id="grün")

    async def work(api: RuntimeApi, client: Client) -> Any:
        asking = asyncio.create_task(client.send("GET", f"{RUNTIME}/invocation/next"))
        await api.idle
        api.deliver(event, 1003.0)
        return (await asking)[1]

    headers = talk(work)

    names = ("trace-id", "client-context", "aws-tenant-id")
    assert [headers[f"lambda-runtime-{name}"].encode("latin-1").decode() for name in names] == [
        "Root=1;X=a  b",
        '{"custom":{"n":"Zo\\u00eb"}}',
        "grün",
    ]


def test_restoring_is_over_at_once() -> None:
    """A runtime that thinks it is SnapStart's goes on: there was no snapshot."""

    async def work(_api: RuntimeApi, client: Client) -> Any:
        return await client.get(f"{RUNTIME}/restore/next"), await client.post(f"{RUNTIME}/restore/error", b"{}")

    assert talk(work) == ((200, b""), OK)


def test_extensions_register() -> None:
    """Internal ones may, for INVOKE or for nothing, under a name of their own, until the runtime is ready; ten at most."""

    async def register(client: Client, body: bytes, name: str = "inner", **headers: str) -> tuple[int, bytes]:
        return await client.post(f"{EXTENSION}/register", body, Lambda_Extension_Name=name, **headers)

    async def work(api: RuntimeApi, client: Client) -> Any:
        features = {"Lambda_Extension_Accept_Feature": "accountId"}
        answers = [
            await register(client, b'{"events": ["INVOKE"]}', **features),
            await register(client, b'{"events": []}'),
            await register(client, b'{"events": ["SHUTDOWN"]}', "b"),
            await register(client, b'{"events": ["LUNCH"]}', "b"),
            await register(client, b"[]", "b"),
            await register(client, b'{"events": []}', ""),
            await client.get(f"{EXTENSION}/event/next"),
            await client.get(f"{EXTENSION}/event/next", Lambda_Extension_Identifier="nobody"),
            *[await register(client, b'{"events": []}', f"more {n}") for n in range(9)][-1:],
            await register(client, b'{"events": []}', "one more"),
            await client.post("/2022-07-01/telemetry", b"{}"),
        ]
        asking = asyncio.create_task(client.get(f"{RUNTIME}/invocation/next"))
        await asyncio.sleep(0.05)
        asking.cancel()
        return [*answers, await register(client, b"{}"), await register(client, b'{"events": []}', "late")], api.idle.done()

    answers, idle = talk(work)

    own = {"functionName": "orders", "functionVersion": "$LATEST", "handler": "app.handler"}
    assert [(status, json.loads(body)) for status, body in answers] == [
        (200, {**own, "accountId": "111122223333"}),
        (403, _error("Extension.InvalidExtensionState", "Extension with this name already registered")),
        (403, _error("ShutdownEventNotSupportedForInternalExtension", "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension")),
        (403, _error("Extension.InvalidEventType", "LUNCH: ErrorInvalidEventType")),
        (403, _error("InvalidRequestFormat", "list indices must be integers or slices, not str")),
        (403, _error("Extension.InvalidExtensionName", "Empty extension name")),
        (403, _error("Extension.MissingHeader", "Missing Lambda-Extension-Identifier header")),
        (403, _error("Extension.UnknownExtensionIdentifier", "Unknown extension nobody")),
        (200, own),
        (403, _error("Extension.TooManyExtensions", "Extension limit (10) reached")),
        (202, _error("Telemetry.NotSupported", "Telemetry API is not supported")),
        (403, _error("InvalidRequestFormat", "'events'")),
        (403, _error("Extension.RegistrationClosed", "Extension registration closed already")),
    ]
    # Ten have registered and none has asked for an event: the initialization is not over.
    assert not idle


def _error(kind: str, message: str) -> dict[str, str]:
    return {"errorType": kind, "errorMessage": message}
