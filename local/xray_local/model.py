"""The values that pass between the parts of xray-local: no behaviour beyond adding statistics up.

    documents -> trace -> summary        one row of a list of traces
                       -> contribution   what one trace adds to the service graph
    contributions -> services            the service graph of many traces

Whoever stores a value, filters by it or draws it depends on this module only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# A segment or subsegment as JSON has it. What is inside belongs to whoever sent it: only documents.py checks it.
Document = dict[str, Any]

# The graph's node of whoever called the first service. X-Ray calls it by the name of that service.
CLIENT = "client"

AnnotationValue = str | int | float | bool


@dataclass(frozen=True, order=True)
class ServiceKey:
    """What makes two segments the same node of the graph. Empty: X-Ray does not say."""

    name: str
    type: str = ""
    account: str = ""


@dataclass(frozen=True)
class Outcome:
    """How one call or one visit ended, and how long it took. X-Ray counts each once: fault before throttle before error."""

    response_time: float
    error: bool = False
    throttle: bool = False
    fault: bool = False
    in_progress: bool = False

    @property
    def ok(self) -> bool:
        """Nothing went wrong, as far as is known."""
        return not (self.error or self.throttle or self.fault)


@dataclass
class Statistics:
    """Counts of a node or an edge; `error` holds the client errors (4xx) that are no throttles."""

    ok: int = 0
    error: int = 0
    throttle: int = 0
    fault: int = 0
    total_response_time: float = 0.0

    @property
    def total(self) -> int:
        """Everything that was counted."""
        return self.ok + self.error + self.throttle + self.fault

    def count(self, outcome: Outcome) -> None:
        """Adds one finished call or visit."""
        self.total_response_time += outcome.response_time
        if outcome.fault:
            self.fault += 1
        elif outcome.throttle:
            self.throttle += 1
        elif outcome.error:
            self.error += 1
        else:
            self.ok += 1

    def add(self, other: Statistics) -> None:
        """Adds another one's counts."""
        self.ok += other.ok
        self.error += other.error
        self.throttle += other.throttle
        self.fault += other.fault
        self.total_response_time += other.total_response_time


# Milliseconds to how often: whole numbers survive JSON and SQL, and X-Ray's own histograms have millisecond steps.
Histogram = dict[int, int]


@dataclass
class Node:
    """A service in the graph. `root`: it is called by a client. `active`: it sends segments of its own (X-Ray: State)."""

    key: ServiceKey
    names: tuple[str, ...]
    root: bool = False
    active: bool = False
    start_time: float = 0.0
    end_time: float = 0.0
    statistics: Statistics = field(default_factory=Statistics)
    response_times: Histogram = field(default_factory=dict)


@dataclass
class Edge:
    """Calls from one service to another, as the caller saw them.

    `link`: no call, but a message that a later trace took up (SQS to Lambda); `ages` then says how old it was (ms to count).
    """

    source: ServiceKey
    target: ServiceKey
    link: bool = False
    start_time: float = 0.0
    end_time: float = 0.0
    statistics: Statistics = field(default_factory=Statistics)
    response_times: Histogram = field(default_factory=dict)
    ages: Histogram = field(default_factory=dict)


@dataclass(frozen=True)
class Visit:
    """One segment in one service. `id` is the segment's; `parent_id` is the visit's caller (a segment or subsegment) or empty."""

    service: ServiceKey
    id: str
    parent_id: str
    inferred: bool
    start_time: float
    outcome: Outcome


@dataclass(frozen=True)
class Call:
    """One call, as the caller saw it. `caller` is the id of the calling (sub)segment, empty for a client."""

    source: ServiceKey
    target: ServiceKey
    caller: str
    callee: str
    start_time: float
    outcome: Outcome
    link: bool = False


@dataclass(frozen=True)
class CompiledTrace:
    """A trace as X-Ray returns it, and what there is to say about it (`notices`: sentences for a person)."""

    id: str
    segments: list[Document]
    notices: list[str]
    start_time: float
    end_time: float
    duration: float
    # The id of the segment where the trace begins; empty if there is none.
    root_id: str = ""
    partial: bool = False
    # The ids of the segments that repeat a call in the trace, whose other side sent none.
    repeating: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Contribution:
    """What one trace adds to the graph: nodes and edges in key order, and the single visits and calls they count."""

    trace_id: str
    start_time: float
    end_time: float
    nodes: list[Node]
    edges: list[Edge]
    visits: list[Visit]
    calls: list[Call]


@dataclass
class Service:
    """A node of the merged graph with its outgoing edges."""

    node: Node
    edges: list[Edge] = field(default_factory=list)


@dataclass(frozen=True)
class Http:
    """The root segment's request and response; empty or 0: not known."""

    url: str = ""
    method: str = ""
    user_agent: str = ""
    client_ip: str = ""
    status: int = 0


@dataclass(frozen=True)
class Annotation:
    """One indexed value and the services that set it."""

    key: str
    value: AnnotationValue
    services: tuple[ServiceKey, ...]


@dataclass(frozen=True)
class User:
    """A user named by segments, and the services that named them."""

    name: str
    services: tuple[ServiceKey, ...]


@dataclass(frozen=True)
class CauseException:
    """An exception on the way to a root cause."""

    name: str
    message: str


@dataclass(frozen=True)
class CauseEntity:
    """A segment or subsegment on the way to a root cause. `coverage`: its share of the response time (0 to 1)."""

    name: str
    remote: bool = False
    exceptions: tuple[CauseException, ...] = ()
    coverage: float = 0.0


@dataclass(frozen=True)
class CauseService:
    """The part of the way that lies in one service."""

    service: ServiceKey
    inferred: bool
    entities: tuple[CauseEntity, ...]


@dataclass(frozen=True)
class RootCause:
    """The way from the first service that shows the trouble to the place it comes from."""

    client_impacting: bool
    services: tuple[CauseService, ...]


@dataclass(frozen=True)
class Summary:
    """One trace in a list of traces: X-Ray's TraceSummary, in our names."""

    id: str
    start_time: float
    duration: float
    # Of the root segment; None until it has ended.
    response_time: float | None
    has_fault: bool
    has_error: bool
    has_throttle: bool
    is_partial: bool
    http: Http
    annotations: tuple[Annotation, ...]
    users: tuple[User, ...]
    services: tuple[ServiceKey, ...]
    resource_arns: tuple[str, ...]
    instance_ids: tuple[str, ...]
    availability_zones: tuple[str, ...]
    entry_point: ServiceKey | None
    fault_root_causes: tuple[RootCause, ...]
    error_root_causes: tuple[RootCause, ...]
    response_time_root_causes: tuple[RootCause, ...]
    # How often X-Ray has seen the trace change; the store counts it.
    revision: int = 1
    # The trace's end; a query by event or service time finds the trace by it (X-Ray: MatchedEventTime).
    end_time: float = 0.0
