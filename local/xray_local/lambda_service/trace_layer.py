"""Finds our own layer: what a variable names, what is installed with this package, or what the checkout has built."""

from __future__ import annotations

import importlib.resources
import os
from collections.abc import Mapping
from pathlib import Path

NAME = "xray-instrument-layer.zip"
VARIABLE = "XRAY_LOCAL_LAYER"
CHECKOUT = Path(__file__).resolve().parents[3]


def find(environment: Mapping[str, str] = os.environ, checkout: Path = CHECKOUT) -> Path:
    """The zip or folder. Raises FileNotFoundError with what to do for a text."""
    if named := environment.get(VARIABLE):
        path = Path(named).absolute()
        if not path.exists():
            raise FileNotFoundError(f"{VARIABLE} names {path}, which does not exist")
        return path
    installed = Path(str(importlib.resources.files("xray_local") / NAME))
    built = checkout / "build" / NAME
    for path in (installed, built):
        if path.is_file():
            return path
    if (checkout / "build.sh").is_file():
        raise FileNotFoundError(f"the layer is not built: run `make build` in {checkout}, or leave it out with --no-trace")
    raise FileNotFoundError(
        f"the xray-instrument layer is not here: name its zip with {VARIABLE}, or leave it out with --no-trace"
    )
