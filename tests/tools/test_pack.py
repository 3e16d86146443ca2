"""The layer's zip: the same bytes wherever and however it is built, and byte-code that every Python takes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools import fallback, pack, pythons

REPOSITORY = pythons.REPOSITORY
BUNDLES = pack.bundles(
    {
        entry.name: (entry.data.decode(), "")
        for entry in pack.sources(REPOSITORY, with_fallback=False)
        if entry.name.endswith("xray_instrument/start.py")
    }
)
PYTHONS = list(pythons.present())


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the zip and the tree, built from the sources as they are now."""
    out = tmp_path_factory.mktemp("build")
    pack.build(REPOSITORY, out, pythons.present())
    return out


def checkout(folder: Path) -> Path:
    """What the build needs, copied without its dates and mode bits."""
    for name in ("layer", "wrapper", "tools"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / name, folder / name, copy_function=shutil.copyfile, ignore=ignored)
    for name in ("LICENSE", "build.sh"):
        shutil.copyfile(REPOSITORY / name, folder / name)
    return folder


def built_by_script(folder: Path, umask: int, seed: str) -> bytes:
    """The zip that build.sh makes in that checkout."""
    # The copy has no cache of its own; what lies beside an interpreter must not hide the system's programs.
    path = os.pathsep.join([os.environ["PATH"], *(str(interpreter.parent) for interpreter in pythons.present().values())])
    subprocess.run(  # noqa: S603
        ["bash", "build.sh", "--out", folder / "out"],  # noqa: S607
        cwd=folder,
        umask=umask,
        env={**os.environ, "PATH": path, "PYTHONHASHSEED": seed, "PYTHON": sys.executable},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return (folder / "out" / "xray-instrument-layer.zip").read_bytes()


def test_the_same_bytes_from_every_checkout(tmp_path: Path, built: Path) -> None:
    """Folder, umask, dates, mode bits and hash seed leave no mark on the zip."""
    one = built_by_script(checkout(tmp_path / "one"), 0o022, "1")
    other = built_by_script(checkout(tmp_path / "deeper" / "other"), 0o077, "2")
    digests = [hashlib.sha256(data).hexdigest() for data in (one, other)]
    assert digests == [hashlib.sha256((built / "xray-instrument-layer.zip").read_bytes()).hexdigest()] * 2


def test_what_is_in_the_zip(built: Path) -> None:
    """The wrapper is executable, all else is readable, and each module has byte-code for every Python present."""
    package = REPOSITORY / "layer"
    modules = [path.relative_to(package).as_posix() for path in (package / "xray_instrument").rglob("*.py")]
    brought = [f"fallback/{name}" for name, _ in fallback.files(REPOSITORY)]
    expected = {"xray-instrument": 0o100755, "xray-instrument.d/LICENSE": 0o100644}
    expected |= {f"xray-instrument.d/{name}": 0o100644 for name in brought}
    compiled = list(BUNDLES)
    for module in ["sitecustomize.py", *modules, *(name for name in brought if name.endswith(".py"))]:
        folder, _, name = module.rpartition("/")
        expected[f"xray-instrument.d/{module}"] = 0o100644
        if sum(f"xray-instrument.d/{module}" in sources for sources in BUNDLES.values()) != 1:
            compiled.append(f"xray-instrument.d/{folder}{'/' * bool(folder)}__pycache__/{name[:-3]}")
    expected |= {f"{stem}.cpython-{version.replace('.', '')}.pyc": 0o100644 for stem in compiled for version in PYTHONS}
    with zipfile.ZipFile(built / "xray-instrument-layer.zip") as archive:
        infos = archive.infolist()
    assert {info.filename: info.external_attr >> 16 for info in infos} == expected
    assert [info.filename for info in infos] == sorted(expected)
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert pack.versions_in(built / "xray-instrument-layer.zip") == PYTHONS


def test_the_tree_is_what_the_zip_holds(built: Path, tmp_path: Path) -> None:
    """build/opt has the zip's files with the zip's modes, as Lambda would unpack them."""
    with zipfile.ZipFile(built / "xray-instrument-layer.zip") as archive:
        wanted = {info.filename: (info.external_attr >> 16 & 0o777, archive.read(info)) for info in archive.infolist()}
    found = {
        path.relative_to(built / "opt").as_posix(): (path.stat().st_mode & 0o777, path.read_bytes())
        for path in (built / "opt").rglob("*")
        if path.is_file()
    }
    assert found == wanted


# Runs in each Python: only it can read its byte-code, and each has a hash of its own (PEP 552: keyed with the magic number).
INSPECT = """
import importlib.util, json, marshal, pathlib, sys, types
def files(code):
    yield code.co_filename
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from files(constant)
found, root = {}, pathlib.Path(sys.argv[1])
def header(data):
    return [data[:4] == importlib.util.MAGIC_NUMBER, int.from_bytes(data[4:8], "little")]
bundles = {}
for path in (root / "xray_instrument" / "__pycache__").glob(f"bundle-*.{sys.implementation.cache_tag}.pyc"):
    data = path.read_bytes()
    for module, code in marshal.loads(data[16:]).items():
        bundles.setdefault(module, []).append((data, code))
for source in root.rglob("*.py"):
    name = source.relative_to(root).as_posix()
    module = name[:-3].replace("/", ".").removesuffix(".__init__")
    held = [[*header(data), True, sorted(set(files(code)))] for data, code in bundles.get(module, ())]
    if held:
        found[name] = held[0] if all(one == held[0] for one in held) else held
    if len(held) == 1:
        continue
    data = pathlib.Path(importlib.util.cache_from_source(str(source), optimization="")).read_bytes()
    hashed = data[8:16] == importlib.util.source_hash(source.read_bytes())
    single = [*header(data), hashed, sorted(set(files(marshal.loads(data[16:]))))]
    found[name] = single if found.get(name, single) == single else [found[name], single]
json.dump(found, sys.stdout)
"""


@pytest.mark.parametrize("version", PYTHONS)
def test_byte_code(version: str, built: Path) -> None:
    """Each .pyc is this Python's, says "hash, do not check", has its source's hash, and names the place below /opt."""
    interpreter, root = pythons.find(version), built / "opt" / pack.PRIVATE
    assert interpreter is not None
    done = subprocess.run([interpreter, "-I", "-c", INSPECT, root], capture_output=True, text=True, check=True)  # noqa: S603
    names = [path.relative_to(root).as_posix() for path in root.rglob("*.py")]
    assert json.loads(done.stdout) == {name: [True, 0b01, True, [f"/opt/xray-instrument.d/{name}"]] for name in names}


@pytest.mark.parametrize("version", PYTHONS)
def test_each_python_takes_its_byte_code(version: str, built: Path) -> None:
    """The start-up module loads the package from byte-code: no docstring, which the source has, and no loader."""
    interpreter = pythons.find(version)
    assert interpreter is not None
    script = "import sys; print(sys.modules['xray_instrument'].__doc__, sys.modules['xray_instrument.start'].__spec__.loader)"
    environment = {"PYTHONPATH": str(built / "opt" / pack.PRIVATE)}
    done = subprocess.run([interpreter, "-B", "-c", script], capture_output=True, text=True, check=False, env=environment)  # noqa: S603
    assert (done.stdout, done.stderr) == ("None None\n", "")


def test_an_equal_tree_is_left_alone_and_another_one_is_replaced(tmp_path: Path) -> None:
    """Unpacking again keeps the folder; a changed, a missing and a foreign file each bring a fresh one."""
    entries = [pack.Entry("run", b"#!/bin/sh\n", executable=True), pack.Entry("d/module.py", b"x = 1\n")]
    folder = tmp_path / "opt"

    def inode_after(change: str) -> int:
        subprocess.run(["sh", "-c", change], cwd=tmp_path, check=True)  # noqa: S603, S607
        pack.unpack(entries, folder)
        found = {path.name: (path.stat().st_mode & 0o777, path.is_file() and path.read_bytes()) for path in folder.rglob("*")}
        assert found == {"run": (0o755, b"#!/bin/sh\n"), "d": (0o755, False), "module.py": (0o644, b"x = 1\n")}
        return folder.stat().st_ino

    first = inode_after("umask 077")
    assert inode_after("touch opt/run") == first
    for change in ("echo >opt/run", "rm opt/d/module.py", "touch opt/d/foreign", "chmod 600 opt/run"):
        inode_after(change)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["opt"]


def test_slim_has_sources_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--slim makes a zip of our sources alone, and says that no Python has byte-code in it."""
    assert pack.main(["--slim", "--quiet", "--out", str(tmp_path)]) == 0
    archive = tmp_path / "xray-instrument-layer.zip"
    with zipfile.ZipFile(archive) as layer:
        assert layer.namelist() == [entry.name for entry in pack.sources(REPOSITORY, with_fallback=False)]
    assert capsys.readouterr().out.splitlines()[-1] == "byte-code for no Python; none for 3.10, 3.11, 3.12, 3.13, 3.14"


def test_a_python_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Asking for byte-code of a Python that is missing fails with the list of those that are there."""
    assert pack.main(["--pythons", "2.7", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"build.sh: no CPython 2.7 on this machine; there is {', '.join(PYTHONS)}\n"


def test_a_module_that_does_not_compile(tmp_path: Path) -> None:
    """A syntax error stops the build and is shown."""
    entries = [pack.Entry("xray-instrument.d/broken.py", b"def\n")]
    with pytest.raises(pack.BuildError) as caught:
        pack.bytecode(entries, Path(sys.executable))
    assert '  File "/opt/xray-instrument.d/broken.py", line 1\n    def\n' in str(caught.value)
