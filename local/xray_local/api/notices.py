"""What there is to say about a trace to a person. BatchGetTraces has no member for it, so it has an address of its own."""

from __future__ import annotations

from collections import Counter

from xray_local.model import CompiledTrace
from xray_local.store import REJECTED_KEPT

from .context import Context, Response
from .errors import ApiError
from .traces import TRACE_ID

PATH = "/xray-local/traces/{trace_id}"
# A sender that does the same thing wrong a thousand times says it with a few.
REASONS_SHOWN = 10


def of_trace(context: Context, trace_id: str) -> Response:
    """What is broken, missing, left out, or was refused. An empty list: nothing, or nothing of that trace ever came."""
    if not TRACE_ID.fullmatch(trace_id):
        raise ApiError(f"{trace_id[:60]} is no trace id.", "InvalidRequestException", 400)
    return told(context, trace_id, context.store.trace(trace_id))


def told(context: Context, trace_id: str, trace: CompiledTrace | None) -> Response:
    """The same for a trace that is compiled already, which for 5,000 subsegments takes 150 ms."""
    return {"Id": trace_id, "Notices": [*(trace.notices if trace else ()), *_refused(context, trace_id)]}


def _refused(context: Context, trace_id: str) -> list[str]:
    """Why documents that name the trace were not taken, the newest first."""
    name = trace_id.encode()
    reasons = Counter(document.reason for document in context.store.rejected(REJECTED_KEPT) if name in document.text)
    shown = [f"Refused{f' ({count} times)' if count > 1 else ''}: {reason}" for reason, count in reasons.items()]
    rest = len(shown) - REASONS_SHOWN
    return [*shown[:REASONS_SHOWN], *([f"Refused for {rest} other reasons: see `xray-local doctor`"] if rest > 0 else [])]
