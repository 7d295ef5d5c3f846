"""Records of held uploads, and of decisions."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from function.contract import Status, Verdict
from function.contract.keys import HELD, decision_key, held_key, look_key
from function.manifest import Manifest
from function.moderation import (
    HeldRecord,
    Moderation,
    Unversioned,
    rejection_of,
)
from function.moderation_record import Resemblance
from function.storage.errors import Conflict
from tests.support.history import version
from tests.support.memory import MemoryBucket
from tests.support.moderated import NAME, decided, verdict_of

HELD_1 = HeldRecord(
    key="uploads/u1/beach.jpg",
    version_id="1",
    sequencer="01",
    held_at="2026-01-01T00:00:00Z",
    content_type="image/jpeg",
    length=9,
    width=2,
    height=3,
    format="png",
    sha256="ab",
    looks_like_rejected=Resemblance("uploads/u2/a.jpg", "ff", 3),
)


def moderation(bucket, **how) -> Moderation:
    return Moderation(bucket, **{"holds": True, "moderates": True, "has_decisions": bool, **how})


def decision(verdict: Verdict, at: int = 0):
    return decided(1, verdict, at).decision


def test_a_held_version_has_a_look_and_a_record_and_a_manifest_that_tells_nothing(destination):
    work = moderation(destination)
    manifest = work.hold(HELD_1, b"look")
    assert (manifest.status, manifest.is_bare) == (Status.HELD, True)
    assert verdict_of(destination, 1) == Verdict.HOLD
    look, record = look_key(NAME, "1"), held_key(NAME, "1")
    assert destination.objects[look] == b"look"
    assert HeldRecord.from_json(destination.objects[record]) == HELD_1
    assert work.keys_named(manifest) == work.keys_of(version(1)) == {look, record}
    assert {destination.headers[key].cache_control for key in (look, record)} == {
        "private, no-store"
    }
    assert next(iter(destination.objects)) == decision_key(NAME, "1")


@pytest.mark.parametrize("version_id", ["", "null"])
def test_an_upload_without_a_version_of_its_own_is_neither_held_nor_shown_nor_decided_about(
    destination, version_id, caplog
):
    caplog.set_level("INFO", logger="function")
    with pytest.raises(Unversioned, match="versioning"):
        moderation(destination).hold(HELD_1.replace(version_id=version_id), b"")
    unversioned = version(1).replace(version_id=version_id)
    with pytest.raises(Unversioned, match="versioning"):
        moderation(destination).record(unversioned, decision(Verdict.REJECT))
    assert (destination.objects, caplog.records) == ({}, [])


@pytest.mark.parametrize("like", [None, HELD_1.looks_like_rejected])
def test_neither_length_nor_md5_of_a_record_tells_what_is_in_it(like):
    record = HELD_1.replace(looks_like_rejected=like)
    written = {record.to_json() for _ in range(3)}
    assert len(written) == 3
    assert {len(body) for body in written} == {4096}
    assert {HeldRecord.from_json(body) for body in written} == {record}


def test_a_decision_is_recorded_and_logged_once(destination, caplog):
    caplog.set_level("INFO", logger="function")
    work = moderation(destination)
    work.hold(HELD_1, b"look")
    assert work.record(version(1), decision(Verdict.APPROVE, 1)) is True
    assert work.record(version(1), decision(Verdict.APPROVE, 1)) is False
    assert work.record(version(1), decision(Verdict.REJECT, 3)) is True
    assert work.record(version(1), decision(Verdict.APPROVE, 2)) is False
    record = json.loads(destination.objects[decision_key(NAME, "1")])
    assert record["decision"]["verdict"] == "reject"
    assert [earlier["verdict"] for earlier in record["earlier"]] == ["hold", "approve"]
    lines = [vars(line) for line in caplog.records]
    told = [(line["key"], line["version_id"], line["verdict"], line["by"]) for line in lines]
    assert told == [
        ("uploads/u1/beach.jpg", "1", "approve", "m"),
        ("uploads/u1/beach.jpg", "1", "reject", "m"),
    ]
    assert work.verdict(version(1)) == Verdict.REJECT
    assert work.verdict(version(2)) is None


DECISIONS_TOLD = st.tuples(st.sampled_from([Verdict.APPROVE, Verdict.REJECT]), st.integers(0, 3))


@example([(Verdict.APPROVE, 1), (Verdict.APPROVE, 3), (Verdict.REJECT, 2)])
@given(st.lists(DECISIONS_TOLD, min_size=1, max_size=6))
def test_decisions_in_any_order_and_number_end_in_the_latest(told):
    """A moderator's message may come late, twice, and after what was decided later."""
    work = moderation(MemoryBucket())
    for verdict, at in told:
        work.record(version(1), decision(verdict, at))
    latest = max(told, key=lambda each: (each[1], each[0] == Verdict.REJECT))
    assert work.verdict(version(1)) == latest[0]


