"""The service map: what it shows, and where it leads."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from urllib.parse import parse_qs

from playwright.sync_api import expect

from tests.ui.maps import FUNCTION, crowd, linked, node, panel, place, places, press
from tests.ui.traces import Made, documents, failed, order
from tests.ui.visits import NARROW, Visit, put, send
from xray_local.model import Document


def test_every_node_says_what_it_is(shop: Visit) -> None:
    """Each node and each call has a sentence with its name, type, average, rate and failures."""
    page = shop.open("service-map?timeRange=PT1H")
    node(page, "orders", FUNCTION).wait_for()
    said = (
        page.get_by_role("group", name="Service map")
        .get_by_role("button")
        .evaluate_all("all => all.map((one) => one.getAttribute('aria-label'))")
    )
    assert sorted(said) == sorted(
        [
            "Client to orders, average 200 ms, 3 calls",
            "Client to payments, average 400 ms, 1 call",
            "Client, average 250 ms, 0.07 traces per minute",
            "orders to orders (Function), average 200 ms, 3 calls",
            "orders to orders (Table), average 100 ms, 3 calls",
            "orders, AWS::DynamoDB::Table, average 125 ms, 0.07 traces per minute",
            "orders, AWS::Lambda, average 200 ms, 0.05 traces per minute",
            "orders, AWS::Lambda::Function, average 190 ms, 0.05 traces per minute",
            "payments to orders, average 200 ms, 1 call",
            "payments to payments (Function), average 400 ms, 1 call",
            "payments, AWS::Lambda, average 400 ms, 0.02 traces per minute",
            "payments, AWS::Lambda::Function, average 390 ms, 0.02 traces per minute, 100 % fault (5xx)",
        ]
    )


def test_a_node_leads_to_its_traces(shop: Visit) -> None:
    """View traces goes to the list with the console's expression for the node, the ticked status and the times, and a fixed time."""
    page = shop.open("service-map?timeRange=PT1H")
    node(page, "payments", FUNCTION).click()
    page.get_by_role("checkbox", name="Fault (5xx)").check()
    page.get_by_role("link", name="View filtered traces").click()
    page.get_by_role("row").filter(has_text="payments").wait_for()
    path, params = place(page)
    start, _, end = params.pop("timeRange").partition("~")
    assert (path, params) == ("/traces", {"filter": f'service(id(name: "payments", type: "{FUNCTION}")) {{ fault }}'})
    assert start < end
    expect(page.locator('[role="row"] a')).to_have_count(1)
    page.go_back()
    assert place(page) == ("/service-map", {"timeRange": "PT1H", "node": f"payments~{FUNCTION}~123456789012", "status": "fault"})


def test_a_range_of_times_is_dragged(shop: Visit) -> None:
    """A drag over the bars of an edge puts their times into the address and into the expression; Clear takes them out again."""
    page = shop.open("service-map")
    page.get_by_role("button", name="Client to orders, average").click()
    bars = panel(page).locator(".histogram .bars")
    box = bars.bounding_box()
    assert box
    page.mouse.move(box["x"] + 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 20, steps=4)
    page.mouse.up()
    page.get_by_role("link", name="View filtered traces").wait_for()
    low, high = place(page)[1]["responsetime"].split("~")
    href = page.get_by_role("link", name="View filtered traces").get_attribute("href") or ""
    ends = 'id(name: "orders", type: "client"), id(name: "orders", type: "AWS::Lambda")'
    assert parse_qs(href.partition("?")[2])["filter"] == [f"edge({ends}) {{ responsetime >= {low} AND responsetime <= {high} }}"]
    assert float(low) <= 0.2 <= float(high)
    panel(page).get_by_role("button", name="Clear").click()
    page.get_by_role("link", name="View traces", exact=True).wait_for()
    assert "responsetime" not in place(page)[1]


def test_a_filter_greys_what_it_does_not_find(shop: Visit) -> None:
    """With a filter the nodes of other traces stay where they are and are grey; the figures are those of the traces found."""
    page = shop.open("service-map")
    node(page, "orders", FUNCTION).wait_for()
    before = places(page)
    page.get_by_role("combobox", name="Filter the map").fill('service("payments")')
    page.keyboard.press("Enter")
    expect(page.locator("main .node .mark.dim")).to_have_count(2)
    grey = page.locator("main .node:has(.dim)").evaluate_all("all => all.map((one) => one.getAttribute('aria-label'))")
    assert [text.split(", average")[0] for text in sorted(grey)] == ["orders, AWS::Lambda", f"orders, {FUNCTION}"]
    table = page.get_by_role("button", name="orders, AWS::DynamoDB::Table, average 200 ms, 0.02 traces per minute")
    assert (table.count(), places(page)) == (1, before)


