"""Where the code of a template's functions lies: images, zips, layers, what sam and the CDK make, and our own template."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.kit.pythons import REPOSITORY
from tests.local.lambda_service.templates import read
from tests.local.server import tools
from xray_local.lambda_service.model import Function, ImageBuild, Tracing
from xray_local.lambda_service.template import Settings, load

ACTIVE, PASS_THROUGH = Tracing.ACTIVE, Tracing.PASS_THROUGH

IMAGE = """
    Transform: AWS::Serverless-2016-10-31
    Resources:
      Built:
        Type: AWS::Serverless::Function
        Properties: { PackageType: Image, ImageConfig: { Command: [app.handler] }, Timeout: 30 }
        Metadata: { Dockerfile: Dockerfile, DockerContext: ./src, DockerTag: v1, DockerBuildArgs: { A: 1 }, DockerBuildTarget: fast }
      Pulled:
        Type: AWS::Serverless::Function
        Properties: { PackageType: Image, ImageUri: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/orders:7 }
"""


def test_container_images(tmp_path: Path) -> None:
    """Images keep their name, or what they are built from; without Docker they are left out with a note."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "Dockerfile").write_text("FROM scratch\n")
    found = read(tmp_path, IMAGE, docker=True)
    assert found.functions == (
        Function(
            "Built",
            "app.handler",
            tmp_path / "src",
            timeout_s=30.0,
            tracing=PASS_THROUGH,
            image="built:v1",
            build=ImageBuild("Dockerfile", {"A": "1"}, "fast"),
        ),
        Function("Pulled", "", tmp_path, tracing=PASS_THROUGH, image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/orders:7"),
    )
    assert read(tmp_path, IMAGE).notes == (
        "Built is left out: it is a container image, which needs --docker",
        "Pulled is left out: it is a container image, which needs --docker",
    )


def test_json(tmp_path: Path) -> None:
    """A template in JSON, with tabs as YAML does not take them, a zip as code, and what the AWS CDK writes."""
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
        archive.writestr("app.py", "def handler(event, context): pass\n")
    function = {"Runtime": "python3.13", "Handler": "app.handler"}
    document = {
        "Resources": {
            "Zipped": {"Type": "AWS::Lambda::Function", "Properties": {**function, "Code": "code.zip"}},
            "Cdk": {
                "Type": "AWS::Lambda::Function",
                "Properties": {**function, "Code": {"S3Bucket": {"Fn::Sub": "cdk-${AWS::AccountId}"}, "S3Key": "0a.zip"}},
                "Metadata": {"aws:asset:path": "asset.0a", "aws:asset:property": "Code"},
            },
        }
    }
    found = read(tmp_path, json.dumps(document, indent="\t"), ("asset.0a",), "template.json")
    assert found.functions == (
        Function("Zipped", "app.handler", tmp_path / "code.zip", tracing=PASS_THROUGH),
        Function("Cdk", "app.handler", tmp_path / "asset.0a", tracing=PASS_THROUGH),
    )


def test_layers(tmp_path: Path) -> None:
    """Layers of the template are there in their order; others are noted; ours gives way to the one that the desk puts under all."""
    text = """
        Transform: AWS::Serverless-2016-10-31
        Resources:
          First: { Type: AWS::Serverless::LayerVersion, Properties: { ContentUri: first } }
          Second: { Type: AWS::Lambda::LayerVersion, Properties: { Content: second } }
          Far: { Type: AWS::Lambda::LayerVersion, Properties: { Content: { S3Bucket: b, S3Key: k } } }
          Xray: { Type: AWS::Serverless::LayerVersion, Properties: { LayerName: xray-instrument, ContentUri: ours } }
          Function:
            Type: AWS::Serverless::Function
            Properties:
              CodeUri: src
              Handler: app.handler
              Runtime: python3.13
              Layers:
                - !Ref Second
                - !Ref First
                - !GetAtt First.LayerVersionArn
                - !Ref Far
                - arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python313-x86_64:18
                - arn:aws:lambda:eu-west-1:123456789012:layer:xray-instrument:4
                - !Ref Xray
        """
    code = ("src", "first", "second", "ours")
    plain, traced = read(tmp_path, text, code), read(tmp_path, text, code, trace_layer=tmp_path / "built.zip")
    own = (tmp_path / "second", tmp_path / "first")
    powertools = "arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python313-x86_64:18"
    notes = (
        "Function: the layer Far is left out: its code lies in S3 (Content), which is not fetched: name its folder, or take the template from before `sam package`",
        f"Function: the layer {powertools} is not fetched: define it as a local LayerVersion, or put its content beside the code",
    )
    ours = "arn:aws:lambda:eu-west-1:123456789012:layer:xray-instrument:4"
    assert (plain.functions[0].layers, traced.functions[0].layers) == ((*own, tmp_path / "ours"), own)
    assert plain.notes == (*notes, f"Function: the layer {ours} is not fetched: without --no-trace the local one takes its place")
    assert traced.notes == notes


def test_code_that_is_not_built(tmp_path: Path) -> None:
    """Requirements without their packages are mentioned; beside what `sam build` installs they are not."""
    text = """
        Transform: AWS::Serverless-2016-10-31
        Resources:
          Function:
            Type: AWS::Serverless::Function
            Properties: { CodeUri: src, Handler: app.handler, Runtime: python3.13 }
        """
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "requirements.txt").write_text("requests\n")
    before = read(tmp_path, text).notes
    (tmp_path / "src" / "requests-2.32.5.dist-info").mkdir()
    note = "Function: its requirements.txt is not installed beside it; if it needs more than boto3: sam build, then -t .aws-sam/build/template.yaml"
    assert (before, read(tmp_path, text).notes) == ((note,), ())