class Beaten(MemoryBucket):
    """A bucket in which another decision is written first, so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def put(self, key, body, headers, *, expect=None):
        if self.times:
            self.times -= 1
            raise Conflict(key)
        return super().put(key, body, headers, expect=expect)


def test_a_decision_that_loses_a_conditional_write_is_compared_again():
    bucket = Beaten(7)
    assert moderation(bucket).record(version(1), decision(Verdict.APPROVE)) is True
    with pytest.raises(Conflict):
        moderation(Beaten(8)).record(version(1), decision(Verdict.APPROVE))


class AnswersLate(MemoryBucket):
    """A bucket that carries out the first write, and whose answer to it is lost."""

    is_late = True

    def put(self, key, body, headers, *, expect=None):
        etag = super().put(key, body, headers, expect=expect)
        if self.is_late:
            self.is_late = False
            raise Conflict(key)
        return etag


def test_a_decision_is_logged_even_if_the_answer_to_its_write_is_lost(caplog):
    caplog.set_level("INFO", logger="function")
    work = moderation(AnswersLate())
    assert work.record(version(1), decision(Verdict.REJECT)) is True
    assert work.record(version(1), decision(Verdict.REJECT)) is False
    assert [line.message for line in caplog.records] == ["moderated"]


def test_the_moderator_is_asked_once(destination):
    asked = []
    work = moderation(destination, ask=asked.append)
    manifest = work.hold(HELD_1, b"look")
    assert work.ask_about(manifest) is False
    assert work.ask_about(manifest) is False
    assert asked == [HELD_1]
    assert work.held_record(version(1)).is_asked


def test_a_moderator_who_cannot_be_asked_is_asked_again(destination):
    def fail(_held):
        raise OSError("no such queue")

    manifest = moderation(destination).hold(HELD_1, b"look")
    with pytest.raises(OSError, match="queue"):
        moderation(destination, ask=fail).ask_about(manifest)
    asked = []
    moderation(destination, ask=asked.append).ask_about(manifest)
    assert len(asked) == 1


def test_a_moderator_may_decide_at_once(destination):
    work = moderation(destination, ask=lambda _held: decision(Verdict.REJECT))
    assert work.ask_about(work.hold(HELD_1, b"look")) is True
    assert work.verdict(version(1)) == Verdict.REJECT


def test_what_was_removed_while_the_moderator_was_asked_does_not_come_back(destination):
    work = moderation(destination)
    manifest = work.hold(HELD_1, b"look")

    def remove(_held):
        destination.delete(sorted(work.keys_of(version(1))))

    moderation(destination, ask=remove).ask_about(manifest)
    assert [key for key in destination.objects if key.startswith(HELD)] == []


def test_nobody_is_asked_without_a_moderator(destination):
    work = moderation(destination)
    assert work.ask_about(work.hold(HELD_1, b"look")) is False
    assert not work.held_record(version(1)).is_asked


def test_what_is_kept_of_an_upload_is_not_anothers(destination):
    work = moderation(destination)
    work.hold(HELD_1, b"look")
    work.hold(HELD_1.replace(key="uploads/u1/beach.jpg/_x"), b"look")
    assert work.keys_kept("u1/beach.jpg") == work.keys_of(version(1))
    assert work.keys_kept("u1") == set()


@pytest.mark.parametrize("moderates", [True, False])
def test_a_stack_without_moderation_looks_for_decisions_if_there_are_some(destination, moderates):
    assert moderation(destination, moderates=moderates).is_active is moderates
    assert moderation(destination, moderates=moderates, has_decisions=lambda: True).is_active


def test_a_rejection_says_that_a_moderator_rejected_and_nothing_else():
    manifest = rejection_of(version(1))
    read = Manifest.from_json(manifest.to_json())
    assert read == manifest
    assert (read.is_moderated, read.is_bare, read.error.code) == (True, True, "moderated")


def test_a_key_may_be_too_long_for_the_records(destination):
    longest = 1024 - len(decision_key("", "1"))
    named = [version(1).replace(key=f"uploads/{'a' * (longest + more)}") for more in (0, 1)]
    assert [moderation(destination).fits(each) for each in named] == [True, False]
