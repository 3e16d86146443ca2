"""The size of what is uploaded."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tools import pack, pythons


def zip_kilobytes() -> dict[str, float]:
    """Build the layer without and with byte-code, in a folder of its own; kilobytes are of 1,024 bytes."""
    sizes = {}
    for name, interpreters in (("slim", {}), ("with byte-code", pythons.present())):
        with tempfile.TemporaryDirectory() as folder:
            archive = pack.build(pythons.REPOSITORY, Path(folder), interpreters, with_fallback=bool(interpreters))
            sizes[name] = archive.stat().st_size / 1024
    return sizes
