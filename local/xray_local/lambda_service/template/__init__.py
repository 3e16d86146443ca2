"""Functions from a SAM or CloudFormation template.

    file ── reading ── dictionaries ── functions ──┬── section: one property, evaluated (intrinsics, names), with its place
                                                   ├── code: folders, zips, images, layers
                                                   └── sources: what invokes them

A template that is wrong is a TemplateError; what cannot be had on a desk is a note, and everything else runs.
"""

from __future__ import annotations

from pathlib import Path

from . import reading
from .functions import Builder, Settings, Template
from .names import Place
from .problems import TemplateError

__all__ = ["Place", "Settings", "Template", "TemplateError", "load"]


def load(path: Path, settings: Settings) -> Template:
    """The functions of a template. Raises TemplateError."""
    return Builder(path, reading.read(path), settings).build()
