"""Lambda's Runtime API as a real HTTP server: hands out scripted invocations, keeps every answer.

The paths and headers are those of the real service as seen by awslambdaric 2.0 to 4.2: next, response,
error, init/error, and restore/next and restore/error for SnapStart. When no invocation is left, next
does not answer: on Lambda the process is frozen there.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

ROOT = "1-65a0f3c2-0123456789abcdef01234567"
PARENT = "53995c3f42cd8ad8"
SAMPLED = f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=1:a87bd80c:0"
UNSAMPLED = f"Root={ROOT};Parent={PARENT};Sampled=0;Lineage=1:a87bd80c:0"
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
PREFIX = "/2018-06-01/runtime"
# The runtime client sends X-Ray causes of up to 1 MiB as a header (lambda_runtime_client.py, max_header_size);
# http.server takes 64 KiB and answers 431, which the real service does not.
LONGEST_LINE = 2 * 1024 * 1024
# How often the server looks whether it shall end: half of that is waited at the end of each of some 5,000 runs.
SOON_S = 0.004


@dataclass(frozen=True)
class Invocation:
    """One event, and what Lambda says about it in the headers of /next; None leaves a header out."""

    event: Any = field(default_factory=dict)
    """Bytes go out as they are, anything else as JSON."""
    trace_header: str | None = SAMPLED
    timeout_s: float = 30.0
    """The deadline lies this long after the delivery."""
    request_id: str | None = None
    """None: counted, 00000000-0000-4000-8000-000000000001 and so on."""
    arn: str = ARN
    client_context: str | None = None
    cognito_identity: str | None = None
    tenant_id: str | None = None
    invocation_id: str | None = None
    content_type: str = "application/json"

    def body(self) -> bytes:
        """The event as it goes over the wire."""
        return self.event if isinstance(self.event, bytes) else json.dumps(self.event).encode()

    def headers(self, number: int, now: float) -> dict[str, str]:
        """The headers of /next for the invocation of that number."""
        headers = {
            "Content-Type": self.content_type,
            "Lambda-Runtime-Aws-Request-Id": self.request_id or f"00000000-0000-4000-8000-{number:012d}",
            "Lambda-Runtime-Deadline-Ms": str(int((now + self.timeout_s) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self.arn,
            "Lambda-Runtime-Trace-Id": self.trace_header,
            "Lambda-Runtime-Client-Context": self.client_context,
            "Lambda-Runtime-Cognito-Identity": self.cognito_identity,
            "Lambda-Runtime-Aws-Tenant-Id": self.tenant_id,
            "Lambda-Runtime-Invocation-Id": self.invocation_id,
        }
        return {name: value for name, value in headers.items() if value is not None}


@dataclass(frozen=True)
class Post:
    """What the runtime reported, whole."""

    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    at_ns: int
    """time.perf_counter_ns() when the last byte was read."""

    @property
    def kind(self) -> str:
        """One of `response`, `error`, `init/error`, `restore/error`."""
        last_two = self.path.split("/")[-2:]
        return "/".join(last_two) if last_two[0] in {"init", "restore"} else last_two[-1]

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """The value of the header of that name, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True)
class Delivery:
    """One invocation on its way: when /next was asked and answered, and when it has to be over."""

    number: int
    asked_ns: int
    sent_ns: int
    deadline: float
    """By time.monotonic()."""


class RuntimeApi:
    """The server; use it in a `with` block. `changed` is notified at each event, for those who wait."""

    def __init__(self, invocations: tuple[Invocation, ...] | list[Invocation] = ()) -> None:
        """Listen on a free port with that script."""
        self.changed = threading.Condition()
        self.posts: list[Post] = []
        self.deliveries: list[Delivery] = []
        self.first_next_ns: int | None = None
        self.requests: list[tuple[str, str]] = []
        self.idle = False
        """The runtime asks for the next invocation and there is none."""
        self._script = deque(invocations)
        self._closed = False
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(SOON_S,), name="kit-runtime-api", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """What to put into AWS_LAMBDA_RUNTIME_API."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def submit(self, *invocations: Invocation) -> None:
        """Add to the script."""
        with self.changed:
            self._script.extend(invocations)
            self.idle = False
            self.changed.notify_all()

    def done(self) -> bool:
        """Everything in the script has been answered and the runtime waits for more; hold `changed`."""
        return self.idle and not self._script

    def overdue(self) -> float:
        """Seconds until the open invocation's deadline, negative when missed, infinite when none is open; hold `changed`."""
        answered = sum(post.kind in {"response", "error"} for post in self.posts)
        if answered >= len(self.deliveries):
            return float("inf")
        return self.deliveries[answered].deadline - time.monotonic()

    def take(self, asked_ns: int) -> tuple[dict[str, str], bytes] | None:
        """The next invocation's headers and body, waiting for one; None when the server is closing."""
        with self.changed:
            self.first_next_ns = self.first_next_ns or asked_ns
            while not self._script and not self._closed:
                self.idle = True
                self.changed.notify_all()
                self.changed.wait()
            if self._closed:
                return None
            self.idle = False
            invocation = self._script.popleft()
            number = len(self.deliveries) + 1
            body, headers = invocation.body(), invocation.headers(number, time.time())
            deadline = time.monotonic() + invocation.timeout_s
            self.deliveries.append(Delivery(number, asked_ns, time.perf_counter_ns(), deadline))
            self.changed.notify_all()
            return headers, body

    def keep(self, post: Post) -> None:
        """Record an answer."""
        with self.changed:
            self.posts.append(post)
            self.changed.notify_all()

    def close(self) -> None:
        """Stop serving; a runtime that waits in /next loses its connection."""
        with self.changed:
            self._closed = True
            self.changed.notify_all()
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
    api: RuntimeApi

    def handle_error(self, _request: object, _client_address: object) -> None:
        """A runtime that is killed breaks its connection: that is what this server is there to see."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    raw_requestline: bytes
    protocol_version = "HTTP/1.1"
    # Without this, headers and body leave in two packets and Nagle holds the second back for 40 ms.
    disable_nagle_algorithm = True
    wbufsize = -1

    def parse_request(self) -> bool:
        """Read the head of a request; in place of the inherited one for the sake of LONGEST_LINE."""
        self.requestline = self.raw_requestline.decode("latin-1").rstrip("\r\n")
        self.command, self.path, self.request_version = self.requestline.split(" ")
        self.headers = HTTPMessage()
        while line := self.rfile.readline(LONGEST_LINE).decode("latin-1").rstrip("\r\n"):
            name, _, value = line.partition(":")
            self.headers[name] = value.strip(" \t")
        self.close_connection = self.headers.get("Connection", "").lower() == "close"
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
            self.wfile.flush()
        return True

    def do_GET(self) -> None:
        asked_ns = time.perf_counter_ns()
        api = self.server.api
        api.requests.append(("GET", self.path))
        if self.path == f"{PREFIX}/invocation/next":
            taken = api.take(asked_ns)
            if taken is None:
                self.close_connection = True
                return
            self._answer(200, *taken)
        elif self.path == f"{PREFIX}/restore/next":
            self._answer(200, {}, b"")
        else:
            self._answer(404, {}, b"")

    def do_POST(self) -> None:
        api = self.server.api
        api.requests.append(("POST", self.path))
        body = self._body()
        api.keep(Post(self.path, tuple(self.headers.items()), body, time.perf_counter_ns()))
        self._answer(202, {"Content-Type": "application/json"}, b'{"status":"OK"}\n')

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_args: object) -> None:
        """Say nothing: the requests are recorded."""
