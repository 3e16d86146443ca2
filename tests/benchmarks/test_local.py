"""xray-local's benchmark measures what it says: real processes and sockets, and questions that find what they should."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import burst, store
from benchmarks.burst import Burst
from xray_local.store import Store


def test_a_burst_is_stored_or_counted() -> None:
    """With a buffer of a few datagrams some are lost, and the server knows how many; what it does not drop is in its store."""
    (found,) = burst.measure(16_384, 1)
    assert (found.granted_buffer, found.kernel_drops > 0, found.unaccounted) == (16_384, True, 0)


def test_a_burst_s_rows_say_what_is_lost_and_what_nobody_knows_of() -> None:
    """2,000 less what was stored; then less what was counted."""
    bursts = [Burst(2_000, 0, 8), Burst(1_500, 400, 8), Burst(1_000, 1_000, 8)]
    rows = burst.row_pair("8 bytes", bursts, 0)
    assert [(row.what, row.measured.median, row.measured.high, row.verdict) for row in rows] == [
        ("lost of 2,000 datagrams at once, 8 bytes", 500, 1_000, "within the noise"),
        ("neither stored nor counted, 8 bytes", 0, 100, "within the noise"),
    ]


def test_the_questions_find_what_is_there() -> None:
    """Among 2,000 traces each question has the answer that follows from their making: a fast wrong one is no figure."""
    with Store() as filled:
        store.ingest(filled, 2_000)
        assert filled.settle(60)
        found = {name: ask() for name, ask in store.questions(filled, 2_000).items()}
    assert found == {
        "newest page of summaries": 100,
        "one trace": 2,
        "service graph of an hour": 3,
        '`annotation.customer = "c7"`': 2,
        '`user = "u7"`': 1,
        "`annotation.cold_start = true`": 40,
        '`service("orders") { fault }`': 10,
        '`edge("orders", "orders")`': 100,
        "`ok`": 100,
        '`service("nobody")`': 0,
        '`service("orders") { responsetime > 5 }`': 0,
        '`!service("orders")`': 0,
        "`responsetime > 5`": 0,
        '`http.url CONTAINS "nothing"`': 0,
        '`resource.arn = "nothing"`': 0,
        '`resource.arn CONTAINS "nothing"`': 0,
        '`rootcause.fault.service { name = "nobody" }`': 0,
    }


def test_the_table_goes_into_its_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`local --write` prints the table of bursts and store and puts it between the marks of its page, and no other."""
    page = tmp_path / "docs" / "xray-local.md"
    page.parent.mkdir()
    page.write_text("# Page\n<!-- benchmark -->\nold\n<!-- /benchmark -->\n")
    monkeypatch.setattr(command, "REPOSITORY", tmp_path)
    monkeypatch.setattr(burst, "BURSTS", 1)
    monkeypatch.setattr(store, "ROUNDS", 1)
    assert command.main(["local", "--write", "--traces", "200"]) == 0
    written = page.read_text()
    table = written.removeprefix("# Page\n<!-- benchmark -->\n").removesuffix("\n<!-- /benchmark -->\n")
    assert capsys.readouterr().out.endswith(f"{table}\n")
    assert [line.split("|")[1].strip() for line in table.splitlines()[2:6]] == [
        "lost of 2,000 datagrams at once, 16,777,216 bytes of buffer",
        "neither stored nor counted, 16,777,216 bytes of buffer",
        "lost of 2,000 datagrams at once, 212,992 bytes of buffer",
        "neither stored nor counted, 212,992 bytes of buffer",
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["store", "--write"], "--write takes the whole of layer, recorders, local or page"),
        (["lambda"], "unknown: lambda"),
    ],
)
def test_what_cannot_be_measured_is_said(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Half a table is no table, and a name that is none is named."""
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert (ended.value.code, capsys.readouterr().err.splitlines()[-1]) == (2, f"python -m benchmarks: error: {told}")
