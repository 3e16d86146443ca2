"""The service map: what it shows, what can be done with it, and what it makes of news."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.traces import Made, documents, failed, function, new_id, order, put_item
from tests.ui.visits import NARROW, Visit, put, send
from xray_local.model import Document

FUNCTION = "AWS::Lambda::Function"
PICTURE = "main .map-frame"
# What a filter that is asked for and a map that is drawn may take between them on a busy machine.
NEWS_S = 2.5


def node(page: Page, name: str, kind: str) -> Locator:
    """A circle of the picture, or a row of the list."""
    return page.get_by_role("button", name=f"{name}, {kind}, average")


def place(page: Page) -> tuple[str, dict[str, str]]:
    """The path and the parameters of the address."""
    path, _, query = urlsplit(page.url).fragment.partition("?")
    return path, {name: values[0] for name, values in parse_qs(query).items()}


def places(page: Page) -> dict[str, str]:
    """Where each circle is, by its key."""
    found: dict[str, str] = page.evaluate(
        "() => Object.fromEntries([...document.querySelectorAll('main .node')].map((one) => [one.dataset.node, one.querySelector('.mark').style.transform]))"
    )
    return found


def panel(page: Page) -> Locator:
    """The details."""
    return page.locator(".map-panel")


def linked(begun: float) -> tuple[Made, Made]:
    """A trace that puts a message into a queue, and the trace that takes it up 700 ms later."""
    sender, receiver = Made(begun), Made(begun + 0.9)
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs"
    first = new_id()
    attributes = {
        "aws.xray.reserved.names": ["worker"],
        "aws.xray.reserved.type": "AWS::Lambda",
        "aws.xray.reserved.reference_type": "child",
        "aws.xray.reserved.received_event_end_time": begun + 0.9,
    }
    sent = sender.part(
        "SQS", 0.1, 0.2, namespace="aws", aws={"operation": "SendMessage", "queue_url": url},
        links=[{"trace_id": receiver.id, "id": first, "attributes": attributes}],
    )  # fmt: skip
    function(sender, "orders", 0.3, sent)
    back = {"attributes": {"aws.xray.reserved.reference_type": "parent"}, "trace_id": sender.id, "id": sent["id"]}
    receiver.segment("worker", 0, 0.2, origin="AWS::Lambda", id=first, links=[back])
    return sender, receiver


@pytest.fixture
def shop(visit: Visit) -> Visit:
    """Three orders that went well and a payment that failed."""
    now = time.time()
    put(visit.server, documents([order(now - 20), order(now - 15), order(now - 10), failed(now - 5)]))
    return visit


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
            "orders to orders, average 200 ms, 3 calls",
            "orders to orders, average 100 ms, 3 calls",
            "orders, AWS::DynamoDB::Table, average 125 ms, 0.07 traces per minute",
            "orders, AWS::Lambda, average 200 ms, 0.05 traces per minute",
            "orders, AWS::Lambda::Function, average 190 ms, 0.05 traces per minute",
            "payments to orders, average 200 ms, 1 call",
            "payments to payments, average 400 ms, 1 call",
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


def test_the_map_by_keyboard(shop: Visit) -> None:
    """One Tab stop leads into the map; arrow keys go along the calls, Enter opens, f shows connections only, Escape goes back."""
    page = shop.open("service-map")
    client = page.get_by_role("button", name="Client, average")
    client.wait_for()
    assert page.locator('main .map-frame [tabindex="0"]').count() == 1
    client.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Enter")
    panel(page).wait_for()
    page.keyboard.press("f")
    page.locator("main .node .mark.dim").first.wait_for()
    chosen = place(page)[1]
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("main .mark.dim")).to_have_count(0)
    assert focused.partition(", average")[0] in {f"orders, {FUNCTION}", f"payments, {FUNCTION}"}
    assert chosen["node"] == chosen["focus"]
    assert place(page) == ("/service-map", {})


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
    calls.get_by_role("button", name="payments → payments").click()
    panel(page).get_by_role("heading", name="payments → payments").wait_for()
    assert place(page)[1] == {"show": "list", "edge": f"payments~AWS::Lambda → payments~{FUNCTION}~123456789012"}


def test_news_move_nothing(shop: Visit) -> None:
    """A trace of known services changes the figures, soon and without a reload, and no circle moves."""
    page = shop.open("service-map?timeRange=PT1H")
    node(page, "orders", FUNCTION).wait_for()
    page.evaluate("window.mark = 1")
    before = places(page)
    begun = time.monotonic()
    send(shop.server, order(time.time() - 1).documents)
    page.get_by_role("button", name=f"orders, {FUNCTION}, average 190 ms, 0.07 traces per minute").wait_for()
    took = time.monotonic() - begun
    assert (places(page), page.evaluate("window.mark")) == (before, 1)
    assert took < NEWS_S


def test_a_new_node_joins_the_map(shop: Visit) -> None:
    """A service that was never seen appears by itself, and what was above another node still is."""
    page = shop.open("service-map")
    node(page, "orders", FUNCTION).wait_for()
    before = heights(page)
    made = Made(time.time() - 1)
    mail = made.part("mail.example.com", 0.05, 0.1, namespace="remote", http={"response": {"status": 200}})
    function(made, "orders", 0.2, put_item(made, 0.02, 0.04), mail)
    send(shop.server, made.documents)
    node(page, "mail.example.com", "remote").wait_for()
    after = [key for key in heights(page) if not key.startswith("mail")]
    assert after == before


def press(page: Page, arrow: Locator) -> None:
    """Click the middle of an arrow. One that is straight has a box without a height, which Playwright takes for invisible."""
    box = arrow.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def heights(page: Page) -> list[str]:
    """The circles' keys from the left to the right, and above each other in a column."""
    found: list[str] = page.evaluate("""() => [...document.querySelectorAll("main .node")].map((one) => {
        const [x, y] = one.querySelector(".mark").style.transform.match(/-?[\\d.]+/g).map(Number);
        return [x, y, one.dataset.node];
    }).sort((one, other) => one[0] - other[0] || one[1] - other[1]).map(([, , key]) => key)""")
    return found


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


