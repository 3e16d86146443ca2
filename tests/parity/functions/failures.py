"""Handlers that fail, in every way there is."""

import atexit
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

import failures_below


class Custom(Exception):
    def __init__(self, code, message):
        super().__init__(code, message)
        self.code = code


class EvilStr(Exception):
    def __str__(self):
        raise RuntimeError("no text for you")


class NotText(Exception):
    def __str__(self):
        return 42


def plain(event, context):
    raise ValueError("plain ✂ message\nof two lines")


def custom(event, context):
    raise Custom(7, {"a": ["message"]})


def no_message(event, context):
    raise Custom


def evil_str(event, context):
    raise EvilStr("x")


def not_text(event, context):
    raise NotText("x")


def deep(event, context):
    return failures_below.first(event)


def chained(event, context):
    try:
        failures_below.first({})
    except KeyError as error:
        raise ConnectionError("outer") from error


def in_handling(event, context):
    try:
        raise OSError(13, "inner", "/some/file")
    except OSError:
        return {}["missing"]


def suppressed(event, context):
    try:
        failures_below.first({})
    except KeyError:
        raise TimeoutError("alone") from None


def noted(event, context):
    error = ValueError("with notes")
    error.add_note("first note")
    raise error


def group(event, context):
    found = []
    for kind in (ValueError, TypeError):
        try:
            raise kind("part")
        except Exception as error:
            found.append(error)
    raise ExceptionGroup("several", found)  # noqa: F821  (Python 3.11)


def from_pool(event, context):
    with ThreadPoolExecutor(2) as pool:
        future = pool.submit(failures_below.first, event)
        wait([future])  # else the line in result() depends on who is faster
        return future.result()


def in_thread(event, context):
    thread = threading.Thread(target=failures_below.first, args=({},), name="worker")
    thread.start()
    thread.join()
    return "survived"


def recursion(event, context):
    def down(level):
        return down(level + 1)

    return down(0)


def base_exception(event, context):
    raise BaseException("not an Exception")


def generator_exit(event, context):
    raise GeneratorExit("leaving")


def exit_0(event, context):
    sys.exit(0)


def exit_3(event, context):
    sys.exit(3)


def exit_text(event, context):
    sys.exit("a last word")


def exit_with_atexit(event, context):
    atexit.register(print, "the function's own atexit")
    sys.exit(4)


def keyboard(event, context):
    raise KeyboardInterrupt


def os_exit(event, context):
    print("half a line", end="")
    os._exit(7)


def abort(event, context):
    os.kill(os.getpid(), 9)


def exit_warm(event, context):
    if event["round"] > 1:
        sys.exit(5)
    return "cold"


def print_then_crash(event, context):
    print("before", {"é": 1})
    print("to stderr", file=sys.stderr)
    sys.stdout.write("no newline")
    raise RuntimeError("crash")


def timeout(event, context):
    print("started", flush=True)
    time.sleep(60)


def missing_import(event, context):
    import not_there_at_all  # noqa: F401


def broken_import(event, context):
    import import_two_levels  # noqa: F401


def import_name(event, context):
    from failures_below import not_in_there  # noqa: F401
