"""Who may ask, and the form of every answer.

SDKs may, whatever their origin, since they send no Origin. A browser does, so a page of the web that tries the API of the
machine it is shown on is refused by it; and pages for people are given to the machine's own names only (a name of the
web that resolves to 127.0.0.1 arrives as a foreign Host).
"""

from __future__ import annotations

import ipaddress
import uuid
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from xray_local import api


def reply(content: dict[str, Any]) -> Response:
    """An answer as AWS gives it."""
    return JSONResponse(content, headers={"x-amzn-RequestId": str(uuid.uuid4())})


def refusal(error: api.ApiError) -> Response:
    """An error as AWS gives it."""
    headers = {"x-amzn-ErrorType": error.code, "x-amzn-RequestId": str(uuid.uuid4()), **ending(error.status)}
    return JSONResponse({"__type": error.code, "message": error.message}, error.status, headers)


def ending(status: int) -> dict[str, str]:
    """What ends the connection with an answer to a request whose rest is not waited for (RFC 9110, 15.5.9 and 15.5.14)."""
    return {"Connection": "close"} if status in (408, 413) else {}


def _name(host: str) -> str:
    """The name or address within a Host, without its port; empty for what is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether a Host, or the host of an Origin, can be nothing but this machine."""
    name = _name(host)
    address = _address(name)
    return name == "localhost" or name.endswith(".localhost") or (address is not None and address.is_loopback)


def is_own(host: str) -> bool:
    """Whether a Host names this machine: localhost or an address, never a name of the web."""
    return is_loopback(host) or _address(_name(host)) is not None


class Guard:
    """Refuses what a page of the web makes a browser ask."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and (reason := self.reason(Request(scope))):
            await refusal(api.ApiError(reason, "AccessDeniedException", 403))(scope, receive, send)
            return
        await self._app(scope, receive, send)

    @staticmethod
    def reason(request: Request) -> str | None:
        """Why a request is refused; None for one that may pass."""
        origin, host = request.headers.get("origin"), request.headers.get("host", "")
        page = (origin or "").rpartition("//")[2]
        # The page of an address is ours only if that very address is asked: pages of the web have addresses, too.
        if origin is not None and not is_loopback(page) and not (is_own(page) and page == host):
            return f"Requests from pages of {origin} are refused: this server answers programs and pages of its own machine."
        # The API itself is asked by other names as well: that of a container, host.docker.internal.
        if request.method == "GET" and not is_own(host):
            return f"Pages are given to localhost only, not to {host}."
        return None
