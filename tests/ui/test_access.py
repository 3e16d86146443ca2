"""The page for everybody: what axe-core checks, at 200 %, on a telephone, without motion."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.ui.places import VIEWS, View, furnish
from tests.ui.visits import NARROW, ZOOMED, Visit

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
THEMES = ("light", "dark")


def violations(visit: Visit) -> list[str]:
    """What axe-core finds, with the elements."""
    page = visit.page
    assert (visit.violations(), visit.trouble) == ([], [])
    # Evaluated through the debugger, as the page's policy lets no script in.
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    # axe-core puts a style element of its own into the page, which the policy stops. The console tells it in its own time.
    stopped = len(page.evaluate("window.violations.splice(0)"))
    until = time.monotonic() + 5
    while len(visit.trouble) < stopped and time.monotonic() < until:
        page.wait_for_timeout(20)
    visit.trouble.clear()
    return [
        f"{one['id']}: {node['html']} {node['failureSummary']}" for one in found for node in one["nodes"] if not drawn(one, node)
    ]


def drawn(rule: dict[str, Any], element: dict[str, Any]) -> bool:
    """A circle of the map has figures drawn in it, which its name tells in words: `616 ms` is `average 616 ms`."""
    return rule["id"] == "label-content-name-mismatch" and element["html"].startswith("<g ")


def sideways(page: Page) -> list[str]:
    """What makes the whole page wider than its window."""
    return page.evaluate("""() => {
        const most = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= most) return [];
        return [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > most + 1)
            .slice(0, 5).map((one) => one.outerHTML.slice(0, 120));
    }""")


def cut(page: Page) -> list[str]:
    """Texts of which something is cut away although nothing says the rest: no title on them or above them."""
    return page.evaluate("""() => [...document.querySelectorAll("main *, header *")].filter((one) => {
        const style = getComputedStyle(one);
        const texts = [...one.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.textContent.trim());
        const hides = ["hidden", "clip"].includes(style.overflowX) && one.scrollWidth > one.clientWidth + 1;
        return texts && hides && one.clientWidth > 1 && !one.closest("[title]");
    }).slice(0, 5).map((one) => one.outerHTML.slice(0, 160))""")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_axe_finds_nothing(visitor: Callable[..., Visit], view: View, theme: str) -> None:
    """No violation of axe-core's rules in any view, in both themes."""
    visit = visitor(color_scheme=theme)
    view.open(visit, furnish(visit.server))
    assert violations(visit) == []


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_in_what_opens(visitor: Callable[..., Visit], theme: str) -> None:
    """Nor in the help, the time ranges, the details of a row and of a node, the proposals of the filter, the empty state."""
    visit = visitor(color_scheme=theme)
    page = visit.open("traces")
    page.get_by_role("button", name="Send a sample trace").wait_for()
    found = {"empty": violations(visit)}
    seen = furnish(visit.server)
    page.get_by_role("button", name="Help and keys").click()
    page.get_by_role("dialog", name="Help").wait_for()
    found["help"] = violations(visit)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Last hour").click()
    found["time range"] = violations(visit)
    page.keyboard.press("Escape")
    page.get_by_role("combobox", name="Filter traces").fill("service(")
    page.get_by_role("listbox").wait_for()
    found["proposals and an error"] = violations(visit)
    visit.open(f"traces/{seen.timeout}")
    page.get_by_role("row", name="DynamoDB Scan").first.click()
    page.get_by_role("complementary", name="Details").wait_for()
    found["details of a row"] = violations(visit)
    visit.open("service-map?show=list")
    page.get_by_role("button", name="payments").first.click()
    page.get_by_role("link", name="View traces").wait_for()
    found["details of a node"] = violations(visit)
    assert found == {name: [] for name in found}


CIRCUMSTANCES: dict[str, dict[str, Any]] = {
    "1280 px": {},
    "380 px": {"viewport": NARROW},
    "200 %": ZOOMED,
}


@pytest.mark.parametrize("circumstance", CIRCUMSTANCES)
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_nothing_is_wider_than_the_window_or_cut(visitor: Callable[..., Visit], view: View, circumstance: str) -> None:
    """No view scrolls sideways, and no text is cut without its whole being told by a title, wide, narrow and at 200 %."""
    visit = visitor(**CIRCUMSTANCES[circumstance])
    page = view.open(visit, furnish(visit.server))
    assert (sideways(page), cut(page)) == ([], [])


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_nothing_moves_when_motion_is_reduced(visitor: Callable[..., Visit], view: View) -> None:
    """With reduced motion no element of a view has an animation, a transition or a smooth scroll."""
    visit = visitor(reduced_motion="reduce")
    page = view.open(visit, furnish(visit.server))
    moving = page.evaluate("""() => [...document.querySelectorAll("*")].filter((one) => {
        const style = getComputedStyle(one);
        return style.animationName !== "none" || style.scrollBehavior === "smooth"
            || style.transitionProperty !== "none" && style.transitionDuration.split(",").some((time) => parseFloat(time) > 0);
    }).map((one) => one.outerHTML.slice(0, 120))""")
    assert (moving, page.evaluate("document.getAnimations().length")) == ([], 0)
