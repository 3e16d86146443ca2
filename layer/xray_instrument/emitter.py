"""Datagrams to the daemon: UDP, unconnected, non-blocking. Never waits, never raises, counts what it lost."""

import _socket  # not socket: 0.5 ms against 6 ms of a cold start, measured
import os

from .context import live
from .guard import debug
from .wire import datagram

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .model import Subsegment

DEFAULT_ADDRESS = "127.0.0.1:2000"


def udp_address(setting: str) -> "tuple[str, int]":
    """Read AWS_XRAY_DAEMON_ADDRESS: `host:port`, or `tcp:host:port udp:host:port` in any order.

    Returns:
        Host and UDP port.

    Raises:
        ValueError: the setting has neither form; the text says what was expected.
    """
    chosen = setting.strip() or DEFAULT_ADDRESS
    for form in chosen.split():
        if form.startswith("udp:"):
            chosen = form[4:]
    host, _, port = chosen.rpartition(":")
    host = host.strip("[]")
    if not host or " " in host or not (port.isascii() and port.isdecimal()) or not 0 < int(port) < 65_536:
        raise ValueError(
            f"AWS_XRAY_DAEMON_ADDRESS={setting!r}: expected host:port or 'tcp:host:port udp:host:port'; nothing is sent"
        )
    return host, int(port)


# Where the socket lives: out of the way of the low numbers, so that the function's own files get the numbers that
# they get without us, and a number which the function has closed (os.closerange) is not soon another file's.
# Not above 63: the kernel's table of descriptors has 64 places at first, and to make it larger in a process with
# threads it waits for all processors (synchronize_rcu): 15 ms of a cold start, measured.
_DESCRIPTOR = 63


class UdpSender:
    """A socket opened at the first datagram (so after any fork or snapshot) and opened again if the function closed it.

    Unconnected on purpose: a connected socket reports the refusal of one datagram at the next.
    """

    def __init__(self, address: "tuple[str, int]") -> None:
        self._host, self._port = address
        self._target: "tuple[Any, ...] | None" = None
        self._family = 0
        self._socket: "_socket.socket | None" = None
        self._number = -1
        self._inode = 0
        self._hopeless = False

    def __call__(self, datagram: bytes) -> bool:
        """Send. False: the kernel did not take it. Never waits, never raises OSError."""
        if self._hopeless:
            return False
        try:
            if self._socket is None or not self._is_ours():
                self._open()
            self._socket.sendto(datagram, self._target)  # type: ignore[union-attr,arg-type]
        except OSError:
            return False
        return True

    def _is_ours(self) -> bool:
        """Whether the number still is our socket's: the kernel would put our bytes into a connection that has it now."""
        try:
            if os.fstat(self._number).st_ino == self._inode:
                return True
        except OSError:
            pass
        self._socket.detach()  # type: ignore[union-attr]  # not close: the number may be the function's by now
        return False

    def _open(self) -> None:
        self._socket = None
        if self._target is None:
            self._family, self._target = self._look_up()
        opened = _socket.socket(self._family, _socket.SOCK_DGRAM)
        try:
            os.fstat(_DESCRIPTOR)
        except OSError:
            opened = _moved(opened, self._family)
        opened.setblocking(False)
        self._number = opened.fileno()
        self._inode = os.fstat(self._number).st_ino
        self._socket = opened

    def _look_up(self) -> "tuple[int, tuple[Any, ...]]":
        """Return family and address. Raises OSError for a name that is not known, and then there is no second try."""
        for family in (_socket.AF_INET, _socket.AF_INET6):
            try:
                _socket.inet_pton(family, self._host)
            except OSError:
                continue
            return family, (self._host, self._port)
        # Not for numbers: getaddrinfo asks the kernel for all interfaces first, up to 15 ms (measured). And bytes: for
        # text it loads the codec idna with all of unicodedata, 1.3 ms.
        try:
            found = _socket.getaddrinfo(self._host.encode(), self._port, 0, _socket.SOCK_DGRAM)
        except (OSError, UnicodeError):
            debug(f"nothing is sent: no address is known for {self._host}")
            self._hopeless = True  # a look-up may take the resolver's whole timeout
            raise OSError from None
        return found[0][0], found[0][4]


def _moved(opened: "_socket.socket", family: int) -> "_socket.socket":
    """Return the socket under the high number; as it was where the limit is lower than Lambda's."""
    try:
        os.dup2(opened.fileno(), _DESCRIPTOR, inheritable=False)
    except OSError:
        return opened
    opened.close()
    return _socket.socket(family, _socket.SOCK_DGRAM, 0, _DESCRIPTOR)


class Emitter:
    """Sends subsegments, and says of each whether all of it went.

    Args:
        send: takes one datagram, returns whether it went.
    """

    def __init__(self, send: "Callable[[bytes], object]") -> None:
        self._send = send

    def emit(self, subsegment: "Subsegment") -> str:
        """Send one subsegment. Returns "" or why something of it was lost: `too_large` or `not_sent`."""
        whole = datagram(subsegment)
        if whole is not None:
            return "not_sent" if self._send(whole) is False else ""
        live.load("fit")
        from .fit import datagrams  # noqa: PLC0415  (rarely needed)

        lost = "too_large"
        for part in datagrams(subsegment.document()):
            if self._send(part) is False:
                return "not_sent"
            lost = ""
        return lost
