"""Why there are no traces: everything between a program and the screen, looked at in that order.

`examine` gathers facts and touches nothing; `findings` turns them into sentences and touches nothing at all.
"""

from __future__ import annotations

import contextlib
import errno
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from rich.text import Text

from xray_local.retention import said as jumped

from .labels import printable, time_text
from .source import Reader, SourceError, health

OK, NOTE, PROBLEM = "ok", "note", "problem"
MARKS = {OK: ("✓", "green"), NOTE: ("•", "cyan"), PROBLEM: ("✗", "red")}
# What daemons and SDKs use when nothing is set.
DEFAULT_PORT = 2000
# A clock that is this much ahead or behind makes lists by time miss its traces.
CLOCK_S = 300.0
REASONS_SHOWN = 3
SAMPLING_S = 3_600.0
CREDENTIALS = "check credentials and region of the shell that started xray-local up"
# The variables that decide where a program's traces go.
VARIABLES = ("AWS_XRAY_DAEMON_ADDRESS", "AWS_XRAY_SDK_ENABLED", "AWS_ENDPOINT_URL_XRAY", "OTEL_SDK_DISABLED")


@dataclass(frozen=True)
class Finding:
    """One sentence, and what to do about it."""

    level: str
    text: str
    advice: str = ""


@dataclass(frozen=True)
class Facts:
    """What was found."""

    endpoint: str
    """Where a server was looked for."""
    health: Mapping[str, Any] | None = None
    """What the server says; None if there is none."""
    taken: Sequence[str] = ()
    """Without a server: TCP or UDP, if someone else has the port."""
    sampling: Sequence[Mapping[str, Any]] = ()
    newest: Mapping[str, Any] | None = None
    """The summary that starts last."""
    environment: Mapping[str, str] = field(default_factory=dict)


def examine(endpoint: str, reader: Reader | None, environment: Mapping[str, str]) -> Facts:
    """Looks at the server and at this shell; `reader` asks that server."""
    told = {name: environment[name] for name in VARIABLES if environment.get(name)}
    found = health(endpoint)
    if found is None or reader is None:
        return Facts(endpoint, taken=_taken(endpoint), environment=told)
    sampling: list[Mapping[str, Any]] = []
    with contextlib.suppress(SourceError):
        sampling = reader.source.ask("GetSamplingStatisticSummaries", {})["SamplingStatisticSummaries"]
    return Facts(endpoint, found, (), sampling, _newest(reader), told)


def _newest(reader: Reader) -> Mapping[str, Any] | None:
    """The last trace of all times, also one whose sender's clock is years ahead."""
    # Long before X-Ray, and what a timestamp of 32 bits ends with.
    request = {"StartTime": 0, "EndTime": 2**31 - 1, "TimeRangeType": "Event"}
    with contextlib.suppress(SourceError):
        found: list[Mapping[str, Any]] = reader.source.ask("GetTraceSummaries", request)["TraceSummaries"]
        return found[0] if found else None
    return None


def _taken(endpoint: str) -> list[str]:
    """TCP and UDP, each if its port at a local endpoint cannot be had."""
    parts = urlsplit(endpoint)
    address = (parts.hostname or "127.0.0.1", parts.port or DEFAULT_PORT)
    taken = []
    for name, kind in (("TCP", socket.SOCK_STREAM), ("UDP", socket.SOCK_DGRAM)):
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        # Only a port of this machine can be tried.
        with contextlib.suppress(socket.gaierror), socket.socket(family, kind) as sock:
            # A port that was ours a moment ago is free, though connections to it still fade away.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind == socket.SOCK_STREAM))
            try:
                sock.bind(address)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    taken.append(name)
    return taken


def findings(facts: Facts) -> list[Finding]:
    """Everything there is to say, in the order a trace travels."""
    if facts.health is None:
        return [*_no_server(facts), *_environment(facts)]
    return [
        _server(facts.health),
        *_environment(facts),
        *_functions(facts.health),
        *_received(facts.health),
        *_sampled(facts),
        *_refused(facts.health),
        *_stored(facts.health),
        *_lost(facts.health),
        *_forwarded(facts.health),
        *_shown(facts),
    ]


