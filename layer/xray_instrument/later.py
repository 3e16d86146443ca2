"""Imports of tracers' dependencies that Lambda has no use for: made when they are used.

wrapt imports asyncio for one function and importlib.metadata for another, 20 ms of a cold start in which neither is called
(measured); OpenTelemetry's API imports asyncio to ask whether what it decorates is a coroutine function. While such a module is
being imported by one of these, and only for it, a stand-in is in sys.modules; at its first use it imports the real one
and puts that in its place. Whoever else imports the module gets the real one at once.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType
    from typing import Any

    from .imports import Imports

# For each part that can be switched off: what is imported, and by whom. Of wrapt 1.14 to 2.5; of OpenTelemetry's API,
# where the first one is what it takes `deprecated` from before Python 3.14.
LATER: "dict[str, dict[str, tuple[str, ...]]]" = {
    "aws_xray_sdk": {"asyncio": ("wrapt.synchronization",), "importlib.metadata": ("wrapt.importer",)},
    "opentelemetry": {
        "asyncio": ("typing_extensions", "opentelemetry.util._decorator"),
        "asyncio.coroutines": ("typing_extensions",),
    },
}

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
        if name == "asyncio" and attribute in _Coroutines.ASKED and name not in sys.modules:
            return _Coroutines() if attribute == "coroutines" else _Coroutines.iscoroutinefunction
        _wanted.add(name)
        real = __import__(name)
        namespace = getattr(sys.modules.get(holder), "__dict__", {})
        if namespace.get(self.__name__) is self:
            namespace[self.__name__] = real
        return getattr(real, attribute)


class _Coroutines:
    """Stands for asyncio.coroutines while nobody has imported asyncio.

    A function can be marked as a coroutine function with a mark of asyncio's; as long as that is not loaded, none is, and
    inspect's answer is the same.
    """

    ASKED = ("coroutines", "iscoroutinefunction")

    @staticmethod
    def iscoroutinefunction(function: object) -> bool:
        """Return asyncio.iscoroutinefunction(function)."""
        import inspect  # noqa: PLC0415  (who asks has it loaded)

        return inspect.iscoroutinefunction(function)

    def __getattr__(self, attribute: str) -> "Any":
        _wanted.update(("asyncio", "asyncio.coroutines"))
        from asyncio import coroutines  # noqa: PLC0415  (the point of this module)

        return getattr(coroutines, attribute)


def _importer() -> str:
    """Return the name of the module whose import statement is being carried out."""
    frame: "Any" = sys._getframe(1)  # noqa: SLF001
    while frame is not None and frame.f_globals.get("__name__") in (__name__, _OURS, _GUARD, *_IMPORTLIB):
        frame = frame.f_back
    return "" if frame is None else str(frame.f_globals.get("__name__"))


_IMPORTLIB = ("importlib._bootstrap", "_frozen_importlib")
_OURS, _GUARD = __name__.replace("later", "imports"), __name__.replace("later", "guard")


def put_off(imports: "Imports", parts: "Iterable[str]", guarded: "Callable[..., Callable[..., Any]]") -> None:
    """From now on, put the imports of these parts off.

    Args:
        imports: the import watcher.
        parts: keys of LATER.
        guarded: makes our functions harmless.
    """
    for part in parts:
        for name, holders in LATER[part].items():
            _holders.setdefault(name, set()).update(holders)
            imports.before[name] = guarded(part)(lambda name: _begin(imports, name))


_holders: "dict[str, set[str]]" = {}


def _begin(imports: "Imports", name: str) -> "Callable[[], None] | None":
    """Have the stand-in found, if the right one imports; returns what ends that."""
    holder = _importer()
    if name in _wanted or holder not in _holders[name] or (name == "asyncio.coroutines" and "asyncio" in sys.modules):
        return None
    stand_in = sys.modules[name] = Later(name, holder)

    def end() -> None:
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
        if name == "importlib.metadata":  # `import a.b` binds a, which has no b yet
            imports.after[holder] = lambda module: module.__dict__.__setitem__(name.partition(".")[0], stand_in)

    return end
