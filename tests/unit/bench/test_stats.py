import pytest

from bench import stats


def test_percentile_of_a_published_example():
    """NIST/Excel's inclusive method on 15, 20, 35, 40, 50: the 40th percentile is 29."""
    assert stats.percentile([15, 20, 35, 40, 50], 40) == pytest.approx(29)


def test_relative_error_by_hand():
    assert stats.relative_error([1.0, 2.0, 3.0]) == pytest.approx(4.303 / 3**0.5 / 2)
    assert stats.relative_error([1.0]) == float("inf")
