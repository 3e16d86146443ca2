"""One process for everything: UDP and TCP on one port, the store behind both.

Phases: `start` binds both sockets (a port that is taken is said at once, before anything runs), starts the daemon's
threads, the HTTP server on a thread of its own, and the housekeeper; `Running.close` ends them in the opposite order, so
that what was received is stored. `serve` is both around a wait for Ctrl-C.

Who may ask is strangers.py's.
"""

from __future__ import annotations

import asyncio
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
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from xray_local import __version__, api, strangers, web
from xray_local.daemon import Daemon, both_families
from xray_local.daemon import bind as bind_udp
from xray_local.forward import Forwarder
from xray_local.impatient import PATIENCE_S, ImpatientProtocol
from xray_local.retention import Calendar
from xray_local.store import RejectedDocument, Store, StoreError

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
# Longer than the 60 s of the load balancers and clients that keep connections.
KEEP_ALIVE_S = 75


# What a server that listens everywhere is called on its own machine: programs cannot send to "everywhere".
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}  # noqa: S104 - only compared


class ServeError(Exception):
    """The server cannot start. The text says why and what to do, and is for the user."""


class PortTakenError(ServeError):
    """Somebody else has the port."""


class Guest(Protocol):
    """What answers beside the X-Ray API, in the same process: the Lambda service."""

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """What it answers."""

    def health(self) -> dict[str, Any]:
        """How it goes."""

    def close(self) -> None:
        """Finish what runs. The X-Ray API and the daemon are still there."""


@dataclass(frozen=True)
class Options:
    """How a server behaves beyond where it listens."""

    forwarder: Forwarder | None = None
    guest: Callable[[str, api.Context], Guest] | None = None
    """Starts it, given the server's address."""
    region: str = "us-east-1"
    retain_s: float = RETAIN_S
    retain_bytes: int = RETAIN_BYTES
    clock: Callable[[], float] = time.time


