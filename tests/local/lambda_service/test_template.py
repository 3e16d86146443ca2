"""Templates of the shapes that people write: what the functions on the desk are, and what is said about the rest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.local.lambda_service.templates import read
from xray_local.lambda_service.model import Function, InvokeConfig, Source, Tracing
from xray_local.lambda_service.template import Place

ACTIVE, PASS_THROUGH = Tracing.ACTIVE, Tracing.PASS_THROUGH


def test_globals_and_several_functions(tmp_path: Path) -> None:
    """Globals are merged as SAM merges them: maps by their keys, lists one after the other, anything else is overridden."""
    found = read(
        tmp_path,
        """
        AWSTemplateFormatVersion: 2010-09-09
        Transform: AWS::Serverless-2016-10-31
        Globals:
          Function:
            Runtime: python3.12
            Timeout: 10
            MemorySize: 256
            Tracing: Active
            Layers: [!Ref Common]
            Environment:
              Variables: { STAGE: dev, LEVEL: 1, DEBUG: false }
        Resources:
          Common:
            Type: AWS::Serverless::LayerVersion
            Properties: { ContentUri: layers/common }
          More:
            Type: AWS::Serverless::LayerVersion
            Properties: { ContentUri: layers/more.zip, LayerName: more-things }
          Orders:
            Type: AWS::Serverless::Function
            Properties:
              CodeUri: orders/
              Handler: app.handler
          Worker:
            Type: AWS::Serverless::Function
            Properties:
              FunctionName: the-worker
              CodeUri: worker
              Handler: app.handler
              Timeout: 60
              Tracing: PassThrough
              Layers: [!Ref More]
              Environment: { Variables: { LEVEL: 2, OWN: "x" } }
        """,
        code=("orders", "worker", "layers/common", "layers/more.zip"),
    )
    common, more = tmp_path / "layers/common", tmp_path / "layers/more.zip"
    orders = Function(
        "Orders",
        "app.handler",
        tmp_path / "orders",
        runtime="python3.12",
        memory_mb=256,
        timeout_s=10.0,
        environment={"STAGE": "dev", "LEVEL": "1", "DEBUG": "false"},
        tracing=ACTIVE,
        layers=(common,),
    )
    worker = replace(
        orders,
        name="the-worker",
        code=tmp_path / "worker",
        timeout_s=60.0,
        environment={"STAGE": "dev", "LEVEL": "2", "DEBUG": "false", "OWN": "x"},
        tracing=PASS_THROUGH,
        layers=(common, more),
    )
    assert found.functions == (orders, worker)
    assert found.notes == ()


ENVIRONMENT = """
    Transform: AWS::Serverless-2016-10-31
    Parameters:
      Stage: { Type: String, Default: dev }
      Url: { Type: String }
      Zones: { Type: CommaDelimitedList, Default: "a, b" }
      Size: { Type: Number, Default: "512" }
      Secret: { Type: "AWS::SSM::Parameter::Value<String>", Default: /shop/secret }
    Resources:
      Queue: { Type: AWS::SQS::Queue, Properties: { QueueName: !Sub "${Stage}-orders" } }
      Fifo: { Type: AWS::SQS::Queue, Properties: { FifoQueue: true } }
      Table: { Type: AWS::DynamoDB::Table, Properties: { TableName: !Join ["-", [!Ref Stage, orders]] } }
      Topic: { Type: AWS::SNS::Topic }
      Bucket: { Type: AWS::S3::Bucket }
      Bus: { Type: AWS::Events::EventBus, Properties: { Name: shop } }
      Other: { Type: AWS::Serverless::Function, Properties: { CodeUri: src, Handler: app.handler, Runtime: python3.13 } }
      Api:
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: src
          Handler: app.handler
          Runtime: python3.13
          MemorySize: !Ref Size
          Environment:
            Variables:
              QUEUE: !Ref Queue
              QUEUE_ARN: !GetAtt Queue.Arn
              QUEUE_NAME: {"Fn::GetAtt": [Queue, QueueName]}
              FIFO: !GetAtt Fifo.QueueName
              TABLE: !Ref Table
              STREAM: !GetAtt Table.StreamArn
              TOPIC: !Ref Topic
              BUCKET: !Ref Bucket
              BUS: !GetAtt Bus.Arn
              WORKER: !Ref Other
              WORKER_ARN: !GetAtt Other.Arn
              ROLE: !GetAtt OtherRole.Arn
              REGION: !Ref AWS::Region
              TEXT: !Sub "${AWS::AccountId}/${Stage}/${Table.Arn}/${!literal}"
              MAP: !Sub ["${Base}/${Stage}", { Base: !Select [1, !Split ["/", "a/b/c"]] }]
              ZONE: !Select [1, !Ref Zones]
              NONE: !Ref AWS::NoValue
              URL: !Ref Url
              SECRET: !Ref Secret
              SHARED: !ImportValue shared-table
              PASSWORD: "{{resolve:secretsmanager:db:SecretString:password}}"
