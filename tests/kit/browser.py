"""Chromium without a window: the one that this machine has, driven by Playwright. Nothing is downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MISSING = f"no Chromium: none of {', '.join(NAMES)} on PATH (another one is named by CHROMIUM)"
# What a browser does for itself would be counted as the page's requests, and takes the processors.
FLAGS = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps")


def find() -> str | None:
    """The browser's program."""
    wanted = os.environ.get("CHROMIUM")
    return shutil.which(wanted) if wanted else next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launched(program: str) -> Iterator[Browser]:
    """A running browser. Its processes are gone at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
