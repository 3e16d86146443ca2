"""Where a function's code and layers lie on this machine."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..model import ImageBuild
from .problems import TemplateError, UnresolvedError
from .section import Section

OUR_LAYER = "xray-instrument"
LAYER_TYPES = {"AWS::Serverless::LayerVersion": "ContentUri", "AWS::Lambda::LayerVersion": "Content"}
ARN_OF_OUR_LAYER = re.compile(rf"arn:[^:]+:lambda:[^:]*:[^:]*:layer:{OUR_LAYER}(:\d+)?")
REMOTE = ("s3://", "https://", "http://")
BUILT = ".aws-sam/build"


class ElsewhereError(Exception):
    """The code lies in S3 or in a registry, or has to be made first: the function is left out. The text says why."""


def located(section: Section, name: str, folder: Path, metadata: Mapping[str, Any]) -> Path:
    """The folder or zip that a property names, relative to the template. Raises ElsewhereError, TemplateError."""
    try:
        value = section.required(name)
    except UnresolvedError as error:
        raise ElsewhereError(f"{name}: {error}") from error
    # The AWS CDK writes S3 into the template and the folder beside it.
    asset = metadata.get("aws:asset:path")
    if asset and not isinstance(value, str):
        value = asset
    if value is None:
        value = "."
    if not isinstance(value, str) or value.startswith(REMOTE):
        advice = "name its folder, or take the template from before `sam package`"
        raise ElsewhereError(f"its code lies in S3 ({name}), which is not fetched: {advice}")
    path = (folder / value).resolve()
    if not path.exists():
        raise section.wrong(
            name, f"there is no {path}: build it first (`sam build` makes {BUILT}/template.yaml), or mend the path"
        )
    if path.is_file() and not zipfile.is_zipfile(path):
        raise section.wrong(name, f"{path} is neither a folder nor a zip file")
    return path


def inline(text: str, name: str, folder: Path) -> Path:
    """A folder with code that stands in the template: index.py, as Lambda calls it."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    made = folder / "inline" / f"{name}-{digest}"
    made.mkdir(parents=True, exist_ok=True)
    module = made / "index.py"
    # Only if it is new: a newer file would start new environments.
    if not module.exists() or module.read_text(encoding="utf-8") != text:
        module.write_text(text, encoding="utf-8")
    return made


def image(section: Section, name: str, folder: Path, metadata: Mapping[str, Any]) -> tuple[str, Path, ImageBuild | None]:
    """Name, context and recipe of the image of a function with PackageType Image; Metadata is what `sam build` builds it from."""
    try:
        uri = section.required(name)
    except UnresolvedError as error:
        if "Dockerfile" not in metadata:
            raise ElsewhereError(f"{name}: {error}") from error
        uri = None
    context = (folder / str(metadata.get("DockerContext") or ".")).resolve()
    if "Dockerfile" not in metadata:
        if not isinstance(uri, str):
            raise section.wrong(name, "an image needs this, or Metadata with Dockerfile and DockerContext")
        return uri, context, None
    dockerfile = str(metadata["Dockerfile"])
    if not (context / dockerfile).is_file():
        place = f"{section.place}Metadata.Dockerfile"
        raise TemplateError(f"{place}: there is no {context / dockerfile}; DockerContext is its folder")
    # After `sam build` ImageUri is the name of what that has built; a registry's name is where it would be pushed.
    tag = uri if isinstance(uri, str) and "/" not in uri else f"{section.owner.lower()}:{metadata.get('DockerTag') or 'latest'}"
    args = {str(key): str(value) for key, value in (metadata.get("DockerBuildArgs") or {}).items()}
    return tag, context, ImageBuild(dockerfile, args, metadata.get("DockerBuildTarget"))


class Layers:
    """The layers of one template: which ARN is which folder."""

    def __init__(self, folder: Path, trace_layer: Path | None) -> None:
        """`trace_layer` is our own, which every function gets anyway."""
        self._folder, self._trace_layer = folder, trace_layer
        self._local: dict[str, Section] = {}

    def add(self, arn: str, section: Section) -> None:
        """A layer that the template defines."""
        self._local[arn] = section

    def paths(self, section: Section) -> tuple[Path, ...]:
        """What the Layers of a function are here, in order; what is not here is noted."""
        found = []
        for node in section.items("Layers"):
            arn = section.item("Layers", node).get("Layers")
            path = self._path(str(arn), section) if arn is not None else None
            if path is not None and path not in found:
                found.append(path)
        return tuple(found)

    def _path(self, arn: str, section: Section) -> Path | None:
        ours = ARN_OF_OUR_LAYER.fullmatch(arn)
        if ours and self._trace_layer is not None:
            return None
        own = self._local.get(arn)
        if own is None:
            advice = "define it as a local LayerVersion, or put its content beside the code"
            if ours:
                advice = "without --no-trace the local one takes its place"
            section.notes.add(f"{section.owner}: the layer {arn} is not fetched: {advice}")
            return None
        kind = own.evaluator.resources[own.owner]
        try:
            return located(own, LAYER_TYPES[kind["Type"]], self._folder, kind.get("Metadata") or {})
        except ElsewhereError as error:
            section.notes.add(f"{section.owner}: the layer {own.owner} is left out: {error}")
            return None
