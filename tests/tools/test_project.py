"""The project's own files: the template, the Makefile's list, set-up, links in the docs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import pythons

REPOSITORY = pythons.REPOSITORY
TESTS = sorted(REPOSITORY.glob("tests/**/test_*.py"))
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])


def test_cfn_lint_accepts_the_template() -> None:
    """template.yaml is a SAM template without an error or a warning."""
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--non-zero-exit-code", "informational", "template.yaml"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_make_lists_every_target() -> None:
    """`make` alone prints each public target of the Makefile with its sentence."""
    done = subprocess.run(["make", "--no-print-directory"], cwd=REPOSITORY, capture_output=True, text=True, check=True)  # noqa: S607
    listed = [line.split()[:2] for line in done.stdout.splitlines()]
    names = ("help", "setup", "build", "demo", "pictures", "test", "fuzz", "lint", "format", "bench", "publish", "lock", "clean")
    assert listed == [["make", name] for name in names]


def test_set_up_does_nothing_when_all_is_there() -> None:
    """With a complete .venv tools/setup.sh prints nothing and touches nothing."""
    stamp = REPOSITORY / ".venv" / ".complete"
    if not stamp.exists():
        pytest.skip("the tests run in another environment than `make setup` makes")
    before = stamp.stat().st_mtime_ns
    done = subprocess.run(["tools/setup.sh"], cwd=REPOSITORY, capture_output=True, text=True, check=False)  # noqa: S607
    assert (done.returncode, done.stdout, done.stderr, stamp.stat().st_mtime_ns) == (0, "", "", before)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    """Each relative link of a document names a file that exists."""
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("module", TESTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_every_test_has_its_sentence(module: Path) -> None:
    """Each test of a module says in its docstring what holds."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    tests = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]
    assert [test.name for test in tests if not ast.get_docstring(test)] == []
