"""The local sampling rules: which of them is about a function, and what it decides."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.kit.fakes import FakeClock
from xray_local.api import Context, call
from xray_local.api.sampling import DEFAULT_RULE
from xray_local.lambda_service.model import Function
from xray_local.lambda_service.sampling import Sampling, matches, of_api
from xray_local.store import Store

ARN = "arn:aws:lambda:us-east-1:123456789012:function:orders"
ORDERS = Function("orders", "app.handler", Path())
ANY: dict[str, Any] = {**DEFAULT_RULE, "RuleName": "mine", "Priority": 1}


@pytest.mark.parametrize(
    ("member", "pattern", "about_us"),
    [
        ("ServiceName", "ord*", True),
        ("ServiceName", "ORDER?", True),
        ("ServiceName", "order", False),
        ("ServiceName", "[o]rders", False),
        ("ServiceType", "AWS::Lambda::Function", True),
        ("ServiceType", "AWS::Lambda", True),
        ("ServiceType", "AWS::ECS::*", False),
        ("ResourceARN", "arn:aws:lambda:*:function:orders", True),
        ("ResourceARN", "arn:aws:lambda:*:function:other", False),
        ("Host", "example.com", False),
        ("HTTPMethod", "POST", False),
        ("URLPath", "/*", False),
        ("Attributes", {"tier": "gold"}, False),
    ],
)
def test_what_a_rule_is_about(member: str, pattern: Any, about_us: bool) -> None:
    """Wildcards in any case; a rule that asks for something of a request is not about an invocation."""
    assert matches({**ANY, member: pattern}, ORDERS, ARN) is about_us


def test_the_default_rule_does_not_thin() -> None:
    """With the Default rule alone everything is recorded, whatever its rate."""
    decide = Sampling(lambda: [{**DEFAULT_RULE, "FixedRate": 0.0, "ReservoirSize": 0}], FakeClock(), lambda: 0.999)

    assert [decide(ORDERS, ARN) for _ in range(5)] == [True] * 5


def test_reservoir_and_rate() -> None:
    """The first so many of each second are recorded, of the others those that chance picks; the first rule that matches counts."""
    clock, chances = FakeClock(1_000.0), iter([0.9, 0.2, 0.3, 0.9])
    first = {**ANY, "ReservoirSize": 2, "FixedRate": 0.25}
    decide = Sampling(lambda: [{**first, "ServiceName": "other"}, first, DEFAULT_RULE], clock, lambda: next(chances))

    this_second = [decide(ORDERS, ARN) for _ in range(5)]
    clock.advance(1)
    next_second = [decide(ORDERS, ARN) for _ in range(3)]

    assert (this_second, next_second) == ([True, True, False, True, False], [True, True, False])


def test_the_rules_of_the_api() -> None:
    """A rule that is made through the X-Ray API decides from then on, until it is deleted."""
    with Store(None) as store:
        api = Context(store)
        decide = Sampling(of_api(api), time.time, lambda: 0.5)
        before = decide(ORDERS, ARN)
        body = {name: value for name, value in {**ANY, "FixedRate": 0.0, "ReservoirSize": 0}.items() if name != "RuleARN"}
        call(api, "/CreateSamplingRule", {"SamplingRule": body})
        while_there = decide(ORDERS, ARN)
        call(api, "/DeleteSamplingRule", {"RuleName": "mine"})

        assert (before, while_there, decide(ORDERS, ARN)) == (True, False, True)
