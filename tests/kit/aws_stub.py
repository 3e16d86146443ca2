"""Stands in for every AWS endpoint at once: a real HTTP server that keeps each request whole and answers by script.

    with AwsStub() as aws:
        aws.script("dynamodb.GetItem", Reply(400, body=error_json("ThrottlingException")), Reply())
        ... a function with AWS_ENDPOINT_URL=aws.url ...
        aws.requests[0].headers

The operation is read off the request as the protocols put it there: `X-Amz-Target` (json), `Action=` (query),
`/service/X/operation/Y` (rpc-v2-cbor); the REST protocols have none, so there it is method and path: `s3.GET /bucket/key`.
What is not scripted gets the smallest valid answer of its protocol.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

REQUEST_ID = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGHIJKLMNOP"
CREDENTIAL = re.compile(
    r"Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})"
)


@dataclass(frozen=True)
class Reply:
    """One scripted answer."""

    status: int = 200
    body: bytes | None = None
    """None: the smallest valid body of the request's protocol."""
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0.0
    hang_up: bool = False
    """Close the connection without an answer."""
    silent: bool = False
    """Keep the connection and never answer: the client runs into its read timeout."""


@dataclass(frozen=True)
class AwsRequest:
    """One request as it came over the wire."""

    method: str
    target: str
    """Path and query string."""
    headers: tuple[tuple[str, str], ...]
    """In the order of sending."""
    body: bytes
    at: float
    """Seconds since the epoch."""

    def header(self, name: str) -> str | None:
        """The value of the header of that name, whatever its case."""
        return next(iter(self.all_headers(name)), None)

    def all_headers(self, name: str) -> list[str]:
        """Every value of the header of that name: a test of "exactly one" needs to see two."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def service(self) -> str:
        """The signing name, from the credential scope; empty when the request is not signed."""
        found = CREDENTIAL.search(self.header("Authorization") or "")
        return found[4] if found else ""

    @property
    def protocol(self) -> str:
        """One of json, query, cbor, rest."""
        if self.header("X-Amz-Target"):
            return "json"
        if self.header("smithy-protocol") == "rpc-v2-cbor":
            return "cbor"
        if (self.header("Content-Type") or "").startswith("application/x-www-form-urlencoded"):
            return "query"
        return "rest"

    @property
    def operation(self) -> str:
        """`dynamodb.GetItem`; for the REST protocols `s3.GET /bucket/key`."""
        path = urlsplit(self.target).path
        name = {
            "json": lambda: (self.header("X-Amz-Target") or "").rpartition(".")[2],
            "query": lambda: parse_qs(self.body.decode()).get("Action", [""])[0],
            "cbor": lambda: path.rpartition("/")[2],
            "rest": lambda: f"{self.method} {unquote(path)}",
        }[self.protocol]()
        return f"{self.service}.{name}"

    def signature_is_valid(self, secret: str, token: str | None = None) -> bool:
        """Sign the request again, as the service would, and compare."""
        found = CREDENTIAL.search(self.header("Authorization") or "")
        if not found:
            return False
        key, _day, region, service, signed, signature = found.groups()
        names = signed.split(";")
        request = AWSRequest(self.method, f"http://{self.header('Host')}{self.target}", data=self.body)
        for name, value in self.headers:
            if name.lower() in names:
                request.headers[name] = value
        request.context["timestamp"] = self.header("X-Amz-Date")
        signer = (_S3Resigner if service.startswith("s3") else _Resigner)(Credentials(key, secret, token), service, region)
        string = signer.string_to_sign(request, signer.canonical_request(request))
        return bool(signer.signature(string, request) == signature)


class _Resigner(SigV4Auth):  # type: ignore[misc, unused-ignore]  # stubs are there or not
    """Takes the headers that were signed, and the payload hash that was sent, for what they are."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPMessage:
        headers: HTTPMessage = HTTPHeaders()
        for name, value in request.headers.items():
            headers[name.lower()] = value
        return headers

    def payload(self, request: AWSRequest) -> str:
        return str(request.headers.get("X-Amz-Content-SHA256") or super().payload(request))


class _S3Resigner(_Resigner):
    """S3 signs the path as it is sent; for the others botocore escapes it once more."""

    def _normalize_url_path(self, path: str) -> str:
        return path


