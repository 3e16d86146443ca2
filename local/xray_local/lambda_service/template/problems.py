"""What can be wrong with a template, in two kinds: what its author must mend, and what only a deployment knows."""

from __future__ import annotations


class TemplateError(Exception):
    """The template cannot be used as it is. The text names file, resource and property, and says what to do."""


class UnresolvedError(Exception):
    """A value that exists in AWS only: an export of another stack, a parameter that nobody gave. The text says which."""


class IntrinsicError(Exception):
    """An intrinsic function is used wrongly; whoever knows the place makes a TemplateError of it."""
