"""Code and layers as an environment finds them: unpacked, merged, and told apart when they change.

A folder with code is used where it lies. A zip is unpacked, and layers are merged into one folder, once for each content;
environments of the same content share them, as nothing on Lambda can write there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import threading
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from .model import LambdaError

# What changes beside the code without being code. On Lambda nothing writes into the function's folder.
PASSED_OVER = frozenset({"__pycache__", "node_modules"})
CANNOT_UNZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."


def fingerprint(paths: Iterable[Path]) -> str:
    """Tells whether anything changed: names, sizes and modification times, not contents.

    Folders whose name begins with a dot (.git, .venv, .aws-sam) are passed over, as are symbolic links to folders.
    """
    digest = hashlib.blake2b(digest_size=8)
    for path in paths:
        digest.update(f"{path}\0".encode(errors="surrogateescape"))
        for line in sorted(_lines(path)):
            digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()


def _lines(path: Path) -> Iterator[str]:
    try:
        status = path.stat()
        if not stat.S_ISDIR(status.st_mode):
            yield f"{status.st_size} {status.st_mtime_ns}\0"
            return
    except OSError as error:
        raise LambdaError(f"{path} cannot be read: {error.strerror}", "InvalidZipFileException", 502) from error
    pending = [str(path)]
    while pending:
        yield from _entries(pending.pop(), pending)


def _entries(folder: str, pending: list[str]) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return  # gone meanwhile, or not ours to read
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in PASSED_OVER and not entry.name.startswith("."):
                pending.append(entry.path)
            continue
        try:
            status = entry.stat()
        except OSError:
            continue  # an editor's temporary file, or a link to nowhere
        yield f"{entry.path}\0{status.st_size} {status.st_mtime_ns} {status.st_mode}\0"


class Storage:
    """Unpacked zips and merged layers below one folder; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._users: Counter[Path] = Counter()
        self._latest: dict[tuple[str, tuple[Path, ...]], Path] = {}

    def task_root(self, code: Path) -> Path:
        """LAMBDA_TASK_ROOT for that code: the folder itself, or where the zip is unpacked."""
        if code.is_dir():
            return code
        return self._merged("task", (code,))

    def opt(self, layers: tuple[Path, ...]) -> Path:
        """The folder that stands for /opt: all layers on top of each other, the last one wins."""
        return self._merged("opt", layers)

    def release(self, folders: Iterable[Path]) -> None:
        """An environment no longer uses these, which it got from the other methods."""
        with self._lock:
            for folder in folders:
                self._users[folder] -= 1
                self._drop(folder)

    def _merged(self, kind: str, sources: tuple[Path, ...]) -> Path:
        with self._lock:
            target = self._folder / f"{kind}-{fingerprint(sources)}"
            if not target.is_dir():
                _make(target, sources)
            self._users[target] += 1
            former, self._latest[kind, sources] = self._latest.get((kind, sources), target), target
            self._drop(former)
            return target

    def _drop(self, folder: Path) -> None:
        """Remove a folder that nobody uses; the latest content stays for the next environment."""
        if folder.parent == self._folder and self._users[folder] <= 0 and folder not in self._latest.values():
            del self._users[folder]
            remove(folder)


def _make(target: Path, sources: Iterable[Path]) -> None:
    partial = target.with_suffix(".partial")
    remove(partial)
    partial.mkdir(parents=True)
    for source in sources:
        _put(source, partial)
    partial.rename(target)


def _put(source: Path, target: Path) -> None:
    if source.is_dir():
        _copy(source, target)
        return
    try:
        with zipfile.ZipFile(source) as archive:
            for info in archive.infolist():
                _extract(archive, info, target)
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        # RuntimeError: the zip is encrypted.
        raise LambdaError(f"{CANNOT_UNZIP} ({source}: {error})", "InvalidZipFileException", 502) from error


def _copy(source: Path, target: Path) -> None:
    for entry in os.scandir(source):
        to = target / entry.name
        if entry.is_dir(follow_symlinks=False):
            _make_room(to, for_folder=True)
            to.mkdir(exist_ok=True)
            _copy(Path(entry.path), to)
        else:
            _make_room(to, for_folder=False)
            shutil.copy2(entry.path, to, follow_symlinks=False)


def _make_room(path: Path, *, for_folder: bool) -> None:
    """An earlier layer may have a file where this one has a folder, or a link that must not be written through."""
    if path.is_symlink() or (path.exists() and path.is_dir() != for_folder):
        remove(path)


def _extract(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    # `extract` takes leading slashes and ".." out of names; so must we to know where it goes.
    parts = [part for part in info.filename.split("/") if part not in {"", ".", ".."}]
    if not parts:
        return
    path = target
    for part in parts[:-1]:
        path /= part
        _make_room(path, for_folder=True)
    path /= parts[-1]
    _make_room(path, for_folder=info.is_dir())
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove(path)
        path.symlink_to(os.fsdecode(archive.read(info)))
        return
    archive.extract(info, target)
    if mode:
        path.chmod(stat.S_IMODE(mode) | (0o700 if info.is_dir() else 0o600))


def remove(path: Path) -> None:
    """Remove a file or a folder with everything in it, whatever its modes; nothing there is fine."""
    if path.is_symlink() or path.is_file():
        path.unlink()
        return
    for folder, names, _files in os.walk(path):
        for below in (Path(folder, name) for name in names):
            # A function may leave folders in its /tmp that not even their owner may write to. Links may lead anywhere.
            if not below.is_symlink():
                below.chmod(0o700)
    shutil.rmtree(path, ignore_errors=True)
