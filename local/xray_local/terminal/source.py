"""Where the commands read from: a server's X-Ray API (ours or Amazon's), or a database file without any server.

Both answer the operations of the X-Ray API, so everything below asks the same questions, and times are always seconds
since the epoch.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import math
import re
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import quote, urlsplit

from xray_local.model import Document

# BatchGetTraces answers five traces a call (facts of the API; more is refused by AWS).
TRACES_PER_CALL = 5
# PutTraceSegments: what the real daemon sends at once.
DOCUMENTS_PER_CALL = 50
HEALTH_TIMEOUT_S = 2.0
# Beside the X-Ray API (xray_local.api.notices).
NOTICES = "/xray-local/traces/{trace_id}"
# Far enough for a wrong time zone.
AHEAD_S = 86_400.0
REGION_OF_A_HOST = re.compile(r"^xray(?:-fips)?\.([a-z0-9-]+)\.")

Answer = dict[str, Any]


class SourceError(Exception):
    """The traces cannot be read from there. The text says why and what to do, and is for the user."""


class Source(Protocol):
    """Answers operations of the X-Ray API."""

    ahead_s: float
    """How far beyond now to look for traces: a container's clock may be ahead."""

    def describe(self) -> str:
        """Where it reads from, for a person."""
        ...

    def ask(self, operation: str, request: Mapping[str, Any]) -> Answer:
        """One call. Raises SourceError."""
        ...

    def notices(self, trace_id: str) -> list[str] | None:
        """What there is to say about a trace, beside what BatchGetTraces has; None where nobody can tell."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


@dataclass(frozen=True)
class Query:
    """Which traces: a time range in epoch seconds and a filter expression."""

    start: float
    end: float
    expression: str = ""


@dataclass(frozen=True)
class Trace:
    """A trace as BatchGetTraces returns it, its documents parsed."""

    id: str
    duration: float
    segments: list[Document]
    limit_exceeded: bool = False


class EndpointSource:
    """The API at an address, through boto3. Local ones take any credentials, Amazon's get the user's."""

    def __init__(self, endpoint: str) -> None:
        # Half a second of imports that a database file does not need.
        import boto3  # noqa: PLC0415
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415

        self._failures: type[Exception] = BotoCoreError
        self._endpoint = endpoint = endpoint if "://" in endpoint else f"http://{endpoint}"
        self.ahead_s = 0.0
        host = urlsplit(endpoint).hostname or ""
        region = REGION_OF_A_HOST.match(host)
        settings: dict[str, Any] = {"region_name": region[1]} if region else {}
        options: dict[str, Any] = {"retries": {"max_attempts": 2, "mode": "standard"}, "connect_timeout": 3}
        self._is_local = is_local(host)
        if self._is_local:
            settings = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "us-east-1"}
            # A proxy of the environment is for the world outside.
            options["proxies"] = {}
            self.ahead_s = AHEAD_S
        session = boto3.Session(**settings)
        region_name = session.region_name or "us-east-1"
        try:
            self._client = session.client("xray", endpoint_url=endpoint, region_name=region_name, config=Config(**options))
        except ValueError as error:
            raise SourceError(f"{endpoint} is no address: write http://127.0.0.1:2000") from error

    def describe(self) -> str:
        """The address."""
        return self._endpoint

    def ask(self, operation: str, request: Mapping[str, Any]) -> Answer:
        """One call of boto3's client."""
        from botocore.exceptions import ClientError  # noqa: PLC0415

        try:
            answer: Answer = getattr(self._client, _snake(operation))(**request)
        except ClientError as error:
            raise SourceError(error.response["Error"].get("Message") or str(error)) from error
        except self._failures as error:
            raise SourceError(f"{error}; is `xray-local up` running there?") from error
        answer.pop("ResponseMetadata", None)
        plain: Answer = _plain(answer)
        return plain

    def notices(self, trace_id: str) -> list[str] | None:
        """What a server of ours says; Amazon is not asked."""
        if not self._is_local:
            return None
        answer = _get(f"{self._endpoint.rstrip('/')}{NOTICES.format(trace_id=quote(trace_id, safe=''))}")
        found = answer.get("Notices") if answer else None
        return [str(notice) for notice in found] if isinstance(found, list) else None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class DatabaseSource:
    """A database file, read in this process."""

    ahead_s = AHEAD_S

    def __init__(self, path: Path) -> None:
        from xray_local import api  # noqa: PLC0415 - Starlette-free, but Lark is not
        from xray_local.database import writable  # noqa: PLC0415
        from xray_local.store import Store, StoreError  # noqa: PLC0415

        self._path = path
        try:
            if not path.exists():
                raise SourceError(f"there is no database {path}: name another one with --db, or start `xray-local up`")
            self._store = Store(path, read_only=not writable(path))
        except OSError as error:
            raise SourceError(f"the database {path} cannot be reached: {error.strerror}; name another one with --db") from error
        except StoreError as error:
            raise SourceError(str(error)) from error
        self._context = api.Context(self._store)

    def describe(self) -> str:
        """The path."""
        return str(self._path)

    def ask(self, operation: str, request: Mapping[str, Any]) -> Answer:
        """One call of the server's own function for it."""
        from xray_local import api  # noqa: PLC0415
        from xray_local.store import StoreError  # noqa: PLC0415

        try:
            return api.OPERATIONS[operation](self._context, dict(request))
        except api.ApiError as error:
            raise SourceError(error.message) from error
        except StoreError as error:
            raise SourceError(str(error)) from error

    def notices(self, trace_id: str) -> list[str] | None:
        """As the server has it."""
        from xray_local import api  # noqa: PLC0415
        from xray_local.store import StoreError  # noqa: PLC0415

        try:
            found: list[str] = api.notices.of_trace(self._context, trace_id)["Notices"]
        except api.ApiError:
            return None
        except StoreError as error:
            raise SourceError(str(error)) from error
        return found

    def close(self) -> None:
        """Close the file."""
        self._store.close()


