"""For the guest's units: every fault of ours is raised, and no test leaves anything being recorded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from xray_instrument.context import enter, live
from xray_instrument.guard import Guard
from xray_instrument.model import NOTHING


@pytest.fixture(autouse=True)
def strict(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Faults are raised, and afterwards nothing is recorded any more."""
    monkeypatch.setattr(Guard, "strict", True)
    yield
    live.trace = NOTHING
    enter(None)
