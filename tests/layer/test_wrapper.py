"""The wrapper and sitecustomize: how a Python is started, and what it sees of that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kit.layer import unpacked

SEES = """
import json, os, sys
print(json.dumps({
    "pythonpath": os.environ.get("PYTHONPATH"),
    "ours in the environment": [name for name in os.environ if name in ("XRAY_INSTRUMENT_T0", "XRAY_INSTRUMENT_RUNTIME")],
    "ours on sys.path": [folder for folder in sys.path if "xray-instrument" in folder],
    "sys.path": sys.path[1:3],
    "traced": "xray_instrument.start" in sys.modules,
}))
"""
SH = '#!/bin/sh\nexec "$@"\n'
PYTHON = f"#!{sys.executable}\nimport os, sys\nos.execv(sys.argv[1], sys.argv[1:])\n"
PREPENDS = '#!/bin/sh\nexport PYTHONPATH="/other:$PYTHONPATH"\nexec "$@"\n'


@pytest.fixture
def opt() -> Path:
    return unpacked()


def started(wrapper: str | Path, cwd: Path | None = None, **environment: str) -> tuple[dict[str, Any], str]:
    """What a Python sees that the wrapper starts, and what the wrapper says on stderr."""
    passed = {"PATH": os.environ["PATH"], "SHLVL": "0", "PYTHONPATH": "/a:/b", **environment}
    done = subprocess.run(  # noqa: S603  (our own wrapper)
        [str(wrapper), sys.executable, "-c", SEES], capture_output=True, text=True, env=passed, cwd=cwd, check=False
    )
    return json.loads(done.stdout), done.stderr


def plain(*, traced: bool = True, pythonpath: str | None = "/a:/b") -> dict[str, Any]:
    """What a Python sees without us, but for the layer being there."""
    folders = (pythonpath or "").split(":")[:2]
    return {
        "pythonpath": pythonpath,
        "ours in the environment": [],
        "ours on sys.path": [],
        "sys.path": folders,
        "traced": traced,
    }


def test_by_any_path(opt: Path, tmp_path: Path) -> None:
    """Whatever way leads to the wrapper, its folder is found and every trace of it undone."""
    link = tmp_path / "link"
    link.symlink_to(opt / "xray-instrument")
    spaced = tmp_path / "with a space"
    spaced.mkdir()
    (spaced / "xray-instrument").symlink_to(opt / "xray-instrument")
    up = os.path.relpath(opt, tmp_path)
    ways = (
        opt / "xray-instrument",
        link,
        f"{opt}//xray-instrument",
        f"./{up}/xray-instrument",
        f"{up}/./xray-instrument",
        spaced / "xray-instrument",
    )

    assert [started(way, cwd=tmp_path) for way in ways] == [(plain(), "")] * len(ways)


TOGETHER = """
import sitecustomize, sys, threading
sys.setswitchinterval(1e-6)
failed = []

def load(barrier):
    barrier.wait()
    try:
        sitecustomize.load(("xray_instrument.fit",))
        from xray_instrument.fit import datagrams
    except BaseException as error:
        failed.append(repr(error))

for _ in range(300):
    sys.modules.pop("xray_instrument.fit", None)
    barrier = threading.Barrier(4)
    threads = [threading.Thread(target=load, args=(barrier,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print(failed)
"""


def test_threads_that_need_a_module_of_ours_at_the_same_time(opt: Path) -> None:
    """Each gets all of it: one that another thread is still making counts as missing, and is not taken half done."""
    done = subprocess.run(  # noqa: S603  (our own wrapper)
        [str(opt / "xray-instrument"), sys.executable, "-c", TOGETHER],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]},
        check=False,
    )

    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize("value", ["0", "false", "No", "OFF"])
def test_kill_switch(opt: Path, value: str) -> None:
    """Switched off, nothing of ours runs at all."""
    assert started(opt / "xray-instrument", XRAY_INSTRUMENT_ENABLED=value) == (plain(traced=False), "")


@pytest.mark.parametrize("text", [SH, PYTHON], ids=["sh", "python"])
def test_next_wrapper(opt: Path, tmp_path: Path, text: str) -> None:
    """Another wrapper runs after ours with the runtime's command; one in Python is not taken for the runtime."""
    other = tmp_path / "other"
    other.write_text(text)
    other.chmod(0o755)

    assert started(opt / "xray-instrument", XRAY_INSTRUMENT_NEXT_WRAPPER=str(other)) == (plain(), "")


def test_next_wrapper_that_puts_its_folder_first(opt: Path, tmp_path: Path) -> None:
    """What another wrapper adds to PYTHONPATH stays, ours goes, wherever it stands in the list."""
    other = tmp_path / "other"
    other.write_text(PREPENDS)
    other.chmod(0o755)

    seen = started(opt / "xray-instrument", XRAY_INSTRUMENT_NEXT_WRAPPER=str(other))
    assert seen == (plain(pythonpath="/other:/a:/b") | {"sys.path": ["/other", "/a"]}, "")


def test_next_wrapper_that_is_none(opt: Path, tmp_path: Path) -> None:
    """A missing file, one that is not executable, and our own wrapper are said, and the runtime starts."""
    not_executable = tmp_path / "other"
    not_executable.write_text(SH)
    own = opt / "xray-instrument"
    variable = "xray-instrument: XRAY_INSTRUMENT_NEXT_WRAPPER="

    assert [started(own, XRAY_INSTRUMENT_NEXT_WRAPPER=str(other)) for other in ("/none", not_executable, own)] == [
        (plain(), f"{variable}/none is not an executable file; the runtime starts without it\n"),
        (plain(), f"{variable}{not_executable} is not an executable file; the runtime starts without it\n"),
        (plain(), f"{variable}{own} is this wrapper itself; the runtime starts without a second one\n"),
    ]


def test_a_layer_that_is_not_whole(opt: Path, tmp_path: Path) -> None:
    """The wrapper alone says what is missing, and the runtime starts."""
    alone = tmp_path / "xray-instrument"
    alone.write_bytes((opt / "xray-instrument").read_bytes())
    alone.chmod(0o755)

    missing = f"xray-instrument: {tmp_path}/xray-instrument.d/sitecustomize.py is missing; the function runs untraced\n"
    assert started(alone) == (plain(traced=False), missing)
