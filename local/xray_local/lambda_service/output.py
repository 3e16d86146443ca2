"""What a runtime writes, read on the event loop: the end of a pipe, whoever made that."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

# As much as a pipe holds on Linux (pipe(7)).
CHUNK = 65_536


class Output:
    """The reading end of a pipe; whatever comes out is passed on at once."""

    def __init__(self, descriptor: int, on_output: Callable[[bytes], None]) -> None:
        """The descriptor does not block, and is closed at the end."""
        self._loop = asyncio.get_running_loop()
        self._descriptor, self._on_output = descriptor, on_output
        self._loop.add_reader(descriptor, self.read)

    def read(self) -> None:
        """Pass on what is in the pipe: everything that was written until now."""
        while self._descriptor >= 0:
            try:
                data = os.read(self._descriptor, CHUNK)
            except BlockingIOError:
                return
            if not data:
                self.close()
                return
            self._on_output(data)

    def close(self) -> None:
        """Read no more."""
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
