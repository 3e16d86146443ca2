"""Segment documents as they come in: JSON text to a checked dict, or the reason why not."""

from __future__ import annotations

from .model import Document


class BadDocumentError(ValueError):
    """The sender's fault. The text says what is wrong, where, and what to do; it is shown to the user as it is."""


def parse(text: str | bytes) -> Document:
    """One segment or independent subsegment; unknown fields are kept. Raises BadDocumentError and nothing else."""
    raise NotImplementedError


def is_subsegment(document: Document) -> bool:
    """Whether a document is a part of a segment that is sent by itself."""
    return document.get("type") == "subsegment"
