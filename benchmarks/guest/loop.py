"""Runs in the function's process: the real awslambdaric, its Runtime API replaced by memory.

`runtime_client` is the client's C extension that speaks HTTP. The stand-in hands out one block of invocations
for each line on stdin, and times them: so what is timed is the Python side and nothing else. Arguments: the
handler; `threaded` where the client is to poll in a thread, as it does on Lambda from 3.12 on; `uncollected` to
leave the garbage collector out, whose few long runs fall into one block or the other.
"""

import json
import os
import sys
import time
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Processor time of the whole process, the client's polling thread included: time spent waiting for a processor that
# others use is not the function's.
clock = time.process_time_ns
# Processor time of this process at the stations of its start: also what sh and Python took before this line.
stations = {"started": time.process_time_ns()}


class Memory:
    """The stand-in for the C extension.

    A line on stdin is JSON: header, event, count, profile. For each block one line goes out: nanoseconds, the
    last response, the profile, if one was asked for, and the stations so far.
    """

    def __init__(self) -> None:
        self._left = 0
        self._count = 0
        self._begin = 0
        self._body = b""
        self._headers: dict[str, str] = {}
        self._result: Any = None
        self._profile: Any = None
        self._lines = os.fdopen(os.dup(0), "rb")
        self._out = os.dup(1)
        os.dup2(2, 1)  # what the function prints, and the client's log, must not be taken for a report

    def initialize_client(self, _user_agent: str) -> None:
        """Nothing to connect to."""

    def next(self) -> "tuple[bytes, dict[str, str]]":
        """Give the next invocation; between blocks, report and wait for a line."""
        if not self._left:
            end = clock()
            stations["answered" if self._count else "ready"] = time.process_time_ns()
            if self._count:
                self._report(end)
            self._take()
            if self._profile is not None:
                self._profile.enable()
            self._begin = clock()
        self._left -= 1
        return self._body, self._headers

    def _report(self, end: int) -> None:
        rows = []
        if self._profile is not None:
            self._profile.disable()
            rows = profile_rows(self._profile)
        line = json.dumps({"ns": end - self._begin, "result": self._result, "profile": rows, "stations": stations})
        os.write(self._out, line.encode() + b"\n")

    def _take(self) -> None:
        line = self._lines.readline()
        if not line:
            os._exit(0)  # the client's own end would wait for its polling thread, which is us
        order = json.loads(line)
        self._left = self._count = order["count"]
        self._body = json.dumps(order["event"]).encode()
        self._headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": "00000000-0000-4000-8000-000000000001",
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + 60) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:123456789012:function:orders",
            "Lambda-Runtime-Trace-Id": order["header"],
        }
        self._profile = None
        if order["profile"]:
            import cProfile  # noqa: PLC0415  (must not be in the process that is measured)

            self._profile = cProfile.Profile()

    def post_invocation_result(self, _request_id: str, body: bytes, *_rest: object) -> None:
        """Keep the function's answer."""
        self._result = json.loads(body) if self._left == 0 else None

    def post_error(self, _request_id: str, body: "bytes | str", *_rest: object) -> None:
        """A function that fails measures nothing."""
        os.write(2, body.encode() if isinstance(body, str) else body)
        os._exit(1)


def profile_rows(profile: "Any") -> "list[tuple[str, int, float, float]]":
    """Return name, calls, own and whole seconds of each function of the layer, and of what those call directly."""
    rows = []
    for entry in profile.getstats():
        if not is_ours(entry.code):
            continue
        name = getattr(entry.code, "co_qualname", entry.code.co_name)  # 3.10 has no qualified ones
        name = getattr(entry.code, "co_qualname", entry.code.co_name)  # 3.10 has no qualified ones
        where = f"{entry.code.co_filename.rpartition('/')[2][:-3]}.{name}"
        rows.append((where, entry.callcount, entry.inlinetime, entry.totaltime))
        rows.extend(
            (f"{where} > {inner.code}", inner.callcount, inner.inlinetime, inner.totaltime)
            for inner in entry.calls or ()
            if isinstance(inner.code, str)
        )
    return rows


def is_ours(code: object) -> bool:
    """Whether a profile's entry is a function of the layer; C functions are only a text there."""
    return "xray_instrument" in getattr(code, "co_filename", "")


def main(handler: str, *options: str) -> None:
    """Start the runtime client's loop; it ends when stdin does."""
    if "uncollected" in options:
        import gc  # noqa: PLC0415  (as above)

        gc.disable()
    memory = Memory()
    module = types.ModuleType("runtime_client")
    for name in ("initialize_client", "next", "post_invocation_result", "post_error"):
        setattr(module, name, getattr(memory, name))
    sys.modules["runtime_client"] = module

    from awslambdaric import bootstrap, lambda_runtime_client  # noqa: PLC0415  (it imports the stand-in)

    stations["client"] = time.process_time_ns()
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    bootstrap.run(handler, lambda_runtime_client.LambdaRuntimeClient("memory", "threaded" in options))


if __name__ == "__main__":
    main(*sys.argv[1:])
