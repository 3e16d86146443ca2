"""A whole server on a free port with its store in memory, and boto3's xray client whose every answer is checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.server import clients
from xray_local.server import Options, Running, start
from xray_local.store import Store


@pytest.fixture
def server() -> Iterator[Running]:
    """The clock is the clients': what an SDK sends is of now."""
    with Store(None) as store, start(store, port=0, options=Options()) as running:
        yield running


@pytest.fixture
def xray(server: Running) -> Any:
    """boto3's xray client, unmodified but for an observer."""
    return clients.checked(clients.boto("xray", server.endpoint))
