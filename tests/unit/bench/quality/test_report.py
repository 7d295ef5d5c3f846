"""The table, and which outcomes are in it."""

from dataclasses import replace

import pytest

from bench.quality import report
from bench.quality.check import Outcome
from tests.unit.bench.engines.frontier.test_report import MACHINE


def outcome(score, target=75, **fields):
    given = {"picture": "a", "group": "photographs", "rendition": "large", "format": "jpeg"}
    given |= {"quality": 80, "encodes": 1, "sampled": 0.1, "bytes": 2000}
    given |= {"cpu_ms": 3.0, "fixed_cpu_ms": 2.0}
    return Outcome(score=score, target=target, **given | fields)


OUTCOMES = [
    outcome(75.0),
    outcome(78.0, encodes=2, bytes=4000),
    outcome(71.0, picture="b", rendition="thumb"),
    outcome(66.0, target=65, format="avif"),
    outcome(70.0, quality=100, reachable=False),
]
RESULT = report.Result(
    machine=MACHINE,
    judge="a judge",
    fitted_pairs=200,
    test_pairs=2,
    rows=report.rows(OUTCOMES),
    unreachable=1,
    outcomes=OUTCOMES,
)


def test_there_is_a_row_for_each_target_each_format_and_all():
    assert [(row.format, row.target, row.pairs) for row in RESULT.rows] == [
        ("jpeg", "75", 3),
        ("jpeg", "all", 3),
        ("avif", "65", 1),
        ("avif", "all", 1),
        ("all", "65", 1),
        ("all", "75", 3),
        ("all", "all", 4),
    ]
    first = RESULT.rows[0]
    assert first.near == pytest.approx(2 / 3, abs=0.001)
    assert (first.worst, first.p95, first.kilobytes) == (-4.0, pytest.approx(3.9), 2.67)
    assert first.encodes == pytest.approx(4 / 3, abs=0.001)
    assert first.cells() == (
        *("jpeg", "75", "3", "66.7%", "3.9", "-4.0", "1.33", "0.10", "3.0", "2.0", "2.7"),
    )


def test_what_cannot_be_reached_is_told_apart():
    assert all(row.worst >= -4 for row in RESULT.rows)
    assert report.worst(OUTCOMES) == OUTCOMES[2]


ABSENT = "whose format has no quality within 3 points of it."


def test_the_sentences_name_the_worst():
    assert report.sentences(RESULT) == [
        "Fitted on 200 pairs of picture and size.",
        "Tested on 2 pairs of other authors; judged by a judge.",
        "Of photographs, 75.0% are within 3 points; furthest is b (thumb, jpeg), 71.0 for 75.",
        f"Not in the table: 1 outcome {ABSENT}",
    ]


def test_the_page_has_the_histogram_and_the_table():
    page = report.page(RESULT)
    assert page.count("<img") == 1
    assert "66.7%" in page
    assert report.histogram([]) is None


def test_groups_are_told_apart_except_of_own_pictures():
    lone = [outcome(60.0, reachable=False, group="graphics")]  # none of its group is in the table
    drawn = [outcome(78.5, group="graphics"), outcome(75.5, group="graphics", picture="c")]
    assert report.sentences(replace(RESULT, outcomes=[*OUTCOMES, *drawn]))[2:4] == [
        "Of photographs, 75.0% are within 3 points; furthest is b (thumb, jpeg), 71.0 for 75.",
        "Of graphics, 50.0% are within 3 points; furthest is a (large, jpeg), 78.5 for 75.",
    ]
    assert report.sentences(replace(RESULT, own=True))[1:3] == [
        "Tested on 2 pairs of your own pictures; judged by a judge.",
        "Of them, 75.0% are within 3 points; furthest is b (thumb, jpeg), 71.0 for 75.",
    ]
    assert len(report.sentences(replace(RESULT, outcomes=[*OUTCOMES, *lone]))) == 4


def test_a_share_is_rounded_once():
    near, far = [outcome(75.0)] * 129, [outcome(79.0)] * 7
    assert report.rows([*near, *far])[0].cells()[3] == "94.9%"
