"""The page's logic without a browser: node runs tests/ui/*.test.mjs."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# The oldest node whose own test runner and modules the tests use.
OLDEST = 20


@pytest.mark.parametrize("module", sorted(HERE.glob("*.test.mjs")), ids=lambda path: path.name)
def test_logic(module: Path) -> None:
    """Every test of a module passes in node, and there is at least one."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on PATH")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST:
        pytest.skip(f"node {version} is older than {OLDEST}")
    done = subprocess.run([node, "--test", "--test-reporter=tap", str(module)], capture_output=True, text=True, check=False)  # noqa: S603
    counts = dict(re.findall(r"^# (tests|pass|fail) (\d+)$", done.stdout, re.MULTILINE))
    assert (done.returncode, counts.get("fail")) == (0, "0"), done.stdout + done.stderr
    assert int(counts["tests"]) == int(counts["pass"]) > 0
