"""Where the layer's time goes: for those who want to make it quicker."""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
from collections import defaultdict
from pathlib import Path

from benchmarks import instructions, live, report
from benchmarks.figures import added_when_quiet, spread
from benchmarks.inbox import Inbox
from benchmarks.stage import BARE, LAYER, Stage, Variant

MICRO = Path(__file__).parent / "guest" / "micro.py"
IMPORT_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s*(\S+)")
STATIONS = (
    ("started", "wrapper, interpreter, sitecustomize"),
    ("client", "import of the runtime client; the layer is put together"),
    ("ready", "import of the handler, to the first /next"),
    ("answered", "first invocation"),
)
PROFILED = 2_000
SHOWN = 25


def text(stage: Stage, rounds: int) -> str:
    """All of it."""
    sections = (
        hop(stage, rounds * 5), start(stage, rounds), imports(stage, rounds), instructions.text(stage),
        profile(stage, "noop", {}, PROFILED, "a sampled invocation"),
        profile(stage, "calls", {"calls": PROFILED}, 1, "a sampled call"),
        micro(stage),
    )  # fmt: skip
    return "\n\n".join(sections)


def hop(stage: Stage, times: int) -> str:
    """What the wrapper itself takes: `true` through it, and without."""
    nothing = shutil.which("true") or "/bin/true"
    took: dict[str, list[float]] = {"bare": [], "wrapper": []}
    for _ in range(times):
        for name, command in (("bare", [nothing]), ("wrapper", [str(stage.wrapper), nothing])):
            pid = os.posix_spawn(command[0], command, {"PATH": os.defpath, "SHLVL": "1"})
            _pid, _status, usage = os.wait4(pid, 0)
            took[name].append((usage.ru_utime + usage.ru_stime) * 1000)
    more = added_when_quiet(took["wrapper"], took["bare"])
    return f"Wrapper: {more.median:.2f} ms CPU ({more.low:.2f} to {more.high:.2f}), nearly all of it the exec of sh."


def start(stage: Stage, rounds: int) -> str:
    """Processor time between the stations of a cold start, bare and added."""
    took: dict[str, dict[str, list[float]]] = {variant.name: defaultdict(list) for variant in (BARE, LAYER)}
    with Inbox() as daemon:
        for _ in range(rounds):
            for variant in stage.shuffled((BARE, LAYER)):
                with live.Loop(stage, variant, "noop", daemon.address) as process:
                    stations = process.block(variant.header, {}, 1).stations
                before = 0
                for name, _meaning in STATIONS:
                    took[variant.name][name].append((stations[name] - before) / 1000)
                    before = stations[name]
    lines = []
    for name, meaning in STATIONS:
        bare, ours = took[BARE.name][name], took[LAYER.name][name]
        more = added_when_quiet(ours, bare)
        lines.append((meaning, f"{spread(bare).median:.0f}", f"{more.median:+.0f} ({more.low:+.0f} to {more.high:+.0f})"))
    return report.table(("cold start of `noop`, CPU", "bare µs", "added µs, quiet (95 %)"), lines)


def imports(stage: Stage, rounds: int) -> str:
    """Python's own clock of each import that the bare function has not; what the layer loads by itself is not in it."""
    own: dict[str, dict[str, list[float]]] = {variant.name: defaultdict(list) for variant in (BARE, LAYER)}
    for _ in range(rounds):
        for variant in (BARE, LAYER):
            for name, microseconds in _import_times(stage, variant).items():
                own[variant.name][name].append(microseconds)
    found = {name: times for name, times in own[LAYER.name].items() if name not in own[BARE.name]}
    lines = [
        (name, f"{min(times):.0f}", f"{statistics.median(times):.0f}")
        for name, times in sorted(found.items(), key=lambda item: -min(item[1]))
    ]
    return report.table(("import, own time", "least µs", "median µs"), lines)


def _import_times(stage: Stage, variant: Variant) -> dict[str, float]:
    with Inbox() as daemon:
        launch = stage.launch(variant, "noop", {"PYTHONPROFILEIMPORTTIME": "1"}, daemon.address)
        done = subprocess.run(
            live.command(stage, variant, "noop"),
            input=live.order(variant.header, {}, 1),
            env=stage.sandbox(variant).environment(launch, live.NO_RUNTIME_API),
            cwd=stage.sandbox(variant).task,
            capture_output=True,
            check=True,
        )
    return {name: float(microseconds) for microseconds, name in IMPORT_LINE.findall(done.stderr.decode())}


def profile(stage: Stage, function: str, event: dict[str, object], count: int, unit: str) -> str:
    """cProfile's view of our functions; it makes short functions look longer than they are, so compare, do not add."""
    with Inbox() as daemon, live.Loop(stage, LAYER, function, daemon.address) as process:
        process.block(LAYER.header, event, count)
        daemon.take()
        rows = process.block(LAYER.header, event, count, profile=True).profile
    lines = [
        (name, f"{calls / PROFILED:.2f}", f"{own / PROFILED * 1e6:.2f}", f"{whole / PROFILED * 1e6:.2f}")
        for name, calls, own, whole in sorted(rows, key=lambda row: -row[2])[:SHOWN]
    ]
    return report.table((f"in {unit}, profiled", "calls", "own µs", "whole µs"), lines)


def micro(stage: Stage) -> str:
    """The parts alone."""
    folder = stage.wrapper.with_name("xray-instrument.d")
    done = subprocess.run([str(stage.site.interpreter), str(MICRO), str(folder)], capture_output=True, text=True, check=True)
    lines = [(name, f"{least:.2f}", reason or f"{median:.2f}") for name, least, median, reason in json.loads(done.stdout)]
    return report.table(("part, alone", "least µs", "median µs"), lines)
