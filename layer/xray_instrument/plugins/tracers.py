"""Whether another tracer records AWS calls already, so that no call is shown twice.

The X-Ray SDK (patch, patch_all, and so Powertools' Tracer) and OpenTelemetry's instrumentation wrap
_make_api_call with wrapt. OpenTelemetry's spans go their own way: where the function's own code has given it a tracer
provider, ours stands back, header included; without one, it records nothing, and ours does (otel_api.py keeps its
tracer quiet). The SDK's subsegments are in our tree, and our record takes the place of its own.
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
# looked at, and the verdict on it, which changes when somebody patches or unpatches; who has patched it.
_seen: "dict[type, tuple[Any, object, str, Any]]" = {}


def _sdk_enabled() -> bool:
    """Whether the SDK records at all: AWS_XRAY_SDK_ENABLED, or a setting at run time."""
    config = getattr(sys.modules.get(XRAY_SDK), "global_sdk_config", None)
    return config is None or bool(config.sdk_enabled())


def _provided(wrapper: "Any") -> bool:
    """Whether a tracer provider has been set, for all or for this instrumentation (instrument(tracer_provider=…))."""
    api: "Any" = sys.modules.get("opentelemetry.trace")
    if getattr(api, "_TRACER_PROVIDER", None) is not None:
        return True
    instrumentor = getattr(wrapper, "__self__", None)
    told: "dict[str, Any]" = {}
    for holder in (getattr(instrumentor, "extension_registry", None), instrumentor):
        told.update(getattr(holder, "__dict__", {}))
    # The names of 0.30 to 0.66: a provider, a tracer, or one for each service.
    tracers = [told.get("_tracer"), *dict(told.get("_tracers") or {}).values()]
    own = [tracer for tracer in tracers if tracer is not None and type(tracer).__name__ != "ProxyTracer"]
    return bool(own or told.get("tracer_provider") or told.get("_tracer_provider"))


def _records(verdict: str, wrapper: "Any") -> bool:
    """Whether a tracer that is in the way does record; it can change at any time."""
    return _sdk_enabled() if verdict == XRAY_SDK else verdict == OTHER and _provided(wrapper)


def other_tracer(signer: type) -> str:
    """Return which other tracer records the client that makes the call: NONE, XRAY_SDK or OTHER.

    Args:
        signer: class of the client's request signer: aiobotocore's clients override the method.
    """
    seen = _seen.get(signer)
    if seen is not None and seen[0]["_make_api_call"] is seen[1]:
        return seen[2] if _records(seen[2], seen[3]) else NONE
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
    _seen[signer] = (attributes, method, verdict, wrapper)
    return verdict if _records(verdict, wrapper) else NONE


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
