"""What an OpenTelemetry span says, as X-Ray has it: name, annotations, metadata, http, flags, cause. Values in, values out.

Attributes that X-Ray can index are annotations, the others metadata. Names of attributes are those of OpenTelemetry's
semantic conventions, today's and those before 1.21, which most instrumentations still send. What becomes the name of a
remote subsegment, and with it a node of the map, is what the collector's X-Ray exporter takes: the peer, not "GET".
"""

from ..guard import attempt
from ..model import legal_key, legal_name
from .aws_errors import flags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ..model import Document

# X-Ray indexes 50 annotations of a trace and 1,000 characters of each (segment document reference).
ANNOTATIONS = 50
TEXT_LIMIT = 1_000
# An integer of more bits is none to X-Ray's index.
_INTEGER_BITS = 63
_DEPTH = 20
# Kinds of a span that asks somebody else.
_ASKING = ("CLIENT", "PRODUCER")
_PEER = (
    "peer.service",
    "server.address",
    "net.peer.name",
    "http.host",
    "net.sock.peer.name",
    "network.peer.address",
    "net.peer.ip",
)
_DATABASE = ("db.namespace", "db.name")
_URL = ("url.full", "http.url")
_STATUS = ("http.response.status_code", "http.status_code")
_REQUEST = (
    ("method", ("http.request.method", "http.method")),
    ("user_agent", ("user_agent.original", "http.user_agent")),
)
_LENGTH = ("http.response.body.size", "http.response_content_length")


def value_of(value: "Any", depth: int = _DEPTH) -> "Any":
    """Return an attribute's value as JSON has it, and as it is now: the function may go on changing its list.

    As OpenTelemetry's SDK: sequences and mappings are copied, what is of no known type becomes text.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if depth and isinstance(value, (list, tuple, set, frozenset, range)):
        return [value_of(item, depth - 1) for item in value]
    if depth and isinstance(value, dict):
        return {attempt(str, key, "?"): value_of(item, depth - 1) for key, item in value.items()}
    return attempt(str, value, f"<{type(value).__name__}: no text>")


def indexable(value: "Any") -> bool:
    """Whether X-Ray takes it as an annotation's value."""
    if isinstance(value, str):
        return len(value) <= TEXT_LIMIT
    if isinstance(value, float):
        return value - value == 0  # neither infinite nor NaN
    return isinstance(value, int) and value.bit_length() <= _INTEGER_BITS


def divided(attributes: "Mapping[str, Any]") -> "tuple[Document, Document]":
    """Return what becomes annotations, under legal keys, and the rest, under its own."""
    annotations: "Document" = {}
    rest: "Document" = {}
    for key, value in attributes.items():
        legal = legal_key(key)
        if indexable(value) and legal not in annotations and len(annotations) < ANNOTATIONS:
            annotations[legal] = value
        else:
            rest[key] = value
    return annotations, rest


def _first(attributes: "Mapping[str, Any]", names: "tuple[str, ...]") -> "Any":
    return next((attributes[name] for name in names if attributes.get(name)), None)


def _split_url(url: str) -> "tuple[str, str]":
    """Return a URL without query, fragment and user, and its host without the port."""
    scheme, found, rest = url.partition("://")
    if not found:
        return url.partition("?")[0].partition("#")[0], ""
    authority = rest
    for end in "/?#":
        authority = authority.partition(end)[0]
    path = rest[len(authority) :].partition("?")[0].partition("#")[0]
    server = authority.rpartition("@")[2]
    return f"{scheme}://{server}{path}", _without_port(server)


def _without_port(server: str) -> str:
    return server.partition("]")[0] + "]" if server.startswith("[") else server.partition(":")[0]


def peer(kind: str, attributes: "Mapping[str, Any]") -> str:
    """Return who is asked, where the span says so: a host, a service, a database; else nothing."""
    if kind not in _ASKING:
        return ""
    name = str(_first(attributes, _PEER) or "")
    host = _without_port(name) if name == attributes.get("http.host") else name
    host = host or _split_url(str(_first(attributes, _URL) or ""))[1]
    database = _first(attributes, _DATABASE)
    return f"{database}@{host}" if host and database else host


def name_of(name: str, kind: str, attributes: "Mapping[str, Any]") -> str:
    """Return the subsegment's name: the peer of one that asks, so that the map has it; else the span's."""
    return legal_name(peer(kind, attributes) or name)


def http(attributes: "Mapping[str, Any]") -> "Document":
    """Return the member `http`, as far as the attributes have it; empty where they are not of HTTP."""
    request = {field: str(found) for field, names in _REQUEST if (found := _first(attributes, names))}
    url = _first(attributes, _URL)
    if url:
        request["url"] = _split_url(str(url))[0]
    response: "Document" = {}
    for field, names in (("status", _STATUS), ("content_length", _LENGTH)):
        number = str(_first(attributes, names) or "")
        if number.isascii() and number.isdigit():
            response[field] = int(number)
    if not (response.get("status") or request.get("method")):
        return {}
    return {**({"request": request} if request else {}), **({"response": response} if response else {})}


def judged(status: int, code: str) -> "dict[str, bool]":
    """Return X-Ray's flags: by the HTTP status, else by the span's, as the collector's exporter; no exception alone is a failure.

    Args:
        status: of HTTP; 0 where there is none.
        code: the span's status: UNSET, OK or ERROR.
    """
    return flags(status, "") if status >= 400 else {"fault": True} if code == "ERROR" else {}


def without_empty(document: "Document") -> "Document":
    """Return the members that say something."""
    return {key: value for key, value in document.items() if value or value is False}
