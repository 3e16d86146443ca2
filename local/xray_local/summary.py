"""One trace as a row of a list: what GetTraceSummaries says about it."""

from __future__ import annotations

from typing import Any

from .model import CompiledTrace, Summary

__all__ = ["Summary", "summarise", "to_api"]


def summarise(trace: CompiledTrace) -> Summary:
    """Everything GetTraceSummaries knows about a trace."""
    raise NotImplementedError


def to_api(summary: Summary) -> dict[str, Any]:
    """A summary as JSON of the API: times are seconds since the epoch."""
    raise NotImplementedError
