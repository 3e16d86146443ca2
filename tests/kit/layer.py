"""The layer as it lies below /opt: what build.sh packs, of the sources as they are now."""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path

from tests.kit.pythons import CACHE, REPOSITORY, locked
from tools import pack, pythons


# Once for each process: reading and hashing all sources takes 10 ms, and a thousand tests ask.
@functools.cache
def unpacked(*, with_fallback: bool = True) -> Path:
    """A folder with `xray-instrument` and `xray-instrument.d`; made once for each state of the sources."""
    interpreters = pythons.present()
    digest = hashlib.sha256(repr(sorted(interpreters.items())).encode())
    for source in pack.sources(REPOSITORY, with_fallback=with_fallback):
        digest.update(f"{source.name}\0{source.executable}\0".encode() + source.data)
    name = f"layer-{digest.hexdigest()[:16]}"
    with locked(name):
        folder = CACHE / name / "opt"
        if not folder.exists():
            pack.build(REPOSITORY, CACHE / name, interpreters, with_fallback=with_fallback)
        os.utime(CACHE / name)
    return folder
