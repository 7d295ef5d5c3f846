"""Uploads of one name under two prefixes: the first prefix that holds the name is shown."""

import contextlib
import itertools
import os
from types import SimpleNamespace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from function.contention import Contended
from function.contract import Status, Verdict
from function.events import EventKind
from function.manifest import Manifest
from function.reconcile import Reconciler
from function.storage.errors import Gone
from tests.support.history import event
from tests.support.memory import MemoryBucket
from tests.support.moderated import decided, holder
from tests.support.numbers import NumberProcessor, names_of
from tests.unit.function.test_reconcile import Crash, Interrupted

PREFIXES = ("incoming/", "uploads/")
NEW, OLD = KEYS = [f"{prefix}u1/beach.jpg" for prefix in PREFIXES]
MANIFEST = "u1/beach.jpg/manifest.json"


def reconciler(source, destination, prefixes=PREFIXES) -> Reconciler:
    processor = NumberProcessor(source, destination)
    processor.prefixes = prefixes
    return Reconciler(
        source=source,
        destination=destination,
        files=("a.jpg", "b.jpg", "c.jpg"),
        processor=processor,
        back_off=lambda attempt: None,
        prefixes=prefixes,
    )


def put(source, key, body=None):
    number = str(source.operations + 1).encode()
    return event(EventKind.CREATED, source.upload(key, body or number))


def delete(source, key):
    return event(EventKind.CHANGED, source.mark_deleted(key))


def deliver(work, upload) -> None:
    with contextlib.suppress(Gone):
        work.reconcile(upload)


def assert_shown(destination, source) -> None:
    """The destination shows what the first prefix that holds the name has, and nothing else."""
    key = next((key for key in KEYS if key in source.objects), None)
    if key is None:
        assert destination.objects == {}
        return
    body = source.objects[key]
    found = Manifest.from_json(destination.objects[MANIFEST])
    assert (found.source.key, found.status) == (
        key,
        Status.READY if None not in names_of(body) and names_of(body) else Status.REJECTED,
    )
    files = {} if found.error else {f"u1/beach.jpg/{name}.jpg": body for name in names_of(body)}
    assert {k: v for k, v in destination.objects.items() if k != MANIFEST} == files


