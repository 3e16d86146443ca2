"""The layer as it lies below /opt, from the sources as they are now."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from tests.kit.pythons import CACHE, REPOSITORY, locked

# What goes where in the layer; build.sh packs the same.
PARTS = {
    "wrapper/xray-instrument": "xray-instrument",
    "wrapper/sitecustomize.py": "xray-instrument.d/sitecustomize.py",
    "layer/xray_instrument": "xray-instrument.d/xray_instrument",
}


def _files(source: Path) -> list[Path]:
    return [source] if source.is_file() else sorted(source.rglob("*.py"))


def _place(source: Path, target: Path) -> None:
    for path in _files(source):
        to = target if source.is_file() else target / path.relative_to(source)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)


def unpacked() -> Path:
    """A folder with `xray-instrument` and `xray-instrument.d`; made once for each state of the sources."""
    digest = hashlib.sha256()
    for source in PARTS:
        for path in _files(REPOSITORY / source):
            digest.update(f"{path.relative_to(REPOSITORY)}\0".encode() + path.read_bytes())
    name = f"layer-{digest.hexdigest()[:16]}"
    with locked(name):
        folder = CACHE / name
        if not folder.exists():
            partial = CACHE / f"{name}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            for source, target in PARTS.items():
                _place(REPOSITORY / source, partial / target)
            (partial / "xray-instrument").chmod(0o755)
            partial.rename(folder)
    return folder
