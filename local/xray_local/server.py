"""One process for everything: UDP and TCP on one port, the store behind both.

Phases: `start` binds both sockets (a port that is taken is said at once, before anything runs), starts the daemon's
threads, the HTTP server on a thread of its own, and the housekeeper; `Running.close` ends them in the opposite order, so
that what was received is stored. `serve` is both around a wait for Ctrl-C.

Who may ask: SDKs of any origin, since they send no Origin. A browser does, so a page of the web that tries the API of the
machine it is shown on is refused by it; and pages for people are given to the machine's own names only (a name of the
web that resolves to 127.0.0.1 arrives as a foreign Host).
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import ipaddress
import json
import logging
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from xray_local import __version__, api
from xray_local.daemon import Daemon
from xray_local.daemon import bind as bind_udp
from xray_local.forward import Forwarder
from xray_local.store import Store, StoreError

LOG = logging.getLogger("xray_local")
HOST, PORT = "127.0.0.1", 2000
# The daemon sends 50 documents of 64 KiB at most in one call; JSON in JSON doubles their quotes.
LARGEST_BODY = 8 * 1024 * 1024
# What readers know this server by (`doctor`, a second `up` on the same port).
NAME = "xray-local"
REJECTED_SHOWN = 20
REJECTED_TEXT = 2_000
HOUSEKEEPING_S = 60.0
# As long as X-Ray keeps traces.
RETAIN_S = 30 * 86_400.0
RETAIN_BYTES = 1024 * 1024 * 1024
BOTH_PORTS_ATTEMPTS = 20


class ServeError(Exception):
    """The server cannot start. The text says why and what to do, and is for the user."""


@dataclass(frozen=True)
class Options:
    """How a server behaves beyond where it listens."""

    forwarder: Forwarder | None = None
    region: str = "us-east-1"
    retain_s: float = RETAIN_S
    retain_bytes: int = RETAIN_BYTES
    clock: Callable[[], float] = time.time


def application(context: api.Context, health: Callable[[], dict[str, Any]]) -> ASGIApp:
    """The HTTP side as an ASGI application."""

    async def operation(request: Request) -> Response:
        try:
            body = await _body(request)
            answer = await run_in_threadpool(_call, context, request.url.path, body)
        except api.ApiError as error:
            return _error(error)
        except StoreError as error:
            return _error(api.ApiError(str(error), "InternalFailure", 500))
        except Exception as error:  # our own fault: the client gets AWS's form of saying so, the terminal the rest
            LOG.exception("%s failed", request.url.path)
            return _error(api.ApiError(f"xray-local failed: {type(error).__name__}: {error}", "InternalFailure", 500))
        return _json(answer)

    async def healthy(_request: Request) -> Response:
        return _json(await run_in_threadpool(health))

    async def front(_request: Request) -> Response:
        text = "xray-local: the X-Ray API is here (POST), /health says how it goes. Look at traces with `xray-local traces`."
        return PlainTextResponse(text + "\n")

    routes = [
        Route("/", front, methods=["GET"]),
        Route("/health", healthy, methods=["GET"]),
        Route("/{path:path}", operation, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
    ]
    return Guard(Starlette(routes=routes))


def _call(context: api.Context, path: str, body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError) as error:
        raise api.ApiError(f"The body is not JSON: {error}.", "SerializationException") from error
    return api.call(context, path, request)


async def _body(request: Request) -> bytes:
    if request.method != "POST":
        raise api.ApiError(f"The X-Ray API takes POST only, this is {request.method}.", "UnknownOperationException", 404)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            message = f"The body has more than {LARGEST_BODY} bytes; send fewer documents at once."
            raise api.ApiError(message, "RequestEntityTooLargeException", 413)
    return bytes(body)


def _json(content: dict[str, Any]) -> Response:
    return JSONResponse(content, headers={"x-amzn-RequestId": str(uuid.uuid4())})


def _error(error: api.ApiError) -> Response:
    headers = {"x-amzn-ErrorType": error.code, "x-amzn-RequestId": str(uuid.uuid4())}
    return JSONResponse({"__type": error.code, "message": error.message}, error.status, headers)


def is_own(host: str) -> bool:
    """Whether a Host or the host of an Origin names this machine: localhost or an address, never a name of the web."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        if name == "localhost" or name.endswith(".localhost"):
            return True
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Guard:
    """Refuses what a page of the web makes a browser ask."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and (reason := self.refusal(Request(scope))):
            await _error(api.ApiError(reason, "AccessDeniedException", 403))(scope, receive, send)
            return
        await self._app(scope, receive, send)

    @staticmethod
    def refusal(request: Request) -> str | None:
        """Why a request is refused; None for one that may pass."""
        origin, host = request.headers.get("origin"), request.headers.get("host", "")
        if origin is not None and not is_own(urlsplit(origin).netloc if "//" in origin else origin):
            return f"Requests from pages of {origin} are refused: this server answers programs and pages of its own machine."
        # The API itself is asked by other names as well: that of a container, host.docker.internal.
        if request.method == "GET" and not is_own(host):
            return f"Pages are given to localhost only, not to {host}."
        return None


@dataclass
class Running:
    """A server that runs; `close` it, or use it in a `with` block."""

    host: str
    port: int
    store: Store
    daemon: Daemon
    options: Options
    started: float
    _http: uvicorn.Server
    _thread: threading.Thread
    _ending: threading.Event = field(default_factory=threading.Event)
    _housekeeper: threading.Thread | None = None

    @property
    def endpoint(self) -> str:
        """What to put into AWS_ENDPOINT_URL_XRAY."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def address(self) -> str:
        """What to put into AWS_XRAY_DAEMON_ADDRESS."""
        return f"{self.host}:{self.port}"

    def health(self) -> dict[str, Any]:
        """How it goes, for `doctor` and for people."""
        forwarder = self.options.forwarder
        rejected = [
            {
                "received": document.received,
                "source": document.source,
                "reason": document.reason,
                "text": document.text[:REJECTED_TEXT].decode("utf-8", "replace"),
            }
            for document in self.store.rejected(REJECTED_SHOWN)
        ]
        return {
            "name": NAME,
            "version": __version__,
            "pid": os.getpid(),
            "address": self.address,
            "endpoint": self.endpoint,
            "started": self.started,
            "now": self.options.clock(),
            "udp": {
                **dataclasses.asdict(self.daemon.snapshot()),
                "granted_buffer": self.daemon.granted_buffer,
                "backlog": self.daemon.backlog,
            },
            "store": {"path": str(self.store.path) if self.store.path else None, "counts": self.store.counts()},
            "forward": dataclasses.asdict(forwarder.counts) if forwarder else None,
            "rejected": rejected,
        }

    def _keep_house(self) -> None:
        while not self._ending.wait(HOUSEKEEPING_S):
            # A full disk is no reason to stop receiving; the next ingest says it to whoever sends.
            with contextlib.suppress(StoreError):
                self.store.retain(self.options.retain_s, self.options.retain_bytes)

    def start_housekeeping(self) -> None:
        """Keep the store within its limits from now on."""
        self._housekeeper = threading.Thread(target=self._keep_house, name="xray-housekeeper", daemon=True)
        self._housekeeper.start()

    def close(self) -> None:
        """Stop listening; what was received is stored, and forwarded if that takes no longer than some seconds."""
        self._ending.set()
        self._http.should_exit = True
        self._thread.join(10)
        self.daemon.close()
        if self.options.forwarder is not None:
            self.options.forwarder.close()
        if self._housekeeper is not None:
            self._housekeeper.join(10)

    def __enter__(self) -> Self:
        """It runs already."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """End it. The store stays open: it is its maker's."""
        self.close()


