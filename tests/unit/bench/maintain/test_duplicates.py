"""The measurement of near duplicates: what it counts, on a few photos."""

from bench.maintain.duplicates import COPIES, measure


def test_every_kind_of_copy_is_counted_and_none_is_called_anothers():
    figures = measure(2)
    assert set(figures.copies) == set(COPIES)
    assert figures.wrong == 0
    assert figures.precision == 1
    assert figures.copies["JPEG, quality 50"].found == 1
    found = sum(copies.found for copies in figures.copies.values())
    assert figures.named == 2 * found
    assert figures.recall == found / len(COPIES)
