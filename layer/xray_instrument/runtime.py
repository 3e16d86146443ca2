"""The life cycle of Lambda's runtime client, observed without a frame of ours on any stack.

awslambdaric asks for an invocation with wait_next_invocation, which makes an InvocationRequest out of the answer,
and reports with post_invocation_result or post_invocation_error; what lies between is the invocation. The methods
stay what they are: each sits behind a descriptor that tells us when the client fetches it, which it does to
call it. Since 4.0 they belong to BaseLambdaRuntimeClient; each is replaced on the class that owns it. The failure
itself is seen where the client makes its error report of it, while the exception is being handled.
"""

import os
import sys

from . import header
from .context import live
from .guard import debug, guarded
from .initialization import AHEAD, Initialization, drop_own_sitecustomize
from .invocation import Invocation, environment_facts
from .model import NOTHING, legal_name

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


# An initialization that nobody has adopted for this long, because no invocation was sampled, is told in a few words
# on the first one that is: its subsegment would stretch that trace, and is no news any more.
OLD = 60.0


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
        self._name = legal_name(settings.handler or "handler")
        self._recorder = recorder
        self._emitter = emitter
        self._init = init
        self._make_watcher = watcher
        self._wake: "Callable[[], object]" = guarded("watcher")(self._start_watching)
        self._facts: "dict[str, Any] | None" = None
        self._count = 0
        self._first_at = 0.0
        self._reported: "dict[str, Any] | None" = None
        self._imports: "Imports | None" = None
        self._forked = False

    def attach(self, client: "ModuleType", imports: "Imports | None" = None) -> None:
        """Observe the client's methods.

        Args:
            client: the module awslambdaric.lambda_runtime_client.
            imports: the import watcher, whose timing ends with the initialization.
        """
        self._imports = imports
        guarded.clean_up["life cycle"] = self._record_nothing
        for name, observe in (
            ("wait_next_invocation", self.before_next),
            ("post_invocation_result", self.before_result),
            ("post_invocation_error", self.before_error),
            ("post_init_error", self.before_init_error),
        ):
            owner = _owner(client.LambdaRuntimeClient, name)
            setattr(owner, name, _Fetched(owner.__dict__[name], guarded("life cycle")(observe)))
        request = client.InvocationRequest
        request.__init__ = _observed(request.__init__, guarded("life cycle")(self.after_next), of_self=True)
        marshaller = _owner(client.LambdaMarshaller, "unmarshal_request")
        plain = marshaller.__dict__["unmarshal_request"]
        marshaller.unmarshal_request = _observed(plain, guarded("trigger")(self.saw_event))

    def attach_bootstrap(self, bootstrap: "ModuleType") -> None:
        """Watch the client's error reports, and from here on the imports of the handler."""
        plain = getattr(bootstrap, "make_error", None)
        if plain is not None:
            bootstrap.make_error = _observed(plain, guarded("causes")(self._read_raised))  # type: ignore[attr-defined]
        if self._init is not None and self._imports is not None:
            self._init.client_ready()
            live.trace = self._init
        if self._init is not None and self._imports is not None and "imports" not in self._settings.disable:
            self._imports.began = guarded("imports")(self._init.import_began)
            self._imports.ended = guarded("imports")(self._init.import_ended)
        drop_own_sitecustomize(sys.modules, os.path.dirname(os.path.dirname(__file__)))

    def before_next(self) -> None:
        """The runtime is about to ask for an invocation: the first time, the initialization is over."""
        if self._imports is not None:
            if self._init is not None and not self._init.ended_at:
                self._init.end()
            self._imports.stop_timing()
            self._imports = None
        live.trace = NOTHING
        live.until = 0.0
        self._forked = False

    def after_next(self, request: "Any") -> None:
        """An invocation has come: read its trace header and begin, or record nothing."""
        self._count += 1
        if self._count == 1:
            self._first_at = self._recorder.clock()
        found, reason = header.parse(getattr(request, "x_amzn_trace_id", None))
        if debug.on:
            debug(f"invocation {self._count}: {reason}")
        if found is not None:
            self._begin(found, request)

    def _begin(self, found: "header.TraceHeader", request: "Any") -> None:
        invocation = Invocation(found, self._name, self._recorder, self._emitter)
        if self._facts is None:
            self._facts = environment_facts(os.environ)
        invocation.describe(request, self._facts, cold_start=self._count == 1 and self._is_cold(invocation))
        live.trace = invocation
        if self._init is not None:
            init, self._init = self._init, None
            guarded("initialization")(self._adopt)(init, invocation)
        self._wake()

    def _adopt(self, init: Initialization, invocation: Invocation) -> None:
        """Send the cold start as part of this trace, or only tell it where that would stretch the trace for hours."""
        if self._count > 1 and invocation.root.start_time - init.ended_at > OLD:
            told = {"start_time": init.started_at, "end_time": init.ended_at, "invocations_since": self._count - 1}
            invocation.root.fields["metadata"]["xray_instrument"] = {"initialization": told}
        else:
            init.adopt(invocation, self._settings.initialization_type, self._first_at)

    def _start_watching(self) -> None:
        """Make the watcher, at the first sampled invocation; from then on it is only woken."""
        if self._make_watcher is not None:
            wake = self._make_watcher().wake
            self._wake = guarded("watcher")(wake)
            wake()

    def _is_cold(self, invocation: Invocation) -> bool:
        """Whether the caller waited for an initialization: not if it was made ahead of need."""
        if self._settings.initialization_type == "provisioned-concurrency":
            return False
        init = self._init
        return init is None or invocation.root.start_time - init.ended_at <= AHEAD

    def saw_event(self, event: "Any") -> None:
        """The client has parsed the event."""
        if isinstance(live.trace, Invocation):
            live.trace.saw_event(event)

    def _read_raised(self, _report: object) -> None:
        """Read the exception that the client is making its report of: at once, so that we do not keep it alive."""
        if live.trace.recording:
            self._reported = _cause(sys.exc_info()[1])

    def before_result(self) -> None:
        """The handler has returned."""
        if isinstance(live.trace, Invocation):
            self._end(live.trace)

    def before_error(self) -> None:
        """The handler has failed, or the client with its result."""
        cause, self._reported = self._reported, None
        if isinstance(live.trace, Invocation):
            self._end(live.trace, cause or _cause(None))

    def before_init_error(self) -> None:
        """The initialization has failed. On Lambda no header has come yet; where one has, tell it there."""
        cause, self._reported = self._reported, None
        found, reason = header.parse(os.environ.get("_X_AMZN_TRACE_ID"))
        if self._init is None or found is None:
            debug(f"initialization failed; it is not recorded: {reason}")
            return
        self._init.end()
        invocation = Invocation(found, self._name, self._recorder, self._emitter)
        self._init.adopt(invocation, self._settings.initialization_type, self._init.ended_at, cause or _cause(None))

    def after_fork_in_child(self) -> None:
        """A child of the function's must not end the invocation that its parent is in, and not outlive it in its trace."""
        self._forked = True
        live.until = getattr(live.trace, "deadline", 0.0)

    def at_exit(self) -> None:
        """The process ends. Inside an invocation, that is the function's doing, and the invocation's fault."""
        trace = live.trace
        # Functions call atexit's callbacks themselves, to flush; at the process's end the main thread is over by then.
        if isinstance(trace, Invocation) and not self._forked and not sys.modules["threading"].main_thread().is_alive():
            live.load("causes")
            from .causes import from_exit  # noqa: PLC0415  (needed for failures only)

            self._end(trace, from_exit(getattr(sys, "last_value", None)))

    def _record_nothing(self) -> None:
        live.trace = NOTHING

    def _end(self, trace: Invocation, cause: "dict[str, Any] | None" = None) -> None:
        trace.end(self._recorder.clock(), cause)
        live.trace = NOTHING


