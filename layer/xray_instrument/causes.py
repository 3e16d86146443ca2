"""Exceptions as X-Ray causes: id, type, message, stack, and the exception that led to it.

The stack is a list of path, line and label, the outermost frame first, as Lambda's own runtime client
reports it. Messages may hold URLs with object keys and signatures in them, so only scheme and host of a URL
are kept unless the setting `capture=message_urls` asks for all.
"""

import os

from .guard import attempt
from .recorder import random_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType, TracebackType
    from typing import Any

    Document = dict[str, Any]

# A recursion's thousand frames are one frame a thousand times: the ends tell it all.
STACK_ENDS = 100
CHAIN_LIMIT = 5
MESSAGE_LIMIT = 4_000
_LOOKED_AT = 2 * MESSAGE_LIMIT
# Not __file__: byte-code names the place where Lambda unpacks the layer, wherever it lies now.
_OWN = os.path.dirname((lambda: None).__code__.co_filename)

capture_urls = False
_url: "Any" = None


def safe_message(message: str) -> str:
    """Shorten a message, and every URL in it to scheme and host."""
    if capture_urls or "://" not in message:
        return message[:MESSAGE_LIMIT]
    global _url  # noqa: PLW0603  (compiled at the first error that needs it, never at start)
    if _url is None:
        import re  # noqa: PLC0415  (loaded by the runtime client already)

        _url = re.compile(r"""([a-zA-Z][a-zA-Z0-9+.-]*://)([^\s"'<>]*)""")
    return str(_url.sub(_scheme_and_host, message[:_LOOKED_AT]))[:MESSAGE_LIMIT]


def _scheme_and_host(url: "Any") -> str:
    scheme, rest = url.groups()
    authority = rest
    for end in "/?#\\":
        authority = authority.partition(end)[0]
    host = authority.rpartition("@")[2]
    # An @ behind the authority may belong to a password with a slash in it, and one behind the end of what is
    # looked at to any: then this is no host.
    unsure = "@" in rest[len(authority) :] or url.end() == _LOOKED_AT
    return f"{scheme}…" if unsure else f"{scheme}{host}/…"


def exception_text(error: BaseException) -> str:
    """Return str(error); an exception may fail at that."""
    return safe_message(attempt(str, error, f"<no message: str() of {type(error).__name__} failed>"))


def from_exception(error: BaseException, *, skip: str = "", callers: "FrameType | None" = None) -> "Document":
    """Return the `cause` for an exception with its chain.

    Args:
        error: with the traceback that it has by now.
        skip: leading frames whose path contains this are left out, as the runtime client does for its own.
        callers: the frame that called the traceback's outermost one, where the exception is still on its way up.
    """
    exceptions: "list[Document]" = []
    known: "set[int]" = set()
    step: "BaseException | None" = error
    while step is not None and id(step) not in known and len(exceptions) < CHAIN_LIMIT:
        known.add(id(step))
        document: "Document" = {"id": random_id(), "type": type(step).__name__, "message": exception_text(step)}
        above = [] if exceptions else _callers(callers)
        document.update(_stack([*above, *_traceback_frames(step.__traceback__)], skip))
        if exceptions:
            exceptions[-1]["cause"] = document["id"]
        exceptions.append(document)
        step = step.__cause__ or (None if step.__suppress_context__ else step.__context__)
    return _cause(exceptions)


def from_report(type_name: str, message: str, stack: "list[Document] | None" = None) -> "Document":
    """Return the `cause` for a failure that is known by its report only: from a service, or from the runtime."""
    document: "Document" = {"id": random_id(), "type": type_name, "message": safe_message(message)}
    if stack:
        document["stack"] = stack
    return _cause([document])


def from_exit(error: "BaseException | None") -> "Document":
    """Return the `cause` for a process that ends inside an invocation.

    Args:
        error: what Python has printed as unhandled (sys.last_value): none for sys.exit.
    """
    if error is not None:
        return from_exception(error, skip="/bootstrap.py")
    return from_report("Runtime.ExitError", "the function's code ended the process inside the invocation (sys.exit)")


def from_service(code: str, message: str, frame: "FrameType") -> "Document":
    """Return the `cause` for an error that a remote service answered, with the stack that called it."""
    document: "Document" = {"id": random_id(), "type": code, "message": safe_message(message), "remote": True}
    document.update(stack_of(frame))
    return _cause([document])


def stack_of(frame: "FrameType | None", skip: str = "") -> "Document":
    """Return stack (and truncated) for a frame and its callers, ours left out."""
    return _stack(_callers(frame), skip)


def _callers(frame: "FrameType | None") -> "list[tuple[str, int, str]]":
    frames = []
    while frame is not None:
        code = frame.f_code
        frames.append((code.co_filename, frame.f_lineno, code.co_name))
        frame = frame.f_back
    frames.reverse()
    return frames


def _traceback_frames(trace: "TracebackType | None") -> "Iterable[tuple[str, int, str]]":
    while trace is not None:
        code = trace.tb_frame.f_code
        yield code.co_filename, trace.tb_lineno, code.co_name
        trace = trace.tb_next


def _stack(frames: "Iterable[tuple[str, int, str]]", skip: str) -> "Document":
    shown = [frame for frame in frames if not frame[0].startswith(_OWN)]
    if skip:
        first = next((at for at, frame in enumerate(shown) if skip not in frame[0]), 0)
        shown = shown[first:]
    truncated = len(shown) - 2 * STACK_ENDS
    if truncated > 0:
        shown = shown[:STACK_ENDS] + shown[-STACK_ENDS:]
    stack = [{"path": path, "line": line, "label": label} for path, line, label in shown]
    return {"stack": stack, "truncated": truncated} if truncated > 0 else {"stack": stack}


def _cause(exceptions: "list[Document]") -> "Document":
    paths = {frame["path"]: None for exception in exceptions for frame in exception.get("stack", ())}
    return {"working_directory": _working_directory(), "paths": list(paths), "exceptions": exceptions}


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # the function removed it
        return ""
