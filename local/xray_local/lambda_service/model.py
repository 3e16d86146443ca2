"""What the parts of the Lambda service tell each other: functions, events, and how one execution of a function went.

Plain values without behaviour. Times are seconds since the epoch; a duration says so. Who makes what:

    template, flags ── Function ──┐
    api, sources ───── Event ─────┴─ pool, environments ── Execution ──┬─ segments: what X-Ray is told
                                                                       └─ api: what the caller is told
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any


class Tracing(Enum):
    """TracingConfig.Mode: whether Lambda makes segments, or only hands the trace header on."""

    ACTIVE = "Active"
    PASS_THROUGH = "PassThrough"  # noqa: S105 - no password


@dataclass(frozen=True)
class InvokeConfig:
    """EventInvokeConfig: what happens to asynchronous invocations that fail."""

    retries: int = 2
    """MaximumRetryAttempts, 0 to 2."""
    maximum_age_s: float = 21_600.0
    """MaximumEventAgeInSeconds, 60 to 21,600."""
    on_success: str | None = None
    """ARN of the destination: a queue, a topic, a function, an event bus."""
    on_failure: str | None = None


@dataclass(frozen=True)
class Source:
    """An event source of a function: an event source mapping, or a schedule."""

    kind: str
    """`sqs`, `kinesis`, `dynamodb` or `schedule`."""
    name: str
    """The logical name in the template, or the UUID of the mapping."""
    arn: str = ""
    """Of the queue or the stream; empty for a schedule."""
    batch_size: int | None = None
    """None: the kind's own default (10 for SQS, 100 for streams)."""
    window_s: float = 0.0
    """MaximumBatchingWindowInSeconds."""
    partial_responses: bool = False
    """FunctionResponseTypes has ReportBatchItemFailures."""
    starting_position: str = "LATEST"
    retries: int = -1
    """MaximumRetryAttempts of a stream, -1 for without end."""
    bisect: bool = False
    """BisectBatchOnFunctionError."""
    maximum_concurrency: int | None = None
    schedule: str = ""
    """`rate(5 minutes)` or `cron(0 12 * * ? *)`."""
    filters: tuple[Mapping[str, Any], ...] = ()
    """The patterns of FilterCriteria, one of which a record must match; none: every record."""
    payload: Any = None
    """The schedule's own input, if it has one."""
    enabled: bool = True


@dataclass(frozen=True)
class ImageBuild:
    """How a function's image is built: Metadata of the resource in the template, as `sam build` reads it."""

    dockerfile: str = "Dockerfile"
    """Within the function's `code`."""
    args: Mapping[str, str] = field(default_factory=dict)
    """DockerBuildArgs."""
    target: str | None = None
    """DockerBuildTarget."""


@dataclass(frozen=True)
class Function:
    """A function as it is configured."""

    name: str
    handler: str
    """The Handler setting, `app.handler`; for an image its command."""
    code: Path
    """The folder or zip with the code, absolute; for an image the folder of its Dockerfile."""
    runtime: str = "python3.13"
    timeout_s: float = 3.0
    memory_mb: int = 128
    environment: Mapping[str, str] = field(default_factory=dict)
    tracing: Tracing = Tracing.ACTIVE
    layers: tuple[Path, ...] = ()
    """Zips or folders, absolute, merged to /opt in this order."""
    concurrency: int | None = None
    """ReservedConcurrentExecutions; 0 throttles everything."""
    invoke_config: InvokeConfig = field(default_factory=InvokeConfig)
    sources: tuple[Source, ...] = ()
    image: str | None = None
    """The container image (PackageType Image); needs Docker."""
    build: ImageBuild | None = None
    """How `image` is made of `code`; None: it is there or pulled."""
    aliases: tuple[str, ...] = ()
    """Names of its aliases, all of which mean `version`."""
    description: str = ""
    log_format: str = "Text"
    """LoggingConfig.LogFormat, `Text` or `JSON`: of what the function logs. Lambda's own lines are text here."""
    log_level: str = ""
    """LoggingConfig.ApplicationLogLevel, which counts for JSON only; empty: INFO."""
    own_log_group: str = ""
    """LoggingConfig.LogGroup; empty: /aws/lambda/ and the name."""
    dead_letter_arn: str = ""
    """DeadLetterConfig.TargetArn: the queue or topic that gets the events that are given up; empty: none."""
    version: str = "$LATEST"

    @property
    def log_group(self) -> str:
        """The log group that the function is told, and its segment."""
        return self.own_log_group or f"/aws/lambda/{self.name}"


