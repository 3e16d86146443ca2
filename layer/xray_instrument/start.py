"""The start, called once by sitecustomize: from here on imports are watched, and nothing else happens.

The guest is put together when the runtime client is loaded (connect.py), and each plug-in when its library is:
what the function never imports costs it nothing.
"""

from time import time

from .guard import guarded
from .imports import Imports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import ModuleType

    Load = Callable[[Iterable[str]], None]

# What sitecustomize.py loads before it calls us, and what connect.py needs, in the order in which they need each other.
FIRST = ("guard", "imports", "start")
_GUEST = (
    "wire", "model", "context", "emitter", "recorder", "settings", "header", "triggers", "invocation", "initialization",
    "runtime", "connect",
)  # fmt: skip


def _load_nothing(_names: "Iterable[str]") -> None:
    """Leave all to the ordinary import."""


def start(environ: "Mapping[str, str]", clock_reading: "str | None" = None, load: "Load" = _load_nothing) -> Imports:
    """Arm the layer.

    Args:
        environ: the process's environment.
        clock_reading: what bash's EPOCHREALTIME said in the wrapper, if there was one.
        load: loads modules by full name quicker than an import, or leaves them to it.

    Returns:
        What watches the imports; tests look at it.
    """
    imports = Imports()
    first_code = time()

    def load_own(names: "Iterable[str]") -> None:
        load([f"{__package__}.{name}" for name in names])

    def connect_runtime(client: "ModuleType") -> None:
        load_own(_GUEST)
        from .connect import connect  # noqa: PLC0415  (not before the runtime client is there)

        connect(client, imports, environ, (first_code, clock_reading), load_own)

    imports.when_loaded("awslambdaric.lambda_runtime_client", guarded("start")(connect_runtime))
    return imports
