"""Filters of event sources: the guide's kinds of rules, what a message's body is to them, and what is no pattern."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

from xray_local.lambda_service.patterns import matches, passes, read

# A pattern, what matches it, and what does not.
RULES: dict[str, tuple[Any, list[Any], list[Any]]] = {
    "null": ({"a": [None]}, [{"a": None}], [{}, {"a": 0}, {"a": ""}]),
    "empty": ({"a": [""]}, [{"a": ""}], [{"a": None}, {"a": " "}]),
    "equals": ({"a": ["x", "y"]}, [{"a": "x"}, {"a": "y", "b": 1}, {"a": ["z", "y"]}], [{"a": "X"}, {"a": {"x": 1}}, {}]),
    "a number": ({"a": [100]}, [{"a": 100}, {"a": 100.0}], [{"a": "100"}, {"a": 101}]),
    "no number": ({"a": [True, 0]}, [{"a": True}, {"a": 0}], [{"a": 1}, {"a": False}]),
    "and": ({"a": ["x"], "b": {"c": [1]}}, [{"a": "x", "b": {"c": 1}}], [{"a": "x"}, {"b": {"c": 1}}, {"a": "x", "b": 1}]),
    "or": (
        {"$or": [{"a": ["x"]}, {"b": [{"numeric": [">", 5]}]}], "c": [1]},
        [{"a": "x", "c": 1}, {"b": 6, "c": 1}],
        [{"a": "x"}, {"b": 5, "c": 1}, {"c": 1}],
    ),
    "not": ({"a": [{"anything-but": ["x", 1]}]}, [{"a": "y"}, {"a": 2}], [{"a": "x"}, {"a": 1}, {}]),
    "not one": ({"a": [{"anything-but": "x"}]}, [{"a": "y"}], [{"a": "x"}]),
    "not begun so": ({"a": [{"anything-but": {"prefix": ["x", "y"]}}]}, [{"a": "ax"}], [{"a": "xa"}, {"a": "ya"}, {}]),
    "a range": ({"a": [{"numeric": [">", 10, "<=", 20]}]}, [{"a": 11}, {"a": 20}], [{"a": 10}, {"a": 20.5}, {"a": "15"}, {}]),
    "one number": ({"a": [{"numeric": ["=", 3.5]}]}, [{"a": 3.5}], [{"a": 3}, {"a": True}]),
    "exists": ({"a": [{"exists": True}]}, [{"a": None}, {"a": "x"}], [{}, {"a": {"b": 1}}, {"a": []}]),
    "exists not": ({"a": {"b": [{"exists": False}]}}, [{}, {"a": {}}, {"a": {"c": 1}}], [{"a": {"b": 1}}, {"a": {"b": None}}]),
    "begins": ({"a": [{"prefix": "us-"}]}, [{"a": "us-east-1"}], [{"a": "US-east-1"}, {"a": 1}]),
    "ends": ({"a": [{"suffix": ".png"}]}, [{"a": "b.png"}], [{"a": "b.PNG"}, {"a": ""}]),
    "begins in any case": ({"a": [{"prefix": {"equals-ignore-case": "US-"}}]}, [{"a": "us-east-1"}], [{"a": "eu-west-1"}]),
    "in any case": ({"a": [{"equals-ignore-case": "Straße"}]}, [{"a": "STRASSE"}, {"a": "straße"}], [{"a": "strase"}]),
    "objects of a list": ({"a": {"b": [1]}}, [{"a": [{"b": 2}, {"b": 1}]}], [{"a": [{"b": 2}]}, {"a": [1]}, {"a": []}]),
}


@pytest.mark.parametrize("kind", RULES)
def test_a_rule(kind: str) -> None:
    """It matches what it is to match and nothing else."""
    pattern, yes, no = RULES[kind]
    found = read(json.dumps(pattern))

    assert [matches(found, value) for value in yes] == [True] * len(yes)
    assert [matches(found, value) for value in no] == [False] * len(no)


def message(body: str) -> dict[str, Any]:
    """A record of a queue."""
    return {"messageId": "1", "body": body, "attributes": {}, "messageAttributes": {}, "awsRegion": "eu-west-1"}


@pytest.mark.parametrize(
    ("pattern", "body", "expected"),
    [
        ({"body": ["go"]}, "go", True),
        ({"body": ["go"]}, "stop", False),
        ({"body": ["go"]}, '{"go": 1}', False),
        ({"body": {"kind": ["order"]}}, '{"kind": "order"}', True),
        ({"body": {"kind": ["order"]}}, '{"kind": "offer"}', False),
        ({"body": {"kind": ["order"]}}, "order", False),
        ({"body": {"kind": ["order"]}}, "{", False),
        ({"awsRegion": ["eu-west-1"]}, "anything", True),
        ({"awsRegion": ["eu-west-1"]}, '{"kind": "order"}', True),
        ({"$or": [{"body": {"kind": ["order"]}}, {"awsRegion": ["us-east-1"]}]}, '{"kind": "order"}', True),
    ],
)
def test_a_body(pattern: Any, body: str, expected: bool) -> None:
    """Fields are looked for in JSON, texts in what is none; other properties in every message."""
    assert passes([read(pattern)], "sqs", message(body)) is expected


def test_records_of_streams() -> None:
    """Kinesis' data is decoded, its metadata beside it; a table's change is as it is; one pattern of several is enough."""
    clicked = {"kinesis": {"partitionKey": "7", "data": base64.b64encode(b'{"to": "cart"}').decode()}, "eventName": "record"}
    changed = {"eventName": "INSERT", "dynamodb": {"NewImage": {"n": {"N": "5"}}}}
    to_cart, of_seven, other = read({"data": {"to": ["cart"]}}), read({"partitionKey": ["7"]}), read({"data": {"to": ["help"]}})

    assert [passes([one], "kinesis", clicked) for one in (to_cart, of_seven, other)] == [True, True, False]
    assert passes([other, of_seven], "kinesis", clicked)
    inserted, five = read({"eventName": ["INSERT"]}), read({"dynamodb": {"NewImage": {"n": {"N": ["5"]}}}})
    removed = read({"eventName": ["REMOVE"]})
    assert [passes([one], "dynamodb", changed) for one in (inserted, five, removed)] == [True, True, False]
    assert passes([], "sqs", message(""))


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("{", "Expecting property name"),
        ("[]", "a pattern is an object with at least one field, not []"),
        ("{}", "a pattern is an object with at least one field, not {}"),
        ('{"a": "x"}', 'a must be a list of what is allowed, or an object with fields, not "x"'),
        ('{"a": {"b": []}}', "a.b must be a list of what is allowed, or an object with fields, not []"),
        ('{"a": [["x"]]}', 'a: ["x"] is no rule; there are prefix, suffix, equals-ignore-case, anything-but, numeric, exists'),
        ('{"a": [{"wildcard": "x*"}]}', 'a: {"wildcard": "x*"} is no rule'),
        ('{"a": [{"numeric": [">"]}]}', 'a: numeric is not written like [">"]'),
        ('{"a": [{"exists": "yes"}]}', 'a: exists is not written like "yes"'),
        ('{"$or": [{"a": [1]}]}', "$or: "),
    ],
)
def test_what_is_no_pattern(pattern: str, reason: str) -> None:
    """It is refused with the field and what would be right."""
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}"):
        read(pattern)
