"""What is never recorded: planted secrets, looked for in every byte that leaves the process."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.aws.conftest import MakeClient
from tests.aws.guests import Function, outcome
from tests.aws.recording import Recording
from tests.aws.test_failures import closed_port
from tests.kit.aws_stub import AwsStub, Reply, error_json, error_xml
from tests.kit.runtime_api import Invocation
from xray_instrument.causes import safe_message

CANARY = "canary7f3a"
BYTES = CANARY.encode()
ITEM = {"pk": {"S": CANARY}, "b": {"B": BYTES}, "m": {"M": {CANARY: {"N": "1"}}}}
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
ENTRY = {"Id": "1", "MessageBody": CANARY, "MessageAttributes": {"a": {"DataType": "String", "StringValue": CANARY}}}
RECORD = {"Data": BYTES, "PartitionKey": CANARY}
ARN = "arn:aws:{}:eu-west-1:123456789012:orders"

# Service, operation, parameters: everything that is content, or that opens something, is the canary.
CALLS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("dynamodb", "put_item", {"TableName": "orders", "Item": ITEM, "ConditionExpression": CANARY}),
    ("dynamodb", "query", {"TableName": "orders", "KeyConditionExpression": CANARY, "ExpressionAttributeValues": {":v": {"S": CANARY}}}),
    ("dynamodb", "batch_get_item", {"RequestItems": {"orders": {"Keys": [ITEM]}}}),
    ("dynamodb", "transact_write_items", {"TransactItems": [{"Put": {"TableName": "orders", "Item": ITEM}}], "ClientRequestToken": CANARY}),
    ("dynamodb", "execute_statement", {"Statement": f"SELECT * FROM orders WHERE pk = '{CANARY}'"}),
    ("dynamodb", "execute_statement", {"Statement": f"INSERT INTO orders VALUE {{'pk': '{CANARY}'}}"}),
    ("dynamodb", "execute_statement", {"Statement": f"garbage '{CANARY}' FROM"}),
    ("dynamodb", "execute_statement", {"Statement": f"UPDATE '{CANARY}"}),
    ("dynamodb", "execute_statement", {"Statement": f"SELECT '{CANARY} FROM {CANARY}' FROM orders"}),
    ("dynamodb", "execute_statement", {"Statement": f"DELETE FROM orders WHERE a = ' FROM {CANARY}'"}),
    ("dynamodb", "execute_statement", {"Statement": f"INSERT/*{CANARY}*/ INTO orders VALUE {{'pk': 'x INTO {CANARY}'}}"}),
    ("s3", "put_object", {"Bucket": "orders", "Key": CANARY, "Body": BYTES, "Metadata": {"a": CANARY}, "SSECustomerKey": "k" * 32, "SSECustomerAlgorithm": "AES256"}),
    ("s3", "list_objects_v2", {"Bucket": "orders", "Prefix": CANARY}),
    ("s3", "copy_object", {"Bucket": "orders", "Key": CANARY, "CopySource": f"orders/{CANARY}"}),
    ("sqs", "send_message", {"QueueUrl": QUEUE, "MessageBody": CANARY}),
    ("sqs", "send_message_batch", {"QueueUrl": QUEUE, "Entries": [ENTRY]}),
    ("sqs", "delete_message", {"QueueUrl": QUEUE, "ReceiptHandle": CANARY}),
    ("sns", "publish", {"PhoneNumber": CANARY, "Message": CANARY}),
    ("sns", "publish", {"TopicArn": ARN.format("sns"), "Message": CANARY, "Subject": CANARY}),
    ("sns", "subscribe", {"TopicArn": ARN.format("sns"), "Protocol": "email", "Endpoint": CANARY}),
    ("lambda", "invoke", {"FunctionName": "orders", "Payload": BYTES, "ClientContext": base64.b64encode(BYTES).decode()}),
    ("kinesis", "put_records", {"StreamName": "orders", "Records": [RECORD]}),
    ("firehose", "put_record", {"DeliveryStreamName": "orders", "Record": {"Data": BYTES}}),
    ("events", "put_events", {"Entries": [{"Source": CANARY, "DetailType": CANARY, "Detail": json.dumps({"a": CANARY})}]}),
    ("stepfunctions", "start_execution", {"stateMachineArn": ARN.format("states"), "input": json.dumps(CANARY)}),
    ("stepfunctions", "send_task_success", {"taskToken": CANARY, "output": json.dumps(CANARY)}),
    ("secretsmanager", "get_secret_value", {"SecretId": "orders/db"}),
    ("secretsmanager", "put_secret_value", {"SecretId": "orders/db", "SecretString": CANARY, "ClientRequestToken": CANARY * 4}),
    ("ssm", "put_parameter", {"Name": "/orders/db", "Value": CANARY, "Type": "SecureString"}),
    ("ssm", "send_command", {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": [CANARY]}}),
    ("kms", "encrypt", {"KeyId": "alias/orders", "Plaintext": BYTES, "EncryptionContext": {"a": CANARY}}),
    ("sts", "assume_role", {"RoleArn": "arn:aws:iam::123456789012:role/orders", "RoleSessionName": CANARY, "ExternalId": CANARY, "TokenCode": "123456"}),
    ("sts", "assume_role_with_web_identity", {"RoleArn": "arn:aws:iam::123456789012:role/o", "RoleSessionName": CANARY, "WebIdentityToken": CANARY}),
    ("ses", "send_email", {"Source": CANARY, "Destination": {"ToAddresses": [CANARY]}, "Message": {"Subject": {"Data": CANARY}, "Body": {"Text": {"Data": CANARY}}}}),
    ("cognito-idp", "admin_initiate_auth", {"UserPoolId": "eu-west-1_x", "ClientId": CANARY, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": {"PASSWORD": CANARY}}),
    ("cognito-idp", "sign_up", {"ClientId": CANARY, "Username": CANARY, "Password": CANARY}),
    ("cognito-idp", "get_user", {"AccessToken": CANARY}),
    ("athena", "start_query_execution", {"QueryString": f"select '{CANARY}'", "WorkGroup": "main"}),
    ("rds-data", "execute_statement", {"resourceArn": ARN.format("rds"), "secretArn": f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{CANARY}", "sql": CANARY,
                                       "parameters": [{"name": CANARY, "value": {"stringValue": CANARY}}]}),
    ("redshift-data", "execute_statement", {"ClusterIdentifier": "dwh", "Database": "d", "DbUser": CANARY, "Sql": CANARY, "SecretArn": CANARY}),
    ("bedrock-runtime", "converse", {"modelId": "m", "messages": [{"role": "user", "content": [{"text": CANARY}]}]}),
    ("iot-data", "publish", {"topic": "orders/1", "payload": BYTES}),
    ("logs", "put_log_events", {"logGroupName": "/g", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": CANARY}]}),
    ("timestream-query", "query", {"QueryString": CANARY, "ClientToken": CANARY * 4}),
    ("sso", "get_role_credentials", {"roleName": "r", "accountId": "123456789012", "accessToken": CANARY}),
    ("cognito-identity", "get_credentials_for_identity", {"IdentityId": f"eu-west-1:{CANARY}", "Logins": {"a": CANARY}}),
    ("pinpoint", "send_messages", {"ApplicationId": "a", "MessageRequest": {"Addresses": {CANARY: {"ChannelType": "SMS"}}, "MessageConfiguration": {}}}),
    ("connect", "start_outbound_voice_contact", {"DestinationPhoneNumber": CANARY, "ContactFlowId": "f", "InstanceId": "i"}),
    ("location", "search_place_index_for_text", {"IndexName": "i", "Text": CANARY}),
    ("transcribe", "start_transcription_job", {"TranscriptionJobName": "j", "Media": {"MediaFileUri": f"s3://b/{CANARY}"}}),
)  # fmt: skip


@pytest.mark.parametrize(("service", "operation", "parameters"), CALLS, ids=[f"{call[0]}.{call[1]}" for call in CALLS])
def test_nothing_of_a_requests_content(
    service: str, operation: str, parameters: dict[str, Any], recording: Recording, client: MakeClient, aws: AwsStub
) -> None:
    """No body, item, key, message, address, token, statement or identity of a person in any datagram."""
    try:
        getattr(client(service), operation)(**parameters)
    finally:
        sent = b"".join(recording.captured.datagrams)

    assert len(aws.requests) == len(recording.captured.datagrams) == 1
    request = aws.requests[0]
    assert (
        service == "secretsmanager"
        or CANARY in f"{request.target} {request.headers} {request.body!r}"
        or b"Y2FuYXJ5" in request.body
    )
    assert BYTES not in sent
    assert base64.b64encode(BYTES).strip(b"=") not in sent


ANSWERS: tuple[tuple[str, str, dict[str, Any], Reply], ...] = (
    ("dynamodb", "get_item", {"TableName": "orders", "Key": {"pk": {"S": "1"}}}, Reply(body=json.dumps({"Item": {"pk": {"S": CANARY}}}).encode())),
    ("secretsmanager", "get_secret_value", {"SecretId": "s"}, Reply(body=json.dumps({"SecretString": CANARY, "Name": CANARY}).encode())),
    ("ssm", "get_parameter", {"Name": "/p"}, Reply(body=json.dumps({"Parameter": {"Value": CANARY}}).encode())),
    ("kms", "decrypt", {"CiphertextBlob": b"x"}, Reply(body=json.dumps({"Plaintext": base64.b64encode(BYTES).decode()}).encode())),
    ("sqs", "receive_message", {"QueueUrl": QUEUE}, Reply(body=json.dumps({"Messages": [{"Body": CANARY, "ReceiptHandle": CANARY}]}).encode())),
    ("dynamodb", "list_tables", {}, Reply(body=b"{}", headers=(("X-Secret", CANARY), ("Set-Cookie", CANARY)))),
)  # fmt: skip


@pytest.mark.parametrize("row", ANSWERS, ids=[f"{row[0]}.{row[1]}" for row in ANSWERS])
def test_nothing_of_an_answers_content(
    row: tuple[str, str, dict[str, Any], Reply], recording: Recording, client: MakeClient, aws: AwsStub
) -> None:
    """No item, message, secret, key material or header of an answer in any datagram."""
    service, operation, parameters, reply = row
    api = "".join(word.capitalize() for word in operation.split("_"))
    aws.script(f"{service}.{api}", reply)

    answer = getattr(client(service), operation)(**parameters)

    assert CANARY in str(answer)
    assert len(recording.captured.datagrams) == 1
    assert BYTES not in recording.captured.datagrams[0]


URLS = (
    f"https://user:{CANARY}@example.com/path",
    f"https://{CANARY}@example.com/",
    f"https://bucket.s3.amazonaws.com/{CANARY}?X-Amz-Signature={CANARY}&X-Amz-Credential=x",
    f"http://example.com?token={CANARY}",
    f"http://example.com#{CANARY}",
    f"postgresql://user:{CANARY}@db:5432/shop?sslmode=require",
    f"postgresql://user:p@ss@{CANARY}@db/shop",
    f"redis://:{CANARY}@cache:6379/0",
    f"s3://orders/{CANARY}",
    f"HTTPS://EXAMPLE.COM/{CANARY}",
    f"jdbc:postgresql://db/shop?password={CANARY}",
    f"see <https://example.com/{CANARY}> or (https://example.com/{CANARY}), 'https://example.com/a b'",
    f"https://example.com\\{CANARY}",
    f"amqp://guest:{CANARY}/with/slashes@mq:5672/",
)


@pytest.mark.parametrize("text", URLS)
def test_urls_in_messages(text: str, recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """Of a URL in an error's message only scheme and host are kept: no path, no query, no credentials."""
    body = error_json("ValidationException", f"could not read {text} today")
    aws.script("dynamodb.GetItem", Reply(400, body))

    with pytest.raises(ClientError):
        client("dynamodb").get_item(TableName="orders", Key={"pk": {"S": "1"}})

    message = recording.captured.documents()[0]["cause"]["exceptions"][0]["message"]
    assert CANARY not in message
    assert message.startswith("could not read ")
    assert message.endswith(" today")


