from datetime import UTC, datetime

from ops.pace import Pace

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def test_the_end_follows_from_the_rate():
    pace = Pace(total=7_300, started=100.0)
    assert pace.describe(100, 102.0, NOON) == "50.0 a second, done about 2026-11-27 12:02"


def test_without_a_total_there_is_no_end():
    assert Pace(total=None, started=100.0).describe(10, 104.0, NOON) == "2.5 a second"


def test_more_than_was_counted_is_done_by_now():
    pace = Pace(total=10, started=0.0)
    assert pace.describe(20, 10.0, NOON) == "2.0 a second, done about 2026-11-27 12:00"


def test_an_end_beyond_the_calendar_is_not_told():
    assert Pace(total=10**9, started=0.0).describe(1, 3600.0, NOON) == "0.0 a second"