def test_the_list_is_the_whole_map(shop: Visit) -> None:
    """The key l shows the same nodes and calls as two tables, whose buttons open the same details; columns sort."""
    page = shop.open("service-map")
    node(page, "orders", FUNCTION).wait_for()
    page.keyboard.press("l")
    nodes = page.get_by_role("table", name="Nodes")
    rows = nodes.locator("tbody tr").evaluate_all(
        "all => all.map((row) => [row.cells[0].innerText, row.cells[1].innerText, row.cells[2].innerText])"
    )
    assert sorted(rows) == [
        ["Client", "client", "4"],
        ["orders", "AWS::DynamoDB::Table", "4"],
        ["orders", "AWS::Lambda", "3"],
        ["orders", FUNCTION, "3"],
        ["payments", "AWS::Lambda", "1"],
        ["payments", FUNCTION, "1"],
    ]
    calls = page.get_by_role("table", name="Calls").locator("tbody tr")
    expect(calls).to_have_count(6)
    nodes.get_by_role("button", name="Average").click()
    averages = nodes.locator("tbody tr td:nth-child(5)").all_inner_texts()
    assert averages == ["400 ms", "390 ms", "250 ms", "200 ms", "190 ms", "125 ms"]
    calls.get_by_role("button", name="payments → payments (Function)").click()
    panel(page).get_by_role("heading", name="payments → payments (Function)").wait_for()
    assert place(page)[1] == {"show": "list", "edge": f"payments~AWS::Lambda → payments~{FUNCTION}~123456789012"}


def test_linked_traces_have_a_dashed_arrow_and_ages(visit: Visit) -> None:
    """The arrow of a queue to the function that takes its messages is dashed, and shows how long they waited."""
    put(visit.server, documents(linked(time.time() - 10)))
    page = visit.open("service-map")
    arrow = page.get_by_role("button", name="jobs to worker, linked traces, waited 700 ms (median)")
    dashes = arrow.locator(".line").evaluate("one => getComputedStyle(one).strokeDasharray")
    press(page, arrow)
    panel(page).get_by_role("heading", name="Age of received events").wait_for()
    href = panel(page).get_by_role("link", name="View traces").get_attribute("href") or ""
    queue = "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs"
    wanted = f'edge(id(name: "{queue}", type: "AWS::SQS::Queue"), id(name: "worker", type: "AWS::Lambda"))'
    assert parse_qs(href.partition("?")[2])["filter"] == [wanted]
    assert (dashes, panel(page).locator("dd").all_inner_texts()) == ("6px, 5px", ["1", "700 ms", "700 ms"])


def test_merging_and_sizes_are_in_the_address(shop: Visit) -> None:
    """A merged map has one node for each function; a reload and the back button give the same view."""
    page = shop.open("service-map")
    node(page, "orders", FUNCTION).wait_for()
    page.get_by_label("Merge Lambda pairs").check()
    page.get_by_role("combobox", name="Size").select_option("traffic")
    page.get_by_role("button", name="Icons").click()
    node(page, "orders", "Lambda function").wait_for()
    drawn = sorted(places(page))
    page.reload()
    node(page, "orders", "Lambda function").click()
    parts = panel(page).locator(".calls .name").evaluate_all("all => all.slice(0, 2).map((one) => one.textContent)")
    page.go_back()
    expect(panel(page)).to_have_count(0)
    assert (drawn, sorted(places(page)), parts) == (
        ["client", "orders~AWS::DynamoDB::Table", "orders~AWS::Lambda", "payments~AWS::Lambda"],
        drawn,
        ["AWS::Lambda", FUNCTION],
    )
    assert place(page) == ("/service-map", {"merge": "1", "size": "traffic", "inside": "icons"})


def test_a_merged_node_hides_no_failure(shop: Visit) -> None:
    """A function whose faults Lambda's own side does not have shows them merged, too: as a sign, in its name, and in the details."""
    page = shop.open("service-map?merge=1")
    payments = node(page, "payments", "Lambda function")
    payments.wait_for()
    assert (payments.get_attribute("aria-label") or "").endswith("traces per minute, 100 % fault (5xx) in the function")
    expect(payments.locator(".sign.fault")).to_have_count(1)
    expect(node(page, "orders", "Lambda function").locator(".sign")).to_have_count(0)
    payments.click()
    expect(panel(page).get_by_role("listitem").filter(has_text=FUNCTION)).to_contain_text("1 not OK")


