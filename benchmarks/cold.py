"""Cold start: from spawn to the first response, with everything else of Lambda's start-up in it.

Each round starts every variant once, in a new order. CPU time is the process's own, from the kernel (wait4): of
bash, the wrapper, Python and the first invocation, until it is killed while it waits for the second one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.inbox import Inbox
from benchmarks.stage import BARE, LAYER, SDK, UNSAMPLED_LAYER, Stage, Variant
from tests.kit.aws_stub import AwsStub
from tests.kit.process import Guest
from tests.kit.runtime_api import Invocation

VARIANTS = (BARE, LAYER, UNSAMPLED_LAYER, SDK)
FUNCTIONS = ("noop", "aws")


@dataclass(frozen=True)
class Start:
    """What one cold start took."""

    cpu_ms: float
    wall_ms: float
    """Spawn to the first response."""
    peak_kb: int
    resident_kb: int
    """After the first invocation."""


@dataclass(frozen=True)
class Inventory:
    """The modules in a process after its first invocation, by where they come from."""

    ours: frozenset[str]
    third_party: frozenset[str]
    stdlib: frozenset[str]

    @property
    def total(self) -> int:
        """How many."""
        return len(self.ours) + len(self.third_party) + len(self.stdlib)


@dataclass(frozen=True)
class Cold:
    """All cold starts of one function, by variant; the same index is the same round."""

    function: str
    starts: Mapping[str, Sequence[Start]]
    modules: Mapping[str, Inventory]


class NothingTracedError(Exception):
    """A variant that should have sent documents sent none, or the other way round: its figures would mean nothing."""


class Starter:
    """Starts functions of a stage, with a daemon and an AWS to talk to."""

    def __init__(self, stage: Stage, daemon: Inbox, aws: AwsStub) -> None:
        self._stage = stage
        self._daemon = daemon
        self._environment = {"AWS_ENDPOINT_URL": aws.url}

    def start(self, variant: Variant, function: str) -> Start:
        """One cold start."""
        with self._guest(variant, function, {}) as guest:
            status = _status(guest.pid)
            run = guest.result()
        if run.posts[0].kind != "response":
            raise NothingTracedError(f"{variant.name} {function} failed: {run.posts[0].body!r} {run.stderr!r}")
        wall_ms = (run.posts[0].at_ns - run.started_ns) / 1e6
        return Start(run.cpu_s * 1000, wall_ms, status["VmHWM"], status["VmRSS"])

    def inventory(self, variant: Variant, function: str) -> Inventory:
        """Which modules that variant loads; also looks whether it traces as it should."""
        self._daemon.take()
        with self._guest(variant, function, {"modules": True}) as guest:
            files: dict[str, str | None] = guest.api.posts[0].json()
        sent = self._daemon.take()
        if (sent > 0) != (variant is not BARE and variant.sampled) and not (variant.sdk and function == "noop"):
            raise NothingTracedError(f"{variant.name} {function}: {sent} documents")
        return self._sorted_out(variant, files)

    def _guest(self, variant: Variant, function: str, event: Mapping[str, object]) -> Guest:
        launch = self._stage.launch(variant, function, self._environment, self._daemon.address)
        guest = Guest(self._stage.sandbox(variant), launch, [Invocation(event, trace_header=variant.header)])
        self._stage.processors.give(guest.pid)
        guest.wait()
        return guest

    def _sorted_out(self, variant: Variant, files: Mapping[str, str | None]) -> Inventory:
        layer = self._stage.wrapper.parent
        foreign = (self._stage.site.packages, self._stage.site.vendor, self._stage.sandbox(variant).task)
        ours, third_party = set(), set()
        for name, file in files.items():
            if file is None:
                continue
            if Path(file).is_relative_to(layer):
                ours.add(name)
            elif any(Path(file).is_relative_to(folder) for folder in foreign):
                third_party.add(name)
        return Inventory(frozenset(ours), frozenset(third_party), frozenset(files) - ours - third_party)


def _status(pid: int) -> dict[str, int]:
    """Read the lines of /proc/PID/status that are in kB."""
    lines = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {line[0].rstrip(":"): int(line[1]) for line in lines if line[-1] == "kB"}


def measure(stage: Stage, function: str, rounds: int) -> Cold:
    """Start every variant of a function `rounds` times, after once for the page cache and the byte-code."""
    with Inbox() as daemon, AwsStub() as aws:
        starter = Starter(stage, daemon, aws)
        modules = {variant.name: starter.inventory(variant, function) for variant in VARIANTS}
        starts: dict[str, list[Start]] = {variant.name: [] for variant in VARIANTS}
        for _ in range(rounds):
            for variant in stage.shuffled(VARIANTS):
                starts[variant.name].append(starter.start(variant, function))
            daemon.take()
            aws.requests.clear()
    return Cold(function, starts, modules)
