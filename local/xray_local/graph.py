"""The service graph: what one trace adds to it, and the sum of many."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .model import CompiledTrace, Contribution, Edge, Node, Service

__all__ = ["Contribution", "Edge", "Node", "Service", "contribution", "merge", "to_api"]


def contribution(trace: CompiledTrace) -> Contribution:
    """Nodes and edges of one trace."""
    raise NotImplementedError


def merge(contributions: Iterable[Contribution]) -> list[Service]:
    """The graph of many traces: services in key order, each with its edges in key order."""
    raise NotImplementedError


def to_api(services: list[Service], start: float, end: float) -> dict[str, Any]:
    """A graph as GetServiceGraph returns it (GetTraceGraph: its Services)."""
    raise NotImplementedError
