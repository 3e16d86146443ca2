"""Interpreters are found and asked, and prepared once for everybody."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.kit import pythons
from tests.local.lambda_service import desks
from xray_local.lambda_service import runtimes
from xray_local.lambda_service.model import LambdaError
from xray_local.lambda_service.runtimes import Runtime, find, prepared

NAME = f"python{desks.VERSION}"


def script(path: Path, text: str) -> Path:
    """An executable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def real() -> Path:
    """The interpreter itself."""
    found = pythons.find(desks.VERSION)
    assert found is not None
    return found


@pytest.mark.parametrize("place", ["path", "pyenv root", "home", "uv", "nowhere"])
def test_interpreters_are_asked(place: str, tmp_path: Path) -> None:
    """A version manager's shim that only prints an error is passed over, as is another version under the name."""
    release = f"{desks.VERSION}.99"
    folders = {
        "path": tmp_path / "bin",
        "pyenv root": tmp_path / "root" / "versions" / release / "bin",
        "home": tmp_path / "home" / ".pyenv" / "versions" / release / "bin",
        "uv": tmp_path / "home" / ".local" / "share" / "uv" / "python" / f"cpython-{release}-linux" / "bin",
        "nowhere": tmp_path / "hidden",
    }
    shim, other = tmp_path / "shims", tmp_path / "other"
    script(shim / NAME, f"echo 'pyenv: {NAME}: command not found' >&2; exit 127")
    script(other / NAME, "echo CPython 2.7 /usr/bin/python2.7")
    script(folders[place] / NAME, f'exec "{real()}" "$@"')
    environment = {
        "PATH": f"{shim}:{other}:{tmp_path / 'bin'}",
        "PYENV_ROOT": str(tmp_path / "root"),
        "HOME": str(tmp_path / "home"),
    }

    assert find(NAME, environment) == (None if place == "nowhere" else real())


def test_the_newest_release_is_taken(tmp_path: Path) -> None:
    """3.12.10 comes before 3.12.9."""
    for release in ("9", "10"):
        script(tmp_path / "versions" / f"{desks.VERSION}.{release}" / "bin" / NAME, "")
    environment = {"PATH": "", "PYENV_ROOT": str(tmp_path), "HOME": str(tmp_path)}

    found = [path for path in runtimes.candidates(NAME, environment) if path.is_relative_to(tmp_path)]

    assert [path.parents[1].name for path in found] == [f"{desks.VERSION}.10", f"{desks.VERSION}.9"]


def test_given_runtimes_are_used_as_they_are(tmp_path: Path) -> None:
    """A folder of virtual environments is neither asked nor changed; what is not in it is said."""
    python = script(tmp_path / "given" / NAME / "bin" / "python", "")
    environment = {"XRAY_LOCAL_RUNTIMES": str(tmp_path / "given")}

    assert prepared(NAME, tmp_path / "own", environment) == Runtime(NAME, python)
    with pytest.raises(LambdaError) as caught:
        prepared("python3.10" if NAME != "python3.10" else "python3.11", tmp_path / "own", environment)

    assert caught.value.code == "InvalidRuntimeException"
    assert caught.value.message.startswith(f"XRAY_LOCAL_RUNTIMES={tmp_path / 'given'} has no python3.1")
    assert not (tmp_path / "own").exists()


def test_a_missing_interpreter_is_said(tmp_path: Path) -> None:
    """The error names what was looked through and what to do."""
    with pytest.raises(LambdaError) as caught:
        prepared("python3.13", tmp_path, {"PATH": "", "HOME": str(tmp_path)})

    assert caught.value.message == (
        "python3.13 is not installed here: not on PATH, in pyenv or in uv. "
        "Install it (pyenv install 3.13, uv python install 3.13), or use Docker"
    )


def test_an_installer_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network the error says what the installers said, and the next start tries again."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    said: list[str] = []

    with pytest.raises(LambdaError) as caught:
        prepared(NAME, tmp_path, {"PATH": str(real().parent), "HOME": str(tmp_path)}, said.append)

    needs = "awslambdaric>=4,<5 and boto3>=1.35"
    home = tmp_path / NAME
    assert said == [f"preparing {NAME} with {needs} in {home}; this happens once"]
    assert caught.value.message.startswith(
        f"neither uv nor pip could install {needs} for {home / 'bin' / 'python'}; is there a network?"
    )
    assert "No matching distribution found for awslambdaric" in caught.value.message
    assert not home.exists()


def test_a_runtime_is_prepared_once(tmp_path: Path) -> None:
    """Two that want it at the same time: one prepares, both get it, a third finds it; and it has what Lambda's has."""
    said: list[str] = []
    found: list[Runtime | Exception] = []

    def want() -> None:
        try:
            found.append(prepared(NAME, tmp_path, {"PATH": str(real().parent), "HOME": str(tmp_path)}, said.append))
        except LambdaError as error:
            found.append(error)

    threads = [threading.Thread(target=want) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    want()

    if any(isinstance(error, LambdaError) and "is there a network" in error.message for error in found):
        pytest.skip("nothing can be installed here")
    python = tmp_path / NAME / "bin" / "python"
    assert (found, len(said)) == ([Runtime(NAME, python)] * 3, 1)
    code = "import awslambdaric.__main__, boto3, runtime_client, sys; print('%d.%d' % sys.version_info[:2])"
    told = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert told.stdout.strip() == desks.VERSION
    assert sys.prefix not in str(python)
