"""Evaluates the intrinsic functions of CloudFormation for resources that exist on the desk only by name.

`Evaluator.value` gives a node back with everything in it evaluated. Two things may stand in the way: a call that is wrong
(IntrinsicError), and a value that only a deployment knows (UnresolvedError), for which the caller decides what to do without.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from . import names, sam_globals
from .names import Place
from .problems import IntrinsicError, UnresolvedError

OVERRIDE = "--parameter-overrides"
# ${Name}, ${Name.Attribute}, ${AWS::Region}; ${!Literal} stays ${Literal}.
VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")
# Values that CloudFormation fetches from elsewhere while it deploys.
DYNAMIC = re.compile(r"\{\{resolve:[^}]+\}\}")
SAM = "AWS::Serverless-2016-10-31"


class NoValue:
    """AWS::NoValue: the property or item is not there."""


NO_VALUE = NoValue()


class Evaluator:
    """The parameters, mappings, conditions and resources of one template."""

    def __init__(self, document: Mapping[str, Any], place: Place, overrides: Mapping[str, str]) -> None:
        self.document, self.place = document, place
        self.resources: Mapping[str, Any] = document["Resources"]
        self._parameters: Mapping[str, Any] = document.get("Parameters") or {}
        self._conditions: Mapping[str, Any] = document.get("Conditions") or {}
        self._overrides = overrides
        self._pseudo = place.pseudo_parameters()
        transform = document.get("Transform") or []
        self._is_sam = SAM in (transform if isinstance(transform, list) else [transform])
        self._open: list[str] = []

    def value(self, node: Any) -> Any:
        """The node with every call in it evaluated."""
        if isinstance(node, str):
            if DYNAMIC.search(node):
                raise UnresolvedError(f"{node} is a dynamic reference, which only a deployment resolves")
            return node
        if isinstance(node, list):
            return [item for item in map(self.value, node) if item is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if sam_globals.is_intrinsic(node):
            [(name, argument)] = node.items()
            return self._call(name, argument)
        evaluated = {name: self.value(item) for name, item in node.items()}
        return {name: item for name, item in evaluated.items() if item is not NO_VALUE}

    def _call(self, name: str, argument: Any) -> Any:
        function = FUNCTIONS.get(name)
        if function is None:
            raise UnresolvedError(f"{name} is not evaluated here")
        return function(self, argument)

    @contextmanager
    def _within(self, name: str) -> Iterator[None]:
        if name in self._open:
            raise IntrinsicError(f"{' → '.join([*self._open, name])} goes round in a circle")
        self._open.append(name)
        try:
            yield
        finally:
            self._open.pop()

    def condition(self, name: Any) -> bool:
        """Whether a condition of the template holds."""
        if name not in self._conditions:
            raise IntrinsicError(f"there is no condition {name!r}; Conditions has {_list(self._conditions)}")
        with self._within(f"Conditions.{name}"):
            return self.truth(self._conditions[name])

    def truth(self, node: Any) -> bool:
        """A node as a condition."""
        found = self.value(node)
        if isinstance(found, bool):
            return found
        if found in ("true", "false"):
            return bool(found == "true")
        raise IntrinsicError(f"{node!r} is no condition")

    def included(self, logical_id: str) -> bool:
        """Whether a resource is there: its Condition, if it has one."""
        condition = self.resources[logical_id].get("Condition")
        return condition is None or self.condition(condition)

    def name(self, logical_id: str) -> str:
        """The resource's declared name, or its logical id."""
        resource = self.resources[logical_id]
        kind = names.KINDS.get(resource.get("Type"), names.UNKNOWN)
        properties = resource.get("Properties") or {}
        if isinstance(properties, dict) and properties.get(kind.named_by) is not None:
            with self._within(logical_id):
                declared = self.value(properties[kind.named_by])
            if declared is not NO_VALUE:
                return str(declared)
        if resource.get("Type") == "AWS::S3::Bucket":
            return logical_id.lower()
        return logical_id + (".fifo" if isinstance(properties, dict) and properties.get("FifoQueue") else "")

    def _answers(self, logical_id: str) -> dict[str, str]:
        resource = self.resources[logical_id]
        kind = names.KINDS.get(resource.get("Type"), names.UNKNOWN)
        return names.answers(kind, self.name(logical_id), self.place)

    def ref(self, name: Any) -> Any:
        """Ref: a parameter, a pseudo parameter, or what names a resource."""
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._parameters:
            return self._parameter(name)
        if name in self.resources:
            return self._answers(name)["ref"]
        return self._generated(str(name))

    def _generated(self, name: str) -> str:
        """What SAM makes beside a resource: its role, its version, its alias, the implicit API."""
        origin, _, attribute = name.partition(".")
        if origin in self.resources and attribute in ("Alias", "Version"):
            own = (self.resources[origin].get("Properties") or {}).get("AutoPublishAlias")
            qualifier = str(self.value(own)) if attribute == "Alias" and own is not None else "1"
            return f"{self._answers(origin).get('Arn', origin)}:{qualifier}"
        if self._is_sam and (name.startswith("Serverless") or any(map(name.startswith, self.resources))):
            return name
        known = _list({**self._parameters, **self.resources})
        raise IntrinsicError(f"{name!r} is neither a parameter nor a resource of this template, which has {known}")

    def _parameter(self, name: str) -> Any:
        declared = self._parameters[name]
        kind = str(declared.get("Type", "String"))
        given = self._overrides.get(name, declared.get("Default"))
        if name not in self._overrides and (given is None or kind.startswith("AWS::SSM::")):
            what = "names a value of the Parameter Store" if given is not None else "has no default"
            raise UnresolvedError(f"the parameter {name} {what}: give it with {OVERRIDE} {name}=…")
        if kind.startswith("List<") or kind == "CommaDelimitedList":
            return [item.strip() for item in str(given).split(",")]
        if kind == "Number":
            return _number(name, given)
        return given if isinstance(given, str) else _text(given)

    def get_att(self, argument: Any) -> Any:
        """Fn::GetAtt, as a list or as `Resource.Attribute`."""
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if not isinstance(parts, list) or len(parts) != 2:
            raise IntrinsicError(f"Fn::GetAtt takes a resource and an attribute, not {argument!r}")
        origin, attribute = str(parts[0]), str(self.value(parts[1]))
        if origin not in self.resources:
            name = self._generated(origin)
            if attribute == "Arn" and name.endswith("Role"):
                return f"arn:{self.place.partition}:iam::{self.place.account}:role/{name}"
            raise UnresolvedError(f"{origin}.{attribute} is known to a deployment only")
        found = self._answers(origin)
        if attribute not in found or attribute == "ref":
            raise UnresolvedError(f"{origin}.{attribute} ({self.resources[origin].get('Type')}) is known to a deployment only")
        return found[attribute]

    def sub(self, argument: Any) -> str:
        """Fn::Sub: a text, or a text and a map of its own variables."""
        text, own = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
        if not isinstance(text, str) or not isinstance(own, dict):
            raise IntrinsicError(f"Fn::Sub takes a text, or a text and a map, not {argument!r}")

        def replaced(match: re.Match[str]) -> str:
            literal, name = match[1], match[2].strip()
            if literal:
                return f"${{{name}}}"
            if name in own:
                return _text(self.value(own[name]))
            if "." in name and name.split(".", 1)[0] in self.resources and not name.endswith((".Alias", ".Version")):
                return _text(self.get_att(name))
            return _text(self.ref(name))

        found = VARIABLE.sub(replaced, text)
        return str(self.value(found))

    def find_in_map(self, argument: Any) -> Any:
        """Fn::FindInMap. The map {DefaultValue: …} behind the keys is AWS::LanguageExtensions'."""
        default = argument[3] if isinstance(argument, list) and len(argument) == 4 else None
        keys = self.value(argument[:3] if isinstance(argument, list) else argument)
        if not isinstance(keys, list) or len(keys) < 3:
            raise IntrinsicError(f"Fn::FindInMap takes a map and two keys, not {argument!r}")
        found: Any = self.document.get("Mappings") or {}
        for depth, key in enumerate(map(_text, keys[:3])):
            if not isinstance(found, dict) or key not in found:
                if isinstance(default, dict) and "DefaultValue" in default:
                    return self.value(default["DefaultValue"])
                place = ".".join(["Mappings", *map(_text, keys[:depth])])
                raise IntrinsicError(f"{place} has no {key!r}; it has {_list(found)}")
            found = found[key]
        return self.value(found)


