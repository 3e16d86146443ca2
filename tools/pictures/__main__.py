"""`make pictures`: the page with the demo's traces, in light and dark, wide and narrow, into docs/pictures/.

The functions, the layer and xray-local are the real ones; so are the order that hangs and the times. Names given to the command
choose among the pictures.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.kit import browser
from tools.pictures.play import Played, played
from tools.pythons import REPOSITORY
from xray_local.server import start
from xray_local.store import Store

FOLDER = REPOSITORY / "docs" / "pictures"
SIZES = {"1280": {"width": 1280, "height": 800}, "380": {"width": 380, "height": 800}}
THEMES = ("light", "dark")
# What is drawn after the data came: a layout, a bar that grows.
CALM_MS = 700


@dataclass(frozen=True)
class Scene:
    """One picture: an address, and when it is ready."""

    name: str
    place: Callable[[Played], str]
    ready: str
    """A selector of what is seen at the end."""


SCENES = (
    Scene("map", lambda _played: "service-map?timeRange=PT1H", "main svg"),
    Scene("traces", lambda _played: "traces?timeRange=PT1H", '[role="table"] [role="row"] a'),
    Scene("trace", lambda played: f"traces/{played.warm}?map=no", '[role="treegrid"]'),
    Scene("cold-start", lambda played: f"traces/{played.cold}?view=cold-start&map=no", "main .flame button"),
    Scene("timeout", lambda played: f"traces/{played.timeout}", '[role="treegrid"]'),
    Scene(
        "compare", lambda played: f"compare/{played.cold}/{played.warm}", "main table, main [role=table], main [role=treegrid]"
    ),
)
EMPTY = Scene("empty", lambda _played: "traces", "main button")


def views(chromium: Browser) -> Iterator[tuple[str, Page]]:
    """A page for each theme and width, with what its pictures' names end in."""
    for theme in THEMES:
        for name, size in SIZES.items():
            context = chromium.new_context(viewport=size, color_scheme=theme, reduced_motion="reduce", locale="en-GB")  # type: ignore[arg-type]
            yield f"{theme}-{name}", context.new_page()
            context.close()


def take(page: Page, endpoint: str, scene: Scene, played: Played | None, path: Path) -> None:
    """One picture of what fits into the window."""
    page.goto("about:blank")
    page.goto(f"{endpoint}/#/{scene.place(played)}")  # type: ignore[arg-type]
    page.locator(scene.ready).first.wait_for(timeout=20_000)
    # On a narrow page what the picture is of stands further down; on a wide one its beginning is in sight.
    if page.viewport_size == SIZES["380"]:
        page.locator(scene.ready).first.scroll_into_view_if_needed()
    page.wait_for_timeout(CALM_MS)
    page.screenshot(path=path)
    print(path.relative_to(REPOSITORY) if path.is_relative_to(REPOSITORY) else path)


def take_all(chromium: Browser, wanted: Sequence[str], folder: Path) -> None:
    """The pictures with those names."""
    folder.mkdir(parents=True, exist_ok=True)
    scenes = [scene for scene in SCENES if scene.name in wanted]
    with ExitStack() as stack:
        if scenes:
            demo = stack.enter_context(played())
            for ending, page in views(chromium):
                for scene in scenes:
                    take(page, demo.endpoint, scene, demo, folder / f"{scene.name}-{ending}.png")
        if EMPTY.name in wanted:
            running = stack.enter_context(start(stack.enter_context(Store(None)), port=0))
            for ending, page in views(chromium):
                take(page, running.endpoint, EMPTY, None, folder / f"{EMPTY.name}-{ending}.png")


def main(arguments: Sequence[str]) -> int:
    """Take pictures."""
    names = [scene.name for scene in (*SCENES, EMPTY)]
    parser = argparse.ArgumentParser(prog="python -m tools.pictures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}; default: all")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where they go")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(names)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    program = browser.find()
    if program is None:
        print(f"pictures: {browser.MISSING}", file=sys.stderr)
        return 1
    with browser.launched(program) as chromium:
        take_all(chromium, options.names or names, options.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
