"""Which OpenTelemetry attribute is which field of an X-Ray document.

Tables first: for every field the attributes that may hold it, in the order in which they are asked (the older semantic
conventions and the newer ones name the same thing differently, and AWS's own instrumentations add names of their own).
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

Attributes = dict[str, Any]
Document = dict[str, Any]

HTTP_REQUEST = {
    "method": ("http.request.method", "http.method"),
    "url": ("url.full", "http.url"),
    "user_agent": ("user_agent.original", "http.user_agent"),
    "client_ip": ("client.address", "http.client_ip", "net.sock.peer.addr"),
}
HTTP_RESPONSE = {
    "status": ("http.response.status_code", "http.status_code"),
    "content_length": ("http.response.body.size", "http.response_content_length"),
}
# What a request's URL is put together from where no attribute has it whole.
SCHEME = ("url.scheme", "http.scheme")
HOST = ("http.host", "server.address", "net.host.name", "net.peer.name", "http.server_name")
PORT = ("server.port", "net.host.port", "net.peer.port")
TARGET = ("http.target", "url.path")

AWS = {
    "account_id": ("aws.account_id",),
    "operation": ("aws.operation", "rpc.method"),
    "region": ("aws.region",),
    "request_id": ("aws.request_id", "aws.requestId"),
    "retries": ("retry_attempts",),
    "queue_url": ("aws.queue_url", "aws.queue.url", "aws.sqs.queue_url", "aws.sqs.queue.url"),
    "table_name": ("aws.table_name", "aws.table.name", "aws.dynamodb.table_names"),
    "bucket_name": ("aws.s3.bucket", "aws.bucket.name"),
    "key": ("aws.s3.key",),
    "topic_arn": ("aws.sns.topic_arn", "aws.sns.topic.arn", "aws.topic_arn"),
    "function_name": ("aws.lambda.function.name", "aws.lambda.invoked_function_name", "faas.invoked_name"),
}
SQL = {
    "sanitized_query": ("db.query.text", "db.statement"),
    "database_type": ("db.system.name", "db.system"),
    "user": ("db.user",),
}
DATABASE = ("db.namespace", "db.name")
# db.system values that X-Ray shows as a database; others (redis, mongodb) are a remote service (the collector's sql.go).
SQL_SYSTEMS = frozenset(
    (
        *("db2", "derby", "hive", "mariadb", "microsoft.sql_server", "mssql", "mysql"),
        *("oracle", "oracle.db", "other_sql", "postgresql", "sqlite", "teradata"),
    )
)

# The name of what a call goes to.
PEER = ("aws.remote.service", "peer.service")
PEER_HOST = ("server.address", "net.peer.name", "http.host", "net.sock.peer.name", "network.peer.address", "net.peer.ip")

# (cloud.platform, origin) as the collector's segment.go has it.
ORIGINS = {
    "aws_ec2": "AWS::EC2::Instance",
    "aws_ecs": "AWS::ECS::Container",
    "aws_eks": "AWS::EKS::Container",
    "aws_elastic_beanstalk": "AWS::ElasticBeanstalk::Environment",
    "aws_app_runner": "AWS::AppRunner::Service",
}
SDK_SERVICES = {"aws-api"}
ANNOTATED = "aws.xray.annotations"
# The collector's makeXRayName (facts A.2): everything else is taken out, and 200 characters are kept.
_NOT_IN_NAMES = re.compile(r"[^\w\s.:/%&#=+\\\-@]+")
# Annotation keys that can be asked for.
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9_.]")


def first(attributes: Attributes, names: tuple[str, ...], used: set[str] | None = None) -> Any:
    """The value of the first of these attributes that is there; its name goes to `used`."""
    for name in names:
        value = attributes.get(name)
        if value not in (None, "", []):
            if used is not None:
                used.add(name)
            return value
    return None


def is_aws_call(attributes: Attributes) -> bool:
    """A call of AWS's API, by the mark that every OpenTelemetry instrumentation of its SDKs sets."""
    return attributes.get("rpc.system") in SDK_SERVICES or "aws.service" in attributes


def name(span_name: str, attributes: Attributes, resource: Attributes, *, outward: bool, is_segment: bool) -> str:
    """The service for a segment, the target for a call to the outside, the span's own name for work inside."""
    chosen: Any = span_name
    if is_segment:
        chosen = resource.get("service.name") or span_name
    elif outward and is_aws_call(attributes):
        chosen = attributes.get("aws.service") or attributes.get("rpc.service") or span_name
    elif outward:
        chosen = first(attributes, PEER) or _database(attributes) or _host(attributes) or span_name
    return _NOT_IN_NAMES.sub("", str(chosen))[:200] or "span"


def _host(attributes: Attributes) -> str | None:
    if url := first(attributes, HTTP_REQUEST["url"]):
        try:
            return urlsplit(str(url)).hostname
        except ValueError:
            return None
    host = first(attributes, PEER_HOST)
    return str(host) if host else None


