"""AWS as a real HTTP server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kit.aws_stub import AwsStub


@pytest.fixture
def aws() -> Iterator[AwsStub]:
    """Answers every call as AWS does when all is well."""
    with AwsStub() as stub:
        yield stub
