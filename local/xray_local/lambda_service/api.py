"""Lambda's REST API, for boto3, the aws CLI and functions that call each other: invocations, and reading what there is.

Paths and members are those of botocore's service model (lambda, 2015-03-31). Handlers run on the web server's loop and
cross over to the service's; what a client waits for is an asyncio future there.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import logging
import re
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from xray_local import strangers

from . import described, eventstream
from .model import Event, Execution, Function, LambdaError
from .naming import Target
from .service import LambdaService, new_event

LOG = logging.getLogger(__name__)
Result = TypeVar("Result")
Handler = Callable[[LambdaService, Request], Awaitable[Response]]

# Quotas of the developer guide: 6 MB synchronously; 1 MB asynchronously since October 2025, before that 256 KB.
LARGEST = {"RequestResponse": 6_291_456, "Event": 1_048_576, "DryRun": 6_291_456}
# A body that is too large is still read, so that its sender gets to see the answer; up to here.
PATIENCE_BYTES = 64 * 1024 * 1024
PATIENCE_S = 30.0
# Of X-Amz-Client-Context (API reference of Invoke).
LARGEST_CONTEXT = 3_583
PAGE = 50
FUNCTIONS = "/2015-03-31/functions"
# AWS spells this member of its errors in two ways.
UPPER_CASE = (
    "ResourceNotFoundException",
    "ServiceException",
    "InvalidRuntimeException",
    "ProvisionedConcurrencyConfigNotFoundException",
)


def routes(service: LambdaService) -> list[Route]:
    """The API as routes of Starlette."""

    def route(path: str, method: str, handler: Handler) -> Route:
        return Route(path, functools.partial(_answered, service, handler), methods=[method])

    made = [route(path, method, handler) for (method, path), handler in HANDLERS.items()]
    # boto3 and the CLI leave a slash at the end of some paths.
    made += [route(f"{path}/", method, handler) for (method, path), handler in HANDLERS.items()]
    every = ["GET", "POST", "PUT", "DELETE", "PATCH"]
    others = functools.partial(_answered, service, _unknown)
    return [*made, *(Route(f"/{version}/{{path:path}}", others, methods=every) for version in VERSIONS)]


async def _answered(service: LambdaService, handler: Handler, request: Request) -> Response:
    """What a handler answers, or its error as AWS gives it."""
    try:
        return await handler(service, request)
    except LambdaError as error:
        return _refusal(error)
    except ClientDisconnect:
        return _refusal(LambdaError("The client went away.", "RequestTimeoutException", 408))
    except Exception as error:  # our own fault: the client gets AWS's form of saying so, the terminal the rest
        LOG.exception("%s failed", request.url.path)
        return _refusal(LambdaError(f"xray-local failed: {type(error).__name__}: {error}", "ServiceException", 500))


async def _there(service: LambdaService, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of work on the service's loop."""
    return await asyncio.wrap_future(service.run(work))


def _refusal(error: LambdaError) -> Response:
    name = "Message" if error.code in UPPER_CASE else "message"
    side = "User" if error.status < 500 else "Service"
    headers = {"x-amzn-ErrorType": error.code, "x-amzn-RequestId": str(uuid.uuid4()), **strangers.ending(error.status)}
    return JSONResponse({"Type": side, name: error.message, **error.members}, error.status, headers)


def _reply(shape: Mapping[str, Any]) -> Response:
    return JSONResponse(shape, headers={"x-amzn-RequestId": str(uuid.uuid4())})


async def _target(service: LambdaService, request: Request) -> Target:
    said, qualifier = request.path_params["name"], request.query_params.get("Qualifier")
    return await _there(service, service.target(said, qualifier))


async def _function(service: LambdaService, request: Request) -> tuple[Function, str | None]:
    target = await _target(service, request)
    unqualified = service.desk.function_arn(target.function.name)
    return target.function, target.arn.removeprefix(unqualified).lstrip(":") or None


# Invocations


async def _invoke(service: LambdaService, request: Request) -> Response:
    kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
    if kind not in LARGEST:
        raise LambdaError(
            f"1 validation error detected: Value '{kind}' at 'invocationType' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(LARGEST)}]",
            "ValidationException",
        )
    target, event = await _event(service, request, kind)
    if kind == "DryRun":
        return Response(status_code=204, headers={"x-amzn-RequestId": event.request_id})
    if kind == "Event":
        return await _accepted(service, target, event)
    given, execution = await _there(service, service.invoke(target, event))
    headers = {**_headers(target, given), **_failed(execution)}
    if (tail := _tail(request, execution)) is not None:
        headers["X-Amz-Log-Result"] = tail
    return Response(execution.payload, headers=headers, media_type=execution.content_type)


async def _accepted(service: LambdaService, target: Target, event: Event) -> Response:
    accepted = await _there(service, service.enqueue(target, event))
    return Response(status_code=202, headers=_headers(target, accepted, version=False))