def _if(evaluator: Evaluator, argument: Any) -> Any:
    if not isinstance(argument, list) or len(argument) != 3:
        raise IntrinsicError(f"Fn::If takes a condition and two values, not {argument!r}")
    # Only the branch that is taken: the other one may not exist.
    return evaluator.value(argument[1] if evaluator.condition(argument[0]) else argument[2])


def _equals(evaluator: Evaluator, argument: Any) -> bool:
    left, right = _pair("Fn::Equals", evaluator.value(argument))
    return _text(left) == _text(right)


def _join(evaluator: Evaluator, argument: Any) -> str:
    separator, parts = _pair("Fn::Join", evaluator.value(argument))
    if not isinstance(parts, list):
        raise IntrinsicError(f"Fn::Join takes a separator and a list, not {argument!r}")
    return str(separator).join(map(_text, parts))


def _split(evaluator: Evaluator, argument: Any) -> list[str]:
    separator, text = _pair("Fn::Split", evaluator.value(argument))
    return _text(text).split(str(separator))


def _select(evaluator: Evaluator, argument: Any) -> Any:
    index, items = _pair("Fn::Select", evaluator.value(argument))
    try:
        return items[int(index)]
    except (TypeError, ValueError, IndexError) as error:
        raise IntrinsicError(f"Fn::Select finds no item {index!r} in {items!r}") from error


