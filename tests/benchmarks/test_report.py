"""The table: its verdicts, its text, and where it is put."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.figures import Spread
from benchmarks.report import NoPlaceError, Row, exactly, targets, write_between


def test_a_verdict_needs_the_whole_interval() -> None:
    """Met or missed is said only where the noise leaves no doubt."""
    intervals = {"low": (3.0, 2.0, 4.0), "around": (4.0, 3.0, 6.0), "above": (7.0, 6.0, 8.0)}
    verdicts = {name: Row("", 5, " µs", Spread(*three, 1.0, 9)).verdict for name, three in intervals.items()}
    assert verdicts == {"low": "met", "around": "within the noise", "above": "missed"}


def test_a_verdict_on_the_least_that_is_enough() -> None:
    """A rate is met from its target on, and its figures are numbers of things."""
    intervals = ((12_000.0, 11_000.0, 13_000.0), (10_500.0, 9_000.0, 12_000.0), (5_000.0, 4_000.0, 9_999.0))
    rows = [Row("taken", 10_000, "/s", Spread(*three, 1.0, 9), at_least=True) for three in intervals]
    assert [row.cells()[1:5] for row in rows] == [
        ("≥ 10,000/s", "12,000/s", "11,000/s to 13,000/s", "met"),
        ("≥ 10,000/s", "10,500/s", "9,000/s to 12,000/s", "within the noise"),
        ("≥ 10,000/s", "5,000/s", "4,000/s to 9,999/s", "missed"),
    ]


def test_without_a_peer_there_is_no_column_for_it() -> None:
    """A table that compares with nobody ends with the verdicts; what has no target has none."""
    assert targets([Row("lost", 0, "", exactly(0)), Row("seen", None, "", exactly(7))]) == (
        "| What | Target | Measured | 95 % interval | Verdict |\n"
        "|------|-------:|---------:|--------------:|--------:|\n"
        "| lost | ≤ 0    | 0        | exact         | met     |\n"
        "| seen |        | 7        | exact         |         |"
    )


def test_the_load_stands_beside_what_depends_on_it() -> None:
    """One row with a load makes a column of them, in which the others are empty."""
    assert targets([Row("opens", None, " ms", exactly(7), load=2.25), Row("nodes", None, "", exactly(3))]) == (
        "| What  | Target | Measured | 95 % interval | Verdict | Load |\n"
        "|-------|-------:|---------:|--------------:|--------:|-----:|\n"
        "| opens |        | 7.0 ms   | exact         |         | 2.2  |\n"
        "| nodes |        | 3        | exact         |         |      |"
    )


def test_the_table_has_target_and_measured_beside_each_other() -> None:
    """Each unit with the digits that it deserves, exact figures marked as such, an absent peer left empty."""
    rows = [
        Row("cold", 1.06, "x", Spread(1.0512, 1.0404, 1.0618, 1.0, 40), Spread(5.0, 4.0, 6.0, 4.0, 40)),
        Row("modules", 0, "", exactly(0)),
        Row("zip", 200, " KB", exactly(52.34)),
    ]
    assert targets(rows) == (
        "| What    | Target   | Measured | 95 % interval    | Verdict          | aws-xray-sdk, same run |\n"
        "|---------|---------:|---------:|-----------------:|-----------------:|-----------------------:|\n"
        "| cold    | ≤ 1.06x  | 1.051x   | 1.040x to 1.062x | within the noise | 5.000x                 |\n"
        "| modules | ≤ 0      | 0        | exact            | met              |                        |\n"
        "| zip     | ≤ 200 KB | 52.3 KB  | exact            | met              |                        |"
    )


def test_the_text_goes_between_the_marks(tmp_path: Path) -> None:
    """What stands between them gives way, everything else stays as it was, also when it is done twice."""
    readme = tmp_path / "README.md"
    readme.write_text("# Title\n<!-- benchmark -->\nold\n<!-- /benchmark -->\nend\n")
    write_between(readme, "new")
    write_between(readme, "newer")
    assert readme.read_text() == "# Title\n<!-- benchmark -->\nnewer\n<!-- /benchmark -->\nend\n"


@pytest.mark.parametrize("text", ["nothing", "<!-- benchmark -->", "<!-- /benchmark -->\n<!-- benchmark -->"])
def test_a_file_without_the_marks_stays_as_it_is(tmp_path: Path, text: str) -> None:
    """The error says what to add where."""
    readme = tmp_path / "README.md"
    readme.write_text(text)
    with pytest.raises(NoPlaceError) as raised:
        write_between(readme, "new")
    assert (str(raised.value), readme.read_text()) == (
        "README.md needs a line <!-- benchmark --> and, below it, a line <!-- /benchmark -->",
        text,
    )
