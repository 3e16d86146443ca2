"""Installs ahead of the tests what they want: `python -m tests.kit.prepare`.

They do it themselves where it is not there, but then one of them installs and the others wait for it. What cannot be
installed is no matter here: the tests say why they skip.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.kit import layer, pythons
from tests.local.server import tools


def steps() -> Iterator[Callable[[], object]]:
    """What to make, in the order in which the tests ask for it."""
    yield layer.unpacked
    yield partial(layer.unpacked, with_fallback=False)
    versions = list(reversed(pythons.present()))
    for version in versions:
        yield partial(pythons.site, version)
    for command in tools.PACKAGES:
        yield partial(tools.installed, command)
    for client, wheels in pythons.CLIENTS.items():
        for version in (one for one in versions if one in wheels):
            yield partial(pythons.site, version, client)


def main() -> None:
    """All of it, one after the other."""
    for step in steps():
        with contextlib.suppress(pythons.MissingPythonError, pytest.skip.Exception):
            step()


if __name__ == "__main__":
    main()
