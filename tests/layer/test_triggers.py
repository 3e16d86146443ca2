"""Which kind of event it was: the events of the Lambda developer guide, cut to the members that tell them apart."""

from __future__ import annotations

from typing import Any

import pytest

from xray_instrument.triggers import batch, trigger

ACCOUNT = "123456789012"
HTTP_V1: dict[str, Any] = {
    "resource": "/orders", "path": "/orders", "httpMethod": "GET", "headers": {}, "queryStringParameters": None, "body": None,
    "isBase64Encoded": False, "requestContext": {"accountId": ACCOUNT, "apiId": "a", "resourcePath": "/orders", "httpMethod": "GET", "stage": "prod"},
}  # fmt: skip
HTTP_V2: dict[str, Any] = {
    "version": "2.0", "routeKey": "$default", "rawPath": "/orders", "rawQueryString": "",
    "requestContext": {"accountId": ACCOUNT, "apiId": "a", "domainName": "a.execute-api.eu-west-1.amazonaws.com", "http": {"method": "GET", "path": "/orders"}},
}  # fmt: skip
URL = {**HTTP_V2, "requestContext": {**HTTP_V2["requestContext"], "domainName": "abc.lambda-url.eu-west-1.on.aws"}}
SQS = {
    "messageId": "1",
    "receiptHandle": "r",
    "body": "b",
    "attributes": {},
    "eventSource": "aws:sqs",
    "eventSourceARN": "arn:aws:sqs:eu-west-1:1:q",
}
BRIDGE = {
    "version": "0",
    "id": "1",
    "detail-type": "OrderPlaced",
    "source": "shop",
    "account": ACCOUNT,
    "time": "t",
    "region": "r",
    "resources": [],
    "detail": {},
}
KAFKA = {
    "eventSource": "aws:kafka",
    "eventSourceArn": "arn",
    "bootstrapServers": "b",
    "records": {"orders-0": [{"topic": "orders"}]},
}

