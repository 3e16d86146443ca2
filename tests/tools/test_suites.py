"""The comparison of other people's test suites: what differs with the layer is told, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.aws.guests import NEWEST, site
from tests.kit import process, pythons
from tools import suites

# What requirements/dev.txt has, without what it only needs elsewhere.
PYTEST = ("pytest==9.2.0", "pluggy==1.7.0", "iniconfig==2.3.1", "packaging==26.3", "pygments==2.21.0")
SAME = """
import os, pytest
def test_passes():
    assert os.path.dirname(__file__).endswith("peer")
def test_fails():
    assert 1 + 1 == 3
@pytest.mark.skip(reason="not today")
def test_is_skipped():
    pass
"""
# The layer offers its helper package for import, where bare Python has none of that name.
OTHER = """
import os
def test_without_the_helper():
    try:
        import xray_instrument_helper
    except ImportError:
        return
    raise RuntimeError("found in " + os.path.basename(os.path.dirname(xray_instrument_helper.__file__)))
def test_in_lambda():
    assert "LAMBDA_TASK_ROOT" in os.environ
"""
DIES = """
import os
def test_dies():
    os._exit(3)
"""

FAULT = """
import sys
def test_anything():
    layer = sys.modules.get("xray_instrument.guard")
    if layer is not None:
        layer.guarded("made up")(lambda: 1 / 0)()
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A peer's folder of tests: one file that is the same with the layer, and one that looks at what the layer changes."""
    site()
    folder = tmp_path / "checkout" / "peer"
    (folder / "more").mkdir(parents=True)
    (folder / "test_same.py").write_text(SAME)
    (folder / "more" / "test_other.py").write_text(OTHER)
    return folder


def run(suite: Path, *more: str) -> int:
    """The tool's exit code."""
    packages = pythons.packages(NEWEST, PYTEST)
    return suites.main([str(suite), "--packages", str(packages), "--python", NEWEST, *more])


@pytest.mark.parametrize("where", ["handler", "module"])
def test_a_difference_is_told(where: str, suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file that looks at the layer has one difference, with what pytest said; the other one has none, failure and all."""
    code = run(suite, "--where", where)
    said = capsys.readouterr().out.splitlines()

    assert code == 1
    assert said[:4] == [
        "file                    | passed bare | passed layered | differences",
        "peer/more/test_other.py |      2 of 2 |         1 of 2 |           1",
        "peer/test_same.py       |      1 of 3 |         1 of 3 |           0",
        "all                     |      3 of 5 |         2 of 5 |           1",
    ]
    assert said[4:6] == ["", "peer/more/test_other.py::test_without_the_helper: passed bare, failed layered"]
    assert "    E       RuntimeError: found in xray_instrument_helper" in said[6:]


def test_no_difference(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files that are alike on both sides, be it in failing, are no reason to worry."""
    code = run(suite, "--only", "peer/test_*.py")

    assert code == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "peer/test_same.py |      1 of 3 |         1 of 3 |           0",
        "all               |      1 of 3 |         1 of 3 |           0",
    ]


LEAVES = """
import sys
def test_leaves_a_module():
    sys.modules["left_behind"] = sys
def test_finds_it():
    import left_behind
"""
FINDS = """
def test_finds_it():
    import left_behind
"""


def test_all_files_in_one_process(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Together, a file finds what the one before it left behind, and there is one row for all; apart, it does not."""
    (suite / "test_first.py").write_text(LEAVES)
    (suite / "test_second.py").write_text(FINDS)
    apart, _ = run(suite, "--only", "peer/test_second.py"), capsys.readouterr()
    together = run(suite, "--only", "peer/test_first.py", "--only", "peer/test_second.py", "--together")

    assert (apart, together) == (2, 0)
    assert capsys.readouterr().out.splitlines() == [
        "file    | passed bare | passed layered | differences",
        "2 files |      3 of 3 |         3 of 3 |           0",
        "all     |      3 of 3 |         3 of 3 |           0",
    ]


def test_without_a_runtime(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """pytest that the wrapper starts itself, as on a developer's machine, sees nothing of the layer."""
    code = run(suite, "--where", "command", "--only", "peer/more/*")

    assert code == 0
    assert capsys.readouterr().out.splitlines()[1] == "peer/more/test_other.py |      1 of 2 |         1 of 2 |           0"


TIMED = """
import pytest, time
@pytest.mark.parametrize("at", [time.time_ns() // 1000000, 1711105187000, 7])
def test_at(at):
    assert at
"""


def test_parameters_made_of_the_time(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A test whose id has the time of its run in it is the same test on both sides."""
    (suite / "test_same.py").write_text(TIMED)
    setting = suites.Setting(suite, pythons.packages(NEWEST, PYTEST), NEWEST)
    code = run(suite, "--only", "peer/test_same.py")

    assert code == 0
    assert capsys.readouterr().out.splitlines()[1] == "peer/test_same.py |      3 of 3 |         3 of 3 |           0"
    ids = [name.partition("::")[2] for name in suites.results(setting, "peer/test_same.py", layered=False)]
    assert ids == ["test_at[<time>]", "test_at[<time>] (2)", "test_at[7]"]


def test_a_suite_that_takes_long_at_module_scope(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There the tests are the initialization, and their own limit counts, not the one that functions have for it."""
    (suite / "test_same.py").write_text("import time\ndef test_slow():\n    time.sleep(3)\n")
    monkeypatch.setattr(process, "INIT_LIMIT_S", 0.01)
    setting = suites.Setting(suite, pythons.packages(NEWEST, PYTEST), NEWEST, where="module")

    assert suites.results(setting, "peer/test_same.py", layered=False) == {"peer/test_same.py::test_slow": ("passed", "")}


def test_a_variable_that_is_taken_away(suite: Path) -> None:
    """What the tests are not to see is out of the environment before they are imported, with and without the layer."""
    setting = suites.Setting(suite, pythons.packages(NEWEST, PYTEST), NEWEST, unset=("LAMBDA_TASK_ROOT",))
    found = [suites.results(setting, "peer/more/test_other.py", layered=one) for one in (False, True)]

    outcomes = [{name.partition("::")[2]: outcome for name, (outcome, _) in side.items()} for side in found]
    assert outcomes == [
        {"test_without_the_helper": "passed", "test_in_lambda": "failed"},
        {"test_without_the_helper": "failed", "test_in_lambda": "failed"},
    ]


def test_a_fault_of_the_layers(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tests that pass because a part of the layer has switched itself off are no agreement: the part is told, and its fault."""
    (suite / "test_same.py").write_text(FAULT)
    code = run(suite, "--only", "peer/test_same.py")
    said = capsys.readouterr().out.splitlines()

    assert code == 1
    assert said[1] == "peer/test_same.py |      1 of 1 |         1 of 2 |           1"
    assert said[4] == "the layer's part made up: not run bare, switched off layered"
    assert said[5].startswith("    ZeroDivisionError('division by zero') at ")


def test_nothing_to_compare(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where no test passes without the layer, equal counts say nothing: another exit code, and what went wrong."""
    (suite / "test_same.py").write_text(DIES)
    code = run(suite, "--only", "peer/test_same.py")
    said = capsys.readouterr()

    assert (code, said.out) == (2, "")
    assert "no test passes without the layer" in said.err
    assert "exit code 3" in said.err
