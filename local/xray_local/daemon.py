"""The daemon's UDP half: datagrams in, documents into the store.

Two threads, because a datagram that nobody reads is a datagram the kernel drops: with the kernel's default buffer a
reader that also parses loses up to nine of ten in a burst of 2,000. So one thread only receives; the other takes what
has gathered, checks it, and hands it to the store in batches, one commit each.

What the protocol is (aws-xray-daemon, cmd/tracing/daemon.go and pkg/tracesegment): a header line of JSON, a newline, and
one document, which the daemon never looks into. ADOT's payloads stand in the document's place and are told by their first
characters (otlp.py).
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import queue
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from xray_local import otlp
from xray_local.database import StoreError

LOG = logging.getLogger(__name__)

# 7,000 datagrams of 1.2 KB: the kernel charges each with its bookkeeping, 2,304 bytes in all, and doubles what is asked.
RECEIVE_BUFFER = 8 * 1024 * 1024
# Linux: sets the buffer above net.core.rmem_max, for root only; the socket module has no name for it.
SO_RCVBUFFORCE = 33
# The daemon's own buffer (pkg/cfg/cfg.go: BufferSizeKB 64). IPv4 carries 65,507 at most.
LARGEST_DATAGRAM = 64 * 1024
# What may wait between the threads, in bytes: 200,000 ordinary documents. Beyond it new ones are dropped and counted,
# because a store that stands still (a full disk) must not take the memory along.
LARGEST_BACKLOG = 256 * 1024 * 1024
# Per commit. Larger ones gain nothing (a commit costs less than 1 ms), and delay what is at the front.
BATCH = 500
# How long the first of a batch waits for others: under what an eye notices, over what a burst needs to gather.
GATHER_S = 0.02
# How often a store that stands still (a full disk) is tried again. What comes meanwhile waits, up to LARGEST_BACKLOG.
RETRY_S = 1.0
SOURCE = "udp"


class BadDatagramError(ValueError):
    """The sender broke the daemon's protocol. The text is shown to the user as it is."""


class Sink(Protocol):
    """The part of the store that the daemon needs."""

    def ingest(self, texts: Sequence[str | bytes], source: str, at: float) -> Sequence[object | None]:
        """Keep the documents; one answer per text, None where it was taken."""

    def reject(self, text: bytes, source: str, at: float, reason: str) -> None:
        """Keep what is no document, with the reason."""


@dataclass
class Counts:
    """What the daemon saw since it started; `doctor` and the health page show it."""

    datagrams: int = 0
    bytes: int = 0
    documents: int = 0
    """Handed to the store."""
    bad_datagrams: int = 0
    unsampled: int = 0
    """OpenTelemetry spans sent as not sampled (T1U): X-Ray shows no trace of them."""
    metrics: int = 0
    """Datagrams with OpenTelemetry metrics (M1), which are not X-Ray's."""
    backlog_drops: int = 0
    kernel_drops: int = 0
    store_errors: int = 0
    """Batches that were lost because the store did not take them, at the end or for a fault of ours."""
    last_error: str = ""


def split(datagram: bytes) -> bytes:
    """The document of a datagram, after the same check of the header as the real daemon makes."""
    header, newline, body = datagram.partition(b"\n")
    if not newline:
        raise BadDatagramError(
            f"no newline: the daemon expects a header line and then the document; the datagram begins {datagram[:60]!r}"
        )
    if not _valid(header):
        raise BadDatagramError(f'the header is {header[:60]!r}; the daemon takes {{"format": "json", "version": 1}}')
    if not body:
        raise BadDatagramError("nothing after the header line: the document is missing")
    return body


def _valid(header: bytes) -> bool:
    """Go's decoder reads the names of members whatever their case, and a value of another type as if it were not there."""
    try:
        parsed = json.loads(header)
    except (ValueError, RecursionError):
        return False
    if not isinstance(parsed, dict):
        return False
    members = {name.lower(): value for name, value in parsed.items()}
    form, version = members.get("format"), members.get("version")
    return isinstance(form, str) and form.lower() == "json" and type(version) is int and version == 1


def documents(datagram: bytes, counts: Counts) -> list[str | bytes]:
    """What a datagram holds for X-Ray: one document, those of ADOT's spans, or none (unsampled spans, metrics)."""
    body = split(datagram)
    kind = otlp.kind(body)
    if kind is None:
        return [body]
    if kind is otlp.Kind.METRICS:
        counts.metrics += 1
        return []
    try:
        spans = otlp.documents(body)
    except otlp.BadPayloadError as error:
        raise BadDatagramError(str(error)) from error
    if kind is otlp.Kind.UNSAMPLED:
        counts.unsampled += len(spans)
        return []
    return [json.dumps(span) for span in spans]


def kernel_drops(sock: socket.socket, table: Path = Path("/proc/net/udp")) -> int:
    """Datagrams the kernel threw away for this socket because its buffer was full; 0 where the system does not say."""
    inode = str(os.fstat(sock.fileno()).st_ino)
    if sock.family == socket.AF_INET6 and table.name == "udp":
        table = table.with_name("udp6")
    try:
        lines = table.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return 0
    # Columns (Documentation/networking/proc_net_tcp.rst and udp4_format_sock): the tenth is the inode, the last the drops.
    return next((int(row[-1]) for row in map(str.split, lines) if row[9] == inode), 0)


def both_families(sock: socket.socket, host: str) -> None:
    """With "::" everywhere is IPv4 as well; systems differ in what they do without being told."""
    if host == "::":
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)


