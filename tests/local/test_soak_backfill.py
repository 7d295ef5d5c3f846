"""The verdict of the run with a backfill on its figures."""

from dataclasses import replace

import pytest

from tests.soak.backfill import Backfilled
from tests.soak.slowdown import Phase, Slowdown

ALONE = Phase(seconds=[0.5] * 90 + [1.0] * 10)
WHOLE = Backfilled(
    slowdown=Slowdown(
        alone=ALONE, beside=Phase(seconds=[0.5] * 90 + [2.0] * 10), others="a backfill"
    ),
    uploads=2000,
    seconds=40,
    missing=0,
    dead=0,
)


def test_a_whole_backfill_beside_which_uploads_take_twice_the_time_holds():
    assert WHOLE.holds


@pytest.mark.parametrize(
    "broken",
    [
        {"missing": 1},
        {"dead": 1},
        {"slowdown": Slowdown(alone=ALONE, beside=Phase(seconds=[2.01]))},
        {"slowdown": Slowdown(alone=ALONE, beside=Phase(seconds=[0.5], lost=["a.jpg"]))},
    ],
)
def test_a_backfill_that_is_not_whole_or_slow_uploads_break_the_bound(broken):
    assert not replace(WHOLE, **broken).holds


def test_the_report_has_both_phases_and_the_backfill():
    assert WHOLE.lines() == [
        "honest uploads         n      p50      p95  lost  dead",
        "alone                100   0.50 s   1.00 s     0     0",
        "beside a backfill    100   0.50 s   2.00 s     0     0",
        "2000 uploads backfilled in 40 s, 50.0 a second; 0 without a rendition, 0 dead letters",
        "honest p95 2.00 times that alone, at most 2: the bound holds",
    ]
