"""Of two decisions the later one counts; a rejection of the same moment wins."""

from datetime import UTC, datetime

import pytest

from function.contract import Verdict
from function.moderation_record import Decision, DecisionRecord, moment


def decision(verdict: str, at: str = "2026-01-01T00:00:00Z", **more) -> Decision:
    return Decision.parse({"verdict": verdict, "at": at, "by": "ann", **more})


@pytest.mark.parametrize(
    ("new", "old", "counts"),
    [
        (decision("reject", "2026-01-01T00:00:01Z"), decision("approve"), True),
        (decision("approve", "2026-01-01T00:00:01Z"), decision("reject"), True),
        (decision("reject"), decision("approve"), True),
        (decision("approve"), decision("reject"), False),
        (decision("approve"), decision("reject", "2026-01-01T00:00:01Z"), False),
        (decision("approve", "2026-01-01T09:00:00+09:00"), decision("reject"), False),
        (decision("reject", "2026-01-01T00:00:01Z"), decision("reject"), True),
        (decision("reject"), decision("reject"), False),
        (decision("reject"), decision("reject", "2026-01-01T00:00:01Z"), False),
        (decision("approve"), Decision(Verdict.HOLD, "", "2027"), True),
        (Decision(Verdict.HOLD, "", "2027"), decision("approve"), False),
    ],
)
def test_which_of_two_decisions_counts(new, old, counts):
    assert new.overrules(old) is counts


@pytest.mark.parametrize(
    "raw",
    [
        {"verdict": "hold"},
        {"verdict": "maybe"},
        {"at": "2026-01-01T00:00:00"},
        {"at": "yesterday"},
    ],
)
def test_what_is_no_decision_is_refused(raw):
    with pytest.raises(ValueError, match=r"."):
        decision(**{"verdict": "approve", **raw})


def test_what_moderators_write_is_cut():
    found = decision("approve", by="b" * 600, reason="r" * 600)
    assert (len(found.by), len(found.reason)) == (500, 500)
    assert decision("approve", reason=None).reason == ""
    half = decision("approve", by="\udcff", reason="half \ud83d")
    assert (half.by, half.reason) == ("?", "half ?")


def test_a_record_is_read_as_it_was_written():
    record = DecisionRecord("uploads/a", "1", decision("reject"), (decision("approve"),))
    assert DecisionRecord.from_json(record.to_json()) == record
    later = record.to_json().replace(b"{", b'{"of_a_newer_release": 1, ', 1)
    assert DecisionRecord.from_json(later) == record


def test_moments_sort_as_text():
    assert moment(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000000+00:00"
