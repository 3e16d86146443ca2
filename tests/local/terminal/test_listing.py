"""Lists of traces, and what `tail` finds from poll to poll."""

from __future__ import annotations

import time

import pytest

from tests.local.terminal.making import part, request, texts, trace_id
from xray_local.terminal.listing import Follower, clock, flag, heading, line, lines, what
from xray_local.terminal.source import Reader

SUMMARY = {
    "Id": "1-6553f100-000000000000000000000001",
    "Duration": 1.25,
    "EntryPoint": {"Name": "shop"},
    "Http": {"HttpMethod": "POST", "HttpURL": "https://shop.example.com/orders?x=1", "HttpStatus": 502},
    "HasFault": True,
    "HasError": True,
}


def test_one_line_for_each() -> None:
    """Columns with a heading: id, duration, the worst flag, and what was asked, without the query string."""
    ok = {"Id": SUMMARY["Id"], "Duration": 0.5, "IsPartial": True}
    assert [found.plain for found in lines([SUMMARY, ok], 120)] == [
        "time       trace                                   duration status    what",
        "           1-6553f100-000000000000000000000001   1,250.0 ms FAULT     shop POST /orders 502",
        "           1-6553f100-000000000000000000000001     500.0 ms OPEN",
    ]


def test_two_lines_on_a_narrow_terminal() -> None:
    """The id is never cut; the rest has a line of its own. No column has a heading then."""
    assert (line(SUMMARY, 50).plain.split("\n"), heading(50)) == (
        ["           1-6553f100-000000000000000000000001", "             1,250.0 ms FAULT     shop POST /orde…"],
        None,
    )


@pytest.mark.parametrize(
    ("http", "text"),
    [
        ({}, "shop"),
        ({"HttpURL": "/just/a/path"}, "shop /just/a/path"),
        ({"HttpURL": "http://[bad"}, "shop http://[bad"),
        ({"HttpURL": "https://x.com", "HttpMethod": "GET\x1b[2J"}, "shop GET�[2J /"),
    ],
)
def test_what(http: dict[str, str], text: str) -> None:
    """The service and the request, printable, whatever somebody sent as a URL."""
    assert what({"EntryPoint": {"Name": "shop"}, "Http": http}) == text


def test_flag() -> None:
    """A fault is worse than a throttle, that than an error, that than being open."""
    keys = ["HasFault", "HasThrottle", "HasError", "IsPartial"]
    assert [flag(dict.fromkeys(keys[index:], True))[0] for index in range(5)] == ["FAULT", "THROTTLE", "ERROR", "OPEN", ""]


def test_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Today's traces have a time, others a date, both of the user's own zone."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        evening = 1_700_060_400.0
        assert [clock(at, evening) for at in (evening, evening - 3600, evening - 86_400)] == [
            "00:00:00",
            "2023-11-15",
            "2023-11-15",
        ]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_tail_shows_each_change_once(reader: Reader) -> None:
    """A trace is shown when it comes, again when it ends, and not for what changes nothing; older ones never."""
    now = 1_700_000_000.0
    reader.put(texts(request(1, now - 60), request(2, now + 1, end_time=None, in_progress=True, subsegments=[])))
    follower = Follower(reader, "", now, 900.0)
    polls = [follower.poll(now + 2), follower.poll(now + 2)]
    reader.put(texts(request(3, now + 3), request(2, now + 1)))
    polls += [follower.poll(now + 4), follower.poll(now + 4)]
    late = part("cache", 1000, now + 3.5, now + 3.75, trace_id=trace_id(3, now + 3), parent_id=f"{300:016x}", type="subsegment")
    reader.put(texts(late))
    polls.append(follower.poll(now + 5))
    shown = [[(summary["Id"], flag(summary)[0]) for summary in poll] for poll in polls]
    second, third = trace_id(2, now + 1), trace_id(3, now + 3)
    assert shown == [[(second, "OPEN")], [], [(second, ""), (third, "")], [], []]


def test_tail_forgets_what_left_its_window(reader: Reader) -> None:
    """Only the window is asked for, so a long session costs no more than a short one."""
    now = 1_700_000_000.0
    reader.put(texts(request(1, now)))
    follower = Follower(reader, "duration >= 1", now - 1, 900.0)
    assert [len(follower.poll(at)) for at in (now + 1, now + 2000, now + 2001)] == [1, 0, 0]
    assert follower._seen == {}
