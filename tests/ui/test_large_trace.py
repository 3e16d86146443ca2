"""A trace of many calls: what is drawn of it is what there is, wherever one scrolls, and little of it is in the document."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Page, expect

from tests.ui.traces import Made, documents, wide
from tests.ui.visits import Visit, put

CALLS = 600
HEIGHT = 28
# What the page's own modules say that the rows are, without a document and without scrolling.
EXPECTED = """async (id) => {
    const [{ whole }, { build }, { rows }] = await Promise.all(["answer", "model", "rows"].map((name) => import(`/ui/trace/${name}.js`)));
    const trace = build(whole(await (await fetch(`/xray-local/traces/${id}`)).json()));
    const open = new Map([...trace.spans.values()].map((span) => [span.id, true]));
    for (const row of rows(trace, { folds: open, gaps: true })) open.set(row.key, true);
    open.set("called", true);
    for (const row of rows(trace, { folds: open, gaps: true })) open.set(row.key, true);
    return rows(trace, { folds: open, gaps: true }).map((row) => [row.key, row.label]);
}"""
DRAWN = """() => [...document.querySelectorAll('.tl-body [role="row"]:not([role="presentation"])')].map((row) => [
    Number(row.getAttribute("aria-rowindex")) - 2, row.id.replace("row-", ""), row.querySelector(".label").textContent,
    Math.round(row.getBoundingClientRect().top - row.parentElement.getBoundingClientRect().top)])"""
FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def unfolded(visit: Visit) -> tuple[Page, Made]:
    """The trace's page with every row that there is."""
    made = wide(time.time() - 120, CALLS)
    put(visit.server, documents([made]))
    page = visit.open(f"traces/{made.id}")
    page.get_by_role("button", name="Unfold all").click()
    # What Unfold all brings to light can be folded, too.
    page.get_by_role("button", name="Unfold all").click()
    expect(page.get_by_role("treegrid")).to_have_attribute("aria-rowcount", str(rows_of(page, made) + 1))
    return page, made


def rows_of(page: Page, made: Made) -> int:
    """How many rows there are."""
    return len(page.evaluate(EXPECTED, made.id))


def drawn(page: Page, top: int) -> list[list[Any]]:
    """The rows in the document after scrolling there: place, key, label, pixels below the first."""
    page.evaluate("(top) => { document.scrollingElement.scrollTop = top; }", top)
    page.evaluate(FRAME)
    return list(page.evaluate(DRAWN))


def test_every_row_is_in_its_place_wherever_one_scrolls(visit: Visit) -> None:
    """In steps, in leaps and back: each row stands where it belongs, under its own id, and all of them are seen once around."""
    page, made = unfolded(visit)
    expected = [[key, label] for key, label in page.evaluate(EXPECTED, made.id)]
    seen: dict[int, list[Any]] = {}
    most = 0
    whole = len(expected) * HEIGHT + 1_000
    for top in (*range(0, whole, 431), *range(whole, 0, -3_001), 77, 9_999, 0):
        found = drawn(page, top)
        places = [place for place, _key, _label, _pixels in found]
        assert [pixels for *_row, pixels in found] == [place * HEIGHT for place in places]
        assert sorted(places) == [*range(min(places), max(places) + 1)]
        assert [[key, label] for _place, key, label, _pixels in found] == [expected[place] for place in places]
        seen.update({place: [key, label] for place, key, label, _pixels in found})
        most = max(most, page.evaluate("document.querySelectorAll('*').length"))
    assert [seen[place] for place in sorted(seen)] == expected
    assert most <= 1_000


def test_rows_that_leave_the_window_lend_their_elements(visit: Visit) -> None:
    """After scrolling by half a window every row's element is one that was there before."""
    page, _made = unfolded(visit)
    drawn(page, 5_000)
    drawn(page, 5_014)
    page.evaluate("""() => { for (const row of document.querySelectorAll('.tl-body [role="row"]')) row.known = true; }""")
    before, after = (drawn(page, top) for top in (5_014, 5_014 + 14 * HEIGHT))
    assert min(after)[0] == min(before)[0] + 14
    assert page.evaluate("""() => [...document.querySelectorAll('.tl-body [role="row"]')].every((row) => row.known)""")


def test_what_is_clicked_is_what_is_drawn_there(visit: Visit) -> None:
    """A row far down is chosen by a click, folded by its triangle, and opened by two clicks."""
    page, made = unfolded(visit)
    expected = page.evaluate(EXPECTED, made.id)
    place, key = next((place, key) for place, (key, label) in enumerate(expected) if label == "page 4")
    drawn(page, place * HEIGHT)
    page.locator(f'[id="row-{key}"] .label').click()
    expect(page.locator(f'[id="row-{key}"]')).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("complementary", name="Details")).to_contain_text("page 4")
    page.wait_for_function("(key) => location.hash.includes(`span=${key}`)", arg=key)
    page.locator(f'[id="row-{key}"] .fold').click()
    expect(page.locator(f'[id="row-{key}"]')).to_have_attribute("aria-expanded", "false")
    assert int(str(page.get_by_role("treegrid").get_attribute("aria-rowcount"))) < len(expected) - 40
    page.get_by_role("button", name="Close the details").click()
    page.locator(f'[id="row-{key}"] .label').dblclick()
    expect(page.locator("#details-title")).to_be_focused()
