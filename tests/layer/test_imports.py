"""Imports watched without standing in them: real modules, in a Python of their own."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

LAYER = Path(__file__).resolve().parents[2] / "layer"
PRELUDE = """
import sys
sys.path.insert(0, sys.argv[1])
import _frozen_importlib
plain = _frozen_importlib._ModuleLockManager
from xray_instrument.imports import Imports
seen = []
imports = Imports()
def note(module): seen.append((module.__name__, getattr(module, "done", None)))
"""


def run(folder: Path, code: str, **files: str) -> str:
    """What the code prints, in a process with these modules; `pack__sub` is pack/sub.py."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/", 1) + ".py")
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text))
    done = subprocess.run(  # noqa: S603  (the code is the test's own)
        [sys.executable, "-c", PRELUDE + textwrap.dedent(code), str(folder)],
        capture_output=True,
        text=True,
        cwd=LAYER,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def test_hook_fires_once_after_the_module_is_whole(tmp_path: Path) -> None:
    """The hook sees the finished module, once, also when it is imported from several places and again."""
    code = """
    imports.when_loaded("lib", note); imports.arm()
    import user, lib, importlib
    importlib.import_module("lib")
    print(seen, imports.after)
    """
    assert run(tmp_path, code, lib="done = 1", user="import lib; done = lib.done") == "[('lib', 1)] {}\n"


def test_module_that_is_loaded_already(tmp_path: Path) -> None:
    """For a module that is there, the hook fires at once."""
    code = """
    import lib
    imports.when_loaded("lib", note); print(seen)
    """
    assert run(tmp_path, code, lib="done = 1") == "[('lib', 1)]\n"


def test_module_under_way(tmp_path: Path) -> None:
    """For a module that is just being loaded, the hook waits until it is whole."""
    lib = "import sys; sys.modules['__main__'].imports.when_loaded('lib', sys.modules['__main__'].note); done = 1"
    assert run(tmp_path, "imports.arm()\nimport lib\nprint(seen)", lib=lib) == "[('lib', 1)]\n"


def test_circular_import(tmp_path: Path) -> None:
    """In a circle the hook of each module fires after its own body."""
    code = """
    for name in ("a", "b"): imports.when_loaded(name, note)
    imports.arm()
    import a
    print(seen)
    """
    assert run(tmp_path, code, a="import b; done = 1", b="import a; done = 1") == "[('b', 1), ('a', 1)]\n"


def test_import_that_fails(tmp_path: Path) -> None:
    """A failing import has the function's frames only and its own message; the hook fires when a later try succeeds."""
    code = """
    import traceback
    imports.when_loaded("lib", note); imports.when_loaded("missing", note); imports.arm()
    try:
        import lib
    except ZeroDivisionError as error:
        print([frame.name for frame in traceback.extract_tb(error.__traceback__)], seen)
    try:
        import missing
    except ModuleNotFoundError as error:
        print(error, len(traceback.extract_tb(error.__traceback__)))
    open(sys.argv[1] + "/lib.py", "w").write("done = 22222")
    import importlib, time; importlib.invalidate_caches()
    import lib
    print(seen, list(imports.after))
    """
    out = "['<module>', '<module>'] []\nNo module named 'missing' 1\n[('lib', 22222)] ['missing']\n"
    assert run(tmp_path, code, lib="1/0") == out


def test_submodules_and_packages(tmp_path: Path) -> None:
    """A hook on a submodule fires for that one, its package's for the package."""
    code = """
    for name in ("pack", "pack.sub"): imports.when_loaded(name, note)
    imports.arm()
    import pack.sub
    print(seen)
    """
    assert run(tmp_path, code, pack____init__="done = 1", pack__sub="done = 2") == "[('pack', 1), ('pack.sub', 2)]\n"


def test_threads_importing_at_once(tmp_path: Path) -> None:
    """Eight threads import the same slow module: the hook fires once, after it is whole, and nothing deadlocks."""
    code = """
    import threading
    imports.when_loaded("lib", note); imports.arm()
    def load(): import lib
    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join(10)
    print(seen, [thread.is_alive() for thread in threads].count(True))
    """
    assert run(tmp_path, code, lib="import time; time.sleep(0.1); done = 1") == "[('lib', 1)] 0\n"


@pytest.mark.parametrize("waits", [False, True])
def test_importlib_gets_its_own_back(waits: bool, tmp_path: Path) -> None:
    """When nothing is waited for any more, importlib has its own context manager; as long as something is, ours stays."""
    code = f"""
    imports.arm()
    if {waits}: imports.when_loaded("lib", note)
    ours = _frozen_importlib._ModuleLockManager is not plain
    imports.stop_timing()
    print(ours, _frozen_importlib._ModuleLockManager is plain)
    import lib
    print(seen)
    """
    expected = "True False\n[('lib', 1)]\n" if waits else "True True\n[]\n"
    assert run(tmp_path, code, lib="done = 1") == expected


def test_timing(tmp_path: Path) -> None:
    """While timing is on, each module's loading is told from begin to end, nested, failing ones too, of the main thread only."""
    code = """
    import threading
    told = []
    imports.began, imports.ended = (lambda name: told.append("+" + name)), (lambda name: told.append("-" + name))
    imports.arm()
    import a
    def load(): import other
    thread = threading.Thread(target=load); thread.start(); thread.join()
    try:
        import broken
    except ZeroDivisionError:
        pass
    import a
    imports.stop_timing()
    import late
    print(told)
    """
    files = {"a": "import b", "b": "", "other": "", "broken": "1/0", "late": ""}
    expected = ["+a", "+b", "-b", "-a", "+broken", "-broken"]
    assert run(tmp_path, code, **files) == f"{expected}\n"


def test_nothing_is_left_on_the_modules(tmp_path: Path) -> None:
    """Loader, spec, finders and caches of a module are as without us."""
    code = """
    before = (list(sys.meta_path), list(sys.path_hooks))
    imports.when_loaded("lib", note); imports.arm()
    import lib, inspect
    print(type(lib.__loader__).__name__, lib.__spec__.loader is lib.__loader__, inspect.getsource(lib), end=" ")
    print((list(sys.meta_path), list(sys.path_hooks)) == before, sorted(name for name in vars(lib) if not name.startswith("__")))
    """
    assert run(tmp_path, code, lib="done = 1") == "SourceFileLoader True done = 1\n True ['done']\n"
