"""Every view of the page, with what is to be seen when it is ready: for tests that look at all of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.ui.traces import Made, documents, failed, order, timed_out
from tests.ui.visits import Visit, put
from xray_local.samples import sample_documents
from xray_local.server import Running


@dataclass(frozen=True)
class Seen:
    """The traces that are there."""

    cold: str
    warm: str
    timeout: str


@dataclass(frozen=True)
class View:
    """One view: its address, and a selector of what is there at the end."""

    name: str
    place: Callable[[Seen], str]
    ready: str

    def open(self, visit: Visit, seen: Seen) -> Page:
        """Go there and wait."""
        page = visit.open(self.place(seen))
        page.locator(self.ready).first.wait_for()
        return page


VIEWS = (
    View("map", lambda _seen: "service-map", "main .node"),
    View("node", lambda _seen: "service-map?show=list", "main table"),
    View("traces", lambda _seen: "traces", '[role="table"] a'),
    View("trace", lambda seen: f"traces/{seen.warm}", '[role="treegrid"] [role="row"]'),
    View("cold start", lambda seen: f"traces/{seen.cold}?view=cold-start", "main .flame button"),
    View("timeout", lambda seen: f"traces/{seen.timeout}", '[role="treegrid"] [role="row"]'),
    View("raw", lambda seen: f"traces/{seen.warm}/raw", "main pre"),
    View("compare", lambda seen: f"compare/{seen.cold}/{seen.warm}", '[role="table"] a'),
)


def furnish(server: Running) -> Seen:
    """A cold start, a warm order, a failure and a timeout, all of the last minute."""
    now = time.time()
    cold, sent = sample_documents(now - 5)
    made: list[Made] = [order(now - 20), failed(now - 15), timed_out(now - 30)]
    put(server, [*sent, *documents(made)])
    return Seen(cold, made[0].id, made[2].id)
