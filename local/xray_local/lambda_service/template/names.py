"""What Ref and Fn::GetAtt answer: the name, the ARN and the URL that a resource has on the desk.

A resource without a declared name is called by its logical id; CloudFormation would add the stack's name and a random end.
Nothing is created: whoever runs an AWS stand-in creates queues and tables there under these names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

STACK = "xray-local"


@dataclass(frozen=True)
class Place:
    """Where the resources would be."""

    region: str = "us-east-1"
    account: str = "123456789012"
    endpoint: str | None = None
    """URL of the AWS stand-in: queue URLs point there."""

    @property
    def partition(self) -> str:
        """`aws`, or that of China and of the US government."""
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    @property
    def suffix(self) -> str:
        """The domain of AWS's endpoints."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    @property
    def queues(self) -> str:
        """What queue URLs begin with."""
        return (self.endpoint or f"https://sqs.{self.region}.{self.suffix}").rstrip("/")

    def pseudo_parameters(self) -> dict[str, object]:
        """The parameters that every template has, but for AWS::NoValue."""
        return {
            "AWS::AccountId": self.account,
            "AWS::NotificationARNs": [],
            "AWS::Partition": self.partition,
            "AWS::Region": self.region,
            "AWS::StackId": f"arn:{self.partition}:cloudformation:{self.region}:{self.account}:stack/{STACK}/0",
            "AWS::StackName": STACK,
            "AWS::URLSuffix": self.suffix,
        }


@dataclass(frozen=True)
class Kind:
    """A type of resource. The texts are filled with name, arn, and the fields of Place."""

    named_by: str
    """The property with its name; empty if it has none."""
    arn: str
    ref: str = "{name}"
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Beside Arn."""


def _arn(service: str, rest: str) -> str:
    return f"arn:{{partition}}:{service}:{{region}}:{{account}}:{rest}"


_FUNCTION = Kind("FunctionName", _arn("lambda", "function:{name}"))
_TABLE = Kind("TableName", _arn("dynamodb", "table/{name}"), attributes={"StreamArn": "{arn}/stream/LATEST"})
_LAYER = Kind("LayerName", _arn("lambda", "layer:{name}:1"), "{arn}", {"LayerVersionArn": "{arn}"})
_MACHINE = Kind("StateMachineName", _arn("states", "stateMachine:{name}"), "{arn}", {"Name": "{name}"})
_API = Kind("", _arn("apigateway", "/restapis/{name}"), attributes={"RootResourceId": "root"})

KINDS = {
    "AWS::Serverless::Function": _FUNCTION,
    "AWS::Lambda::Function": _FUNCTION,
    "AWS::Serverless::LayerVersion": _LAYER,
    "AWS::Lambda::LayerVersion": _LAYER,
    "AWS::Serverless::SimpleTable": _TABLE,
    "AWS::DynamoDB::Table": _TABLE,
    "AWS::DynamoDB::GlobalTable": _TABLE,
    "AWS::Serverless::StateMachine": _MACHINE,
    "AWS::StepFunctions::StateMachine": _MACHINE,
    "AWS::Serverless::Api": _API,
    "AWS::Serverless::HttpApi": _API,
    "AWS::ApiGateway::RestApi": _API,
    "AWS::ApiGatewayV2::Api": _API,
    "AWS::SQS::Queue": Kind(
        "QueueName", _arn("sqs", "{name}"), "{queues}/{account}/{name}", {"QueueName": "{name}", "QueueUrl": "{ref}"}
    ),
    "AWS::SNS::Topic": Kind("TopicName", _arn("sns", "{name}"), "{arn}", {"TopicName": "{name}", "TopicArn": "{arn}"}),
    "AWS::Kinesis::Stream": Kind("Name", _arn("kinesis", "stream/{name}")),
    "AWS::KinesisFirehose::DeliveryStream": Kind("DeliveryStreamName", _arn("firehose", "deliverystream/{name}")),
    "AWS::S3::Bucket": Kind(
        "BucketName",
        "arn:{partition}:s3:::{name}",
        attributes={
            "DomainName": "{name}.s3.{suffix}",
            "RegionalDomainName": "{name}.s3.{region}.{suffix}",
            "WebsiteURL": "http://{name}.s3-website-{region}.{suffix}",
        },
    ),
    "AWS::Events::EventBus": Kind("Name", _arn("events", "event-bus/{name}"), attributes={"Name": "{name}"}),
    "AWS::Events::Rule": Kind("Name", _arn("events", "rule/{name}")),
    "AWS::Scheduler::Schedule": Kind("Name", _arn("scheduler", "schedule/default/{name}")),
    "AWS::SecretsManager::Secret": Kind("Name", _arn("secretsmanager", "secret:{name}"), "{arn}", {"Id": "{arn}"}),
    "AWS::SSM::Parameter": Kind("Name", _arn("ssm", "parameter/{name}")),
    "AWS::KMS::Key": Kind("", _arn("kms", "key/{name}"), attributes={"KeyId": "{name}"}),
    "AWS::KMS::Alias": Kind("AliasName", _arn("kms", "{name}")),
    "AWS::IAM::Role": Kind("RoleName", "arn:{partition}:iam::{account}:role/{name}", attributes={"RoleId": "{name}"}),
    "AWS::Logs::LogGroup": Kind("LogGroupName", _arn("logs", "log-group:{name}:*")),
    "AWS::Cognito::UserPool": Kind("", _arn("cognito-idp", "userpool/{name}"), attributes={"UserPoolId": "{name}"}),
    "AWS::Lambda::EventSourceMapping": Kind("", _arn("lambda", "event-source-mapping:{name}")),
}
# Types whose name is known, by a property or by the logical id, and nothing else.
UNKNOWN = Kind("", "")


def answers(kind: Kind, name: str, place: Place) -> dict[str, str]:
    """What a resource of that name answers: `ref`, and each attribute by its name."""
    filled = {
        "name": name,
        "partition": place.partition,
        "region": place.region,
        "account": place.account,
        "suffix": place.suffix,
        "queues": place.queues,
    }
    filled["arn"] = kind.arn.format(**filled)
    filled["ref"] = kind.ref.format(**filled)
    found = {attribute: text.format(**filled) for attribute, text in kind.attributes.items()}
    if kind.arn:
        found["Arn"] = filled["arn"]
    return {"ref": filled["ref"], **found}
