"""Templates that are wrong: each error names the file, the resource and the property, and says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local.lambda_service.templates import read, refused
from xray_local.lambda_service.model import Function, Tracing
from xray_local.lambda_service.template import Settings, load

UNDECIDED = """
Conditions: { A: !Equals [!Ref P, x] }
Parameters: { P: { Type: String } }
Resources: { F: { Type: AWS::Lambda::Function, Condition: A } }
"""
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:orders"
HEAD = "Transform: AWS::Serverless-2016-10-31\n"


def function(**properties: str) -> str:
    """A function with these properties, as they stand in the file, over those that it needs."""
    own = {"CodeUri": "src", "Handler": "app.handler", "Runtime": "python3.13", **properties}
    lines = [f"      {name}: {value}" for name, value in own.items() if value]
    return "\n".join([f"{HEAD}Resources:", "  Orders:", "    Type: AWS::Serverless::Function", "    Properties:", *lines, ""])


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ({"Handler": ""}, "Handler: is missing; it is module.function, such as app.handler"),
        ({"Runtime": ""}, "Runtime: is missing; a function in Python has one such as python3.13"),
        ({"Timeout": "soon"}, "Timeout: must be a number, not 'soon'"),
        ({"Timeout": "[1]"}, "Timeout: must be a number, not [1]"),
        ({"ReservedConcurrentExecutions": "1.5"}, "ReservedConcurrentExecutions: must be a whole number, not 1.5"),
        ({"Layers": "one"}, "Layers: must be a list, not 'one'"),
        ({"Environment": "[A=1]"}, "Environment: must be a map, not ['A=1']"),
        ({"Environment": "{ Variables: [A] }"}, "Environment.Variables: must be a map, not ['A']"),
        (
            {"Environment": "{ Variables: { TABLE: !Ref Tabel } }"},
            "Environment.Variables.TABLE: 'Tabel' is neither a parameter nor a resource of this template, which has Orders",
        ),
        ({"Handler": "!GetAtt Orders"}, "Handler: Fn::GetAtt takes a resource and an attribute, not 'Orders'"),
        ({"Handler": "!Join [a]"}, "Handler: Fn::Join takes two values, not ['a']"),
        ({"Handler": "!Select [3, [a, b]]"}, "Handler: Fn::Select finds no item 3 in ['a', 'b']"),
        ({"Handler": "!FindInMap [A, b, c]"}, "Handler: Mappings has no 'A'; it has none"),
        ({"Handler": "!If [Missing, a, b]"}, "Handler: there is no condition 'Missing'; Conditions has none"),
        ({"Handler": "!Sub [a, b, c]"}, "Handler: Fn::Sub takes a text, or a text and a map, not ['a', 'b', 'c']"),
        (
            {"Events": f"{{ Batch: {{ Type: SQS, Properties: {{ Queue: {QUEUE}, FilterCriteria: {{ Filters: [{{ Pattern: '{{\"a\": 1}}' }}] }} }} }} }}"},
            "Events.Batch.Properties.FilterCriteria.Filters.Pattern: is no pattern: a must be a list of what is allowed, or an object with fields, not 1",
        ),
        (
            {"FunctionName": "!Ref Orders"},
            "FunctionName: Orders → Orders goes round in a circle",
        ),
    ],
)  # fmt: skip
def test_properties(tmp_path: Path, properties: dict[str, str], text: str) -> None:
    """A property that is missing, of another type, or calls wrongly."""
    with refused() as said:
        read(tmp_path, function(**properties))
    assert said == [f"template.yaml, Orders: {text}"]


def test_code_that_is_not_there(tmp_path: Path) -> None:
    """A folder that does not exist, and a file that is no zip."""
    with refused() as missing:
        read(tmp_path, function(CodeUri="built"))
    (tmp_path / "app.txt").write_text("text")
    with refused() as text:
        read(tmp_path, function(CodeUri="app.txt"))
    advice = "build it first (`sam build` makes .aws-sam/build/template.yaml), or mend the path"
    assert missing == [f"template.yaml, Orders: CodeUri: there is no {tmp_path / 'built'}: {advice}"]
    assert text == [f"template.yaml, Orders: CodeUri: {tmp_path / 'app.txt'} is neither a folder nor a zip file"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: [1", "template.yaml: while parsing a flow sequence"),
        ("Description: nothing\n", "template.yaml: no Resources: this is no SAM or CloudFormation template"),
        ("Resources: [1]\n", "template.yaml: no Resources: this is no SAM or CloudFormation template"),
        ("Resources: { A: 1 }\n", "template.yaml, A: a resource is a map with Type and Properties"),
        (f"{function()}\nParameters: [A]\n", "template.yaml: Parameters must be a map"),
        (f"Globals: {{ Function: 1 }}\n{function()}", "Globals.Function must be a map of properties"),
        (
            UNDECIDED,
            "template.yaml, F: Condition cannot be decided: the parameter P has no default: give it with --parameter-overrides P=…",
        ),
    ],
)  # fmt: skip
def test_files(tmp_path: Path, text: str, reason: str) -> None:
    """A file that is no YAML, no template, or has sections of another form."""
    with refused() as said:
        read(tmp_path, text)
    assert said[0].replace(f"{tmp_path}/", "").startswith(reason)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The path, and which option names it."""
    with refused() as said:
        load(tmp_path / "none.yaml", Settings())
    assert said == [
        f"cannot read {tmp_path / 'none.yaml'}: No such file or directory; name the SAM or CloudFormation template with -t"
    ]


def test_an_override_of_no_parameter(tmp_path: Path) -> None:
    """A misspelt parameter is refused, with those that there are."""
    with refused() as said:
        read(tmp_path, f"Parameters: {{ Stage: {{ Type: String, Default: dev }} }}\n{function()}", parameters={"Stag": "x"})
    assert said == ["template.yaml has no parameter Stag: it has Stage"]


def test_a_map_without_the_key_gives_its_default_value(tmp_path: Path) -> None:
    """Fn::FindInMap with a DefaultValue gives that where a key is missing, and does not look at it where all are there."""
    text = """
        Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
        Mappings: { Sizes: { dev: { memory: 256 } } }
        Resources:
          Function:
            Type: AWS::Serverless::Function
            Properties:
              CodeUri: src
              Handler: app.handler
              Runtime: python3.13
              MemorySize: !FindInMap [Sizes, dev, memory, { DefaultValue: !Ref Nothing }]
              Timeout: !FindInMap [Sizes, prod, seconds, { DefaultValue: !Select [0, [7, 8]] }]
        """
    [found] = read(tmp_path, text).functions
    assert found == Function(
        "Function", "app.handler", tmp_path / "src", timeout_s=7.0, memory_mb=256, tracing=Tracing.PASS_THROUGH
    )