"""


def test_references_in_the_environment(tmp_path: Path) -> None:
    """Ref, GetAtt, Sub, Join, Select and Split give names and ARNs on the desk; what only a deployment knows is left out, with a note."""
    found = read(tmp_path, ENVIRONMENT)
    arn = "eu-west-1:123456789012"
    assert found.functions[1].environment == {
        "QUEUE": "https://sqs.eu-west-1.amazonaws.com/123456789012/dev-orders",
        "QUEUE_ARN": f"arn:aws:sqs:{arn}:dev-orders",
        "QUEUE_NAME": "dev-orders",
        "FIFO": "Fifo.fifo",
        "TABLE": "dev-orders",
        "STREAM": f"arn:aws:dynamodb:{arn}:table/dev-orders/stream/LATEST",
        "TOPIC": f"arn:aws:sns:{arn}:Topic",
        "BUCKET": "bucket",
        "BUS": f"arn:aws:events:{arn}:event-bus/shop",
        "WORKER": "Other",
        "WORKER_ARN": f"arn:aws:lambda:{arn}:function:Other",
        "ROLE": "arn:aws:iam::123456789012:role/OtherRole",
        "REGION": "eu-west-1",
        "TEXT": f"123456789012/dev/arn:aws:dynamodb:{arn}:table/dev-orders/${{literal}}",
        "MAP": "b/dev",
        "ZONE": "b",
    }
    assert found.functions[1].memory_mb == 512
    assert found.notes == (
        "Api: the variable URL is not set: the parameter Url has no default: give it with --parameter-overrides Url=…; or give it with --env-vars",
        "Api: the variable SECRET is not set: the parameter Secret names a value of the Parameter Store: give it with --parameter-overrides Secret=…; or give it with --env-vars",
        "Api: the variable SHARED is not set: Fn::ImportValue shared-table: an export of another stack is not known here; or give it with --env-vars",
        "Api: the variable PASSWORD is not set: {{resolve:secretsmanager:db:SecretString:password}} is a dynamic reference, which only a deployment resolves; or give it with --env-vars",
    )


def test_what_the_user_gives(tmp_path: Path) -> None:
    """Overrides, --env-vars by function and for all, and the stand-in's queues come from the user; undeclared variables are not set."""
    variables = {"Api": {"SHARED": "local-table", "NEW": "x"}, "Parameters": {"PASSWORD": 7, "SHARED": "no"}}
    found = read(
        tmp_path,
        ENVIRONMENT,
        place=Place("eu-west-1", endpoint="http://127.0.0.1:5000/"),
        parameters={"Url": "http://prices", "Secret": "s3", "Stage": "prod"},
        variables=variables,
        tracing=Tracing.ACTIVE,
    )
    environment = found.functions[1].environment
    chosen = {name: environment[name] for name in ("QUEUE", "URL", "SECRET", "SHARED", "PASSWORD", "TABLE")}
    assert chosen == {
        "QUEUE": "http://127.0.0.1:5000/123456789012/prod-orders",
        "URL": "http://prices",
        "SECRET": "s3",
        "SHARED": "local-table",
        "PASSWORD": "7",
        "TABLE": "prod-orders",
    }
    assert "NEW" not in environment
    assert [function.tracing for function in found.functions] == [ACTIVE, ACTIVE]
    assert found.notes == ("Api: --env-vars has NEW, which the template does not declare: it is not set",)


