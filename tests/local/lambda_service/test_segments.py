"""Single rules of the documents, beside the golden ones: precision of times, and the list of choices."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.kit.pythons import REPOSITORY
from xray_local import lambda_service
from xray_local.lambda_service.segments import milliseconds

PAGE = REPOSITORY / "docs" / "lambda-service.md"


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (1_700_000_000.123, 1_700_000_000.123),
        (1_700_000_000.1239999, 1_700_000_000.124),
        (1_700_000_000.123999, 1_700_000_000.123),
        (1_700_000_000.0009, 1_700_000_000.0),
        (1_700_000_001.0, 1_700_000_001.0),
    ],
)
def test_whole_milliseconds(at: float, shown: float) -> None:
    """Digits below the millisecond are cut off; below the microsecond a float of today's time has none that count."""
    assert milliseconds(at) == shown


def test_every_choice_is_documented() -> None:
    """The choices named in the code are those that the page gives a reason for, each once."""
    sources = [path.read_text(encoding="utf-8") for path in Path(lambda_service.__path__[0]).glob("*.py")]
    chosen = [name for source in sources for name in re.findall(r"CHOICE ([a-z-]+):", source)]
    section = PAGE.read_text(encoding="utf-8").partition("\n## Choices\n")[2].partition("\n## ")[0]
    told = re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)

    assert sorted(chosen) == sorted(told)