async def _invoke_async(service: LambdaService, request: Request) -> Response:
    """The deprecated form of an asynchronous invocation."""
    target, event = await _event(service, request, "Event")
    return await _accepted(service, target, event)


async def _invoke_streaming(service: LambdaService, request: Request) -> Response:
    """The response comes in one piece when it is complete, and a failure after it, in the form of a stream."""
    target, event = await _event(service, request, "RequestResponse")
    given, execution = await _there(service, service.invoke(target, event))
    complete: dict[str, str] = {}
    if execution.failed:
        complete = {
            "ErrorCode": execution.error_type or "Unhandled",
            "ErrorDetails": execution.payload.decode("utf-8", "replace"),
        }
    if (tail := _tail(request, execution)) is not None:
        complete["LogResult"] = tail
    chunk = b"" if execution.failed else eventstream.event("PayloadChunk", execution.payload, "application/octet-stream")
    end = eventstream.event("InvokeComplete", json.dumps(complete).encode(), "application/json")
    return Response(chunk + end, headers=_headers(target, given), media_type="application/vnd.amazon.eventstream")


async def _event(service: LambdaService, request: Request, kind: str) -> tuple[Target, Event]:
    """The function and the event that a request is about, in the order in which Lambda complains."""
    body = await _body(request, kind)
    target = await _target(service, request)
    try:
        # Lambda's own parser is stricter than Python's, which takes NaN.
        json.loads(body or b"{}", parse_constant=_not_json)
    except (ValueError, RecursionError) as error:
        raise LambdaError(f"Could not parse request body into json: {error}", "InvalidRequestContentException") from error
    context, tenant = _client_context(request), request.headers.get("x-amz-tenant-id")
    header = request.headers.get("x-amzn-trace-id")
    return target, new_event(target, body, header, client_context=context, tenant_id=tenant)