def test_conditions_and_mappings(tmp_path: Path) -> None:
    """Conditions choose resources and values, of which the branch not taken is not looked at; mappings are looked up."""
    text = """
        Transform: [AWS::Serverless-2016-10-31]
        Parameters: { Stage: { Type: String, Default: dev } }
        Mappings: { Sizes: { dev: { memory: 128 }, prod: { memory: 1024 } } }
        Conditions:
          IsProd: !Equals [!Ref Stage, prod]
          IsDev: !Not [!Condition IsProd]
          Either: !Or [!Condition IsProd, !Equals [a, b]]
          Both: !And [!Condition IsDev, !Equals [!Ref "AWS::Region", eu-west-1]]
        Resources:
          Function:
            Type: AWS::Serverless::Function
            Properties:
              CodeUri: src
              Handler: app.handler
              Runtime: python3.13
              MemorySize: !FindInMap [Sizes, !Ref Stage, memory]
              Tracing: !If [IsProd, Active, PassThrough]
              Timeout: !If [Both, 30, !Ref Nothing]
              Environment:
                Variables: !If
                  - IsProd
                  - { STAGE: prod }
                  - { STAGE: dev, ONLY: !If [Either, "1", !Ref "AWS::NoValue"] }
          OnlyProd:
            Type: AWS::Serverless::Function
            Condition: IsProd
            Properties: { CodeUri: missing, Handler: app.handler, Runtime: python3.13 }
        """
    assert read(tmp_path, text).functions == (
        Function(
            "Function",
            "app.handler",
            tmp_path / "src",
            timeout_s=30.0,
            memory_mb=128,
            environment={"STAGE": "dev"},
            tracing=PASS_THROUGH,
        ),
    )


def test_plain_cloudformation(tmp_path: Path) -> None:
    """AWS::Lambda::Function with code in the template, its event source mapping, schedule, retries and alias as resources of their own."""
    found = read(
        tmp_path,
        """
        Resources:
          Inline:
            Type: AWS::Lambda::Function
            Properties:
              FunctionName: inline
              Runtime: python3.11
              Handler: index.handler
              TracingConfig: { Mode: Active }
              ReservedConcurrentExecutions: 2
              Code:
                ZipFile: |
                  def handler(event, context):
                      return 1
          Local:
            Type: AWS::Lambda::Function
            Properties: { Runtime: python3.13, Handler: app.handler, Code: src, Role: !GetAtt Role.Arn }
          Uploaded:
            Type: AWS::Lambda::Function
            Properties: { Runtime: python3.13, Handler: app.handler, Code: { S3Bucket: b, S3Key: k } }
          Node:
            Type: AWS::Lambda::Function
            Properties: { Runtime: nodejs22.x, Handler: index.handler, Code: { ZipFile: "exports.handler = 1" } }
          Role: { Type: AWS::IAM::Role }
          Stream: { Type: AWS::Kinesis::Stream, Properties: { Name: clicks } }
          Mapping:
            Type: AWS::Lambda::EventSourceMapping
            Properties:
              EventSourceArn: !GetAtt Stream.Arn
              FunctionName: !GetAtt Inline.Arn
              StartingPosition: TRIM_HORIZON
              BatchSize: 5
              MaximumRetryAttempts: 3
              BisectBatchOnFunctionError: true
              FilterCriteria: { Filters: [{ Pattern: '{"data": {"to": ["cart"]}}' }] }
          Rule:
            Type: AWS::Events::Rule
            Properties:
              ScheduleExpression: rate(5 minutes)
              Targets: [{ Id: one, Arn: !GetAtt Inline.Arn, Input: '{"a": 1}' }]
          Config:
            Type: AWS::Lambda::EventInvokeConfig
            Properties:
              FunctionName: !Ref Inline
              Qualifier: $LATEST
              MaximumRetryAttempts: 0
              MaximumEventAgeInSeconds: 60
              DestinationConfig: { OnFailure: { Destination: !GetAtt Dead.Arn } }
          Dead: { Type: AWS::SQS::Queue }
          Alias:
            Type: AWS::Lambda::Alias
            Properties: { FunctionName: !Ref Inline, FunctionVersion: 1, Name: live }
        """,
    )
    [inline, local] = found.functions
    arn = "eu-west-1:123456789012"
    assert (inline.code / "index.py").read_text() == "def handler(event, context):\n    return 1\n"
    assert inline == Function(
        "inline",
        "index.handler",
        inline.code,
        runtime="python3.11",
        tracing=ACTIVE,
        concurrency=2,
        invoke_config=InvokeConfig(0, 60.0, None, f"arn:aws:sqs:{arn}:Dead"),
        sources=(
            Source(
                "kinesis",
                "Mapping",
                f"arn:aws:kinesis:{arn}:stream/clicks",
                batch_size=5,
                starting_position="TRIM_HORIZON",
                retries=3,
                bisect=True,
                filters=({"data": {"to": ["cart"]}},),
            ),
            Source("schedule", "Rule", schedule="rate(5 minutes)", payload={"a": 1}),
        ),
        aliases=("live",),
    )
    assert local == Function("Local", "app.handler", tmp_path / "src", tracing=PASS_THROUGH)
    assert found.notes == (
        "Uploaded is left out: its code lies in S3 (Code), which is not fetched: name its folder, or take the template from before `sam package`",
        "Node is left out: its runtime is nodejs22.x; Python functions run here",
    )