class Reader:
    """The questions of the commands, put to any source; use it in a `with` block."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def summaries(self, query: Query) -> Iterator[Answer]:
        """The summaries of traces that were active within the time, newest first, page by page as they are wanted."""
        request: Answer = {"StartTime": math.floor(query.start), "EndTime": math.ceil(query.end), "TimeRangeType": "Event"}
        if query.expression:
            request["FilterExpression"] = query.expression
        for answer in self._pages("GetTraceSummaries", request):
            yield from answer["TraceSummaries"]

    def traces(self, ids: Sequence[str]) -> Iterator[Trace]:
        """Whole traces in the order of their ids; what is not there is left out."""
        for first in range(0, len(ids), TRACES_PER_CALL):
            some = list(ids[first : first + TRACES_PER_CALL])
            found = {trace["Id"]: trace for page in self._pages("BatchGetTraces", {"TraceIds": some}) for trace in page["Traces"]}
            yield from (_trace(found[name]) for name in some if name in found)

    def services(self, query: Query) -> list[Answer]:
        """The service graph of a time, or of the traces that match an expression."""
        if query.expression:
            return self.services_of([summary["Id"] for summary in self.summaries(query)])
        request = {"StartTime": math.floor(query.start), "EndTime": math.ceil(query.end)}
        return [service for page in self._pages("GetServiceGraph", request) for service in page["Services"]]

    def services_of(self, ids: Sequence[str]) -> list[Answer]:
        """The service graph of some traces."""
        if not ids:
            return []
        return [service for page in self._pages("GetTraceGraph", {"TraceIds": list(ids)}) for service in page["Services"]]

    def put(self, documents: Sequence[str]) -> list[Answer]:
        """Send documents; what comes back is what was not taken, with the reason."""
        refused: list[Answer] = []
        for first in range(0, len(documents), DOCUMENTS_PER_CALL):
            some = list(documents[first : first + DOCUMENTS_PER_CALL])
            refused += self.source.ask("PutTraceSegments", {"TraceSegmentDocuments": some})["UnprocessedTraceSegments"]
        return refused

    def _pages(self, operation: str, request: Answer) -> Iterator[Answer]:
        token: str | None = None
        while True:
            answer = self.source.ask(operation, {**request, "NextToken": token} if token else request)
            yield answer
            token = answer.get("NextToken")
            if not token:
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.source.close()


def health(endpoint: str) -> Answer | None:
    """What a server of ours says about itself; None if there is none at that address."""
    answer = _get(f"{endpoint.rstrip('/')}/health")
    return answer if answer and answer.get("name") == "xray-local" else None


def _get(url: str) -> Answer | None:
    """The JSON object at an address on this machine; None if there is none."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=HEALTH_TIMEOUT_S) as response:
            answer = json.load(response)
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, dict) else None


def is_local(host: str) -> bool:
    """Whether a host is no place of AWS: localhost, an address, or a name without a dot (a container's)."""
    if host == "localhost" or "." not in host:
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.endswith((".localhost", ".internal", ".local"))
    return True


def _trace(answer: Answer) -> Trace:
    segments = [json.loads(segment["Document"]) for segment in answer["Segments"]]
    return Trace(answer["Id"], answer.get("Duration", 0.0), segments, answer.get("LimitExceeded", False))


def _snake(operation: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).lower()


def _plain(value: Any) -> Any:
    """The value with times as numbers, as JSON has them."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.timestamp() if isinstance(value, dt.datetime) else value
