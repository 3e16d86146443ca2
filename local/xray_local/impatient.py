"""Connections that never finish what they began to say are closed.

uvicorn has a timeout between requests and none within one: a client that hangs after half a header would hold its
connection, and the file descriptor below it, until this process ends.
"""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

# A header is one packet from every client there is, and a body of 8 MiB half a second of WLAN.
PATIENCE_S = 30.0


class ImpatientProtocol(H11Protocol):
    """HTTP/1.1 whose connections must bring a whole header within PATIENCE_S of its first byte, or of connecting."""

    _alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first header is waited for."""
        super().connection_made(transport)
        self._alarm = self.loop.call_later(PATIENCE_S, transport.close)

    def data_received(self, data: bytes) -> None:
        """After bytes that made no whole header the other side is still idle, in h11's words."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._calm()
        elif self._alarm is None:
            self._alarm = self.loop.call_later(PATIENCE_S, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._calm()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """At the end of the server nobody waits for the rest of a body: uvicorn would, and then print each one's traceback."""
        if self.conn.their_state is h11.SEND_BODY:
            self.transport.close()
        else:
            super().shutdown()

    def _calm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
