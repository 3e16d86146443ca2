"""Datagrams to the daemon: real sockets, and whatever a function may do to them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kit.collector import Collector
from tests.kit.runtime_api import ROOT
from xray_instrument.emitter import Emitter, UdpSender, udp_address
from xray_instrument.model import Subsegment, Trace

LAYER = Path(__file__).resolve().parents[2] / "layer"

ADDRESSES = (
    ("", ("127.0.0.1", 2000)),
    ("   ", ("127.0.0.1", 2000)),
    ("169.254.79.129:2000", ("169.254.79.129", 2000)),
    (" localhost:2001 ", ("localhost", 2001)),
    ("tcp:127.0.0.1:2000 udp:127.0.0.2:2001", ("127.0.0.2", 2001)),
    ("udp:127.0.0.2:2001 tcp:127.0.0.1:2000", ("127.0.0.2", 2001)),
    ("udp:127.0.0.2:2001", ("127.0.0.2", 2001)),
    ("[::1]:2000", ("::1", 2000)),
    ("udp:[::1]:2000", ("::1", 2000)),
    ("::1:2000", ("::1", 2000)),
)
BAD_ADDRESSES = ("127.0.0.1", ":2000", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:-1",
                 "tcp:127.0.0.1:2000 127.0.0.1:2000", "a b:2000", "http://127.0.0.1:2000/", "127.0.0.1:²")  # fmt: skip


@pytest.mark.parametrize(("setting", "address"), ADDRESSES)
def test_address(setting: str, address: tuple[str, int]) -> None:
    """Both documented forms, names, and IPv6; nothing means the daemon's own default."""
    assert udp_address(setting) == address


@pytest.mark.parametrize("setting", BAD_ADDRESSES)
def test_bad_address(setting: str) -> None:
    """Any other form is told whole, with what was expected and what follows from it."""
    with pytest.raises(ValueError) as caught:
        udp_address(setting)

    expected = "expected host:port or 'tcp:host:port udp:host:port'; nothing is sent"
    assert str(caught.value) == f"AWS_XRAY_DAEMON_ADDRESS={setting!r}: {expected}"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as listening:
        yield listening


@pytest.fixture
def sender() -> Iterator[Callable[[str], UdpSender]]:
    """Makes senders, and closes their sockets: in a function they live as long as the process."""
    made: list[UdpSender] = []

    def make(address: str) -> UdpSender:
        made.append(UdpSender(udp_address(address)))
        return made[-1]

    yield make
    for each in made:
        if each._socket is not None:
            each._socket.close()


Make = Callable[[str], UdpSender]


def arrived(collector: Collector, count: int) -> list[bytes]:
    collector.wait_for(lambda documents: len(documents) >= count)
    return collector.datagrams()


def datagram(text: str) -> bytes:
    return b'{"format":"json","version":1}\n{"id":"%s"}' % text.encode()


def test_sends(collector: Collector, sender: Make) -> None:
    """A datagram arrives as it is, up to the largest that UDP can carry, and a larger one is refused without a word."""
    send = sender(collector.address)
    largest = datagram("a" * (65_507 - len(datagram(""))))

    assert [send(datagram("a")), send(largest), send(largest + b"x"), send(datagram("b"))] == [True, True, False, True]
    assert arrived(collector, 3) == [datagram("a"), largest, datagram("b")]


def test_ipv6(sender: Make) -> None:
    """An IPv6 address gets a socket of its family."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as listening:
        listening.bind(("::1", 0))
        listening.settimeout(5)
        assert sender(f"[::1]:{listening.getsockname()[1]}")(b"x") is True
        assert listening.recv(10) == b"x"


def test_refused(sender: Make) -> None:
    """Nobody listens: each datagram is sent all the same, as an unconnected socket never hears of a refusal."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        port = gone.getsockname()[1]
    send = sender(f"127.0.0.1:{port}")

    assert [send(b"x") for _ in range(5)] == [True] * 5


def test_unreachable_network(sender: Make) -> None:
    """No route, no permission, no such host: False, no exception."""
    assert [sender(f"{host}:2000")(b"x") for host in ("255.255.255.255", "daemon.invalid", "x" * 300)] == [False] * 3


def test_host_that_does_not_resolve_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up may take the resolver's whole timeout, so it is not repeated for each datagram."""
    import _socket  # noqa: PLC0415

    seen = []

    def look_up(*args: object) -> None:
        seen.append(args)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(_socket, "getaddrinfo", look_up)
    send = UdpSender(("daemon.example", 2000))

    assert [send(b"x") for _ in range(5)] == [False] * 5
    assert len(seen) == 1


