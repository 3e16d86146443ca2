"""How quick the page is in the browser: a trace of 5,000 subsegments, a list of 10,000 traces, a map of 200 nodes.

Everything is timed in the page itself, from the click to the second frame after what was asked for is in the document: the
server's answer, the work of the page and the browser's layout and drawing are in it. A shared machine's clock says little, so
beside it stand the processor's time of the page's thread and of the server, and the same for a trace of one call.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import CDPSession, Page

from benchmarks.figures import spread
from benchmarks.report import Row
from tools.pythons import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "local"))

from tests.kit import browser
from tests.ui.traces import Made, documents, order, wide
from tests.ui.visits import put
from xray_local.server import Running, start
from xray_local.store import Store

# Targets of the project: what feels immediate, on a machine that does other things too.
OPEN_MS, SCROLL_MS, NODES, SORT_MS, LAYOUT_MS = 500, 50, 1_000, 200, 500
# What a person feels as a stutter begins there; browsers call it a long task.
TASK_MS = 50
SUBSEGMENTS, TRACES, SERVICES = 5_000, 10_000, 200
ROUNDS = 11
FRAMES = 120

TIMED = """
window.drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
window.until = (there) => {
    const look = async () => {
        while (!there()) await new Promise((done) => requestAnimationFrame(done));
        await drawn();
    };
    // Not by frames: a page that makes none any more has to be told of, too.
    const late = new Promise((_done, fail) => setTimeout(() => fail(new Error(
        `not within a minute, at ${location.hash}: ${document.querySelector("main")?.textContent.slice(0, 300)}`)), 60_000));
    return Promise.race([look(), late]);
};
window.timed = async (act, there) => {
    const begun = performance.now();
    act();
    await until(there);
    return performance.now() - begun;
};
window.tasks = [];
new PerformanceObserver((list) => tasks.push(...list.getEntries())).observe({ entryTypes: ["longtask"] });
"""
# Shorter tasks are not reported; a second is longer than anything that follows.
AFTER = """async () => {
    const opened = performance.now();
    await new Promise((done) => setTimeout(done, 1000));
    return tasks.filter((one) => one.startTime >= opened).reduce((most, one) => Math.max(most, one.duration), 0);
}"""
OPEN = """([place, ready]) => timed(() => { location.hash = place; }, () => document.querySelector(ready))"""
SCROLL = """async (frames) => {
    const within = document.querySelector('[role="treegrid"]');
    const inner = [...within.querySelectorAll("*"), within].find((one) =>
        one.scrollHeight > one.clientHeight + 200 && ["auto", "scroll"].includes(getComputedStyle(one).overflowY));
    const scroller = inner ?? document.scrollingElement;
    const step = scroller.scrollHeight / frames;
    const times = [];
    let most = 0;
    for (let frame = 0; frame < frames; frame += 1) {
        const begun = performance.now();
        scroller.scrollTop = frame * step;
        await new Promise((done) => requestAnimationFrame(done));
        times.push(performance.now() - begun);
        most = Math.max(most, document.querySelectorAll("*").length);
    }
    return { times: times.slice(2), most, travelled: scroller.scrollTop };
}"""
SORT = """async (name) => {
    const button = [...document.querySelectorAll('[role="columnheader"] button')].find((one) => one.textContent.startsWith(name));
    const first = () => document.querySelector('.rows [role="row"] a[href]')?.getAttribute("href");
    const before = first();
    return timed(() => button.click(), () => first() !== before);
}"""
LAYOUT = """async ([start, end]) => {
    const [graph, layout] = await Promise.all([import("/ui/map/graph.js"), import("/ui/map/layout.js")]);
    const { Services } = await (await fetch(`/xray-local/graph?start=${start}&end=${end}`)).json();
    const found = graph.fromServices(Services);
    const begun = performance.now();
    const placed = layout.layout(found);
    return { ms: performance.now() - begun, nodes: found.nodes.length };
}"""


def services(begun: float, count: int) -> Iterator[Made]:
    """Traces through so many services: each calls one that is three to nine places further on, in trees of several levels."""
    for number in range(count - 1):
        made = Made(begun + number * 0.01)
        caller = (number * 7 // 10) if number else 0
        parent = made.segment(f"service-{caller:03}", 0, 0.2, origin="AWS::ECS::Container")
        remote = made.part(f"service-{number + 1:03}", 0.05, 0.15, namespace="remote")
        parent["subsegments"] = [remote]
        made.segment(f"service-{number + 1:03}", 0.06, 0.14, parent_id=remote["id"], origin="AWS::ECS::Container")
        yield made


def short(begun: float, count: int) -> Iterator[Made]:
    """Traces of one segment, all of different lengths."""
    for number in range(count):
        made = Made(begun + number * 0.05)
        http = {"request": {"method": "GET", "url": f"https://shop.example.com/orders/{number}"}, "response": {"status": 200}}
        made.segment("shop", 0, 0.01 + (number * 7919 % count) / count, http=http)
        yield made


@contextmanager
def looked_at(made: Sequence[Made]) -> Iterator[tuple[Running, Page]]:
    """A server with those traces, and a browser at its page."""
    program = browser.find()
    if program is None:
        raise SystemExit(f"benchmarks: {browser.MISSING}")
    with Store(None) as store, start(store, port=0) as server, browser.launched(program) as chromium:
        put(server, documents(made))
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        page.add_init_script(TIMED)
        page.set_default_timeout(60_000)
        yield server, page


@dataclass
class Opened:
    """What opening a trace took, in ms, each time."""

    clock: list[float] = field(default_factory=list)
    page: list[float] = field(default_factory=list)
    """The processor's time of the page's thread."""
    server: list[float] = field(default_factory=list)
    later: list[float] = field(default_factory=list)
    """The longest task of the second afterwards."""


def thread_ms(session: CDPSession) -> float:
    """The processor's time that the page's thread has spent on its tasks."""
    found = session.send("Performance.getMetrics")["metrics"]
    return 1000 * float(next(one["value"] for one in found if one["name"] == "TaskDuration"))


def open_trace(page: Page, server: Running, trace_id: str, opened: Opened) -> None:
    """Open it once, in a page in which nothing is left of the time before."""
    page.goto(f"{server.endpoint}/#/traces")
    page.reload()
    page.locator('[role="table"] a').first.wait_for()
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    # With its name, its bar, and all that came before it.
    ready = '[role="treegrid"] [role="row"][aria-rowindex="3"] path.bar'
    page_ms, server_s = thread_ms(session), time.process_time()
    opened.clock.append(page.evaluate(OPEN, [f"#/traces/{trace_id}", ready]))
    opened.page.append(thread_ms(session) - page_ms)
    opened.server.append((time.process_time() - server_s) * 1000)
    opened.later.append(page.evaluate(AFTER))
    session.detach()


def of_a_trace(rounds: int) -> list[Row]:
    """Open it, scroll through it, and count; beside it one of a single call."""
    begun = time.time() - 120
    made, small = wide(begun, SUBSEGMENTS), order(begun)
    large, least = Opened(), Opened()
    frames: list[float] = []
    most, loads = 0, []
    with looked_at([made, small]) as (server, page):
        for _ in range(rounds):
            open_trace(page, server, small.id, least)
            open_trace(page, server, made.id, large)
            page.get_by_role("button", name="Unfold all").click()
            page.evaluate("drawn()")
            scrolled = page.evaluate(SCROLL, FRAMES)
            assert scrolled["travelled"] > 0
            frames.append(statistics.quantiles(scrolled["times"], n=20)[-1])
            most = max(most, scrolled["most"])
            loads.append(os.getloadavg()[0])
    name, load = f"trace of {SUBSEGMENTS:,} subsegments", statistics.median(loads)
    return [
        Row(f"{name}: opens", OPEN_MS, " ms", spread(large.clock), load=load),
        Row(f"{name}: opens, processor's time of the page", None, " ms", spread(large.page), load=load),
        Row(f"{name}: opens, processor's time of the server", None, " ms", spread(large.server), load=load),
        Row(f"{name}: the longest task after that", TASK_MS, " ms", spread(large.later), load=load),
        Row(f"{name}, all unfolded: scrolls, 95 % of the frames within", SCROLL_MS, " ms", spread(frames), load=load),
        Row(f"{name}: nodes in the document at most", NODES, "", spread([most]), load=load),
        Row("trace of one call: opens", None, " ms", spread(least.clock), load=load),
        Row("trace of one call: opens, processor's time of the page", None, " ms", spread(least.page), load=load),
        Row("trace of one call: opens, processor's time of the server", None, " ms", spread(least.server), load=load),
    ]


def of_a_list(rounds: int) -> list[Row]:
    """Sort it by another column, and back."""
    sorts: list[float] = []
    loads: list[float] = []
    with looked_at([*short(time.time() - 700, TRACES)]) as (server, page):
        page.goto(f"{server.endpoint}/#/traces")
        page.get_by_text(f"{TRACES:,} traces").wait_for()
        for _ in range(rounds):
            sorts += [page.evaluate(SORT, name) for name in ("Duration", "Request")]
            loads.append(os.getloadavg()[0])
    return [Row(f"list of {TRACES:,} traces: sorts", SORT_MS, " ms", spread(sorts), load=statistics.median(loads))]


def of_a_map(rounds: int) -> list[Row]:
    """Lay it out; and open it, with all that comes before and after."""
    laid: list[float] = []
    opened: list[float] = []
    loads: list[float] = []
    with looked_at([*services(time.time() - 60, SERVICES)]) as (server, page):
        for _ in range(rounds):
            page.goto(f"{server.endpoint}/#/traces")
            page.reload()
            page.locator('[role="table"] a').first.wait_for()
            opened.append(page.evaluate(OPEN, ["#/service-map", "main .node"]))
            answer: dict[str, Any] = page.evaluate(LAYOUT, [time.time() - 3600, time.time() + 1])
            assert answer["nodes"] >= SERVICES
            laid.append(answer["ms"])
            loads.append(os.getloadavg()[0])
    load = statistics.median(loads)
    return [
        Row(f"map of {SERVICES} nodes: laid out", LAYOUT_MS, " ms", spread(laid), load=load),
        Row(f"map of {SERVICES} nodes: opens", None, " ms", spread(opened), load=load),
    ]


def measure(rounds: int = ROUNDS) -> list[Row]:
    """All of it."""
    return [*of_a_trace(rounds), *of_a_list(rounds), *of_a_map(rounds)]
