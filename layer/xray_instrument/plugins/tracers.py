"""Whether another tracer records AWS calls already, so that no call is shown twice.

The X-Ray SDK (patch, patch_all, and so Powertools' Tracer) and OpenTelemetry's instrumentation wrap
_make_api_call with wrapt. Where the function's own code has done that, it has chosen its tracer, and ours
stands back, header included.
"""

import sys

from ..guard import debug

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TRACERS = ("aws_xray_sdk.", "opentelemetry.")
# By the class of the client's request signer: the attributes of the client class behind it, the method last
# looked at, and the verdict on it, which changes when somebody patches or unpatches.
_seen: "dict[type, tuple[Any, object, bool]]" = {}


def other_tracer(signer: type) -> bool:
    """Whether the client that makes the call is recorded by another tracer.

    Args:
        signer: class of the client's request signer: aiobotocore's clients override the method.
    """
    seen = _seen.get(signer)
    if seen is not None and seen[0]["_make_api_call"] is seen[1]:
        return seen[2]
    package, name = ("aiobotocore", "AioBaseClient") if "aiobotocore" in signer.__module__ else ("botocore", "BaseClient")
    client = getattr(sys.modules.get(package + ".client"), name, None)
    if client is None:  # dropped from sys.modules, while a client of that copy lives on
        return False
    attributes = vars(client)
    method = attributes["_make_api_call"]
    wrapper = getattr(method, "_self_wrapper", None)
    tracer = str(getattr(wrapper, "__module__", ""))
    verdict = tracer.startswith(_TRACERS)
    debug(f"{package}'s calls are left to {tracer}" if verdict else f"{package}'s calls are recorded by us")
    _seen[signer] = (attributes, method, verdict)
    return verdict
