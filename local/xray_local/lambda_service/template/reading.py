"""A template file as dictionaries: YAML with CloudFormation's short tags, or JSON; `!Ref x` is read as {"Ref": "x"}."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from .problems import TemplateError

Node = dict[str, Any]

# The C parser where PyYAML has it: ten times as fast, and templates are read again at each change.
_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TIMESTAMP = "tag:yaml.org,2002:timestamp"
# The two intrinsic functions whose long form has no Fn:: in front.
PLAIN = ("Ref", "Condition")


class Loader(_BASE):  # type: ignore[misc]  # types-PyYAML knows the class only where it is named
    """YAML as CloudFormation reads it: short tags, and versions such as 2010-09-09 are text."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != TIMESTAMP]
    for first, resolvers in _BASE.yaml_implicit_resolvers.items()
}


def _intrinsic(loader: Any, tag: str, node: yaml.Node) -> Node:
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {tag if tag in PLAIN else f"Fn::{tag}": value}


Loader.add_multi_constructor("!", _intrinsic)


def read(path: Path) -> Node:
    """The whole template. Raises TemplateError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise TemplateError(f"cannot read {path}: {reason}; name the SAM or CloudFormation template with -t") from error
    document = _parsed(path, text)
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise TemplateError(f"{path}: no Resources: this is no SAM or CloudFormation template")
    return document


def _parsed(path: Path, text: str) -> Any:
    # JSON first where it looks so: YAML does not take tabs for indentation, JSON does.
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except ValueError:
            pass
    try:
        return yaml.load(text, Loader)  # noqa: S506 - a subclass of the safe loader
    except yaml.YAMLError as error:
        raise TemplateError(f"{path}: {error}") from error