@dataclass(frozen=True)
class Desk:
    """Where the service runs: what it puts into ARNs and environments, and its limits."""

    daemon_address: str
    """host:port that functions send segments to."""
    endpoint: str
    """URL of this server; functions find the Lambda API there."""
    region: str = "us-east-1"
    account: str = "123456789012"
    aws_endpoint: str | None = None
    """URL of an AWS stand-in (moto, LocalStack) for functions and event sources; None: what the environment says, or AWS."""
    trace_layer: Path | None = None
    """Our own layer, a zip or a folder, put under every function; None leaves it out."""
    docker: bool = False
    concurrency: int = 10
    """Environments of all functions together that may be busy at one time."""
    idle_s: float = 300.0
    """How long an idle environment is kept, in seconds."""
    time_scale: float = 1.0
    """Retry delays, event ages and schedules are multiplied by this; 0.01 makes a minute of waiting 0.6 s."""
    folder: Path | None = None
    """For runtimes, unpacked code and /tmp folders; None: the user's data folder."""

    def function_arn(self, name: str, qualifier: str | None = None) -> str:
        """The function's ARN, unqualified unless a qualifier is given."""
        arn = f"arn:aws:lambda:{self.region}:{self.account}:function:{name}"
        return f"{arn}:{qualifier}" if qualifier else arn


@dataclass(frozen=True)
class Event:
    """One invocation as an environment gets it."""

    request_id: str
    payload: bytes
    trace_header: str | None
    """For Lambda-Runtime-Trace-Id; None leaves the header out."""
    segment_id: str | None = None
    """Id of the function segment, for the REPORT line; None when nothing is recorded."""
    invoked_arn: str = ""
    client_context: str | None = None
    """JSON, decoded."""
    tenant_id: str | None = None


class Status(Enum):
    """How an execution ended."""

    OK = "success"
    ERROR = "error"
    """The handler raised: the runtime client reported it."""
    TIMEOUT = "timeout"
    CRASH = "crash"
    """The process ended within the invocation: exit, a signal, out of memory."""
    INIT_ERROR = "init-error"
    """The environment could not be made ready, at the second attempt either."""


@dataclass(frozen=True)
class Initialization:
    """The init phase of an environment, from the start of its process to the first call of next."""

    start: float
    end: float
    error_type: str | None = None
    """Why it failed, such as Runtime.ImportModuleError; None when it did not."""
    cause: Mapping[str, Any] | None = None
    """As `Execution.cause`."""


@dataclass(frozen=True)
class Execution:
    """One event in one environment: everything that X-Ray, the log, and the caller are told."""

    status: Status
    start: float
    """The environment is the invocation's from here on; after an on-demand initialization."""
    end: float
    """The environment is free again: it asked for the next event, or it is gone. The end of Overhead."""
    payload: bytes
    """The response, or the error as JSON."""
    initialization: Initialization | None = None
    """The cold start, with the first event after it only."""
    invocation_start: float | None = None
    """The runtime got the event; None when it never did (an init error)."""
    invocation_end: float | None = None
    """The runtime's response or error was there; None after a timeout or a crash (then `end` holds)."""
    error_type: str | None = None
    """Such as ValueError, Runtime.ExitError, Sandbox.Timedout; None when it went well."""
    error_message: str | None = None
    cause: Mapping[str, Any] | None = None
    """What the runtime client reported in Lambda-Runtime-Function-XRay-Error-Cause: working_directory, exceptions, paths."""
    content_type: str = "application/json"
    log_tail: bytes = b""
    """The last 4 KB of the invocation's log, with START, END and REPORT."""

    @property
    def failed(self) -> bool:
        """Whether the caller gets X-Amz-Function-Error."""
        return self.status is not Status.OK


class LambdaError(Exception):
    """What the API answers instead of a result: the code is AWS's exception name, the text for the user."""

    def __init__(self, message: str, code: str, status: int = 400, **members: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.members = members
        """Further members of the error's shape, such as Reason of TooManyRequestsException."""


class TooManyRequestsError(LambdaError):
    """No environment is free and no further one may be made."""

    def __init__(self, message: str = "Rate Exceeded.", reason: str = "ConcurrentInvocationLimitExceeded") -> None:
        super().__init__(message, "TooManyRequestsException", 429, Reason=reason)
