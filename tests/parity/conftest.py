"""The scene of the parity tests: one Python, one folder, one AWS, one daemon."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kit import layer, pythons
from tests.kit.aws_stub import AwsStub
from tests.kit.collector import Collector
from tests.parity.harness import Scene


def site_or_skip(version: str, client: str = pythons.NEWEST_CLIENT) -> pythons.Site:
    """The site, or a skip with the reason why this machine has none."""
    try:
        return pythons.site(version, client)
    except pythons.MissingPythonError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def aws() -> Iterator[AwsStub]:
    """All of AWS."""
    with AwsStub() as stub:
        yield stub


@pytest.fixture
def collector() -> Iterator[Collector]:
    """The X-Ray daemon."""
    with Collector() as listening:
        yield listening


@pytest.fixture
def scene(tmp_path: Path, aws: AwsStub, collector: Collector) -> Callable[..., Scene]:
    """Makes the scene for a Python, with our layer or a given one."""

    def make(version: str, client: str = pythons.NEWEST_CLIENT, other: Path | None = None) -> Scene:
        return Scene(tmp_path / "lambda", site_or_skip(version, client), other or layer.unpacked(), aws, collector)

    return make