def error_json(code: str, message: str = "scripted") -> bytes:
    """The body of an error in the json protocols."""
    return json.dumps({"__type": f"com.amazonaws#{code}", "message": message}).encode()


def error_xml(code: str, message: str = "scripted", *, s3: bool = False) -> bytes:
    """The body of an error in query and rest-xml; S3 leaves the outer element out."""
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    if s3:
        return f'<?xml version="1.0"?><Error>{error}</Error>'.encode()
    return f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>".encode()


def smallest_body(request: AwsRequest) -> bytes:
    """A valid success of the request's protocol with nothing in it."""
    operation = request.operation.partition(".")[2]
    metadata = f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata>"
    return {
        "json": b"{}",
        "cbor": b"\xa0",  # RFC 8949: an empty map
        "query": f"<{operation}Response><{operation}Result/>{metadata}</{operation}Response>".encode(),
        # No body at all is valid in rest-xml; rest-json reads it as an empty document.
        "rest": b"",
    }[request.protocol]


@dataclass
class _Script:
    replies: deque[Reply] = field(default_factory=deque)
    last: Reply | None = None

    def next(self) -> Reply | None:
        return self.replies.popleft() if self.replies else self.last


class AwsStub:
    """The server; use it in a `with` block."""

    def __init__(self) -> None:
        """Listen on a free port."""
        self.requests: list[AwsRequest] = []
        self._scripts: dict[str, _Script] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.stub = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="kit-aws", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """What to put into AWS_ENDPOINT_URL."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def script(self, operation: str, *replies: Reply, then: Reply | None = None) -> None:
        """The answers to an operation in their order; after them `then`, or the smallest success."""
        with self._lock:
            self._scripts[operation] = _Script(deque(replies), then)

    def clear(self) -> None:
        """Forget the requests so far."""
        with self._lock:
            self.requests.clear()

    def receive(self, request: AwsRequest) -> Reply:
        """Keep a request and look up its answer."""
        with self._lock:
            self.requests.append(request)
            script = self._scripts.get(request.operation)
            return (script.next() if script else None) or Reply()

    def pause(self, seconds: float | None) -> None:
        """Wait that long, or for ever, but not beyond the end of the server."""
        self._closed.wait(seconds)

    def close(self) -> None:
        """Stop serving; whoever still waits for a silent answer loses the connection."""
        self._closed.set()
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()

    def __enter__(self) -> Self:
        """The server runs already."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """Stop serving."""
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    # 50 aiobotocore calls in a gather connect at once; the default backlog is 5.
    request_queue_size = 256
    stub: AwsStub

    def handle_error(self, _request: object, _client_address: object) -> None:
        """Clients that give up are part of the scripts."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def _serve(self) -> None:
        stub = self.server.stub
        request = AwsRequest(self.command, self.path, tuple(self.headers.items()), self._body(), time.time())
        reply = stub.receive(request)
        if reply.silent:
            stub.pause(None)
        if reply.delay_s:
            stub.pause(reply.delay_s)
        if reply.hang_up or reply.silent:
            self.close_connection = True
            # Without lingering the kernel sends RST, as a dying server does.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        self._answer(request, reply)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _serve

    def handle_expect_100(self) -> bool:
        """Answer at once: what is left in the buffer makes botocore wait a second for its own PUTs."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _answer(self, request: AwsRequest, reply: Reply) -> None:
        body = smallest_body(request) if reply.body is None else reply.body
        types = {"json": "application/x-amz-json-1.0", "cbor": "application/cbor", "query": "text/xml", "rest": "application/xml"}
        given = {name.lower() for name, _value in reply.headers}
        headers = [
            ("x-amzn-RequestId", REQUEST_ID),
            ("Content-Type", types[request.protocol]),
            ("Content-Length", str(len(body))),
        ]
        if request.service.startswith("s3"):
            headers += [("x-amz-request-id", "S3REQUESTID"), ("x-amz-id-2", "s3/extended/id=")]
        if request.protocol == "cbor":
            headers.append(("smithy-protocol", "rpc-v2-cbor"))
        self.send_response(reply.status)
        for name, value in [*(pair for pair in headers if pair[0].lower() not in given), *reply.headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)
        self.wfile.flush()

    def log_message(self, *_args: object) -> None:
        """Say nothing: the requests are recorded."""
