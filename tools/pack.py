"""Packs the layer: one zip and the same tree unpacked, the same bytes from the same sources on every build.

What could differ between two builds, and what is done about it:

- times, order, mode bits, umask: every entry is made here, from bytes, with a fixed date and one of two modes;
- where the checkout lies: byte-code names the place where Lambda unpacks the layer;
- set order in byte-code: each interpreter compiles with a fixed hash seed;
- which strings marshal shares in byte-code: it looks at reference counts, so each interpreter compiles all
  files in one order in one fresh process that does nothing else.

The interpreters' own releases remain: another 3.12.x or another zlib may give other bytes.

Byte-code is "unchecked hash": Python takes it without looking at the source's date, which a layer's way
through a zip does not keep, and /opt is read-only, so that Python could not write its own.
"""

from __future__ import annotations

import argparse
import ast
import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools import fallback, pythons

WRAPPER = "xray-instrument"
PRIVATE = "xray-instrument.d"
# Where Lambda unpacks layers.
RUNTIME_ROOT = "/opt"
# The first moment that a zip can express.
DATE = (1980, 1, 1, 0, 0, 0)
UNIX = 3
REGULAR_FILE = 0o100000

# Runs in each interpreter: sources in, byte-code out, both as JSON. What only readers and type checkers need is left
# out (docstrings and asserts by optimize=2; annotations and TYPE_CHECKING blocks here): the guest uses none of it at
# run time, and it is half of what a cold start would have to read and what the zip would weigh.
COMPILE = """
import ast, base64, json, marshal, sys
from importlib import _bootstrap_external as importer, util

class Bare(ast.NodeTransformer):
    def visit_FunctionDef(self, node):
        node.returns = None
        return self.generic_visit(node)
    def visit_arg(self, node):
        node.annotation = None
        return node
    def visit_AnnAssign(self, node):
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign([node.target], self.visit(node.value)), node)
    def visit_If(self, node):
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return [self.visit(child) for child in node.orelse] or None
        return self.generic_visit(node)

compiled, codes = {}, {}
files, bundles = json.load(sys.stdin)
held = [name for modules in bundles.values() for name in modules]
for name, (text, path) in files.items():
    source = text.encode()
    code = compile(Bare().visit(ast.parse(source, path)), path, "exec", dont_inherit=True, optimize=2)
    codes[name] = code
    if held.count(name) != 1:
        pyc = importer._code_to_hash_pyc(code, util.source_hash(source), False)
        compiled[util.cache_from_source(name, optimization="")] = pyc
for bundle, modules in bundles.items():
    sources = "".join(files[name][0] for name in modules).encode()
    header = importer._code_to_hash_pyc(None, util.source_hash(sources), False)[:16]
    together = marshal.dumps({module: codes[name] for name, module in modules.items()})
    compiled[f"{bundle}.{sys.implementation.cache_tag}.pyc"] = header + together
json.dump({name: base64.b64encode(data).decode() for name, data in compiled.items()}, sys.stdout)
"""

# What is loaded together (start.py's BUNDLES) is one file for each Python, because a layer's files are read one by one from a
# slow place and each costs importlib a tenth of a millisecond: {module: code}, marshalled at once, behind the header of a .pyc.
# sitecustomize.py loads from it. A module that is in none of them, or in several, has a .pyc of its own.
BUNDLE = f"{PRIVATE}/xray_instrument/__pycache__/bundle-"


@dataclass(frozen=True)
class Entry:
    """One file of the layer."""

    name: str
    """Relative to /opt."""
    data: bytes
    executable: bool = False

    @property
    def mode(self) -> int:
        """Readable for everybody: Lambda runs functions as a user of its own."""
        return 0o755 if self.executable else 0o644


class BuildError(Exception):
    """The layer cannot be made; the text says why."""


def sources(repository: Path, *, with_fallback: bool = True) -> list[Entry]:
    """Everything that the layer is made of: the wrapper, the start-up module, the package, the licence, the fallback."""
    package = repository / "layer" / "xray_instrument"
    modules = {path.relative_to(package.parent): path for path in package.rglob("*.py")}
    modules[Path("sitecustomize.py")] = repository / "wrapper" / "sitecustomize.py"
    modules[Path("LICENSE")] = repository / "LICENSE"
    entries = [Entry(f"{PRIVATE}/{name.as_posix()}", path.read_bytes()) for name, path in modules.items()]
    entries.append(Entry(WRAPPER, (repository / "wrapper" / WRAPPER).read_bytes(), executable=True))
    if with_fallback:
        entries += [Entry(f"{PRIVATE}/fallback/{name}", data) for name, data in fallback.files(repository)]
    return sorted(entries, key=lambda entry: entry.name)


