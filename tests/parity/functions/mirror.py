"""A handler that tells everything it can see of the process it runs in."""

import contextvars
import faulthandler
import gc
import inspect
import linecache
import logging
import os
import signal
import sys
import threading
import traceback
import warnings

import failures_below

AT_IMPORT = [(frame.filename, frame.name, frame.line) for frame in traceback.extract_stack()]
ENVIRONMENT_AT_IMPORT = dict(os.environ)
PATH_AT_IMPORT = list(sys.path)


def paths(event, context):
    return {
        "sys.path": sys.path,
        "at import": PATH_AT_IMPORT,
        "argv": sys.argv,
        "orig_argv": sys.orig_argv,
        "cwd": os.getcwd(),
        "main": sys.modules["__main__"].__file__,
        "prefix": [sys.prefix, sys.base_prefix, sys.executable],
        "cmdline": open("/proc/self/cmdline").read(),
        "hooks": [repr(hook) for hook in sys.path_hooks],
    }


def importer_cache(event, context):
    return sorted(sys.path_importer_cache)


def environment(event, context):
    return {
        "now": dict(sorted(os.environ.items())),
        "at import": dict(sorted(ENVIRONMENT_AT_IMPORT.items())),
        "as C sees it": sorted(os.environb),
        "PYTHONPATH": os.environ.get("PYTHONPATH"),
    }


def interpreter(event, context):
    return {
        "flags": str(sys.flags),
        "warnoptions": sys.warnoptions,
        "filters": [str(entry) for entry in warnings.filters],
        "recursion limit": sys.getrecursionlimit(),
        "switch interval": sys.getswitchinterval(),
        "tracing": [sys.gettrace() is None, sys.getprofile() is None, threading.gettrace() is None],
        "hooks": [str(hook) for hook in (sys.excepthook, threading.excepthook, sys.unraisablehook, sys.displayhook)],
        "import": str(__import__),
        "faulthandler": faulthandler.is_enabled(),
        "gc": [gc.isenabled(), gc.get_threshold(), gc.get_debug(), len(gc.callbacks)],
        "dont_write_bytecode": sys.dont_write_bytecode,
        "streams": [str(type(stream)) for stream in (sys.stdin, sys.stdout, sys.stderr)],
        "signals": {
            entry.name: str(signal.getsignal(entry)) for entry in sorted(signal.valid_signals()) if hasattr(entry, "name")
        },
    }


def meta_path(event, context):
    return [str(finder) for finder in sys.meta_path]


def threads(event, context):
    return [
        [thread.name for thread in threading.enumerate()],
        threading.active_count(),
    ]


def context_variables(event, context):
    return sorted(variable.name for variable in contextvars.copy_context())


def depth(event, context):
    level = 0

    def down():
        nonlocal level
        level += 1
        down()

    try:
        down()
    except RecursionError:
        return level


def stack(event, context):
    frame, seen = sys._getframe(), []
    while frame:
        seen.append([frame.f_code.co_filename, frame.f_code.co_name, frame.f_lineno, sorted(frame.f_locals)])
        frame = frame.f_back
    return {
        "frames": seen,
        "inspect": [[entry.filename, entry.function, entry.code_context] for entry in inspect.stack()],
        "at import": AT_IMPORT,
    }


def modules(event, context):
    mine = sys.modules[__name__]
    return {
        "sitecustomize": "sitecustomize" in sys.modules,
        "usercustomize": "usercustomize" in sys.modules,
        "module": [mine.__file__, mine.__cached__, str(mine.__loader__), str(mine.__spec__), mine.__package__],
        "other": [failures_below.__file__, str(failures_below.__spec__), type(failures_below.__loader__).__name__],
        "client": [
            [name, str(module.__spec__), str(module.__loader__), str(module.__spec__.loader), sorted(vars(module))]
            for name, module in sorted(sys.modules.items())
            if name.startswith("awslambdaric")
        ],
        "source": inspect.getsource(failures_below),
        "own source": inspect.getsource(modules),
        "line": linecache.getline(__file__, 1),
    }


def loggers(event, context):
    return {
        "known": sorted(logging.root.manager.loggerDict),
        "root": [str(handler) for handler in logging.root.handlers],
        "level": logging.root.level,
        "filters": [str(entry) for handler in logging.root.handlers for entry in handler.filters],
        "record factory": str(logging.getLogRecordFactory()),
        "logger class": str(logging.getLoggerClass()),
    }


def lambda_context(event, context):
    client = context.client_context
    return {
        "fields": {name: str(value) for name, value in sorted(vars(context).items()) if "deadline" not in name},
        "client": client and [client.custom, client.env, str(vars(client.client)) if client.client else None],
        "identity": [context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id],
        "time is left": 0 < context.get_remaining_time_in_millis() <= 30_000,
        "type": [base.__module__ + "." + base.__name__ for base in type(context).__mro__],
    }


def frame_locals(event, context):
    """The runtime client's own objects, seen from the handler's frame upwards."""
    caller = sys._getframe(1)
    return {
        "handler": [str(caller.f_locals["request_handler"]), caller.f_locals["request_handler"] is frame_locals],
        "client": type(caller.f_locals["lambda_runtime_client"]).__name__,
        "caller": [caller.f_code.co_filename, caller.f_code.co_name],
    }


def descriptors(event, context):
    """What a child process that inherits everything would get."""
    return sorted(number for number in map(int, os.listdir("/proc/self/fd")) if _inheritable(number))


def _inheritable(number):
    try:
        return os.get_inheritable(number)
    except OSError:
        return False
