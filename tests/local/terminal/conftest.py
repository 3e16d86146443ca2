"""A server in this process, and readers of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from xray_local.server import Running, start
from xray_local.store import Store
from xray_local.terminal.source import DatabaseSource, EndpointSource, Reader


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where the server keeps its traces."""
    return tmp_path / "traces.db"


@pytest.fixture
def server(database: Path) -> Iterator[Running]:
    """On a free port."""
    with Store(database) as store, start(store, port=0) as running:
        yield running


@pytest.fixture(params=["endpoint", "database"])
def reader(request: pytest.FixtureRequest, server: Running, database: Path) -> Iterator[Reader]:
    """Both ways to read the same traces."""
    source = EndpointSource(server.endpoint) if request.param == "endpoint" else DatabaseSource(database)
    with Reader(source) as made:
        yield made
