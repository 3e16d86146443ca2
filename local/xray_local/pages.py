"""The page's files.

Everything is served from this machine and nothing else may be loaded: the content security policy allows no inline
script, no eval, and no other origin.

The page has some 80 modules and no build step that would join them. So that only the first visit asks for them all, they lie
in a folder that is named anew whenever one of them changes, and browsers keep what is in it. index.html alone is asked for
each time.
"""

from __future__ import annotations

import hashlib
import mimetypes
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from xray_local import __version__

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"content-security-policy": POLICY, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
# A link of AWS's console works once its host is ours: what it shows is behind its #.
CONSOLES = ("/xray/home", "/cloudwatch/home")
INDEX = "index.html"
# How index.html names the files, and what a folder of this state of them is called there.
PLAIN, KEPT = "/ui/", "v-"
ASKED_EACH_TIME, FOR_GOOD = "no-cache", "max-age=31536000, immutable"


def routes() -> list[BaseRoute]:
    """Where they are."""
    return [Route(path, _file, methods=["GET"]) for path in ("/", *CONSOLES, "/ui/{path:path}")]


async def _file(request: Request) -> Response:
    path = request.path_params.get("path") or INDEX
    keeping, caching = path.startswith(KEPT), ASKED_EACH_TIME
    if keeping:
        path, caching = path.partition("/")[2], FOR_GOOD
    found = _found(path)
    if found is None:
        return Response(f"There is no {path} here.\n", 404, media_type="text/plain")
    kind = "text/javascript" if path.endswith((".js", ".mjs")) else mimetypes.guess_type(path)[0] or "application/octet-stream"
    content = await run_in_threadpool(_index if path == INDEX and not keeping else found.read_bytes)
    return Response(content, media_type=kind, headers={**HEADERS, "cache-control": caching})


def _folder() -> Traversable:
    return resources.files("xray_local") / "ui"


def _found(path: str) -> Traversable | None:
    """A file of the page, whatever the path says."""
    found = _folder()
    for part in path.split("/"):
        if part in {"", ".", ".."}:
            return None
        found = found / part
    return found if found.is_file() else None


def _index() -> bytes:
    """index.html with the files of now."""
    folder = _folder()
    return (folder / INDEX).read_bytes().replace(f'"{PLAIN}'.encode(), f'"{PLAIN}{KEPT}{_state(folder)}/'.encode())


def _state(folder: Traversable) -> str:
    """Another text after every change of a file: who works on the page reloads, and nothing else."""
    digest = hashlib.sha256(__version__.encode())
    for file in sorted(folder.rglob("*")) if isinstance(folder, Path) else ():
        told = file.stat()
        digest.update(f"{file.name} {told.st_size} {told.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:12]