def _zones(evaluator: Evaluator, argument: Any) -> list[str]:
    region = evaluator.value(argument) or evaluator.place.region
    return [f"{region}{letter}" for letter in "abc"]


def _import_value(evaluator: Evaluator, argument: Any) -> Any:
    raise UnresolvedError(f"Fn::ImportValue {_text(evaluator.value(argument))}: an export of another stack is not known here")


def _encoded(evaluator: Evaluator, argument: Any) -> str:
    return base64.b64encode(_text(evaluator.value(argument)).encode()).decode("ascii")


def _conditions(name: str, items: Any) -> list[Any]:
    if not isinstance(items, list) or not items:
        raise IntrinsicError(f"{name} takes a list of conditions, not {items!r}")
    return items


# A condition stands for its name in Conditions, and in Fn::And, Fn::Or and Fn::Not for itself.
FUNCTIONS: dict[str, Callable[[Evaluator, Any], Any]] = {
    "Ref": Evaluator.ref,
    "Condition": Evaluator.condition,
    "Fn::GetAtt": Evaluator.get_att,
    "Fn::Sub": Evaluator.sub,
    "Fn::FindInMap": Evaluator.find_in_map,
    "Fn::If": _if,
    "Fn::Equals": _equals,
    "Fn::And": lambda evaluator, items: all(map(evaluator.truth, _conditions("Fn::And", items))),
    "Fn::Or": lambda evaluator, items: any(map(evaluator.truth, _conditions("Fn::Or", items))),
    "Fn::Not": lambda evaluator, items: not evaluator.truth(_conditions("Fn::Not", items)[0]),
    "Fn::Join": _join,
    "Fn::Split": _split,
    "Fn::Select": _select,
    "Fn::GetAZs": _zones,
    "Fn::Base64": _encoded,
    "Fn::ImportValue": _import_value,
}


def _pair(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) != 2:
        raise IntrinsicError(f"{name} takes two values, not {value!r}")
    return value


def _number(name: str, value: Any) -> int | float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise IntrinsicError(f"the parameter {name} is a number, not {value!r}") from error
    return int(number) if number == int(number) else number


def _text(value: Any) -> str:
    """A value within a text, as CloudFormation writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return "" if value is None or value is NO_VALUE else str(value)


def _list(names: Any) -> str:
    return ", ".join(sorted(map(str, names))) if names else "none"
