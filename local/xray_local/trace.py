"""A trace as X-Ray returns it, from the documents as they were sent."""

from __future__ import annotations

from collections.abc import Sequence

from .model import CompiledTrace, Document

__all__ = ["CompiledTrace", "compile_trace"]


def compile_trace(trace_id: str, documents: Sequence[Document]) -> CompiledTrace:
    """The trace's documents, in order of arrival, as BatchGetTraces returns them. The documents are left as they are."""
    raise NotImplementedError
