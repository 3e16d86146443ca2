"""From many noisy measurements to one figure and how far it can be trusted."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# 95 % of a normal distribution lie within this many standard deviations.
Z95 = 1.96


@dataclass(frozen=True)
class Spread:
    """A median, and what is known of it."""

    median: float
    low: float
    high: float
    """Between low and high lies the true median with 95 % confidence."""
    least: float
    count: int


def spread(values: Sequence[float]) -> Spread:
    """Summarise measurements without assuming anything about their distribution.

    The interval is that of the sign test: order statistics, ranks from the normal approximation of the
    binomial. A machine's noise has a long tail on one side, which means and deviations do not survive.

    Raises:
        ValueError: there are none.
    """
    ordered = sorted(values)
    count = len(ordered)
    if not count:
        raise ValueError("no measurements to summarise")
    reach = Z95 * math.sqrt(count) / 2
    first = max(0, math.floor(count / 2 - reach) - 1)
    last = min(count - 1, math.ceil(count / 2 + reach))
    return Spread(statistics.median(ordered), ordered[first], ordered[last], ordered[0], count)


def added(values: Sequence[float], base: Sequence[float]) -> Spread:
    """Summarise what each measurement is above the bare one of the same round."""
    return spread([value - bare for value, bare in zip(values, base, strict=True)])


def ratio(values: Sequence[float], base: Sequence[float]) -> Spread:
    """Summarise how many times the bare one of the same round each measurement is."""
    return spread([value / bare for value, bare in zip(values, base, strict=True)])


def added_when_quiet(values: Sequence[float], base: Sequence[float]) -> Spread:
    """Summarise what is added, at the speed that the machine has when its neighbours are quiet.

    A machine that is shared runs everything slower, by a factor of 2 here, for seconds at a time; so the ratio to
    the bare one of the same round is what is steady. It is applied to the bare one's quietest tenth.
    """
    quiet = sorted(base)[len(base) // 10]
    return spread([(value / bare - 1) * quiet for value, bare in zip(values, base, strict=True)])


def quiet_rounds(series: Mapping[str, Sequence[float]]) -> list[int]:
    """Choose the half of the rounds in which all variants together took least, in their order.

    Chosen by the sum, so that no variant's own luck decides: choosing by the bare one's would favour the rounds
    in which it was lucky, and make everything beside it look slow.
    """
    totals = [sum(round_) for round_ in zip(*series.values(), strict=True)]
    order = sorted(range(len(totals)), key=totals.__getitem__)
    return sorted(order[: (len(order) + 1) // 2])
