"""One call of each service: its canonical name and its aws block, in every protocol that AWS has."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.aws.conftest import S3_EXTENDED_ID, S3_REQUEST_ID, MakeClient
from tests.aws.recording import Recording, subsegment
from tests.kit.aws_stub import REQUEST_ID, AwsStub, Reply, smallest_body
from tests.kit.fakes import Document

ACCOUNT = "123456789012"
ARN = f"arn:aws:{{}}:eu-west-1:{ACCOUNT}:{{}}"


@dataclass(frozen=True)
class Case:
    """A call, and what is recorded of it."""

    service: str
    operation: str
    parameters: dict[str, Any]
    name: str
    resources: Document
    api: str = ""
    """The operation's name in the API where it is not the method's in camel case."""
    account: str = ""
    body: bytes | None = None
    """The answer's, where the smallest one of the protocol has no request id."""

    def __str__(self) -> str:
        """For the test's id."""
        return f"{self.service}.{self.operation}"

    @property
    def api_operation(self) -> str:
        """PutItem for put_item."""
        return self.api or "".join(word.capitalize() for word in self.operation.split("_"))


KEY = {"pk": {"S": "canary"}}
QUEUE = f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/orders"
TOPIC = ARN.format("sns", "orders")
STATES = ARN.format("states", "stateMachine:orders")
BUS = "orders-bus"
ENTRY = {"Source": "canary", "DetailType": "canary", "Detail": "{}", "EventBusName": BUS}

