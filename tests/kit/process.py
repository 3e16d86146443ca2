"""Runs a function under the real awslambdaric the way Lambda does.

A sandbox of folders, a bash bootstrap, the exact environment, an exec wrapper or none, SIGKILL at the deadline:

    sandbox = Sandbox.create(tmp_path, site)
    sandbox.write("app.py", "def handler(event, context): return event")
    run = run_function(sandbox, Launch("app.handler", wrapper=layer), [Invocation({"a": 1})])
    assert run.posts[0].json() == {"a": 1}

`Guest` is the same for those who want to talk to a living function.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.kit.pythons import Site
from tests.kit.runtime_api import Delivery, Invocation, Post, RuntimeApi

TEMPLATES = Path(__file__).parent / "runtime"
# Lambda gives init 10 s and then starts it anew; a shared machine is slower than that now and then.
INIT_LIMIT_S = 60.0

# What a function finds on the real service besides its own settings (documented reserved and unreserved
# variables, with the values of an x86_64 python runtime).
SERVICE_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",  # the example of AWS's documentation
    "AWS_SESSION_TOKEN": "example-session-token",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_REGION": "eu-west-1",
    "AWS_LAMBDA_FUNCTION_NAME": "orders",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/orders",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/02/[$LATEST]0123456789abcdef0123456789abcdef",
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    "LANG": "en_US.UTF-8",
    "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "TZ": ":UTC",
}
# Nothing listens there: port 9 is "discard", and below 1024 no test can take it by accident.
NO_DAEMON = "127.0.0.1:9"


@dataclass(frozen=True)
class Launch:
    """How a function is started: its settings on the console."""

    handler: str
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the service's; goes before it."""
    wrapper: Path | None = None
    """AWS_LAMBDA_EXEC_WRAPPER."""
    ignore_wrapper: bool = False
    """Set the variable and start the runtime without: the bare side of a comparison of environments."""
    daemon: str = NO_DAEMON
    """AWS_XRAY_DAEMON_ADDRESS."""
    command: tuple[str, ...] | None = None
    """Another command than the sandbox's bootstrap, as a container image has: `python -m awslambdaric app.handler`."""


@dataclass(frozen=True)
class Sandbox:
    """The folders of one execution environment: var/task, var/runtime and opt below `root`."""

    root: Path
    site: Site

    @classmethod
    def create(cls, root: Path, site: Site) -> Self:
        """Make the folders, and the runtime of that site in them."""
        sandbox = cls(root, site)
        for folder in (sandbox.task, sandbox.runtime, sandbox.opt):
            folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(TEMPLATES / "bootstrap.py", sandbox.runtime / "bootstrap.py")
        # An older client takes the place of the interpreter's own: the script's folder is first on sys.path.
        for entry in site.client_folder.iterdir() if site.client_folder else ():
            if "awslambdaric" in entry.name or entry.suffix == ".so":
                (sandbox.runtime / entry.name).symlink_to(entry)
        return sandbox

    @property
    def task(self) -> Path:
        """LAMBDA_TASK_ROOT: the function's package."""
        return self.root / "var" / "task"

    @property
    def runtime(self) -> Path:
        """The runtime's own folder, with bootstrap and bootstrap.py."""
        return self.root / "var" / "runtime"

    @property
    def opt(self) -> Path:
        """Where layers are unpacked."""
        return self.root / "opt"

    def write(self, name: str, text: str) -> Path:
        """Put a file into the function's package."""
        path = self.task / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def environment(self, launch: Launch, runtime_api: str) -> dict[str, str]:
        """The whole environment that Lambda's bootstrap is started with."""
        host, _, port = launch.daemon.rpartition(":")
        wrapper = {"AWS_LAMBDA_EXEC_WRAPPER": str(launch.wrapper)} if launch.wrapper else {}
        return {
            **SERVICE_ENVIRONMENT,
            "AWS_LAMBDA_RUNTIME_API": runtime_api,
            "AWS_XRAY_DAEMON_ADDRESS": launch.daemon,
            "_AWS_XRAY_DAEMON_ADDRESS": host,
            "_AWS_XRAY_DAEMON_PORT": port,
            "LAMBDA_TASK_ROOT": str(self.task),
            "LAMBDA_RUNTIME_DIR": str(self.runtime),
            "_HANDLER": launch.handler,
            **wrapper,
            **launch.environment,
        }

    def bootstrap(self, launch: Launch) -> Path:
        """Write the bootstrap script that starts the runtime through the wrapper, or without one."""
        values = {
            "@PYTHON@": shlex.quote(str(self.site.interpreter)),
            "@VERSION@": self.site.version,
            "@BOOTSTRAP@": shlex.quote(str(self.runtime / "bootstrap.py")),
            "@WRAPPER@": '""' if launch.ignore_wrapper else '"$AWS_LAMBDA_EXEC_WRAPPER"',
        }
        text = (TEMPLATES / "bootstrap").read_text(encoding="utf-8")
        for name, value in values.items():
            text = text.replace(name, value)
        path = self.runtime / "bootstrap"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
        return path