def test_a_map_of_too_many_nodes_is_folded(visit: Visit) -> None:
    """Above 150 nodes tables of one function are one circle with their number; its details list them, and the list has all."""
    put(visit.server, documents(crowd(time.time() - 30, 4, 40)))
    page = visit.open("service-map")
    folded = page.get_by_role("button", name="40 \u00d7 Table, AWS::DynamoDB::Table, average").first
    folded.click()
    inside = panel(page).locator(".calls").first.get_by_role("button")
    expect(inside).to_have_count(40)
    inside.first.click()
    panel(page).get_by_role("link", name="View traces").wait_for()
    drawn = page.locator("main .node").count()
    page.keyboard.press("l")
    expect(page.get_by_role("table", name="Nodes").locator("tbody tr")).to_have_count(1 + 4 * 2 + 4 * 40)
    assert drawn == 1 + 4 * 2 + 4


def test_a_trace_has_a_map_of_its_own(visit: Visit) -> None:
    """The page of a trace shows what that trace passed, with its times, and nothing of other traces."""
    mine = order(time.time() - 5)
    put(visit.server, documents([mine, failed(time.time() - 4)]))
    page = visit.open(f"traces/{mine.id}")
    page.locator(".mini-map .node").first.wait_for()
    said = page.locator(".mini-map .node").evaluate_all("all => all.map((one) => one.getAttribute('aria-label')).sort()")
    assert said == [
        "Client, average 200 ms, 1 request",
        "orders, AWS::DynamoDB::Table, average 100 ms, 1 request",
        "orders, AWS::Lambda, average 200 ms, 1 request",
        "orders, AWS::Lambda::Function, average 190 ms, 1 request",
    ]
    assert sorted(page.locator(".mini-map .node > title").all_text_contents()) == said


def test_names_are_texts(visit: Visit) -> None:
    """Markup in a service's name is shown as it is, on the map, in the details and in the list, and runs nowhere."""
    planted = "<img src=x onerror=window.hit=1><b>x</b>"
    made = Made(time.time() - 5)
    made.segment(planted, 0, 0.2)
    visit.server.store.ingest([json.dumps(document) for document in made.documents], "test", time.time())
    assert visit.server.store.settle(30)
    page = visit.open("service-map")
    page.locator("main .node").nth(1).click()
    heading = panel(page).get_by_role("heading").first.text_content()
    page.keyboard.press("l")
    rows = page.get_by_role("table", name="Nodes").locator("tbody th").all_text_contents()
    foreign: list[Document] = page.evaluate("[...document.querySelectorAll('main img, main b')].map((one) => one.outerHTML)")
    assert (heading in rows, foreign, page.evaluate("window.hit")) == (True, [], None)


def test_a_broken_filter_is_told_and_can_be_mended(shop: Visit) -> None:
    """A map with a filter in its address that cannot be read says so; another filter shows the map again."""
    page = shop.open("service-map?filter=fault%20%3D%3D")
    page.get_by_role("alert").wait_for()
    page.get_by_role("combobox", name="Filter the map").fill("fault")
    page.keyboard.press("Enter")
    node(page, "orders", FUNCTION).wait_for()
    expect(page.get_by_role("alert")).to_have_count(0)
    # The browser's own words for an answer that is none.
    assert all("status of 400" in text for text in shop.trouble)
    shop.trouble.clear()


def test_an_empty_map_says_how_to_begin(visit: Visit) -> None:
    """Without any trace the map has the first steps; the first trace takes their place by itself."""
    page = visit.open("service-map")
    page.get_by_role("button", name="Send a sample trace").wait_for()
    send(visit.server, order(time.time() - 1).documents)
    node(page, "orders", FUNCTION).wait_for()


def test_a_time_without_traces_is_told_from_an_empty_store(shop: Visit) -> None:
    """If there are traces, but none in the time that is shown, a button shows a longer time."""
    page = shop.open("service-map?timeRange=2020-01-01T00:00:00.000Z~2020-01-02T00:00:00.000Z")
    page.get_by_role("button", name="Look at the last seven days").click()
    node(page, "orders", FUNCTION).wait_for()
    assert place(page)[1] == {"timeRange": "P7D"}


def test_names_stay_in_sight_on_a_telephone(visitor: Callable[..., Visit]) -> None:
    """At 380 px the list's names stay where they are while its other columns are scrolled."""
    visit = visitor(viewport=NARROW)
    put(visit.server, order(time.time() - 5).documents)
    page = visit.open("service-map?show=list")
    name, region = page.get_by_role("rowheader").first, page.get_by_role("region", name="Service map as a list")
    name.wait_for()
    before = name.bounding_box()
    region.evaluate("element => element.scrollTo({left: 200})")
    after = name.bounding_box()
    assert before
    assert after
    assert (region.evaluate("element => element.scrollLeft"), abs(after["x"] - before["x"]) <= 2) == (200, True)