SHOWN = (
    ("https://user:secret@example.com:8443/path", "https://example.com:8443/…"),
    ("amqp://guest:pass/word@mq/", "amqp://…"),
    ("no URL: // a:b", "no URL: // a:b"),
    ("'http://a.b/c', \"https://d/e?f\" and s3://g", "'http://a.b/…', \"https://d/…\" and s3://g/…"),
    ("x" * 5_000, "x" * 4_000),
    ("x" * 3_990 + "http://user:" + CANARY * 1_000 + "@host/", "x" * 3_990 + "http://…"),
)


@pytest.mark.parametrize(("message", "shown"), SHOWN, ids=[message[:20] for message, _shown in SHOWN])
def test_what_is_kept_of_a_message(message: str, shown: str) -> None:
    """Scheme, host and port of a URL, the rest of the message as it is, 4,000 characters at most."""
    assert safe_message(message) == shown


def presigned_put(url: str) -> None:
    """An upload with a presigned URL's own client: the URL is in botocore's exception."""
    s3 = boto3.session.Session().client(
        "s3", endpoint_url=url, config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"})
    )
    s3.put_object(Bucket="orders", Key=CANARY, Body=BYTES)


def wrong_endpoint(url: str) -> None:
    host = url.partition("//")[2]
    client = boto3.session.Session().client(
        "dynamodb", endpoint_url=f"http://user:{CANARY}@{host}/", config=Config(retries={"max_attempts": 0})
    )
    client.get_item(TableName="orders", Key=ITEM)


