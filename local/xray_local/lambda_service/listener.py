"""The HTTP server below the Runtime API of one execution environment: uvicorn on a port of its own, on the service's loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

# The runtime client sends X-Ray causes of up to 1 MiB as a header (lambda_runtime_client.py, max_header_size); h11's own
# limit for a request's head is 64 KiB.
LARGEST_HEAD = 2 * 1024 * 1024
# A connection stays open while the function runs: 15 minutes at most, and as long as the environment is idle.
KEEP_ALIVE_S = 86_400
TRAILERS = "xray_local.trailers"


class _Connection(h11.Connection):
    """Keeps a request's trailers, which uvicorn passes over: streamed responses tell errors there."""

    def __init__(self) -> None:
        super().__init__(h11.SERVER, LARGEST_HEAD)
        self.trailers: dict[str, str] = {}

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Request):
            self.trailers = {}
        elif isinstance(event, h11.EndOfMessage):
            self.trailers.update((name.decode().lower(), value.decode("latin-1")) for name, value in event.headers)
        return event


class _Protocol(H11Protocol):
    """HTTP/1.1 with trailers in the scope."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        connection = self.conn = _Connection()
        app: Any = self.app

        async def with_trailers(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, TRAILERS: connection.trailers}, receive, send)

        self.app = with_trailers


class Listener:
    """Serves an application on 127.0.0.1 and a free port."""

    def __init__(self, app: ASGIApp) -> None:
        # Said in full: asyncio turns Nagle's algorithm off only for sockets that know that they are TCP (create_server's do
        # not), and with it every answer takes 40 ms, as headers and body are two packets.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen()
        host, port = self._socket.getsockname()[:2]
        self.address = f"{host}:{port}"
        config = uvicorn.Config(
            app,
            http=_Protocol,
            interface="asgi3",
            proxy_headers=False,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Serve. The port accepts connections already; they wait for the task's first steps."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))

    async def close(self) -> None:
        """Stop listening, and wait until every connection is closed."""
        self._server.should_exit = True
        if self._task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._socket.close()
