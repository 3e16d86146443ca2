"""Start-up: Python imports this by itself, because the wrapper put our folder first on PYTHONPATH.

In this order: undo what the wrapper changed, so that from here on the process looks as if we were
not there; start the layer; run the user's own sitecustomize, which ours hides. Whatever goes wrong
in our part costs one line on stderr and the trace, never the function.
"""

import _frozen_importlib
import _frozen_importlib_external
import marshal
import os
import posix  # os.open may be another by the time of a later load: a checker of blocking calls in coroutines
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

OWN_FOLDER = os.path.dirname(__file__)
STARTED_AT = "XRAY_INSTRUMENT_T0"
GUEST = "guest"
RUNTIME = "XRAY_INSTRUMENT_RUNTIME"


def on_the_way() -> bool:
    """Whether this Python is not the runtime but belongs to another wrapper, which will start the runtime later.

    It has the runtime's command, interpreter first, among its own arguments; the environment must stay for the runtime.
    """
    if os.environ.get(RUNTIME) not in sys.orig_argv[1:]:
        return False
    if OWN_FOLDER in sys.path:
        sys.path.remove(OWN_FOLDER)
    return True


def restore_environment() -> "str | None":
    """Give PYTHONPATH and sys.path back as they were; return the wrapper's clock reading, if it took one.

    Returns:
        Seconds since the epoch as bash prints them (a comma or a point between), or None.
    """
    listed = os.environ.get("PYTHONPATH", "").split(":")
    # By absolute path, as `site` has made OWN_FOLDER one; anywhere in the list, as another wrapper may put its own first.
    ours = [folder for folder in listed if folder and os.path.abspath(folder) == OWN_FOLDER]
    rest = [folder for folder in listed if folder not in ours]
    if ours and rest:
        os.environ["PYTHONPATH"] = ":".join(rest)
    elif ours:
        del os.environ["PYTHONPATH"]
    if OWN_FOLDER in sys.path:
        at = sys.path.index(OWN_FOLDER)
        # A set but empty PYTHONPATH counts for nothing alone, but behind ours it names the current folder.
        empty = rest == [""] and sys.path[at + 1 : at + 2] == [os.getcwd()]
        del sys.path[at : at + 1 + empty]
    sys.path_importer_cache.pop(OWN_FOLDER, None)
    return os.environ.pop(STARTED_AT, None)


def chain() -> None:
    """Import the sitecustomize that Python would have found without us.

    Raises:
        Whatever the user's module raises: `site` prints it, as it would have without us.
    """
    own = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # noqa: F401, PLC0415  (not this file: its folder is off sys.path)
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        # importlib wants to find the module that it is just loading; the layer drops it later.
        sys.modules["sitecustomize"] = own


_codes: "dict[str, Any]" = {}


def load(names: "Iterable[str]", bundle: str = "") -> None:
    """Load modules of ours straight from the byte-code that the layer ships, without importlib's search.

    Saves a tenth of a millisecond for each (measured), and leaves nothing in importlib's caches. A module without
    such byte-code for this Python is left to the ordinary import, which finds it through the package's __path__.

    Args:
        names: in the order in which they need each other; packages end with a dot.
        bundle: the file that has them all.
    """
    global _codes  # noqa: PLW0603
    wanted = {name: given for given in names if (name := given.rstrip(".")) not in sys.modules}
    codes = _codes
    if bundle and not codes.keys() >= wanted.keys():
        codes = _bytecode(f"{OWN_FOLDER}/xray_instrument/__pycache__/bundle-{bundle}.{sys.implementation.cache_tag}.pyc") or {}
        if bundle == GUEST:  # loaded in two steps; the others at once, by whichever thread
            _codes = codes
    for name, given in wanted.items():
        is_package = given != name
        package, _, leaf = name.rpartition(".")
        stem = f"{OWN_FOLDER}/{name.replace('.', '/')}"
        folder, file = (stem, "__init__") if is_package else (os.path.dirname(stem), leaf)
        code = codes.pop(name, None) or _bytecode(f"{folder}/__pycache__/{file}.{sys.implementation.cache_tag}.pyc")
        if code is None:
            return
        spec = _frozen_importlib.ModuleSpec(name, None, origin=f"{folder}/{file}.py", is_package=is_package)
        module = type(sys)(name)
        module.__spec__, module.__file__ = spec, spec.origin
        module.__package__ = name if is_package else package
        if is_package:
            module.__path__ = spec.submodule_search_locations = [folder]
        exec(code, module.__dict__)  # noqa: S102  (what importlib does)
        # Not before: another thread (the watcher, one of the function's) would take it half done. Where two make it, the
        # first one counts.
        module = sys.modules.setdefault(name, module)
        if package:
            setattr(sys.modules[package], leaf, module)


def _bytecode(path: str) -> "Any":
    """Return what a .pyc of this Python holds that need not be checked against its source, or None."""
    try:
        descriptor = posix.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        data = posix.read(descriptor, 1 << 20)
    finally:
        posix.close(descriptor)
    # 16 bytes of header: magic number, flags (1: by hash, unchecked; PEP 552), hash of the source.
    if data[:8] != _frozen_importlib_external.MAGIC_NUMBER + b"\x01\0\0\0":
        return None
    return marshal.loads(data[16:])


def start_layer(started_at: "str | None") -> None:
    """Load the package from our folder, which is off sys.path for good, and arm it."""
    load(("xray_instrument.", "xray_instrument.guard", "xray_instrument.imports", "xray_instrument.start"), GUEST)
    if "xray_instrument.start" not in sys.modules:
        sys.path.insert(0, OWN_FOLDER)
        try:
            __import__("xray_instrument.start")  # found now, never by the function's code
        finally:
            sys.path.remove(OWN_FOLDER)
            sys.path_importer_cache.pop(OWN_FOLDER, None)
    sys.modules["xray_instrument.start"].start(os.environ, started_at, load)


def main() -> None:
    """Undo, and start."""
    if on_the_way():
        return
    os.environ.pop(RUNTIME, None)
    started_at = restore_environment()
    try:
        start_layer(started_at)
    except Exception as error:  # noqa: BLE001  (the last line of defence: the runtime must start)
        sys.stderr.write(f"xray_instrument: not started, your function is not affected: {error!r}\n")


try:
    main()
finally:
    chain()
