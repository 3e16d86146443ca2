"""A store in a file of its own, and one in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from xray_local.store import Store


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Everything holds for both kinds."""
    with Store(tmp_path / "data" / "traces.db" if request.param == "file" else None) as opened:
        yield opened
