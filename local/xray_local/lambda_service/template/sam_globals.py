"""The Globals section of SAM: maps are merged, lists put one after the other, anything else is overridden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .problems import TemplateError
from .reading import PLAIN

# Which section applies to which type of resource; those of other types say nothing that a function needs.
SECTIONS = {"AWS::Serverless::Function": "Function", "AWS::Serverless::LayerVersion": "LayerVersion"}


def is_intrinsic(value: Any) -> bool:
    """Whether it is a call such as {"Fn::Sub": …}, which is one value to the rules of merging."""
    return isinstance(value, dict) and len(value) == 1 and all(str(name).startswith("Fn::") or name in PLAIN for name in value)


def merged(common: Any, own: Any) -> Any:
    """A value of Globals with the resource's own one on top (samtranslator, plugins/globals/globals.py)."""
    if is_intrinsic(common) or is_intrinsic(own):
        return own
    if isinstance(common, dict) and isinstance(own, dict):
        both = {name: merged(common[name], own[name]) for name in common.keys() & own.keys()}
        return {**common, **own, **both}
    if isinstance(common, list) and isinstance(own, list):
        return common + own
    return own


def properties(document: Mapping[str, Any], logical_id: str) -> Any:
    """The properties of a resource, with Globals."""
    resource = document["Resources"][logical_id]
    own = resource.get("Properties") or {}
    section = SECTIONS.get(resource.get("Type"))
    if section is None:
        return own
    every = document.get("Globals") or {}
    if not isinstance(every, dict) or not isinstance(every.get(section) or {}, dict):
        raise TemplateError(f"Globals.{section} must be a map of properties")
    return merged(every.get(section) or {}, own)