def _no_server(facts: Facts) -> Iterator[Finding]:
    port = urlsplit(facts.endpoint).port or DEFAULT_PORT
    yield Finding(PROBLEM, f"No xray-local answers at {facts.endpoint}", "start one: xray-local up")
    if facts.taken:
        kinds = " and ".join(facts.taken)
        yield Finding(
            PROBLEM,
            f"Something else uses port {port} ({kinds}), perhaps an X-Ray daemon",
            "end it, or start with another port (xray-local up --port 2001) and set AWS_XRAY_DAEMON_ADDRESS for your programs",
        )


def _server(health: Mapping[str, Any]) -> Finding:
    store = health["store"]["path"] or "memory: traces are gone when it ends"
    age = _ago(health["now"] - health["started"])
    return Finding(
        OK,
        f"xray-local {health['version']} listens on {health['listening']}, process {health['pid']}, for {age}; it keeps {store}",
    )


def _environment(facts: Facts) -> Iterator[Finding]:
    """What this shell tells the programs that are started from it."""
    address = facts.health["address"] if facts.health else urlsplit(facts.endpoint).netloc
    told = facts.environment.get("AWS_XRAY_DAEMON_ADDRESS")
    if told and not _same_place(told, address):
        advice = f"export AWS_XRAY_DAEMON_ADDRESS={address}"
        yield Finding(PROBLEM, f"AWS_XRAY_DAEMON_ADDRESS is {printable(told)} here, and xray-local at {address}", advice)
    elif not told and not address.endswith(f":{DEFAULT_PORT}"):
        advice = f"export AWS_XRAY_DAEMON_ADDRESS={address}"
        yield Finding(
            NOTE, f"AWS_XRAY_DAEMON_ADDRESS is not set here: programs send to port {DEFAULT_PORT}, not to {address}", advice
        )
    asked = facts.environment.get("AWS_ENDPOINT_URL_XRAY")
    if asked and not _same_place(urlsplit(asked).netloc or asked, address):
        advice = f"export AWS_ENDPOINT_URL_XRAY=http://{address}"
        yield Finding(
            NOTE, f"AWS_ENDPOINT_URL_XRAY is {printable(asked)} here: xray-local's readers and AWS's clients look there", advice
        )
    if facts.environment.get("AWS_XRAY_SDK_ENABLED", "").lower() == "false":
        yield Finding(PROBLEM, "AWS_XRAY_SDK_ENABLED=false here: the X-Ray SDK sends nothing", "unset AWS_XRAY_SDK_ENABLED")
    if facts.environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        yield Finding(PROBLEM, "OTEL_SDK_DISABLED=true here: OpenTelemetry sends nothing", "unset OTEL_SDK_DISABLED")


def _same_place(told: str, address: str) -> bool:
    """Whether a setting (`host:port`, or `tcp:host:port udp:host:port`) sends to the server; localhost has several names."""
    udp = next((part[4:] for part in told.split() if part.startswith("udp:")), told.split(maxsplit=1)[0] if told.split() else "")
    host, _, port = udp.rpartition(":")
    own_host, _, own_port = address.rpartition(":")
    loopback = ("127.0.0.1", "localhost", "::1", "[::1]", "0.0.0.0")  # noqa: S104 - a comparison
    return port == own_port and (host == own_host or (host in loopback and own_host in loopback))


def _functions(health: Mapping[str, Any]) -> Iterator[Finding]:
    """The Lambda service, where `up` has one."""
    service = health.get("lambda")
    if service is None:
        return
    named = [printable(_function(function)) for function in service["functions"]]
    if named:
        yield Finding(OK, f"{len(named)} function{'s' if len(named) > 1 else ''}: {', '.join(named)}")
    else:
        yield Finding(PROBLEM, "The template has no function that can run here", "see what `xray-local up` says about it")
    for source in service["sources"]:
        if source["trouble"]:
            text = f"{source['name']} of {source['function']} cannot read {source['source']}: {source['trouble']}"
            yield Finding(PROBLEM, printable(text), "create it, or name the AWS stand-in with --aws-endpoint; it is tried again")
    if lost := service["dropped_documents"]:
        yield Finding(PROBLEM, f"{lost:,} documents of the Lambda service are lost: the store did not take them")


def _function(function: Mapping[str, Any]) -> str:
    states = [environment["state"] for environment in function["environments"]]
    told = [f"{states.count(state)} {state}" for state in ("busy", "idle") if state in states]
    return f"{function['name']} ({', '.join(told)})" if told else str(function["name"])


