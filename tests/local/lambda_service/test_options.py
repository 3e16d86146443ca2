"""What the options of `up` and `invoke` mean: overrides in sam's forms, where the layer is found, how logs are printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from xray_local.commands.functions import ChoiceError, Choices, overrides, print_log
from xray_local.commands.invoke import read_event
from xray_local.lambda_service import trace_layer


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([], {}),
        (["A=1"], {"A": "1"}),
        (["A=1 B='two words' C=x=y", "D="], {"A": "1", "B": "two words", "C": "x=y", "D": ""}),
        (["ParameterKey=A,ParameterValue=1 ParameterKey=B,ParameterValue=x,y"], {"A": "1", "B": "x,y"}),
        (["A=1", "A=2"], {"A": "2"}),
    ],
)
def test_parameter_overrides(given: list[str], found: dict[str, str]) -> None:
    """Both forms that sam takes, in one text or several; the last one counts."""
    assert overrides(given) == found


@pytest.mark.parametrize("text", ["A", "=1", "ParameterKey=A", "ParameterKey=A,Value=1"])
def test_parameter_overrides_that_are_none(text: str) -> None:
    """What is neither form is refused as it was written."""
    with pytest.raises(ChoiceError) as caught:
        overrides([text])
    assert str(caught.value) == f"--parameter-overrides takes NAME=VALUE, not {text!r}"


def test_the_region() -> None:
    """AWS_REGION as in Lambda, then boto3's variable, then the region of most examples."""
    environments = [{"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-west-2"}, {"AWS_DEFAULT_REGION": "us-west-2"}, {}]
    assert [Choices(environment=each).region for each in environments] == ["eu-west-1", "us-west-2", "us-east-1"]


def test_where_the_layer_is(tmp_path: Path) -> None:
    """The variable wins over what the checkout has built; where there is none, the text says what to do."""
    named, checkout = tmp_path / "named.zip", tmp_path / "checkout"
    (checkout / "build").mkdir(parents=True)
    said = []
    for environment in ({}, {"XRAY_LOCAL_LAYER": str(named)}):
        with pytest.raises(FileNotFoundError) as caught:
            trace_layer.find(environment, checkout)
        said.append(str(caught.value))
        (checkout / "build.sh").touch()
    with pytest.raises(FileNotFoundError) as caught:
        trace_layer.find({}, checkout)
    built = checkout / "build" / "xray-instrument-layer.zip"
    built.touch()
    named.touch()
    assert [*said, str(caught.value)] == [
        "the xray-instrument layer is not here: name its zip with XRAY_LOCAL_LAYER, or leave it out with --no-trace",
        f"XRAY_LOCAL_LAYER names {named}, which does not exist",
        f"the layer is not built: run `make build` in {checkout}, or leave it out with --no-trace",
    ]
    found = [trace_layer.find(environment, checkout) for environment in ({}, {"XRAY_LOCAL_LAYER": str(named)})]
    assert found == [built, named]


def test_logs_have_the_functions_name(capsys: pytest.CaptureFixture[str]) -> None:
    """On every line of a record, so that those of several functions can be told apart."""
    print_log("Orders", "[ERROR] ValueError: no\nTraceback\n")
    print_log("Worker", "one\n")
    assert capsys.readouterr().out == "Orders | [ERROR] ValueError: no\nOrders | Traceback\nWorker | one\n"


@pytest.mark.parametrize("text", ["1", "null", "true", "1.5", '"text"', "[1]", '{"a": 1}'])
def test_an_event_that_stands_in_the_command(text: str) -> None:
    """Any JSON is an event, not only what begins with a bracket."""
    assert read_event(text) == text.encode()


def test_a_file_that_is_called_like_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of that name is meant."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "1").write_text('{"from": "the file"}')
    assert read_event("1") == b'{"from": "the file"}'
