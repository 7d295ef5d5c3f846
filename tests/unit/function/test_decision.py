"""Each state of a key has one next step."""

import pytest

from function.contract import Status, Verdict
from function.decision import Hold, Refuse, Render, State, Step, decide
from function.events import EventKind
from function.moderation import rejection_of
from function.storage.bucket import ABSENT
from function.versions import ObjectVersion
from tests.support.history import backfill, created, event, manifest, removal, version


def found(number: int, sequencer: str) -> ObjectVersion:
    """A version that no event told of, with the sequencer that it is rendered under."""
    return version(number).replace(sequencer=sequencer)


HELD_1, HELD_2 = found(1, ""), found(2, "")
"""Versions as a look at the key finds them."""

TABLE = {
    # what the event says · manifest · key holds · further facts · step
    "first upload": (created(1), None, version(1), {}, Render(version(1))),
    "newer upload": (created(2), manifest(1), version(2), {}, Render(version(2))),
    "upload found before by a look": (
        created(2),
        manifest(2, sequencer="011"),
        version(2),
        {},
        Render(version(2)),
    ),
    "upload while a removal is under way": (
        created(3),
        manifest(2, Status.DELETED),
        version(3),
        {},
        Render(version(3)),
    ),
    "redelivery": (created(1), manifest(1), HELD_1, {}, Step.REPAIR),
    "redelivery, checked": (created(1), manifest(1), HELD_1, {"is_whole": True}, Step.SKIP),
    "redelivery, something missing": (
        created(1),
        manifest(1),
        HELD_1,
        {"is_whole": False},
        Render(version(1)),
    ),
    "rejected upload, redelivered": (
        created(1),
        manifest(1, Status.REJECTED),
        HELD_1,
        {},
        Step.REPAIR,
    ),
    "late event of an older upload": (created(1), manifest(2), HELD_2, {}, Step.REPAIR),
    "newer upload whose event is under way": (created(1), manifest(1), HELD_2, {}, Step.REPAIR),
    "the same, checked": (created(1), manifest(1), HELD_2, {"is_whole": True}, Step.SKIP),
    "older upload is back, by a late event": (
        created(1),
        manifest(2),
        HELD_1,
        {"is_retained": False},
        Render(found(1, "021")),
    ),
    "upload removed before it was processed": (created(1), None, None, {}, Step.REMOVE),
    "upload removed while it was processed": (
        created(1),
        manifest(1),
        None,
        {"is_whole": True},
        Step.REMOVE,
    ),
    "late event of a removed upload": (
        created(1),
        manifest(1, Status.DELETED, "02"),
        HELD_1,
        {},
        Render(found(1, "021")),
    ),
    "removal": (removal(2), manifest(1), None, {}, Step.REMOVE),
    "removal, done": (removal(2), None, None, {"is_whole": True}, Step.SKIP),
    "removal without a manifest": (removal(2), None, None, {}, Step.REMOVE),
    "removal that a dead process began": (
        removal(2),
        manifest(1, Status.DELETED, "02"),
        None,
        {},
        Step.REMOVE,
    ),
    "late removal, upload is back": (removal(2), None, HELD_1, {}, Render(found(1, "02"))),
    "removal of an old version": (removal(3), manifest(2), HELD_2, {}, Step.REPAIR),
    "removal of the latest version": (
        removal(3),
        manifest(2),
        HELD_1,
        {"is_retained": False},
        Render(found(1, "03")),
    ),
    "removal while a newer upload's event is under way": (
        removal(3),
        manifest(1),
        HELD_2,
        {},
        Step.REPAIR,
    ),
    "backfill": (backfill(1), manifest(1), HELD_1, {}, Render(version(1))),
    "backfill before any event": (backfill(1), None, HELD_1, {}, Render(found(1, "00"))),
    "backfill of an upload that no event told of": (
        backfill(1),
        manifest(1),
        HELD_2,
        {},
        Render(found(2, "011")),
    ),
    "backfill of a removed upload": (backfill(1), manifest(1), None, {}, Step.REMOVE),
    "backfill while a removal is under way": (
        backfill(1),
        manifest(1, Status.DELETED, "02"),
        HELD_1,
        {},
        Render(found(1, "021")),
    ),
    "dead letter sent again": (
        created(1),
        manifest(1, Status.FAILED),
        HELD_1,
        {},
        Render(version(1)),
    ),
    "the same, and it failed again": (
        event(EventKind.CHANGED, version(1)),
        manifest(1, Status.FAILED),
        HELD_1,
        {},
        Step.REPAIR,
    ),
    "dead letter sent again for an upload that was replaced": (
        created(1),
        manifest(1, Status.FAILED),
        HELD_2,
        {},
        Render(found(2, "011")),
    ),
    "late event after a failure": (
        created(1),
        manifest(2, Status.FAILED),
        HELD_2,
        {},
        Render(version(2)),
    ),
    "status of a newer release": (created(1), manifest(1, "later"), HELD_1, {}, Step.REPAIR),
}

BARE = {number: manifest(number, Status.HELD).bare() for number in (1, 2)}
REFUSED = rejection_of(version(1))
APPROVE, REJECT, HOLD = ({"verdict": verdict} for verdict in Verdict)
DECIDED = event(EventKind.DECIDED, version(1).replace(sequencer="00"))

