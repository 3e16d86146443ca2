"""The receiving end of the guest's datagrams: a real UDP socket, and X-Ray's way of building trees.

X-Ray gets independent subsegments in any order. Each names its parent; a document that is still
`in_progress` gives way to the complete one of the same id. `compiled` does that and nothing else.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

from tests.kit.fakes import Document, parse_datagram

# The kernel's default of 208 KiB holds some 300 small datagrams (each counts with its buffer's overhead);
# 500 calls in one invocation come faster than a busy machine schedules the receiving thread.
RECEIVE_BUFFER = 16 * 1024 * 1024
# Linux: sets the buffer above net.core.rmem_max, for root only; the socket module has no name for it.
SO_RCVBUFFORCE = 33
LARGEST_DATAGRAM = 65_535


class Collector:
    """Listens like the X-Ray daemon and keeps every datagram; use it in a `with` block."""

    def __init__(self) -> None:
        """Open the socket at once, so that `address` is known before anything else starts."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        with contextlib.suppress(PermissionError):
            self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        self._socket.bind(("127.0.0.1", 0))
        self._datagrams: list[bytes] = []
        self._times: list[float] = []
        self._arrived = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._receive, name="kit-collector", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """What to put into AWS_XRAY_DAEMON_ADDRESS."""
        host, port = self._socket.getsockname()
        return f"{host}:{port}"

    def _receive(self) -> None:
        while True:
            data = self._socket.recv(LARGEST_DATAGRAM)
            with self._arrived:
                if self._closed:
                    return
                self._datagrams.append(data)
                self._times.append(time.time())
                self._arrived.notify_all()

    def datagrams(self) -> list[bytes]:
        """Every datagram so far, as it came."""
        with self._arrived:
            return list(self._datagrams)

    def arrivals(self) -> list[tuple[float, Document]]:
        """Every document so far with the time of its arrival, in seconds since the epoch."""
        with self._arrived:
            return [(at, parse_datagram(data)) for at, data in zip(self._times, self._datagrams, strict=True)]

    def documents(self) -> list[Document]:
        """Every document so far, parsed, in the order of arrival."""
        return [parse_datagram(data) for data in self.datagrams()]

    def clear(self) -> None:
        """Forget what came so far."""
        with self._arrived:
            self._datagrams.clear()
            self._times.clear()

    def wait_for(self, predicate: Callable[[list[Document]], bool], timeout_s: float = 5.0) -> list[Document]:
        """The documents as soon as `predicate` holds for them; TimeoutError shows what was there instead."""
        until = time.monotonic() + timeout_s
        with self._arrived:
            while not predicate(documents := [parse_datagram(data) for data in self._datagrams]):
                if not self._arrived.wait(until - time.monotonic()):
                    raise TimeoutError(f"not within {timeout_s} s; {len(documents)} documents came: {documents!r:.2000}")
        return documents

    def trees(self) -> list[Document]:
        """The trees that X-Ray would make of everything received so far."""
        return compiled(self.documents())

    def normalise(self) -> list[Document]:
        """The trees with ids and times replaced, ready for a comparison of whole values."""
        return normalised(self.trees())

    def close(self) -> None:
        """Stop listening."""
        with self._arrived:
            self._closed = True
        # recv has no other way to be woken up on every platform than a datagram.
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    def __enter__(self) -> Self:
        """The collector listens already."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """Stop listening."""
        self.close()


def flattened(document: Document) -> Iterator[Document]:
    """A document and all its embedded subsegments as independent ones, each with its parent's id."""
    children = document.get("subsegments", [])
    yield {key: value for key, value in document.items() if key != "subsegments"}
    for child in children:
        yield from flattened({**child, "trace_id": document.get("trace_id"), "parent_id": document["id"]})


def duplicates(documents: Iterable[Document]) -> list[Document]:
    """The documents X-Ray would not take: a second in-progress or a second complete one of the same id."""
    seen: set[tuple[str, bool]] = set()
    refused = []
    for document in documents:
        key = (document["id"], bool(document.get("in_progress")))
        if key in seen:
            refused.append(document)
        seen.add(key)
    return refused


def compiled(documents: Iterable[Document]) -> list[Document]:
    """Trees as X-Ray builds them: parents before children, siblings by start time, first complete document wins."""
    nodes: dict[str, Document] = {}
    for document in documents:
        for node in flattened(document):
            known = nodes.get(node["id"])
            if known is None or (known.get("in_progress") and not node.get("in_progress")):
                nodes[node["id"]] = node
    children: dict[str, list[Document]] = {}
    roots: list[Document] = []
    for node in sorted(nodes.values(), key=lambda node: node["start_time"]):
        parent = node.get("parent_id")
        (children.setdefault(parent, []) if parent in nodes else roots).append(node)
    for identity, below in children.items():
        nodes[identity]["subsegments"] = below
    return roots


def walk(trees: Iterable[Document]) -> Iterator[Document]:
    """Every node of the trees, parents before children."""
    for tree in trees:
        yield tree
        yield from walk(tree.get("subsegments", []))


def normalised(trees: Iterable[Document]) -> list[Document]:
    """The same trees with ids as `id1`, `id2` … in tree order, and times as `start` and `end`.

    Ids that are not defined in the trees (the invocation's own Parent) stay as they are.
    """
    trees = list(trees)
    names: dict[str, str] = {}
    for node in walk(trees):
        names.setdefault(node["id"], f"id{len(names) + 1}")
    return [_normalised(tree, names) for tree in trees]


def _normalised(node: Document, names: dict[str, str]) -> Document:
    if node.get("end_time", node["start_time"]) < node["start_time"]:
        raise ValueError(f"ends before it starts: {node!r:.500}")
    given: dict[str, Callable[[Any], Any]] = {
        "id": names.__getitem__,
        "parent_id": lambda identity: names.get(identity, identity),
        "start_time": lambda _time: "start",
        "end_time": lambda _time: "end",
        "subsegments": lambda children: [_normalised(child, names) for child in children],
    }
    return {key: given.get(key, lambda same: same)(value) for key, value in node.items()}
