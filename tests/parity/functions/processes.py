"""Handlers that start threads and processes."""

import json
import multiprocessing
import os
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor


def subprocess_environment(event, context):
    seen = subprocess.run(["env", "-0"], capture_output=True, check=True).stdout
    return sorted(seen.decode().split("\0"))


def subprocess_python(event, context):
    code = "import json, os, sys; print(json.dumps([sys.path, dict(sorted(os.environ.items())), 'sitecustomize' in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [json.loads(done.stdout), done.stderr]


def subprocess_shares_output(event, context):
    subprocess.run(["sh", "-c", "echo from a child; echo its error >&2; ls /proc/self/fd | wc -l"], close_fds=False, check=True)


def fork(event, context):
    pid = os.fork()
    if pid == 0:
        print("in the child", threading.active_count())
        os._exit(9)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def fork_strict(event, context):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return fork(event, context)


def fork_returns(event, context):
    """The child leaves through sys.exit, so its own atexit runs."""
    pid = os.fork()
    if pid == 0:
        sys.exit(6)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _square(connection, number):
    connection.send([number * number, multiprocessing.current_process().name, [t.name for t in threading.enumerate()]])
    connection.close()


def forked_multiprocessing(event, context):
    methods = multiprocessing.get_context("fork")
    ours, theirs = methods.Pipe()
    process = methods.Process(target=_square, args=(theirs, 7))
    process.start()
    answer = ours.recv()
    process.join()
    return [answer, process.exitcode]


def spawned_multiprocessing(event, context):
    methods = multiprocessing.get_context("spawn")
    ours, theirs = methods.Pipe()
    process = methods.Process(target=_square, args=(theirs, 7))
    process.start()
    answer = ours.recv()
    process.join()
    return [answer, process.exitcode]


def concurrent(event, context):
    barrier = threading.Barrier(4)

    def work(number):
        barrier.wait()
        return [number, threading.current_thread() is threading.main_thread(), len(threading.enumerate())]

    with ThreadPoolExecutor(4, thread_name_prefix="work") as pool:
        return list(pool.map(work, range(4)))


def left_behind(event, context):
    """A daemon thread that outlives the invocation."""
    threading.Thread(target=threading.Event().wait, name="left-behind", daemon=True).start()
    return [thread.name for thread in threading.enumerate()]
