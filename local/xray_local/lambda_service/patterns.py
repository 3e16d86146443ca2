"""FilterCriteria of event source mappings: which records reach the function.

The rules are those of the AWS Lambda developer guide, "Control which events Lambda sends to your function": a pattern names
fields and lists what they may be, every field must match, and one pattern of several is enough. What does not match is done with:
it leaves the queue, and the stream is read on.
"""

from __future__ import annotations

import base64
import json
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Pattern = Mapping[str, Any]
Record = dict[str, Any]
"""Of an event, as the function gets it."""

_OR = "$or"
_ABSENT = object()
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def read(text: Any) -> Pattern:
    """A pattern from its JSON. Raises ValueError, whose text says what is wrong with it."""
    pattern = json.loads(text) if isinstance(text, str) else text
    if not isinstance(pattern, dict) or not pattern:
        raise ValueError(f"a pattern is an object with at least one field, not {json.dumps(pattern)[:60]}")
    _check(pattern, "")
    return pattern


def _check(pattern: Pattern, path: str) -> None:
    for name, wanted in pattern.items():
        here = f"{path}.{name}" if path else name
        if name == _OR and isinstance(wanted, list) and len(wanted) > 1 and all(isinstance(one, dict) for one in wanted):
            for one in wanted:
                _check(one, here)
        elif isinstance(wanted, dict) and wanted:
            _check(wanted, here)
        elif isinstance(wanted, list) and wanted:
            for one in wanted:
                _check_rule(one, here)
        else:
            raise ValueError(f"{here} must be a list of what is allowed, or an object with fields, not {json.dumps(wanted)[:60]}")


def _check_rule(rule: Any, path: str) -> None:
    if not isinstance(rule, dict | list):
        return
    name = next(iter(rule), "")
    if isinstance(rule, list) or len(rule) != 1 or name not in _RULES:
        raise ValueError(f"{path}: {json.dumps(rule)[:60]} is no rule; there are {', '.join(_RULES)}")
    if not _RULES[name][0](rule[name]):
        raise ValueError(f"{path}: {name} is not written like {json.dumps(rule[name])[:60]}")


def passes(patterns: Sequence[Pattern], kind: str, record: Record) -> bool:
    """Whether a record of a queue or a stream reaches the function; without patterns, each does."""
    return not patterns or any(matches(pattern, _VIEWS[kind](pattern, record)) for pattern in patterns)


def matches(pattern: Pattern, value: Any) -> bool:
    """Whether an object is as a pattern says; anything else never is."""
    return isinstance(value, dict) and all(_field(name, wanted, value) for name, wanted in pattern.items())


def _field(name: str, wanted: Any, value: Mapping[str, Any]) -> bool:
    if name == _OR and isinstance(wanted, list):
        return any(matches(one, value) for one in wanted)
    found = value.get(name, _ABSENT)
    if isinstance(wanted, dict):
        several = found if isinstance(found, list) else [found]
        # What only asks for absence is content with no object at all.
        return any(matches(wanted, {} if one is _ABSENT else one) for one in several)
    # Of a list one item is enough; an empty one is as if it were not there.
    several = (found or [_ABSENT]) if isinstance(found, list) else [found]
    return any(_allowed(rule, one) for rule in wanted for one in several)


def _allowed(rule: Any, found: Any) -> bool:
    if isinstance(rule, dict):
        ((name, argument),) = rule.items()
        return _RULES[name][1](argument, found)
    return _same(rule, found)


def _same(rule: Any, found: Any) -> bool:
    """Equality of JSON: 1 is 1.0, and neither is true."""
    return isinstance(rule, bool) is isinstance(found, bool) and bool(rule == found)


