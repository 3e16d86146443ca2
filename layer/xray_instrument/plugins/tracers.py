"""Whether another tracer records AWS calls already, so that no call is shown twice.

The X-Ray SDK (patch, patch_all, and so Powertools' Tracer) and OpenTelemetry's instrumentation wrap
_make_api_call with wrapt. Where the function's own code has done that, it has chosen its tracer, and ours
stands back, header included.
"""

import sys

_TRACERS = ("aws_xray_sdk.", "opentelemetry.")
# The method last looked at and the verdict: it changes when somebody patches or unpatches.
_seen: "dict[str, tuple[object, bool]]" = {}


def other_tracer(signer_module: str) -> bool:
    """Whether the client that makes the call is recorded by another tracer.

    Args:
        signer_module: where the client's request signer comes from: aiobotocore's clients override the method.
    """
    package, name = ("aiobotocore", "AioBaseClient") if signer_module[:11] == "aiobotocore" else ("botocore", "BaseClient")
    module = sys.modules.get(package + ".client")
    method = vars(getattr(module, name, object)).get("_make_api_call")
    seen = _seen.get(package)
    if seen is not None and seen[0] is method:
        return seen[1]
    wrapper = getattr(method, "_self_wrapper", None)
    verdict = str(getattr(wrapper, "__module__", "")).startswith(_TRACERS)
    _seen[package] = (method, verdict)
    return verdict
