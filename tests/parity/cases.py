"""The table: what is run bare and layered and has to come out the same.

A row names a handler in `functions/` and what differs from the ordinary: settings, files, layers, events.
Every row runs with both log formats, on every Python present, with the events of ROUNDS in one process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.kit.runtime_api import SAMPLED, UNSAMPLED, Invocation

CLIENT_CONTEXT = '{"custom":{"tier":"gold"},"env":{"locale":"de"},"client":{"installation_id":"i1","app_title":"shop"}}'
IDENTITY = '{"cognitoIdentityId":"eu-west-1:1234","cognitoIdentityPoolId":"eu-west-1:pool"}'

# Cold and warm sampled, then each way in which there is nothing to record.
ROUNDS = (
    Invocation({"round": 1}),
    Invocation({"round": 2}, client_context=CLIENT_CONTEXT, cognito_identity=IDENTITY, tenant_id="t1", invocation_id="i-2"),
    Invocation({"round": 3}, trace_header=UNSAMPLED),
    Invocation({"round": 4}, trace_header=None),
    Invocation({"round": 5}, trace_header=f"Root=broken;;=;{SAMPLED[:30]}"),
    Invocation({"round": 6}, trace_header="Root=1-65a0f3c2-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=?"),
)
COLD_ONLY = ROUNDS[:1]
COLD_AND_WARM = ROUNDS[:2]
BROKEN_EVENT = (Invocation(b"{not json"), Invocation(b"\xff\xfe"), Invocation(b""), *COLD_ONLY)
OUT_OF_TIME = (Invocation({"round": 1}, timeout_s=1.0),)


@dataclass(frozen=True)
class Case:
    """One row."""

    handler: str
    """As set on the console; also the row's name, unless `name` says otherwise."""
    name: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    """{task}, {opt} and {aws} stand for the function's folder, the layers' folder and the AWS endpoint."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Text of files that lie in the sandbox besides those of `functions/`; var/task/… or opt/…."""
    rounds: tuple[Invocation, ...] = ROUNDS
    vendored: bool = False
    """A layer with Powertools, aws-xray-sdk and aiobotocore is attached as well."""
    records: bool = True
    """A sampled invocation reaches the function and its subsegment the daemon; else nothing must reach it."""
    admitted: frozenset[str] = frozenset()
    """Fields that are known to differ, and why is said at the row."""
    since: str = "3.10"
    """The first Python that can run it."""

    @property
    def id(self) -> str:
        """The name in pytest's output."""
        return self.name or self.handler


def _plain(module: str, *names: str) -> list[Case]:
    return [Case(f"{module}.{name}") for name in names]