def bind(host: str, port: int) -> socket.socket:
    """A UDP socket with the biggest receive buffer this machine grants."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    # Only root may, and only Linux can.
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    try:
        both_families(sock, host)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


class Daemon:
    """Receives on a bound socket until it is closed; use it in a `with` block."""

    def __init__(
        self,
        sock: socket.socket,
        store: Sink,
        forward: Callable[[Sequence[str | bytes]], object] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Takes the socket over and starts; `forward` gets every document that goes to the store."""
        self.counts = Counts()
        self._bound: tuple[Any, ...] = sock.getsockname()
        self._socket, self._store, self._forward, self._clock = sock, store, forward, clock
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        # Each is written by one thread only; the difference is what waits.
        self._received = self._taken = 0
        self._in_hand = 0
        self._closing = False
        self._last_try = threading.Event()
        self._threads = [
            threading.Thread(target=self._receive, name="xray-udp-receive", daemon=True),
            threading.Thread(target=self._store_all, name="xray-udp-store", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def bound(self) -> tuple[Any, ...]:
        """Address and port of the socket."""
        return self._bound

    @property
    def granted_buffer(self) -> int:
        """Bytes the kernel holds for us; Linux answers twice what was asked, its own bookkeeping included."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    @property
    def backlog(self) -> int:
        """Datagrams that were received and are not in the store yet."""
        return self._waiting.qsize() + self._in_hand

    def snapshot(self) -> Counts:
        """The counts, with the kernel's brought up to date."""
        if self._socket.fileno() >= 0:
            self.counts.kernel_drops = kernel_drops(self._socket)
        return self.counts

    def _receive(self) -> None:
        receive, waiting, counts = self._socket.recv, self._waiting, self.counts
        while True:
            try:
                data = receive(LARGEST_DATAGRAM)
            except OSError:
                # Linux reports an ICMP error of an earlier sender here; a closed socket ends the thread.
                if self._closing or self._socket.fileno() < 0:
                    return
                continue
            # The real daemon passes over empty datagrams without a word, too. close() sends one to wake us up; it comes
            # behind everything that was sent before.
            if not data:
                if self._closing:
                    return
                continue
            counts.datagrams += 1
            counts.bytes += len(data)
            if self._received - self._taken > LARGEST_BACKLOG:
                counts.backlog_drops += 1
                continue
            self._received += len(data)
            waiting.put(data)

    def _batches(self) -> Iterator[list[bytes]]:
        while (first := self._waiting.get()) is not None:
            batch = [first]
            until = time.monotonic() + GATHER_S
            while len(batch) < BATCH:
                try:
                    data = self._waiting.get(timeout=max(0.0, until - time.monotonic()))
                except queue.Empty:
                    break
                if data is None:
                    yield batch
                    return
                batch.append(data)
            yield batch

    def _store_all(self) -> None:
        for batch in self._batches():
            self._in_hand = len(batch)
            try:
                self._keep(batch)
            except Exception as error:  # noqa: BLE001  (whatever one batch holds or meets, the next one must be taken)
                self.counts.store_errors += 1
                self.counts.last_error = f"{type(error).__name__}: {error}"
                LOG.warning("%d datagrams are lost: %s", len(batch), self.counts.last_error)
            self._taken += sum(map(len, batch))
            self._in_hand = 0

    def _keep(self, batch: Sequence[bytes]) -> None:
        good: list[str | bytes] = []
        bad: list[tuple[bytes, str]] = []
        now = self._clock()
        for datagram in batch:
            try:
                good += documents(datagram, self.counts)
            except BadDatagramError as error:
                self.counts.bad_datagrams += 1
                bad.append((datagram, str(error)))
        # First the real X-Ray: it must not go without because this machine's disk is full.
        if good and self._forward is not None:
            self._forward(good)
        for datagram, reason in bad:
            self._until_kept(functools.partial(self._store.reject, datagram, SOURCE, now, reason))
        if good:
            self._until_kept(functools.partial(self._store.ingest, good, SOURCE, now))
            self.counts.documents += len(good)

    def _until_kept(self, keep: Callable[[], object]) -> None:
        """Try again while the disk or another process is in the way; at the end once more, and then no longer."""
        while True:
            try:
                keep()
            except StoreError as error:
                # Only what SQLite calls operational passes by itself; anything else would stand in the way for ever.
                if not isinstance(error.__cause__, sqlite3.OperationalError) or self._last_try.is_set():
                    raise
                self._last_try.wait(RETRY_S)
            else:
                return

    def close(self) -> None:
        """Stop receiving, and store what was received."""
        if self._closing:
            return
        self._closing = True
        self.snapshot()
        address = self._socket.getsockname()
        # recv has no other way to be woken up on every platform than a datagram.
        # Repeated, because a full buffer drops this one as well.
        with contextlib.suppress(OSError), socket.socket(self._socket.family, socket.SOCK_DGRAM) as waker:
            for _attempt in range(100):
                waker.sendto(b"", address)
                self._threads[0].join(0.05)
                if not self._threads[0].is_alive():
                    break
        self._waiting.put(None)
        self._last_try.set()
        self._threads[1].join(30)
        if self._threads[1].is_alive():
            LOG.warning("%d datagrams were received and could not be stored in time", self.backlog)
        self._socket.close()

    def __enter__(self) -> Self:
        """It receives already."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """Stop receiving."""
        self.close()
