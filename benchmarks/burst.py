"""2,000 datagrams at once to a running xray-local: how many it has afterwards, and whether it knows of the others.

A process of its own, a real socket, a store on the disk. Once with the buffer that this machine grants, once with the
one that Linux gives to a socket that does not ask.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import spread
from benchmarks.report import Row
from tools.pythons import REPOSITORY

DATAGRAMS = 2_000
BURSTS = 12
HEADER = b'{"format": "json", "version": 1}\n'
# With this the datagram has some 1.2 KB: a function's segment with what it was called for.
PADDING = "x" * 900
# net.core.rmem_default of Linux. The kernel doubles what is asked for, so half of it gives that.
SMALL_BUFFER = 212_992
# The command as a user starts it, but for the size of the buffer.
SERVER = """
import sys
from xray_local import daemon
from xray_local.cli import main
daemon.RECEIVE_BUFFER = int(sys.argv.pop(1))
main()
"""
TOLD = re.compile(r"AWS_XRAY_DAEMON_ADDRESS=(\S+):(\d+)")
# As an idle function's next burst would come; the last one has been stored long before.
BETWEEN_S = 0.3
PATIENCE_S = 30.0


class ServerFailedError(Exception):
    """The server did not start or did not come to rest; the text has what it said."""


@dataclass(frozen=True)
class Burst:
    """What became of one burst."""

    stored: int
    kernel_drops: int
    granted_buffer: int

    @property
    def unaccounted(self) -> int:
        """Datagrams that nobody knows anything of."""
        return DATAGRAMS - self.stored - self.kernel_drops


def datagrams(burst: int) -> list[bytes]:
    """Each is a trace of its own, so that the store's number of traces is the number of datagrams that arrived."""
    at = time.time()
    documents = (
        {
            "name": "orders",
            "id": f"{number:016x}",
            "trace_id": f"1-{int(at):08x}-{burst:012x}{number:012x}",
            "start_time": at - 0.25,
            "end_time": at,
            "metadata": {"default": {"note": PADDING}},
        }
        for number in range(DATAGRAMS)
    )
    return [HEADER + json.dumps(document).encode() for document in documents]


@contextlib.contextmanager
def server(folder: Path, buffer: int | None) -> Iterator[tuple[str, int]]:
    """A running `xray-local up`; its host and port. `buffer`: what the kernel should grant, None for the most it does."""
    asked = "8388608" if buffer is None else str(buffer // 2)
    command = [sys.executable, "-c", SERVER, asked, "up", "--port", "0", "--db", str(folder / "traces.db")]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "local"), "XRAY_LOCAL_HOME": str(folder)}
    log = folder / "output"
    with log.open("wb") as output, subprocess.Popen(command, env=environment, stdout=output, stderr=output) as process:
        try:
            until = time.monotonic() + PATIENCE_S
            while not (told := TOLD.search(log.read_text(encoding="utf-8"))):
                if process.poll() is not None or time.monotonic() > until:
                    raise ServerFailedError(log.read_text(encoding="utf-8"))
                time.sleep(0.02)
            yield told[1], int(told[2])
        finally:
            process.terminate()


def health(host: str, port: int) -> dict[str, Any]:
    """What the server says of itself, as `doctor` asks for it."""
    with urllib.request.urlopen(f"http://{host}:{port}/health", timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def at_rest(host: str, port: int) -> dict[str, Any]:
    """The health as soon as nothing waits and nothing more arrives."""
    until = time.monotonic() + PATIENCE_S
    before = None
    while time.monotonic() < until:
        found = health(host, port)
        udp = found["udp"]
        if udp == before and udp["backlog"] == 0 and udp["datagrams"] == udp["documents"]:
            return found
        before = udp
        time.sleep(BETWEEN_S)
    raise ServerFailedError(f"it did not come to rest within {PATIENCE_S:.0f} s: {before}")


def measure(buffer: int | None, bursts: int) -> list[Burst]:
    """What became of each of some bursts, sent as fast as the kernel takes them."""
    done = []
    with (
        tempfile.TemporaryDirectory() as folder,
        server(Path(folder), buffer) as (host, port),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        traces = drops = 0
        for burst in range(bursts):
            for datagram in datagrams(burst):
                sender.sendto(datagram, (host, port))
            found = at_rest(host, port)
            udp, now = found["udp"], found["store"]["counts"]["traces"]
            done.append(Burst(now - traces, udp["kernel_drops"] - drops, udp["granted_buffer"]))
            traces, drops = now, udp["kernel_drops"]
    return done


def row_pair(name: str, bursts: Sequence[Burst], limit: float | None) -> list[Row]:
    """What was lost, and what nobody knows of, of each burst."""
    lost = spread([DATAGRAMS - burst.stored for burst in bursts])
    unknown = spread([abs(burst.unaccounted) for burst in bursts])
    return [
        Row(f"lost of {DATAGRAMS:,} datagrams at once, {name}", limit, "", lost),
        Row(f"neither stored nor counted, {name}", 0, "", unknown),
    ]


def rows() -> tuple[list[Row], str]:
    """Targets and figures, and what happened in words."""
    large, small = measure(None, BURSTS), measure(SMALL_BUFFER, BURSTS)
    made = row_pair(f"{large[0].granted_buffer:,} bytes of buffer", large, 0)
    made += row_pair(f"{small[0].granted_buffer:,} bytes of buffer", small, None)
    return made, "\n".join(_told(each) for each in (large, small))


def _told(bursts: Sequence[Burst]) -> str:
    kept = ", ".join(f"{burst.stored:,} + {burst.kernel_drops:,}" for burst in bursts)
    return f"Buffer of {bursts[0].granted_buffer:,} bytes; stored + dropped by the kernel, burst by burst: {kept}."
