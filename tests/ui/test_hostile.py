"""Traces that nobody wants: every view shows them without trouble, nothing is cut, nothing lies over something else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.ui import hostile
from tests.ui.test_access import cut, sideways
from tests.ui.traces import Made, documents
from tests.ui.visits import Visit, put

# As high as all of a trace's page, so that what is looked at is drawn.
WIDTHS = {"1280 px": {"width": 1280, "height": 1400}, "380 px": {"width": 380, "height": 1400}}


def overlapping(page: Page) -> list[str]:
    """Texts that lie over each other. What is fixed or sticks covers what is below it, as it should; a map's arrows pass texts."""
    return page.evaluate("""() => {
        const clipped = (element) => {
            const seen = {left: 0, top: 0, right: innerWidth, bottom: innerHeight};
            for (let one = element; one && one !== document.documentElement; one = one.parentElement) {
                const {overflowX, overflowY, position} = getComputedStyle(one);
                if (one.matches(".visually-hidden, .edge, .proposals") || ["fixed", "sticky"].includes(position)) return null;
                if (overflowX === "visible" && overflowY === "visible") continue;
                const box = one.getBoundingClientRect();
                Object.assign(seen, {left: Math.max(seen.left, box.left), top: Math.max(seen.top, box.top),
                    right: Math.min(seen.right, box.right), bottom: Math.min(seen.bottom, box.bottom)});
            }
            return seen;
        };
        const texts = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
        while (walker.nextNode()) {
            const {currentNode: text} = walker, parent = text.parentElement;
            if (!text.textContent.trim() || parent.matches("option, noscript, script")) continue;
            if (!parent.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
            const seen = clipped(parent);
            if (!seen) continue;
            range.selectNodeContents(text);
            for (const box of range.getClientRects()) texts.push([text, Math.max(box.left, seen.left), Math.max(box.top, seen.top),
                Math.min(box.right, seen.right), Math.min(box.bottom, seen.bottom)]);
        }
        const found = [];
        texts.forEach(([text, left, top, right, bottom], place) => {
            for (const [other, ...box] of texts.slice(place + 1)) {
                const [wide, high] = [Math.min(right, box[2]) - Math.max(left, box[0]), Math.min(bottom, box[3]) - Math.max(top, box[1])];
                if (wide > 2 && high > 5 && text.parentElement !== other.parentElement)
                    found.push(`${text.textContent.trim().slice(0, 40)} | ${other.textContent.trim().slice(0, 40)}`);
            }
        });
        return found.slice(0, 5);
    }""")


def pages(visit: Visit, made: dict[str, Made]) -> Iterator[str]:
    """Every view of them, one after the other."""
    page, ready = visit.page, {"service-map": "main .node", "service-map?show=list": "main table", "traces": '[role="table"] a'}
    for place, sign in ready.items():
        visit.open(place)
        page.locator(sign).first.wait_for()
        yield place
    for name, trace in made.items():
        visit.open(f"traces/{trace.id}?timeRange=P30D")
        page.locator(".mini-map .node").first.wait_for()
        yield name
        page.locator('.tl-body [role="row"][aria-rowindex]').first.click()
        tabs = page.get_by_role("complementary", name="Details").get_by_role("tab")
        for number in range(tabs.count()):
            tabs.nth(number).click()
            yield f"{name}, tab {number}"
    visit.open(f"compare/{made['long_names'].id}/{made['mixed'].id}")
    page.get_by_role("table", name="Call by call").wait_for()
    yield "compare"


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_or_covered(visitor: Callable[..., Visit], width: str) -> None:
    """No text is cut without a title or lies over another one, and no view is wider than the window, wide and narrow."""
    visit = visitor(viewport=WIDTHS[width], reduced_motion="reduce")
    now = time.time()
    made = {make.__name__: make(now - 60 + place) for place, make in enumerate(hostile.ALL)}
    put(visit.server, documents(list(made.values())))
    found: dict[str, Any] = {}
    for name in pages(visit, made):
        visit.page.wait_for_timeout(100)
        found[name] = (sideways(visit.page), cut(visit.page), overlapping(visit.page))
    assert len(found) > len(made) * 2
    assert {name: told for name, told in found.items() if told != ([], [], [])} == {}


def test_names_are_told_as_far_as_there_are_any(visit: Visit) -> None:
    """A name of blanks is said to be none, times that cannot be have a row each, and two weeks are days on the axis."""
    now = time.time()
    made = [hostile.blank(now - 9), hostile.impossible_times(now - 8), hostile.fortnight(now - 7)]
    put(visit.server, documents(made))
    page = visit.open(f"traces/{made[0].id}")
    page.get_by_role("row", name="(no name)").click()
    expect(page.get_by_role("complementary", name="Details").get_by_role("heading", level=2)).to_have_text("(no name)")
    visit.open(f"traces/{made[1].id}")
    for name in ("before", "turned", "after"):
        page.get_by_role("row", name=name).wait_for()
    visit.open(f"traces/{made[2].id}")
    expect(page.get_by_role("row", name="fortnight")).to_contain_text("14 d")
    assert [mark for mark in page.locator(".tl-axis > span").all_inner_texts() if not mark.endswith((" d", "0 s"))] == []


def test_what_is_missing_is_told_once(visit: Visit) -> None:
    """Each part without its caller is named in one notice, and nothing says the same again."""
    made = hostile.orphans(time.time() - 5)
    put(visit.server, made.documents)
    page = visit.open(f"traces/{made.id}")
    notices = page.get_by_role("list", name="Notices of this trace").get_by_role("listitem")
    expect(notices).to_have_count(3)
    told = " ".join(notices.all_inner_texts())
    assert [told.count(f"orphan {number}") for number in range(3)] == [1, 1, 1]
