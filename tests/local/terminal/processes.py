"""`xray-local up` in surroundings that a test makes worse: a small disk, rights taken away, a clock that is set."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.local.terminal.making import TOLD, environment, wait_until

COMMAND = (sys.executable, "-m", "xray_local.cli")
RIGHTS = "-dac_override,-dac_read_search,-fowner"


@dataclass
class Server:
    """A running `up`."""

    process: subprocess.Popen[bytes]
    address: str
    endpoint: str
    home: Path

    def said(self) -> list[str]:
        """What it wrote to standard error."""
        return (self.home / "stderr").read_text(encoding="utf-8").splitlines()

    def greeted(self) -> list[str]:
        """What it wrote to standard output."""
        return (self.home / "stdout").read_text(encoding="utf-8").splitlines()

    def inside(self, path: Path) -> Path:
        """A path as the server sees it, whatever is mounted for it alone."""
        return Path(f"/proc/{self.process.pid}/root{path}")


@contextlib.contextmanager
def serving(home: Path, *arguments: str, command: Sequence[str] = COMMAND, **more: str) -> Iterator[Server]:
    """`up` with these arguments until the end of the block."""
    log, out = home / "stderr", home / "stdout"
    with log.open("wb") as errors, out.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the command under test
            [*command, "up", *arguments], env=environment(home, **more), stdout=output, stderr=errors
        )
    try:
        wait_until(lambda: len(TOLD.findall(out.read_text())) == 2 or process.poll() is not None, 30)
        found = TOLD.findall(out.read_text())
        assert len(found) == 2, log.read_text()
        yield Server(process, found[0], found[1], home)
    finally:
        process.terminate()
        process.wait(30)


def without_rights() -> list[str]:
    """What a command is started with so that the modes of files hold for it: root is above them."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root without setpriv (util-linux) may read and write everything")
    return [setpriv, f"--bounding-set={RIGHTS}", f"--inh-caps={RIGHTS}"]


def on_a_small_disk(folder: Path, megabytes: int) -> list[str]:
    """What a command is started with so that a folder is a disk of that size, for it alone."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("no unshare (util-linux) to mount a small disk")
    options = ["--mount"] if os.geteuid() == 0 else ["--mount", "--map-root-user"]
    mount = f'mount -t tmpfs -o size={megabytes}m,mode=0700 none "$0" && exec "$@"'
    made = [unshare, *options, "sh", "-c", mount, str(folder)]
    tried = subprocess.run([*made, "true"], capture_output=True, text=True, check=False)  # noqa: S603
    if tried.returncode:
        pytest.skip(f"this system lets nobody mount a small disk: {tried.stderr.strip()}")
    return made
