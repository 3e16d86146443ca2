"""Watches imports without standing in any of them.

importlib takes a lock around each module that it loads, with its own context manager
`_ModuleLockManager`: enter, find and load, exit, also when loading fails. Ours is a subclass put in its
place. So no finder on sys.meta_path, no loader exchanged, no frame of ours in any traceback, and nothing
to undo on the modules. Three things hang on it: what is to happen after a library's import (ours are
imported only then), what is to happen before (fallback.py, later.py), and the timing of the initialization's imports.
"""

import _frozen_importlib as importlib_bootstrap
import sys
from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


class Imports:
    """What is called when modules are loaded.

    Attributes:
        before: module name to what is called with the name when somebody begins to load it; guarded. What that returns, if
            anything, is called when the loading has ended.
        after: module name to what is called with the module, once, when it has been loaded.
        always: the names for which it is called at every loading: a function may drop a library from sys.modules to load
            another copy.
        began, ended: called with a module's name on the main thread around its loading, while timing is on; guarded,
            as the function's import would fail with them.
    """

    def __init__(self) -> None:
        self.before: "dict[str, Callable[[str], Callable[[], None] | None]]" = {}
        self.after: "dict[str, Callable[[ModuleType], None]]" = {}
        self.always: "set[str]" = set()
        self.began: "Callable[[str], None] | None" = None
        self.ended: "Callable[[str], None] | None" = None
        self._thread = get_ident()
        self._plain: "Any" = None

    def when_loaded(self, name: str, call: "Callable[[ModuleType], None]", *, always: bool = False) -> None:
        """Call `call` with the module `name` as soon as it has been loaded; now, if it is already."""
        module = sys.modules.get(name)
        spec = getattr(module, "__spec__", None)
        if module is not None and not getattr(spec, "_initializing", False):
            call(module)
            if not always:
                return
        self.after[name] = call
        if always:
            self.always.add(name)
        if self._plain is None:
            self.arm()

    def take(self, name: str) -> "Callable[[ModuleType], None]":
        """Return what waits for a module."""
        return self.after[name] if name in self.always else self.after.pop(name)

    def arm(self) -> None:
        """Put ours in the place of importlib's context manager."""
        plain = self._plain = importlib_bootstrap._ModuleLockManager  # type: ignore[attr-defined]  # noqa: SLF001
        enter, leave, modules, watch, main = plain.__enter__, plain.__exit__, sys.modules, self, self._thread

        class _ModuleLockManager(plain):  # type: ignore[misc,valid-type]
            def __enter__(self) -> None:
                name = self._name
                self._xray_instrument = loads = name not in modules
                if loads and watch.began is not None and get_ident() == main:
                    watch.began(name)
                enter(self)
                if loads and name in watch.before and name not in modules:
                    self._xray_instrument_undo = watch.before[name](name)

            def __exit__(self, *args: object, **kwargs: object) -> None:
                undo = self.__dict__.get("_xray_instrument_undo")
                if undo is not None:
                    undo()
                leave(self, *args, **kwargs)
                if self._xray_instrument:
                    name = self._name
                    if watch.ended is not None and get_ident() == main:
                        watch.ended(name)
                    if name in watch.after and name in modules:  # else it failed to load, and may be loaded again
                        watch.take(name)(modules[name])

        importlib_bootstrap._ModuleLockManager = _ModuleLockManager  # type: ignore[attr-defined]  # noqa: SLF001

    def stop_timing(self) -> None:
        """Time no more imports, and give importlib its own context manager back when nothing is waited for."""
        self.began = self.ended = None
        if not self.after and not self.before and self._plain is not None:
            self._plain, plain = None, self._plain
            importlib_bootstrap._ModuleLockManager = plain  # type: ignore[attr-defined]  # noqa: SLF001