def _database(attributes: Attributes) -> str | None:
    """`orders@db.example.com`, as the collector names a database."""
    database = first(attributes, DATABASE)
    if not database or attributes.get("db.system.name", attributes.get("db.system")) not in SQL_SYSTEMS:
        return None
    host = first(attributes, PEER_HOST)
    return f"{database}@{host}" if host else str(database)


def of_segment(resource: Attributes) -> Document:
    """What only a segment has: origin and service."""
    made: Document = {}
    if origin := ORIGINS.get(str(resource.get("cloud.platform"))):
        made["origin"] = origin
    if version := resource.get("service.version"):
        made["service"] = {"version": str(version)}
    return made


def blocks(attributes: Attributes, resource: Attributes, *, is_segment: bool) -> tuple[Document, set[str]]:
    """The http, aws and sql of a document, and the attributes that are in them."""
    used: set[str] = set()
    made: Document = {
        "http": _http(attributes, used, is_segment=is_segment),
        "aws": _aws(attributes, resource, used, is_segment=is_segment),
        "sql": _sql(attributes, used),
    }
    if user := first(attributes, ("enduser.id",), used) if is_segment else None:
        made["user"] = str(user)
    return {key: block for key, block in made.items() if block}, used


def _http(attributes: Attributes, used: set[str], *, is_segment: bool) -> Document:
    request = {field: value for field, names in HTTP_REQUEST.items() if (value := first(attributes, names, used)) is not None}
    # The peer's address alone is no HTTP request: every socket has one.
    if "method" not in request and "url" not in request:
        for address in HTTP_REQUEST["client_ip"]:
            used.discard(address)
        request = {}
    elif "url" not in request and (url := _url(attributes, used)):
        request["url"] = url
    if not is_segment:
        request.pop("client_ip", None)
    response = {
        field: int(value)
        for field, names in HTTP_RESPONSE.items()
        if isinstance(value := first(attributes, names, used), int | float)
    }
    return {key: block for key, block in (("request", request), ("response", response)) if block}


def _url(attributes: Attributes, used: set[str]) -> str | None:
    host = first(attributes, HOST, used)
    if not host:
        return None
    scheme, port = first(attributes, SCHEME, used) or "http", first(attributes, PORT, used)
    target = str(first(attributes, TARGET, used) or "/")
    usual = {"http": 80, "https": 443}.get(str(scheme))
    # http.host may carry the port already.
    place = f"{host}:{port}" if port and int(port) != usual and ":" not in str(host) else str(host)
    query = attributes.get("url.query")
    if query and "?" not in target:
        used.add("url.query")
        target = f"{target}?{query}"
    return f"{scheme}://{place}{target}"


def _aws(attributes: Attributes, resource: Attributes, used: set[str], *, is_segment: bool) -> Document:
    made: Document = {}
    if is_segment:
        sdk = f"opentelemetry for {resource.get('telemetry.sdk.language', 'unknown')}"
        made["xray"] = {"sdk": sdk, "auto_instrumentation": "telemetry.auto.version" in resource}
        if version := resource.get("telemetry.sdk.version"):
            made["xray"]["sdk_version"] = version
        if account := resource.get("cloud.account.id"):
            made["account_id"] = account
        if groups := resource.get("aws.log.group.names"):
            made["cloudwatch_logs"] = [{"log_group": group} for group in groups]
        return made
    if not is_aws_call(attributes):
        return made
    used.update(("rpc.system", "rpc.service", "aws.service"))
    for field, names in AWS.items():
        value = first(attributes, names, used)
        if value is not None:
            made[field] = value
    if isinstance(tables := made.get("table_name"), list):
        made.pop("table_name")
        made |= {"table_name": tables[0]} if len(tables) == 1 else {"table_names": tables}
    if "region" not in made and (region := resource.get("cloud.region")):
        made["region"] = region
    return made


def _sql(attributes: Attributes, used: set[str]) -> Document:
    if attributes.get("db.system.name", attributes.get("db.system")) not in SQL_SYSTEMS:
        return {}
    made = {field: str(value) for field, names in SQL.items() if (value := first(attributes, names, used)) is not None}
    database, host, port = first(attributes, DATABASE, used), first(attributes, PEER_HOST), first(attributes, PORT)
    if host:
        made["url"] = f"{host}:{port}/{database or ''}" if port else f"{host}/{database or ''}"
    elif database:
        made["url"] = str(database)
    return made


def leftovers(attributes: Attributes, used: set[str]) -> Document:
    """Annotations for the attributes that were named as such, metadata for the rest."""
    named = attributes.get(ANNOTATED)
    keys = set(named) if isinstance(named, list) else set()
    annotations: Document = {}
    metadata: Document = {}
    for key, value in attributes.items():
        if key == ANNOTATED or value is None:
            continue
        if (key in keys or key.startswith("aws.xray.annotation.")) and isinstance(value, str | int | float | bool):
            annotations[_NOT_IN_KEYS.sub("_", key.removeprefix("aws.xray.annotation."))] = value
        elif key not in used:
            metadata[key] = value
    made: Document = {}
    if annotations:
        made["annotations"] = annotations
    if metadata:
        made["metadata"] = {"default": metadata}
    return made
