"""A person at the page: a browser context that notes what the page asks for and whatever goes wrong in it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Request

from tests.local.server import clients
from xray_local.model import Document
from xray_local.server import Running

HEADER = b'{"format":"json","version":1}\n'
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 380, "height": 800}
# 1280 by 800 at 200 %: half the pixels of CSS on each side, twice as many dots.
ZOOMED: dict[str, Any] = {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2}
# A slow machine's patience; what has a limit of its own is measured.
PATIENCE_MS = 20_000

# Policy violations are events of the document; the console has them only as a text.
WATCH = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.effectiveDirective} ${event.blockedURI}`));
"""


@dataclass
class Visit:
    """One browser with its own storage."""

    server: Running
    context: BrowserContext
    page: Page
    asked: list[Request] = field(default_factory=list)
    ended: list[Request] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    """Exceptions and errors on the console."""

    @classmethod
    def begin(cls, browser: Browser, server: Running, **options: Any) -> Visit:
        """A new context with one empty page. `options` are those of Playwright's new_context."""
        context = browser.new_context(**{"viewport": WIDE, "accept_downloads": True, **options})
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(WATCH)
        visit = cls(server, context, context.new_page())
        context.on("request", lambda request: visit.asked.append(request))  # noqa: PLW0108 - as below
        context.on("requestfinished", lambda request: visit.ended.append(request))  # noqa: PLW0108 - Playwright sets attributes on what it is given
        context.on("requestfailed", lambda request: visit.ended.append(request))  # noqa: PLW0108 - as above
        context.on("weberror", lambda error: visit.trouble.append(f"exception: {error.error}"))
        context.on("console", lambda told: visit.trouble.append(told.text) if told.type == "error" else None)
        return visit

    def open(self, place: str = "", page: Page | None = None) -> Page:
        """Go to a place of the page: `traces?filter=fault`, `service-map`, or nothing for the front."""
        page = page or self.page
        page.goto(f"{self.server.endpoint}/#/{place}" if place else f"{self.server.endpoint}/")
        page.get_by_role("navigation", name="Views").wait_for()
        return page

    def outside(self) -> list[str]:
        """Requests that left the machine, or went to another server on it. A blob or data address is no request."""
        own = (self.server.endpoint, "blob:", "data:")
        return [request.url for request in self.asked if not request.url.startswith(own)]

    def violations(self) -> list[str]:
        """What the content security policy stopped, in all open pages."""
        return [text for page in self.context.pages for text in page.evaluate("window.violations ?? []")]


def send(server: Running, documents: Iterable[Document]) -> None:
    """As the layer and the SDKs do: datagrams."""
    host, _, port = server.address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for document in documents:
            sender.sendto(HEADER + json.dumps(document).encode(), (host, int(port)))


def put(server: Running, documents: Iterable[Document]) -> None:
    """PutTraceSegments: they are stored when this is through. One that is refused fails the test."""
    for batch in batches([json.dumps(document) for document in documents]):
        _status, _headers, answer = clients.http(
            f"{server.endpoint}/TraceSegments", json.dumps({"TraceSegmentDocuments": batch}).encode()
        )
        assert json.loads(answer) == {"UnprocessedTraceSegments": []}
    assert server.store.settle(30)


def batches(texts: list[str], most: int = 50) -> Iterable[list[str]]:
    """PutTraceSegments takes fifty."""
    return (texts[first : first + most] for first in range(0, len(texts), most))