def application(context: api.Context, health: Callable[[], dict[str, Any]], others: Sequence[BaseRoute] = ()) -> ASGIApp:
    """The HTTP side as an ASGI application."""

    async def answered(request: Request, answer: Awaitable[dict[str, Any]]) -> Response:
        try:
            return strangers.reply(await answer)
        except api.ApiError as error:
            return strangers.refusal(error)
        except StoreError as error:
            return strangers.refusal(api.ApiError(str(error), "InternalFailure", 500))
        except Exception as error:  # our own fault: the client gets AWS's form of saying so, the terminal the rest
            LOG.exception("%s failed", request.url.path)
            return strangers.refusal(api.ApiError(f"xray-local failed: {type(error).__name__}: {error}", "InternalFailure", 500))

    async def operation(request: Request) -> Response:
        return await answered(request, _operation(context, request))

    async def healthy(_request: Request) -> Response:
        return strangers.reply(await run_in_threadpool(health))

    routes = [
        Route("/health", healthy, methods=["GET"]),
        *others,
        *web.routes(context, _body),
        Route("/{path:path}", operation, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
    ]
    return strangers.Guard(Starlette(routes=routes))


async def _operation(context: api.Context, request: Request) -> dict[str, Any]:
    body = await _body(request)
    return await run_in_threadpool(_call, context, request.url.path, body)


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
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST_BODY:
                    message = f"The body has more than {LARGEST_BODY} bytes; send fewer documents at once."
                    raise api.ApiError(message, "RequestEntityTooLargeException", 413)
    except TimeoutError as error:
        raise api.ApiError(f"The body did not come within {PATIENCE_S:.0f} s.", "RequestTimeoutException", 408) from error
    except ClientDisconnect as error:
        raise api.ApiError("The client went away in the middle of its request.", "RequestTimeoutException", 408) from error
    return bytes(body)


def _shown(document: RejectedDocument) -> dict[str, Any]:
    text = document.text[:REJECTED_TEXT].decode("utf-8", "replace")
    return {"received": document.received, "source": document.source, "reason": document.reason, "text": text}


def local_address(host: str, port: int) -> str:
    """Where programs of this machine reach a server that listens on a host."""
    own = EVERYWHERE.get(host, host)
    return f"{f'[{own}]' if ':' in own else own}:{port}"


@dataclass
class Running:
    """A server that runs; `close` it, or use it in a `with` block."""

    host: str
    port: int
    store: Store
    daemon: Daemon
    options: Options
    started: float
    calendar: Calendar
    guest: Guest | None
    _http: uvicorn.Server
    _thread: threading.Thread
    _ending: threading.Event = field(default_factory=threading.Event)
    _housekeeper: threading.Thread | None = None
    at_end: Sequence[Callable[[], object]] = ()

    @property
    def endpoint(self) -> str:
        """What to put into AWS_ENDPOINT_URL_XRAY."""
        return f"http://{self.address}"

    @property
    def address(self) -> str:
        """What to put into AWS_XRAY_DAEMON_ADDRESS on this machine."""
        return local_address(self.host, self.port)

    @property
    def listening(self) -> str:
        """Where the socket is bound, as the system tells it."""
        host = str(self.daemon.bound[0])
        return f"{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def is_open(self) -> bool:
        """Whether other machines can reach it."""
        return not ipaddress.ip_address(str(self.daemon.bound[0]).partition("%")[0]).is_loopback

    def health(self) -> dict[str, Any]:
        """How it goes, for `doctor` and for people."""
        forwarder = self.options.forwarder
        return {
            "name": NAME,
            "version": __version__,
            "pid": os.getpid(),
            "address": self.address,
            "listening": self.listening,
            "endpoint": self.endpoint,
            "started": self.started,
            "now": self.options.clock(),
            "clock_set_s": round(self.calendar.jump(), 1),
            "udp": {
                **dataclasses.asdict(self.daemon.snapshot()),
                "granted_buffer": self.daemon.granted_buffer,
                "backlog": self.daemon.backlog,
            },
            "forward": {**dataclasses.asdict(forwarder.counts), "trouble": forwarder.trouble.told()} if forwarder else None,
            **({"lambda": self.guest.health()} if self.guest else {}),
            **self._kept(),
        }

    def _kept(self) -> dict[str, Any]:
        """What the store says; a store that cannot be read is the more reason to say how it goes."""
        store: dict[str, Any] = {"path": str(self.store.path) if self.store.path else None, "unreadable": None}
        try:
            store |= {"trouble": self.store.trouble.told(), "misplaced": self.store.misplaced(), "counts": self.store.counts()}
            newest = self.store.rejected(REJECTED_SHOWN)
        except StoreError as error:
            return {"store": {**store, "unreadable": str(error), "counts": {}}, "rejected": []}
        return {"store": store, "rejected": [_shown(document) for document in newest]}

    def _keep_house(self) -> None:
        while not self._ending.wait(HOUSEKEEPING_S):
            # A full disk is no reason to stop receiving; the next ingest says it to whoever sends.
            with contextlib.suppress(StoreError):
                now, keep_s = self.calendar.now(), self.options.retain_s
                trusted = self.calendar.trusted(self.store.counts()["newest"], keep_s)
                self.store.retain(keep_s if trusted else None, self.options.retain_bytes, now)

    def start_housekeeping(self) -> None:
        """Keep the store within its limits from now on."""
        self._housekeeper = threading.Thread(target=self._keep_house, name="xray-housekeeper", daemon=True)
        self._housekeeper.start()

    def close(self) -> None:
        """Stop listening; what was received is stored, and forwarded if that takes no longer than some seconds."""
        self._ending.set()
        for call in list(self.at_end):
            call()
        if self.guest is not None:
            self.guest.close()
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
        both_families(sock, host)
        sock.bind((host, port))
        # Bound is not taken: with SO_REUSEADDR a second one may bind as long as no one listens.
        sock.listen(2048)
    except OSError:
        sock.close()
        raise
    return sock


def _explain(error: OSError, kind: str, host: str, port: int) -> ServeError:
    if error.errno == errno.EADDRINUSE:
        return PortTakenError(
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
    store.trouble.tell = LOG.warning
    if options.forwarder:
        options.forwarder.trouble.tell = LOG.warning
    forward = options.forwarder.put if options.forwarder else None
    daemon = Daemon(udp, store, forward, options.clock)
    context = api.Context(store, options.region, clock=options.clock)
    if forward is not None:
        context.forward = forward
    try:
        guest = options.guest(local_address(host, bound), context) if options.guest else None
    except BaseException:
        tcp.close()
        daemon.close()
        raise
    config = uvicorn.Config(
        # `running` is made below.
        application(context, lambda: running.health(), guest.routes if guest else ()),  # noqa: PLW0108
        log_level="error",
        access_log=False,
        lifespan="off",
        ws="none",
        http=ImpatientProtocol,
        server_header=False,
        timeout_graceful_shutdown=2,
        # Clients keep connections longer than uvicorn's 5 s, and meet the closing one in the act (botocore: 200 callers).
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    http = uvicorn.Server(config)
    thread = threading.Thread(target=http.run, kwargs={"sockets": [tcp]}, name="xray-http", daemon=True)
    running = Running(host, bound, store, daemon, options, options.clock(), Calendar(options.clock), guest, http, thread)
    running.at_end = context.at_end
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
