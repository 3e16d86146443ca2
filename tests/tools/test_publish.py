"""Publishing to a list of regions, against a real HTTP server that plays Lambda."""

from __future__ import annotations

import base64
import hashlib
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto.server import ThreadedMotoServer

from tools import pack, publish

RUNTIMES = ("python3.12", "python3.13")


def layer(content: bytes = b"zip") -> publish.Layer:
    """A layer with that content."""
    return publish.Layer("xray-instrument", content, RUNTIMES)


def zip_for(folder: Path, *tags: str) -> Path:
    """A zip that has byte-code of these Pythons and nothing else."""
    archive = folder / "xray-instrument-layer.zip"
    names = [f"xray-instrument.d/__pycache__/sitecustomize.cpython-{tag}.pyc" for tag in tags]
    archive.write_bytes(pack.zipped([pack.Entry(name, b"") for name in (*names, "xray-instrument")]))
    return archive


def client(region: str, endpoint: str) -> Any:
    """Lambda in that region, as the server plays it."""
    return boto3.client("lambda", region, endpoint_url=endpoint, aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret")


@pytest.fixture
def endpoint() -> Iterator[str]:
    """A Lambda that has no layers yet."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    # moto keeps its state per process, not per server.
    with urllib.request.urlopen(urllib.request.Request(f"{address}/moto-api/reset", method="POST")):  # noqa: S310
        yield address
    server.stop()


def test_every_region_gets_the_layer(endpoint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The first version of each region has our content and settings, and its ARN is printed."""
    regions = ("eu-west-1", "us-east-1")
    assert publish.publish_all(layer(), regions, lambda region: client(region, endpoint), public=False)
    arns = [f"arn:aws:lambda:{region}:123456789012:layer:xray-instrument:1" for region in regions]
    assert capsys.readouterr() == (f"eu-west-1       {arns[0]}\nus-east-1       {arns[1]}\n", "")
    for region in regions:
        made = client(region, endpoint).get_layer_version(LayerName="xray-instrument", VersionNumber=1)
        expected = {
            "CodeSha256": base64.b64encode(hashlib.sha256(b"zip").digest()).decode(),
            "CompatibleRuntimes": list(RUNTIMES),
            "CompatibleArchitectures": ["x86_64", "arm64"],
            "LicenseInfo": "Apache-2.0",
            "Description": publish.DESCRIPTION,
        }
        assert {**made["Content"], **made}.items() >= expected.items()


def test_the_same_content_is_not_published_twice(endpoint: str) -> None:
    """A region keeps its version until the zip changes."""
    there = client("eu-west-1", endpoint)
    arn = "arn:aws:lambda:eu-west-1:123456789012:layer:xray-instrument"
    contents = (b"zip", b"zip", b"other zip", b"other zip")
    assert [publish.publish(there, layer(content), public=False) for content in contents] == [
        f"{arn}:1",
        f"{arn}:1 (unchanged)",
        f"{arn}:2",
        f"{arn}:2 (unchanged)",
    ]


def test_a_region_that_fails_does_not_stop_the_others(endpoint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The failure is reported with its region, the next region is published, and the whole counts as failed."""
    nobody = "http://127.0.0.1:9"

    def client_for(region: str) -> Any:
        return client(region, nobody if region == "eu-west-1" else endpoint)

    assert not publish.publish_all(layer(), ("eu-west-1", "us-east-1"), client_for, public=False)
    out, err = capsys.readouterr()
    assert out == "us-east-1       arn:aws:lambda:us-east-1:123456789012:layer:xray-instrument:1\n"
    url = f"{nobody}/2018-10-31/layers/xray-instrument/versions?MaxItems=1"
    assert err.splitlines() == [
        f'eu-west-1       FAILED: Could not connect to the endpoint URL: "{url}"',
        "not published in eu-west-1; the same command tries again and leaves the others as they are",
    ]


def test_public_lets_every_account_use_the_version() -> None:
    """--public adds one statement to the version that was just made."""
    there = client("eu-west-1", "http://127.0.0.1:9")
    with Stubber(there) as stubber:
        stubber.add_response("list_layer_versions", {"LayerVersions": []}, {"LayerName": "xray-instrument", "MaxItems": 1})
        stubber.add_response("publish_layer_version", {"Version": 7, "LayerVersionArn": "the:arn:7"}, layer().request())
        statement = {"StatementId": "public", "Action": "lambda:GetLayerVersion", "Principal": "*"}
        expected = {"LayerName": "xray-instrument", "VersionNumber": 7, **statement}
        stubber.add_response("add_layer_version_permission", {}, expected)
        assert publish.publish(there, layer(), public=True) == "the:arn:7"
        stubber.assert_no_pending_responses()


def test_dry_run_says_what_would_be_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is called, the runtimes are those of the byte-code in the zip, and missing ones are named."""
    archive = zip_for(tmp_path, "312", "313")
    assert publish.main(["--dry-run", "--zip", str(archive), "eu-west-1", "us-east-1"]) == 0
    data = archive.read_bytes()
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        f"layer      xray-instrument, {len(data)} bytes, sha256 {digest}",
        "runtimes   python3.12 python3.13",
        "for        this account",
        "eu-west-1       would be published",
        "us-east-1       would be published",
    ]
    assert err == "publish: no byte-code for 3.10, 3.11, 3.14: not listed as compatible\n"


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ((), "has no byte-code: every cold start would compile the layer anew"),
        (None, "is missing; run `make build`"),
    ],
)
def test_a_zip_that_is_not_fit_is_refused(
    tags: tuple[str, ...] | None, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A slim zip and no zip at all are refused before anything is called."""
    archive = zip_for(tmp_path, *tags) if tags is not None else tmp_path / "nothing.zip"
    assert publish.main(["--zip", str(archive), "eu-west-1"]) == 2
    name = archive.name if tags is not None else str(archive)
    assert capsys.readouterr() == ("", f"publish: {name} {told}\n")
