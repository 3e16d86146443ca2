"""Through the page as people go: by mouse, by keyboard, by links, back and forth."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.ui.places import furnish
from tests.ui.traces import documents, failed, order
from tests.ui.visits import NARROW, ZOOMED, Visit, put

WAYS: dict[str, dict[str, Any]] = {
    "1280 px": {},
    "200 %": ZOOMED,
    "380 px": {"viewport": NARROW},
    "reduced motion": {"reduced_motion": "reduce"},
}


@pytest.mark.parametrize("way", WAYS)
def test_from_the_map_to_a_documents_raw_data(visitor: Callable[..., Visit], way: str) -> None:
    """Map, node, its traces, one of them, a subsegment, its raw data: click by click, whatever the window is like."""
    visit = visitor(**WAYS[way])
    seen = furnish(visit.server)
    page = visit.open()
    page.locator("main").get_by_role("button", name=re.compile("^orders.*AWS::Lambda::Function")).first.click()
    page.get_by_role("link", name="View traces").click()
    filters = page.get_by_role("combobox", name="Filter traces")
    expect(filters).to_have_value('service(id(name: "orders", type: "AWS::Lambda::Function"))')
    rows = page.get_by_role("table", name="Traces").get_by_role("link")
    expect(rows).to_have_count(1)
    rows.first.click()
    expect(page).to_have_url(re.compile(f"#/traces/{seen.warm}"))
    # Only rows that are in the window are in the document.
    page.get_by_role("treegrid").get_by_role("row").last.scroll_into_view_if_needed()
    page.get_by_role("row", name="DynamoDB PutItem orders").first.click()
    details = page.get_by_role("complementary", name="Details")
    expect(details.get_by_role("heading", level=2)).to_have_text("DynamoDB PutItem orders")
    details.get_by_role("tab", name="Raw").click()
    shown = json.loads(details.get_by_role("tabpanel").locator("pre").inner_text())
    assert (shown["name"], shown["aws"]["table_name"]) == ("DynamoDB", "orders")


def test_a_filter_with_an_error_says_where(visit: Visit) -> None:
    """A filter that cannot be read is marked, says the column, and does not change the list; when mended, it filters."""
    now = time.time()
    put(visit.server, documents([order(now - 5), failed(now - 4)]))
    page = visit.open("traces")
    rows = page.get_by_role("table", name="Traces").get_by_role("link")
    expect(rows).to_have_count(2)
    box = page.get_by_role("combobox", name="Filter traces")
    box.fill('service("payments") { fautl }')
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(page.locator(f"#{box.get_attribute('aria-describedby')}")).to_contain_text("column 23")
    expect(rows).to_have_count(2)
    # The browser writes the refused question to its console.
    visit.trouble.clear()
    box.fill('service("payments") { fault }')
    box.press("Escape")
    page.get_by_role("button", name="Run").click()
    expect(rows).to_have_count(1)
    expect(box).not_to_have_attribute("aria-invalid", "true")


def test_the_hint_for_what_failed_further_down(visit: Visit) -> None:
    """Where a keyword finds nothing at the entry but a service below has it, one click puts the filter that finds it."""
    made = order(time.time() - 5)
    call = made.documents[-1]["subsegments"][0]
    call |= {"error": True, "http": {"response": {"status": 400}}}
    put(visit.server, made.documents)
    page = visit.open("traces?filter=error")
    page.get_by_role("button", name="service() { error }").click()
    expect(page.get_by_role("table", name="Traces").get_by_role("link")).to_have_count(1)


# The link of a row has the row's outline.
UNSEEN = """() => document.activeElement !== document.body && [document.activeElement, document.activeElement.closest('[role="row"]')]
    .every((one) => !one || getComputedStyle(one).outlineStyle === "none")"""


def focused(page: Page) -> str:
    """What has the focus, as it is called."""
    return page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim()")


def test_by_keyboard_alone(visit: Visit) -> None:
    """Without a mouse: traces, the first one, a row, its details, the raw data, the map as a list, help and out of it."""
    seen = furnish(visit.server)
    page = visit.open()
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.get_by_role("table", name="Traces").wait_for()
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Filter traces")).to_be_focused()
    page.keyboard.type('service("reports")')
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    rows = page.get_by_role("table", name="Traces").get_by_role("link")
    expect(rows).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox", name="Filter traces")).not_to_be_focused()
    page.keyboard.press("j")
    expect(rows.first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"#/traces/{seen.timeout}"))
    page.get_by_role("treegrid").wait_for()
    page.keyboard.press("e")
    details = page.get_by_role("complementary", name="Details")
    details.wait_for()
    page.keyboard.press("o")
    expect(details.get_by_role("heading", level=2)).to_be_focused()
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Help").wait_for()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Help")).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("m")
    # Not the trace's own small map, which has nodes, too.
    page.get_by_role("group", name=re.compile("^Service map:")).locator(".node").first.wait_for()
    page.keyboard.press("l")
    page.get_by_role("table").first.wait_for()


def test_every_key_of_the_help_is_told_once(visit: Visit) -> None:
    """The help lists the keys of the view that is open, and no key twice within what is active at a time."""
    seen = furnish(visit.server)
    page = visit.open(f"traces/{seen.warm}")
    page.get_by_role("treegrid").wait_for()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Help")
    groups = dialog.get_by_role("heading", level=3).all_inner_texts()
    keys = dialog.locator(".groups dt").evaluate_all("all => all.map((one) => one.textContent.trim())")
    assert {"Everywhere", "Trace"} <= {*groups}
    assert sorted(key for key in keys if keys.count(key) > 1) == []


def test_tab_reaches_everything_and_is_seen(visit: Visit) -> None:
    """Tab goes from the brand through the frame into the view without a trap, and whatever has the focus has an outline."""
    furnish(visit.server)
    page = visit.open("traces")
    page.get_by_role("table", name="Traces").wait_for()
    visited: list[str] = []
    unseen: list[str] = []
    for _ in range(40):
        page.keyboard.press("Tab")
        visited.append(focused(page))
        if page.evaluate(
            "document.activeElement !== document.body && getComputedStyle(document.activeElement).outlineStyle === 'none'"
        ):
            unseen.append(visited[-1])
    assert unseen == []
    assert {"Service map", "Help and keys", "Filter traces"} <= {*visited}
    assert any("orders" in name for name in visited)


def test_back_and_forth(visit: Visit) -> None:
    """The back button undoes a filter, a node and a trace, one by one; forward does them again; a reload keeps all."""
    seen = furnish(visit.server)
    page = visit.open("service-map?timeRange=PT6H")
    page.locator("main").get_by_role("button", name=re.compile("^payments.*AWS::Lambda::Function")).first.click()
    link = page.get_by_role("link", name="View traces")
    link.wait_for()
    chosen = page.url
    link.click()
    page.get_by_role("table", name="Traces").wait_for()
    listed = page.url
    page.get_by_role("table", name="Traces").get_by_role("link").first.click()
    page.get_by_role("treegrid").wait_for()
    opened = page.url
    page.go_back()
    expect(page.get_by_role("combobox", name="Filter traces")).to_have_value(re.compile("payments"))
    assert page.url == listed
    page.go_back()
    expect(link).to_be_visible()
    assert page.url == chosen
    page.go_forward()
    page.go_forward()
    page.get_by_role("treegrid").wait_for()
    assert page.url == opened
    page.reload()
    page.get_by_role("treegrid").wait_for()
    assert (page.url, seen.warm in page.url) == (opened, False)


def test_deep_links(visit: Visit) -> None:
    """The console's addresses lead where the console's lead, with a row, its tab and a filter as they were."""
    seen = furnish(visit.server)
    call = next(
        node["id"]
        for node in everything(json.loads(text) for text in visit.server.store.documents(seen.warm))
        if node["name"] == "DynamoDB"
    )
    page = visit.open(f"traces/{seen.warm}?span={call}&tab=resources")
    details = page.get_by_role("complementary", name="Details")
    expect(details.get_by_role("heading", level=2)).to_have_text("DynamoDB PutItem orders")
    expect(details.get_by_role("tab", selected=True)).to_have_text(re.compile("^Resources"))
    visit.open(f"traces/{seen.warm}/raw")
    expect(page.get_by_role("region", name="Raw data")).to_contain_text(call)
    visit.open("traces?timeRange=PT6H&filter=fault")
    expect(page.get_by_role("combobox", name="Filter traces")).to_have_value("fault")
    visit.open("service-map?timeRange=PT15M")
    page.get_by_role("button", name="Last 15 minutes").wait_for()
    page.goto(f"{visit.server.endpoint}/#!/traces/{seen.warm}")
    page.get_by_role("treegrid").wait_for()
    page.goto(f"{visit.server.endpoint}/xray/home?region=eu-west-1#/traces/{seen.cold}")
    page.get_by_role("treegrid").get_by_role("row", name="sample-orders").first.wait_for()
    query = "query?~(query~(expression~'service*28*22orders*22*29)~context~(timeRange~(delta~21600000)))"
    page.goto(f"{visit.server.endpoint}/cloudwatch/home?region=eu-west-1#xray:traces/{query}")
    expect(page.get_by_role("combobox", name="Filter traces")).to_have_value('service("orders")')
    page.get_by_role("button", name="Last 6 hours").wait_for()
    page.get_by_role("link", name="orders").first.click()
    page.get_by_role("treegrid").wait_for()


def everything(nodes: Any) -> Any:
    """Documents and what is in them."""
    for node in nodes:
        yield node
        yield from everything(node.get("subsegments", ()))
