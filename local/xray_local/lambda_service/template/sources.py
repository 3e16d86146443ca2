"""Event sources of functions: the Events of SAM, event source mappings, and schedules of EventBridge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..model import InvokeConfig, Source
from ..patterns import Pattern, read
from .section import Notes, Section

# Kinds by the service in the ARN of what is polled, and by SAM's name of the event.
POLLED = {"sqs": "sqs", "kinesis": "kinesis", "dynamodb": "dynamodb"}
SAM_POLLED = {"SQS": "Queue", "Kinesis": "Stream", "DynamoDB": "Stream"}
# The property with the expression, and that with the payload.
SAM_SCHEDULES = {"Schedule": "Schedule", "ScheduleV2": "ScheduleExpression"}
SCHEDULE_TYPES = ("AWS::Events::Rule", "AWS::Scheduler::Schedule")
MAPPING = "AWS::Lambda::EventSourceMapping"
INVOKE_CONFIG = "AWS::Lambda::EventInvokeConfig"
PARTIAL = "ReportBatchItemFailures"
# Properties that change which records a function gets or when, and that nothing here does.
IGNORED = (
    "ParallelizationFactor",
    "TumblingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "ProvisionedPollerConfig",
)


@dataclass(frozen=True)
class Found:
    """A source and the function that it belongs to, by name or ARN."""

    function: str
    source: Source


def of_events(events: Section) -> Iterator[Source]:
    """What the Events of a SAM function are."""
    for name, event in events.sections():
        kind = event.text("Type")
        properties = event.section("Properties")
        logical_id = f"{events.owner}{name}"
        if kind in SAM_POLLED:
            yield from _polled(properties, SAM_POLLED[kind], logical_id)
        elif kind in SAM_SCHEDULES:
            yield from _scheduled(properties, SAM_SCHEDULES[kind], logical_id, properties.get("Input"))
        else:
            events.notes.add(f"{events.owner}: events of type {kind} are not made here: invoke it through the Lambda API")


def mapped(logical_id: str, properties: Section) -> Iterator[Found]:
    """What a resource of type AWS::Lambda::EventSourceMapping is."""
    function = properties.text("FunctionName")
    for source in _polled(properties, "EventSourceArn", logical_id):
        yield Found(function, source)


def rule(logical_id: str, properties: Section) -> Iterator[Found]:
    """The schedule of AWS::Events::Rule or AWS::Scheduler::Schedule for each of its targets."""
    if not properties.has("ScheduleExpression"):
        return
    nodes = properties.items("Targets") if properties.has("Targets") else [properties.values.get("Target")]
    for node in nodes:
        target = properties.item("Targets", node).section("Targets")
        for source in _scheduled(properties, "ScheduleExpression", logical_id, target.get("Input")):
            yield Found(target.text("Arn"), source)


def _polled(properties: Section, arn_property: str, name: str) -> Iterator[Source]:
    arn = properties.text(arn_property)
    kind = POLLED.get(arn.split(":")[2] if arn.startswith("arn:") and arn.count(":") >= 5 else "")
    if not arn:
        properties.notes.add(f"{properties.owner}: {name} is left out: what it polls is not known here")
        return
    if kind is None:
        properties.notes.add(f"{properties.owner}: {name} is left out: {arn} is not polled here")
        return
    for ignored in IGNORED:
        if properties.has(ignored):
            properties.notes.add(f"{properties.owner}: {ignored} of {name} is not applied here")
    retries = properties.whole("MaximumRetryAttempts")
    yield Source(
        kind,
        name,
        arn,
        batch_size=properties.whole("BatchSize"),
        window_s=properties.number("MaximumBatchingWindowInSeconds", 0.0),
        partial_responses=PARTIAL in (properties.get("FunctionResponseTypes") or []),
        starting_position=properties.text("StartingPosition", "LATEST"),
        retries=-1 if retries is None else retries,
        bisect=properties.flag("BisectBatchOnFunctionError", False),
        maximum_concurrency=properties.section("ScalingConfig").whole("MaximumConcurrency"),
        enabled=properties.flag("Enabled", True),
        filters=tuple(_filters(properties.section("FilterCriteria"))),
    )


def _filters(criteria: Section) -> Iterator[Pattern]:
    for node in criteria.items("Filters"):
        item = criteria.item("Filters", node).section("Filters")
        pattern = item.get("Pattern")
        if pattern is None and item.has("Pattern"):
            continue  # what only a deployment knows; it is noted
        try:
            yield read(pattern)
        except ValueError as error:
            raise item.wrong("Pattern", f"is no pattern: {error}") from error


def _scheduled(properties: Section, expression: str, name: str, payload: Any) -> Iterator[Source]:
    schedule = properties.text(expression)
    if not schedule:
        properties.notes.add(f"{properties.owner}: {name} is left out: it has no {expression}")
        return
    enabled = properties.flag("Enabled", True) and properties.text("State", "ENABLED") != "DISABLED"
    yield Source("schedule", name, schedule=schedule, payload=_json(payload, name, properties.notes), enabled=enabled)


def _json(text: Any, name: str, notes: Notes) -> Any:
    """The input of a schedule is JSON in a text."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        notes.add(f"{name}: its Input is not JSON: {text[:60]}")
        return text


def invoke_config(properties: Section) -> InvokeConfig:
    """EventInvokeConfig of SAM, and the properties of AWS::Lambda::EventInvokeConfig."""
    destinations = properties.section("DestinationConfig")
    retries = properties.whole("MaximumRetryAttempts")
    return InvokeConfig(
        retries=2 if retries is None else retries,
        maximum_age_s=properties.number("MaximumEventAgeInSeconds", 21_600.0),
        on_success=_destination(destinations, "OnSuccess"),
        on_failure=_destination(destinations, "OnFailure"),
    )


def _destination(destinations: Section, name: str) -> str | None:
    destination = destinations.section(name)
    if destinations.has(name) and not destination.has("Destination"):
        # SAM makes a queue or a topic whose name it invents.
        destinations.notes.add(f"{destinations.owner}: {name} has no Destination: name a queue or a topic of the template")
    return destination.text("Destination") or None
