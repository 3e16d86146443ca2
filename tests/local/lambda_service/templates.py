"""Writes a template with its folders of code and reads it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from xray_local.lambda_service.template import Place, Settings, Template, TemplateError, load


def write(folder: Path, text: str, name: str = "template.yaml", code: tuple[str, ...] = ("src",)) -> Path:
    """The template's file; each folder of code has an app.py."""
    for each in code:
        (folder / each).mkdir(parents=True, exist_ok=True)
        (folder / each / "app.py").write_text("def handler(event, context):\n    return event\n")
    path = folder / name
    path.write_text(textwrap.dedent(text))
    return path


def read(folder: Path, text: str, code: tuple[str, ...] = ("src",), name: str = "template.yaml", **settings: Any) -> Template:
    """What the template has for the desk."""
    return load(write(folder, text, name, code), Settings(**{"place": Place("eu-west-1"), "folder": folder / "made", **settings}))


@contextmanager
def refused() -> Iterator[list[str]]:
    """The text of the TemplateError that the block ends with."""
    said: list[str] = []
    with pytest.raises(TemplateError) as caught:
        yield said
    said.append(str(caught.value))
