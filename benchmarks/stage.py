"""Where the functions run, and the variants in which they do.

One interpreter with Lambda's runtime client, the layer as built from these sources, and the same functions bare,
layered, or with aws-xray-sdk in their code.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.kit import layer, pythons
from tests.kit.process import Launch, Sandbox
from tests.kit.pythons import Site
from tests.kit.runtime_api import SAMPLED, UNSAMPLED

FUNCTIONS = Path(__file__).parent / "functions"
# What users of the SDK add to their code. patch_all is what its documentation begins with.
SDK_LINES = "from aws_xray_sdk.core import patch_all\n\npatch_all()\n\n"
SDK_PACKAGES = ("aws_xray_sdk", "wrapt")


@dataclass(frozen=True)
class Variant:
    """One way to run a function."""

    name: str
    layered: bool = False
    sdk: bool = False
    sampled: bool = True

    @property
    def header(self) -> str:
        """The trace header that its invocations get."""
        return SAMPLED if self.sampled else UNSAMPLED


BARE = Variant("bare")
# A second bare process: what it differs from the first is noise.
AGAIN = Variant("bare again")
LAYER = Variant("layer", layered=True)
UNSAMPLED_LAYER = Variant("layer, unsampled", layered=True, sampled=False)
SDK = Variant("aws-xray-sdk", sdk=True)
UNSAMPLED_SDK = Variant("aws-xray-sdk, unsampled", sdk=True, sampled=False)


class Processors:
    """Gives the measured function the last processor, and this process with its servers the others."""

    def __init__(self, *, pin: bool) -> None:
        everywhere = sorted(os.sched_getaffinity(0))
        self._for_functions = {everywhere[-1]} if pin and len(everywhere) > 1 else set()
        if self._for_functions:
            os.sched_setaffinity(0, everywhere[:-1])

    def give(self, pid: int) -> None:
        """Move a function's process to where it is to be measured."""
        if self._for_functions:
            os.sched_setaffinity(pid, self._for_functions)


@dataclass(frozen=True)
class Stage:
    """Everything that is the same for all variants."""

    site: Site
    wrapper: Path
    plain: Sandbox
    with_sdk: Sandbox
    rng: random.Random
    """For the order within a round, so that no variant always runs behind the same other one."""
    processors: Processors

    @classmethod
    def create(cls, version: str, folder: Path, *, pin: bool) -> Stage:
        """Prepare the folders anew."""
        site = pythons.site(version)
        shutil.rmtree(folder, ignore_errors=True)
        plain, with_sdk = (Sandbox.create(folder / name, site) for name in ("plain", "with-sdk"))
        for source in sorted(FUNCTIONS.glob("*.py")):
            text = source.read_text(encoding="utf-8")
            plain.write(source.name, text)
            with_sdk.write(source.name, SDK_LINES + text)
        for package in SDK_PACKAGES:
            (with_sdk.task / package).symlink_to(site.vendor / package)
        rng = random.Random(version)  # noqa: S311  (an order, not a secret)
        return cls(site, layer.unpacked() / "xray-instrument", plain, with_sdk, rng, Processors(pin=pin))

    def sandbox(self, variant: Variant) -> Sandbox:
        """The folders of that variant."""
        return self.with_sdk if variant.sdk else self.plain

    def launch(self, variant: Variant, function: str, environment: Mapping[str, str], daemon: str) -> Launch:
        """How that variant of a function is started."""
        wrapper = self.wrapper if variant.layered else None
        return Launch(f"{function}.handler", environment, wrapper, daemon=daemon)

    def shuffled(self, variants: Iterable[Variant]) -> Sequence[Variant]:
        """The variants in the order of the next round."""
        order = list(variants)
        self.rng.shuffle(order)
        return order
