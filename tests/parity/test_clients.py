"""Law 1 over the runtime clients: every awslambdaric that has a wheel, on every Python present."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.kit.pythons import CLIENTS, NEWEST_CLIENT
from tests.parity.cases import EVERY_CLIENT, Case
from tests.parity.harness import Scene

# Each runtime client and Python that CLIENTS knows a wheel of; the newest client has the whole table.
ROWS = [
    pytest.param(version, client, case, id=f"py{version}-ric{client}-{case.id}")
    for client, versions in CLIENTS.items()
    for version in versions
    for case in EVERY_CLIENT
    if client != NEWEST_CLIENT
]


@pytest.mark.parametrize(("version", "client", "case"), ROWS)
def test_the_layer_changes_nothing(scene: Callable[..., Scene], version: str, client: str, case: Case) -> None:
    """Whichever runtime client Lambda puts in: the same bytes with and without the layer."""
    stage = scene(version, client)

    found = {log_format: stage.differences(case, log_format) for log_format in ("Text", "JSON")}

    assert found == {"Text": {}, "JSON": {}}
