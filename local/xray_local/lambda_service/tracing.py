"""What an invocation knows of its trace: the caller's header, the sampling decision, and the header that the function sees.

Grammar of the header and who sees what: facts of AWS's own emulator and SDKs, told in docs/lambda-service.md. Fields come in
any order; what is not ours (Lineage, keys yet unknown) is carried on as it came; Self, which a load balancer adds, is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from xray_local.documents import ID, TRACE_ID

from .model import Tracing

_OURS = frozenset(("Root", "Parent", "Sampled", "Self"))
_DECISIONS = {"1": True, "0": False}


@dataclass(frozen=True)
class Caller:
    """A caller's X-Amzn-Trace-Id, taken apart."""

    root: str = ""
    """Empty when there is none that X-Ray would take; then nothing else of the header counts."""
    parent: str = ""
    sampled: bool | None = None
    """None: `?`, or nothing said; whoever gets it decides."""
    others: tuple[str, ...] = ()
    """Further fields, `key=value`, in their order."""


NOBODY = Caller()


def parse(text: str | None) -> Caller:
    """Read a header as it came. Never raises: a malformed one counts as none."""
    fields: dict[str, str] = {}
    for field in (text or "").split(";"):
        key, equals, value = (part.strip() for part in field.partition("="))
        # Exactly one `=`, as AWS's own parser has it; what it leaves out cannot be carried on either.
        if equals and key and "=" not in value:
            fields.setdefault(key, value)
    root, parent = fields.get("Root", ""), fields.get("Parent", "")
    if not TRACE_ID.fullmatch(root):
        return NOBODY
    return Caller(
        root=root,
        parent=parent if ID.fullmatch(parent) else "",
        sampled=_DECISIONS.get(fields.get("Sampled", "")),
        others=tuple(f"{key}={value}" for key, value in fields.items() if key not in _OURS),
    )


@dataclass(frozen=True)
class Context:
    """The place of one invocation in its trace."""

    trace_id: str
    parent_id: str
    """The caller's subsegment; empty when the trace begins here."""
    sampled: bool
    recorded: bool
    """Whether Lambda makes segments: sampled, and tracing is Active."""
    others: tuple[str, ...] = ()
    as_received: str | None = None
    """With PassThrough the header for the function, which nothing of ours is in."""

    def header(self, parent_id: str) -> str:
        """The X-Amzn-Trace-Id of whatever hangs below `parent_id`.

        CHOICE parent: for the function that is its Invocation, sampled or not, as AWS's own emulator and the real traces have it.
        """
        if self.as_received is not None:
            return self.as_received
        return ";".join((f"Root={self.trace_id}", f"Parent={parent_id}", f"Sampled={int(self.sampled)}", *self.others))


def context(text: str | None, tracing: Tracing, arn: str, decide: Callable[[], bool], new_trace_id: Callable[[], str]) -> Context:
    """Where an invocation belongs.

    Args:
        text: the caller's header as it came, if one came.
        tracing: of the function.
        arn: of the function, unqualified; a new Lineage begins with its hash.
        decide: the local rules; asked only when the caller has not decided and it matters.
        new_trace_id: for a caller that brings no trace.
    """
    caller = parse(text)
    root = caller.root or new_trace_id()
    others = caller.others if any(other.startswith("Lineage=") for other in caller.others) else (*caller.others, lineage(arn))
    if tracing is Tracing.PASS_THROUGH:
        passed = text.strip() if text and caller.root else ";".join((f"Root={root}", *others))
        return Context(root, caller.parent, caller.sampled is True, recorded=False, as_received=passed)
    sampled = decide() if caller.sampled is None else caller.sampled
    return Context(root, caller.parent, sampled, recorded=sampled, others=others)


def lineage(arn: str) -> str:
    """The field that AWS tells loops by: counter, hash of the function, loops.

    CHOICE lineage: its exact making is not published; a new one counts from 1, one that came is handed on unchanged.
    """
    return f"Lineage=1:{sha256(arn.encode()).hexdigest()[:8]}:0"


def producers(headers: tuple[str, ...], limit: int) -> list[Caller]:
    """The traces that a batch's messages come from: the recorded ones, each (sub)segment once, the first `limit`."""
    found = {(caller.root, caller.parent): caller for caller in map(parse, headers) if caller.parent and caller.sampled}
    return list(found.values())[:limit]
