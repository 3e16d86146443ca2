"""Tools of AWS in environments of their own: their dependencies contradict those of the tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.pythons import CACHE, locked

# What pip gets, by the name of a command. Fixed, so that a new release breaks nothing overnight.
PACKAGES: dict[str, tuple[str, ...]] = {
    "aws": ("awscli==1.46.3",),
    "sam": ("aws-sam-cli==1.170.0",),
    # ADOT's exporter and what it imports; the whole distribution would bring 60 instrumentations along.
    "python": (
        "--no-deps",
        *("aws-opentelemetry-distro==0.21.0", "opentelemetry-exporter-otlp-proto-common==1.45.2", "protobuf==7.36.2"),
        *("opentelemetry-api==1.45.2", "opentelemetry-proto==1.45.2", "opentelemetry-sdk==1.45.2"),
        *("opentelemetry-semantic-conventions==0.66b2", "typing-extensions==4.16.0"),
    ),
}


def installed(command: str) -> Path:
    """The tool, installed the first time it is asked for; a skip with the reason where that cannot be done."""
    packages = PACKAGES[command]
    folder = CACHE / f"tool-{command}-{sys.version_info.major}.{sys.version_info.minor}"
    stamp = folder / ".complete"
    with locked(folder.name):
        if not stamp.exists() or stamp.read_text() != repr(packages):
            for step in (
                [sys.executable, "-m", "venv", "--clear", str(folder)],
                # Their byte-code is made where it is imported: of thousands of files, some hundred are.
                [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-compile", *packages],
            ):
                done = subprocess.run(step, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603
                if done.returncode:
                    pytest.skip(f"{command}: {packages} cannot be installed: {done.stderr.strip()[-300:]}")
            stamp.write_text(repr(packages))
    return folder / "bin" / command