def test_events_of_sam(tmp_path: Path) -> None:
    """Queues, streams and schedules become sources; events that nothing here makes are noted, once for each kind."""
    found = read(
        tmp_path,
        """
        Transform: AWS::Serverless-2016-10-31
        Resources:
          Queue: { Type: AWS::SQS::Queue }
          Table: { Type: AWS::Serverless::SimpleTable }
          Worker:
            Type: AWS::Serverless::Function
            Properties:
              InlineCode: "def handler(event, context): pass"
              Handler: index.handler
              Runtime: python3.13
              AutoPublishAlias: live
              DeadLetterQueue: { Type: SQS, TargetArn: !GetAtt Queue.Arn }
              EventInvokeConfig:
                MaximumRetryAttempts: 1
                DestinationConfig:
                  OnSuccess: { Type: SNS, Destination: "arn:aws:sns:eu-west-1:123456789012:done" }
                  OnFailure: { Type: SQS }
              Events:
                Batch:
                  Type: SQS
                  Properties:
                    Queue: !GetAtt Queue.Arn
                    BatchSize: 3
                    MaximumBatchingWindowInSeconds: 2
                    FunctionResponseTypes: [ReportBatchItemFailures]
                    ScalingConfig: { MaximumConcurrency: 4 }
                    Enabled: false
                Changes: { Type: DynamoDB, Properties: { Stream: !GetAtt Table.StreamArn, StartingPosition: LATEST } }
                Nightly: { Type: Schedule, Properties: { Schedule: cron(0 3 * * ? *), Input: '{"all": true}', Enabled: false } }
                Often: { Type: ScheduleV2, Properties: { ScheduleExpression: rate(1 minute), State: DISABLED } }
                Get: { Type: Api, Properties: { Path: /, Method: get } }
                Post: { Type: Api, Properties: { Path: /, Method: post } }
                Elsewhere: { Type: SQS, Properties: { Queue: !ImportValue other-queue } }
        """,
    )
    [worker] = found.functions
    arn = "eu-west-1:123456789012"
    assert worker.sources == (
        Source(
            "sqs",
            "WorkerBatch",
            f"arn:aws:sqs:{arn}:Queue",
            batch_size=3,
            window_s=2.0,
            partial_responses=True,
            maximum_concurrency=4,
            enabled=False,
        ),
        Source("dynamodb", "WorkerChanges", f"arn:aws:dynamodb:{arn}:table/Table/stream/LATEST"),
        Source("schedule", "WorkerNightly", schedule="cron(0 3 * * ? *)", payload={"all": True}, enabled=False),
        Source("schedule", "WorkerOften", schedule="rate(1 minute)", enabled=False),
    )
    assert worker.invoke_config == InvokeConfig(1, 21_600.0, "arn:aws:sns:eu-west-1:123456789012:done", None)
    assert (worker.aliases, worker.dead_letter_arn) == (("live",), f"arn:aws:sqs:{arn}:Queue")
    assert found.notes == (
        "Worker: OnFailure has no Destination: name a queue or a topic of the template",
        "Worker: events of type Api are not made here: invoke it through the Lambda API",
        "Worker: Queue is not taken into account: Fn::ImportValue other-queue: an export of another stack is not known here",
        "Worker: WorkerElsewhere is left out: what it polls is not known here",
    )
