"""Whether another tracer records AWS calls already, so that no call is shown twice.

The X-Ray SDK (patch, patch_all, and so Powertools' Tracer) and OpenTelemetry's instrumentation wrap
_make_api_call with wrapt. OpenTelemetry's spans go their own way: where the function's own code has chosen it, ours
stands back, header included. The SDK's subsegments are in our tree, and our record takes the place of its own.
"""

import sys

from ..guard import debug
from ..model import Subsegment
from ..recorder import recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NONE, XRAY_SDK, OTHER = "", "aws_xray_sdk", "opentelemetry"
_TRACERS = (XRAY_SDK, OTHER)
# By the class of the client's request signer: the attributes of the client class behind it, the method last
# looked at, and the verdict on it, which changes when somebody patches or unpatches.
_seen: "dict[type, tuple[Any, object, str]]" = {}


def _sdk_enabled() -> bool:
    """Whether the SDK records at all: AWS_XRAY_SDK_ENABLED, or a setting at run time."""
    config = getattr(sys.modules.get(XRAY_SDK), "global_sdk_config", None)
    return config is None or bool(config.sdk_enabled())


def other_tracer(signer: type) -> str:
    """Return which other tracer records the client that makes the call: NONE, XRAY_SDK or OTHER.

    Args:
        signer: class of the client's request signer: aiobotocore's clients override the method.
    """
    seen = _seen.get(signer)
    if seen is not None and seen[0]["_make_api_call"] is seen[1]:
        return seen[2] if seen[2] != XRAY_SDK or _sdk_enabled() else NONE
    package, name = ("aiobotocore", "AioBaseClient") if "aiobotocore" in signer.__module__ else ("botocore", "BaseClient")
    client = getattr(sys.modules.get(package + ".client"), name, None)
    if client is None:  # dropped from sys.modules, while a client of that copy lives on
        return NONE
    attributes = vars(client)
    method = attributes["_make_api_call"]
    wrapper = getattr(method, "_self_wrapper", None)
    tracer = str(getattr(wrapper, "__module__", ""))
    verdict = next((name for name in _TRACERS if tracer.startswith(name + ".")), NONE)
    debug(f"{package}'s calls are recorded by {tracer}" if verdict else f"{package}'s calls are recorded by us")
    _seen[signer] = (attributes, method, verdict)
    return verdict if verdict != XRAY_SDK or _sdk_enabled() else NONE


def replaceable(node: "Subsegment | None") -> bool:
    """Whether `node`, the open one, is the SDK's record of the AWS call that is about to be made, and ours to send."""
    return getattr(node, "ours", False) and node.entity.namespace == "aws"  # type: ignore[union-attr]


def replace(node: "Any", name: str) -> Subsegment:
    """Open our record of an AWS call in the place of the SDK's, which knows less: same id, same parent.

    The SDK has the id too, for its trace header, and puts nothing else on it before the call ends.
    """
    node.ours = False
    opened = Subsegment(name, node.id, recorder.clock(), node.trace)
    opened.leaf = True
    node.stand_in = opened
    return recorder.begin_below(opened, node.parent)
