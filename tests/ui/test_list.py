"""The list of traces and what is around it, in the browser: narrowed, sorted, completed, compared, exported and imported."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.ui.traces import Made, failed, function, order
from tests.ui.visits import NARROW, Visit, put
from xray_local.server import Running

W3C = re.compile(r"^1-([0-9a-f]{8})-([0-9a-f]{24})$")
# What the issue asks of 10,000 rows; four times that for machines that do other things, too.
SORT_MS = 4 * 200


def rows(page: Page) -> Locator:
    """The links of the rows that are in the document."""
    return page.get_by_role("table", name="Traces").get_by_role("link")


def ids(page: Page) -> list[str]:
    """The traces of the rows, from top to bottom."""
    found = rows(page).evaluate_all(
        "all => all.map((one) => [one.getBoundingClientRect().top, one.dataset.id]).sort((one, other) => one[0] - other[0])"
    )
    return [trace_id for _top, trace_id in found]


def slow(begun: float, seconds: float) -> Made:
    """A function that takes so long."""
    made = Made(begun)
    function(made, "orders", seconds)
    return made


def filled(server: Running, *lengths: float) -> list[str]:
    """Traces of these lengths, the oldest first; their ids in that order."""
    now = time.time()
    made = [slow(now - 60 + place, length) for place, length in enumerate(lengths)]
    put(server, [document for one in made for document in one.documents])
    return [one.id for one in made]


def test_a_range_of_response_times_narrows_the_list_and_becomes_a_filter(visit: Visit) -> None:
    """Keys on the ends of the range narrow the list at once; the button writes the same into the filter, which finds the same."""
    traces = filled(visit.server, 0.1, 0.11, 0.5, 0.9)
    page = visit.open("traces")
    expect(rows(page)).to_have_count(4)
    page.get_by_role("slider", name="To").press("Home")
    for _ in range(8):
        page.get_by_role("slider", name="To").press("ArrowRight")
    expect(rows(page)).to_have_count(2)
    narrowed = ids(page)
    page.get_by_role("button", name="Add to the filter").click()
    box = page.get_by_role("combobox", name="Filter traces")
    expect(box).to_have_value(re.compile(r"^responsetime >= 0\.1 AND responsetime <= 0\.\d+$"))
    expect(rows(page)).to_have_count(2)
    assert ids(page) == narrowed == [traces[1], traces[0]]


def test_dragging_over_the_bars_is_a_range_too(visit: Visit) -> None:
    """From the left end to the middle: the slow half goes, the address has the range, and back brings the rest again."""
    filled(visit.server, 0.1, 0.5, 0.9)
    page = visit.open("traces")
    expect(rows(page)).to_have_count(3)
    bars = page.locator(".histogram .bars")
    box = bars.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 1, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 20, steps=5)
    page.mouse.up()
    expect(rows(page)).to_have_count(2)
    assert re.search(r"responsetime=0\.1%7E0\.\d+", page.url)
    page.get_by_role("region", name="Response times").get_by_role("button", name="Clear").click()
    expect(rows(page)).to_have_count(3)


def test_statuses_and_refiners(visit: Visit) -> None:
    """A status box keeps its rows; a refiner writes its clause, and a second click takes it out again."""
    now = time.time()
    fine, bad = order(now - 5), failed(now - 4)
    bad.documents[0]["fault"] = True
    put(visit.server, fine.documents + bad.documents)
    page = visit.open("traces")
    expect(rows(page)).to_have_count(2)
    boxes = page.get_by_role("group", name="Status")
    boxes.get_by_role("button", name="OK").click()
    expect(rows(page)).to_have_count(1)
    assert ids(page) == [fine.id]
    boxes.get_by_role("button", name="OK").click()
    expect(rows(page)).to_have_count(2)
    refine = page.get_by_role("group", name="Refine by")
    for count in (1, 2):
        refine.get_by_role("button", name="Annotation").click()
        page.get_by_role("dialog", name="Refine by Annotation").get_by_role("button", name="customer = ana").click()
        expect(rows(page)).to_have_count(count)
    expect(page.get_by_role("combobox", name="Filter traces")).to_have_value("")


def test_completion_writes_a_filter_by_keyboard(visit: Visit) -> None:
    """Half words and the arrow keys make a whole expression; Enter runs it, and the list says what it found."""
    now = time.time()
    put(visit.server, [document for made in (order(now - 5), failed(now - 4)) for document in made.documents])
    page = visit.open("traces")
    box = page.get_by_role("combobox", name="Filter traces")
    box.focus()
    box.press_sequentially("annot")
    proposals = page.get_by_role("listbox").get_by_role("option")
    expect(proposals.filter(has_text="annotation.customer")).to_be_visible()
    box.press_sequentially("ation.cust")
    for keys in (["ArrowDown", "Enter"], ["ArrowDown", "Enter"], ["ArrowDown", "Enter"]):
        expect(box).to_have_attribute("aria-expanded", "true")
        for key in keys:
            box.press(key)
    expect(box).to_have_value('annotation.customer = "ana" ')
    box.press("Escape")
    box.press("Enter")
    expect(rows(page)).to_have_count(1)


def test_what_was_dealt_with_further_down_is_said(shop: Visit) -> None:
    """A trace whose client got a good answer says in words, beside the sign, that something in it failed; others do not."""
    page = shop.open("traces")
    page.get_by_role("row").filter(has_text="payments").get_by_text("fault inside").wait_for()
    assert page.get_by_text("fault inside").count() == 1


def test_a_pasted_trace_id_opens_the_trace(visit: Visit) -> None:
    """Both of its forms, alone in the filter box: no Enter, no filter."""
    [trace_id] = filled(visit.server, 0.2)
    digits = "".join(W3C.fullmatch(trace_id).groups())  # type: ignore[union-attr]
    for text in (trace_id, digits):
        page = visit.open("traces")
        page.get_by_role("combobox", name="Filter traces").evaluate(
            """(box, text) => {
                const data = new DataTransfer();
                data.setData("text", text);
                box.focus();
                box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
            }""",
            text,
        )
        expect(page).to_have_url(re.compile(f"#/traces/{trace_id}$"))


def test_two_chosen_traces_are_compared(visit: Visit) -> None:
    """Two boxes make a link to their comparison; a third one takes the place of the first."""
    traces = filled(visit.server, 0.1, 0.2, 0.3)
    page = visit.open("traces")
    expect(rows(page)).to_have_count(3)
    for trace_id in traces:
        page.get_by_role("row").filter(has=page.locator(f'[data-id="{trace_id}"]')).get_by_role("checkbox").check()
    link = page.get_by_role("link", name="Compare")
    expect(link).to_have_attribute("href", f"#/compare/{traces[1]}/{traces[2]}")


def test_what_is_exported_can_be_imported(visit: Visit, tmp_path: Path) -> None:
    """The file of the list has its traces whole; after it is dropped on the page, what is refused of another one is said."""
    traces = filled(visit.server, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
    page = visit.open("traces")
    expect(rows(page)).to_have_count(7)
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Export").click()
    text = Path(downloading.value.path()).read_text()
    whole = json.loads(text)["Traces"]
    assert [trace["Id"] for trace in whole] == traces[::-1]
    assert {len(trace["Segments"]) for trace in whole} == {2}
    drop(page, {"traces.json": text, "bad.json": '[{"id": "1"}]', "none.json": "hello"})
    reports = page.get_by_role("dialog", name="Import").get_by_role("listitem")
    expect(reports.filter(has_text="traces.json")).to_contain_text("14 documents of 7 traces were imported.")
    expect(reports.filter(has_text="bad.json").first).to_contain_text("trace_id is null")
    expect(reports.filter(has_text="none.json")).to_contain_text("This is not JSON")
    page.get_by_role("link", name="Show these traces").click()
    expect(rows(page)).to_have_count(7)


def drop(page: Page, files: dict[str, str]) -> None:
    """Let files fall onto the page."""
    page.evaluate(
        """(files) => {
            const dataTransfer = new DataTransfer();
            for (const [name, text] of Object.entries(files)) dataTransfer.items.add(new File([text], name));
            for (const type of ["dragenter", "dragover", "drop"]) document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
        }""",
        files,
    )


def test_ten_thousand_rows(visit: Visit) -> None:
    """A list of 10,000 is in the document with less than 1,000 elements, sorts quickly, and its last row is a key away."""
    now = time.time()
    lengths = [(place * 7919 % 10_000) / 1000 + 0.001 for place in range(10_000)]
    made = [slow(now - 3000 + place / 5, length) for place, length in enumerate(lengths)]
    # The service's segment alone is a trace with everything that the list shows.
    texts = [json.dumps(one.documents[0]) for one in made]
    for first in range(0, len(texts), 1000):
        visit.server.store.ingest(texts[first : first + 1000], "test", now)
    assert visit.server.store.settle(60)
    page = visit.open("traces")
    expect(page.locator(".traces .count")).to_have_text("10,000 traces", timeout=60_000)
    took = page.evaluate(
        """async () => {
            const button = [...document.querySelectorAll("[role=columnheader] button")].find((one) => one.textContent.startsWith("Response time"));
            const begun = performance.now();
            button.click();
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            return performance.now() - begun;
        }"""
    )
    assert took < SORT_MS
    slowest = max(range(10_000), key=lengths.__getitem__)
    assert ids(page)[0] == made[slowest].id
    page.keyboard.press("End")
    expect(page.locator(f'[data-id="{made[min(range(10_000), key=lengths.__getitem__)].id}"]')).to_be_focused()
    assert page.locator("*").count() < 1000


def test_the_theme_is_kept(visit: Visit) -> None:
    """The switch goes from the system's colours to light and dark, and a reload keeps what was chosen."""
    page = visit.open("traces")
    switch = page.get_by_role("button", name="Colours")
    grounds = []
    for _ in range(3):
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        switch.click()
    assert (grounds[0], grounds[1] != grounds[2]) == (grounds[1], True)
    switch.click()
    switch.click()
    page.reload()
    switch.wait_for()
    assert page.evaluate("[document.documentElement.dataset.theme, getComputedStyle(document.body).backgroundColor]") == [
        "dark",
        grounds[2],
    ]