def crowd(begun: float, functions: int, each: int) -> list[Made]:
    """Functions that use so many tables each."""
    found = []
    for number in range(functions):
        made = Made(begun + number)
        calls = [put_item(made, 0.1, 0.2, aws={"operation": "PutItem", "table_name": f"t{number}-{at}"}) for at in range(each)]
        function(made, f"f{number}", 0.5, *calls)
        found.append(made)
    return found


def test_wheel_buttons_and_keys_change_the_size(shop: Visit) -> None:
    """The wheel enlarges around the pointer, + and - around the middle, and 0 shows the whole map again."""
    page = shop.open("service-map")
    node(page, "orders", FUNCTION).wait_for()
    scales = [scale(page)]
    page.mouse.move(400, 400)
    page.mouse.wheel(0, -200)
    page.wait_for_function(f"document.querySelector('{PICTURE} svg > g').transform.baseVal.consolidate().matrix.a > {scales[0]}")
    scales.append(scale(page))
    page.get_by_role("button", name="Smaller").click()
    scales.append(scale(page))
    page.keyboard.press("0")
    scales.append(scale(page))
    assert scales[1] > scales[2]
    assert scales[3] == pytest.approx(scales[0], rel=0.01)


def scale(page: Page) -> float:
    """How large the map is drawn."""
    page.wait_for_timeout(50)
    found: float = page.evaluate(f"document.querySelector('{PICTURE} svg > g').transform.baseVal.consolidate().matrix.a")
    return found


def test_a_drag_moves_the_map_and_selects_nothing(shop: Visit) -> None:
    """Who takes hold of a circle moves the map; nothing is selected by that, and a click selects."""
    page = shop.open("service-map")
    circle = node(page, "orders", FUNCTION)
    circle.wait_for()
    box = circle.locator(".disc").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 30, steps=5)
    page.mouse.up()
    moved = circle.locator(".disc").bounding_box()
    assert moved
    assert (round(moved["x"] - box["x"]), round(moved["y"] - box["y"]), place(page)[1]) == (60, 30, {})
    page.mouse.click(x + 60, y + 30)
    panel(page).wait_for()


def test_the_map_flows_down_a_telephone(visitor: Callable[..., Visit]) -> None:
    """At 380 px the client is at the top, and details are below the map."""
    visit = visitor(viewport=NARROW, has_touch=True)
    put(visit.server, order(time.time() - 5).documents)
    page = visit.open("service-map")
    circle = node(page, "orders", FUNCTION)
    circle.wait_for()
    tops = {key: float(text.rpartition(", ")[2].removesuffix("px)")) for key, text in places(page).items()}
    assert sorted(tops, key=lambda key: tops[key]) == [
        "client",
        "orders~AWS::Lambda",
        f"orders~{FUNCTION}~123456789012",
        "orders~AWS::DynamoDB::Table",
    ]
    circle.tap()
    panel(page).wait_for()
    frame, below = page.locator(PICTURE).bounding_box(), panel(page).bounding_box()
    assert frame
    assert below
    assert below["y"] >= frame["y"] + frame["height"]
    assert below["width"] == NARROW["width"]


def test_a_link_to_a_node_shows_it_on_a_telephone(visitor: Callable[..., Visit]) -> None:
    """A node that the address names is within the picture, however small that is."""
    visit = visitor(viewport=NARROW)
    put(visit.server, documents(linked(time.time() - 10)))
    page = visit.open("service-map?node=worker~AWS::Lambda")
    panel(page).wait_for()
    chosen, frame = page.locator("main .node.chosen .disc").bounding_box(), page.locator(PICTURE).bounding_box()
    assert chosen
    assert frame
    assert frame["x"] <= chosen["x"] <= frame["x"] + frame["width"] - chosen["width"]
    assert frame["y"] <= chosen["y"] <= frame["y"] + frame["height"] - chosen["height"]


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
