"""Finds the CPythons of this machine that Lambda has runtimes for.

They are asked for on PATH, under PYENV_ROOT and in the home directory's pyenv; nothing is written down.
"""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html, November 2026.
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")

PROBE = (
    "import os, platform, sys; "
    "print(platform.python_implementation(), '%d.%d' % sys.version_info[:2], os.path.realpath(sys._base_executable))"
)


def _candidates(version: str) -> Iterator[Path]:
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        yield Path(folder or ".") / f"python{version}"
    roots = [Path(os.environ["PYENV_ROOT"])] if "PYENV_ROOT" in os.environ else []
    for root in (*roots, Path.home() / ".pyenv"):
        yield from sorted((root / "versions").glob(f"{version}.*/bin/python{version}"), reverse=True)
    # Made by tests/kit/python314.sh where the distribution has none.
    yield REPOSITORY / ".cache" / "kit" / f"python{version}-tree" / "usr" / "bin" / f"python{version}"


@functools.cache
def find(version: str) -> Path | None:
    """The interpreter of that version; None when this machine has none that works.

    A pyenv shim exists for versions that are not selected and then only prints an error: so each is asked.
    """
    for candidate in _candidates(version):
        if not os.access(candidate, os.X_OK):
            continue
        probe = subprocess.run([candidate, "-c", PROBE], capture_output=True, text=True, check=False)
        implementation, found, executable = (*probe.stdout.split(maxsplit=2), "", "", "")[:3]
        if (implementation, found) == ("CPython", version):
            return Path(executable.strip())
    return None


def present() -> dict[str, Path]:
    """Every version of VERSIONS that this machine has, with its interpreter."""
    found = {version: find(version) for version in VERSIONS}
    return {version: path for version, path in found.items() if path is not None}


def described() -> str:
    """One line: which Pythons this machine has and which are missing."""
    have = present()
    missing = [version for version in VERSIONS if version not in have]
    return f"Lambda runtimes: {', '.join(have) or 'none'}; missing: {', '.join(missing) or 'none'}"
