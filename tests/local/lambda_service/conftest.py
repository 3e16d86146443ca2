"""A container engine for the tests that need one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit import containers
from xray_local.lambda_service.docker_engine import IMAGE_VARIABLE, Engine


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An engine to look at containers with; functions run in the base image, or in its look-alike."""
    found = containers.engine(tmp_path / "owner")
    try:
        monkeypatch.setenv(IMAGE_VARIABLE, containers.image())
        yield found
    finally:
        found.close()