def test_own_start_and_end(visit: Visit) -> None:
    """A start after the end is said and changes nothing; a good pair is in the address, in UTC, and holds still."""
    page = visit.open("traces")
    page.get_by_role("button", name="Time range").click()
    form = page.get_by_role("dialog", name="Time range")
    form.get_by_label("Start").fill("2026-01-02T03:04:05")
    form.get_by_label("End").fill("2026-01-01T03:04:05")
    form.get_by_role("button", name="Show this time").click()
    expect(form.get_by_role("alert")).to_contain_text("The start has to be before the end.")
    form.get_by_label("End").fill("2026-01-02T03:04:06")
    form.get_by_role("button", name="Show this time").click()
    expect(page).to_have_url(re.compile(r"timeRange=2026-01-0\dT\d\d%3A\d\d%3A05\.000Z%7E2026-01-0\dT\d\d%3A\d\d%3A06\.000Z"))
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)


def test_a_narrow_window_shows_all_of_the_list(visit: Visit) -> None:
    """At 380 px nothing of the page is wider than the window, and each row says request, status and response time."""
    filled(visit.server, 0.1234)
    visit.page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    page = visit.open("traces")
    expect(rows(page)).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    expect(page.get_by_role("table", name="Traces").get_by_role("row").nth(1)).to_contain_text(
        re.compile("OK.*200.*orders.*123 ms", re.DOTALL)
    )