@pytest.mark.parametrize("call", [presigned_put, wrong_endpoint])
def test_no_response(call: Callable[[str], None], recording: Recording) -> None:
    """botocore's exceptions hold the whole URL; the cause does not, in any link of the chain."""
    with pytest.raises((BotoCoreError, ClientError)) as caught:
        call(f"http://127.0.0.1:{closed_port()}")

    assert CANARY in str(caught.value)
    assert len(recording.captured.datagrams) == 1
    assert BYTES not in recording.captured.datagrams[0]


def test_xml_error(recording: Recording, client: MakeClient, aws: AwsStub) -> None:
    """S3's errors repeat the key, the signed string and the host in elements of their own: none of that is taken."""
    more = f"<Key>{CANARY}</Key><StringToSign>{CANARY}</StringToSign><AWSAccessKeyId>{CANARY}</AWSAccessKeyId>".encode()
    body = error_xml("SignatureDoesNotMatch", s3=True).replace(b"</Error>", more + b"</Error>")
    aws.script("s3.GET /orders/key", Reply(403, body))

    with pytest.raises(ClientError):
        client("s3").get_object(Bucket="orders", Key="key")

    assert BYTES not in recording.captured.datagrams[0]


WHOLE_FUNCTION = f"""
    import os
    import boto3
    dynamodb = boto3.client("dynamodb")

    def handler(event, context):
        secret = "{CANARY}"
        environment = os.environ["SECRET"]
        dynamodb.get_item(TableName="orders", Key={{"pk": {{"S": event["secret"]}}}})
        print(secret)
        if event.get("fail"):
            raise ValueError("without it")
        return event["secret"]
"""


def test_a_whole_function(tmp_path: Path, aws: AwsStub) -> None:
    """Event, answer, local variables, environment, output and client context: nothing of them leaves with the traces."""
    context = json.dumps({"client": {"app_title": CANARY}, "custom": {"a": CANARY}})
    identity = json.dumps({"cognitoIdentityId": CANARY, "cognitoIdentityPoolId": CANARY})
    events = [
        Invocation(
            {"secret": CANARY, "requestContext": {"http": {"path": CANARY}}, "headers": {"Authorization": CANARY}},
            client_context=context,
        ),
        Invocation(
            {"secret": CANARY, "fail": True, "Records": [{"eventSource": "aws:sqs", "body": CANARY}]}, cognito_identity=identity
        ),
    ]
    run = outcome(tmp_path, Function(WHOLE_FUNCTION, {"SECRET": CANARY}), aws, events)

    assert CANARY in run.run.stdout.decode()
    assert CANARY in str(run.answers)
    assert [tree["metadata"]["lambda"]["request_id"][-1] for tree in run.roots] == ["1", "2"]
    assert CANARY not in json.dumps(run.sent)
    assert "wJalrXUtnFEMI" not in json.dumps(run.sent)
    assert "example-session-token" not in json.dumps(run.sent)
