"""The packages that the layer brings along for functions without a copy of their own: layer/fallback.txt, and our helper.

Wheels are fetched once with pip, checked by hash, and kept in .cache/fallback. Of each only what is imported goes into the
layer, with its licence; metadata does not, so that a function's list of installed packages stays its own.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

LIST = Path("layer") / "fallback.txt"
HELPER = Path("layer") / "helper" / "xray_instrument_helper"
CACHE = Path(".cache") / "fallback"
# Web frameworks' middleware: a Lambda function has no server to put it into, but the package is to be whole.
LEFT_OUT = (".pyi", ".c", ".h")


class FallbackError(Exception):
    """The packages are not to be had; the text says why and what to do."""


def _wanted(repository: Path) -> dict[str, str]:
    """Requirement to hash, from the list."""
    lines = [line.split("#")[0].strip() for line in (repository / LIST).read_text().splitlines()]
    pairs = (line.split(" --hash=sha256:") for line in lines if line)
    return {pair[0]: pair[1] for pair in pairs}


def wheels(repository: Path) -> list[Path]:
    """The wheels of the list, fetched now if they are not there.

    Raises:
        FallbackError: pip is missing or cannot reach a package index, or a file is not the one that was pinned.
    """
    wanted, folder = _wanted(repository), repository / CACHE
    have = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in folder.glob("*.whl")}
    if not set(wanted.values()) <= set(have):
        _fetch(repository / LIST, folder)
        have = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in folder.glob("*.whl")}
    missing = [requirement for requirement, digest in wanted.items() if digest not in have]
    if missing:
        raise FallbackError(f"pip fetched something else than {', '.join(missing)} as {LIST} pins it")
    return [have[digest] for digest in wanted.values()]


def _fetch(requirements: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # Any platform, no ABI: wrapt also has wheels with an extension module for each machine.
    options = ["--platform", "any", "--implementation", "py", "--abi", "none", "--python-version", "3.10"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    done = subprocess.run(
        [*command, *options, "--dest", folder, "--requirement", requirements], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise FallbackError(
            f"pip could not fetch {requirements.name}: {done.stderr.strip()[-300:]}\n"
            "Build with --no-fallback for a layer without these packages."
        )


def files(repository: Path) -> Iterator[tuple[str, bytes]]:
    """Path and content of everything that goes into the layer's fallback folder."""
    for path in sorted((repository / HELPER).glob("*.py*")):
        if path.suffix in {".py", ".typed"}:
            yield f"{HELPER.name}/{path.name}", path.read_bytes()
    for wheel in wheels(repository):
        with zipfile.ZipFile(wheel) as archive:
            for name in sorted(archive.namelist()):
                top, _, rest = name.partition("/")
                if top.endswith(".dist-info"):
                    if "license" in rest.lower() or "notice" in rest.lower():
                        yield f"licenses/{top.removesuffix('.dist-info')}/{Path(rest).name}", archive.read(name)
                elif not name.endswith(("/", *LEFT_OUT)):
                    yield name, archive.read(name)
