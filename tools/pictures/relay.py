"""A way to AWS that can be blocked, so that a call hangs and its function runs out of time."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

CHUNK = 65_536


class Relay:
    """Passes TCP connections on to one address, and bytes only while it is open."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = threading.Event()
        self._open.set()
        threading.Thread(target=self._accept, name="pictures-relay", daemon=True).start()

    @property
    def url(self) -> str:
        """Where to connect to."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @contextmanager
    def blocked(self) -> Iterator[None]:
        """Nothing comes back in the meantime."""
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    def close(self) -> None:
        """Take no further connections."""
        self._open.set()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener is closed at the end
            while True:
                near, _address = self._listener.accept()
                far = socket.create_connection(self._target)
                for source, sink, held in ((near, far, False), (far, near, True)):
                    threading.Thread(target=self._pass_on, args=(source, sink, held), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, held: bool) -> None:
        with contextlib.suppress(OSError):  # either side may go at any time
            while data := source.recv(CHUNK):
                if held:
                    self._open.wait()
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
