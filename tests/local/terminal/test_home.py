"""The data folder and the files that running servers leave there."""

from __future__ import annotations

from pathlib import Path

import pytest

from xray_local import home


def instance(port: int, started: float) -> home.Instance:
    """A server on a port."""
    return home.Instance(f"http://127.0.0.1:{port}", f"127.0.0.1:{port}", None, 1, started)


@pytest.mark.parametrize(
    ("environment", "platform", "found"),
    [
        ({"XRAY_LOCAL_HOME": "/x"}, "linux", Path("/x")),
        ({"XDG_DATA_HOME": "/data"}, "linux", Path("/data/xray-local")),
        ({"XDG_DATA_HOME": "relative"}, "linux", Path("~/.local/share/xray-local").expanduser()),
        ({}, "linux", Path("~/.local/share/xray-local").expanduser()),
        ({}, "darwin", Path("~/Library/Application Support/xray-local").expanduser()),
        ({"LOCALAPPDATA": "/local"}, "win32", Path("/local/xray-local")),
    ],
)
def test_folder(environment: dict[str, str], platform: str, found: Path) -> None:
    """Each system's own place for data, or the one that was chosen."""
    assert home.folder(environment, platform) == found


def test_the_last_server_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers are announced while they run, files that are no announcements are passed over, and nothing stays behind."""
    monkeypatch.setenv("XRAY_LOCAL_HOME", str(tmp_path / "new"))
    with home.announced(instance(2000, 1.0)), home.announced(instance(2001, 2.0)):
        for name, text in (("up-1.json", "{"), ("up-2.json", '{"pid": 1}'), ("up-3.json", "[]")):
            (tmp_path / "new" / name).write_text(text, encoding="utf-8")
        assert home.instances() == [instance(2001, 2.0), instance(2000, 1.0)]
    assert home.instances() == []


def test_a_later_server_on_the_port_keeps_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that ends late does not take away what its successor has announced."""
    monkeypatch.setenv("XRAY_LOCAL_HOME", str(tmp_path))
    first, second = home.announced(instance(2000, 1.0)), home.announced(instance(2000, 2.0))
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert home.instances() == [instance(2000, 2.0)]
    second.__exit__(None, None, None)
    assert home.instances() == []


def test_a_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server runs all the same."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XRAY_LOCAL_HOME", str(tmp_path / "file" / "below"))
    with home.announced(instance(2000, 1.0)):
        assert home.instances() == []
