"""Warm invocations of a function that does nothing, and calls to AWS: microseconds added to each.

Every variant has a process of its own; they live at the same time and take turns in small blocks, in a new
order each round. What a block took above the bare one of the same round is one measurement. Processor time, but for
the invocations over HTTP, where the wall clock of the Runtime API's side is all there is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.cold import NothingTracedError
from benchmarks.inbox import Inbox
from benchmarks.live import Loop
from benchmarks.stage import AGAIN, BARE, LAYER, SDK, UNSAMPLED_LAYER, UNSAMPLED_SDK, Stage, Variant
from tests.kit.process import Guest
from tests.kit.runtime_api import Invocation

VARIANTS = (BARE, AGAIN, LAYER, UNSAMPLED_LAYER, SDK, UNSAMPLED_SDK)
# A process that has recorded a call hears more of botocore's events from then on: with a sampling rate of 5 %,
# that is what the other 95 % of its invocations run in.
MIXED = Variant("layer, unsampled after sampled", layered=True, sampled=False)

WARM_UP_BLOCKS = 5
INVOCATIONS_PER_BLOCK = 100
CALLS_PER_BLOCK = 10

Series = Mapping[str, Sequence[float]]
"""Microseconds by variant; the same index is the same round."""


@dataclass(frozen=True)
class Turns:
    """The processes of one benchmark, and which of them serves which variant."""

    stage: Stage
    daemon: Inbox
    loops: Mapping[str, Loop]
    event: Mapping[str, object]
    count: int
    """Invocations in a block."""

    def round_of(self, variants: Sequence[Variant]) -> dict[str, float]:
        """One block of each variant: microseconds of an invocation, or of a call where the function tells them.

        Raises:
            NothingTracedError: a variant that is layered and sampled sent nothing, or one that is not sent something.
        """
        took = {}
        for variant in self.stage.shuffled(variants):
            block = self.loops[variant.name].block(variant.header, self.event, self.count)
            sent = self.daemon.take()
            if not variant.sdk and (sent > 0) != (variant.layered and variant.sampled):
                raise NothingTracedError(f"{variant.name}: {sent} documents in a block")
            took[variant.name] = block.ns / self.count / 1000
            if "ns" in block.result:
                took[variant.name] = block.result["ns"] / CALLS_PER_BLOCK / 1000
        return took


def loop(stage: Stage, rounds: int, *, threaded: bool) -> Series:
    """Microseconds of processor time that an invocation of the noop function takes in the runtime client's loop."""
    with ExitStack() as stack:
        daemon = stack.enter_context(Inbox())
        loops = {
            variant.name: stack.enter_context(Loop(stage, variant, "noop", daemon.address, threaded=threaded))
            for variant in VARIANTS
        }
        return _rounds(Turns(stage, daemon, loops, {}, INVOCATIONS_PER_BLOCK), VARIANTS, rounds)


def calls(stage: Stage, rounds: int) -> Series:
    """Microseconds of processor time that DynamoDB's GetItem takes, with the network taken out."""
    with ExitStack() as stack:
        daemon = stack.enter_context(Inbox())
        loops = {variant.name: stack.enter_context(Loop(stage, variant, "calls", daemon.address)) for variant in VARIANTS}
        loops[MIXED.name] = loops[LAYER.name]
        return _rounds(Turns(stage, daemon, loops, {"calls": CALLS_PER_BLOCK}, 1), (*VARIANTS, MIXED), rounds)


def _rounds(turns: Turns, variants: Sequence[Variant], rounds: int) -> Series:
    series: dict[str, list[float]] = {variant.name: [] for variant in variants}
    for number in range(WARM_UP_BLOCKS + rounds):
        took = turns.round_of(variants)
        for name, microseconds in took.items() if number >= WARM_UP_BLOCKS else ():
            series[name].append(microseconds)
    return series


def over_http(stage: Stage, rounds: int) -> Series:
    """Microseconds from the Runtime API's invocation to its response, over HTTP as on Lambda."""
    with ExitStack() as stack:
        daemon = stack.enter_context(Inbox())
        guests = {}
        for variant in VARIANTS:
            launch = stage.launch(variant, "noop", {}, daemon.address)
            guests[variant.name] = stack.enter_context(Guest(stage.sandbox(variant), launch))
            stage.processors.give(guests[variant.name].pid)
        series: dict[str, list[float]] = {variant.name: [] for variant in VARIANTS}
        for number in range(INVOCATIONS_PER_BLOCK + rounds):
            for variant in stage.shuffled(VARIANTS):
                guest = guests[variant.name]
                posts = guest.invoke(Invocation({}, trace_header=variant.header))
                if not posts:
                    raise RuntimeError(f"{variant.name} answered nothing in round {number}: {guest.result()!r:.2000}")
                post = posts[-1]
                if number >= INVOCATIONS_PER_BLOCK:
                    series[variant.name].append((post.at_ns - guest.api.deliveries[-1].sent_ns) / 1000)
            daemon.take()
        return series
