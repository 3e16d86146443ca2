"""What happens on the server is on the page without a reload."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.local.terminal.making import wait_until
from tests.ui.traces import order
from tests.ui.visits import Visit, put, send
from xray_local.server import Running

ARRIVAL_S = 1.0


def row(page: Page, trace_id: str) -> str:
    """Where the row of a trace is."""
    return f'[role="row"]:has-text("{trace_id}")'


def arrival(visit: Visit, page: Page) -> float:
    """Seconds from a trace's datagrams to its row."""
    made = order(time.time() - 1)
    begun = time.monotonic()
    send(visit.server, made.documents)
    page.locator(row(page, made.id)).wait_for()
    return time.monotonic() - begun


def test_a_new_trace_appears_without_reload(visit: Visit) -> None:
    """On the open list a trace that is sent has its row in under a second, the median of five, in the same document."""
    put(visit.server, order(time.time() - 5).documents)
    page = visit.open("traces")
    page.get_by_role("table", name="Traces").wait_for()
    page.evaluate("window.mark = 1")
    took = [arrival(visit, page) for _ in range(5)]
    assert page.evaluate("window.mark") == 1
    assert statistics.median(took) < ARRIVAL_S


def test_the_first_trace_takes_the_place_of_the_empty_state(visit: Visit) -> None:
    """Without any trace the list says how to send one; when it comes, the list is there by itself."""
    page = visit.open("traces")
    page.get_by_role("button", name="Send a sample").wait_for()
    made = order(time.time() - 1)
    send(visit.server, made.documents)
    page.locator(row(page, made.id)).wait_for()


def test_the_button_of_the_empty_state_sends_a_sample(visit: Visit) -> None:
    """One click in the empty state, and a trace of the made-up function can be opened."""
    page = visit.open("traces")
    page.get_by_role("button", name="Send a sample").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("sample-orders")


def test_pause_holds_what_is_new(visit: Visit) -> None:
    """While the list is paused new traces are counted on a button, and are listed when it is pressed."""
    first = order(time.time() - 5)
    put(visit.server, first.documents)
    page = visit.open("traces")
    page.get_by_role("button", name="Pause", exact=True).click()
    second = order(time.time() - 1)
    send(visit.server, second.documents)
    news = page.get_by_role("button", name="1 new")
    news.wait_for()
    assert (page.locator(row(page, first.id)).count(), page.locator(row(page, second.id)).count()) == (1, 0)
    news.click()
    page.locator(row(page, second.id)).wait_for()


def connections(visit: Visit) -> int:
    """Event streams of pages that are open."""
    open_pages = visit.context.pages
    streams = [request for request in visit.asked if request.url.endswith("/xray-local/events") and request not in visit.ended]
    return sum(request.frame.page in open_pages for request in streams)


def test_three_tabs_share_one_connection(visit: Visit) -> None:
    """Three tabs of a browser show a new trace with one event stream; when its tab is closed, another one has it."""
    put(visit.server, order(time.time() - 5).documents)
    pages = [visit.page, visit.context.new_page(), visit.context.new_page()]
    for page in pages:
        visit.open("traces", page)
        page.get_by_role("table", name="Traces").wait_for()

    def everywhere() -> int:
        made = order(time.time() - 1)
        send(visit.server, made.documents)
        for page in visit.context.pages:
            page.locator(row(page, made.id)).wait_for()
        return connections(visit)

    assert (len(visit.context.pages), everywhere()) == (3, 1)
    pages[0].close()
    # The lock passes on by itself; the server sees the new stream before anything is sent.
    wait_until(lambda: pages[1].evaluate("1") == 1 and connections(visit) == 1)
    expect(pages[1].locator("header").get_by_role("status")).to_have_text("Live")
    assert (len(visit.context.pages), everywhere()) == (2, 1)


def test_a_server_that_ends_is_told(visitor: Callable[..., Visit], server: Running) -> None:
    """When the server is gone the page says that it is not connected."""
    visit = visitor()
    page = visit.open("traces")
    status = page.locator("header").get_by_role("status")
    expect(status).to_have_text("Live")
    server.close()
    expect(status).to_have_text("Not connected")
    # The browser itself tells of the lost stream on the console.
    visit.trouble.clear()
