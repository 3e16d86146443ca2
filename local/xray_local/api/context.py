"""What every operation gets beside its request."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from xray_local.store import Store

Request = dict[str, Any]
Response = dict[str, Any]

# Nobody's account: twelve digits, as an ARN needs them, that AWS gives to no one.
ACCOUNT = "000000000000"


@dataclass
class Context:
    """The store, the clock, the way to the real X-Ray, and whose resources these are."""

    store: Store
    region: str = "us-east-1"
    account: str = ACCOUNT
    clock: Callable[[], float] = time.time
    forward: Callable[[Sequence[str | bytes]], object] = lambda _texts: None
    memory: dict[str, Any] = field(default_factory=dict)
    """What an operation remembers until the server ends; take `lock` around it."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    at_end: list[Callable[[], object]] = field(default_factory=list)
    """Called when the server is to end: for answers that do not end by themselves, which it would wait for."""

    def arn(self, kind: str, name: str, *, unique: bool = False) -> str:
        """The name of a resource; `unique` ends it as AWS does with a group's, but the same at every start."""
        end = f"/{hashlib.sha256(name.encode()).hexdigest()[:26].upper()}" if unique else ""
        return f"arn:aws:xray:{self.region}:{self.account}:{kind}/{name}{end}"


Operation = Callable[[Context, Request], Response]