@pytest.mark.parametrize("timeout", [None, 5.0])
def test_full_socket(timeout: float | None, sender: Make) -> None:
    """Nobody reads and the buffer is full: False at once, never a wait, whatever timeout the function sets for its own sockets."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(timeout)
    try:
        send = sender("127.0.0.1:9")
        send(b"x")
    finally:
        socket.setdefaulttimeout(before)

    assert send._socket is not None
    assert (send._socket.gettimeout(), os.get_blocking(send._socket.fileno())) == (0.0, False)


def test_what_is_lost_is_said() -> None:
    """The emitter names the reason: not sent, or too large; embedded subsegments count with their parent."""
    trace = Trace(lambda _subsegment: None)
    trace.trace_id = ROOT
    small, large = (Subsegment(name, "0" * 16, 1.0, trace) for name in ("small", "x" * 70_000))
    parent = Subsegment("parent", "1" * 16, 1.0, trace)
    parent.children = [small]

    assert [Emitter(lambda _data: True).emit(each) for each in (small, large, parent)] == ["", "too_large", ""]
    assert [Emitter(lambda _data: False).emit(each) for each in (small, parent)] == ["not_sent"] * 2


def run(code: str, address: str = "") -> str:
    """Run code in a Python of its own: descriptors are a whole process's."""
    done = subprocess.run(  # noqa: S603  (the code is the test's own)
        [sys.executable, "-c", textwrap.dedent(code), address], capture_output=True, text=True, cwd=LAYER, check=False
    )
    assert done.stderr == ""
    return done.stdout


PRELUDE = """
import os, resource, socket, sys
from xray_instrument.emitter import UdpSender, udp_address
send = UdpSender(udp_address(sys.argv[1]))
datagram = b'{"format":"json","version":1}\\n{"id":"%s"}'
"""


def test_descriptor_is_out_of_the_way(collector: Collector) -> None:
    """The socket has a high number that a child does not inherit, and the function's files get the numbers they get without us."""
    code = """
before = os.open("/dev/null", os.O_RDONLY)
print(send(datagram % b"a"), send._socket.fileno(), os.get_inheritable(send._socket.fileno()))
print(os.open("/dev/null", os.O_RDONLY) - before)
"""
    assert run(PRELUDE + code, collector.address) == "True 63 False\n1\n"


def test_descriptors_closed_by_the_function(collector: Collector) -> None:
    """os.closerange over everything, then sockets of the function's own: those never get our bytes, are never closed, and we send on."""
    code = """
send(datagram % b"a")
os.closerange(3, 2000)
pairs = [socket.socketpair() for _ in range(100)]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(("127.0.0.1", 0))
print([send(datagram % b"b"), send(datagram % b"c"), send(datagram % b"d")])
for one, other in pairs:
    one.setblocking(False); other.setblocking(False)
    for end in (one, other):
        try:
            print("got", end.recv(100))
        except BlockingIOError:
            pass
    one.sendall(b"mine")
    assert other.recv(10) == b"mine"
print(os.fstat(udp.fileno()).st_mode > 0)
"""
    assert run(PRELUDE + code, collector.address) == "[True, True, True]\nTrue\n"
    assert arrived(collector, 4) == [datagram(name) for name in "abcd"]


def test_our_number_taken_by_the_function(collector: Collector) -> None:
    """The function closes our number and gets it for a TCP connection of its own: not one byte of ours may go into it."""
    code = """
send(datagram % b"a")
number = send._socket.fileno()
os.close(number)
with socket.create_server(("127.0.0.1", 0)) as server:
    one = socket.create_connection(server.getsockname())
    other, _ = server.accept()
os.dup2(one.fileno(), number)
print([send(datagram % b"b") for _ in range(2)][-1])
other.setblocking(False)
try:
    print("got", other.recv(1000))
except BlockingIOError:
    print("nothing")
os.write(number, b"mine")
other.setblocking(True)
print(other.recv(10))
"""
    assert run(PRELUDE + code, collector.address) == "True\nnothing\nb'mine'\n"


def test_number_taken_before_us(collector: Collector) -> None:
    """Where the function has that number already, the socket gets another, and the function's stays open."""
    code = """
mine = os.open("/dev/null", os.O_RDONLY)
os.dup2(mine, 63)
print(send(datagram % b"a"), send._socket.fileno() != 63, os.read(63, 1))
"""
    assert run(PRELUDE + code, collector.address) == "True True b''\n"


def test_low_limit(collector: Collector) -> None:
    """A limit of descriptors below that number: the socket gets a lower one; none left at all: False, and later True."""
    code = """
resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
taken = []
try:
    while True:
        taken.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
print(send(datagram % b"a"))
os.close(taken.pop()); os.close(taken.pop())
print(send(datagram % b"b"), send._socket.fileno() < 20)
"""
    assert run(PRELUDE + code, collector.address) == "False\nTrue True\n"
    assert arrived(collector, 1) == [datagram("b")]


def test_fork(collector: Collector) -> None:
    """A forked child sends over the inherited socket, and both are heard."""
    code = """
send(datagram % b"a")
child = os.fork()
if not child:
    send(datagram % b"child")
    os._exit(0)
os.waitpid(child, 0)
print(send(datagram % b"parent"))
"""
    assert run(PRELUDE + code, collector.address) == "True\n"
    assert arrived(collector, 3) == [datagram("a"), datagram("child"), datagram("parent")]


def test_nothing_is_opened_before_the_first_datagram() -> None:
    """Making a sender opens nothing: a snapshot or a fork comes first."""
    before = os.listdir("/proc/self/fd")  # noqa: PTH208
    UdpSender(("127.0.0.1", 2000))
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208