CHANGES = {
    "an upload under each": [(put, OLD), (put, NEW)],
    "under the former one last": [(put, NEW), (put, OLD)],
    "the new one deleted": [(put, OLD), (put, NEW), (delete, NEW)],
    "the old one deleted": [(put, OLD), (put, NEW), (delete, OLD)],
    "both deleted": [(put, OLD), (put, NEW), (delete, OLD), (delete, NEW)],
    "the old one overwritten": [(put, OLD), (put, NEW), (put, OLD), (delete, NEW)],
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_first_prefix_that_holds_a_name_is_shown_in_any_order_of_events(name):
    source = MemoryBucket()
    events = [change(source, key) for change, key in CHANGES[name]]
    for order in itertools.permutations(events):
        destination = MemoryBucket()
        for one in order:
            deliver(reconciler(source, destination), one)
        assert_shown(destination, source)
        for one in order:
            deliver(reconciler(source, destination), one)
            assert_shown(destination, source)


class World:
    """Two keys whose history goes on, and what happens before each S3 call."""

    def __init__(self, operations, happenings) -> None:
        self.source, self.destination = MemoryBucket(), MemoryBucket()
        self.ahead, self.script = list(operations), list(happenings)
        self.waiting, self.delivered = [], []

    def go_on(self) -> None:
        change, key = self.ahead.pop(0)
        if change is put or key in self.source.objects:
            self.waiting.append(change(self.source, key))

    def interrupt(self) -> None:
        happening = self.script.pop(0) if self.script else "nothing"
        if happening == "die":
            raise Crash
        if happening == "run" and self.waiting:
            self.deliver(self.waiting.pop())
        elif happening == "next" and self.ahead:
            self.go_on()
        elif happening == "again" and self.delivered:
            self.waiting.append(self.delivered[0])

    def deliver(self, one) -> None:
        buckets = (Interrupted(each, self.interrupt) for each in (self.source, self.destination))
        try:
            reconciler(*buckets).reconcile(one)
        except (Crash, Contended):
            self.waiting.insert(0, one)
        except Gone:
            pass
        self.delivered.append(one)

    def run(self) -> None:
        while self.ahead or self.waiting:
            if self.waiting:
                self.deliver(self.waiting.pop(0))
            else:
                self.go_on()


@settings(max_examples=int(os.environ.get("CASES", "300")), deadline=None)
@given(
    operations=st.lists(
        st.tuples(st.sampled_from([put, put, delete]), st.sampled_from(KEYS)),
        min_size=1,
        max_size=7,
    ),
    happenings=st.lists(
        st.sampled_from([*["nothing"] * 3, "die", "run", "next", "again"]), max_size=80
    ),
)
@example(
    operations=[(put, NEW), (delete, NEW), (put, OLD), (put, OLD)],
    happenings=["next", "next", "next", "run"],
)
@example(
    operations=[(put, NEW), (put, OLD), (delete, NEW), (put, OLD)],
    happenings=["next", "next", "next", "run"],
)
@example(
    operations=[(put, OLD), (put, NEW), (put, NEW), (put, NEW)],
    happenings=["die", "nothing", "next", "again", "run", "next", "next"],
)
def test_it_is_shown_through_crashes_and_races(operations, happenings):
    world = World(operations, happenings)
    world.run()
    assert_shown(world.destination, world.source)


def test_the_order_of_sequencers_under_two_prefixes_says_nothing():
    """S3 orders the events of one key alone."""
    source, destination = MemoryBucket(), MemoryBucket()
    late = put(source, OLD)
    late = late.replace(version=late.version.replace(sequencer="ff"))
    deliver(reconciler(source, destination), late)
    deliver(reconciler(source, destination), put(source, NEW))
    assert_shown(destination, source)


@pytest.mark.parametrize("change", [put, delete])
def test_renditions_of_a_prefix_that_the_stack_has_no_more_stay_until_their_name_comes(change):
    """The role may not look at such a key, so it is not asked about."""
    source, destination = MemoryBucket(), MemoryBucket()
    deliver(reconciler(source, destination), put(source, OLD))
    before = dict(destination.objects)
    upload = put(source, NEW)
    changed = upload if change is put else delete(source, NEW)
    source.failing = {OLD}
    work = reconciler(NoHead(source, OLD), destination, ("incoming/",))
    deliver(work, changed)
    if change is put:
        assert_shown(destination, source)
    else:
        assert destination.objects == before


def test_the_cdn_forgets_a_rejected_upload_whose_name_an_upload_under_another_prefix_has(
    environment,
):
    source, destination, asked = MemoryBucket(), MemoryBucket(), []
    cdn = SimpleNamespace(forget=lambda name, _reference: asked.append(name))
    settings = environment.replace(upload_prefixes=PREFIXES)
    keeper = holder(settings, source, destination, holds=False, cdn=cdn)
    keeper = keeper.replace(moderation=keeper.moderation.replace(prefixes=PREFIXES))
    work = reconciler(source, destination).replace(holder=keeper)
    old, new = put(source, OLD), put(source, NEW)
    deliver(work, old)
    deliver(work, new)
    of = old.version.replace(sequencer="00", etag="", bytes=0)
    deliver(work, decided(1, Verdict.REJECT).replace(version=of))
    shown = Manifest.from_json(destination.objects[MANIFEST])
    assert (shown.source.key, shown.status) == (NEW, Status.READY)
    assert asked == ["u1/beach.jpg"]


class NoHead:
    """A source bucket that refuses to be asked about a key."""

    def __init__(self, bucket, key) -> None:
        self._bucket, self._key = bucket, key

    def __getattr__(self, name):
        return getattr(self._bucket, name)

    def head(self, key):
        assert key != self._key
        return self._bucket.head(key)
