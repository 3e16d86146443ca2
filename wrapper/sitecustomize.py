"""Start-up: Python imports this by itself, because the wrapper put our folder first on PYTHONPATH.

In this order: undo what the wrapper changed, so that from here on the process looks as if we were
not there; run the user's own sitecustomize, which ours hides; start the layer. Whatever goes wrong
in our part costs one line on stderr and the trace, never the function.
"""

import os
import sys

OWN_FOLDER = os.path.dirname(__file__)
STARTED_AT = "XRAY_INSTRUMENT_T0"


def restore_environment() -> "str | None":
    """Give PYTHONPATH and sys.path back as they were; return the wrapper's clock reading, if it took one.

    Returns:
        Seconds since the epoch as bash prints them (a comma or a point between), or None.
    """
    own, _, rest = os.environ.get("PYTHONPATH", "").partition(":")
    if own == OWN_FOLDER:
        if os.environ["PYTHONPATH"] == own:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = rest
    if OWN_FOLDER in sys.path:
        at = sys.path.index(OWN_FOLDER)
        # A set but empty PYTHONPATH counts for nothing alone, but behind ours it names the current folder.
        empty = own == OWN_FOLDER and os.environ.get("PYTHONPATH") == "" and sys.path[at + 1 : at + 2] == [os.getcwd()]
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


def start_layer(started_at: "str | None") -> None:
    """Import the package from our folder, which is off sys.path for good, and arm it."""
    sys.path.insert(0, OWN_FOLDER)
    try:
        import xray_instrument.start as layer  # noqa: PLC0415  (found now, never by the function's code)
    finally:
        sys.path.remove(OWN_FOLDER)
        sys.path_importer_cache.pop(OWN_FOLDER, None)
    layer.start(os.environ, started_at)


_started_at = restore_environment()
try:
    start_layer(_started_at)
except Exception as _error:  # noqa: BLE001  (the last line of defence: the runtime must start)
    sys.stderr.write(f"xray_instrument: not started, your function is not affected: {_error!r}\n")
finally:
    chain()
