"""What the layer offers for import where the function's own package has nothing of that name.

`aws_xray_sdk` (with the wrapt that it needs) and our own helper lie in the layer's private folder. They are found by a
finder at the end of sys.meta_path, so that any copy of the function's wins, and it is there only while somebody imports
one of these names and has not found it: nobody sees it, and it costs nobody else anything. No metadata of
installed packages changes.
"""

import sys
from _frozen_importlib_external import PathFinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .imports import Imports

HELPER = "xray_instrument_helper"
SDK = "aws_xray_sdk"
# What is offered only where the SDK itself is the layer's.
NEEDED = "wrapt"


class _Finder:
    """Finds one top-level module in the layer's folder."""

    def __init__(self, name: str, folder: str) -> None:
        self._name = name
        self._folder = folder

    def find_spec(self, name: str, path: object = None, _target: object = None) -> "Any":
        """Return the spec of that module, and of no other."""
        if name != self._name or path is not None:
            return None
        try:
            return PathFinder.find_spec(name, [self._folder])
        finally:
            sys.path_importer_cache.pop(self._folder, None)


def offer(imports: "Imports", folder: str, guarded: "Callable[[Callable[..., Any]], Callable[..., Any]]") -> None:
    """From now on, let these names be found.

    Args:
        imports: the import watcher.
        folder: what they lie in.
        guarded: makes our functions harmless.
    """

    def begin(name: str) -> "Callable[[], None] | None":
        sdk = getattr(sys.modules.get(SDK), "__file__", None)
        if name == NEEDED and not str(sdk).startswith(folder):
            return None
        finder: "Any" = _Finder(name, folder)
        sys.meta_path.append(finder)

        def end() -> None:
            if finder in sys.meta_path:
                sys.meta_path.remove(finder)

        return end

    for name in (SDK, HELPER, NEEDED):
        imports.before[name] = guarded(begin)