def test_the_repositorys_own_template() -> None:
    """template.yaml of this repository: every function runs from examples/, traced, with the variables that its code reads."""
    found = load(REPOSITORY / "template.yaml", Settings(trace_layer=REPOSITORY / "build" / "layer.zip"))
    assert len(found.functions) >= 2
    for function in found.functions:
        module, _, attribute = function.handler.rpartition(".")
        source = (function.code / f"{module}.py").read_text()
        read_here = set(re.findall(r'os\.environ\["(\w+)"\]', source))
        assert function.code.parent == REPOSITORY / "examples"
        assert f"def {attribute}(" in source
        assert read_here - function.environment.keys() == set()
        assert (function.tracing, function.layers) == (ACTIVE, ())
        assert function.environment["AWS_LAMBDA_EXEC_WRAPPER"] == "/opt/xray-instrument"


@pytest.mark.parametrize("example", ["Globals", "Parameters", "Mappings", "Conditions"])
def test_an_empty_section(tmp_path: Path, example: str) -> None:
    """A section with its heading only, as editors leave it, is as none."""
    text = "\n".join(
        [
            f"{example}:",
            "Resources:",
            "  F:",
            "    Type: AWS::Serverless::Function",
            "    Properties: { CodeUri: src, Handler: app.handler, Runtime: python3.13 }",
        ]
    )
    assert [function.name for function in read(tmp_path, text).functions] == ["F"]


def test_what_sam_init_and_sam_build_make(tmp_path: Path) -> None:
    """The application that `sam init` begins with runs from its template, and from the one that `sam build` makes."""
    sam = tools.installed("sam")
    runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
    [begun] = sam.parents[1].glob("lib/*/site-packages/samcli/lib/init/templates/cookiecutter-aws-sam-hello-python")
    context = json.dumps({"runtime": runtime, "architectures": {"value": ["x86_64"]}})
    # `sam build` wants the interpreter of the runtime on PATH.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(tmp_path), "SAM_CLI_TELEMETRY": "0"}
    init = ("init", "--no-interactive", "--no-input", "--name", "shop", "--location", str(begun), "--extra-context", context)
    shop = tmp_path / "shop"
    subprocess.run([str(sam), *init], cwd=tmp_path, env=environment, check=True, capture_output=True)  # noqa: S603
    # Without packages, so that nothing is downloaded.
    (shop / "hello_world" / "requirements.txt").write_text("")
    subprocess.run([str(sam), "build"], cwd=shop, env=environment, check=True, capture_output=True)  # noqa: S603
    function = Function("HelloWorldFunction", "app.lambda_handler", shop / "hello_world", runtime, tracing=PASS_THROUGH)
    source, built = (load(shop / path, Settings()) for path in ("template.yaml", ".aws-sam/build/template.yaml"))
    assert source.functions == (function,)
    assert built.functions == (replace(function, code=shop / ".aws-sam" / "build" / "HelloWorldFunction"),)
