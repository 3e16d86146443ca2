"""Finds the interpreter of `python3.X` and prepares once what Lambda's runtime of that name has: awslambdaric and boto3.

What is prepared is a virtual environment in the user's data folder; a stamp says that it is complete. Processes that
want the same one wait for each other.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .layers import remove
from .model import LambdaError

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html, November 2026.
NAMES = ("python3.10", "python3.11", "python3.12", "python3.13", "python3.14")
# 4.x is what Lambda's managed runtimes have; any boto3 will do, as Lambda's own changes every few weeks.
PACKAGES = ("awslambdaric>=4,<5", "boto3>=1.35")
# A folder of virtual environments by the names of runtimes, made by somebody else and used as they are.
GIVEN = "XRAY_LOCAL_RUNTIMES"
STAMP = ".complete"
PROBE = (
    "import os, platform, sys; "
    "print(platform.python_implementation(), '%d.%d' % sys.version_info[:2], os.path.realpath(sys._base_executable))"
)

Tell = Callable[[str], None]


def aloud(text: str) -> None:
    """Say it on stderr: preparing takes a while, once."""
    sys.stderr.write(f"xray-local: {text}\n")
    sys.stderr.flush()


def _unsupported(text: str) -> LambdaError:
    return LambdaError(text, "InvalidRuntimeException", 502)


@dataclass(frozen=True)
class Runtime:
    """A prepared runtime."""

    name: str
    """Such as python3.13."""
    python: Path
    """The virtual environment's interpreter."""

    @property
    def version(self) -> str:
        """Such as 3.13."""
        return self.name.removeprefix("python")


def prepared(name: str, folder: Path, environment: Mapping[str, str] = os.environ, tell: Tell = aloud) -> Runtime:
    """The runtime of that name below `folder`, prepared now if it is not there; blocks for as long as pip takes.

    LambdaError says what is missing and what to do about it.
    """
    if name not in NAMES:
        raise _unsupported(f"the runtime {name} is not one that runs here: {', '.join(NAMES)}")
    if given := environment.get(GIVEN):
        return _given(name, Path(given))
    home = folder / name
    if (home / STAMP).exists() and _answers(home / "bin" / "python", name) is not None:
        return Runtime(name, home / "bin" / "python")
    home.parent.mkdir(parents=True, exist_ok=True)
    with _locked(home.with_suffix(home.suffix + ".lock")):
        # Another process may have made it while this one waited; one whose interpreter is gone is made anew.
        if not (home / STAMP).exists() or _answers(home / "bin" / "python", name) is None:
            _prepare(name, home, environment, tell)
    return Runtime(name, home / "bin" / "python")


def _given(name: str, folder: Path) -> Runtime:
    python = folder / name / "bin" / "python"
    if not python.exists():
        raise _unsupported(f"{GIVEN}={folder} has no {name}: {python} does not exist")
    return Runtime(name, python)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def candidates(name: str, environment: Mapping[str, str]) -> Iterator[Path]:
    """Where an interpreter of that name may lie: PATH, pyenv's versions, uv's."""
    for folder in environment.get("PATH", "").split(os.pathsep):
        yield Path(folder or ".") / name
    home = Path(environment.get("HOME") or Path.home())
    version = name.removeprefix("python")
    pyenv = [Path(environment["PYENV_ROOT"])] if "PYENV_ROOT" in environment else []
    for root in (*pyenv, home / ".pyenv"):
        yield from sorted((root / "versions").glob(f"{version}.*/bin/{name}"), key=_release, reverse=True)
    # https://docs.astral.sh/uv/reference/storage/#python-versions
    data = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
    uv = Path(environment.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    yield from sorted(uv.glob(f"cpython-{version}.*/bin/{name}"), key=_release, reverse=True)


def _release(path: Path) -> list[int]:
    """3.12.10 is newer than 3.12.9."""
    return [int(number) for number in re.findall(r"\d+", path.parents[1].name)]


def find(name: str, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The interpreter of that name; None when there is none that works."""
    return next((found for path in candidates(name, environment) if (found := _answers(path, name))), None)


@functools.lru_cache(maxsize=64)
def _answers(path: Path, name: str) -> Path | None:
    """The interpreter behind a path, if it is CPython of that version.

    It is asked: a version manager's shim exists also for versions that are not selected, and then only prints an error.
    """
    if not os.access(path, os.X_OK):
        return None
    try:
        probe = subprocess.run([path, "-c", PROBE], capture_output=True, text=True, check=False, timeout=20)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    implementation, version, executable = (*probe.stdout.split(maxsplit=2), "", "", "")[:3]
    return Path(executable.strip()) if (implementation, f"python{version}") == ("CPython", name) else None


def _prepare(name: str, home: Path, environment: Mapping[str, str], tell: Tell) -> None:
    base = find(name, environment)
    if base is None:
        raise _unsupported(
            f"{name} is not installed here: not on PATH, in pyenv or in uv. "
            f"Install it (pyenv install {name.removeprefix('python')}, uv python install {name.removeprefix('python')}), "
            "or use Docker"
        )
    tell(f"preparing {name} with {' and '.join(PACKAGES)} in {home}; this happens once")
    remove(home)
    # Without pip: Debian's Pythons have no ensurepip, and the installers below do without.
    _run(base, "-m", "venv", "--without-pip", home)
    try:
        _install(home / "bin" / "python", environment)
    except LambdaError:
        remove(home)
        raise
    (home / STAMP).write_text("\n".join(PACKAGES))
    _answers.cache_clear()


def _install(python: Path, environment: Mapping[str, str]) -> None:
    """With uv, or with any pip that can install for another interpreter (22.3 and newer)."""
    uv = shutil.which("uv", path=environment.get("PATH"))
    installers: list[tuple[str | Path, ...]] = [(uv, "pip", "install", "--quiet", "--python", python)] if uv else []
    base = _answers(python, python.parents[1].name)
    pips: list[str | Path] = [sys.executable, *([base] if base else [])]
    installers += [(pip, "-m", "pip", "--python", python, "install", "--quiet", "--only-binary=:all:") for pip in pips]
    failures = []
    for installer in installers:
        try:
            return _run(*installer, *PACKAGES)
        except LambdaError as error:
            failures.append(error.message)
    raise _unsupported(
        f"neither uv nor pip could install {' and '.join(PACKAGES)} for {python}; is there a network? " + " | ".join(failures)
    )


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603
    if done.returncode:
        raise _unsupported(f"{' '.join(map(str, command))} failed: {done.stderr.strip()[-600:]}")
