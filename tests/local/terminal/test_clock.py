"""A clock that is set while the server runs, and documents from other times: nothing stops, nothing is lost in silence."""

from __future__ import annotations

import json
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.local.terminal.making import request, run, texts, trace_id, wait_until
from tests.local.terminal.processes import serving
from xray_local.retention import GRACE_S, Calendar, said
from xray_local.terminal.source import EndpointSource, Query, Reader

HOUR, DAY = 3_600.0, 86_400.0
# The command with a clock that goes wrong by what a file says, and a housekeeper that comes by all the time.
SCRIPT = """
    import sys, time
    from pathlib import Path

    real, shift = time.time, Path(sys.argv.pop(1))
    time.time = lambda: real() + float(shift.read_text() or 0)
    from xray_local import cli, server

    server.HOUSEKEEPING_S = 0.05
    cli.main()
"""


def set_clock(home: Path, seconds: float) -> None:
    """Sets the server's clock."""
    fresh = home / "shift.new"
    fresh.write_text(str(seconds), encoding="utf-8")
    fresh.replace(home / "shift")


def command(home: Path) -> list[str]:
    """`xray-local` with that clock."""
    return [sys.executable, "-c", textwrap.dedent(SCRIPT), str(home / "shift")]


def put(reader: Reader, number: int, at: float) -> str:
    """A trace of that time; its id."""
    assert reader.put(texts(request(number, at))) == []
    return trace_id(number, at)


def ids(reader: Reader) -> set[str]:
    """Every trace there is, of whatever time."""
    return {summary["Id"] for summary in reader.summaries(Query(0, 2**31 - 1))}


@pytest.mark.parametrize("jump", [HOUR, -HOUR, 400 * DAY])
def test_a_clock_that_jumps_and_comes_back(tmp_path: Path, jump: float) -> None:
    """An hour ahead, an hour back, a year ahead: every trace from before, meanwhile and after is listed, and doctor tells."""
    set_clock(tmp_path, 0)
    with serving(tmp_path, "--port", "0", command=command(tmp_path)) as server, Reader(EndpointSource(server.endpoint)) as reader:
        now = time.time()
        kept = {put(reader, 1, now - 29 * DAY), put(reader, 2, now)}
        set_clock(tmp_path, jump)
        wait_until(lambda: any("clock was set" in line for line in server.said()))
        kept.add(put(reader, 3, now + jump))
        # The housekeeper has come by some ten times.
        time.sleep(0.5)
        assert ids(reader) == kept
        done = run(tmp_path, "doctor", "--json", "--endpoint", server.endpoint)
        wanted = f"This machine's clock was set while xray-local ran: {said(jump)}; no trace was forgotten for it"
        assert [one["text"] for one in json.loads(done.stdout) if "clock was set" in one["text"]] == [wanted]
        set_clock(tmp_path, 0)
        kept.add(put(reader, 4, now + 1))
        wait_until(lambda: len(server.said()) == 2)
        assert ids(reader) == kept
        assert [line.partition(": ")[2] for line in server.said()] == [
            f"this machine's clock was set: {said(seconds)}; no trace is forgotten for that" for seconds in (jump, 0.0)
        ]
        graph = reader.services(Query(now - 60, now + 60))
        # What came while the clock was a little wrong belongs to its own time.
        assert next(one["SummaryStatistics"]["TotalCount"] for one in graph if one["Name"] == "shop") == 2


def test_a_start_with_a_wrong_clock(tmp_path: Path) -> None:
    """A machine that wakes up a year ahead: everything would be too old, so it stays for now, and that is said."""
    set_clock(tmp_path, 0)
    now = time.time()
    with serving(tmp_path, "--port", "0", command=command(tmp_path)) as server, Reader(EndpointSource(server.endpoint)) as reader:
        kept = {put(reader, 1, now)}
    set_clock(tmp_path, 400 * DAY)
    with serving(tmp_path, "--port", "0", command=command(tmp_path)) as server, Reader(EndpointSource(server.endpoint)) as reader:
        wait_until(lambda: len(server.said()) == 1)
        time.sleep(0.3)
        assert ids(reader) == kept
        assert server.said() == [
            "xray-local: by this machine's clock every trace is older than 30 days; they go in an hour, if the clock is right"
        ]


def test_documents_of_other_times(tmp_path: Path) -> None:
    """From tomorrow, in two days, and 30 days ago: all are kept, what lists do not show doctor tells, and --since shows it."""
    with serving(tmp_path, "--port", "0") as server, Reader(EndpointSource(server.endpoint)) as reader:
        now = time.time()
        old = put(reader, 1, now - 30 * DAY)
        assert listed(tmp_path, server.endpoint) == []
        assert listed(tmp_path, server.endpoint, "--since", "31d") == [old]
        assert "What came last started 30 d ago: imported, or a clock is wrong" in run_doctor(tmp_path, server.endpoint)
        tomorrow = put(reader, 2, now + 20 * HOUR)
        assert listed(tmp_path, server.endpoint) == [tomorrow]
        assert "The newest trace starts 20 h in the future: a clock is wrong" in run_doctor(tmp_path, server.endpoint)
        far = put(reader, 3, now + 2 * DAY)
        assert listed(tmp_path, server.endpoint) == [tomorrow]
        assert "The newest trace starts 48 h in the future: a clock is wrong" in run_doctor(tmp_path, server.endpoint)
        assert ids(reader) == {old, tomorrow, far}
        assert run(tmp_path, "trace", far, "--endpoint", server.endpoint).returncode == 0


def listed(home: Path, endpoint: str, *options: str) -> list[str]:
    """What `xray-local traces` shows."""
    return [summary["Id"] for summary in json.loads(run(home, "traces", "--json", *options, "--endpoint", endpoint).stdout)]


def run_doctor(home: Path, endpoint: str) -> list[str]:
    """What doctor says."""
    return [one["text"] for one in json.loads(run(home, "doctor", "--json", "--endpoint", endpoint).stdout)]


class Machine:
    """A clock that can be set, and one that cannot."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_000_000_000.0, 5.0
        self.calendar = Calendar(lambda: self.wall, lambda: self.steady)

    def passes(self, seconds: float) -> None:
        """Time goes by."""
        self.wall += seconds
        self.steady += seconds


def test_ages_go_by_the_clock_that_nobody_sets() -> None:
    """Ahead counts for nothing, back for everything, and sleeping is time like any other."""
    machine = Machine()
    machine.passes(DAY)
    assert machine.calendar.now() == 1_000_086_400.0
    machine.wall += 400 * DAY
    assert machine.calendar.now() == 1_000_086_400.0
    machine.passes(DAY)
    assert machine.calendar.now() == 1_000_172_800.0
    machine.wall -= 401 * DAY
    assert machine.calendar.now() == 1_000_086_400.0


@pytest.mark.parametrize(("age", "trusted"), [(None, True), (29 * DAY, True), (31 * DAY, False)])
def test_what_would_empty_the_store_waits_for_an_hour(age: float | None, trusted: bool) -> None:
    """At the start only, and an hour later the clock is believed."""
    machine = Machine()
    newest = None if age is None else machine.wall - age
    assert machine.calendar.trusted(newest, 30 * DAY) is trusted
    machine.passes(GRACE_S - 1)
    assert machine.calendar.trusted(newest, 30 * DAY) is trusted
    machine.passes(1)
    assert machine.calendar.trusted(newest, 30 * DAY) is True
