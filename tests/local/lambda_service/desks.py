"""A desk with real environments: the pool on an event loop, functions from their text, events with counted ids."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.kit import pythons
from tests.kit.process import NO_DAEMON
from xray_local.lambda_service.model import Desk, Event, Execution, Function, Initialization
from xray_local.lambda_service.pool import Pool

ROOT = "1-65a0f3c2-0123456789abcdef01234567"
SEGMENT = "53995c3f42cd8ad8"
HEADER = f"Root={ROOT};Parent=9bb2c1a3d4e5f607;Sampled=1"
VERSIONS = tuple(pythons.present())
# What most tests run on: the newest that this machine has, of those that every machine of ours has.
VERSION = "3.12" if "3.12" in VERSIONS else VERSIONS[-1]


def runtime(monkeypatch: pytest.MonkeyPatch, version: str = VERSION) -> str:
    """The runtime's name; what belongs to it is the kit's, so nothing is installed twice."""
    try:
        pythons.site(version)
    except pythons.MissingPythonError as error:
        pytest.skip(str(error))
    monkeypatch.setenv("XRAY_LOCAL_RUNTIMES", str(pythons.CACHE))
    return f"python{version}"


def write(folder: Path, text: str, name: str = "app.py") -> Path:
    """Put a file into a function's folder, in one step, as an editor does; gives the folder.

    In two, an environment that starts between them has other code than the ones after it.
    """
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    fresh = folder.with_name(f"{folder.name}.new")
    fresh.write_text(text)
    fresh.replace(folder / name)
    return folder


@dataclass
class Told:
    """What a caller of the pool hears besides the result."""

    starts: list[tuple[float, Initialization | None]] = field(default_factory=list)

    def __call__(self, start: float, initialization: Initialization | None) -> None:
        """An environment took the event."""
        self.starts.append((start, initialization))


class Bench:
    """A pool with one desk, whose log is kept."""

    def __init__(self, folder: Path, **desk: Any) -> None:
        self.log: list[tuple[str, str]] = []
        self.desk = Desk(NO_DAEMON, "http://127.0.0.1:9", folder=folder / "desk", **desk)
        self._count = 0

    @contextlib.asynccontextmanager
    async def pool(self, **options: Any) -> AsyncIterator[Pool]:
        """The pool, closed at the end."""
        pool = Pool(self.desk, lambda name, text: self.log.append((name, text)), **options)
        try:
            yield pool
        finally:
            await pool.close()

    def event(self, payload: Any = None, **changes: Any) -> Event:
        """An event with the next request id."""
        self._count += 1
        event = Event(
            request_id=f"00000000-0000-4000-8000-{self._count:012d}",
            payload=payload if isinstance(payload, bytes) else json.dumps(payload).encode(),
            trace_header=HEADER,
            invoked_arn=self.desk.function_arn("orders"),
        )
        return dataclasses.replace(event, **changes)

    async def invoke(self, pool: Pool, function: Function, payload: Any = None, **changes: Any) -> Execution:
        """Run one event and check what holds for every execution."""
        told = Told()
        execution = await pool.execute(function, self.event(payload, **changes), told)
        check(execution, told)
        return execution

    def run(self, work: Callable[[Pool], Any], **options: Any) -> Any:
        """Do the work with a pool on a loop of its own."""

        async def main() -> Any:
            async with self.pool(**options) as pool:
                return await work(pool)

        return asyncio.run(main())

    @property
    def text(self) -> str:
        """The whole log."""
        return "".join(text for _name, text in self.log)


def check(execution: Execution, told: Told) -> None:
    """Times and cold start are told consistently, by `started` and by the result."""
    assert told.starts == [(execution.start, execution.initialization)]
    begin, end = execution.invocation_start, execution.invocation_end
    times = [execution.start, begin or execution.start, end or begin or execution.start, execution.end]
    assert times == sorted(times)
    cold = execution.initialization
    assert cold is None or cold.start < cold.end <= execution.start


def outcome(execution: Execution) -> dict[str, Any]:
    """An execution without times and log, its payload and its cause as far as they are the same on every machine."""
    payload: Any = execution.payload
    with contextlib.suppress(ValueError):
        payload = json.loads(execution.payload)
    if isinstance(payload, dict):
        payload = {name: value for name, value in payload.items() if name != "stackTrace"}
    cold = execution.initialization
    return {
        "status": execution.status.value,
        "payload": payload,
        "error": (execution.error_type, execution.error_message),
        "cause": None if execution.cause is None else _types(execution.cause),
        "cold": None if cold is None else (cold.error_type or "ok"),
        "got": (execution.invocation_start is not None, execution.invocation_end is not None),
    }


def _types(cause: Mapping[str, Any]) -> list[tuple[str, str, list[str]]]:
    return [
        (exception["type"], exception["message"], [frame["label"] for frame in exception["stack"]])
        for exception in cause["exceptions"]
    ]


def runs(pid: int) -> bool:
    """Whether that process has not ended; one that nobody has reaped yet has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