def bytecode(entries: Sequence[Entry], interpreter: Path) -> list[Entry]:
    """The byte-code that this interpreter makes of the sources."""
    texts = {entry.name: (entry.data.decode(), f"{RUNTIME_ROOT}/{entry.name}") for entry in entries if entry.name.endswith(".py")}
    done = subprocess.run(
        # No site, no user's folder: what they import would change reference counts. No debug ranges: the columns that
        # 3.11 and newer keep for every instruction are a sixth of the zip, for carets below our own errors.
        [interpreter, "-S", "-s", "-X", "no_debug_ranges", "-c", COMPILE],
        input=json.dumps([texts, bundles(texts)]),
        env={"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BuildError(f"{interpreter} cannot compile the layer:\n{done.stderr}")
    return [Entry(name, base64.b64decode(data)) for name, data in sorted(json.loads(done.stdout).items())]


def bundles(texts: Mapping[str, tuple[str, str]]) -> dict[str, dict[str, str]]:
    """What start.py says is loaded together: file of the byte-code to {source: module}."""
    start = texts.get(f"{PRIVATE}/xray_instrument/start.py", ("", ""))[0]
    told: dict[str, tuple[str, ...]] = {}
    for node in ast.parse(start).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "BUNDLES" and node.value is not None:
            told = ast.literal_eval(node.value)
    found = {}
    for bundle, names in told.items():
        modules = [f"xray_instrument.{name}" for name in names]
        if bundle == "guest":
            modules.insert(0, "xray_instrument.")  # the package itself
        found[f"{BUNDLE}{bundle}"] = {_source(module): module.rstrip(".") for module in modules}
    return found


def _source(module: str) -> str:
    """The file of a module; a package ends with a dot."""
    return f"{PRIVATE}/{module.replace('.', '/')}{'__init__' if module.endswith('.') else ''}.py"


def zipped(entries: Sequence[Entry]) -> bytes:
    """The layer as Lambda takes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for entry in sorted(entries, key=lambda entry: entry.name):
            info = zipfile.ZipInfo(entry.name, DATE)
            info.create_system = UNIX
            info.external_attr = (REGULAR_FILE | entry.mode) << 16
            archive.writestr(info, entry.data, zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def unpack(entries: Sequence[Entry], folder: Path) -> None:
    """Write the tree, in one step for whoever looks at it; an equal one stays untouched."""
    if _tree(folder) == {entry.name: (entry.mode, entry.data) for entry in entries}:
        return
    fresh, old = folder.with_name(f"{folder.name}.{os.getpid()}.new"), folder.with_name(f"{folder.name}.{os.getpid()}.old")
    for entry in entries:
        path = fresh / entry.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(entry.data)
        path.chmod(entry.mode)
    for made in (fresh, *filter(Path.is_dir, fresh.rglob("*"))):
        made.chmod(0o755)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): (path.stat().st_mode & 0o777, path.read_bytes()) for path in files}


def _write(path: Path, data: bytes) -> None:
    """Replace the file in one step: a test may be reading it."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_bytes(data)
    fresh.replace(path)


def build(repository: Path, out: Path, interpreters: Mapping[str, Path], *, with_fallback: bool = True) -> Path:
    """Make zip and tree in `out`; gives the zip's path."""
    entries = sources(repository, with_fallback=with_fallback)
    compiled = [entry for interpreter in interpreters.values() for entry in bytecode(entries, interpreter)]
    out.mkdir(parents=True, exist_ok=True)
    archive = out / "xray-instrument-layer.zip"
    _write(archive, zipped([*entries, *compiled]))
    unpack([*entries, *compiled], out / "opt")
    return archive


def report(archive: Path) -> list[str]:
    """What is inside, line by line; the last line is the sum."""
    with zipfile.ZipFile(archive) as layer:
        infos = layer.infolist()
    lines = []
    groups: dict[str, list[zipfile.ZipInfo]] = {}
    for info in infos:
        tag = Path(info.filename).suffixes[0][1:] if info.filename.endswith(".pyc") else ""
        if tag:
            groups.setdefault(f"byte-code {tag}", []).append(info)
        else:
            lines.append(f"  {info.external_attr >> 16 & 0o777:o} {info.file_size:>8,}  {info.filename}")
    for name, group in groups.items():
        lines.append(f"      {sum(info.file_size for info in group):>8,}  {name} ({len(group)} files)")
    size, digest = archive.stat().st_size, hashlib.sha256(archive.read_bytes()).hexdigest()
    lines.append(f"{archive.name}: {size:,} bytes, {len(infos)} files, sha256 {digest}")
    return lines


def versions_in(archive: Path) -> list[str]:
    """The Pythons whose byte-code is in the zip, oldest first."""
    with zipfile.ZipFile(archive) as layer:
        names = layer.namelist()
    return [version for version in pythons.VERSIONS if any(f".cpython-{version.replace('.', '')}.pyc" in name for name in names)]


def _interpreters(wanted: str) -> dict[str, Path]:
    """The interpreters for a list such as 3.12,3.13; all there are for an empty one."""
    have = pythons.present()
    if not wanted:
        return have
    names = wanted.split(",")
    missing = [name for name in names if name not in have]
    if missing:
        raise BuildError(f"no CPython {', '.join(missing)} on this machine; there is {', '.join(have)}")
    return {name: have[name] for name in names}


def main(arguments: Sequence[str]) -> int:
    """Build as the command line says."""
    parser = argparse.ArgumentParser("build.sh", description="Make the layer: a zip, and the same tree unpacked.")
    parser.add_argument("--slim", action="store_true", help="the smallest zip: sources only, no byte-code, no fallback")
    parser.add_argument("--pythons", default="", metavar="LIST", help="byte-code for these only: 3.12,3.13")
    parser.add_argument("--no-fallback", action="store_true", help="without the copy of aws_xray_sdk, and without fetching it")
    parser.add_argument("--out", type=Path, default=pythons.REPOSITORY / "build", metavar="FOLDER")
    parser.add_argument("--quiet", action="store_true", help="one line about the zip, no list of files")
    options = parser.parse_args(arguments)
    try:
        interpreters = {} if options.slim else _interpreters(options.pythons)
        archive = build(pythons.REPOSITORY, options.out, interpreters, with_fallback=not (options.no_fallback or options.slim))
    except (BuildError, fallback.FallbackError) as error:
        print(f"build.sh: {error}", file=sys.stderr)
        return 1
    lines = report(archive)
    print("\n".join(lines[-1:] if options.quiet else lines))
    missing = [version for version in pythons.VERSIONS if version not in interpreters]
    print(f"byte-code for {', '.join(interpreters) or 'no Python'}; none for {', '.join(missing) or 'no supported Python'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
