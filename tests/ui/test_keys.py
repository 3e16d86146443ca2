"""People type ahead of the page: no key is lost, and none means something else than where the keys before it lead."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.ui.places import Seen, furnish
from tests.ui.visits import Visit

# As keys come that have waited for a busy page: one after the other, with nothing of the page's own in between but what it does at once.
QUEUED = """async (keys) => {
    for (const key of keys) {
        document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
        for (let turn = 0; turn < 20; turn += 1) await null;
    }
    const { activeElement: one } = document;
    return { dialogs: document.querySelectorAll("dialog[open]").length, focus: one.dataset.id ?? one.id ?? "" };
}"""


def list_of_the_map(page: Page, _seen: Seen) -> None:
    """The map as a list."""
    expect(page.get_by_role("table")).to_have_count(2)


def second_trace(page: Page, seen: Seen) -> None:
    """The second row has the focus; the first one is the youngest."""
    expect(page.get_by_role("table", name="Traces").get_by_role("link").nth(1)).to_be_focused()
    assert page.evaluate("document.activeElement.dataset.id") != seen.cold


def problem_and_details(page: Page, _seen: Seen) -> None:
    """The trace's problem is selected, and its details have the focus."""
    expect(page.get_by_role("complementary", name="Details").get_by_role("heading", level=2)).to_be_focused()


def found(page: Page, _seen: Seen) -> None:
    """What has been typed into the search of a trace is there."""
    expect(page.get_by_role("searchbox", name="Find in this trace")).to_have_value("put item")


AHEAD: dict[str, tuple[Callable[[Seen], str], str, list[str], Callable[[Page, Seen], None]]] = {
    "from a trace to the map as a list": (
        lambda seen: f"traces/{seen.warm}",
        "main .mini-map .node",
        ["g", "m", "l"],
        list_of_the_map,
    ),
    "down the list": (lambda _seen: "traces", '[role="table"] a', ["j", "j"], second_trace),
    "from the map into the oldest trace's problem": (
        lambda _seen: "service-map",
        "main .node",
        ["g", "t", "End", "Enter", "e", "o"],
        problem_and_details,
    ),
    "into a trace and its search": (
        lambda _seen: "traces",
        '[role="table"] a',
        ["j", "Enter", "/", *"put item"],
        found,
    ),
}


@pytest.mark.parametrize("way", AHEAD)
def test_keys_that_waited_for_a_busy_page(visit: Visit, way: str) -> None:
    """Keys that come all at once lead where they lead when they come slowly."""
    seen = furnish(visit.server)
    place, ready, keys, there = AHEAD[way]
    page = visit.open(place(seen))
    page.locator(ready).first.wait_for()
    page.evaluate(QUEUED, keys)
    there(page, seen)


def test_keys_wait_for_answers(visit: Visit) -> None:
    """While the list and then the trace are on their way, keys wait for them; each is for the view that the one before opens."""
    seen = furnish(visit.server)
    page = visit.open("service-map")
    held = Held(page, "**/xray-local/summaries?*", "**/xray-local/traces/*")
    for key in ("g", "t", "End", "Enter", "e", "o"):
        page.keyboard.press(key)
    expect(page.get_by_text("Looking for traces")).to_be_visible()
    held.release()
    expect(page).to_have_url(re.compile(f"#/traces/{seen.timeout}"))
    expect(page.get_by_text("Loading…")).to_be_visible()
    held.release()
    problem_and_details(page, seen)


def test_what_is_done_meanwhile_ends_the_waiting(visit: Visit) -> None:
    """A key that leads away at once, or a click, is not followed by what was typed for the view before."""
    furnish(visit.server)
    page = visit.open("service-map")
    held = Held(page, "**/xray-local/summaries?*")
    for key in ("g", "t", "j", "Enter", "/"):
        page.keyboard.press(key)
    filters = page.get_by_role("combobox", name="Filter traces")
    expect(filters).to_be_focused()
    held.release()
    page.get_by_role("table", name="Traces").wait_for()
    page.keyboard.type("ok")
    expect(filters).to_have_value("ok")
    assert "traces" in page.url


def test_help_has_the_next_key(visit: Visit) -> None:
    """The dialog is open when the next key comes, so that Escape closes it and not what is behind."""
    furnish(visit.server)
    page = visit.open("traces")
    page.get_by_role("table", name="Traces").wait_for()
    assert page.evaluate(QUEUED, ["?"])["dialogs"] == 1


def test_a_filter_is_typed_on_while_it_is_checked(visit: Visit) -> None:
    """What is typed between Enter and the answer stays in the box; what was run is in force."""
    furnish(visit.server)
    page = visit.open("traces")
    page.get_by_role("table", name="Traces").wait_for()
    held = Held(page, "**/xray-local/check?*")
    filters = page.get_by_role("combobox", name="Filter traces")
    filters.click()
    page.keyboard.type("fault ")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.keyboard.type("= true")
    held.release()
    expect(page).to_have_url(re.compile(r"filter=fault$"))
    expect(filters).to_have_value("fault = true")
    page.go_back()
    expect(filters).to_have_value("")


class Held:
    """Questions of the page that get no answer until they are released."""

    def __init__(self, page: Page, *addresses: str) -> None:
        self.page = page
        self.routes: list[Route] = []
        for address in addresses:
            page.route(address, self.hold)

    def hold(self, route: Route) -> None:
        """One more."""
        self.routes.append(route)

    def release(self) -> None:
        """Answer what has been asked so far, when something has."""
        while not self.routes:
            self.page.wait_for_timeout(20)
        routes, self.routes[:] = [*self.routes], []
        for route in routes:
            route.continue_()
