"""boto3 clients for a local endpoint, the observer of their answers, documents to send, and waiting."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.validate import ParamValidator

from xray_local.server import Running

HEADER = b'{"format":"json","version":1}\n'
Document = dict[str, Any]
Value = TypeVar("Value")


def boto(service: str, endpoint: str) -> Any:
    """A client with credentials of nobody that tries once."""
    return boto3.client(
        service,
        region_name="eu-west-1",
        endpoint_url=endpoint,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="example",
        config=Config(retries={"total_max_attempts": 1}),
    )


def checked(client: Any) -> Any:
    """The client; each answer to it must be one that AWS's own description allows, down to the last member."""

    def observe(http_response: Any, parsed: dict[str, Any], model: Any, **_rest: Any) -> None:
        if http_response.status_code >= 300:
            return
        answer = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
        report = ParamValidator().validate(answer, model.output_shape)
        assert not report.has_errors(), f"{model.name}: {report.generate_report()}"
        assert strangers(model.output_shape, json.loads(http_response.content), "") == []

    client.meta.events.register("after-call.xray", observe)
    return client


def strangers(shape: Any, value: Any, place: str) -> list[str]:
    """Members of an answer that AWS's description does not know, and values of another JSON type."""
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            return [f"{place}: no object"]
        unknown = [f"{place}.{name}" for name in value if name not in shape.members]
        return unknown + [
            stranger
            for name in value
            if name in shape.members
            for stranger in strangers(shape.members[name], value[name], f"{place}.{name}")
        ]
    if shape.type_name == "list":
        return [stranger for item in value for stranger in strangers(shape.member, item, f"{place}[]")]
    if shape.type_name == "map":
        return [stranger for name, item in value.items() for stranger in strangers(shape.value, item, f"{place}.{name}")]
    types: dict[str, Any] = {
        "string": str,
        "boolean": bool,
        "integer": int,
        "long": int,
        "double": (int, float),
        "timestamp": (int, float),
    }
    right = isinstance(value, types[shape.type_name]) and (shape.type_name == "boolean" or not isinstance(value, bool))
    return [] if right else [f"{place}: {value!r} is no {shape.type_name}"]


def trace_id(number: int = 1, at: float | None = None) -> str:
    """A trace id of now, or of another time."""
    return f"1-{int(time.time() if at is None else at):08x}-{number:024x}"


def segment(name: str = "orders", number: int = 1, **fields: Any) -> Document:
    """A finished segment of the last second; the number is its trace's and its own."""
    end = round(time.time(), 3)
    own: Document = {"name": name, "id": f"{number:016x}", "trace_id": trace_id(number, end)}
    return {**own, "start_time": end - 0.25, "end_time": end, **fields}


def send(server: Running, *datagrams: bytes) -> None:
    """Send datagrams to the daemon."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for datagram in datagrams:
            sock.sendto(datagram, (server.host, server.port))


def datagram(document: Document) -> bytes:
    """A document as the X-Ray SDKs send it."""
    return HEADER + json.dumps(document).encode()


def eventually(ask: Callable[[], Value], wanted: Callable[[Value], bool] = bool, timeout_s: float = 10.0) -> Value:
    """What `ask` gives as soon as that is what is wanted, or else in the end."""
    until = time.monotonic() + timeout_s
    while not wanted(value := ask()) and time.monotonic() < until:
        time.sleep(0.01)
    return value


def http(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (lower case) and body, whatever the status."""
    request = urllib.request.Request(url, body, headers or {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()
