"""Imports of tracers' dependencies that Lambda has no use for: made when they are used.

wrapt imports asyncio for one function and importlib.metadata for another, 20 ms of a cold start in which neither is called
(measured). OpenTelemetry's API imports asyncio to ask whether what it decorates is a coroutine function, typing_extensions for
names that are the standard library's own since Python 3.13.3 (1.3 ms on 3.14, measured on a quiet machine, twice that on a busy
one), and uuid for the text of one in a name (0.5 ms). While such a module is being imported by one of these, and only for
it, a stand-in is in sys.modules; at its first use it imports the real one and puts that in its place. Whoever else imports the
module gets the real one at once.
"""

import os
import sys
from _frozen_importlib_external import PathFinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType
    from typing import Any

    from .imports import Imports

_BACKPORTS = "typing_extensions"
# For each part that can be switched off: what is imported, and by whom. Of wrapt 1.14 to 2.5; of OpenTelemetry's API,
# where the first one is what it takes `deprecated` from before Python 3.14.
LATER: "dict[str, dict[str, tuple[str, ...]]]" = {
    "aws_xray_sdk": {"asyncio": ("wrapt.synchronization",), "importlib.metadata": ("wrapt.importer",)},
    "opentelemetry": {
        "asyncio": ("typing_extensions", "opentelemetry.util._decorator"),
        "asyncio.coroutines": ("typing_extensions",),
        "uuid": ("opentelemetry.context",),
        _BACKPORTS: (
            "opentelemetry.trace",
            "opentelemetry.attributes",
            "opentelemetry.propagators.composite",
            "opentelemetry.util.re",
            "opentelemetry._logs._internal",
            "opentelemetry.metrics._internal",
        ),
    },
}
# Of typing_extensions: what it hands on as it is in the standard library's module, and since when it does so (4.15).
_HANDS_ON = (3, 13, 3)
_HANDED_ON = {"deprecated": "warnings", "assert_never": "typing"}

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
        enough = _without(name, attribute)
        if enough is not None:
            return enough
        _wanted.add(name)
        real = __import__(name)
        namespace = getattr(sys.modules.get(holder), "__dict__", {})
        if namespace.get(self.__name__) is self:
            namespace[self.__name__] = real
        return getattr(real, attribute)


def _without(name: str, attribute: str) -> "Any":
    """Return what is as good as the module's attribute and needs no import, or None."""
    if name == _BACKPORTS:
        return getattr(sys.modules.get(_HANDED_ON.get(attribute, "")), attribute, None)
    if name in sys.modules:
        return None
    if name == "uuid" and attribute == "uuid4":
        return _Uuid
    if name == "asyncio" and attribute in _Coroutines.ASKED:
        return _Coroutines() if attribute == "coroutines" else _Coroutines.iscoroutinefunction
    return None


class _Uuid:
    """Stands for a random UUID of which only the text is wanted (RFC 9562: version 4, variant 10)."""

    def __init__(self) -> None:
        digits = f"{int.from_bytes(os.urandom(16), 'big') & ~(0xF << 76) & ~(3 << 62) | 4 << 76 | 2 << 62:032x}"
        self._text = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def __str__(self) -> str:
        return self._text

    def __getattr__(self, attribute: str) -> "Any":
        from uuid import UUID  # noqa: PLC0415  (the point of this module)

        return getattr(UUID(self._text), attribute)


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
    if name == _BACKPORTS and (sys.version_info < _HANDS_ON or PathFinder.find_spec(name) is None):
        return None  # it has its own before; and who has not installed it is to be told so
    stand_in = sys.modules[name] = Later(name, holder)

    def end() -> None:
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
        if name == "importlib.metadata":  # `import a.b` binds a, which has no b yet
            imports.after[holder] = lambda module: module.__dict__.__setitem__(name.partition(".")[0], stand_in)

    return end
