"""Cold starts of functions that record with a library of their own: with the layer against without it.

Each function is one of those in `functions/` with the lines that the library's documentation begins with. Bare and
layered are started in turn, so that each pair has the same machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import report
from benchmarks.cold import FUNCTIONS, NothingTracedError, Start, Starter
from benchmarks.figures import added, quiet_rounds, ratio, spread
from benchmarks.inbox import Inbox
from benchmarks.report import Row
from benchmarks.stage import BARE, LAYER, SDK_LINES, Stage
from benchmarks.stage import FUNCTIONS as SOURCES
from tests.kit import pythons
from tests.kit.aws_stub import AwsStub
from tests.kit.process import Sandbox

VARIANTS = (BARE, LAYER)
# The kit's vendor folder has these; a function has only what it uses in its package.
SDK_PACKAGES = ("aws_xray_sdk", "wrapt")


@dataclass(frozen=True)
class Recorder:
    """One library, as a function uses it."""

    name: str
    before: str
    """Lines in front of the function's own."""
    after: str
    """Lines behind them: what is put around the handler."""
    vendored: tuple[str, ...] = ()
    """From the kit's vendor folder."""
    packages: tuple[str, ...] = ()
    """From PyPI."""
    limit: float = 1.0
    """How many times the bare start the layered one may take."""
    records_alone: bool = True
    """It sends something without the layer."""


RECORDERS = (
    Recorder(
        "aws_xray_sdk",
        SDK_LINES + "from aws_xray_sdk.core import xray_recorder\n",
        "handler = xray_recorder.capture('handler')(handler)\n",
        SDK_PACKAGES,
    ),
    Recorder(
        "Powertools Tracer",
        "from aws_lambda_powertools import Tracer\ntracer = Tracer(service='orders')\n",
        "handler = tracer.capture_lambda_handler(handler)\n",
        (*SDK_PACKAGES, "aws_lambda_powertools", "jmespath", "typing_extensions.py"),
    ),
    Recorder(
        "OpenTelemetry API",
        "from opentelemetry import trace\ntracer = trace.get_tracer('orders')\n",
        "handler = tracer.start_as_current_span('handler')(handler)\n",
        packages=("opentelemetry-api==1.45.2", "typing_extensions==4.15.0"),
        limit=1.02,
        records_alone=False,
    ),
)


@dataclass(frozen=True)
class Pair:
    """The cold starts of one function with one library; the same index is the same round."""

    recorder: Recorder
    function: str
    bare: Sequence[Start]
    layered: Sequence[Start]

    def quiet_cpu(self) -> tuple[list[float], list[float]]:
        """CPU time in ms, bare and layered, of the quieter half of the rounds."""
        cpu = {name: [start.cpu_ms for start in starts] for name, starts in (("bare", self.bare), ("layered", self.layered))}
        quiet = quiet_rounds(cpu)
        return [cpu["bare"][number] for number in quiet], [cpu["layered"][number] for number in quiet]


def staged(stage: Stage, recorder: Recorder, folder: Path) -> Stage:
    """The functions with that library in their code and in their package."""
    sandbox = Sandbox.create(folder / recorder.name.replace(" ", "-"), stage.site)
    for source in sorted(SOURCES.glob("*.py")):
        sandbox.write(source.name, recorder.before + source.read_text(encoding="utf-8") + recorder.after)
    brought = [stage.site.vendor / name for name in recorder.vendored]
    if recorder.packages:
        brought += pythons.packages(stage.site.version, recorder.packages).iterdir()
    for entry in brought:
        (sandbox.task / entry.name).symlink_to(entry)
    return replace(stage, plain=sandbox)


def measure(stage: Stage, folder: Path, rounds: dict[str, int]) -> list[Pair]:
    """Start everything as often as `rounds` says for its function, after once for the page cache and the byte-code."""
    pairs = []
    with Inbox() as daemon, AwsStub() as aws:
        for recorder in RECORDERS:
            starter = Starter(staged(stage, recorder, folder), daemon, aws)
            for function in FUNCTIONS:
                _check(starter, daemon, recorder, function)
                starts: dict[str, list[Start]] = {variant.name: [] for variant in VARIANTS}
                for _ in range(rounds[function]):
                    for variant in stage.shuffled(VARIANTS):
                        starts[variant.name].append(starter.start(variant, function))
                    daemon.take()
                    aws.requests.clear()
                pairs.append(Pair(recorder, function, starts[BARE.name], starts[LAYER.name]))
    return pairs


def _check(starter: Starter, daemon: Inbox, recorder: Recorder, function: str) -> None:
    """Look whether both record: figures of something that does not work would mean nothing."""
    daemon.take()
    for variant in VARIANTS:
        starter.start(variant, function)
        sent = daemon.take()
        if (sent > 0) != (variant is LAYER or recorder.records_alone):
            raise NothingTracedError(f"{recorder.name}, {variant.name} {function}: {sent} documents")


def rows(pairs: Sequence[Pair]) -> list[Row]:
    """One line for each: how many times the bare start the layered one takes."""
    found = []
    for pair in pairs:
        bare, layered = pair.quiet_cpu()
        found.append(Row(f"{pair.recorder.name}, `{pair.function}`, CPU", pair.recorder.limit, "x", ratio(layered, bare)))
    return found


def section(pairs: Sequence[Pair]) -> str:
    """The figures behind the ratios."""
    lines = []
    for pair in pairs:
        bare, layered = pair.quiet_cpu()
        wall = [[start.wall_ms for start in starts] for starts in (pair.bare, pair.layered)]
        lines.append(
            (
                f"{pair.recorder.name}, `{pair.function}`",
                f"{spread(bare).median:.1f}",
                f"{spread(layered).median:.1f}",
                f"{added(layered, bare).median:+.1f}",
                f"{spread(wall[0]).median:.0f}",
                f"{spread(wall[1]).median:.0f}",
            )
        )
    headings = (
        "Cold start of a function with",
        "CPU ms alone",
        "with the layer",
        "difference",
        "wall ms alone",
        "with the layer",
    )
    return report.table(headings, lines)
