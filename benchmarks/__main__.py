"""`python -m benchmarks [layer|recorders|local|page|cold|warm|calls|size|breakdown|burst|store ...]`: measures beside targets.

`layer` is cold, warm, calls and size; `local` is burst and store; `recorders` are functions with a tracer of their own;
`page` is the browser's.
Without a name all of these are measured.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks import breakdown, burst, cold, page, recorders, report, size, store, warm
from benchmarks.figures import added, added_when_quiet, quiet_rounds, ratio, spread
from benchmarks.report import Row, exactly
from benchmarks.stage import BARE, LAYER, SDK, UNSAMPLED_LAYER, UNSAMPLED_SDK, Stage
from tools.pythons import REPOSITORY

GROUPS = {
    "layer": ("cold", "warm", "calls", "size"),
    "recorders": ("recorders",),
    "local": ("burst", "store"),
    "page": ("page",),
}
PAGES = {"layer": "README.md", "recorders": "docs/custom-subsegments.md", "local": "docs/xray-local.md", "page": "docs/page.md"}
# A round of cold starts takes 0.5 s with noop and 2 s with boto3, a block of warm ones some ms: so more of those.
NOOPS_PER_ROUND = 3
BLOCKS_PER_ROUND = 10
CALL_BLOCKS_PER_ROUND = 20


@dataclass
class Results:
    """What has been measured so far."""

    rows: list[Row] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)


def measure_cold(stage: Stage, rounds: int, results: Results, *, verbose: bool) -> None:
    """Cold starts of both functions."""
    for function, limit, more in (("noop", 1.06, NOOPS_PER_ROUND), ("aws", 1.02, 1)):
        measured = cold.measure(stage, function, rounds * more)
        results.raw[f"cold {function}"] = {
            name: [dataclasses.asdict(start) for start in starts] for name, starts in measured.starts.items()
        }
        all_cpu = {name: [start.cpu_ms for start in starts] for name, starts in measured.starts.items()}
        quiet = quiet_rounds(all_cpu)
        cpu = {name: [times[number] for number in quiet] for name, times in all_cpu.items()}
        memory = {name: [start.peak_kb / 1024 for start in starts] for name, starts in measured.starts.items()}
        bare, ours, theirs = (cpu[variant.name] for variant in (BARE, LAYER, SDK))
        foreign = {
            name: len(found.third_party - measured.modules[BARE.name].third_party) for name, found in measured.modules.items()
        }
        results.rows += [
            Row(f"cold start of `{function}`, CPU", limit, "x", ratio(ours, bare), ratio(theirs, bare)),
            Row(f"third-party modules added, `{function}`", 0, "", exactly(foreign[LAYER.name]), exactly(foreign[SDK.name])),
            Row(
                f"memory added, `{function}`", 1, " MB",
                added(memory[LAYER.name], memory[BARE.name]), added(memory[SDK.name], memory[BARE.name]),
            ),
        ]  # fmt: skip
        results.sections.append(_cold_section(measured))
        if verbose:
            results.sections.append(_modules_section(measured))


def _cold_section(measured: cold.Cold) -> str:
    lines = []
    for name, starts in measured.starts.items():
        cpu, bare_cpu = ([start.cpu_ms for start in each] for each in (starts, measured.starts[BARE.name]))
        wall, bare_wall = ([start.wall_ms for start in each] for each in (starts, measured.starts[BARE.name]))
        times, times_wall = ratio(cpu, bare_cpu), ratio(wall, bare_wall)
        modules = measured.modules[name]
        lines.append(
            (
                name,
                f"{spread(cpu).median:.1f} ({spread(cpu).least:.1f})",
                f"{added(cpu, bare_cpu).median:+.1f}",
                f"{times.median:.3f} ({times.low:.3f} to {times.high:.3f})",
                f"{spread(wall).median:.1f} ({spread(wall).least:.1f})",
                f"{times_wall.median:.3f}",
                f"{spread([start.peak_kb for start in starts]).median:.0f}",
                f"{spread([start.resident_kb for start in starts]).median:.0f}",
                f"{modules.total} ({len(modules.ours)} ours, {len(modules.third_party)} third-party)",
            )
        )
    headings = (
        f"`{measured.function}`, cold", "CPU ms (least)", "added", "times bare (95 %)", "wall ms (least)", "times bare",
        "peak kB", "resident kB", "modules",
    )  # fmt: skip
    return report.table(headings, lines)


def _modules_section(measured: cold.Cold) -> str:
    bare = measured.modules[BARE.name]
    lines = [f"Modules that `{measured.function}` has beyond the bare one's:"]
    for name, found in measured.modules.items():
        for kind in ("ours", "third_party", "stdlib"):
            more = sorted(getattr(found, kind) - getattr(bare, kind))
            if more:
                lines.append(f"- {name}, {kind} ({len(more)}): {', '.join(more)}")
    return "\n".join(lines)


def measure_warm(stage: Stage, rounds: int, results: Results) -> None:
    """Warm invocations: in the process, with and without the polling thread, and over HTTP."""
    for name, threaded in (("warm noop", False), ("warm noop, client polling in a thread", True)):
        series = results.raw[name] = warm.loop(stage, rounds * BLOCKS_PER_ROUND, threaded=threaded)
        _added_rows(results, name, series, (60, 5))
        results.sections.append(_series_section(name, series))
    name = "warm noop over HTTP"
    series = results.raw[name] = warm.over_http(stage, rounds * BLOCKS_PER_ROUND)
    results.sections.append(_series_section(name, series))


def measure_calls(stage: Stage, rounds: int, results: Results) -> None:
    """Calls to AWS without the network."""
    series = results.raw["calls"] = warm.calls(stage, rounds * CALL_BLOCKS_PER_ROUND)
    _added_rows(results, "AWS call", series, (35, 3))
    mixed, bare = series[warm.MIXED.name], series[BARE.name]
    results.rows.append(Row("AWS call, unsampled, in a process that has sampled", 3, " µs", added_when_quiet(mixed, bare)))
    results.sections.append(_series_section("DynamoDB GetItem", series))


def _added_rows(results: Results, name: str, series: warm.Series, limits: tuple[float, float]) -> None:
    pairs = ((LAYER, SDK, "sampled"), (UNSAMPLED_LAYER, UNSAMPLED_SDK, "unsampled"))
    for (ours, theirs, kind), limit in zip(pairs, limits, strict=True):
        measured, peer = (added_when_quiet(series[variant.name], series[BARE.name]) for variant in (ours, theirs))
        results.rows.append(Row(f"{name}, {kind}", limit, " µs", measured, peer))


def _series_section(name: str, series: warm.Series) -> str:
    lines = []
    for variant, values in series.items():
        one, more, quiet = (spread(values), *(each(values, series[BARE.name]) for each in (added, added_when_quiet)))
        lines.append(
            (
                variant,
                f"{one.median:.1f} ({one.least:.1f})",
                f"{more.median:+.1f} ({more.low:+.1f} to {more.high:+.1f})",
                f"{quiet.median:+.1f} ({quiet.low:+.1f} to {quiet.high:+.1f})",
            )
        )
    return report.table((name, "µs (least)", "added µs (95 %)", "on a quiet machine (95 %)"), lines)


def measure_size(results: Results) -> None:
    """The zip."""
    sizes = results.raw["size"] = size.zip_kilobytes()
    results.rows.append(Row("slim zip", 200, " KB", exactly(sizes["slim"])))
    results.sections.append(f"Zip with byte-code for every Python here: {sizes['with byte-code']:.1f} KB.")


def _machine(stage: Stage, rounds: int) -> dict[str, object]:
    return {
        "python": stage.site.version,
        "client": stage.site.client,
        "machine": platform.machine(),
        "rounds": rounds,
        "date": time.strftime("%Y-%m-%d"),
    }


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="layer (cold, warm, calls, size), recorders, local (burst, store), page, their parts, breakdown; default: all four",
    )
    parser.add_argument("--rounds", type=int, default=40, help="cold starts of each variant; the rest in proportion (40)")
    parser.add_argument("--python", default="3.12", metavar="VERSION", help="of the functions (3.12)")
    parser.add_argument("--no-pin", action="store_true", help="let the kernel move the processes between processors")
    parser.add_argument("--verbose", action="store_true", help="list the modules that each variant adds")
    parser.add_argument("--write", action="store_true", help="put each whole table into its page")
    parser.add_argument("--traces", type=int, default=store.TRACES, help=f"in xray-local's store ({store.TRACES})")
    options = parser.parse_args(arguments)
    options.names = [part for name in options.names or GROUPS for part in GROUPS.get(name, (name,))]
    unknown = set(options.names) - {"breakdown", *(part for parts in GROUPS.values() for part in parts)}
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if options.write and not any(_whole(group, options) for group in GROUPS):
        parser.error("--write takes the whole of layer, recorders, local or page")
    return options


def _whole(group: str, options: argparse.Namespace) -> bool:
    return set(GROUPS[group]) <= set(options.names)


def _footnote(machine: Mapping[str, object]) -> str:
    return (
        f"Python {machine['python']}, awslambdaric {machine['client']}, {machine['machine']}, {machine['rounds']} interleaved "
        f"rounds, {machine['date']}; `make bench` measures it anew. Medians of what each variant took beyond, or times, the bare "
        "function of the same round, in CPU time; cold starts over the quieter half of the rounds, microseconds at the speed "
        "of the bare function's quietest tenth. Memory is the peak."
    )


def measure_layer(options: argparse.Namespace) -> None:
    """The layer beside a bare function and the X-Ray SDK."""
    stage = Stage.create(options.python, REPOSITORY / "build" / "benchmarks", pin=not options.no_pin)
    results = Results()
    if "breakdown" in options.names:
        print(breakdown.text(stage, options.rounds))
    if "cold" in options.names:
        measure_cold(stage, options.rounds, results, verbose=options.verbose)
    if "warm" in options.names:
        measure_warm(stage, options.rounds, results)
    if "calls" in options.names:
        measure_calls(stage, options.rounds, results)
    if "size" in options.names:
        measure_size(results)
    if results.rows:
        machine = _machine(stage, options.rounds)
        _show("layer", results, _footnote(machine), options)
        path = REPOSITORY / "build" / "benchmarks.json"
        path.write_text(json.dumps({"machine": machine, **results.raw}, indent=1))


def measure_recorders(options: argparse.Namespace) -> None:
    """Functions that have a tracer in their code, with the layer and without."""
    folder = REPOSITORY / "build" / "benchmarks"
    stage = Stage.create(options.python, folder, pin=not options.no_pin)
    pairs = recorders.measure(stage, folder, {"noop": options.rounds * NOOPS_PER_ROUND, "aws": options.rounds})
    machine = _machine(stage, options.rounds)
    footnote = (
        f"Python {machine['python']}, awslambdaric {machine['client']}, {machine['machine']}, {machine['rounds']} pairs in turn "
        f"(noop {NOOPS_PER_ROUND} times as many), {machine['date']}; `make bench WHAT=recorders` measures it anew. CPU time of "
        "the whole process up to the first answer, with the layer as a multiple of that without it in the same round; the "
        "quieter half of the rounds."
    )
    results = Results(rows=recorders.rows(pairs), sections=[recorders.section(pairs)])
    _show("recorders", results, footnote, options)


def measure_local(options: argparse.Namespace) -> None:
    """xray-local: what a burst of datagrams loses, what the store takes, how soon it answers."""
    results = Results()
    if "burst" in options.names:
        rows, told = burst.rows()
        results.rows += rows
        results.sections.append(told)
    if "store" in options.names:
        measured = store.measure(options.traces)
        results.rows += measured.rows()
        results.sections.append(measured.text())
    if results.rows:
        footnote = (
            f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}, {options.traces:,} "
            f"traces of two documents on the disk, {time.strftime('%Y-%m-%d')}; `make bench WHAT=local` measures it anew. "
            "Medians, by the clock; questions over the quieter half of the rounds, a filter's answer is its first page. "
            f"Bursts come as fast as one process can send. Load average at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} "
            "processors."
        )
        _show("local", results, footnote, options)


def measure_page() -> tuple[Results, str]:
    """The page in Chromium, and what its figures mean."""
    results = Results(rows=page.measure())
    footnote = (
        f"Chromium without a window, {platform.machine()}, {time.strftime('%Y-%m-%d')}; `make bench WHAT=page` measures it anew. "
        "Medians, by the clock, from the click until the second frame after it is drawn, the server's answer included. "
        f"Load: the machine's average while it was measured, on {os.cpu_count()} processors."
    )
    return results, footnote


def _show(group: str, results: Results, footnote: str, options: argparse.Namespace) -> None:
    """Print everything; a whole table may go into its page as well."""
    written = f"{report.targets(results.rows)}\n\n{footnote}"
    print("\n\n".join([*results.sections, written]), flush=True)
    if options.write and _whole(group, options):
        report.write_between(REPOSITORY / PAGES[group], written)


def main(arguments: Sequence[str]) -> int:
    """Measure what was asked for."""
    options = _arguments(arguments)
    if set(options.names) & {"breakdown", *GROUPS["layer"]}:
        measure_layer(options)
    if "recorders" in options.names:
        measure_recorders(options)
    measure_local(options)
    if "page" in options.names:
        _show("page", *measure_page(), options)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
