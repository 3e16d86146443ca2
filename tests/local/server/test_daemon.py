"""Datagrams: which ones become documents, which are refused and why, and that none is lost without a word."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from tests.local.server import clients
from tests.local.server.clients import HEADER
from xray_local.daemon import BadDatagramError, Daemon, bind, kernel_drops, split
from xray_local.server import Running


@pytest.mark.parametrize(
    "header",
    [
        b'{"format":"json","version":1}',
        b'{"format": "json", "version": 1}',
        b'  {"version":1,"format":"JSON","more":[1]}\r',
        b'{"Format":"Json","VERSION":1}',
    ],
)
def test_headers_the_real_daemon_takes(header: bytes) -> None:
    """Whatever Go's decoder reads as format json and version 1 is a header, and everything behind its line the document."""
    assert split(header + b'\n{"a":\n1}') == b'{"a":\n1}'


EXPECTED = 'the daemon takes {"format": "json", "version": 1}'


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (b'{"id":1}', "no newline: the daemon expects a header line and then the document; the datagram begins b'{\"id\":1}'"),
        (HEADER, "nothing after the header line: the document is missing"),
        (b"\n{}", f"the header is b''; {EXPECTED}"),
        (b"hello\n{}", f"the header is b'hello'; {EXPECTED}"),
        (b"\xff\xfe\n{}", f"the header is b'\\xff\\xfe'; {EXPECTED}"),
        (b"[1]\n{}", f"the header is b'[1]'; {EXPECTED}"),
        (b'{"format":"json"}\n{}', f'the header is b\'{{"format":"json"}}\'; {EXPECTED}'),
        (b'{"format":"xml","version":1}\n{}', f'the header is b\'{{"format":"xml","version":1}}\'; {EXPECTED}'),
        (b'{"format":"json","version":2}\n{}', f'the header is b\'{{"format":"json","version":2}}\'; {EXPECTED}'),
        (b'{"format":"json","version":"1"}\n{}', f'the header is b\'{{"format":"json","version":"1"}}\'; {EXPECTED}'),
        (b'{"format":"json","version":true}\n{}', f'the header is b\'{{"format":"json","version":true}}\'; {EXPECTED}'),
        (b'{"format":1,"version":1}\n{}', f'the header is b\'{{"format":1,"version":1}}\'; {EXPECTED}'),
        (b"[" * 60_000 + b"\n{}", f"the header is {b'[' * 60!r}; {EXPECTED}"),
    ],
    ids=str,
)
def test_datagrams_the_real_daemon_drops(datagram: bytes, reason: str) -> None:
    """What the daemon would drop is refused with a text that says what it is and what was expected."""
    with pytest.raises(BadDatagramError) as caught:
        split(datagram)
    assert str(caught.value) == reason


def test_a_document_arrives(server: Running, xray: Any) -> None:
    """A segment that is sent to the UDP port is a trace of the API a moment later."""
    document = clients.segment("orders", http={"response": {"status": 200}})
    clients.send(server, clients.datagram(document))
    found = clients.eventually(lambda: xray.batch_get_traces(TraceIds=[document["trace_id"]])["Traces"])
    assert [json.loads(segment["Document"]) for trace in found for segment in trace["Segments"]] == [document]


def test_what_is_refused_is_kept_with_its_reason(server: Running) -> None:
    """Bad datagrams and bad documents are shown, newest first, and the good one between them is stored."""
    good = clients.segment()
    clients.send(server, b"", b"nonsense", clients.datagram(good), HEADER + b"{", HEADER + b"T1S!!!")
    clients.eventually(server.health, lambda health: health["udp"]["documents"] == 2 and len(health["rejected"]) == 3)
    seen = server.health()
    reasons = sorted((row["source"], row["text"], row["reason"]) for row in seen["rejected"])
    assert [(source, text) for source, text, _reason in reasons] == [
        ("udp", "nonsense"),
        ("udp", "{"),
        ("udp", '{"format":"json","version":1}\nT1S!!!'),
    ]
    assert reasons[0][2].startswith("no newline: ")
    assert reasons[2][2].startswith("behind T1S must stand base64: ")
    assert (seen["udp"]["datagrams"], seen["udp"]["bad_datagrams"], seen["udp"]["store_errors"]) == (4, 2, 0)
    assert server.store.trace(good["trace_id"]) is not None


def test_a_burst_is_taken_or_counted(server: Running) -> None:
    """Of 2,000 datagrams in one go every one is stored, or the kernel dropped it and the count says so."""
    documents = [clients.datagram(clients.segment("burst", number, metadata={"filler": "x" * 800})) for number in range(1, 2001)]
    clients.send(server, *documents)
    clients.eventually(
        server.health,
        lambda health: health["udp"]["documents"] + health["udp"]["kernel_drops"] >= 2000,
        timeout_s=30,
    )
    udp = server.health()["udp"]
    assert (udp["documents"] + udp["kernel_drops"], udp["backlog_drops"], udp["bad_datagrams"]) == (2000, 0, 0)
    # 2,000 of them need 4.6 MB with the kernel's bookkeeping.
    assert udp["granted_buffer"] < 4_700_000 or udp["kernel_drops"] == 0


def test_what_the_kernel_drops_is_counted() -> None:
    """A socket that nobody reads loses what does not fit, and exactly that number comes out of the kernel's table."""
    with bind("127.0.0.1", 0) as sock, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(100):
            sender.sendto(b"x" * 500, sock.getsockname())
        dropped = kernel_drops(sock)
        sock.setblocking(False)
        received = 0
        while True:
            try:
                sock.recv(1000)
            except BlockingIOError:
                break
            received += 1
        assert dropped > 0
        assert received + dropped == 100


class FullDisk:
    """A store that can keep nothing the first time."""

    def __init__(self) -> None:
        self.kept: list[bytes | str] = []
        self.asked = 0

    def ingest(self, texts: Any, source: str, at: float) -> list[None]:
        self.asked += 1
        if self.asked == 1:
            raise OSError(28, "No space left on device")
        self.kept += texts
        return [None for _ in texts]

    def reject(self, text: bytes, source: str, at: float, reason: str) -> None:
        raise OSError(28, "No space left on device")


def test_a_store_that_fails_stops_nothing() -> None:
    """After a batch that cannot be stored the daemon says so and takes the next one; forwarding gets both."""
    store = FullDisk()
    forwarded: list[str | bytes] = []
    with (
        Daemon(bind("127.0.0.1", 0), store, forwarded.extend) as daemon,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        address = daemon._socket.getsockname()
        sent = 0
        for datagram in (HEADER + b'{"first":1}', b"bad", HEADER + b'{"second":2}'):
            sender.sendto(datagram, address)
            sent += len(datagram)
            # One after the other: together they would be one batch.
            clients.eventually(lambda: daemon._taken, sent.__eq__)
    counts = daemon.counts
    assert (store.kept, forwarded) == ([b'{"second":2}'], [b'{"first":1}', b'{"second":2}'])
    assert (counts.store_errors, counts.last_error) == (2, "OSError: [Errno 28] No space left on device")


def test_closing_stores_what_was_received() -> None:
    """Everything that was sent before the end is stored at the end."""
    store = FullDisk()
    store.asked = 1
    daemon = Daemon(bind("127.0.0.1", 0), store)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in range(500):
            sender.sendto(HEADER + str(number).encode(), daemon._socket.getsockname())
    daemon.close()
    assert store.kept == [str(number).encode() for number in range(500)]
