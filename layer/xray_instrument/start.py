"""Everything the layer does to the process, in order. Called once, by sitecustomize.

At the start only imports are watched. The rest is loaded when the runtime client is, and each plug-in when
its library is: what the function never imports costs it nothing.
"""

from time import time

from .guard import guarded
from .imports import Imports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from .emitter import Emitter
    from .initialization import Initialization
    from .settings import Settings
    from .watch import Watcher


def start(environ: "Mapping[str, str]", clock_reading: "str | None" = None) -> Imports:
    """Arm the layer.

    Args:
        environ: the process's environment.
        clock_reading: what bash's EPOCHREALTIME said in the wrapper, if there was one.

    Returns:
        What watches the imports; tests look at it.
    """
    imports = Imports()
    first_code = time()

    def connect_runtime(client: "ModuleType") -> None:
        connect(client, imports, environ, first_code, clock_reading)

    imports.when_loaded("awslambdaric.lambda_runtime_client", guarded("start")(connect_runtime))
    imports.arm()
    return imports


def connect(
    client: "ModuleType", imports: Imports, environ: "Mapping[str, str]", first_code: float, clock_reading: "str | None"
) -> None:
    """Put the guest together, now that the runtime client is loaded, and hang it on the client's life cycle.

    Args:
        first_code: when our own code first ran, seconds since the epoch.
    """
    import atexit  # noqa: PLC0415  (loaded by the runtime client already)
    import sys  # noqa: PLC0415

    from .emitter import Emitter, UdpSender, udp_address  # noqa: PLC0415
    from .recorder import recorder  # noqa: PLC0415
    from .runtime import Runtime  # noqa: PLC0415
    from .settings import Settings  # noqa: PLC0415

    settings = Settings(environ)
    for problem in settings.problems:
        sys.stderr.write(f"xray_instrument: {problem}\n")
    emitter = Emitter(UdpSender(udp_address(settings.daemon)))
    init = _initialization(settings, emitter, first_code, clock_reading)
    watcher = None if "watcher" in settings.disable else lambda: _watcher(settings)
    runtime = Runtime(settings, recorder, emitter, init, watcher)
    runtime.attach(client, imports)
    imports.when_loaded("awslambdaric.bootstrap", guarded("life cycle")(runtime.attach_bootstrap))
    atexit.register(guarded("life cycle")(runtime.at_exit))
    _add_plugins(imports, settings)


def _initialization(
    settings: "Settings", emitter: "Emitter", first_code: float, clock_reading: "str | None"
) -> "Initialization | None":
    """Make the recording of the cold start.

    None where module code ran long before and elsewhere: restored from a snapshot (SnapStart), or in the
    parent of the process that serves (managed instances).
    """
    if settings.initialization_type in ("snap-start", "lambda-managed-instances"):
        return None
    from .initialization import Initialization, process_start  # noqa: PLC0415
    from .recorder import recorder  # noqa: PLC0415

    started = process_start(time(), first_code, clock_reading)
    name = settings.handler or "handler"
    return Initialization(name, started, settings.import_threshold_ms, recorder, emitter)


def _watcher(settings: "Settings") -> "Watcher":
    import os  # noqa: PLC0415

    from .recorder import recorder  # noqa: PLC0415
    from .watch import Watcher  # noqa: PLC0415

    watcher = Watcher(recorder, settings.slow_call_ms, settings.deadline_margin_ms)
    os.register_at_fork(
        before=guarded("watcher")(watcher.before_fork), after_in_parent=guarded("watcher")(watcher.after_fork_in_parent)
    )
    return watcher


def _add_plugins(imports: Imports, settings: "Settings") -> None:
    """Have each plug-in applied after its library's import."""

    def botocore(handlers: "ModuleType") -> None:
        from .plugins import botocore as plugin  # noqa: PLC0415

        plugin.apply(handlers, settings)

    def threads(threading: "ModuleType") -> None:
        from .context import follow_threads  # noqa: PLC0415

        follow_threads(threading)

    def executors(thread_pools: "ModuleType") -> None:
        from .context import follow_executors  # noqa: PLC0415

        follow_executors(thread_pools)

    for part, library, apply in (
        ("botocore", "botocore.handlers", botocore),
        ("threads", "threading", threads),
        ("threads", "concurrent.futures.thread", executors),
    ):
        if part not in settings.disable:
            imports.when_loaded(library, guarded(part)(apply))
