"""Sampling rules, the targets that SDKs ask for every ten seconds, and what came of it (facts F.1).

How AWS divides a rule's reservoir among the clients is not published. Here every client that reported within the last
ACTIVE_S gets an equal share, the first ones the remainder: one client on the desk gets the whole reservoir.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from . import tagged
from .context import Context, Operation, Request, Response
from .errors import ApiError
from .paging import page

PAGE = 100
DEFAULT = "Default"
# The rule every account has: the first request of each second, and 5 % of the others.
DEFAULT_RULE: dict[str, Any] = {
    "RuleName": DEFAULT,
    "ResourceARN": "*",
    "Priority": 10_000,
    "FixedRate": 0.05,
    "ReservoirSize": 1,
    "ServiceName": "*",
    "ServiceType": "*",
    "Host": "*",
    "HTTPMethod": "*",
    "URLPath": "*",
    "Version": 1,
    "Attributes": {},
}
# What may be changed of the default rule: it must go on matching everything.
OF_DEFAULT = {"RuleName", "RuleARN", "FixedRate", "ReservoirSize"}
# AWS's quota for an account.
LARGEST_RULES = 25
# How often SDKs report, and how long a quota holds: AWS answers 10 s and five minutes.
INTERVAL_S = 10
QUOTA_S = 300
# A client that missed three reports has gone.
ACTIVE_S = 30
# What GetSamplingStatisticSummaries adds up: windows of 10 s, an hour of them.
WINDOW_S = 10
WINDOWS = 360


@dataclass
class Statistics:
    """What SDKs reported since the server started."""

    clients: dict[str, dict[str, float]] = field(default_factory=dict)
    """Rule, client, time of its last report."""
    windows: dict[str, deque[dict[str, Any]]] = field(default_factory=dict)


def _statistics(context: Context) -> Statistics:
    made: Statistics = context.memory.setdefault("sampling", Statistics())
    return made


def rules(context: Context) -> list[dict[str, Any]]:
    """Every rule as a SamplingRuleRecord, in the order in which SDKs try them."""
    records: list[dict[str, Any]] = [
        {"SamplingRule": record.body, "CreatedAt": record.created, "ModifiedAt": record.modified}
        for record in context.store.sampling_rules.all()
    ]
    if all(record["SamplingRule"]["RuleName"] != DEFAULT for record in records):
        rule = {**DEFAULT_RULE, "RuleARN": context.arn("sampling-rule", DEFAULT)}
        records.append({"SamplingRule": rule, "CreatedAt": 0, "ModifiedAt": 0})
    return sorted(records, key=lambda record: (record["SamplingRule"]["Priority"], record["SamplingRule"]["RuleName"]))


def _find(context: Context, request: Request) -> dict[str, Any]:
    name, arn = request.get("RuleName"), request.get("RuleARN")
    if (name is None) == (arn is None):
        raise ApiError("Give either RuleName or RuleARN.")
    for record in rules(context):
        if record["SamplingRule"]["RuleName"] == name or record["SamplingRule"]["RuleARN"] == arn:
            return record
    raise ApiError(f"Sampling rule does not exist: {name or arn}.")


def get_sampling_rules(context: Context, request: Request) -> Response:
    """Every rule, the one with the lowest priority number first."""
    rows, more = page(rules(context), request.get("NextToken"), PAGE)
    return {"SamplingRuleRecords": rows, **more}


def create_sampling_rule(context: Context, request: Request) -> Response:
    """A new rule."""
    rule = request["SamplingRule"]
    name = rule.get("RuleName")
    if not name:
        raise ApiError("RuleName must be given.")
    if rule["Version"] != 1:
        raise ApiError("Version must be 1.")
    with context.lock:
        known = rules(context)
        if any(record["SamplingRule"]["RuleName"] == name for record in known):
            raise ApiError(f"Sampling rule already exists: {name}.")
        if len(known) > LARGEST_RULES:
            raise ApiError(f"There may be {LARGEST_RULES} sampling rules.", "RuleLimitExceededException")
        body = {"Attributes": {}, **rule, "RuleARN": context.arn("sampling-rule", name)}
        record = context.store.sampling_rules.put(name, body, context.clock())
        tagged.put(context, body["RuleARN"], request.get("Tags") or [])
    return _answer(record.body, record.created, record.modified)


def update_sampling_rule(context: Context, request: Request) -> Response:
    """The members that are given replace those of the rule."""
    update = {name: value for name, value in request["SamplingRuleUpdate"].items() if value is not None}
    with context.lock:
        rule = _find(context, update)["SamplingRule"]
        if rule["RuleName"] == DEFAULT and (others := sorted(set(update) - OF_DEFAULT)):
            raise ApiError(f"Of the Default rule only FixedRate and ReservoirSize can be changed, not {', '.join(others)}.")
        if not 0 <= update.get("FixedRate", 0) <= 1:
            raise ApiError("FixedRate must be between 0 and 1.")
        if not 1 <= update.get("Priority", 1) <= 9999:
            raise ApiError("Priority must be between 1 and 9999.")
        if update.get("ReservoirSize", 0) < 0:
            raise ApiError("ReservoirSize must not be negative.")
        changed = {**rule, **update, "RuleName": rule["RuleName"], "RuleARN": rule["RuleARN"]}
        record = context.store.sampling_rules.put(rule["RuleName"], changed, context.clock())
    return _answer(record.body, record.created, record.modified)


def delete_sampling_rule(context: Context, request: Request) -> Response:
    """Removes a rule, and answers what it was."""
    with context.lock:
        record = _find(context, request)
        if record["SamplingRule"]["RuleName"] == DEFAULT:
            raise ApiError("The Default rule cannot be deleted.")
        context.store.sampling_rules.delete(record["SamplingRule"]["RuleName"])
        tagged.drop(context, record["SamplingRule"]["RuleARN"])
        # SDKs read the rules again when this time is newer than theirs; a rule that has gone has none any more.
        context.memory["sampling deleted"] = context.clock()
    return {"SamplingRuleRecord": record}


def _answer(rule: dict[str, Any], created: float, modified: float) -> Response:
    return {"SamplingRuleRecord": {"SamplingRule": rule, "CreatedAt": created, "ModifiedAt": modified}}


def get_sampling_targets(context: Context, request: Request) -> Response:
    """Takes a client's counts, and gives it its share of each rule's reservoir."""
    reports = request["SamplingStatisticsDocuments"]
    now = context.clock()
    known = rules(context)
    by_name = {record["SamplingRule"]["RuleName"]: record["SamplingRule"] for record in known}
    targets, refused = [], []
    with context.lock:
        for report in reports:
            rule = by_name.get(report["RuleName"])
            if rule is None:
                message = "There is no rule of this name; read the rules again with GetSamplingRules."
                refused.append({"RuleName": report["RuleName"], "ErrorCode": "RuleNotFound", "Message": message})
                continue
            _count(_statistics(context), report, now)
            targets.append(_target(_statistics(context), rule, report["ClientID"], now))
        modified = max([record["ModifiedAt"] for record in known] + [context.memory.get("sampling deleted", 0)])
    return {
        "SamplingTargetDocuments": targets,
        "LastRuleModification": modified,
        "UnprocessedStatistics": refused,
        "UnprocessedBoostStatistics": [],
    }


def _target(statistics: Statistics, rule: dict[str, Any], client: str, now: float) -> dict[str, Any]:
    clients = statistics.clients[rule["RuleName"]]
    for gone in [name for name, seen in clients.items() if now - seen > ACTIVE_S]:
        del clients[gone]
    share, remainder = divmod(rule["ReservoirSize"], len(clients))
    return {
        "RuleName": rule["RuleName"],
        "FixedRate": rule["FixedRate"],
        "ReservoirQuota": share + (sorted(clients).index(client) < remainder),
        "ReservoirQuotaTTL": int(now) + QUOTA_S,
        "Interval": INTERVAL_S,
    }


def _count(statistics: Statistics, report: dict[str, Any], now: float) -> None:
    name = report["RuleName"]
    statistics.clients.setdefault(name, {})[report["ClientID"]] = now
    windows = statistics.windows.setdefault(name, deque(maxlen=WINDOWS))
    start = int(now) // WINDOW_S * WINDOW_S
    if not windows or windows[-1]["Timestamp"] != start:
        windows.append({"RuleName": name, "Timestamp": start, "RequestCount": 0, "BorrowCount": 0, "SampledCount": 0})
    for member in ("RequestCount", "BorrowCount", "SampledCount"):
        windows[-1][member] += report.get(member) or 0


def get_sampling_statistic_summaries(context: Context, request: Request) -> Response:
    """What was reported, added up by rule and ten seconds, the newest first."""
    with context.lock:
        rows = [dict(row) for windows in _statistics(context).windows.values() for row in windows]
    rows.sort(key=lambda row: (-row["Timestamp"], row["RuleName"]))
    rows_of_page, more = page(rows, request.get("NextToken"), PAGE)
    return {"SamplingStatisticSummaries": rows_of_page, **more}


OPERATIONS: dict[str, Operation] = {
    "GetSamplingRules": get_sampling_rules,
    "CreateSamplingRule": create_sampling_rule,
    "UpdateSamplingRule": update_sampling_rule,
    "DeleteSamplingRule": delete_sampling_rule,
    "GetSamplingTargets": get_sampling_targets,
    "GetSamplingStatisticSummaries": get_sampling_statistic_summaries,
}
