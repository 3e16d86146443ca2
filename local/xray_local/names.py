"""What X-Ray calls things: services, their resources, the nodes of the graph.

Sources: traces that X-Ray returned, next to what was sent (S3, DynamoDB, SNS, Lambda, CloudWatchLogs, Sfn, Events), and the
AWS X-Ray developer guide. For services that nobody has published a trace of, the name stays as it was sent: better no
guess than a wrong one.
"""

from __future__ import annotations

from typing import Any

from .model import Document, ServiceKey

# botocore's endpoint prefixes, as the Python SDKs send them, to the names in X-Ray's answers.
CANONICAL = {"s3": "S3", "dynamodb": "DynamoDB", "sns": "SNS", "sqs": "SQS", "lambda": "Lambda"}

# Service to the fields that name its resource, in the order in which X-Ray looks, and the type of node that one has.
RESOURCES = {
    "DynamoDB": (("table_name", "table_names"), "AWS::DynamoDB::Table"),
    "S3": (("bucket_name",), "AWS::S3::Bucket"),
    "SQS": (("queue_url",), "AWS::SQS::Queue"),
    "SNS": (("topic_arn",), "AWS::SNS"),
    "Lambda": (("function_name",), "AWS::Lambda"),
}
RESOURCE_FIELDS = tuple(field for fields, _type in RESOURCES.values() for field in fields)

LAMBDA = "AWS::Lambda"
LAMBDA_FUNCTION = "AWS::Lambda::Function"
SQL = "Database::SQL"
# "A downstream service of indeterminate type": the API's reference, of the type of a service.
REMOTE = "remote"
INFERRING = frozenset(("aws", REMOTE))


def canonical(name: str) -> str:
    """The name of an AWS service as X-Ray writes it."""
    return CANONICAL.get(name, name)


def resource_names(entity: Document) -> list[str]:
    """What X-Ray puts into `aws.resource_names`; empty if it does not know a resource."""
    aws: dict[str, Any] = entity.get("aws") or {}
    if entity.get("origin") == LAMBDA_FUNCTION:
        return [entity["name"]] if aws.get("function_arn") else []
    for field in RESOURCE_FIELDS:
        value = aws.get(field)
        if isinstance(value, str) and value:
            return [value]
        if isinstance(value, list) and value:
            return [name for name in value if isinstance(name, str)]
    return []


def inferred_origin(subsegment: Document) -> str:
    """The origin of the segment that X-Ray infers from a subsegment; empty for a plain remote host."""
    if subsegment.get("sql"):
        return SQL
    if subsegment.get("namespace") != "aws":
        return ""
    service = canonical(subsegment["name"])
    fields, origin = RESOURCES.get(service, ((), ""))
    aws: dict[str, Any] = subsegment.get("aws") or {}
    for field in fields:
        if aws.get(field):
            return origin
    return f"AWS::{service}"


def service_key(segment: Document) -> ServiceKey:
    """The node of the graph that a segment, real or inferred, belongs to."""
    aws: dict[str, Any] = segment.get("aws") or {}
    account = aws.get("account_id")
    origin = segment.get("origin") or ""
    if not segment.get("inferred"):
        return ServiceKey(segment["name"], origin, account if isinstance(account, str) else "")
    if not origin:
        return ServiceKey(segment["name"], REMOTE)
    return ServiceKey(_resource(segment["name"], aws) or segment["name"], origin)


def _resource(service: str, aws: dict[str, Any]) -> str:
    fields, _origin = RESOURCES.get(service, ((), ""))
    # Lambda's other operations (GetFunction) are calls to the service, not to the function.
    if service == "Lambda" and aws.get("operation") != "Invoke":
        return ""
    value = next((aws[field] for field in fields if aws.get(field)), "")
    name = next((item for item in value if isinstance(item, str)), "") if isinstance(value, list) else value
    if not isinstance(name, str):
        return ""
    return function_name(name) if service == "Lambda" else name


def function_name(name: str) -> str:
    """The plain name in any form that Invoke takes: name, name:alias, account:function:name, ARN with or without alias."""
    parts = name.split(":")
    if "function" in parts[:-1]:
        return parts[parts.index("function") + 1]
    return parts[0]
