"""The tag of a rejected upload follows its manifest, whatever happens around it."""

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from function.contract import REJECTED_TAG, Status
from function.engine.errors import DecoderBug, Reason
from function.manifest import ErrorFacts, Manifest
from function.rejections import Rejections
from function.storage.bucket import Headers
from function.storage.errors import Gone
from tests.support.history import KEY, backfill, created, version
from tests.support.memory import MemoryBucket
from tests.unit.function.test_reconcile import MANIFEST, Crash, Interrupted, Source, reconciler

NAME, VALUE = REJECTED_TAG
MARK = {NAME: VALUE}
OTHERS = {f"other-{n}": "x" for n in range(9)}


class MemoryTags:
    """Tags at the seam of ``Tags``; ``versions`` has those of each version that exists."""

    def __init__(self, **versions):
        self.versions, self.requests = versions, 0

    def read(self, key, version_id):
        self.requests += 1
        if version_id not in self.versions:
            raise Gone(key)
        return dict(self.versions[version_id])

    def write(self, key, version_id, tags):
        self.read(key, version_id)
        self.versions[version_id] = dict(tags)


def outcome(status: Status, code: str = "not_an_image", number: int = 1) -> Manifest:
    error = ErrorFacts(code, "") if status in (Status.REJECTED, Status.FAILED) else None
    return Manifest.without_renditions(version(number), status, error)


@pytest.mark.parametrize(
    ("manifest", "before", "after"),
    [
        (outcome(Status.REJECTED), {}, MARK),
        (outcome(Status.REJECTED), OTHERS, OTHERS | MARK),
        (outcome(Status.REJECTED), MARK, MARK),
        (outcome(Status.REJECTED), {NAME: "something else"}, MARK),
        (outcome(Status.REJECTED), OTHERS | {"tenth": "x"}, OTHERS | {"tenth": "x"}),
        (outcome(Status.REJECTED, Reason.ARCHIVED), {}, {}),
        (outcome(Status.REJECTED, Reason.ARCHIVED), MARK, {}),
        (outcome(Status.READY), OTHERS | MARK, OTHERS),
        (outcome(Status.READY), OTHERS, OTHERS),
        (outcome(Status.FAILED), MARK, {}),
    ],
)
def test_the_tag_is_that_of_the_manifest(manifest, before, after):
    tags = MemoryTags(**{"1": before})
    assert Rejections(tags).follow(manifest) is (before != after)
    assert tags.versions["1"] == after
    assert Rejections(tags).follow(manifest) is False


def test_a_version_that_is_gone_needs_no_tag():
    assert Rejections(MemoryTags()).follow(outcome(Status.REJECTED)) is False


def work(source, destination, tags):
    return reconciler(source, destination).replace(rejections=Rejections(tags))


def number_of(key: Source) -> MemoryTags:
    return MemoryTags(**{name: {} for name in key.versions[KEY]})


REJECTED, ACCEPTED = 3, 1
"""Uploads by number (tests/support/numbers.py)."""


def test_a_rejected_upload_is_tagged_and_a_good_one_costs_no_request(destination):
    for number, wanted in ((REJECTED, MARK), (ACCEPTED, {})):
        key = Source(number)
        tags = number_of(key)
        work(key, MemoryBucket(), tags).reconcile(created(number))
        assert tags.versions[str(number)] == wanted
        assert (tags.requests > 0) is (wanted == MARK)


def test_without_the_setting_there_is_no_request(destination):
    assert reconciler(Source(REJECTED), destination).reconcile(created(REJECTED)).error


class Rejecting:
    """A processor of a release that knows no image."""

    @staticmethod
    def process(found, **_how):
        return Manifest.without_renditions(found, Status.REJECTED, ErrorFacts("not_an_image", ""))


REJECTING = Rejecting()


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_release_that_accepts_it_takes_the_tag_away(destination, is_lost):
    """Also where its manifest was lost in the meantime, with the bucket of renditions."""
    key = Source(ACCEPTED)
    tags = MemoryTags(**{"1": MARK | OTHERS})
    rejected = outcome(Status.REJECTED)
    if not is_lost:
        destination.put(MANIFEST, rejected.to_json(), Headers("", "", "01"))
    assert work(key, destination, tags).reconcile(backfill(1)).status == Status.READY
    assert tags.versions["1"] == OTHERS


def test_what_fails_by_our_fault_is_kept(destination):
    key, tags = Source(1), MemoryTags(**{"1": dict(MARK)})

    class Broken:
        @staticmethod
        def process(*_, **__):
            raise DecoderBug("KeyError: 7")

    broken = work(key, destination, tags).replace(processor=Broken())
    with pytest.raises(DecoderBug):
        broken.reconcile(backfill(1), is_last=True)
    assert json.loads(destination.objects[MANIFEST])["status"] == "failed"
    assert tags.versions["1"] == {}


@given(
    number=st.sampled_from([REJECTED, ACCEPTED]),
    dies_at=st.integers(0, 40),
    is_backfill=st.booleans(),
    was_rejected=st.booleans(),
)
def test_wherever_a_process_dies_the_next_delivery_makes_them_agree(
    number, dies_at, is_backfill, was_rejected
):
    """Also where a backfill by an older release has rejected the upload before its own event."""
    key, destination = Source(number), MemoryBucket()
    tags, calls = number_of(key), itertools.count()
    if was_rejected:
        work(key, destination, tags).replace(processor=REJECTING).reconcile(backfill(number))
        assert tags.versions[str(number)] == MARK
    event = backfill(number) if is_backfill else created(number)

    def die():
        if next(calls) == dies_at:
            raise Crash

    parts = [Interrupted(part, die) for part in (key, destination, tags)]
    try:
        work(*parts).reconcile(event)
    except Crash:
        work(key, destination, tags).reconcile(event)
    assert tags.versions[str(number)] == (MARK if number == REJECTED else {})


@settings(max_examples=400)
@given(beaten_at=st.integers(0, 40), wins=st.booleans(), is_new=st.booleans())
def test_two_releases_that_disagree_leave_the_tag_of_the_manifest(beaten_at, wins, is_new):
    """One rejects what the other renders; the other runs between any two requests of the one."""
    key, destination = Source(ACCEPTED), MemoryBucket()
    tags, calls = number_of(key), itertools.count()

    accepting = work(key, destination, tags)
    rejecting = accepting.replace(processor=REJECTING)
    inner, outer = (accepting, rejecting) if wins else (rejecting, accepting)

    def interfere():
        if next(calls) == beaten_at:
            inner.reconcile(backfill(1))

    parts = {
        "source": Interrupted(key, interfere),
        "destination": Interrupted(destination, interfere),
        "rejections": Rejections(Interrupted(tags, interfere)),
    }
    outer.replace(**parts).reconcile(created(1) if is_new else backfill(1))
    status = json.loads(destination.objects[MANIFEST])["status"]
    assert tags.versions["1"] == (MARK if status == "rejected" else {})