MODERATED = {
    # what the event says · manifest · key holds · further facts · with the setting · without it
    "first upload": (created(1), None, version(1), {}, Hold(version(1)), Render(version(1))),
    "newer upload of one that is shown": (
        created(2),
        manifest(1),
        version(2),
        {},
        Hold(version(2)),
        Render(version(2)),
    ),
    "first upload, approved before": (
        created(1),
        None,
        version(1),
        APPROVE,
        Render(version(1)),
        Render(version(1)),
    ),
    "first upload, rejected before": (
        created(1),
        None,
        version(1),
        REJECT,
        Refuse(version(1)),
        Refuse(version(1)),
    ),
    "held upload is back after a deletion": (
        removal(2),
        None,
        HELD_1,
        HOLD,
        Hold(found(1, "02")),
        Hold(found(1, "02")),
    ),
    "held, redelivered": (created(1), BARE[1], HELD_1, HOLD, Step.REPAIR, Step.REPAIR),
    "held, checked": (
        created(1),
        BARE[1],
        HELD_1,
        HOLD | {"is_whole": True},
        Step.SKIP,
        Step.SKIP,
    ),
    "held, its look is lost": (
        created(1),
        BARE[1],
        HELD_1,
        HOLD | {"is_whole": False},
        Hold(version(1).replace(etag="e")),
        Hold(version(1).replace(etag="e")),
    ),
    "held, backfilled": (backfill(1), BARE[1], HELD_1, HOLD, Hold(version(1)), Hold(version(1))),
    "held, and its record is lost": (
        backfill(1),
        BARE[1],
        HELD_1,
        {},
        Hold(version(1)),
        Hold(version(1)),
    ),
    "held under an older sequencer": (
        created(2),
        BARE[2].replace(source=BARE[2].source.replace(sequencer="011")),
        version(2),
        {},
        Hold(version(2)),
        Hold(version(2)),
    ),
    "held, approved": (DECIDED, BARE[1], HELD_1, APPROVE, Render(version(1)), Render(version(1))),
    "held, rejected": (DECIDED, BARE[1], HELD_1, REJECT, Refuse(version(1)), Refuse(version(1))),
    "shown, rejected": (
        DECIDED,
        manifest(1),
        HELD_1,
        REJECT,
        Refuse(version(1)),
        Refuse(version(1)),
    ),
    "shown, and known from a rejection by another invocation": (
        created(1),
        manifest(1),
        HELD_1,
        HOLD,
        Hold(version(1)),
        Hold(version(1)),
    ),
    "shown, approved": (DECIDED, manifest(1), HELD_1, APPROVE, Step.REPAIR, Step.REPAIR),
    "shown before the setting, backfilled": (
        backfill(1),
        manifest(1),
        HELD_1,
        {},
        Render(version(1)),
        Render(version(1)),
    ),
    "no picture, backfilled": (
        backfill(1),
        manifest(1, Status.REJECTED),
        HELD_1,
        {},
        Hold(version(1)),
        Render(version(1)),
    ),
    "failed, redriven": (
        created(1),
        manifest(1, Status.FAILED),
        HELD_1,
        {},
        Hold(version(1)),
        Render(version(1)),
    ),
    "rejected, redelivered": (created(1), REFUSED, HELD_1, REJECT, Step.REPAIR, Step.REPAIR),
    "rejected, backfilled": (backfill(1), REFUSED, HELD_1, REJECT, Step.REPAIR, Step.REPAIR),
    "rejected, and its record is lost": (
        backfill(1),
        REFUSED,
        HELD_1,
        {},
        Step.REPAIR,
        Step.REPAIR,
    ),
    "rejected under an older sequencer, and its record is lost": (
        created(2),
        rejection_of(version(2).replace(sequencer="011")),
        version(2),
        {},
        Refuse(version(2)),
        Refuse(version(2)),
    ),
    "rejected, then approved": (
        DECIDED,
        REFUSED,
        HELD_1,
        APPROVE,
        Render(version(1)),
        Render(version(1)),
    ),
    "rejected while a newer upload's event is under way": (
        DECIDED,
        manifest(1),
        HELD_2,
        {"shown_verdict": Verdict.REJECT},
        Refuse(version(1)),
        Refuse(version(1)),
    ),
    "approved while a newer upload's event is under way": (
        DECIDED,
        BARE[1],
        HELD_2,
        {"shown_verdict": Verdict.APPROVE, "is_whole": False},
        Step.SKIP,
        Step.SKIP,
    ),
}


@pytest.mark.parametrize("holds", [True, False], ids=["held", "at once"])
@pytest.mark.parametrize(
    ("event", "standing", "held", "more", "step", "other"), MODERATED.values(), ids=MODERATED
)
def test_each_state_of_moderation_has_one_next_step(
    event, standing, held, more, step, other, holds
):
    state = State(standing=standing, etag=ABSENT, held=held, **more)
    assert decide(event, state, holds=holds) == (step if holds else other)


@pytest.mark.parametrize(("event", "standing", "held", "more", "step"), TABLE.values(), ids=TABLE)
def test_each_state_has_one_next_step(event, standing, held, more, step):
    state = State(standing=standing, etag=ABSENT, held=held, **more)
    assert decide(event, state) == step
