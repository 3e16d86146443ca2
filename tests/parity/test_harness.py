"""The harness can fail: a wrapper that does nothing is invisible, and each bad layer is caught in the field where it shows."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.pythons import VERSIONS, present
from tests.parity.cases import AWS_SETTINGS, COLD_AND_WARM, USER_SITE, Case
from tests.parity.harness import Scene

BAD = Path(__file__).parent / "bad"
NEWEST = max(present(), key=VERSIONS.index, default=VERSIONS[-1])
LAYERED = {"opt/python/lib/{python}/site-packages/layered.py": "def handler(event, context):\n    return 1\n"}

# Which row shows the fault of which layer, and where. `nothing` passes every row.
CAUGHT = {
    "leaves_pythonpath": (Case("mirror.paths", rounds=COLD_AND_WARM), {"requests"}),
    "hides_a_layer": (Case("layered.handler", files=LAYERED), {"requests", "stdout", "exit_code"}),
    "leaves_a_variable": (Case("mirror.environment", rounds=COLD_AND_WARM), {"requests"}),
    "prints_a_byte": (Case("kinds.sync", rounds=COLD_AND_WARM), {"stdout"}),
    "writes_to_stderr": (Case("kinds.sync", rounds=COLD_AND_WARM), {"stderr"}),
    "wraps_the_handler": (Case("mirror.stack", rounds=COLD_AND_WARM), {"requests"}),
    "wraps_with_a_bad_signature": (Case("kinds.one_argument", rounds=COLD_AND_WARM), {"requests", "stdout"}),
    "costs_a_frame": (Case("mirror.depth", rounds=COLD_AND_WARM), {"requests"}),
    "starts_a_thread": (Case("mirror.threads", rounds=COLD_AND_WARM), {"requests"}),
    "hides_the_users_sitecustomize": (
        Case("mirror.modules", environment=USER_SITE, files={"var/task/site/sitecustomize.py": "print(1)\n"}),
        {"stdout"},
    ),
    "swallows_an_exit": (Case("failures.exit_3", rounds=COLD_AND_WARM), {"requests", "stdout", "exit_code"}),
    "sends_a_second_header": (Case("aws.calls", environment=AWS_SETTINGS, rounds=COLD_AND_WARM), {"aws"}),
    "breaks_the_signature": (Case("aws.calls", environment=AWS_SETTINGS, rounds=COLD_AND_WARM), {"aws"}),
}


def _layer(folder: Path, start: str, wrapper: str = "pass_through") -> Path:
    """A layer of one of the wrappers in bad/ and that sitecustomize.py."""
    (folder / "xray-instrument.d").mkdir(parents=True)
    shutil.copy(BAD / f"{wrapper}.sh", folder / "xray-instrument")
    (folder / "xray-instrument").chmod(0o755)
    if start:
        shutil.copy(BAD / f"{start}.py", folder / "xray-instrument.d" / "sitecustomize.py")
        shutil.copy(BAD / "restore.py", folder / "xray-instrument.d" / "bad_restore.py")
    return folder


def _bad_layer(folder: Path, name: str) -> Path:
    if (BAD / f"{name}.sh").exists():
        return _layer(folder, "", name)
    return _layer(folder, name, "with_sitecustomize")


@pytest.mark.parametrize("name", CAUGHT)
def test_a_bad_layer_is_caught(scene: Callable[..., Scene], tmp_path: Path, name: str) -> None:
    """A layer that leaves this trace differs from a bare run in exactly these fields."""
    case, fields = CAUGHT[name]

    found = scene(NEWEST, other=_bad_layer(tmp_path / "layer", name)).differences(case, "Text")

    assert set(found) == fields


@pytest.mark.parametrize("name", CAUGHT)
def test_a_wrapper_that_does_nothing_is_invisible(scene: Callable[..., Scene], tmp_path: Path, name: str) -> None:
    """With a wrapper that only passes on, the rows that catch the bad layers show no difference: it was the fault they saw."""
    case, _fields = CAUGHT[name]

    assert scene(NEWEST, other=_layer(tmp_path / "layer", "")).differences(case, "Text") == {}
