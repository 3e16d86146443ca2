"""Which kind of event invoked the function, from the event's shape. Data first: one row per kind.

Shapes: AWS Lambda developer guide, "Invoking Lambda with events from other AWS services". The event is
looked at after the runtime client has parsed it and before the handler can change it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Records[0].eventSource (or EventSource, as SNS spells it) to the trigger's name.
_RECORD_SOURCES = {
    "aws:sqs": "sqs",
    "aws:sns": "sns",
    "aws:s3": "s3",
    "aws:dynamodb": "dynamodb",
    "aws:kinesis": "kinesis",
    "aws:ses": "ses",
    "aws:codecommit": "codecommit",
}

# event.eventSource of batches that are not lists of Records.
_EVENT_SOURCES = {
    "aws:kafka": "msk",
    "SelfManagedKafka": "kafka",
    "aws:mq": "activemq",
    "aws:amq": "activemq",
    "aws:rmq": "rabbitmq",
    "aws:docdb": "documentdb",
}

# The first row whose keys are all in the event wins, so the narrower rows stand first.
_SHAPES: "tuple[tuple[str, tuple[str, ...]], ...]" = (
    ("appsync", ("arguments", "identity", "info")),
    ("step-functions", ("Execution", "State", "StateMachine")),
    ("cloudwatch-logs", ("awslogs",)),
    ("cognito", ("triggerSource", "userPoolId")),
    ("cognito-sync", ("identityPoolId", "datasetName", "datasetRecords")),
    ("firehose", ("deliveryStreamArn", "records")),
    ("kinesis-analytics", ("applicationArn", "records")),
    ("s3-batch", ("invocationSchemaVersion", "tasks")),
    ("s3-object-lambda", ("getObjectContext", "protocolVersion")),
    ("secrets-manager-rotation", ("SecretId", "ClientRequestToken", "Step")),
    ("cloudformation", ("RequestType", "StackId", "ResponseURL")),
    ("codepipeline", ("CodePipeline.job",)),
    ("config", ("configRuleId", "invokingEvent")),
    ("codedeploy-hook", ("DeploymentId", "LifecycleEventHookExecutionId")),
    ("cloudwatch-alarm", ("alarmArn", "alarmData")),
    ("api-gateway-authorizer", ("methodArn", "type")),
    ("api-gateway-authorizer", ("routeArn", "type")),
    ("lex", ("bot", "sessionState")),
    ("lex", ("bot", "currentIntent")),
    ("bedrock-agent", ("messageVersion", "agent", "actionGroup")),
    ("alexa", ("session", "request", "version")),
    ("durable-execution", ("DurableExecutionArn",)),
    ("eventbridge", ("detail-type", "source", "detail")),
    ("vpc-lattice", ("method", "raw_path")),
)
# An event that has none of these is of no service: one look instead of one for each row.
_FIRST_KEYS = frozenset([keys[0] for _, keys in _SHAPES])
_ANY_KEYS = _FIRST_KEYS | {"Records", "requestContext", "eventSource", "Details"}


def trigger(event: "Any") -> str:
    """Name what kind of event this is; `direct` where no service's shape fits. Never raises."""
    if not isinstance(event, dict) or _ANY_KEYS.isdisjoint(event):
        return "direct"
    return _from_records(event) or _from_http(event) or _from_source(event) or _from_shape(event) or "direct"


def _from_records(event: "dict[str, Any]") -> str:
    record = first_record(event)
    source = record.get("eventSource") or record.get("EventSource")
    if isinstance(source, str):
        return _RECORD_SOURCES.get(source) or _unknown_source(source)
    return "cloudfront" if "cf" in record else ""


def _unknown_source(source: str) -> str:
    """Name a source that is no service's we know: content that only looks like one is not taken for a name."""
    named = len(source) <= 64 and source.isascii() and source.replace(":", "").replace("-", "").isalnum()
    return source.removeprefix("aws:") if named else "unknown"


def first_record(event: "dict[str, Any]") -> "dict[str, Any]":
    """Return Records[0] where the event has such a list of objects, else an empty dictionary."""
    records = event.get("Records")
    if isinstance(records, list) and records and isinstance(records[0], dict):
        return records[0]
    return {}


def _from_http(event: "dict[str, Any]") -> str:
    context = event.get("requestContext")
    if not isinstance(context, dict):
        return ""
    if "elb" in context:
        return "alb"
    if "connectionId" in context:
        return "api-gateway-websocket"
    if "routeArn" in event or "methodArn" in event:
        return "api-gateway-authorizer"
    if isinstance(context.get("http"), dict):
        on_url = ".lambda-url." in str(context.get("domainName"))
        return "function-url" if on_url else "api-gateway-http"
    if "httpMethod" in event or "resourcePath" in context:
        # An HTTP API with payload format 1.0 looks like a REST API but for its version.
        return "api-gateway-http" if event.get("version") == "1.0" else "api-gateway-rest"
    return "vpc-lattice" if "serviceNetworkArn" in context else ""


def _from_source(event: "dict[str, Any]") -> str:
    source = event.get("eventSource")
    return _EVENT_SOURCES.get(source, "") if isinstance(source, str) else ""


def _from_shape(event: "dict[str, Any]") -> str:
    if not _FIRST_KEYS.isdisjoint(event):
        for name, keys in _SHAPES:
            if keys[0] in event and all(key in event for key in keys):
                on_schedule = name == "eventbridge" and event["detail-type"] == "Scheduled Event"
                return "eventbridge-schedule" if on_schedule else name
    details = event.get("Details")
    return "connect" if event.get("Name") == "ContactFlowEvent" and isinstance(details, dict) else ""


def batch(event: "Any") -> "dict[str, Any]":
    """Describe a batch: its size and source, and the traces that its SQS messages come from (at most 10)."""
    if not isinstance(event, dict) or "Records" not in event or not first_record(event):
        return {}
    record = event["Records"][0]
    found: "dict[str, Any]" = {"batch_size": len(event["Records"])}
    source = record.get("eventSourceARN") or record.get("EventSubscriptionArn")
    if isinstance(source, str):
        found["source_arn"] = source[:500]
    upstream: "dict[str, None]" = {}
    for each in event["Records"]:
        attributes = each.get("attributes") if isinstance(each, dict) else None
        header = attributes.get("AWSTraceHeader") if isinstance(attributes, dict) else None
        if isinstance(header, str) and len(upstream) < 10:
            fields = header[:500].split(";")
            upstream.update((field[5:40], None) for field in fields if field[:7] == "Root=1-" and len(field) == 40)
    if upstream:
        found["upstream_trace_ids"] = list(upstream)
    return found
