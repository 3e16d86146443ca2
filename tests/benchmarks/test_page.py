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
    rows = page.measure(1)
    # Of 300 none may follow.
    task = next(row for row in rows if row.what == "trace of 300 subsegments: the longest task after that")
    assert (task.limit, all(row.load is not None for row in rows)) == (50, True)
    assert [(row.what, row.limit, row.measured.low > 0) for row in rows if row is not task] == [
        ("trace of 300 subsegments: opens", 500, True),
        ("trace of 300 subsegments: opens, processor's time of the page", None, True),
        ("trace of 300 subsegments: opens, processor's time of the server", None, True),
        ("trace of 300 subsegments, all unfolded: scrolls, 95 % of the frames within", 50, True),
        ("trace of 300 subsegments: nodes in the document at most", 1_000, True),
        ("trace of one call: opens", None, True),
        ("trace of one call: opens, processor's time of the page", None, True),
        ("trace of one call: opens, processor's time of the server", None, True),
        ("list of 1,200 traces: sorts", 200, True),
        ("map of 20 nodes: laid out", 500, True),
        ("map of 20 nodes: opens", None, True),
    ]