EVENTS: tuple[tuple[str, Any], ...] = (
    ("api-gateway-rest", HTTP_V1),
    ("api-gateway-http", HTTP_V2),
    ("api-gateway-http", {**HTTP_V1, "version": "1.0"}),
    ("function-url", URL),
    ("alb", {"requestContext": {"elb": {"targetGroupArn": "arn"}}, "httpMethod": "GET", "path": "/", "headers": {}}),
    (
        "api-gateway-websocket",
        {"requestContext": {"routeKey": "$connect", "eventType": "CONNECT", "connectionId": "c", "apiId": "a"}},
    ),
    ("api-gateway-authorizer", {"type": "TOKEN", "authorizationToken": "t", "methodArn": "arn"}),
    ("api-gateway-authorizer", {**HTTP_V1, "type": "REQUEST", "methodArn": "arn"}),
    ("api-gateway-authorizer", {**HTTP_V2, "type": "REQUEST", "routeArn": "arn", "identitySource": ["t"]}),
    ("vpc-lattice", {"raw_path": "/", "method": "GET", "headers": {}, "body": "", "is_base64_encoded": False}),
    (
        "vpc-lattice",
        {"version": "2.0", "path": "/", "method": "GET", "requestContext": {"serviceNetworkArn": "arn", "serviceArn": "arn"}},
    ),
    ("sqs", {"Records": [SQS]}),
    ("sns", {"Records": [{"EventVersion": "1.0", "EventSubscriptionArn": "arn", "EventSource": "aws:sns", "Sns": {}}]}),
    ("s3", {"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "s3": {"bucket": {"name": "b"}}}]}),
    ("dynamodb", {"Records": [{"eventID": "1", "eventSource": "aws:dynamodb", "dynamodb": {}, "eventSourceARN": "arn"}]}),
    ("kinesis", {"Records": [{"kinesis": {}, "eventSource": "aws:kinesis", "eventSourceARN": "arn"}]}),
    ("ses", {"Records": [{"eventSource": "aws:ses", "eventVersion": "1.0", "ses": {}}]}),
    ("codecommit", {"Records": [{"eventSource": "aws:codecommit", "codecommit": {}}]}),
    ("future", {"Records": [{"eventSource": "aws:future"}]}),
    ("cloudfront", {"Records": [{"cf": {"config": {"distributionId": "d"}, "request": {}}}]}),
    ("msk", KAFKA),
    ("kafka", {**KAFKA, "eventSource": "SelfManagedKafka"}),
    ("activemq", {"eventSource": "aws:mq", "eventSourceArn": "arn", "messages": []}),
    ("rabbitmq", {"eventSource": "aws:rmq", "eventSourceArn": "arn", "rmqMessagesByQueue": {}}),
    ("documentdb", {"eventSource": "aws:docdb", "eventSourceArn": "arn", "events": []}),
    ("eventbridge", BRIDGE),
    ("eventbridge-schedule", {**BRIDGE, "detail-type": "Scheduled Event", "source": "aws.events"}),
    ("step-functions", {"Execution": {"Id": "arn"}, "State": {"Name": "s"}, "StateMachine": {"Id": "arn"}}),
    ("cloudwatch-logs", {"awslogs": {"data": "H4sI"}}),
    (
        "cognito",
        {"version": "1", "triggerSource": "PreSignUp_SignUp", "region": "r", "userPoolId": "p", "userName": "u", "request": {}},
    ),
    ("cognito-sync", {"version": 2, "eventType": "SyncTrigger", "identityPoolId": "p", "datasetName": "d", "datasetRecords": {}}),
    ("firehose", {"invocationId": "i", "deliveryStreamArn": "arn", "region": "r", "records": [{"recordId": "1", "data": ""}]}),
    ("kinesis-analytics", {"invocationId": "i", "applicationArn": "arn", "records": []}),
    ("s3-batch", {"invocationSchemaVersion": "1.0", "invocationId": "i", "job": {"id": "j"}, "tasks": [{"taskId": "t"}]}),
    (
        "s3-object-lambda",
        {"xAmzRequestId": "r", "getObjectContext": {}, "configuration": {}, "userRequest": {}, "protocolVersion": "1.00"},
    ),
    ("secrets-manager-rotation", {"SecretId": "arn", "ClientRequestToken": "t", "Step": "createSecret"}),
    (
        "cloudformation",
        {"RequestType": "Create", "ResponseURL": "https://", "StackId": "arn", "RequestId": "r", "ResourceType": "Custom::X"},
    ),
    ("codepipeline", {"CodePipeline.job": {"id": "i", "accountId": ACCOUNT}}),
    ("config", {"invokingEvent": "{}", "ruleParameters": "{}", "configRuleId": "c", "accountId": ACCOUNT}),
    ("codedeploy-hook", {"DeploymentId": "d", "LifecycleEventHookExecutionId": "l"}),
    ("cloudwatch-alarm", {"source": "aws.cloudwatch", "alarmArn": "arn", "accountId": ACCOUNT, "alarmData": {}}),
    (
        "appsync",
        {"arguments": {}, "identity": None, "source": None, "request": {}, "prev": None, "info": {"fieldName": "f"}, "stash": {}},
    ),
    ("lex", {"messageVersion": "1.0", "invocationSource": "DialogCodeHook", "sessionState": {}, "bot": {"name": "b"}}),
    ("lex", {"messageVersion": "1.0", "bot": {"name": "b"}, "currentIntent": {}, "userId": "u"}),
    ("bedrock-agent", {"messageVersion": "1.0", "agent": {"name": "a"}, "actionGroup": "g", "function": "f"}),
    ("alexa", {"version": "1.0", "session": {}, "context": {}, "request": {"type": "LaunchRequest"}}),
    ("connect", {"Name": "ContactFlowEvent", "Details": {"ContactData": {}, "Parameters": {}}}),
    ("direct", {}),
    ("direct", {"orderId": 7}),
    ("direct", {"requestContext": "mine", "Records": "mine", "eventSource": 1, "Details": None}),
    ("direct", {"Records": []}),
    ("direct", {"Records": [None]}),
    ("direct", {"Records": [{"eventSource": None}]}),
    ("direct", {"Records": [{"eventSource": ["aws:sqs"]}]}),
    ("direct", {"requestContext": {"authorizer": {}}}),
    ("direct", {"eventSource": "aws:unknown"}),
    ("direct", {"detail-type": "x", "source": "y"}),
    ("direct", {"Name": "ContactFlowEvent"}),
    ("direct", []),
    ("direct", [{"eventSource": "aws:sqs"}]),
    ("direct", None),
    ("direct", "text"),
    ("direct", 7),
    # A function invoked by Step Functions with a payload of its own cannot be told from any other direct call.
    ("direct", {"Payload": {}, "Comment": "by a state machine"}),
)


@pytest.mark.parametrize(("kind", "event"), EVENTS, ids=[f"{number}-{kind}" for number, (kind, _event) in enumerate(EVENTS)])
def test_trigger(kind: str, event: Any) -> None:
    """Each documented event shape has its name; the function's own payloads, odd ones too, are direct."""
    assert trigger(event) == kind


def traced(number: int) -> dict[str, Any]:
    root = f"1-65a0f3c2-{number:024x}"
    return {**SQS, "attributes": {"AWSTraceHeader": f"Root={root};Parent=53995c3f42cd8ad8;Sampled=1"}}


ROOTS = [f"1-65a0f3c2-{number:024x}" for number in range(12)]
BATCHES: tuple[tuple[Any, dict[str, Any]], ...] = (
    ({"Records": [SQS] * 3}, {"batch_size": 3, "source_arn": "arn:aws:sqs:eu-west-1:1:q"}),
    (
        {"Records": [traced(0), traced(1), traced(0), SQS]},
        {"batch_size": 4, "source_arn": "arn:aws:sqs:eu-west-1:1:q", "upstream_trace_ids": ROOTS[:2]},
    ),
    (
        {"Records": [traced(number) for number in range(12)]},
        {"batch_size": 12, "source_arn": "arn:aws:sqs:eu-west-1:1:q", "upstream_trace_ids": ROOTS[:10]},
    ),
    ({"Records": [{"EventSource": "aws:sns", "EventSubscriptionArn": "arn:aws:sns:x"}]}, {"batch_size": 1, "source_arn": "arn:aws:sns:x"}),
    ({"Records": [{"eventSource": "aws:s3"}]}, {"batch_size": 1}),
    ({"Records": [SQS, None, "x", {"attributes": "mine"}, {"attributes": {"AWSTraceHeader": 7}}]}, {"batch_size": 5, "source_arn": "arn:aws:sqs:eu-west-1:1:q"}),
    ({"Records": [{"eventSource": "aws:sqs", "eventSourceARN": 7, "attributes": {"AWSTraceHeader": "garbage"}}]}, {"batch_size": 1}),
    ({"Records": []}, {}),
    ({}, {}),
    (None, {}),
)  # fmt: skip


@pytest.mark.parametrize(("event", "found"), BATCHES)
def test_batch(event: Any, found: dict[str, Any]) -> None:
    """A batch has its size, its source and the traces that its messages come from, at most ten, each once."""
    assert batch(event) == found
