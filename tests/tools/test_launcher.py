"""The command that `make setup` makes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_packages_of_a_function_in_the_current_folder(tmp_path: Path) -> None:
    """Started in a folder with what `pip install -t` put there, the command imports its own packages and not those."""
    binaries = tmp_path / "checkout" / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (binaries / "python").chmod(0o755)
    tools = tmp_path / "checkout" / "tools"
    tools.mkdir()
    shutil.copy(ROOT / "tools" / "launcher.sh", tools)
    subprocess.run([tools / "launcher.sh"], check=True)  # noqa: S603 - our own script
    code = tmp_path / "code"
    for package in ("rich", "typer", "click", "xray_local"):
        (code / package).mkdir(parents=True)
        (code / package / "__init__.py").write_text("raise ImportError('made for another Python')\n")
    done = subprocess.run(  # noqa: S603 - the same
        [binaries / "xray-local", "--help"],
        cwd=code,
        env={**os.environ, "PYTHONPATH": str(ROOT / "local")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr, "doctor" in done.stdout) == (0, "", True)