def _is_texts(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_range(value: Any) -> bool:
    """`["=", 1]` or `[">", 1, "<=", 5]`."""
    if not isinstance(value, list) or len(value) not in (2, 4):
        return False
    names, numbers = value[::2], value[1::2]
    return all(isinstance(name, str) and name in _COMPARED for name in names) and all(map(_is_number, numbers))


def _is_excluded(value: Any) -> bool:
    if isinstance(value, dict):
        name = next(iter(value), "")
        return len(value) == 1 and name in ("prefix", "suffix", "equals-ignore-case") and _is_texts(value[name])
    several = value if isinstance(value, list) else [value]
    return bool(several) and all(isinstance(one, str | int | float) for one in several)


def _numeric(argument: list[Any], found: Any) -> bool:
    pairs = zip(argument[::2], argument[1::2], strict=True)
    return _is_number(found) and all(_COMPARED[name](found, number) for name, number in pairs)


def _begins(argument: Any, found: Any) -> bool:
    if isinstance(argument, dict):
        text = argument["equals-ignore-case"]
        return isinstance(found, str) and found.casefold().startswith(text.casefold())
    return isinstance(found, str) and found.startswith(argument)


def _ends(argument: Any, found: Any) -> bool:
    if isinstance(argument, dict):
        text = argument["equals-ignore-case"]
        return isinstance(found, str) and found.casefold().endswith(text.casefold())
    return isinstance(found, str) and found.endswith(argument)


def _same_letters(argument: str, found: Any) -> bool:
    return isinstance(found, str) and found.casefold() == argument.casefold()


def _anything_but(argument: Any, found: Any) -> bool:
    if found is _ABSENT:
        return False
    if isinstance(argument, dict):
        ((name, texts),) = argument.items()
        return not any(_RULES[name][1](text, found) for text in ([texts] if isinstance(texts, str) else texts))
    return not any(_same(one, found) for one in (argument if isinstance(argument, list) else [argument]))


def _exists(argument: bool, found: Any) -> bool:
    # Of leaves only: an object is not there for this rule.
    return argument is (found is not _ABSENT and not isinstance(found, dict))


def _is_affix(value: Any) -> bool:
    folded = isinstance(value, dict) and list(value) == ["equals-ignore-case"] and isinstance(value["equals-ignore-case"], str)
    return isinstance(value, str) or folded


# How each is written, and what it says of a value.
_RULES: dict[str, tuple[Callable[[Any], bool], Callable[[Any, Any], bool]]] = {
    "prefix": (_is_affix, _begins),
    "suffix": (_is_affix, _ends),
    "equals-ignore-case": (lambda value: isinstance(value, str), _same_letters),
    "anything-but": (_is_excluded, _anything_but),
    "numeric": (_is_range, _numeric),
    "exists": (lambda value: isinstance(value, bool), _exists),
}


def _message(pattern: Pattern, record: Record) -> Record | None:
    """A message as patterns see it: its body is JSON where the pattern asks for fields of it, and text where it asks for a text.

    Where body and pattern are of different forms, nothing matches (same guide, "Properly filtering Amazon SQS messages").
    """
    return _with_data(pattern, record, "body", record["body"])


def _kinesis(pattern: Pattern, record: Record) -> Record | None:
    """The metadata of a record and its data, decoded, side by side."""
    inner = record["kinesis"]
    data = base64.b64decode(inner["data"]).decode("utf-8", "replace")
    return _with_data(pattern, {**record, **inner}, "data", data)


def _with_data(pattern: Pattern, record: Record, name: str, text: str) -> Record | None:
    if not any(name in part for part in (pattern, *(pattern.get(_OR) or ()))):
        return record
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = None
    is_object = isinstance(parsed, dict | list)
    wants_fields = isinstance(pattern.get(name), dict) or any(isinstance(one.get(name), dict) for one in pattern.get(_OR) or ())
    if is_object is not wants_fields:
        return None
    return {**record, name: parsed if is_object else text}


def _change(_pattern: Pattern, record: Record) -> Record | None:
    """A change of a table as it is: values stay within their types, as `{"N": "5"}`."""
    return record


_VIEWS: dict[str, Callable[[Pattern, Record], Record | None]] = {"sqs": _message, "kinesis": _kinesis, "dynamodb": _change}
