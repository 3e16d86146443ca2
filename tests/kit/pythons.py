"""Finds CPython 3.10 to 3.14 on this machine and prepares for each what a Lambda runtime of that version has.

A `Site` is a virtual environment with awslambdaric and boto3 (Lambda's /var/lang), and beside it a folder
of packages that a function may bring along. All of it lies under `.cache/kit` of the repository and is made
once: a stamp with the hash of the requirements says that it is complete.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = REPOSITORY / ".cache" / "kit"
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")

NEWEST_CLIENT = "4.2.2"
# The first release with wheels is a fact of PyPI, asked for each on Linux x86_64: 3.13 has none
# below 3.0, 3.14 none below 3.1, and the source distribution needs autotools and libcurl.
CLIENTS = {
    "2.0.12": ("3.10", "3.11", "3.12"),
    "2.2.1": ("3.10", "3.11", "3.12"),
    "3.0.2": ("3.10", "3.11", "3.12", "3.13"),
    "3.1.1": VERSIONS,
    "4.0.4": VERSIONS,
    NEWEST_CLIENT: VERSIONS,
}
RUNTIME_PACKAGES = (f"awslambdaric=={NEWEST_CLIENT}", "boto3==1.43.117")
# One set that resolves: aiobotocore pins a narrow range of botocore.
VENDOR_PACKAGES = (
    "aiobotocore==3.10.0",
    "boto3==1.43.117",
    "aws-lambda-powertools[tracer]==3.37.0",
    "aws-xray-sdk==2.15.0",
)
# A file's name has 255 bytes on Linux's file systems; a lock's is longer than its folder's.
LONGEST_NAME = 200
PROBE = (
    "import os, platform, sys, venv; "
    "print(platform.python_implementation(), '%d.%d' % sys.version_info[:2], os.path.realpath(sys._base_executable))"
)


class MissingPythonError(Exception):
    """This machine has no such interpreter, or nothing can be installed for it; the text is the reason to skip."""


@dataclass(frozen=True)
class Site:
    """One Python with one runtime client, ready to run functions."""

    version: str
    """As in the runtime's name: 3.12."""
    client: str
    """The version of awslambdaric."""
    interpreter: Path
    packages: Path
    """The virtual environment's site-packages: awslambdaric and boto3."""
    vendor: Path
    """Packages for functions that bring their own: aiobotocore, Powertools, aws-xray-sdk."""
    client_folder: Path | None = None
    """Where another awslambdaric than the virtual environment's lies."""

    @property
    def name(self) -> str:
        """For test ids: py3.12, or py3.12-ric2.0.12."""
        return f"py{self.version}" + ("" if self.client == NEWEST_CLIENT else f"-ric{self.client}")


def _candidates(version: str) -> Iterator[Path]:
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        yield Path(folder or ".") / f"python{version}"
    roots = [Path(os.environ["PYENV_ROOT"])] if "PYENV_ROOT" in os.environ else []
    for root in (*roots, Path.home() / ".pyenv"):
        yield from sorted((root / "versions").glob(f"{version}.*/bin/python{version}"), reverse=True)
    # Made by python314.sh where the distribution has none.
    yield CACHE / f"python{version}-tree" / "usr" / "bin" / f"python{version}"


@functools.cache
def find(version: str) -> Path | None:
    """The interpreter of that version; None when this machine has none that works.

    A pyenv shim exists for versions that are not selected and then only prints an error: so each is asked.
    """
    for candidate in _candidates(version):
        if not os.access(candidate, os.X_OK):
            continue
        probe = subprocess.run([candidate, "-c", PROBE], capture_output=True, text=True, check=False)  # noqa: S603
        implementation, found, executable = (*probe.stdout.split(maxsplit=2), "", "", "")[:3]
        if (implementation, found) == ("CPython", version):
            return Path(executable.strip())
    return None


