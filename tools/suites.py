"""Runs somebody else's test suite without the layer and with it: `python -m tools.suites FOLDER --packages FOLDER`.

Each test file runs in a process of its own (with `--together` all of them in one), once bare and once layered, under the real
runtime client: inside a handler, at module scope, or (`--where command`) as developers would, `python -m pytest` started by the
wrapper itself. Prints how many tests passed on either side and every test whose outcome differs. Exit code 1: there is a
difference; 2: nothing could be compared.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.kit import layer, pythons
from tests.kit.process import Guest, Launch, Sandbox
from tests.kit.runtime_api import Invocation

# A file of tests that wait for databases or names on a network takes its time, and so do thousands of tests.
LIMIT_S = {"one file": 300.0, "together": 1200.0}
# The order of the tests that a set gives is the same on both sides, and folders of packages stay as pip made them.
ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
PYTEST = ("-q", "--rootdir=.", "-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "suite_report")
FALLBACK = ("aws_xray_sdk", "wrapt")
NOT_RUN = "not run"

# pytest's plugin that notes each test's outcome beside itself, whatever the tests do to the environment or to stdout; and
# the parts of the layer that had a fault and switched themselves off, as after that all tests pass as they do without it.
REPORT = """\
import json, os, sys
PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "suite_report.json")
found = {}

def note(report, outcome):
    text = str(report.longrepr or "").strip()
    found[report.nodeid] = [outcome, "" if outcome == "passed" else text[-2000:]]

def pytest_collectreport(report):
    if report.failed:
        note(report, "error")

def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        note(report, "error" if report.failed and report.when != "call" else report.outcome)

def pytest_sessionfinish():
    off = getattr(getattr(sys.modules.get("xray_instrument.guard"), "guarded", None), "off", {})
    found.update({f"the layer's part {part}": ["switched off", fault] for part, fault in off.items()})
    with open(PATH, "w") as file:
        json.dump(found, file)
"""
RUN = """\
import os
for name in {unset!r}:
    os.environ.pop(name, None)

def run():
    import pytest
    return int(pytest.main({arguments!r}))

"""
WHERE = {
    "handler": "def handler(event, context):\n    return run()\n",
    "module": "code = run()\n\ndef handler(event, context):\n    return code\n",
}

# A parameter that is made of the time, in seconds or milliseconds, has another id in each run (Powertools' metrics have one).
CLOCK = re.compile(r"\b1[6-9]\d{8}(?:\d{3})?\b")

# Outcome, and what pytest said where it is not "passed"; by the test's id.
Results = dict[str, tuple[str, str]]


@dataclass(frozen=True)
class Setting:
    """How the files of a suite are run."""

    suite: Path
    """The folder of the tests; they can import it by its name, as from a checkout."""
    packages: Path | None = None
    """Made with `pip install --target`: pytest, the peer, and what its tests need."""
    version: str = pythons.VERSIONS[-1]
    where: str = "handler"
    """A key of WHERE, or `command`."""
    unset: tuple[str, ...] = ()
    """Environment variables that are taken away before anything is imported."""
    environment: Mapping[str, str] = field(default_factory=dict)
    together: bool = False
    """All files in one process, as the peer's own CI has them: much quicker, and what one file leaves behind meets the next."""
    fallback: bool = False
    """With the layer, the copy of the SDK that it brings along is in the place of the packages' own."""

    @property
    def limit_s(self) -> float:
        """After so long, a process hangs."""
        return LIMIT_S["together" if self.together else "one file"]

    def files(self, patterns: Iterable[str] = ("*",)) -> list[str]:
        """The suite's files of tests, relative to the folder above it."""
        found = (str(path.relative_to(self.suite.parent)) for path in sorted(self.suite.rglob("test_*.py")))
        return [name for name in found if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]


def _sandbox(setting: Setting, files: Iterable[str], root: Path, *, layered: bool) -> Sandbox:
    """A function's package with the suite, its packages, and the code that runs the files."""
    sandbox = Sandbox.create(root, pythons.site(setting.version))
    shutil.copytree(setting.suite, sandbox.task / setting.suite.name)
    sandbox.write("suite_report.py", REPORT)
    if setting.where in WHERE:
        code = RUN.format(unset=setting.unset, arguments=[*PYTEST, *files])
        sandbox.write("app.py", code + WHERE[setting.where])
    left_out = FALLBACK if layered and setting.fallback else ()
    for entry in setting.packages.iterdir() if setting.packages else ():
        link = sandbox.task / entry.name
        if not link.exists() and not entry.name.startswith(left_out or ("/",)):
            link.symlink_to(entry)
    return sandbox


def _serve(sandbox: Sandbox, setting: Setting, wrapper: Path | None, _files: Iterable[str]) -> str:
    """Run the files in a function; gives what went wrong, if anything."""
    launch = Launch("app.handler", {**ENVIRONMENT, **setting.environment}, wrapper=wrapper)
    with Guest(sandbox, launch, [Invocation(timeout_s=setting.limit_s)]) as guest:
        try:
            guest.wait(setting.limit_s)
        except TimeoutError as late:
            return str(late)
        run = guest.result()
    ended = [] if run.exit_code is None else [f"exit code {run.exit_code}"]
    reported = [post.body.decode() for post in run.posts if post.kind != "response"]
    return "\n".join([run.stderr.decode(errors="replace"), *reported, *ended])


