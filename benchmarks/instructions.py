"""Instructions instead of time: the same on every run, whatever the neighbours do. Needs valgrind; says so without it.

Only what the process itself executes counts, not the kernel on its behalf (a sendto, a page fault).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping

from benchmarks import live, report
from benchmarks.inbox import Inbox
from benchmarks.stage import BARE, LAYER, UNSAMPLED_LAYER, Stage, Variant

COUNTED = re.compile(r"I\s+refs:\s+([\d,]+)")
COUNTER = ("--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", "--trace-children=yes")
VARIANTS = (BARE, LAYER, UNSAMPLED_LAYER)
# Blocks of two sizes: what their difference costs is free of the start.
FEW, MANY = 20, 220


def available() -> bool:
    """Whether this machine can count them."""
    return shutil.which("valgrind") is not None


def count(stage: Stage, variant: Variant, function: str, invocations: int, event: Mapping[str, object]) -> int:
    """Instructions of a process that starts, handles these invocations and ends."""
    with Inbox() as daemon:
        launch = stage.launch(variant, function, {"PYTHONHASHSEED": "0"}, daemon.address)
        environment = stage.sandbox(variant).environment(launch, live.NO_RUNTIME_API)
        done = subprocess.run(
            [shutil.which("valgrind") or "valgrind", *COUNTER, *live.command(stage, variant, function), "uncollected"],
            input=live.order(variant.header, event, invocations),
            env={**environment, "PATH": os.environ["PATH"]},
            cwd=stage.sandbox(variant).task,
            capture_output=True,
            check=True,
        )
    return sum(int(found.replace(",", "")) for found in COUNTED.findall(done.stderr.decode()))


def text(stage: Stage) -> str:
    """A table: cold start, warm invocation and call, for bare, sampled and unsampled."""
    if not available():
        return "Instructions: valgrind is not on PATH."
    rows = []
    for function, event in (("noop", {}), ("calls", {"calls": 1})):
        count(stage, BARE, function, 1, event)  # the first one compiles it
    for variant in VARIANTS:
        few, many = (count(stage, variant, "noop", number, {}) for number in (FEW, MANY))
        few_calls, many_calls = (count(stage, variant, "calls", 1, {"calls": number}) for number in (FEW, MANY))
        once = count(stage, variant, "noop", 1, {})
        rows.append((variant.name, once, (many - few) / (MANY - FEW), (many_calls - few_calls) / (MANY - FEW)))
    bare = rows[0]
    lines = [
        (
            name,
            f"{once / 1e6:.1f} M ({once / bare[1]:.3f}x)",
            f"{warm / 1e3:.1f} K ({(warm - bare[2]) / 1e3:+.1f})",
            f"{call / 1e3:.1f} K ({(call - bare[3]) / 1e3:+.1f})",
        )
        for name, once, warm, call in rows
    ]
    return report.table(("instructions (user)", "cold noop", "warm noop", "AWS call"), lines)
