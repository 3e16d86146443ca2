"""What all tests share: the header line that says which Lambda runtimes this machine can play."""

import os

import pytest

from tests.kit import pythons


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many more workers as processors: while one waits for a deadline, a package or a browser, another one works."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return usable + (usable + 1) // 2


def pytest_report_header() -> str:
    """Which Pythons run the functions under test, and which are missing."""
    return pythons.header()
