"""A unix socket in front of another one, which goes away when a test says so: a container engine that is stopped."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from typing import Self


class SocketProxy:
    """Listens at a path and hands everything on; use it in a `with` block."""

    def __init__(self, path: Path, target: str) -> None:
        self._path, self._target = path, target
        self._open: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(100)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._target)
                self._open += [client, server]
                for reading, writing in ((client, server), (server, client)):
                    threading.Thread(target=_pump, args=(reading, writing), daemon=True).start()

    def close(self) -> None:
        """Break every connection, and take no more."""
        self._path.unlink(missing_ok=True)
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def __enter__(self) -> Self:
        """It listens already."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """Gone."""
        self.close()


def _pump(reading: socket.socket, writing: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := reading.recv(65_536):
            writing.sendall(data)
        # HTTP's half-closed connections stay open in the other direction.
        writing.shutdown(socket.SHUT_WR)