KINDS = [
    *_plain("kinds", "sync", "coroutine", "generator", "instance", "bound_method", "class_method", "static_method"),
    *_plain("kinds", "AsHandler", "AsDictionary", "partial", "decorated", "decorated_twice", "one_argument", "no_arguments"),
    *_plain("kinds", "keyword_only", "defaults", "not_callable", "a_lambda", "nothing", "as_bytes", "not_json", "a_set"),
    *_plain("kinds", "not_a_number", "surrogate", "circular", "warning"),
    Case("kinds.five_megabytes", rounds=COLD_AND_WARM),
    Case("package.handler"),
    Case("package/sub/module.handler", "slash path"),
    Case("package.sub.module.handler", "dotted path"),
    Case("kinds.warning", "warnings as errors", {"PYTHONWARNINGS": "error"}),
    Case("kinds.warning", "every warning", {"PYTHONWARNINGS": "always"}),
    Case("kinds.sync", "event is not JSON", rounds=BROKEN_EVENT),
    Case("kinds.sync", "bytes warning and dev mode", {"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "default"}),
    Case("kinds.sync", "optimised", {"PYTHONOPTIMIZE": "2"}),
    Case("kinds.sync", "no bytecode", {"PYTHONDONTWRITEBYTECODE": "1"}),
    Case("kinds.sync", "safe path", {"PYTHONSAFEPATH": "1"}, since="3.11"),
]

FAILURES = [
    *_plain("failures", "plain", "custom", "no_message", "evil_str", "not_text", "deep", "chained", "in_handling"),
    *_plain("failures", "suppressed", "from_pool", "in_thread", "recursion", "print_then_crash"),
    *_plain("failures", "missing_import", "broken_import", "import_name"),
    Case("failures.noted", since="3.11"),
    Case("failures.group", since="3.11"),
    *(
        Case(f"failures.{name}", rounds=COLD_AND_WARM)
        for name in ("base_exception", "generator_exit", "exit_0", "exit_3", "exit_text", "exit_with_atexit", "keyboard")
    ),
    *(Case(f"failures.{name}", rounds=COLD_AND_WARM) for name in ("os_exit", "abort", "exit_warm")),
    Case("failures.timeout", rounds=OUT_OF_TIME),
    # The deadline is told at the first look: however slow this machine is, the function is not killed.
    Case("failures.plain", "deadline near", {"XRAY_INSTRUMENT_DEADLINE_MARGIN_MS": "60000"}, rounds=COLD_AND_WARM),
]

INITIALIZATION = [
    Case("not_there.handler", "missing module"),
    Case("nodot", "handler without a dot"),
    Case("", "empty handler"),
    Case("sys.exit", "builtin module"),
    Case("kinds.not_there", "missing handler"),
    Case("kinds.Callable.method", "handler in a class"),
    Case("import_one_level.handler", "exception at import"),
    Case("import_two_levels.handler", "exception two levels deep"),
    Case("broken.handler", "syntax error", files={"var/task/broken.py": "def handler(event, context)\n    return 1\n"}),
    Case(
        "outer.handler",
        "syntax error two levels deep",
        files={"var/task/outer.py": "import broken\n", "var/task/broken.py": "x = (1,\n\n"},
    ),
    Case("outer.handler", "tabs and spaces", files={"var/task/outer.py": "if 1:\n\tx = 1\n        y = 2\n"}),
    Case("outer.handler", "null byte", files={"var/task/outer.py": "x = 1\0\n"}),
    Case("outer.handler", "missing module below", files={"var/task/outer.py": "print('half')\nimport not_there.at_all\n"}),
    Case("outer.handler", "missing name below", files={"var/task/outer.py": "from json import not_there\n"}),
    Case(
        "outer.handler",
        "circular import fails",
        files={"var/task/outer.py": "import o2\nX=1\n", "var/task/o2.py": "from outer import X\n"},
    ),
    Case("outer.handler", "exit at import", files={"var/task/outer.py": "import sys\nprint('leaving')\nsys.exit(2)\n"}),
    Case("outer.handler", "keyboard interrupt at import", files={"var/task/outer.py": "raise KeyboardInterrupt\n"}),
    Case("outer.handler", "recursion at import", files={"var/task/outer.py": "def f():\n    f()\nf()\n"}),
    Case(
        "outer.handler", "import error by hand", files={"var/task/outer.py": "raise ImportError('own', name='sitecustomize')\n"}
    ),
    Case(
        "outer.handler",
        "chain at import",
        files={"var/task/outer.py": "try:\n    import nope\nexcept ImportError as e:\n    raise OSError('no') from e\n"},
    ),
    Case("outer.handler", "missing boto at import", files={"var/task/outer.py": "import botocore.not_there\n"}),
    Case(
        "outer.handler",
        "broken copy of botocore",
        files={"var/task/outer.py": "import botocore\n", "var/task/botocore.py": "raise ValueError('my own')\n"},
    ),
]

# What is printed before the runtime client unbuffers stdout is lost when the sandbox is killed: hence the second.
USER_SITE = {"PYTHONPATH": "{task}/site", "PYTHONUNBUFFERED": "1"}
UNBUFFERED = {"PYTHONUNBUFFERED": "1"}


def _sitecustomize(name: str, text: str, **more: str) -> Case:
    return Case("mirror.modules", f"sitecustomize {name}", {**USER_SITE, **more}, {"var/task/site/sitecustomize.py": text})


START_UP = [
    _sitecustomize("present", "import sys\nprint('mine', __name__, __file__, sorted(vars()))\nsys.mine = 1\n"),
    _sitecustomize(
        "sees its surroundings",
        "import os, sys\nprint(sys.path, sorted(os.environ), [str(f) for f in sys.meta_path], sys.argv)\n",
    ),
    # Python imports one sitecustomize, and that is ours: it stands between `site` and the user's on the stack.
    # Nothing but the start-up module itself can see that, or its traceback when it ends the interpreter.
    replace(
        _sitecustomize(
            "sees its stack",
            "import sys\nf = sys._getframe()\nwhile f:\n    print(f.f_code.co_filename, f.f_code.co_name)\n    f = f.f_back\n",
        ),
        admitted=frozenset({"stdout"}),
    ),
    _sitecustomize("raising", "raise ValueError('mine is broken')\n"),
    _sitecustomize("raising ImportError", "import not_there\n"),
    _sitecustomize("raising an ImportError without a name", "raise ImportError('by hand')\n"),
    _sitecustomize("raising an ImportError with its own name", "raise ImportError('by hand', name='sitecustomize')\n"),
    _sitecustomize("with a syntax error", "def x(:\n"),
    replace(_sitecustomize("exiting", "raise SystemExit(3)\n"), admitted=frozenset({"stderr"}), records=False),
    _sitecustomize("raising, verbose", "raise ValueError('mine is broken')\n", PYTHONVERBOSE=""),
    _sitecustomize(
        "hooking imports",
        "import sys\nclass F:\n    def find_spec(self, n, p=None, t=None): return None\nsys.meta_path.insert(0, F())\n",
    ),
    Case("mirror.modules", "usercustomize", USER_SITE, {"var/task/site/usercustomize.py": "print('usercustomize', __name__)\n"}),
    Case("mirror.paths", "PYTHONPATH set", {"PYTHONPATH": "{task}/site"}),
    Case("mirror.environment", "PYTHONPATH set, seen in the environment", {"PYTHONPATH": "{task}/site"}),
    Case("mirror.paths", "PYTHONPATH empty", {"PYTHONPATH": ""}),
    Case("mirror.environment", "PYTHONPATH empty, seen in the environment", {"PYTHONPATH": ""}),
    Case("mirror.paths", "PYTHONPATH of two", {"PYTHONPATH": "{task}/site:{opt}/python"}),
    Case("mirror.paths", "PYTHONPATH with an empty entry", {"PYTHONPATH": "{task}/site:"}),
    Case("mirror.paths", "PYTHONPATH with a leading empty entry", {"PYTHONPATH": ":{task}/site"}),
    Case("mirror.paths", "PYTHONPATH relative", {"PYTHONPATH": "site:."}),
    Case("mirror.paths", "PYTHONPATH twice the same", {"PYTHONPATH": "{task}/site:{task}/site"}),
    Case(
        "layered.handler",
        "a layer's site-packages",
        files={"opt/python/lib/{python}/site-packages/layered.py": "def handler(e, c):\n    return __file__\n"},
    ),
    Case(
        "layered.handler", "a layer's python folder", files={"opt/python/layered.py": "def handler(e, c):\n    return __file__\n"}
    ),
    Case(
        "layered.handler",
        "a layer twice",
        files={
            "opt/python/layered.py": "def handler(e, c):\n    return 'outer'\n",
            "opt/python/lib/{python}/site-packages/layered.py": "def handler(e, c):\n    return 'inner'\n",
        },
    ),
    Case(
        "kinds.sync",
        "pth file in the package",
        UNBUFFERED,
        files={"var/task/a.pth": "import sys; print('pth', len(sys.path), 'sitecustomize' in sys.modules)\n"},
    ),
    Case(
        "kinds.sync",
        "pth file in a layer",
        UNBUFFERED,
        files={"opt/python/a.pth": "{task}/site\nimport sys; print('pth', sys.path)\n"},
    ),
    Case("snapstart.handler", environment={"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}),
    Case(
        "import_one_level.handler",
        "SnapStart with an init error",
        {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"},
        records=False,
    ),
    Case("kinds.sync", "provisioned concurrency", {"AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency"}),
    Case("kinds.sync", "no daemon address", {"AWS_XRAY_DAEMON_ADDRESS": ""}, rounds=COLD_AND_WARM, records=False),
]

MIRROR = [
    *_plain("mirror", "paths", "environment", "interpreter", "meta_path", "threads", "context_variables", "depth", "stack"),
    *_plain("mirror", "importer_cache", "modules", "loggers", "lambda_context", "frame_locals", "descriptors"),
    *_plain("state", "remembers", "drops_trace_id", "replaces_streams"),
    *_plain(
        "imports", "circular", "namespace", "lazy", "reload", "finder", "zip_archive", "find_spec", "lazy_loader", "run_path"
    ),
    *_plain("logs", "every_level", "reconfigured", "debug_root"),
    Case("logs.every_level", "log level debug", {"AWS_LAMBDA_LOG_LEVEL": "DEBUG"}),
    Case("logs.every_level", "log level fatal", {"AWS_LAMBDA_LOG_LEVEL": "FATAL"}),
]

PROCESSES = [
    *_plain("processes", "subprocess_environment", "subprocess_python", "subprocess_shares_output", "fork", "fork_strict"),
    *_plain("processes", "fork_returns", "forked_multiprocessing", "concurrent", "left_behind"),
    Case("processes.spawned_multiprocessing", rounds=COLD_ONLY),
    Case("processes.fork", "fork with warnings as errors", {"PYTHONWARNINGS": "error"}),
]

AWS_SETTINGS = {"AWS_ENDPOINT_URL": "{aws}"}
AWS_CALLS = (
    *("calls", "client_error", "caught", "retried", "refused", "bad_parameters", "pool", "own_hook", "own_trace_header"),
    *("loaded", "presigned", "calls", "own_hook"),
)


def _each(name: str, header: str | None) -> Case:
    """Every call of AWS_CALLS in one process: importing boto3 takes longer than all of them."""
    rounds = tuple(Invocation({"do": call, "round": n}, trace_header=header) for n, call in enumerate(AWS_CALLS, 1))
    return Case("aws.each", name, AWS_SETTINGS, rounds=rounds, records=header == SAMPLED)


AWS = [
    _each("every call to AWS, sampled", SAMPLED),
    _each("every call to AWS, unsampled", UNSAMPLED),
    _each("every call to AWS, no trace", None),
    _each("every call to AWS, malformed trace", "Root=broken;Parent=1;Sampled=1"),
    Case("aws.calls", environment=AWS_SETTINGS, rounds=ROUNDS),
    Case("aws.client_error", environment=AWS_SETTINGS, rounds=COLD_AND_WARM),
    Case(
        "with_powertools.powertools",
        environment={**AWS_SETTINGS, "POWERTOOLS_TRACE_DISABLED": "true"},
        rounds=ROUNDS[:4],
        vendored=True,
    ),
    Case("with_powertools.powertools", "powertools tracing", AWS_SETTINGS, rounds=ROUNDS[:4], vendored=True),
    *(
        Case(f"vendored.{name}", environment=AWS_SETTINGS, rounds=COLD_AND_WARM, vendored=True)
        for name in ("xray_sdk", "patch_all", "aiobotocore")
    ),
]

CASES = [*KINDS, *FAILURES, *(replace(case, records=False) for case in INITIALIZATION), *START_UP, *MIRROR, *PROCESSES, *AWS]


def steps(*names: str) -> tuple[Invocation, ...]:
    """Events for `combined.handler`: module.function, one after the other."""
    return tuple(Invocation({"do": name, "round": number}) for number, name in enumerate(names, 1))


# For every runtime client on every Python: as much as one process can show, and what ends a process.
EVERY_CLIENT = [
    Case(
        "combined.handler",
        "a process full",
        AWS_SETTINGS,
        rounds=steps(
            *("kinds.sync", "failures.plain", "failures.chained", "kinds.as_bytes", "kinds.not_json", "kinds.coroutine"),
            *("logs.every_level", "mirror.paths", "mirror.environment", "mirror.stack", "mirror.depth", "mirror.threads"),
            *("mirror.lambda_context", "failures.recursion", "processes.fork", "kinds.warning", "aws.calls", "failures.deep"),
            *("failures.from_pool", "failures.missing_import", "failures.exit_3"),
        ),
    ),
    Case(
        "outer.handler",
        "exception at import",
        files={"var/task/outer.py": "import logging\nlogging.error('x')\nimport import_two_levels\n"},
    ),
    Case("not_there.handler", "missing module"),
    Case("kinds.not_there", "missing handler"),
    Case("snapstart.handler", environment={"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}),
]
