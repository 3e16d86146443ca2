"""Nothing leaves the machine, nothing is loaded or run that the page did not come with, and data is never markup."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.ui.places import VIEWS, furnish
from tests.ui.traces import Made, new_id
from tests.ui.visits import Visit, put

# Every way in which a text becomes an element or runs, if it is not taken for a text.
PLANTED = '"\'><img src=x class=planted onerror="window.planted=1"><script class=planted>window.planted=1</script><svg class=planted onload=window.planted=1>'
LINK = "javascript:window.planted=1"


def planted(begun: float) -> Made:
    """A trace with markup in every field that takes a text, and in names of fields."""
    made = Made(begun)
    frame = {"path": PLANTED, "line": 1, "label": PLANTED}
    cause = {
        "working_directory": PLANTED,
        "paths": [PLANTED],
        "exceptions": [{"id": new_id(), "type": PLANTED, "message": PLANTED, "stack": [frame]}],
    }
    told = {
        "annotations": {"planted": PLANTED, PLANTED: PLANTED},
        "metadata": {PLANTED: {PLANTED: [PLANTED, {PLANTED: LINK}]}},
        "http": {
            "request": {"method": PLANTED, "url": LINK, "user_agent": PLANTED, "client_ip": PLANTED},
            "response": {"status": 500},
        },
        "user": PLANTED,
    }
    sql = dict.fromkeys(("url", "database_type", "database_version", "driver_version", "user", "sanitized_query"), PLANTED)
    aws = {
        "operation": PLANTED,
        "table_name": PLANTED,
        "queue_url": LINK,
        "request_id": PLANTED,
        "function_name": PLANTED,
        PLANTED: PLANTED,
    }
    calls = [
        made.part(PLANTED[:200], 0.1, 0.2, namespace="aws", aws=aws, cause=cause, fault=True),
        made.part(PLANTED[:200], 0.2, 0.3, namespace="remote", sql=sql, **told),
        *(made.part(PLANTED[:190] + " repeated", 0.3 + at / 100, 0.31 + at / 100) for at in range(6)),
    ]
    initialization = made.part(
        "Initialization", 0.01, 0.05, subsegments=[made.part(PLANTED[:200], 0.02, 0.04, metadata={"import": {"total_ms": 20.0}})]
    )
    made.segment(
        PLANTED[:200], 0, 0.5, origin="AWS::Lambda::Function", resource_arn=PLANTED, service={"version": PLANTED},
        subsegments=[initialization, *calls], cause=cause, fault=True, **told,
    )  # fmt: skip
    return made


def became_markup(page: Page) -> list[Any]:
    """What of the planted text became an element, ran, or is a link to follow."""
    return page.evaluate("""() => [
        ...[...document.querySelectorAll(".planted, img, script:not([src])")].map((one) => one.outerHTML),
        ...[...document.querySelectorAll("[href]")].map((one) => one.getAttribute("href")).filter((href) => href.startsWith("javascript:")),
        ...(window.planted ? ["it ran"] : []),
    ]""")


def everywhere(visit: Visit, trace: str) -> Iterator[tuple[str, Page]]:
    """Every view of that trace, with whatever can be opened in it."""
    page = visit.open("service-map")
    page.locator("main .node").first.wait_for()
    yield "map", page
    visit.open("service-map?show=list")
    buttons = page.locator("main table").get_by_role("button")
    for place in range(buttons.count()):
        buttons.nth(place).click()
        yield f"details of node {place}", page
    visit.open("traces")
    page.locator('[role="table"] a').first.wait_for()
    yield "traces", page
    box = page.get_by_role("combobox", name="Filter traces")
    for text in ("", "annotation.", "annotation.planted = ", "service("):
        box.fill(text)
        page.get_by_role("listbox").wait_for()
        yield f"proposals after {text!r}", page
    visit.open(f"traces/{trace}")
    rows = page.get_by_role("treegrid").get_by_role("row")
    page.get_by_role("button", name="Unfold all").click()
    for place in range(1, rows.count()):
        rows.nth(place).click()
        tabs = page.get_by_role("complementary", name="Details").get_by_role("tab")
        for tab in range(tabs.count()):
            tabs.nth(tab).click()
            yield f"row {place}, tab {tab}", page
    for address in (
        f"traces/{trace}?view=cold-start",
        f"traces/{trace}/raw",
        f"compare/{trace}/{trace}",
        f"traces/{trace}?find=planted",
    ):
        visit.open(address)
        page.wait_for_timeout(300)
        yield address, page


def test_data_is_never_markup(visit: Visit) -> None:
    """Markup in every field of a trace is shown as the text it is, in every view, panel, tab and list of proposals."""
    made = planted(time.time() - 5)
    put(visit.server, made.documents)
    seen = {name: became_markup(page) for name, page in everywhere(visit, made.id)}
    assert len(seen) > 20
    assert seen == {name: [] for name in seen}
    expect(visit.open(f"traces/{made.id}/raw").locator("main pre")).to_contain_text("<img src=x class=planted")
    # Filters that are not finished are refused, and the browser writes that to its console.
    visit.trouble[:] = [text for text in visit.trouble if "400 (Bad Request)" not in text]


def test_addresses_are_no_markup_either(visit: Visit) -> None:
    """Nor does an address bring markup into the page: as a path, an id, a filter, a time range or a name of a parameter."""
    furnish(visit.server)
    for place in (
        f"traces/{PLANTED}",
        f"traces?filter={PLANTED}&timeRange={PLANTED}",
        f"{PLANTED}?{PLANTED}={PLANTED}",
        f"compare/{PLANTED}/x",
    ):
        page = visit.open(place.replace("#", "%23"))
        page.wait_for_timeout(300)
        assert (place, became_markup(page)) == (place, [])
    visit.trouble[:] = [text for text in visit.trouble if "400 (Bad Request)" not in text]


def test_every_view_asks_its_own_server_only(visitor: Callable[..., Visit]) -> None:
    """All requests of all views go to the server that the page came from: no font, no picture, no count of visitors."""
    visit = visitor()
    seen = furnish(visit.server)
    for view in VIEWS:
        view.open(visit, seen)
    assert (visit.outside(), visit.violations(), visit.trouble) == ([], [], [])
    assert len(visit.asked) > 30


ATTEMPTS = """async () => {
    const found = {};
    const script = document.createElement("script");
    script.textContent = "window.inline = 1";
    document.head.append(script);
    found.inline = window.inline ?? null;
    const style = document.createElement("style");
    style.textContent = "body { outline: 3px solid red }";
    document.head.append(style);
    found.style = getComputedStyle(document.body).outlineStyle;
    setTimeout("window.evaluated = 1");
    await new Promise((done) => setTimeout(done, 100));
    found.evaluated = window.evaluated ?? null;
    found.elsewhere = await fetch("http://127.0.0.1:9/").then(() => "went", () => "stopped");
    const picture = new Image();
    found.picture = await new Promise((done) => { picture.onload = () => done("came"); picture.onerror = () => done("stopped"); picture.src = "http://127.0.0.1:9/x.png"; });
    return [found, [...new Set(window.violations.map((one) => one.split(" ")[0]))].sort()];
}"""


def test_the_policy_stops_what_is_not_the_pages(visit: Visit) -> None:
    """An inline script, a style, evaluated text, a request and a picture from elsewhere are stopped by the policy."""
    page = visit.open("traces")
    assert page.evaluate(ATTEMPTS) == [
        {"inline": None, "style": "none", "evaluated": None, "elsewhere": "stopped", "picture": "stopped"},
        ["connect-src", "img-src", "script-src", "script-src-elem", "style-src-elem"],
    ]
    page.evaluate("window.violations = []")
    visit.trouble.clear()
    visit.asked[:] = [request for request in visit.asked if not request.url.startswith("http://127.0.0.1:9/")]


def shared(visit: Visit, trace: str, folder: Path) -> Path:
    """The file that Share makes of a trace."""
    page = visit.open(f"traces/{trace}")
    page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog")
    with page.expect_download() as told:
        dialog.get_by_role("button", name="Save").click()
    path = folder / "shared.html"
    told.value.save_as(path)
    return path


def test_a_shared_file_opens_from_the_disk(visit: Visit, chromium: Browser, tmp_path: Path) -> None:
    """One file shows the trace without any server: no request, the rows of the timeline, details; nothing of it is markup."""
    seen = furnish(visit.server)
    path = shared(visit, seen.timeout, tmp_path)
    context = chromium.new_context(offline=True)
    try:
        page = context.new_page()
        asked: list[str] = []
        trouble: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda told: trouble.append(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.goto(path.as_uri())
        page.get_by_role("treegrid").wait_for()
        page.get_by_role("row", name="DynamoDB Scan").first.click()
        expect(page.get_by_role("complementary", name="Details")).to_contain_text("read_all")
        own = (path.as_uri(), "blob:", "data:")
        assert ([url for url in asked if not url.startswith(own)], trouble) == ([], [])
    finally:
        context.close()


SECRET = "hunter2-of-the-customer"


def test_a_shared_file_keeps_secrets(visit: Visit, tmp_path: Path) -> None:
    """Metadata, users, client addresses and what is called a token or a password are not in the file, in no form."""
    made = Made(time.time() - 5)
    http = {"request": {"url": "https://shop.example.com/a", "method": "GET", "client_ip": SECRET}, "response": {"status": 200}}
    made.segment(
        "shop", 0, 0.5, user=SECRET, http=http, metadata={"default": {"body": SECRET}}, annotations={"api_token": SECRET, "password": SECRET},
    )  # fmt: skip
    put(visit.server, made.documents)
    path = shared(visit, made.id, tmp_path)
    assert SECRET not in path.read_text(encoding="utf-8")
    visit.page.goto(path.as_uri())
    visit.page.get_by_role("treegrid").wait_for()
    visit.page.get_by_role("row").nth(1).click()
    for tab in visit.page.get_by_role("complementary", name="Details").get_by_role("tab").all():
        tab.click()
        assert SECRET not in json.dumps(visit.page.content())
    visit.asked[:] = [request for request in visit.asked if not request.url.startswith("file:")]