def _received(health: Mapping[str, Any]) -> Iterator[Finding]:
    udp, ever = health["udp"], health["store"]["counts"]
    came = udp["datagrams"]
    by_api, own = ever.get("received api", 0), ever.get("received lambda", 0)
    if came or by_api or own:
        functions = f", {own:,} of the Lambda service" if own else ""
        yield Finding(OK, f"Received: {came:,} datagrams since the start; {by_api:,} documents by the API{functions} in all")
        return
    host, _, port = health["listening"].rpartition(":")
    at_home = f"where the program runs, set AWS_XRAY_DAEMON_ADDRESS={health['address']}; inside a container "
    container = (
        f"that address is the container itself: start with --host 0.0.0.0 and set host.docker.internal:{port}"
        if host.startswith("127.") or host == "[::1]"
        else f"or on another machine, to this machine's address with port {port}"
    )
    sampled = "; a program whose trace header does not say Sampled=1 sends nothing"
    yield Finding(PROBLEM, "Nothing has arrived since the start", at_home + container + sampled)


def _sampled(facts: Facts) -> Iterator[Finding]:
    # The server keeps a number of reports, however old they are.
    from_when = facts.health["now"] - SAMPLING_S if facts.health else 0.0
    latest = [row for row in facts.sampling if row["Timestamp"] >= from_when]
    asked = sum(row.get("RequestCount", 0) for row in latest)
    # What is borrowed is sampled beside the rule's own.
    taken = sum(row.get("SampledCount", 0) + row.get("BorrowCount", 0) for row in latest)
    unsampled = facts.health["udp"]["unsampled"] if facts.health else 0
    if asked and not taken:
        yield Finding(
            PROBLEM,
            f"Everything is unsampled: programs reported {asked:,} requests in the last hour and traced none of them",
            "see `aws xray get-sampling-rules --endpoint-url` of this server: a rule's FixedRate or ReservoirSize is 0",
        )
    elif asked:
        yield Finding(OK, f"Sampled: {taken:,} of {asked:,} requests of the last hour")
    if unsampled:
        yield Finding(
            NOTE,
            f"{unsampled:,} OpenTelemetry spans came marked as not sampled; X-Ray shows no trace of those",
            "set OTEL_TRACES_SAMPLER=always_on, or send Sampled=1 in the trace header",
        )


def _refused(health: Mapping[str, Any]) -> Iterator[Finding]:
    count = health["store"]["counts"].get("rejected", 0)
    if not count:
        return
    newest: dict[str, int] = {}
    for document in health["rejected"]:
        newest[document["reason"]] = newest.get(document["reason"], 0) + 1
    for reason, times in list(newest.items())[:REASONS_SHOWN]:
        yield Finding(PROBLEM, f"Refused ({times} of the newest): {printable(reason)}", "the sender must change")
    yield Finding(NOTE, f"{count:,} refused documents are kept; {health['endpoint']}/health shows the newest as they came")


