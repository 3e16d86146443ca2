"""Imports of the X-Ray SDK's dependencies that Lambda has no use for: made when they are used.

wrapt imports asyncio for one function and importlib.metadata for another, 20 ms of a cold start in which neither is called
(measured). While such a module is being imported by wrapt, and only for it, a stand-in is in sys.modules; at its first use
it imports the real one and puts that in its place. Whoever else imports the module gets the real one at once.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from .imports import Imports

# Who imports what, for wrapt 1.14 to 2.5; the name that the import statement binds is the first part.
LATER = {"asyncio": "wrapt.synchronization", "importlib.metadata": "wrapt.importer"}

_wanted: "set[str]" = set()
_Module: "type[ModuleType]" = type(sys)


class Later(_Module):  # type: ignore[misc,valid-type]
    """Stands for a module, or for a package one of whose modules is not imported yet.

    Args:
        name: the module to import at the first use.
        holder: the module that has this in its namespace.
    """

    def __init__(self, name: str, holder: str) -> None:
        super().__init__(name.partition(".")[0])
        self.__dict__["_later"] = (name, holder)

    def __getattr__(self, attribute: str) -> "Any":
        if attribute.startswith("__"):  # asked by importlib and inspect, which look at every module
            raise AttributeError(attribute)
        name, holder = self.__dict__["_later"]
        _wanted.add(name)
        real = __import__(name)
        namespace = getattr(sys.modules.get(holder), "__dict__", {})
        if namespace.get(self.__name__) is self:
            namespace[self.__name__] = real
        return getattr(real, attribute)


def _importer() -> str:
    """Return the name of the module whose import statement is being carried out."""
    frame: "Any" = sys._getframe(1)  # noqa: SLF001
    while frame is not None and frame.f_globals.get("__name__") in (__name__, _OURS, _GUARD, *_IMPORTLIB):
        frame = frame.f_back
    return "" if frame is None else str(frame.f_globals.get("__name__"))


_IMPORTLIB = ("importlib._bootstrap", "_frozen_importlib")
_OURS, _GUARD = __name__.replace("later", "imports"), __name__.replace("later", "guard")


def put_off(imports: "Imports", guarded: "Callable[[Callable[..., Any]], Callable[..., Any]]") -> None:
    """From now on, put those imports off.

    Args:
        imports: the import watcher.
        guarded: makes our functions harmless.
    """

    def begin(name: str) -> "Callable[[], None] | None":
        holder = LATER[name]
        if name in _wanted or _importer() != holder:
            return None
        stand_in = sys.modules[name] = Later(name, holder)

        def end() -> None:
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]
            if "." in name:  # `import a.b` binds a, which has no b yet
                imports.after[holder] = lambda module: module.__dict__.__setitem__(name.partition(".")[0], stand_in)

        return end

    for name in LATER:
        imports.before[name] = guarded(begin)