def _command(sandbox: Sandbox, setting: Setting, wrapper: Path | None, files: Iterable[str]) -> str:
    """Run the files as on a developer's machine, without a runtime; gives what went wrong, if anything."""
    given = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    environment = {**given, "PYTHONPATH": str(sandbox.task), **ENVIRONMENT, **setting.environment}
    command: list[str | Path] = [*([wrapper] if wrapper else []), sandbox.site.interpreter, "-m", "pytest", *PYTEST, *files]
    try:
        done = subprocess.run(
            command, cwd=sandbox.task, env=environment, capture_output=True, text=True, check=False, timeout=setting.limit_s
        )
    except subprocess.TimeoutExpired as late:
        return str(late)
    return f"{done.stderr}\nexit code {done.returncode}"


def results(setting: Setting, *files: str, layered: bool) -> Results:
    """Run files in one process, bare or layered. Where that died or hung, there is a single result that says so."""
    wrapper = layer.unpacked() / "xray-instrument" if layered else None
    with tempfile.TemporaryDirectory() as folder:
        sandbox = _sandbox(setting, files, Path(folder), layered=layered)
        run = _serve if setting.where in WHERE else _command
        said = run(sandbox, setting, wrapper, files)
        report = sandbox.task / "suite_report.json"
        if not report.exists():
            return {_called(files): (NOT_RUN, said[-2000:])}
        return without_clock({name: (outcome, why) for name, (outcome, why) in json.loads(report.read_text()).items()})


def without_clock(found: Results) -> Results:
    """The tests by ids that are the same in each run, numbered where that leaves one id for several."""
    named: Results = {}
    for name, result in found.items():
        plain = CLOCK.sub("<time>", name)
        same = sum(other == plain or other.startswith(f"{plain} (") for other in named)
        named[f"{plain} ({same + 1})" if same else plain] = result
    return named


def _called(files: tuple[str, ...]) -> str:
    """What a row of the table is called."""
    return files[0] if len(files) == 1 else f"{len(files)} files"


@dataclass(frozen=True)
class Comparison:
    """One file's results on both sides, or those of all files together."""

    file: str
    bare: Results
    layered: Results

    @property
    def passed(self) -> tuple[int, int]:
        """How many passed bare, and layered."""
        bare, layered = (sum(outcome == "passed" for outcome, _ in side.values()) for side in (self.bare, self.layered))
        return bare, layered

    @property
    def differences(self) -> list[tuple[str, str, str, str]]:
        """Test, outcome bare, outcome layered, and what pytest said of the one that did not pass."""
        names = sorted({*self.bare, *self.layered})
        pairs = [(name, self.bare.get(name, (NOT_RUN, "")), self.layered.get(name, (NOT_RUN, ""))) for name in names]
        return [(name, one[0], other[0], other[1] or one[1]) for name, one, other in pairs if one[0] != other[0]]


def compare(setting: Setting, *files: str) -> Comparison:
    """Run files bare, then layered."""
    return Comparison(_called(files), results(setting, *files, layered=False), results(setting, *files, layered=True))


def table(rows: list[Comparison]) -> str:
    """What is printed at the end: a line for each file, the sum, and every difference with what pytest said."""
    width = max(len(row.file) for row in rows)
    lines = [f"{'file':{width}} | passed bare | passed layered | differences"]
    cells = [(row.file, *row.passed, len(row.bare), len(row.layered), len(row.differences)) for row in rows]
    sums = [sum(column) for column in zip(*(cell[1:] for cell in cells), strict=True)]
    for name, bare, layered, all_bare, all_layered, differences in [*cells, ("all", *sums)]:
        passed = f"{bare} of {all_bare}", f"{layered} of {all_layered}"
        lines.append(f"{name:{width}} | {passed[0]:>11} | {passed[1]:>14} | {differences:11}")
    for row in rows:
        for name, bare, layered, why in row.differences:
            told = "\n".join(f"    {line}" for line in why.splitlines()[-12:])
            lines.append(f"\n{name}: {bare} bare, {layered} layered\n{told}")
    return "\n".join(lines)


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.suites", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("suite", type=Path, help="folder of the tests, in a checkout of the peer")
    parser.add_argument("--packages", type=Path, help="made with pip install --target: pytest, the peer, what the tests need")
    parser.add_argument("--python", default=list(pythons.present())[-1], help="3.10 to 3.14")
    parser.add_argument("--where", choices=[*WHERE, "command"], default="handler", help="where pytest is called")
    parser.add_argument("--only", action="append", metavar="PATTERN", help="files, as tests/test_*.py; may be repeated")
    parser.add_argument("--together", action="store_true", help="all files in one process, not each in one of its own")
    parser.add_argument("--unset", action="append", default=[], metavar="NAME", help="take this out of the environment first")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="put this into the environment")
    parser.add_argument(
        "--fallback", action="store_true", help="layered: the layer's copy of aws_xray_sdk instead of the packages'"
    )
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    """Compare, print, and say by the exit code what came of it."""
    told = _arguments(given)
    environment = dict(one.split("=", 1) for one in told.set)
    packages = told.packages.resolve() if told.packages else None
    setting = Setting(
        told.suite.resolve(), packages, told.python, told.where, tuple(told.unset), environment, told.together, told.fallback
    )
    files = setting.files(told.only or ["*"])
    rows = []
    for group in [files] if files and told.together else [[file] for file in files]:
        rows.append(compare(setting, *group))
        print(f"{rows[-1].file}: {rows[-1].passed[0]} bare, {rows[-1].passed[1]} layered", file=sys.stderr, flush=True)
    if not any(row.passed[0] for row in rows):
        said = next((why for row in rows for outcome, why in row.bare.values() if outcome != "passed"), "no file of tests")
        print(f"no test passes without the layer; is what they need in --packages?\n{said}", file=sys.stderr)
        return 2
    print(table(rows))
    return 1 if any(row.differences for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
