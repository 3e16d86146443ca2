"""Publishes the layer: `python -m tools.publish [--dry-run] [--public] REGION …`, or `make publish REGIONS="…"`.

A region whose newest version already has the same content keeps it: the zip is the same bytes on every build,
so publishing twice changes nothing.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tools import pack, pythons

# Lambda takes a zip this large in the request itself; a larger one must go through S3.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LARGEST_ZIP = 50 * 1024 * 1024
DESCRIPTION = "Traces unmodified Python functions to AWS X-Ray. Set AWS_LAMBDA_EXEC_WRAPPER=/opt/xray-instrument."


class CannotPublishError(Exception):
    """The zip is not fit to be published; the text says why."""


@dataclass(frozen=True)
class Layer:
    """What is published to every region."""

    name: str
    content: bytes
    runtimes: tuple[str, ...]

    @classmethod
    def read(cls, archive: Path, name: str) -> Layer:
        """The layer of that zip, for the runtimes whose byte-code is in it: another one would start slowly."""
        if not archive.exists():
            raise CannotPublishError(f"{archive} is missing; run `make build`")
        runtimes = tuple(f"python{version}" for version in pack.versions_in(archive))
        content = archive.read_bytes()
        if not runtimes:
            raise CannotPublishError(f"{archive.name} has no byte-code: every cold start would compile the layer anew")
        if len(content) > LARGEST_ZIP:
            raise CannotPublishError(f"{archive.name} has {len(content):,} bytes; Lambda takes {LARGEST_ZIP:,}")
        return cls(name, content, runtimes)

    @property
    def digest(self) -> str:
        """As Lambda reports it in CodeSha256."""
        return base64.b64encode(hashlib.sha256(self.content).digest()).decode()

    def request(self) -> dict[str, Any]:
        """The parameters of PublishLayerVersion."""
        return {
            "LayerName": self.name,
            "Description": DESCRIPTION,
            "Content": {"ZipFile": self.content},
            "CompatibleRuntimes": list(self.runtimes),
            "CompatibleArchitectures": ["x86_64", "arm64"],
            "LicenseInfo": "Apache-2.0",
        }


def published(client: Any, layer: Layer) -> str | None:
    """The ARN of the region's newest version if it has this content; None when there is none or another one."""
    versions = client.list_layer_versions(LayerName=layer.name, MaxItems=1)["LayerVersions"]
    if not versions:
        return None
    newest = client.get_layer_version(LayerName=layer.name, VersionNumber=versions[0]["Version"])
    return str(newest["LayerVersionArn"]) if newest["Content"]["CodeSha256"] == layer.digest else None


def publish(client: Any, layer: Layer, *, public: bool) -> str:
    """Publish to the region of that client, if need be; gives the line to report."""
    arn = published(client, layer)
    if arn is not None:
        return f"{arn} (unchanged)"
    made = client.publish_layer_version(**layer.request())
    if public:
        client.add_layer_version_permission(
            LayerName=layer.name,
            VersionNumber=made["Version"],
            StatementId="public",
            Action="lambda:GetLayerVersion",
            Principal="*",
        )
    return str(made["LayerVersionArn"])


def publish_all(layer: Layer, regions: Iterable[str], client_for: Callable[[str], Any], *, public: bool) -> bool:
    """Publish to each region and print what came of it; a region that fails does not stop the others."""
    failed = []
    for region in regions:
        try:
            print(f"{region:15} {publish(client_for(region), layer, public=public)}")
        except (BotoCoreError, ClientError) as error:
            failed.append(region)
            print(f"{region:15} FAILED: {error}", file=sys.stderr)
    if failed:
        print(
            f"not published in {', '.join(failed)}; the same command tries again and leaves the others as they are",
            file=sys.stderr,
        )
    return not failed


def describe(layer: Layer, regions: Iterable[str], *, public: bool) -> None:
    """Print what would be published, without a call to AWS."""
    print(f"layer      {layer.name}, {len(layer.content):,} bytes, sha256 {layer.digest}")
    print(f"runtimes   {' '.join(layer.runtimes)}")
    print(f"for        {'everybody' if public else 'this account'}")
    for region in regions:
        print(f"{region:15} would be published")


def main(arguments: Sequence[str]) -> int:
    """Publish as the command line says; 1 when a region failed, 2 when nothing was tried."""
    parser = argparse.ArgumentParser("publish", description="Publish the built layer to AWS regions.")
    parser.add_argument("regions", nargs="+", metavar="REGION")
    parser.add_argument("--dry-run", action="store_true", help="print what would be done; no call to AWS")
    parser.add_argument("--public", action="store_true", help="let every AWS account use this version")
    parser.add_argument("--name", default="xray-instrument")
    parser.add_argument("--zip", type=Path, default=pythons.REPOSITORY / "build" / "xray-instrument-layer.zip")
    options = parser.parse_args(arguments)
    try:
        layer = Layer.read(options.zip, options.name)
    except CannotPublishError as error:
        print(f"publish: {error}", file=sys.stderr)
        return 2
    missing = [version for version in pythons.VERSIONS if f"python{version}" not in layer.runtimes]
    if missing:
        print(f"publish: no byte-code for {', '.join(missing)}: not listed as compatible", file=sys.stderr)
    if options.dry_run:
        describe(layer, options.regions, public=options.public)
        return 0
    done = publish_all(layer, options.regions, lambda region: boto3.client("lambda", region_name=region), public=options.public)
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
