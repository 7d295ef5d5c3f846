"""Each state of a key has one next step."""

import pytest

from function.contract import Status
from function.decision import Render, State, Step, decide
from function.events import EventKind
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
    "status of a newer release": (created(1), manifest(1, "held"), HELD_1, {}, Step.REPAIR),
}


@pytest.mark.parametrize(("event", "standing", "held", "more", "step"), TABLE.values(), ids=TABLE)
def test_each_state_has_one_next_step(event, standing, held, more, step):
    state = State(standing=standing, etag=ABSENT, held=held, **more)
    assert decide(event, state) == step
