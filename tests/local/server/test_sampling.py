"""Sampling rules and targets: what SDKs and the console do with them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore import xform_name

from tests.local.server import clients
from xray_local.api import ApiError, Context, call, model
from xray_local.server import Running
from xray_local.store import Store

ANY = dict.fromkeys(("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN"), "*")


def rule(name: str, priority: int = 10, **fields: Any) -> dict[str, Any]:
    """A rule for everything."""
    return {"RuleName": name, "Priority": priority, "FixedRate": 0.5, "ReservoirSize": 5, "Version": 1, **ANY, **fields}


def report(name: str, client: str = "a", **fields: Any) -> dict[str, Any]:
    """What an SDK reports every ten seconds."""
    return {"RuleName": name, "ClientID": client * 24, "Timestamp": 1.0, "RequestCount": 10, "SampledCount": 6, **fields}


def test_the_default_rule(server: Running) -> None:
    """A new store has the rule that AWS gives to every account, for unsigned callers as well."""
    status, _headers, body = clients.http(server.endpoint + "/GetSamplingRules", b"{}")
    [record] = json.loads(body)["SamplingRuleRecords"]
    everything = {**ANY, "RuleARN": "arn:aws:xray:us-east-1:000000000000:sampling-rule/Default", "Version": 1, "Attributes": {}}
    default = {"RuleName": "Default", "Priority": 10_000, "FixedRate": 0.05, "ReservoirSize": 1, **everything}
    assert (status, record) == (200, {"SamplingRule": default, "CreatedAt": 0, "ModifiedAt": 0})


def test_rules_live(xray: Any) -> None:
    """A rule is created, changed by name and by ARN, listed by priority, and gone after deletion."""
    made = xray.create_sampling_rule(SamplingRule=rule("b", 20, Attributes={"k": "v"}))["SamplingRuleRecord"]
    arn = "arn:aws:xray:us-east-1:000000000000:sampling-rule/b"
    assert made["SamplingRule"] == {**rule("b", 20, Attributes={"k": "v"}), "RuleARN": arn}
    assert abs(made["CreatedAt"].timestamp() - time.time()) < 60
    xray.create_sampling_rule(SamplingRule=rule("a", 30))
    xray.update_sampling_rule(SamplingRuleUpdate={"RuleName": "a", "Priority": 5})
    changed = xray.update_sampling_rule(SamplingRuleUpdate={"RuleARN": arn, "FixedRate": 1.0})["SamplingRuleRecord"]
    assert changed["SamplingRule"] == {**made["SamplingRule"], "FixedRate": 1.0}
    xray.update_sampling_rule(SamplingRuleUpdate={"RuleName": "Default", "FixedRate": 1.0, "ReservoirSize": 0})
    listed = [row["SamplingRule"] for row in xray.get_sampling_rules()["SamplingRuleRecords"]]
    assert [(row["RuleName"], row["Priority"], row["FixedRate"]) for row in listed] == [
        ("a", 5, 0.5),
        ("b", 20, 1.0),
        ("Default", 10_000, 1.0),
    ]
    assert xray.delete_sampling_rule(RuleName="a")["SamplingRuleRecord"]["SamplingRule"]["RuleName"] == "a"
    xray.delete_sampling_rule(RuleARN=arn)
    assert [row["SamplingRule"]["RuleName"] for row in xray.get_sampling_rules()["SamplingRuleRecords"]] == ["Default"]


@pytest.mark.parametrize(
    ("operation", "arguments", "message"),
    [
        ("create_sampling_rule", {"SamplingRule": rule("Default")}, "Sampling rule already exists: Default."),
        ("create_sampling_rule", {"SamplingRule": {**rule("a"), "RuleName": ""}}, "Value '' at 'SamplingRule.RuleName' failed to satisfy constraint: Member must have length greater than or equal to 1."),
        ("create_sampling_rule", {"SamplingRule": rule("a", Version=2)}, "Version must be 1."),
        ("create_sampling_rule", {"SamplingRule": rule("a", 10_000)}, "Value 10000 at 'SamplingRule.Priority' failed to satisfy constraint: Member must have value less than or equal to 9999."),
        ("update_sampling_rule", {"SamplingRuleUpdate": {"RuleName": "none"}}, "Sampling rule does not exist: none."),
        ("update_sampling_rule", {"SamplingRuleUpdate": {}}, "Give either RuleName or RuleARN."),
        ("update_sampling_rule", {"SamplingRuleUpdate": {"RuleName": "Default", "Host": "a"}}, "Of the Default rule only FixedRate and ReservoirSize can be changed, not Host."),
        ("update_sampling_rule", {"SamplingRuleUpdate": {"RuleName": "Default", "FixedRate": 1.1}}, "FixedRate must be between 0 and 1."),
        ("update_sampling_rule", {"SamplingRuleUpdate": {"RuleName": "Default", "ReservoirSize": -1}}, "ReservoirSize must not be negative."),
        ("delete_sampling_rule", {"RuleName": "Default"}, "The Default rule cannot be deleted."),
        ("get_sampling_targets", {"SamplingStatisticsDocuments": [report("a")] * 26}, "Value [{'RuleName': 'a', 'ClientID': 'aaaaaaaaaaaaaaaaaaaaaaaa'... at 'SamplingStatisticsDocuments' failed to satisfy constraint: Member must have length less than or equal to 25."),
    ],
)  # fmt: skip
def test_what_is_refused(operation: str, arguments: dict[str, Any], message: str) -> None:
    """A rule that AWS would not take is refused with the reason."""
    path = next(path for path, name in model.paths().items() if xform_name(name) == operation)
    with Store(None) as store, pytest.raises(ApiError) as caught:
        call(Context(store), path, arguments)
    assert (caught.value.code, caught.value.message) == ("InvalidRequestException", message)


def test_there_may_be_25_rules(xray: Any) -> None:
    """The 26th is refused with the error AWS has for it."""
    for number in range(25):
        xray.create_sampling_rule(SamplingRule=rule(f"r{number}", number + 1))
    with pytest.raises(xray.exceptions.RuleLimitExceededException):
        xray.create_sampling_rule(SamplingRule=rule("more", 99))


def test_targets_and_summaries(xray: Any) -> None:
    """A client gets the rule's rate and reservoir, an unknown rule is named as such, and the counts are added up."""
    xray.create_sampling_rule(SamplingRule=rule("a"))
    answer = xray.get_sampling_targets(SamplingStatisticsDocuments=[report("a", BorrowCount=1), report("none")])
    [target] = answer["SamplingTargetDocuments"]
    assert abs(target.pop("ReservoirQuotaTTL").timestamp() - time.time() - 300) < 30
    assert target == {"RuleName": "a", "FixedRate": 0.5, "ReservoirQuota": 5, "Interval": 10}
    assert [row["RuleName"] for row in answer["UnprocessedStatistics"]] == ["none"]
    assert abs(answer["LastRuleModification"].timestamp() - time.time()) < 60
    xray.get_sampling_targets(SamplingStatisticsDocuments=[report("a")])
    rows = xray.get_sampling_statistic_summaries()["SamplingStatisticSummaries"]
    sums = {name: sum(row[name] for row in rows) for name in ("RequestCount", "BorrowCount", "SampledCount")}
    assert sums == {"RequestCount": 20, "BorrowCount": 1, "SampledCount": 12}