def _owner(cls: "Any", name: str) -> "Any":
    return next(owner for owner in cls.__mro__ if name in owner.__dict__)


class _Fetched:
    """A method that tells when it is fetched from an instance. Calling it has no frame of ours."""

    def __init__(self, plain: "Any", observe: "Callable[[], None]") -> None:
        self._plain = plain
        self._observe = observe

    def __get__(self, instance: "Any", owner: "Any" = None) -> "Any":
        if instance is not None:
            self._observe()
        return self._plain.__get__(instance, owner)


def _observed(plain: "Callable[..., Any]", observe: "Callable[[Any], None]", *, of_self: bool = False) -> "Callable[..., Any]":
    """Return a function that calls `plain` and shows us its result, or the object that it was called on."""

    def xray_instrument_observed(*args: "Any", **kwargs: "Any") -> "Any":
        result = plain(*args, **kwargs)
        observe(args[0] if of_self else result)
        return result

    return xray_instrument_observed


def _cause(raised: "BaseException | None") -> "dict[str, Any]":
    """Return the cause for what the client reports: the function's exception, or a fault that the client found."""
    live.load("causes")
    from . import causes  # noqa: PLC0415  (needed for failures only)

    if raised is None:
        return causes.from_report("Unhandled", "the runtime client reported an error without an exception")
    if (type(raised).__module__, type(raised).__name__) == ("awslambdaric.lambda_runtime_exception", "FaultException"):
        told = vars(raised)  # not getattr: an exception of the function's may have a __getattr__ of its own
        return causes.from_report(str(told.get("exception_type", "Runtime.Fault")), str(told.get("msg", "")))
    return causes.from_exception(raised, skip="/bootstrap.py")
