"""Puts the guest together: settings, recorder, emitter, runtime, plug-ins."""

import atexit
import os
from time import time

from . import __version__
from .context import live
from .emitter import Emitter, UdpSender, udp_address
from .guard import debug, guarded, say
from .initialization import Initialization, process_start
from .recorder import recorder
from .runtime import Runtime
from .settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from .imports import Imports
    from .watch import Watcher

    LoadOwn = Callable[[str], None]


def connect(
    client: "ModuleType",
    imports: "Imports",
    environ: "Mapping[str, str]",
    began: "tuple[float, str | None]",
    load_own: "LoadOwn",
) -> None:
    """Hang the guest on the runtime client's life cycle.

    Args:
        client: the module awslambdaric.lambda_runtime_client.
        began: when our own code first ran, seconds since the epoch; and the wrapper's clock reading, if any.
        load_own: loads a bundle, or one module of this package, quicker than an import.
    """
    live.load = load_own
    settings = Settings(environ)
    for problem in settings.problems:
        say(problem)
    debug.on = settings.debug
    address = udp_address(settings.daemon)
    left_out = ", ".join(settings.disable) or "nothing"
    debug(f"version {__version__}; segments go to {address[0]} port {address[1]}; left out: {left_out}")
    emitter = Emitter(UdpSender(address))

    def watcher() -> "Watcher":
        live.load("watch")
        return _watcher(settings)

    make_watcher = None if "watcher" in settings.disable else watcher
    runtime = Runtime(settings, recorder, emitter, _initialization(settings, emitter, began), make_watcher)
    runtime.attach(client, imports)
    imports.when_loaded("awslambdaric.bootstrap", guarded("life cycle")(runtime.attach_bootstrap))
    atexit.register(guarded("life cycle")(runtime.at_exit))
    os.register_at_fork(after_in_child=guarded("life cycle")(runtime.after_fork_in_child))
    _add_plugins(imports, settings)


def _initialization(settings: Settings, emitter: Emitter, began: "tuple[float, str | None]") -> "Initialization | None":
    """Make the recording of the cold start.

    None where module code ran long before and elsewhere: restored from a snapshot (SnapStart), or in the
    parent of the process that serves (managed instances).
    """
    if settings.initialization_type in ("snap-start", "lambda-managed-instances"):
        debug(f"the initialization is not recorded: {settings.initialization_type}")
        return None
    name = settings.handler or "handler"
    return Initialization(name, process_start(time(), *began), settings.import_threshold_ms, recorder, emitter)


def _watcher(settings: Settings) -> "Watcher":
    from .watch import Watcher  # noqa: PLC0415  (first needed by a sampled invocation)

    watcher = Watcher(recorder, settings.slow_call_ms, settings.deadline_margin_ms)
    os.register_at_fork(
        before=guarded("watcher")(watcher.before_fork), after_in_parent=guarded("watcher")(watcher.after_fork_in_parent)
    )
    return watcher


def _add_plugins(imports: "Imports", settings: Settings) -> None:
    """Have each plug-in applied after its library's import."""

    def apply_botocore(handlers: "ModuleType") -> None:
        live.load("botocore")
        from .plugins import botocore  # noqa: PLC0415  (only where the function imports it)

        botocore.apply(handlers, settings)
        debug("botocore is imported: its calls are recorded")

    def follow_threads() -> None:
        live.load("threads")
        from . import threads  # noqa: PLC0415  (only where a subsegment is open that others can hang below)

        imports.when_loaded("threading", threads.follow_threads)
        imports.when_loaded("concurrent.futures.thread", threads.follow_executors)

    def before_import(name: str) -> "Callable[[], None] | None":
        live.load("before_import")
        from . import fallback, later  # noqa: PLC0415  (only where the function imports one of these)

        imports.before = {}
        if "fallback" not in settings.disable:
            fallback.offer(imports, os.path.dirname(os.path.dirname(__file__)) + "/fallback", guarded("fallback"))
        later.put_off(imports, later.LATER.keys() - settings.disable, guarded)
        return imports.before[name](name) if name in imports.before else None

    if "botocore" not in settings.disable:
        imports.when_loaded("botocore.handlers", guarded("botocore")(apply_botocore), always=True)
    if "threads" not in settings.disable:
        live.follow_threads = guarded("threads")(follow_threads)
    if "aws_xray_sdk" not in settings.disable:
        _add_xray_sdk(imports)
    if "opentelemetry" not in settings.disable:
        _add_opentelemetry(imports, settings)
    begin = guarded("fallback")(before_import)
    imports.before = {"aws_xray_sdk": begin, "xray_instrument_helper": begin, "opentelemetry": begin}


def _add_xray_sdk(imports: "Imports") -> None:
    """Have the X-Ray SDK join our tree when it is imported."""

    def apply_xray_sdk(recorder_module: "ModuleType") -> None:
        live.load("xray_sdk")
        from .plugins import xray_sdk  # noqa: PLC0415  (only where the function imports it)

        xray_sdk.apply(recorder_module)

    def defer_patches(patcher: "ModuleType") -> None:
        live.load("xray_sdk")
        from .plugins import xray_sdk_patches  # noqa: PLC0415  (as above)

        xray_sdk_patches.apply(patcher, imports)

    def apply_headers(util: "ModuleType") -> None:
        live.load("xray_sdk")
        from .plugins import xray_sdk  # noqa: PLC0415  (as above)

        xray_sdk.apply_headers(util)

    imports.when_loaded("aws_xray_sdk.core.recorder", guarded("aws_xray_sdk")(apply_xray_sdk), always=True)
    imports.when_loaded("aws_xray_sdk.ext.util", guarded("aws_xray_sdk")(apply_headers), always=True)
    imports.when_loaded("aws_xray_sdk.core.patcher", guarded("aws_xray_sdk")(defer_patches), always=True)


def _add_opentelemetry(imports: "Imports", settings: Settings) -> None:
    """Have the spans of OpenTelemetry's API join our tree when it is imported."""

    def apply_opentelemetry(api: "ModuleType") -> None:
        live.load("otel_api")
        from .plugins import otel_api  # noqa: PLC0415  (only where the function imports it)

        otel_api.apply(api, botocore="botocore" not in settings.disable)

    imports.when_loaded("opentelemetry.trace", guarded("opentelemetry")(apply_opentelemetry), always=True)
