"""The life cycle of Lambda's runtime client, observed: no frame of ours ever stands below the handler.

awslambdaric asks for an invocation with wait_next_invocation and answers with post_invocation_result or
post_invocation_error; what lies between is the invocation. Only those methods are replaced, so nothing of the
function (its handler, its decorators, its errors) is touched. Since 4.0 they belong to
BaseLambdaRuntimeClient; each is replaced on the class that owns it.
"""

import os
import sys
from json import loads

from . import causes, header
from .context import live
from .guard import guarded
from .initialization import AHEAD, Initialization, drop_own_sitecustomize
from .invocation import Invocation, Request, environment_facts, exit_cause
from .model import NOTHING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from .emitter import Emitter
    from .imports import Imports
    from .recorder import Recorder
    from .settings import Settings
    from .watch import Watcher

_EXPECTED_ERROR = "expected error JSON from the runtime client"


class Runtime:
    """Begins and ends what is recorded as the runtime client goes through its life.

    Args:
        watcher: makes the watcher, at the first sampled invocation; None leaves it out.
        init: the recording of the cold start; None where it is left out (SnapStart, managed instances).
    """

    def __init__(
        self,
        settings: "Settings",
        recorder: "Recorder",
        emitter: "Emitter",
        init: "Initialization | None",
        watcher: "Callable[[], Watcher] | None",
    ) -> None:
        self._settings = settings
        self._recorder = recorder
        self._emitter = emitter
        self._init = init
        self._make_watcher = watcher
        self._watcher: "Watcher | None" = None
        self._facts: "dict[str, Any] | None" = None
        self._count = 0
        self._raised: "BaseException | None" = None
        self._imports: "Imports | None" = None

    def attach(self, client: "ModuleType", imports: "Imports | None" = None) -> None:
        """Observe the client's methods.

        Args:
            client: the module awslambdaric.lambda_runtime_client.
            imports: the import watcher, whose timing ends with the initialization.
        """
        self._imports = imports
        before: "dict[str, Callable[..., None]]" = {
            "wait_next_invocation": guarded("life cycle")(self.before_next),
            "post_invocation_result": guarded("life cycle")(self.before_result),
            "post_invocation_error": guarded("life cycle")(self.before_error),
            "post_init_error": guarded("life cycle")(self.before_init_error),
        }
        after = {"wait_next_invocation": guarded("life cycle")(self.after_next)}
        for name, observe in before.items():
            owner = _owner(client.LambdaRuntimeClient, name)
            setattr(owner, name, _observed(owner.__dict__[name], observe, after.get(name)))
        marshaller = _owner(client.LambdaMarshaller, "unmarshal_request")
        plain = marshaller.__dict__["unmarshal_request"]
        marshaller.unmarshal_request = _observed(plain, None, guarded("trigger")(self.saw_event))

    def attach_bootstrap(self, bootstrap: "ModuleType") -> None:
        """Keep the handler's exception itself: the client's report of it has no chain."""
        plain = getattr(bootstrap, "make_xray_fault", None)
        if plain is not None:
            bootstrap.make_xray_fault = _observed(plain, guarded("causes")(self._keep_raised), None)  # type: ignore[attr-defined]
        if self._init is not None and self._imports is not None:
            self._init.client_ready()
            live.trace = self._init
        if self._init is not None and self._imports is not None and "imports" not in self._settings.disable:
            self._imports.began, self._imports.ended = self._init.import_began, self._init.import_ended
        drop_own_sitecustomize(sys.modules, os.path.dirname(os.path.dirname(__file__)))

    def before_next(self, *_args: object, **_kwargs: object) -> None:
        """The runtime is about to ask for an invocation: the first time, the initialization is over."""
        if self._imports is not None:
            if self._init is not None and not self._init.ended_at:
                self._init.end()
            self._imports.stop_timing()
            self._imports = None
        if live.trace is not NOTHING:
            live.trace = NOTHING

    def after_next(self, request: "Any") -> None:
        """An invocation has come: read its trace header and begin, or record nothing."""
        self._count += 1
        found, reason = header.parse(getattr(request, "x_amzn_trace_id", None))
        if self._settings.debug:
            self._say(f"invocation {self._count}: {reason}")
        if found is not None:
            self._begin(found, Request(request))

    def _begin(self, found: "header.TraceHeader", request: Request) -> None:
        invocation = Invocation(found, self._settings.handler or "handler", self._recorder, self._emitter)
        if self._facts is None:
            self._facts = environment_facts(os.environ)
        invocation.describe(request, self._facts, {"cold_start": self._is_cold(invocation)})
        live.trace = invocation
        if self._init is not None:
            init, self._init = self._init, None
            guarded("initialization")(init.adopt)(invocation, self._settings.initialization_type)
        if self._watcher is None and self._make_watcher is not None:
            self._watcher = guarded("watcher")(self._make_watcher)()
            self._make_watcher = None
        if self._watcher is not None:
            self._watcher.wake()

    def _is_cold(self, invocation: Invocation) -> bool:
        """Whether the caller waited for an initialization: not if it was made ahead of need."""
        if self._count != 1 or self._settings.initialization_type == "provisioned-concurrency":
            return False
        init = self._init
        return init is None or invocation.root.start_time - init.ended_at <= AHEAD

    def saw_event(self, event: "Any") -> None:
        """The client has parsed the event."""
        if isinstance(live.trace, Invocation):
            live.trace.saw_event(event)

    def _keep_raised(self, *_args: object, **_kwargs: object) -> None:
        self._raised = sys.exc_info()[1]

    def before_result(self, *_args: object, **_kwargs: object) -> None:
        """The handler has returned."""
        if isinstance(live.trace, Invocation):
            self._end(live.trace)

    def before_error(self, *args: "Any", **kwargs: "Any") -> None:
        """The handler has failed, or the client with its result."""
        raised, self._raised = self._raised, None
        trace = live.trace
        if not isinstance(trace, Invocation):
            return
        if raised is not None and type(raised).__name__ != "FaultException":
            cause = causes.from_exception(raised, skip="/bootstrap.py")
        else:
            cause = _reported(args[2] if len(args) > 2 else kwargs.get("error_response_data"))
        self._end(trace, cause)

    def before_init_error(self, *args: "Any", **_kwargs: object) -> None:
        """The initialization has failed. On Lambda no header has come yet; where one has, tell it there."""
        found, reason = header.parse(os.environ.get("_X_AMZN_TRACE_ID"))
        if self._init is None or found is None:
            if self._settings.debug:
                self._say(f"initialization failed; it is not recorded: {reason}")
            return
        self._init.end()
        invocation = Invocation(found, self._settings.handler or "handler", self._recorder, self._emitter)
        self._init.adopt(invocation, self._settings.initialization_type, _reported(args[1] if len(args) > 1 else None))

    def at_exit(self) -> None:
        """The process ends. Inside an invocation, that is the function's doing, and the invocation's fault."""
        trace = live.trace
        if isinstance(trace, Invocation) and trace.pid == os.getpid():
            self._end(trace, exit_cause(getattr(sys, "last_value", None)))

    def _end(self, trace: Invocation, cause: "dict[str, Any] | None" = None) -> None:
        trace.end(self._recorder.clock(), cause)
        live.trace = NOTHING

    def _say(self, text: str) -> None:
        sys.stderr.write(f"xray_instrument: {text}\n")


def _owner(cls: "Any", name: str) -> "Any":
    return next(owner for owner in cls.__mro__ if name in owner.__dict__)


def _observed(
    plain: "Callable[..., Any]", before: "Callable[..., None] | None", after: "Callable[[Any], None] | None"
) -> "Callable[..., Any]":
    """Return a function that calls `plain` and lets us see its arguments before and its result after."""

    def xray_instrument_observed(*args: "Any", **kwargs: "Any") -> "Any":
        if before is not None:
            before(*args, **kwargs)
        result = plain(*args, **kwargs)
        if after is not None:
            after(result)
        return result

    return xray_instrument_observed


def _reported(report: "Any") -> "dict[str, Any]":
    """Return the cause out of the client's error report: JSON text since ever, a dictionary at init since 2.1."""
    if isinstance(report, (str, bytes)):
        report = loads(report)
    if not isinstance(report, dict):
        return causes.from_report("Runtime.Unknown", f"{_EXPECTED_ERROR}, got {type(report).__name__}")
    return causes.from_report(str(report.get("errorType", "")), str(report.get("errorMessage", "")))