def test_the_reservoir_is_shared_by_active_clients() -> None:
    """Five a second for two clients are three and two; a client that is silent for half a minute gives its part back."""
    now = [1_700_000_000.0]
    with Store(None) as store:
        context = Context(store, clock=lambda: now[0])
        call(context, "/CreateSamplingRule", {"SamplingRule": rule("a")})

        def quota(client: str) -> int:
            answer = call(context, "/SamplingTargets", {"SamplingStatisticsDocuments": [report("a", client)]})
            found: int = answer["SamplingTargetDocuments"][0]["ReservoirQuota"]
            return found

        quotas = [quota("a"), quota("b"), quota("a")]
        now[0] += 31
        assert [*quotas, quota("b")] == [5, 2, 3, 5]


def test_a_deleted_rule_makes_sdks_read_again() -> None:
    """LastRuleModification moves on when a rule is created, changed or deleted."""
    now = [1_700_000_000.0]
    seen = []
    with Store(None) as store:
        context = Context(store, clock=lambda: now[0])
        for path, request in (
            ("/CreateSamplingRule", {"SamplingRule": rule("a")}),
            ("/UpdateSamplingRule", {"SamplingRuleUpdate": {"RuleName": "a", "FixedRate": 1}}),
            ("/DeleteSamplingRule", {"RuleName": "a"}),
        ):
            now[0] += 10
            call(context, path, request)
            seen.append(call(context, "/SamplingTargets", {"SamplingStatisticsDocuments": []})["LastRuleModification"])
    assert seen == [1_700_000_010, 1_700_000_020, 1_700_000_030]