def _bind_tcp(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol's number: asyncio sets TCP_NODELAY only where it stands, and every answer took 44 ms without.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # Otherwise a port is taken for a minute after every end; on Windows the option means something else.
    if os.name == "posix":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        # Bound is not taken: with SO_REUSEADDR a second one may bind as long as no one listens.
        sock.listen(2048)
    except OSError:
        sock.close()
        raise
    return sock


def _explain(error: OSError, kind: str, host: str, port: int) -> ServeError:
    if error.errno == errno.EADDRINUSE:
        return ServeError(
            f"{kind} port {port} on {host} is taken, perhaps by an X-Ray daemon or another xray-local: end that, or choose "
            "another one with --port (and set AWS_XRAY_DAEMON_ADDRESS for your programs)"
        )
    if error.errno == errno.EACCES:
        return ServeError(f"{kind} port {port} needs rights that you do not have: choose one above 1023 with --port")
    return ServeError(f"cannot listen on {host}, {kind} port {port}: {error.strerror or error}; choose another --host")


def bind_both(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """TCP and UDP sockets on the same port; 0 finds one that is free for both."""
    for _attempt in range(BOTH_PORTS_ATTEMPTS):
        try:
            tcp = _bind_tcp(host, port)
        except OSError as error:
            raise _explain(error, "TCP", host, port) from error
        chosen: int = tcp.getsockname()[1]
        try:
            return tcp, bind_udp(host, chosen)
        except OSError as error:
            tcp.close()
            if port != 0:
                raise _explain(error, "UDP", host, port) from error
    raise ServeError(f"no port of {host} is free for both TCP and UDP; name one with --port")


def start(store: Store, host: str = HOST, port: int = PORT, options: Options | None = None) -> Running:
    """Start to listen; what comes back runs until it is closed."""
    options = options or Options()
    tcp, udp = bind_both(host, port)
    bound: int = tcp.getsockname()[1]
    forward = options.forwarder.put if options.forwarder else None
    daemon = Daemon(udp, store, forward, options.clock)
    context = api.Context(store, options.region, clock=options.clock)
    if forward is not None:
        context.forward = forward

    config = uvicorn.Config(
        application(context, lambda: running.health()),  # noqa: PLW0108  (`running` is made below)
        log_level="error",
        access_log=False,
        lifespan="off",
        ws="none",
        http="h11",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    http = uvicorn.Server(config)
    thread = threading.Thread(target=http.run, kwargs={"sockets": [tcp]}, name="xray-http", daemon=True)
    running = Running(host, bound, store, daemon, options, options.clock(), http, thread)
    thread.start()
    running.start_housekeeping()
    return running


def serve(
    store: Store,
    host: str = HOST,
    port: int = PORT,
    options: Options | None = None,
    ready: Callable[[Running], object] = lambda _running: None,
) -> None:
    """Run until Ctrl-C or SIGTERM; `ready` is called once both ports are open. To be called on the main thread."""
    ended = threading.Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with start(store, host, port, options) as running:
            ready(running)
            ended.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
