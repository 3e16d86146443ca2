"""The user's data folder: where the default database lies, and which servers run right now.

A running `up` leaves one small file there for each port, so that the other commands find it without being told. A file
whose process is gone (kill -9, power cut) says so by itself: nobody answers at its address.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

# For tests, and for whoever keeps data elsewhere.
HOME_VARIABLE = "XRAY_LOCAL_HOME"
DATABASE = "traces.db"


@dataclass(frozen=True)
class Instance:
    """A server as its file describes it."""

    endpoint: str
    address: str
    """host:port of the daemon, the same port."""
    database: str | None
    """None: in memory."""
    pid: int
    started: float


def folder(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """Where this system keeps an application's data."""
    if chosen := environment.get(HOME_VARIABLE):
        return Path(chosen)
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "xray-local"
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "xray-local"
    # XDG Base Directory Specification: a relative path is to be ignored.
    data = Path(environment.get("XDG_DATA_HOME") or "")
    return (data if data.is_absolute() else Path.home() / ".local" / "share") / "xray-local"


def database() -> Path:
    """The default database."""
    return folder() / DATABASE


@contextlib.contextmanager
def announced(instance: Instance) -> Iterator[None]:
    """Let the other commands find this server for the length of the block.

    A folder that may not be written costs only that: they then need --endpoint.
    """
    path = folder() / f"up-{instance.address.rpartition(':')[2]}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(json.dumps(asdict(instance)), encoding="utf-8")
    except OSError:
        yield
        return
    try:
        yield
    finally:
        if _read(path) == instance:
            path.unlink(missing_ok=True)


def instances() -> list[Instance]:
    """Every server that left a file, the latest first; whether it still runs is another question."""
    found = map(_read, folder().glob("up-*.json"))
    return sorted((instance for instance in found if instance), key=lambda instance: instance.started, reverse=True)


def _read(path: Path) -> Instance | None:
    try:
        return Instance(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
