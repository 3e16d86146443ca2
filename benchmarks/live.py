"""A function's process that stays, so that processes of all variants live at once and take turns.

It is the real awslambdaric over an in-memory Runtime API (guest/loop.py), a block of invocations at a time.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from benchmarks.stage import Stage, Variant

LOOP = Path(__file__).parent / "guest" / "loop.py"
# Nobody speaks HTTP in these processes; port 9 is "discard".
NO_RUNTIME_API = "127.0.0.1:9"


class LoopFailedError(Exception):
    """The function's process ended; the text has what it said last."""


@dataclass(frozen=True)
class Block:
    """What a block of invocations gave."""

    ns: int
    """Processor time from the first /next's answer to the one after the last."""
    result: Any
    """The last invocation's."""
    profile: list[tuple[str, int, float, float]]
    stations: dict[str, int]
    """Nanoseconds of processor time at started, client (imported), ready (for the first /next) and answered."""


def command(stage: Stage, variant: Variant, function: str) -> list[str]:
    """What starts the process."""
    wrapper = [str(stage.wrapper)] if variant.layered else []
    return [*wrapper, str(stage.site.interpreter), str(LOOP), f"{function}.handler"]


def order(header: str, event: Mapping[str, object], count: int, *, profile: bool = False) -> bytes:
    """The line that asks for a block."""
    return json.dumps({"header": header, "event": event, "count": count, "profile": profile}).encode() + b"\n"


class Loop:
    """The process; use it in a `with` block."""

    def __init__(self, stage: Stage, variant: Variant, function: str, daemon: str, *, threaded: bool = False) -> None:
        """Start it; `threaded` as Lambda polls from 3.12 on."""
        sandbox = stage.sandbox(variant)
        launch = stage.launch(variant, function, {}, daemon)
        options = ["threaded"] if threaded else []
        self._errors = sandbox.root / f"{variant.name}-{function}.stderr"
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [*command(stage, variant, function), *options],
                env=sandbox.environment(launch, NO_RUNTIME_API),
                cwd=sandbox.task,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        stage.processors.give(self._process.pid)

    def block(self, header: str, event: Mapping[str, object], count: int, *, profile: bool = False) -> Block:
        """Have `count` invocations with that header and event handled."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(order(header, event, count, profile=profile))
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise LoopFailedError(self._errors.read_text()[-2000:])
        return Block(**json.loads(line))

    def close(self) -> None:
        """End the process: it does at the end of its orders."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def __enter__(self) -> Self:
        """The process runs already."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """End the process."""
        self.close()
