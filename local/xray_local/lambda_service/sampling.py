"""The local sampling decision, for a caller that has not decided: everything, but for what a rule of the user's thins out.

The rules are those of the X-Ray API (`aws xray create-sampling-rule`).

CHOICE default-rule: the built-in Default rule, one a second and 5 %, is left out: who runs a function here wants to see it.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from xray_local.api import Context
from xray_local.api.sampling import DEFAULT, rules

from .model import Function

Rule = Mapping[str, Any]
Decide = Callable[[Function, str], bool]
"""Whether to record an invocation of this function, whose ARN is the second argument."""

# What a rule may call us: the segment that the decision is made for, and the one that users know.
_SERVICE_TYPES = ("AWS::Lambda", "AWS::Lambda::Function")


def everything(_function: Function, _arn: str) -> bool:
    """The decision without rules."""
    return True


class Sampling:
    """Decides by the rules as they are at that moment.

    Args:
        rules: every rule (the API's SamplingRule), the one with the lowest priority number first.
        clock: seconds since the epoch; reservoirs are filled anew with each of its whole seconds.
        chance: a number from 0 up to, not including, 1.
    """

    def __init__(
        self,
        rules: Callable[[], Sequence[Rule]],
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._rules = rules
        self._clock = clock
        self._chance = chance
        self._second = 0
        self._taken: dict[str, int] = {}

    def __call__(self, function: Function, arn: str) -> bool:
        """Whether to record; the first rule that matches decides."""
        rule = next((rule for rule in self._rules() if matches(rule, function, arn)), None)
        if rule is None or rule["RuleName"] == DEFAULT:
            return True
        return self._from_reservoir(rule) or self._chance() < rule["FixedRate"]

    def _from_reservoir(self, rule: Rule) -> bool:
        second = int(self._clock())
        if second != self._second:
            self._second = second
            self._taken.clear()
        name = rule["RuleName"]
        if self._taken.get(name, 0) >= rule["ReservoirSize"]:
            return False
        self._taken[name] = self._taken.get(name, 0) + 1
        return True


def of_api(context: Context) -> Callable[[], list[Rule]]:
    """The rules of the X-Ray API, read anew each time: 25 of them take 0.3 ms, a new rule counts at once."""
    return lambda: [record["SamplingRule"] for record in rules(context)]


def matches(rule: Rule, function: Function, arn: str) -> bool:
    """Whether a rule is about this function.

    An invocation has no host, method or path: a rule that asks for one is about something else, as is one with attributes.
    """
    return (
        _like(rule["ServiceName"], function.name)
        and any(_like(rule["ServiceType"], name) for name in _SERVICE_TYPES)
        and _like(rule["ResourceARN"], arn)
        and all(_like(rule[member], "") for member in ("Host", "HTTPMethod", "URLPath"))
        and not rule.get("Attributes")
    )


def _like(pattern: str, value: str) -> bool:
    return _compiled(pattern).fullmatch(value) is not None


@lru_cache(maxsize=256)  # 25 rules with 6 patterns each are 150
def _compiled(pattern: str) -> re.Pattern[str]:
    """X-Ray's wildcards: `*` for any characters, `?` for one; case does not matter (AWS's SDKs)."""
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(character, re.escape(character)) for character in pattern), re.IGNORECASE | re.DOTALL)
