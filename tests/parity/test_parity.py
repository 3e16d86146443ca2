"""Law 1 over the whole table: bare against layered, both log formats, every Python present."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.kit.pythons import VERSIONS
from tests.parity.cases import CASES, Case
from tests.parity.harness import FORMATS, Scene

ROWS = [
    pytest.param(version, case, id=f"py{version}-{case.id}")
    for version in VERSIONS
    for case in CASES
    if tuple(map(int, version.split("."))) >= tuple(map(int, case.since.split(".")))
]


@pytest.mark.parametrize(("version", "case"), ROWS)
def test_the_layer_changes_nothing(scene: Callable[..., Scene], version: str, case: Case) -> None:
    """Responses, errors, output, exit code and AWS requests are the same bytes with and without the layer."""
    stage = scene(version)

    for log_format in FORMATS:
        found = stage.differences(case, log_format)

        assert {name: pair for name, pair in found.items() if name not in case.admitted} == {}
        # And it was not the same because the layer did nothing; nor does a difference stay admitted that is gone.
        assert (set(found), stage.recorded(case)) == (set(case.admitted), {case.handler} if case.records else set())
