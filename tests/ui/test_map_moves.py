"""The service map: what moves on it, by keys, by hand and by news, and what does not."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.ui.maps import FUNCTION, PICTURE, heights, linked, node, panel, place, places, scale
from tests.ui.traces import Made, documents, function, order, put_item
from tests.ui.visits import NARROW, Visit, put, send

# What a filter that is asked for and a map that is drawn may take between them on a busy machine.
NEWS_S = 2.5


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
