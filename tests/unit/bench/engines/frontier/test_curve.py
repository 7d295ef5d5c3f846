import math

import pytest

from bench.engines.frontier.curve import SCORES, need, rows
from bench.engines.frontier.results import Point


def point(score, size, cpu=10.0, quality=50, encoder="ours", picture="a", **more):
    fields = {"group": "photographs", "format": "jpeg", "colour": 2.0} | more
    return Point(
        picture=picture,
        encoder=encoder,
        quality=quality,
        bytes=size,
        cpu_ms=cpu,
        score=score,
        **fields,
    )


LINE = [point(60 + q / 2, round(1000 * math.exp(q / 20)), 10 + q, q) for q in (10, 30, 50, 70)]
"""Score, logarithm of the bytes and CPU time rise in straight lines."""


def test_a_measured_score_needs_what_was_measured():
    found = need(LINE, 75)
    assert (found.quality, round(found.bytes), found.cpu_ms) == (30, LINE[1].bytes, 40)


def test_between_two_points_bytes_are_interpolated_by_their_logarithm():
    found = need(reversed(LINE), 80)
    assert found.quality == pytest.approx(40)
    assert found.bytes == pytest.approx(1000 * math.exp(2), rel=0.001)
    assert found.cpu_ms == pytest.approx(50)
    assert found.colour == 2.0


@pytest.mark.parametrize("score", [64.9, 95.1])
def test_a_score_beyond_the_points_is_not_guessed(score):
    assert need(LINE, score) is None


def test_a_point_that_scores_no_better_than_one_of_lower_quality_does_not_count():
    worse = point(75, 9999, 99, 40)
    assert need([*LINE, worse], 80) == need(LINE, 80)
    assert need([LINE[0]], 65) is None
    assert need([], 65) is None


def test_a_row_has_medians_and_ratios_of_the_pictures_that_both_reach():
    points = []
    for picture, factor in (("a", 1), ("b", 2), ("c", 4)):
        for quality, score in ((50, 65), (70, 85)):
            points += [
                point(score, 1000 * factor, 8, quality, picture=picture),
                point(score, 500 * factor, 16 * factor, quality, "other", picture),
            ]
    points.append(point(95, 70_000, 40, 90, "other", "d"))  # alone, and on one side of 80
    points += [point(60, 900, 8, 30, "other", "e"), point(82, 900, 8, 60, "other", "e")]  # no ours
    found = {(row.encoder, row.score): row for row in rows(points)}
    assert found.keys() == {(name, score) for name in ("ours", "other") for score in (70, 80)}
    ours, other = found["ours", 80], found["other", 80]
    assert (ours.pictures, ours.bytes, ours.bytes_ratio, ours.cpu_ratio) == (3, 2000, 1, 1)
    assert ours.quality == 65
    assert (other.pictures, other.bytes, other.cpu_ms) == (4, 950, 24)
    assert (other.bytes_ratio, other.cpu_ratio) == (2, 0.25)


def test_groups_and_formats_have_rows_of_their_own():
    points = [
        point(score, 1000, quality=score, group=group, format=format_name)
        for score in (60, 95)
        for group, format_name in (("photographs", "jpeg"), ("graphics", "jpeg"), ("a", "webp"))
    ]
    keys = [(row.group, row.format, row.score) for row in rows(points)]
    assert keys == [
        (group, format_name, score)
        for group, format_name in (("photographs", "jpeg"), ("graphics", "jpeg"), ("a", "webp"))
        for score in SCORES
    ]


def test_an_encoder_that_reaches_what_ours_does_not_has_no_ratio():
    points = [point(60, 900), point(75, 990, quality=60)]
    points += [point(score, 900, quality=score, encoder="other") for score in (60, 95)]
    (row,) = [row for row in rows(points) if row.score == 90]
    assert (row.encoder, row.bytes_ratio, row.cpu_ratio) == ("other", 0, 0)
