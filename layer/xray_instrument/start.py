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

    Load = Callable[[Iterable[str], str], None]

# What is loaded together, in the order in which they need each other (a package ends with a dot): the byte-code of each of
# these is one file (tools/pack.py), because a layer's files are read one by one from a slow place. Every cold start has
# the guest: sitecustomize.py loads the first three of it, connect_runtime the rest.
BUNDLES: "dict[str, tuple[str, ...]]" = {
    "guest": (
        "guard", "imports", "start", "wire", "model", "context", "emitter", "recorder", "settings", "header", "triggers",
        "invocation", "initialization", "runtime", "connect",
    ),
    "before_import": ("fallback", "later"),
    "helper": ("causes", "custom"),
    "botocore": (
        "causes", "plugins.", "plugins.aws_errors", "plugins.aws_table", "plugins.aws_resources", "plugins.tracers",
        "plugins.botocore",
    ),
    "xray_sdk": (
        "plugins.", "plugins.xray_sdk_entities", "plugins.xray_sdk_context", "plugins.xray_sdk", "plugins.xray_sdk_patches",
    ),
    "otel_api": ("plugins.", "plugins.otel_api"),
    "opentelemetry": (
        "plugins.aws_errors", "plugins.otel_fields", "plugins.otel_spans", "plugins.otel_tracer",
    ),
}  # fmt: skip


def _load_nothing(_names: "Iterable[str]", _bundle: str) -> None:
    """Leave all to the ordinary import."""


def start(environ: "Mapping[str, str]", clock_reading: "str | None" = None, load: "Load" = _load_nothing) -> Imports:
    """Arm the layer.

    Args:
        environ: the process's environment.
        clock_reading: what bash's EPOCHREALTIME said in the wrapper, if there was one.
        load: loads modules by full name, from a bundle's file if it has that, quicker than an import, or leaves them to it.

    Returns:
        What watches the imports; tests look at it.
    """
    imports = Imports()
    first_code = time()

    def load_own(what: str) -> None:
        load([f"{__package__}.{name}" for name in BUNDLES.get(what, (what,))], what if what in BUNDLES else "")

    def connect_runtime(client: "ModuleType") -> None:
        load_own("guest")
        from .connect import connect  # noqa: PLC0415  (not before the runtime client is there)

        connect(client, imports, environ, (first_code, clock_reading), load_own)

    imports.when_loaded("awslambdaric.lambda_runtime_client", guarded("start")(connect_runtime))
    return imports
