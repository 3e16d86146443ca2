"""The page's benchmark measures what it says: a real browser, and what was asked for is there when the clock stops."""

from __future__ import annotations

import pytest

from benchmarks import page
from tests.kit import browser


@pytest.mark.skipif(browser.find() is None, reason=browser.MISSING)
def test_every_figure_of_the_page_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """With little to show each row has its target and a time that is not nothing."""
    for name, few in (("SUBSEGMENTS", 300), ("TRACES", 1_200), ("SERVICES", 20)):
        monkeypatch.setattr(page, name, few)
    assert [(row.what, row.limit, row.measured.low > 0) for row in page.measure(1)] == [
        ("trace of 300 subsegments: opens", 500, True),
        ("trace of 300 subsegments, all unfolded: scrolls, 95 % of the frames within", 50, True),
        ("trace of 300 subsegments: nodes in the document at most", 1_000, True),
        ("list of 1,200 traces: sorts", 200, True),
        ("map of 20 nodes: laid out", 500, True),
        ("map of 20 nodes: opens", None, True),
    ]
