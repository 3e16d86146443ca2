"""Command line tools of AWS in environments of their own: their dependencies contradict those of the tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.pythons import CACHE, locked

# (package, version) by command. Fixed, so that a new release breaks nothing overnight.
PACKAGES = {"aws": "awscli==1.46.3", "sam": "aws-sam-cli==1.170.0"}


def installed(command: str) -> Path:
    """The tool, installed the first time it is asked for; a skip with the reason where that cannot be done."""
    package = PACKAGES[command]
    folder = CACHE / f"{package.replace('==', '-')}-python{sys.version_info.major}.{sys.version_info.minor}"
    with locked(folder.name):
        if not (folder / ".complete").exists():
            for step in (
                [sys.executable, "-m", "venv", "--clear", str(folder)],
                [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", package],
            ):
                done = subprocess.run(step, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603
                if done.returncode:
                    pytest.skip(f"{package} cannot be installed: {done.stderr.strip()[-300:]}")
            (folder / ".complete").touch()
    return folder / "bin" / command