def present() -> dict[str, Path]:
    """Every version of VERSIONS that this machine has, with its interpreter."""
    found = {version: find(version) for version in VERSIONS}
    return {version: path for version, path in found.items() if path is not None}


def header() -> str:
    """The line for pytest's header: which Pythons run the tests and which are missing."""
    have = present()
    missing = [version for version in VERSIONS if version not in have]
    return f"Lambda runtimes: {', '.join(have) or 'none'}; missing: {', '.join(missing) or 'none'}"


@contextmanager
def locked(name: str) -> Iterator[None]:
    """One process at a time prepares a folder: pytest-xdist starts several at once."""
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n")
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603
    if done.returncode:
        raise MissingPythonError(f"{' '.join(map(str, command))} failed: {done.stderr.strip()[-600:]}")


def _made(folder: Path, recipe: tuple[str, ...]) -> bool:
    """Whether the folder was completed by the same recipe; an incomplete or other one is removed."""
    stamp = folder / ".complete"
    wanted = hashlib.sha256("\n".join(recipe).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return True
    shutil.rmtree(folder, ignore_errors=True)
    return False


def _complete(folder: Path, recipe: tuple[str, ...]) -> None:
    (folder / ".complete").write_text(hashlib.sha256("\n".join(recipe).encode()).hexdigest())


def _install(python: Path, target: Path, *requirements: str) -> None:
    _run(python, "-m", "pip", "install", "--quiet", "--only-binary=:all:", "--target", target, *requirements)


def _environment(version: str, base: Path) -> Path:
    """The virtual environment's folder; made without ensurepip, which Debian leaves out or breaks when moved."""
    folder = CACHE / f"python{version}"
    recipe = (str(base), platform.machine(), *RUNTIME_PACKAGES)
    if not _made(folder, recipe):
        _run(base, "-m", "venv", "--without-pip", folder)
        packages = folder / "lib" / f"python{version}" / "site-packages"
        _run(Path(sys.executable), "-m", "pip", "install", "--quiet", "--target", packages, "pip>=25")
        _run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--only-binary=:all:", *RUNTIME_PACKAGES)
        _complete(folder, recipe)
    return folder


def _folder_of(python: Path, name: str, requirements: tuple[str, ...], *options: str) -> Path:
    folder = CACHE / name
    recipe = (str(python), platform.machine(), *requirements)
    if not _made(folder, recipe):
        _install(python, folder, *options, *requirements)
        _complete(folder, recipe)
    return folder


@functools.cache
def site(version: str, client: str = NEWEST_CLIENT) -> Site:
    """The Site for that Python and runtime client, prepared now if it is not there; MissingPythonError says why not."""
    base = find(version)
    if base is None:
        raise MissingPythonError(f"no CPython {version} on PATH, under PYENV_ROOT or in the home directory's pyenv")
    if version not in CLIENTS[client]:
        raise MissingPythonError(f"awslambdaric {client} has no wheel for Python {version}")
    with locked(f"python{version}"):
        environment = _environment(version, base)
        python = environment / "bin" / "python"
        vendor = _folder_of(python, f"python{version}-vendor", VENDOR_PACKAGES)
        packages = environment / "lib" / f"python{version}" / "site-packages"
        ready = Site(version, client, python, packages, vendor)
        if client == NEWEST_CLIENT:
            return ready
        # Its own dependencies (simplejson, snapshot-restore-py) come from the virtual environment.
        name = f"python{version}-awslambdaric-{client}"
        return replace(ready, client_folder=_folder_of(python, name, (f"awslambdaric=={client}",), "--no-deps"))


@functools.cache
def packages(version: str, requirements: tuple[str, ...]) -> Path:
    """A folder with exactly these packages, without what they depend on, for functions that bring other versions along."""
    python = site(version).interpreter
    name = f"python{version}-" + "-".join(requirements).replace("==", "-")
    if len(name) > LONGEST_NAME:
        name = f"{name[:LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    with locked(name):
        return _folder_of(python, name, requirements, "--no-deps")
