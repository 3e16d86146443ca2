"""Something that works, then does not for a while, then works again: told when it changes, and not every time it fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class Told:
    """What the health page shows of it."""

    failures: int = 0
    """Since the start."""
    since: float | None = None
    """Since when nothing worked; None: it works."""
    last: float | None = None
    text: str = ""
    """The last failure, for the user."""


class Trouble:
    """One per thing. Every method may be called from any thread."""

    def __init__(self, what: str, consequence: str, clock: Callable[[], float] = time.time) -> None:
        """`what` works or fails, and `consequence` says what that means; both are for the user."""
        self.tell: Callable[[str], object] = lambda _text: None
        """Called with a sentence when it begins to fail, and when it works again; the server's to set."""
        self._what, self._consequence, self._clock = what, consequence, clock
        self._told = Told()
        self._lock = threading.Lock()

    def failed(self, text: str) -> None:
        """It failed just now."""
        with self._lock:
            now, began = self._clock(), self._told.since is None
            self._told = Told(self._told.failures + 1, now if began else self._told.since, now, text)
        if began:
            self.tell(f"{text}; {self._consequence}")

    def worked(self) -> None:
        """It worked just now."""
        # Nearly always there is nothing to say, and a lock would be one more for each of 10,000 documents a second.
        if self._told.since is None:
            return
        with self._lock:
            told, self._told.since = Told(**asdict(self._told)), None
        if told.since is not None:
            lasted = max(self._clock() - told.since, 0.0)
            self.tell(f"{self._what} works again, after {lasted:.0f} s and {told.failures} failures")

    def told(self) -> dict[str, Any]:
        """As JSON."""
        with self._lock:
            return asdict(self._told)