@dataclass(frozen=True)
class Run:
    """What came out of one process, whole."""

    stdout: bytes
    stderr: bytes
    exit_code: int | None
    """None: it did not end by itself but was waiting for more, as a frozen function does."""
    timed_out: bool
    posts: tuple[Post, ...]
    deliveries: tuple[Delivery, ...]
    started_ns: int
    """time.perf_counter_ns() just before the spawn, by the same clock as the posts' and deliveries'."""
    first_next_ns: int | None
    cpu_s: float
    """User and system time of the process and its reaped children."""
    max_rss_kb: int


class Guest:
    """A living function; use it in a `with` block, then `result()` has the whole run."""

    def __init__(self, sandbox: Sandbox, launch: Launch, invocations: Iterable[Invocation] = ()) -> None:
        """Start the process; the invocations given here wait for it."""
        self.api = RuntimeApi(list(invocations))
        self._files = [sandbox.root / "stdout", sandbox.root / "stderr"]
        self._timed_out = self._killed = False
        self._exit: tuple[int, float, int] | None = None
        command = launch.command or (str(sandbox.bootstrap(launch)),)
        environment = sandbox.environment(launch, self.api.address)
        with self._files[0].open("wb") as out, self._files[1].open("wb") as err:
            self.started_ns = time.perf_counter_ns()
            self._process = subprocess.Popen(  # noqa: S603  (the command is the test's own)
                command,
                env=environment,
                cwd=sandbox.task,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        self._reaper = threading.Thread(target=self._reap, name="kit-reaper", daemon=True)
        self._reaper.start()

    @property
    def pid(self) -> int:
        """The process id; the same for bash, the wrapper and Python, as each execs the next."""
        return self._process.pid

    def _reap(self) -> None:
        _pid, status, usage = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        with self.api.changed:
            self._exit = (self._process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
            self.api.changed.notify_all()

    def wait(self, init_limit_s: float | None = None) -> None:
        """Until the script is worked off, the process has ended, or the deadline killed it."""
        init_limit_s = INIT_LIMIT_S if init_limit_s is None else init_limit_s
        limit = time.monotonic() + init_limit_s
        with self.api.changed:
            while self._exit is None and not self.api.done():
                left = self.api.overdue()
                if left <= 0:
                    self._timed_out = True
                    self._kill()
                    return
                if left == float("inf") and time.monotonic() > limit:
                    self._kill()
                    raise TimeoutError(f"no sign of life for {init_limit_s} s; stderr: {self._files[1].read_text()[-2000:]}")
                self.api.changed.wait(min(left, 1.0))

    def invoke(self, *invocations: Invocation) -> list[Post]:
        """Hand these to the function and wait; gives what it reported for them."""
        before = len(self.api.posts)
        self.api.submit(*invocations)
        self.wait()
        return self.api.posts[before:]

    def _kill(self) -> None:
        self._killed = True
        # The whole session: a killed sandbox takes the function's own children along.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the process, as Lambda does with a sandbox it no longer needs: without a word."""
        if self._exit is None:
            self._kill()
        self._reaper.join(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self.api.close()

    def result(self) -> Run:
        """End the process and give the whole run."""
        self.close()
        code, cpu_s, max_rss_kb = self._exit or (None, 0.0, 0)
        out, err = (path.read_bytes() for path in self._files)
        return Run(
            stdout=out,
            stderr=err,
            exit_code=None if self._killed else code,
            timed_out=self._timed_out,
            posts=tuple(self.api.posts),
            deliveries=tuple(self.api.deliveries),
            started_ns=self.started_ns,
            first_next_ns=self.api.first_next_ns,
            cpu_s=cpu_s,
            max_rss_kb=max_rss_kb,
        )

    def __enter__(self) -> Self:
        """The process runs already."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """End the process."""
        self.close()


def run_function(sandbox: Sandbox, launch: Launch, invocations: Iterable[Invocation]) -> Run:
    """Start the function, hand it the invocations one after the other, and end it."""
    with Guest(sandbox, launch, invocations) as guest:
        guest.wait()
        return guest.result()
