"""Code and layers on disk: fingerprints, merging, and what stays of it."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from xray_local.lambda_service.layers import Storage, fingerprint, remove
from xray_local.lambda_service.model import LambdaError


def write(folder: Path, files: dict[str, str]) -> Path:
    """A folder with these files."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    folder.mkdir(exist_ok=True)
    return folder


def archive(path: Path, *entries: tuple[str, int, str]) -> Path:
    """A zip with these names, modes and texts, as a Unix zip program makes it."""
    with zipfile.ZipFile(path, "w") as target:
        for name, mode, text in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            target.writestr(info, text)
    return path


def tree(folder: Path) -> dict[str, Any]:
    """Every file below the folder: its text, or where the link leads."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = path.readlink()
        elif path.is_file():
            found[name] = (path.read_text(), oct(stat.S_IMODE(path.stat().st_mode) & 0o755))
    return found


def test_later_layers_win(tmp_path: Path) -> None:
    """Folders and zips on top of each other, with their modes and links; a file may take a folder's place and the other way."""
    one = write(tmp_path / "one", {"bin/tool": "1", "python/a": "1", "python/b": "1", "kind/x": "folder", "other": "file"})
    (one / "bin" / "tool").chmod(0o755)
    (one / "link").symlink_to("bin/tool")
    two = archive(
        tmp_path / "two.zip",
        ("python/", 0o40755, ""),
        ("python/b", 0o100644, "2"),
        ("extensions/run", 0o100755, "#!"),
        ("kind", 0o100644, "file"),
        ("other/y", 0o100644, "folder"),
        ("lib/so", 0o120777, "../bin/tool"),
        ("link", 0o100644, "no link any more"),
        ("/etc/../odd", 0o100444, "stays inside"),
    )

    opt = Storage(tmp_path / "storage").opt((one, two))

    assert tree(opt) == {
        "bin/tool": ("1", "0o755"),
        "etc/odd": ("stays inside", "0o644"),
        "extensions/run": ("#!", "0o755"),
        "kind": ("file", "0o644"),
        "lib/so": Path("../bin/tool"),
        "link": ("no link any more", "0o644"),
        "other/y": ("folder", "0o644"),
        "python/a": ("1", "0o644"),
        "python/b": ("2", "0o644"),
    }
    assert (one / "bin" / "tool").read_text() == "1"
    assert not (tmp_path / "etc").exists()


def test_the_same_content_is_made_once(tmp_path: Path) -> None:
    """Environments share a merged folder; it goes when another content has taken its place and nobody uses it any more."""
    storage = Storage(tmp_path / "storage")
    layer = write(tmp_path / "layer", {"a": "1"})

    first, second = storage.opt((layer,)), storage.opt((layer,))
    write(layer, {"a": "two"})
    third = storage.opt((layer,))

    assert (first == second, first == third) == (True, False)
    assert (tree(first)["a"][0], tree(third)["a"][0]) == ("1", "two")
    storage.release((first,))
    assert first.exists()
    storage.release((second, third))
    # The latest stays, for the next environment.
    assert (first.exists(), third.exists()) == (False, True)


def test_a_folder_is_used_where_it_lies(tmp_path: Path) -> None:
    """Code in a folder is not copied, and not removed when its last environment is gone; a zip is unpacked."""
    storage = Storage(tmp_path / "storage")
    code = write(tmp_path / "code", {"app": "1"})
    zipped = archive(tmp_path / "code.zip", ("app", 0o100644, "1"))

    roots = storage.task_root(code), storage.task_root(zipped)
    storage.release(roots)

    assert roots[0] == code
    assert tree(code) == {"app": ("1", "0o644")} == tree(roots[1])


def test_what_is_no_zip_is_said(tmp_path: Path) -> None:
    """A file that cannot be unpacked is Lambda's InvalidZipFileException, and leaves nothing half done."""
    broken = tmp_path / "broken.zip"
    whole = archive(tmp_path / "whole.zip", ("app.py", 0o100644, "x" * 1000)).read_bytes()
    broken.write_bytes(whole[:500] + b"?" * 10 + whole[510:])

    with pytest.raises(LambdaError) as caught:
        Storage(tmp_path / "storage").task_root(broken)

    assert (caught.value.code, caught.value.status) == ("InvalidZipFileException", 502)
    assert caught.value.message.startswith("Could not unzip uploaded file. Please check your file, then try to upload again. (")
    assert [path.name for path in (tmp_path / "storage").iterdir() if path.suffix != ".partial"] == []


def test_a_fingerprint_tells_changes(tmp_path: Path) -> None:
    """Another size, time, name or mode changes it; byte-code, hidden folders and links into nowhere do not."""
    code = write(tmp_path / "code", {"app/main": "1", "data": "2"})
    seen = [fingerprint((code,))]

    def unchanged() -> bool:
        return fingerprint((code,)) == seen[-1]

    write(code, {"app/__pycache__/x": "byte-code"})
    write(code, {".git/index": "1", "node_modules/x": "1"})
    (code / "nowhere").symlink_to("gone")
    assert unchanged()
    for change in (
        lambda: write(code, {"data": "22"}),
        lambda: os.utime(code / "data", ns=(0, 1)),
        lambda: (code / "data").rename(code / "renamed"),
        lambda: (code / "renamed").chmod(0o700),
        (code / "renamed").unlink,
    ):
        change()
        assert not unchanged()
        seen.append(fingerprint((code,)))
    assert len(set(seen)) == 6


def test_everything_can_be_removed(tmp_path: Path) -> None:
    """Folders that may be neither listed nor entered go; what a link leads to stays, with its mode."""
    outside = write(tmp_path / "outside", {"kept": "1"})
    outside.chmod(0o555)
    folder = write(tmp_path / "folder", {"a/b/file": "1"})
    (folder / "a" / "link").symlink_to(outside)
    (folder / "a" / "b").chmod(0)
    (folder / "a").chmod(0)

    remove(folder)

    assert not folder.exists()
    assert (tree(outside), oct(outside.stat().st_mode & 0o777)) == ({"kept": ("1", "0o644")}, "0o555")
    outside.chmod(0o755)
