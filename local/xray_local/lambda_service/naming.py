"""How callers name a function: by its name, its ARN, or part of that, each with a qualifier or without."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .model import Desk, Function, LambdaError

# As in AWS's description of the API (NamespacedFunctionName), in groups. Region and account are not looked at: a function
# whose code has the ARN of the real one finds the one on the desk.
PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?"
    r"([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)
NAME, QUALIFIER = 11, 13
LONGEST = 256
LATEST = "$LATEST"


@dataclass(frozen=True)
class Target:
    """What an invocation is for."""

    function: Function
    arn: str
    """As it was invoked: with the qualifier, if there was one."""


def find(functions: Mapping[str, Function], desk: Desk, said: str, qualifier: str | None = None) -> Target:
    """The function that a caller means. Raises LambdaError in AWS's words."""
    match = re.fullmatch(PATTERN, said)
    if match is None or len(said) > LONGEST:
        raise LambdaError(
            f"1 validation error detected: Value '{said}' at 'functionName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {PATTERN}",
            "ValidationException",
        )
    name, within = match[NAME], match[QUALIFIER]
    if within and qualifier and within != qualifier:
        raise LambdaError(
            "The derived qualifier from the function name does not match the specified qualifier.",
            "InvalidParameterValueException",
        )
    qualifier = within or qualifier or None
    arn = desk.function_arn(name, qualifier)
    function = functions.get(name)
    if function is None:
        raise LambdaError(f"Function not found: {arn}", "ResourceNotFoundException", 404)
    if qualifier and qualifier not in (LATEST, function.version, *function.aliases):
        # What is published is not known here: a number is a version that is gone, anything else an alias.
        text = f"Function not found: {arn}" if qualifier.isdigit() else f"Cannot find alias arn: {arn}"
        raise LambdaError(text, "ResourceNotFoundException", 404)
    return Target(function, arn)