CASES = (
    Case("dynamodb", "get_item", {"TableName": "orders", "Key": KEY}, "DynamoDB", {"table_name": "orders"}),
    Case(
        "dynamodb", "put_item", {"TableName": ARN.format("dynamodb", "table/orders"), "Item": KEY}, "DynamoDB",
        {"table_name": "orders"}, account=ACCOUNT,
    ),
    Case(
        "dynamodb", "query", {"TableName": "orders", "IndexName": "by-day", "KeyConditionExpression": "canary"}, "DynamoDB",
        {"table_name": "orders", "index_name": "by-day"},
    ),
    Case("s3", "get_object", {"Bucket": "orders", "Key": "canary"}, "S3", {"bucket_name": "orders"}),
    Case("s3", "list_buckets", {}, "S3", {}),
    Case("sqs", "send_message", {"QueueUrl": QUEUE, "MessageBody": "canary"}, "SQS", {"queue_url": QUEUE}, account=ACCOUNT),
    Case("sqs", "receive_message", {"QueueUrl": QUEUE}, "SQS", {"queue_url": QUEUE, "message_count": 0}, account=ACCOUNT),
    Case("sns", "publish", {"TopicArn": TOPIC, "Message": "canary"}, "SNS", {"topic_arn": TOPIC}, account=ACCOUNT),
    Case("sns", "publish", {"PhoneNumber": "+491701234567", "Message": "canary"}, "SNS", {}),
    Case(
        "lambda", "invoke", {"FunctionName": "orders", "InvocationType": "Event", "Qualifier": "live", "Payload": b"canary"}, "Lambda",
        {"function_name": "orders", "invocation_type": "Event", "qualifier": "live", "status_code": 200},
    ),
    Case(
        "lambda", "invoke", {"FunctionName": ARN.format("lambda", "function:orders:live"), "Payload": b"canary"}, "Lambda",
        {"function_name": "orders", "status_code": 200}, account=ACCOUNT,
    ),
    Case("kinesis", "put_record", {"StreamName": "orders", "Data": b"canary", "PartitionKey": "canary"}, "Kinesis", {"stream_name": "orders"}),
    Case("firehose", "put_record", {"DeliveryStreamName": "orders", "Record": {"Data": b"canary"}}, "Firehose", {"delivery_stream_name": "orders"}),
    Case("events", "put_events", {"Entries": [ENTRY, ENTRY]}, "Events", {"event_bus_name": BUS}),
    Case(
        "stepfunctions", "start_execution", {"stateMachineArn": STATES, "input": '"canary"'}, "StepFunctions",
        {"state_machine_arn": STATES}, account=ACCOUNT,
    ),
    Case("secretsmanager", "get_secret_value", {"SecretId": "orders/db"}, "SecretsManager", {"secret_id": "orders/db"}),
    Case("ssm", "get_parameter", {"Name": "/orders/db", "WithDecryption": True}, "SSM", {"parameter_name": "/orders/db"}),
    Case("ssm", "get_parameters", {"Names": ["/a", "/b"]}, "SSM", {"parameter_names": ["/a", "/b"]}),
    Case("kms", "decrypt", {"KeyId": "alias/orders", "CiphertextBlob": b"canary"}, "KMS", {"key_id": "alias/orders"}),
    Case("sts", "get_caller_identity", {}, "STS", {}),
    Case(
        "sts", "assume_role", {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/orders", "RoleSessionName": "canary"}, "STS",
        {"role_arn": f"arn:aws:iam::{ACCOUNT}:role/orders"}, account=ACCOUNT,
    ),
    Case(
        "ses", "send_email", {"Source": "canary@example.com", "Destination": {}, "Message": {"Subject": {"Data": "c"}, "Body": {}}}, "SES", {}
    ),
    Case("sesv2", "send_email", {"Content": {"Template": {"TemplateName": "welcome"}}}, "SESv2", {"template": "welcome"}),
    Case("logs", "put_log_events", {"logGroupName": "/g", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "canary"}]}, "CloudWatchLogs",
         {"log_group_name": "/g", "log_stream_name": "s"}),
    Case("cloudwatch", "put_metric_data", {"Namespace": "orders", "MetricData": []}, "CloudWatch", {"metric_namespace": "orders"}),
    Case("athena", "start_query_execution", {"QueryString": "select 'canary'", "WorkGroup": "main", "QueryExecutionContext": {"Database": "shop"}},
         "Athena", {"work_group": "main", "database": "shop"}),
    Case("rds-data", "execute_statement",
         {"resourceArn": ARN.format("rds", "cluster:shop"), "secretArn": ARN.format("secretsmanager", "secret:canary"), "sql": "canary", "database": "shop"},
         "RDSData", {"resource_arn": ARN.format("rds", "cluster:shop"), "database": "shop"}, account=ACCOUNT),
    Case("redshift-data", "execute_statement", {"ClusterIdentifier": "dwh", "Database": "shop", "Sql": "canary"}, "RedshiftData",
         {"cluster_identifier": "dwh", "database": "shop"}),
    Case("ec2", "describe_instances", {"InstanceIds": ["i-1", "i-2"]}, "EC2", {"instance_ids": ["i-1", "i-2"]},
         body=f"<DescribeInstancesResponse><requestId>{REQUEST_ID}</requestId></DescribeInstancesResponse>".encode()),
    Case("ecs", "run_task", {"cluster": "shop", "taskDefinition": "orders:3"}, "ECS", {"cluster": "shop", "task_definition": "orders:3"}),
    Case("cognito-idp", "admin_get_user", {"UserPoolId": "eu-west-1_x", "Username": "canary"}, "CognitoIdentityProvider",
         {"user_pool_id": "eu-west-1_x"}),
    Case("bedrock-runtime", "invoke_model", {"modelId": "anthropic.model", "body": b"canary"}, "BedrockRuntime", {"model_id": "anthropic.model"}),
    Case("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "fraud", "Body": b"canary"}, "SageMakerRuntime", {"endpoint_name": "fraud"}),
    Case("iot-data", "publish", {"topic": "orders/1", "payload": b"canary"}, "IoTDataPlane", {"topic": "orders/1"}),
    Case("glue", "start_job_run", {"JobName": "nightly"}, "Glue", {"job_name": "nightly"}),
    Case("batch", "submit_job", {"jobName": "nightly", "jobQueue": "q", "jobDefinition": "d:1"}, "Batch",
         {"job_queue": "q", "job_definition": "d:1", "job_name": "nightly"}),
    Case("cloudformation", "describe_stacks", {"StackName": "shop"}, "CloudFormation", {"stack_name": "shop"}),
    Case("route53", "list_resource_record_sets", {"HostedZoneId": "Z123"}, "Route53", {"hosted_zone_id": "Z123"}),
    Case("rekognition", "detect_labels", {"Image": {"S3Object": {"Bucket": "photos", "Name": "canary"}}}, "Rekognition", {"bucket_name": "photos"}),
    Case("scheduler", "create_schedule",
         {"Name": "daily", "GroupName": "shop", "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"},
          "Target": {"Arn": TOPIC, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r", "Input": "canary"}},
         "Scheduler", {"schedule_name": "daily", "schedule_group_name": "shop"}),
    Case("timestream-write", "write_records", {"DatabaseName": "shop", "TableName": "clicks", "Records": [{"MeasureName": "canary"}]}, "TimestreamWrite",
         {"database_name": "shop", "table_name": "clicks"}),
    # Not in the table: the general rule takes required identifiers.
    Case("guardduty", "get_detector", {"DetectorId": "d-1"}, "GuardDuty", {"detector_id": "d-1"}),
    Case("mediaconvert", "get_job", {"Id": "j-1"}, "MediaConvert", {"id": "j-1"}),
    Case("ecr-public", "batch_check_layer_availability", {"repositoryName": "shop", "layerDigests": ["sha256:canary"]}, "ECRPUBLIC",
         {"repository_name": "shop"}),
    Case("sso-oidc", "create_token", {"clientId": "canary", "clientSecret": "canary", "grantType": "x"}, "SSOOIDC", {}),
)  # fmt: skip


def put(table: str) -> Document:
    """A put request of a batch or a transaction."""
    return {"Put": {"TableName": table, "Item": KEY}}


TABLES = (
    (
        "batch_get_item",
        {"RequestItems": {"orders": {"Keys": [KEY]}, "items": {"Keys": [KEY]}}},
        {"table_names": ["orders", "items"]},
    ),
    ("batch_write_item", {"RequestItems": {"orders": [{"PutRequest": {"Item": KEY}}]}}, {"table_names": ["orders"]}),
    (
        "transact_write_items",
        {"TransactItems": [put("orders"), put("items"), put("orders")]},
        {"table_names": ["orders", "items"]},
    ),
    ("transact_get_items", {"TransactItems": [{"Get": {"TableName": "orders", "Key": KEY}}]}, {"table_names": ["orders"]}),
    ("execute_statement", {"Statement": 'SELECT * FROM "orders"."by-day" WHERE pk=\'canary\''}, {"table_name": "orders"}),
    ("execute_statement", {"Statement": "insert into orders value {'pk': 'canary FROM x'}"}, {"table_name": "orders"}),
    ("execute_statement", {"Statement": "UPDATE orders SET a='canary' WHERE pk='canary'"}, {"table_name": "orders"}),
    ("execute_statement", {"Statement": "EXISTS(SELECT * FROM \"orders\" WHERE pk='canary')"}, {"table_name": "orders"}),
    (
        "batch_execute_statement",
        {"Statements": [{"Statement": "DELETE FROM orders WHERE pk='canary'"}, {"Statement": 'SELECT a FROM "items"'}]},
        {"table_names": ["orders", "items"]},
    ),
    ("execute_transaction", {"TransactStatements": [{"Statement": "UPDATE orders SET a='canary'"}]}, {"table_names": ["orders"]}),
)


@pytest.mark.parametrize(("operation", "parameters", "tables"), TABLES)
def test_operations_on_several_tables(
    operation: str, parameters: dict[str, Any], tables: Document, recording: Recording, client: MakeClient
) -> None:
    """Batch, transact and PartiQL operations name their tables, a list where there may be several, and nothing else of the statements."""
    getattr(client("dynamodb"), operation)(**parameters)

    api = "".join(word.capitalize() for word in operation.split("_"))
    aws = {"operation": api, "region": "eu-west-1", **tables, "request_id": REQUEST_ID}
    assert recording.documents() == [subsegment("DynamoDB", aws, http={"response": {"status": 200, "content_length": 2}})]


# Recorded from the call, not from the answer.
PARAMETERS_OF = {
    "dynamodb": ["table_name"], "sqs": ["queue_url"], "kinesis": ["stream_name"], "stepfunctions": ["state_machine_arn"],
    "events": ["event_bus_name"],
}  # fmt: skip
ANSWERS: tuple[tuple[str, str, dict[str, Any], Document, Document], ...] = (
    ("dynamodb", "query", {"TableName": "orders"}, {"Count": 3, "ScannedCount": 9, "Items": [KEY] * 3}, {"count": 3, "scanned_count": 9}),
    ("dynamodb", "list_tables", {}, {"TableNames": ["a", "b"]}, {"table_count": 2}),
    ("sqs", "receive_message", {"QueueUrl": QUEUE}, {"Messages": [{"MessageId": "m", "Body": "canary"}]}, {"message_count": 1}),
    ("sqs", "send_message", {"QueueUrl": QUEUE, "MessageBody": "c"}, {"MessageId": "m-1"}, {"message_id": "m-1"}),
    ("kinesis", "put_records", {"StreamName": "s", "Records": [{"Data": b"c", "PartitionKey": "c"}]}, {"FailedRecordCount": 1, "Records": []},
     {"failed_count": 1}),
    ("stepfunctions", "start_execution", {"stateMachineArn": STATES}, {"executionArn": "arn:x"}, {"execution_arn": "arn:x"}),
    ("events", "put_events", {"Entries": [ENTRY]}, {"FailedEntryCount": 1, "Entries": [{"ErrorMessage": "canary"}]}, {"failed_count": 1}),
)  # fmt: skip


@pytest.mark.parametrize("row", ANSWERS, ids=[f"{row[0]}.{row[1]}" for row in ANSWERS])
def test_what_an_answer_says_of_resources(
    row: tuple[str, str, dict[str, Any], Document, Document], recording: Recording, client: MakeClient, aws: AwsStub
) -> None:
    """Counts and ids of an answer are recorded, never its content."""
    service, operation, parameters, answer, recorded = row
    api = "".join(word.capitalize() for word in operation.split("_"))
    signing = {"stepfunctions": "states"}.get(service, service)
    aws.script(f"{signing}.{api}", Reply(body=json.dumps(answer).encode()))

    getattr(client(service), operation)(**parameters)

    (document,) = recording.documents()
    before = set(PARAMETERS_OF.get(service, ())) | {"operation", "region", "request_id", "retries", "account_id"}
    assert {key: value for key, value in document["aws"].items() if key not in before} == recorded
    assert "canary" not in str(recording.captured.datagrams)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_one_call_of_each_service(case: Case, recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """A call is one subsegment with the service's canonical name and the resources it names, and nothing of its content."""
    if case.body is not None:
        aws.script(f"{case.service}.{case.api_operation}", Reply(body=case.body))

    getattr(client(case.service), case.operation)(**case.parameters)

    assert len(aws.requests) == 1
    body = smallest_body(aws.requests[0]) if case.body is None else case.body
    account = {"account_id": case.account} if case.account else {}
    ids = {"request_id": S3_REQUEST_ID, "id_2": S3_EXTENDED_ID} if case.service == "s3" else {"request_id": REQUEST_ID}
    expected = subsegment(
        case.name,
        {"operation": case.api_operation, "region": "eu-west-1", **case.resources, **account, **ids},
        http={"response": {"status": 200, "content_length": len(body)}},
    )
    assert recording.documents() == [expected]