def _stored(health: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether what comes is kept, and goes on being there."""
    store, now = health["store"], health["now"]
    if store["unreadable"]:
        yield Finding(PROBLEM, f"The store cannot be read: {printable(store['unreadable'])}", "then start xray-local up again")
        return
    trouble = store["trouble"]
    if trouble["since"] is not None:
        yield Finding(
            PROBLEM,
            f"Nothing can be stored for {_ago(now - trouble['since'])}: {printable(trouble['text'])}",
            f"{health['udp']['backlog']:,} datagrams wait in memory and are stored as soon as that is mended",
        )
    elif trouble["failures"]:
        ago = _ago(now - trouble["last"])
        yield Finding(
            NOTE,
            f"Storing failed {trouble['failures']:,} times, the last time {ago} ago; it works now: {printable(trouble['text'])}",
        )
    if store["misplaced"]:
        advice = "start xray-local up again; `xray-local export` saves what it still has"
        yield Finding(PROBLEM, f"These traces are gone when xray-local ends: {printable(store['misplaced'])}", advice)
    if abs(health["clock_set_s"]) > CLOCK_S:
        yield Finding(
            NOTE,
            f"This machine's clock was set while xray-local ran: {jumped(health['clock_set_s'])}; no trace was forgotten for it",
            "once it is right, start xray-local up again: until then it goes by the old time",
        )


def _lost(health: Mapping[str, Any]) -> Iterator[Finding]:
    udp, store = health["udp"], health["store"]["counts"]
    if udp["kernel_drops"]:
        yield Finding(
            PROBLEM,
            f"The kernel dropped {udp['kernel_drops']:,} datagrams: they came faster than this machine could take them "
            f"(receive buffer: {udp['granted_buffer']:,} bytes)",
            "allow a larger buffer: sysctl -w net.core.rmem_max=8388608, and start again",
        )
    if udp["backlog_drops"]:
        yield Finding(
            PROBLEM, f"{udp['backlog_drops']:,} datagrams were dropped: the disk did not keep up", "use --memory or a faster disk"
        )
    if udp["store_errors"]:
        yield Finding(
            PROBLEM,
            f"{udp['store_errors']:,} batches of datagrams were lost on the way to the store: {printable(udp['last_error'])}",
        )
    if store.get("pending") and udp["backlog"] + store["pending"] > 100:
        yield Finding(NOTE, f"{udp['backlog']:,} datagrams and {store['pending']:,} traces are still being worked on")


def _forwarded(health: Mapping[str, Any]) -> Iterator[Finding]:
    counts = health.get("forward")
    if not counts:
        return
    sent = f"Forwarded to AWS X-Ray: {counts['sent']:,} documents"
    trouble = counts["trouble"]
    if trouble["since"] is not None:
        failing = (
            f"Forwarding to AWS X-Ray fails for {_ago(health['now'] - trouble['since'])}, {counts['waiting']:,} documents wait"
        )
        yield Finding(PROBLEM, f"{failing}, {counts['dropped']:,} were dropped: {printable(counts['last_error'])}", CREDENTIALS)
    elif counts["dropped"] + counts["refused"]:
        told = f"{sent}; {counts['dropped']:,} were dropped, {counts['refused']:,} refused: {printable(counts['last_error'])}"
        yield Finding(PROBLEM, told, CREDENTIALS)
    else:
        yield Finding(OK, f"{sent}; {counts['waiting']:,} wait")


def _shown(facts: Facts) -> Iterator[Finding]:
    assert facts.health is not None  # noqa: S101 - findings() has looked
    counts, now = facts.health["store"]["counts"], facts.health["now"]
    if not counts:
        return
    if not counts["traces"]:
        yield Finding(NOTE, "There are no traces yet")
        return
    yield Finding(
        OK,
        f"{counts['traces']:,} traces of {counts['documents']:,} documents; the last one came {_ago(now - counts['newest'])} ago",
    )
    start = facts.newest.get("StartTime") if facts.newest else None
    if start is None:
        return
    if start > now + CLOCK_S:
        advice = "set the clock of the machine or container that the program runs on"
        yield Finding(PROBLEM, f"The newest trace starts {_ago(start - now)} in the future: a clock is wrong", advice)
    elif (
        start < counts["newest"] - CLOCK_S - float((facts.newest or {}).get("Duration", 0.0)) and now - counts["newest"] < CLOCK_S
    ):
        behind = _ago(now - start)
        yield Finding(
            NOTE,
            f"What came last started {behind} ago: imported, or a clock is wrong",
            f"xray-local traces --since {reaching(now - start)}",
        )


def reaching(seconds: float) -> str:
    """A value for --since that reaches that far back."""
    return f"{int(seconds // 3_600) + 1}h" if seconds < 2 * 86_400 else f"{int(seconds // 86_400) + 1}d"


def _ago(seconds: float) -> str:
    """A duration in the unit that fits."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size * 2:
            return f"{seconds / size:.0f} {unit}"
    return time_text(max(seconds, 0.0) * 1000) if seconds < 1 else f"{seconds:.0f} s"


def lines(found: Sequence[Finding]) -> Iterator[Text]:
    """The findings for the terminal; advice stands below its finding."""
    for finding in found:
        mark, colour = MARKS[finding.level]
        yield Text.assemble((mark, f"bold {colour}"), " ", finding.text)
        if finding.advice:
            yield Text.assemble("  ", ("→ " + re.sub(r"\s+", " ", finding.advice), "dim"))
