"""A server on a free port, and a browser that looks at it. Whatever a test does, no request leaves and nothing goes wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.kit import browser
from tests.ui.traces import documents, failed, order
from tests.ui.visits import PATIENCE_MS, Visit, put
from xray_local.server import Options, Running, start
from xray_local.store import Store


# Not for the session: while Playwright runs, no other test of this process can start an event loop.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The machine's browser, once for all tests of the page."""
    program = browser.find()
    if program is None:
        pytest.skip(browser.MISSING)
    # Else what is expected has five seconds to come, and what is waited for PATIENCE_MS.
    expect.set_options(timeout=PATIENCE_MS)
    with browser.launched(program) as found:
        yield found


@pytest.fixture
def server() -> Iterator[Running]:
    """xray-local with an empty store in memory."""
    with Store(None) as store, start(store, port=0, options=Options()) as running:
        yield running


@pytest.fixture
def visitor(chromium: Browser, server: Running) -> Iterator[Callable[..., Visit]]:
    """Begins visits, each in a browser of its own; at the end they must have been free of trouble."""
    visits: list[Visit] = []

    def begin(**options: Any) -> Visit:
        visits.append(Visit.begin(chromium, server, **options))
        return visits[-1]

    yield begin
    found = [(visit.outside(), visit.violations(), visit.trouble) for visit in visits]
    for visit in visits:
        visit.context.close()
    assert found == [([], [], [])] * len(visits)


@pytest.fixture
def visit(visitor: Callable[..., Visit]) -> Visit:
    """One wide, light visit."""
    return visitor(color_scheme="light")


@pytest.fixture
def shop(visit: Visit) -> Visit:
    """Three orders that went well and a payment that failed."""
    now = time.time()
    put(visit.server, documents([order(now - 20), order(now - 15), order(now - 10), failed(now - 5)]))
    return visit
