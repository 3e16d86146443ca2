"""From measurements to figures: whole summaries of series whose answer is known."""

from __future__ import annotations

import pytest

from benchmarks.figures import Spread, added, added_when_quiet, quiet_rounds, ratio, spread


def test_spread_is_the_sign_test_s_interval() -> None:
    """Of 1 to 100 the median is 50.5, and the ranks 40 and 61 enclose it with 95 % confidence (binomial table)."""
    assert spread([float(value) for value in range(100, 0, -1)]) == Spread(50.5, 40.0, 61.0, 1.0, 100)


def test_spread_of_few_is_their_whole_range() -> None:
    """Three measurements cannot exclude anything they saw."""
    assert spread([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0, 1.0, 3)


def test_spread_of_nothing_is_an_error() -> None:
    """No measurement is no result, not a result of zero."""
    with pytest.raises(ValueError, match=r"^no measurements to summarise$"):
        spread([])


def test_rounds_are_compared_with_themselves() -> None:
    """A machine that doubles its time from round to round shows in neither the difference nor the ratio of a pair."""
    bare = [10.0, 20.0, 40.0]
    assert (added([15.0, 25.0, 45.0], bare), ratio([15.0, 30.0, 60.0], bare)) == (
        Spread(5.0, 5.0, 5.0, 5.0, 3),
        Spread(1.5, 1.5, 1.5, 1.5, 3),
    )


def test_added_when_quiet_undoes_a_slow_machine() -> None:
    """What takes 4 µs beside 8 takes 8 beside 16: at the quiet speed that is 4 both times."""
    bare = [8.0] * 5 + [16.0] * 5
    assert added_when_quiet([value * 1.5 for value in bare], bare) == Spread(4.0, 4.0, 4.0, 4.0, 10)


def test_quiet_rounds_are_those_in_which_everything_was_quick() -> None:
    """The round in which only the bare one was quick (the first) is no quiet one."""
    assert quiet_rounds({"bare": [1.0, 5.0, 9.0, 5.0], "layer": [99.0, 6.0, 9.0, 7.0]}) == [1, 3]


def test_series_of_different_length_are_no_pairs() -> None:
    """A round that is missing on one side would shift every pair behind it."""
    with pytest.raises(ValueError, match="argument 2 is shorter than argument 1"):
        added([1.0, 2.0], [1.0])
