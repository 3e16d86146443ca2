"""The page of one trace: its timeline, what is found and zoomed in it, what the details tell."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui import hostile
from tests.ui.maps import place
from tests.ui.places import furnish
from tests.ui.traces import Made, timed_out
from tests.ui.visits import NARROW, WIDE, Visit, put

# From the middle to three quarters of two seconds.
ZOOMED = re.compile(r"zoom=1\.?0*[^&]*%7E1\.")
TABS = ["Overview", "Resources", "Annotations", "Metadata", "Exceptions", "SQL", "Raw"]


def labels(page: Page) -> list[str]:
    """What the rows of the timeline are called."""
    found: list[str] = page.locator(".tl-body .label").all_inner_texts()
    return found


def details(page: Page) -> Locator:
    """The panel beside the timeline."""
    return page.get_by_role("complementary", name="Details")


@pytest.fixture
def catalog(visit: Visit) -> Page:
    """The trace of a function with a loop of 47 calls, three calls that failed, and a statement."""
    made = hostile.mixed(time.time() - 5)
    put(visit.server, made.documents)
    page = visit.open(f"traces/{made.id}")
    page.get_by_role("treegrid").get_by_role("row", name="catalog").first.wait_for()
    return page


def test_repeats_are_one_row(catalog: Page) -> None:
    """47 calls of a loop are one row that says so and what they took; it opens to all of them and closes again."""
    folded = labels(catalog)
    loop = catalog.get_by_role("row", name="DynamoDB GetItem items")
    expect(loop).to_contain_text("47")
    expect(loop).to_contain_text("470 ms")
    loop.click()
    expect(details(catalog)).to_contain_text("One after the other")
    catalog.keyboard.press("l")
    catalog.get_by_role("treegrid").and_(catalog.locator(f'[aria-rowcount="{len(folded) + 48}"]')).wait_for()
    catalog.keyboard.press("h")
    catalog.get_by_role("treegrid").and_(catalog.locator(f'[aria-rowcount="{len(folded) + 1}"]')).wait_for()
    assert labels(catalog) == folded


def test_find_goes_from_match_to_match(catalog: Page) -> None:
    """/ leads to the search, Enter goes from call to call, each once, and around; the address has the words."""
    catalog.keyboard.press("/")
    catalog.keyboard.type("PutItem orders")
    said = catalog.get_by_role("group", name="Tools of the timeline").get_by_role("status")
    expect(said).to_have_text("3 matches")
    seen = []
    for number in range(4):
        catalog.keyboard.press("Enter")
        expect(said).to_have_text(f"{number % 3 + 1} of 3")
        seen.append(details(catalog).get_by_role("heading", level=2).inner_text())
    calls = [f"DynamoDB PutItem orders {code}" for code in (429, 503, 400)]
    assert (seen[:3], seen[3]) == (calls, calls[0])
    expect(catalog).to_have_url(re.compile("find=PutItem"))


def test_the_next_problem_and_the_critical_path(catalog: Page) -> None:
    """The key e goes to each call that went wrong; c leads along what would have to be shorter."""
    seen = []
    for _ in range(3):
        catalog.keyboard.press("e")
        seen.append(details(catalog).get_by_role("heading", level=2).inner_text())
    assert sorted(seen) == [f"DynamoDB PutItem orders {code}" for code in (400, 429, 503)]
    catalog.keyboard.press("c")
    expect(catalog.get_by_role("button", name="Critical path", exact=True)).to_have_attribute("aria-pressed", "true")
    catalog.locator(".tl-body .way").first.wait_for()


def test_a_drag_zooms(catalog: Page) -> None:
    """A drag over the axis shows that time alone, and the address has it; a reload keeps it, 0 brings the whole back."""
    axis = catalog.get_by_role("columnheader", name="Time").locator(".tl-axis")
    box = axis.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    catalog.mouse.move(box["x"] + box["width"] / 2, y)
    catalog.mouse.down()
    catalog.mouse.move(box["x"] + box["width"] * 3 / 4, y, steps=4)
    catalog.mouse.up()
    expect(axis.get_by_text("1.2 s", exact=True)).to_be_visible()
    assert axis.get_by_text("0 s", exact=True).count() == 0
    expect(catalog).to_have_url(ZOOMED)
    catalog.reload()
    expect(axis.get_by_text("1.2 s", exact=True)).to_be_visible()
    catalog.keyboard.press("0")
    expect(axis.get_by_text("0 s", exact=True)).to_be_visible()
    expect(catalog).not_to_have_url(ZOOMED)
    assert set(place(catalog)[1]) <= {"span"}


def test_every_tab_of_the_details(catalog: Page) -> None:
    """A call that has everything has every tab, by click and by arrow key; each shows what the document says."""
    catalog.get_by_role("row", name="shop@db.example.com").first.click()
    tabs, shown = details(catalog).get_by_role("tab"), details(catalog).get_by_role("tabpanel")
    assert [text.split()[0] for text in tabs.all_inner_texts()] == TABS
    told = {}
    for number, name in enumerate(TABS):
        if number:
            catalog.keyboard.press("ArrowRight")
        else:
            tabs.first.click()
        expect(tabs.nth(number)).to_have_attribute("aria-selected", "true")
        told[name] = shown.inner_text()
    wanted = {
        "Overview": "400 ms", "Resources": "operation", "Annotations": "ben", "Metadata": "lines", "Exceptions": "E",
        "SQL": "FROM orders WHERE id = ?", "Raw": '"sanitized_query"',
    }  # fmt: skip
    assert [name for name in TABS if wanted[name] not in told[name]] == []


def test_what_hung_at_the_timeout(visit: Visit) -> None:
    """A call that was open when the time ran out is drawn beyond the deadline to the kill; its details begin with the stack that hung."""
    made = timed_out(time.time() - 9)
    put(visit.server, made.documents)
    page = visit.open(f"traces/{made.id}")
    row = page.get_by_role("row", name="DynamoDB Scan reports").first
    expect(row).to_contain_text("≥ 2.5")
    drawn, deadline = row.locator(".bar").bounding_box(), row.locator(".deadline").bounding_box()
    assert drawn
    assert deadline
    whole = page.get_by_role("row", name="reports AWS::Lambda").first.locator(".bar").bounding_box()
    assert whole
    assert drawn["x"] < deadline["x"] < drawn["x"] + drawn["width"] == pytest.approx(whole["x"] + whole["width"], abs=2)
    row.click()
    expect(details(page)).to_contain_text("Still running when the function's time ran out.")
    frames = details(page).get_by_role("group", name="Stack, outermost first").get_by_role("listitem")
    expect(frames).to_have_text(["handler app.py:12", "read_all app.py:31"])


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280 px", "380 px"])
def test_labels_of_the_flame_chart_can_be_read(visitor: Callable[..., Visit], size: dict[str, int]) -> None:
    """A block has a text only where at least its first letters are seen; no other block and no edge cuts it, without an ellipsis."""
    visit = visitor(viewport=size)
    page = visit.open(f"traces/{furnish(visit.server).cold}?view=cold-start")
    page.locator(".flame button").first.wait_for()
    page.evaluate("document.querySelector('.flame').scrollIntoView()")
    bad = page.evaluate("""() => [...document.querySelectorAll(".flame .block span")].filter((one) => {
        const {left, right, top, bottom} = one.getBoundingClientRect();
        const ends = [left + 1, right - 1].map((x) => document.elementFromPoint(x, (top + bottom) / 2));
        return right - left < 28 || ends.some((end) => end !== one) || getComputedStyle(one).textOverflow !== "ellipsis";
    }).map((one) => one.textContent)""")
    assert (page.locator(".flame .block span").count() > 1, bad) == (True, [])


def test_a_module_that_came_in_pieces_says_so(visit: Visit) -> None:
    """A block as long as the time from a module's first import to its last is solid only as far as the module took."""
    made = Made(time.time() - 5)
    took = {"metadata": {"import": {"total_ms": 100.0, "own_ms": 40.0}}}
    modules = [made.part("boto3", 0.1, 0.4, **took), made.part("json", 0.4, 0.5, **took)]
    opened = made.part("app.handler init", 0.05, 0.5, annotations={"cold_start": True}, subsegments=modules)
    made.segment(
        "shop", 0, 1, origin="AWS::Lambda::Function", subsegments=[made.part("Initialization", 0, 0.5, subsegments=[opened])]
    )
    put(visit.server, made.documents)
    page = visit.open(f"traces/{made.id}?view=cold-start")
    page.locator(".flame .block.import").nth(1).wait_for()
    told = page.locator(".flame .block.import").evaluate_all(
        "all => all.map((one) => [one.title, one.classList.contains('pieces')])"
    )
    assert told == [["boto3: 100 ms, its own 40 ms, in pieces over 300 ms", True], ["json: 100 ms, its own 40 ms", False]]


def test_the_list_has_room_for_what_it_says(visit: Visit) -> None:
    """Statuses, codes, times and their heads are whole in their columns, sorted or not, down to where rows have two lines."""
    now = time.time()
    put(
        visit.server,
        [*hostile.forever(now - 9).documents, *hostile.mixed(now - 8).documents, *hostile.fortnight(now - 7).documents],
    )
    page = visit.open("traces?timeRange=P30D")
    heads = page.locator(".trace-list .head button")
    heads.first.wait_for()
    cut = []
    for width in (1280, 1000):
        page.set_viewport_size({"width": width, "height": 800})
        for number in range(heads.count() - 1):
            heads.nth(number).click()
            cut += page.evaluate("""() => [...document.querySelectorAll(
                ".trace-list :is(.col-status, .col-code, .col-response, .col-duration, .col-age)")]
                .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)""")
    assert cut == []