def _not_json(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


async def _body(request: Request, kind: str) -> bytes:
    body, size, limit = bytearray(), 0, LARGEST[kind]
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= limit:
                    body += chunk
                elif size > PATIENCE_BYTES:
                    break
    except TimeoutError as error:
        raise LambdaError(f"The body did not come within {PATIENCE_S:.0f} s.", "RequestTimeoutException", 408) from error
    if size > limit:
        message = f"{size} byte payload is too large for the {kind} invocation type (limit {limit} bytes)"
        raise LambdaError(message, "RequestEntityTooLargeException", 413)
    return bytes(body)


def _client_context(request: Request) -> str | None:
    """X-Amz-Client-Context as JSON."""
    coded = request.headers.get("x-amz-client-context")
    if coded is None:
        return None
    try:
        text = base64.b64decode(coded, validate=True).decode()
        is_object = isinstance(json.loads(text), dict)
    except ValueError:
        text, is_object = "", False
    if not is_object or len(coded) > LARGEST_CONTEXT:
        reason = f"Client context must be a valid Base64-encoded JSON object of at most {LARGEST_CONTEXT} bytes."
        raise LambdaError(reason, "InvalidRequestContentException")
    return text


def _headers(target: Target, event: Event, *, version: bool = True) -> dict[str, str]:
    pairs = [pair.strip() for pair in (event.trace_header or "").split(";")]
    trace = ";".join(pair for pair in pairs if pair.startswith(("Root=", "Sampled=")))
    return {
        "x-amzn-RequestId": event.request_id,
        **({"X-Amzn-Trace-Id": trace} if trace else {}),
        **({"X-Amz-Executed-Version": target.function.version} if version else {}),
    }


def _failed(execution: Execution) -> dict[str, str]:
    return {"X-Amz-Function-Error": "Unhandled"} if execution.failed else {}


def _tail(request: Request, execution: Execution) -> str | None:
    if request.headers.get("x-amz-log-type") != "Tail":
        return None
    return base64.b64encode(execution.log_tail).decode("ascii")


# Reading


async def _get_function(service: LambdaService, request: Request) -> Response:
    function, qualifier = await _function(service, request)
    return _reply(described.function(function, service.desk, qualifier))


async def _get_configuration(service: LambdaService, request: Request) -> Response:
    function, qualifier = await _function(service, request)
    return _reply(described.configuration(function, service.desk, qualifier))


async def _get_concurrency(service: LambdaService, request: Request) -> Response:
    function, _qualifier = await _function(service, request)
    return _reply(described.concurrency(function))


async def _get_invoke_config(service: LambdaService, request: Request) -> Response:
    function, qualifier = await _function(service, request)
    if described.is_default(function.invoke_config):
        arn = service.desk.function_arn(function.name, qualifier or function.version)
        raise LambdaError(f"The function {arn} doesn't have an EventInvokeConfig", "ResourceNotFoundException", 404)
    return _reply(described.invoke_config(function, service.desk, qualifier))


async def _list_functions(service: LambdaService, request: Request) -> Response:
    functions = await _all(service)
    shapes = [described.configuration(function, service.desk) for function in functions]
    return _reply(_page(request, "Functions", shapes))


async def _list_versions(service: LambdaService, request: Request) -> Response:
    function, _qualifier = await _function(service, request)
    return _reply(_page(request, "Versions", [described.configuration(function, service.desk, function.version)]))


async def _list_mappings(service: LambdaService, request: Request) -> Response:
    arn, said = request.query_params.get("EventSourceArn"), request.query_params.get("FunctionName")
    functions = [(await _there(service, service.target(said))).function] if said else await _all(service)
    shapes = [
        described.mapping(function, source, service.desk)
        for function in functions
        for source in function.sources
        if source.arn and arn in (None, source.arn)
    ]
    return _reply(_page(request, "EventSourceMappings", shapes))


async def _get_mapping(service: LambdaService, request: Request) -> Response:
    wanted = request.path_params["uuid"]
    for function in await _all(service):
        for source in function.sources:
            if source.arn and described.mapping_id(function, source) == wanted:
                return _reply(described.mapping(function, source, service.desk))
    raise LambdaError("The resource you requested does not exist.", "ResourceNotFoundException", 404)


async def _get_account(service: LambdaService, _request: Request) -> Response:
    return _reply(described.account(len(await _all(service)), service.desk))


async def _all(service: LambdaService) -> list[Function]:
    """The functions as they are at this moment."""
    await _there(service, service.refresh())
    return list(service.catalog.functions.values())


def _page(request: Request, name: str, items: list[Any]) -> dict[str, Any]:
    """A page of a list: the marker is the number of its first item."""
    marker, most = request.query_params.get("Marker") or "0", request.query_params.get("MaxItems") or str(PAGE)
    if not marker.isdecimal() or not most.isdecimal() or int(most) < 1:
        raise LambdaError("Invalid Marker or MaxItems.", "InvalidParameterValueException")
    first = int(marker)
    after = first + min(int(most), PAGE)
    shape: dict[str, Any] = {name: items[first:after]}
    if after < len(items):
        shape["NextMarker"] = str(after)
    return shape


# Everything else


async def _unknown(_service: LambdaService, request: Request) -> Response:
    """An operation of Lambda's that is not here is named; anything else is nothing of Lambda's."""
    found = await asyncio.to_thread(_operation, request.method, request.url.path)
    if found is None:
        text = f"Lambda has no operation at {request.method} {request.url.path}."
        raise LambdaError(text, "UnknownOperationException", 404)
    text = f"{found} is not there in xray-local: functions come from the template, or from xray-local invoke."
    raise LambdaError(text, "NotImplementedException", 501)


@functools.cache
def _operations() -> list[tuple[str, re.Pattern[str], str]]:
    """Method, path and name of all operations of Lambda."""
    import botocore.session  # noqa: PLC0415 - for 0.2 s, when it is needed

    model = botocore.session.get_session().get_service_model("lambda")
    # Of two at one path the one that a query distinguishes comes last.
    operations = sorted(map(model.operation_model, model.operation_names), key=lambda one: "?" in one.http["requestUri"])
    found = [(one.http["method"], one.http["requestUri"].partition("?")[0].rstrip("/"), one.name) for one in operations]
    return [(method, re.compile(re.sub(r"\{\w+\+?\}", "[^/]+", path) + "/?"), name) for method, path, name in found]


def _operation(method: str, path: str) -> str | None:
    return next((name for wanted, pattern, name in _operations() if wanted == method and pattern.fullmatch(path)), None)


HANDLERS: dict[tuple[str, str], Handler] = {
    ("POST", f"{FUNCTIONS}/{{name}}/invocations"): _invoke,
    ("POST", "/2014-11-13/functions/{name}/invoke-async"): _invoke_async,
    ("POST", "/2021-11-15/functions/{name}/response-streaming-invocations"): _invoke_streaming,
    ("GET", FUNCTIONS): _list_functions,
    ("GET", f"{FUNCTIONS}/{{name}}"): _get_function,
    ("GET", f"{FUNCTIONS}/{{name}}/configuration"): _get_configuration,
    ("GET", f"{FUNCTIONS}/{{name}}/versions"): _list_versions,
    ("GET", "/2019-09-30/functions/{name}/concurrency"): _get_concurrency,
    ("GET", "/2019-09-25/functions/{name}/event-invoke-config"): _get_invoke_config,
    ("GET", "/2015-03-31/event-source-mappings"): _list_mappings,
    ("GET", "/2015-03-31/event-source-mappings/{uuid}"): _get_mapping,
    ("GET", "/2016-08-19/account-settings"): _get_account,
}
# What Lambda's paths begin with, those of operations that are not here among them; X-Ray's begin with a word.
VERSIONS = (
    *("2014-11-13", "2015-03-31", "2016-08-19", "2017-03-31", "2017-10-31", "2018-10-31", "2019-09-25", "2019-09-30"),
    *("2020-04-22", "2020-06-30", "2021-07-20", "2021-10-31", "2021-11-15", "2024-08-31", "2025-11-30", "2025-12-01"),
    "2026-07-09",
)
