"""Whatever order events come in, however often, and wherever a process dies: the newest wins."""

import dataclasses
import itertools
import json
import os
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from memory import MemoryBucket

from function import process as module
from function import produce
from function.engine.decode import Source
from function.engine.render import Rendered
from function.engine.renditions import Rendition
from function.environment import Environment
from function.events import Upload, is_newer
from function.process import process
from function.store import Gone, Held

KEY = "uploads/u1/beach.jpg"
MANIFEST = "u1/beach.jpg/manifest.json"
NAMES = {1: ["a", "b"], 2: ["b", "c"], 3: [], 4: ["a", "c"], 5: ["a", "b", None], 0: ["c"]}
"""Renditions that each version of the upload has, by its number modulo 6; the third one is rejected
at once, the fifth (None) when two are stored."""


class Crash(BaseException):
    """The process dies here; nothing may catch this."""


class Key:
    """One key of a versioned source bucket; a version has its number as its bytes."""

    MARKER = 0

    def __init__(self, *versions: int) -> None:
        self.stack = list(versions)
        self.operations = 0

    def put(self) -> Upload:
        self.operations += 1
        self.stack.append(self.operations)
        return version(self.operations)

    def delete(self) -> Upload:
        self.operations += 1
        self.stack.append(self.MARKER)
        return removal(self.operations)

    def purge(self) -> Upload:
        """Remove the latest version, or the marker, for good: what was before is back."""
        self.operations += 1
        self.stack.pop()
        return removal(self.operations)

    @property
    def held(self) -> int:
        """Number of the version that the key holds; 0 if none."""
        return self.stack[-1] if self.stack else self.MARKER

    def fetch(self, key, *, version_id, max_bytes):
        if int(version_id) not in self.stack:
            raise Gone(key)
        return version_id.encode()

    def has(self, key, version_id):
        return int(version_id) in self.stack

    def head(self, key):
        return Held(version_id=str(self.held), etag="e", bytes=1) if self.held else None


class Interrupted:
    """A bucket that lets something happen before each of its operations."""

    def __init__(self, bucket, interrupt: Callable[[], None]) -> None:
        self._bucket, self._interrupt = bucket, interrupt

    def __getattr__(self, name):
        def call(*arguments, **options):
            self._interrupt()
            return getattr(self._bucket, name)(*arguments, **options)

        return call


KEY_1_TO_5 = Key(1, 2, 3, 4, 5)


def version(number: int) -> Upload:
    return Upload(
        bucket="source",
        key=KEY,
        version_id=str(number),
        etag="e",
        sequencer=f"{number:02}",
        size=1,
        correlation_id="c",
    )


def removal(number: int) -> Upload:
    return dataclasses.replace(version(number), removed=True)


def names_of(data: bytes) -> list:
    return NAMES[int(data) % 6]


def fake_decode(data, renditions, **options):
    if not names_of(data):
        raise produce.Rejected("not_an_image", "No.")
    source = object.__new__(Source)
    for name, value in {"width": 1, "height": 1, "format": "jpeg", "data": data}.items():
        object.__setattr__(source, name, value)
    return source


def fake_render(source, renditions, **options):
    for name in names_of(source.data):
        if name is None:
            raise produce.Rejected("broken_image", "No.")
        rendition = Rendition(name=name, width=1, height=1)
        yield Rendered(rendition=rendition, format="jpeg", width=1, height=1, body=source.data)


@pytest.fixture(autouse=True)
def _cheap_images(monkeypatch):
    monkeypatch.setattr(produce, "decode", fake_decode)
    monkeypatch.setattr(produce, "render", fake_render)
    monkeypatch.setattr(produce, "fingerprint", lambda source: None)
    monkeypatch.setattr(produce, "STORE_THREADS", 1)
    monkeypatch.setattr(module, "STORE_THREADS", 1)
    monkeypatch.setattr(module, "MAX_ATTEMPTS", 50)
    monkeypatch.setattr(module, "PAUSE", 0)


def assert_newest(bucket, newest: int) -> None:
    manifest = json.loads(bucket.objects[MANIFEST])
    assert manifest["source"]["version_id"] == str(newest)
    names = names_of(str(newest).encode())
    names = [] if None in names else names
    assert [rendition["name"] for rendition in manifest["renditions"]] == names
    stored = {key: body for key, body in bucket.objects.items() if key != MANIFEST}
    assert stored == {f"u1/beach.jpg/{name}.jpg": str(newest).encode() for name in names}


@pytest.mark.parametrize(
    "order", [[1, 2], [2, 1], [1, 1], [2, 1, 2], [1, 3, 2], [4, 3, 2, 1], [5, 1]]
)
def test_the_newest_wins_in_any_order(destination, environment, order):
    for number in order:
        process(version(number), environment, KEY_1_TO_5, destination)
    assert_newest(destination, max(order))


def test_a_second_delivery_changes_nothing(destination, environment):
    assert process(version(1), environment, KEY_1_TO_5, destination) is not None
    before = dict(destination.objects)
    assert process(version(1), environment, KEY_1_TO_5, destination) is None
    assert destination.objects == before


def test_a_rejected_newer_version_removes_the_old_renditions(destination, environment):
    process(version(1), environment, KEY_1_TO_5, destination)
    process(version(3), environment, KEY_1_TO_5, destination)
    assert list(destination.objects) == [MANIFEST]


def test_what_a_dead_process_wrote_over_is_put_right_by_its_next_delivery(destination, environment):
    process(version(2), environment, KEY_1_TO_5, destination)
    destination.objects["u1/beach.jpg/b.jpg"] = b"1"
    destination.headers["u1/beach.jpg/b.jpg"] = dataclasses.replace(
        destination.headers["u1/beach.jpg/b.jpg"], sequencer="01"
    )
    process(version(1), environment, KEY_1_TO_5, destination)
    assert_newest(destination, 2)


def test_a_backfill_renders_the_same_version_anew_once(destination, environment):
    key = Key(1, 2)
    process(version(2), environment, key, destination)
    destination.objects["u1/beach.jpg/b.jpg"] = b"as the old settings had it"
    again = dataclasses.replace(version(2), sequencer="", reprocess=True)
    assert process(again, environment, key, destination) is not None
    assert_newest(destination, 2)
    assert json.loads(destination.objects[MANIFEST])["source"]["sequencer"] == "02"


def test_a_backfill_never_overtakes_a_real_event(destination, environment):
    key = Key(1, 2)
    process(version(2), environment, key, destination)
    stale = dataclasses.replace(version(1), sequencer="", reprocess=True)
    process(stale, environment, key, destination)
    assert_newest(destination, 2)


def test_a_backfill_before_any_event_is_replaced_by_one(destination, environment):
    early = dataclasses.replace(version(1), sequencer="", reprocess=True)
    process(early, environment, KEY_1_TO_5, destination)
    process(version(2), environment, KEY_1_TO_5, destination)
    assert_newest(destination, 2)


def test_a_sequencer_is_compared_as_s3_says():
    assert is_newer("0B", "0A11")
    assert not is_newer("0A1", "0A11")
    assert not is_newer("0A1", "0A10")


def test_a_backfill_finds_an_overwrite_that_no_event_told_of(destination, environment):
    process(version(1), environment, Key(1), destination)
    again = dataclasses.replace(version(1), sequencer="", reprocess=True)
    assert process(again, environment, Key(1, 2), destination) is not None
    assert_newest(destination, 2)
    process(version(2), environment, Key(1, 2), destination)
    assert_newest(destination, 2)
    assert json.loads(destination.objects[MANIFEST])["source"]["sequencer"] == "02"


@pytest.mark.parametrize("deliveries", [["put", "gone"], ["gone", "put"], ["put", "gone", "put"]])
def test_a_removed_upload_leaves_nothing(destination, environment, deliveries):
    key = Key()
    events = {"put": key.put(), "gone": key.delete()}
    for delivery in deliveries:
        process(events[delivery], environment, key, destination)
    assert destination.objects == {}


def test_the_log_learns_that_an_upload_was_removed(destination, environment):
    key = Key()
    process(key.put(), environment, key, destination)
    manifest = process(key.delete(), environment, key, destination)
    assert manifest is not None
    assert manifest.status == "deleted"


def test_what_a_dead_process_left_of_a_removed_upload_is_removed(destination, environment):
    key = Key()
    process(key.put(), environment, key, destination)
    removed = key.delete()
    del destination.objects[MANIFEST]
    process(removed, environment, key, destination)
    assert destination.objects == {}


def test_an_upload_after_a_removal_stays(destination, environment):
    key = Key()
    events = [key.put(), key.delete(), key.put()]
    for event in (*events, events[1]):
        process(event, environment, key, destination)
    assert_newest(destination, 3)


def test_removing_an_old_version_changes_nothing(destination, environment):
    process(version(2), environment, Key(1, 2), destination)
    assert process(removal(3), environment, Key(2), destination) is None
    assert_newest(destination, 2)


def test_removing_the_latest_version_brings_back_the_one_before(destination, environment):
    key = Key()
    for operation in (key.put, key.put, key.purge):
        process(operation(), environment, key, destination)
    assert_newest(destination, 1)


def test_an_older_version_that_is_back_replaces_one_written_after_its_removal(
    destination, environment
):
    key, calls = Key(), itertools.count()
    key.operations = 7
    process(key.put(), environment, key, destination)
    rejected = key.put()

    def remove_before_the_manifest_is_written():
        if next(calls) == 2:
            process(key.purge(), environment, key, destination)

    buckets = (Interrupted(b, remove_before_the_manifest_is_written) for b in (key, destination))
    process(rejected, environment, *buckets)
    assert_newest(destination, 8)


def test_removing_a_delete_marker_brings_the_upload_back(destination, environment):
    key = Key()
    process(key.put(), environment, key, destination)
    process(key.delete(), environment, key, destination)
    process(key.purge(), environment, key, destination)
    assert_newest(destination, 1)


class World:
    """A key whose history goes on, its events, and what happens before each S3 call."""

    def __init__(self, operations: list[str], happenings: list[str]) -> None:
        self.key, self.bucket = Key(), MemoryBucket()
        self.ahead, self.script = list(operations), list(happenings)
        self.waiting: list[Upload] = []
        self.delivered: list[Upload] = []
        self.only_grew = True

    def go_on(self) -> None:
        """Let the key's next operation happen; its event waits."""
        operation = self.ahead.pop(0)
        if operation == "put" or not self.key.stack:
            event = self.key.put()
        elif operation == "purge" or not self.key.held:
            event, self.only_grew = self.key.purge(), False
        else:
            event, self.only_grew = self.key.delete(), False
        self.waiting.append(event)

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

    def deliver(self, event: Upload) -> None:
        """Process an event as the handler does; who dies is delivered again, after all others."""
        buckets = (Interrupted(bucket, self.interrupt) for bucket in (self.key, self.bucket))
        try:
            process(event, _environment(), *buckets)
        except (Crash, module.Contended):
            self.waiting.insert(0, event)
        except Gone:
            pass
        self.delivered.append(event)

    def run(self) -> None:
        while self.ahead or self.waiting:
            if not self.waiting:
                self.go_on()
            self.deliver(self.waiting.pop(0))
            if self.only_grew:
                assert_consistent(self.bucket)


NOTHING = "nothing"


@example(["put", "delete", "purge"], [*[NOTHING] * 5, "next", *[NOTHING] * 2, "die", "next"])
@example(["put", "put", "purge"], [*[NOTHING] * 8, "die", "next"])
@example(["put", "purge"], [*[NOTHING] * 2, "next", "run", *[NOTHING] * 6, "die"])
@settings(max_examples=int(os.environ.get("CASES", "500")), deadline=None)
@given(
    operations=st.lists(st.sampled_from(["put", "put", "delete", "purge"]), min_size=1, max_size=7),
    happenings=st.lists(
        st.sampled_from(["nothing", "nothing", "nothing", "die", "run", "next", "again"]),
        max_size=80,
    ),
)
def test_the_newest_wins_through_crashes_and_races(operations, happenings):
    """Before each S3 call the key may change, another event may run to its end or die inside, an
    old event may be delivered again, or this process may die.

    Without removals no manifest ever names what is not there. A removal that overtakes an upload at
    work may take renditions whose manifest comes after; the events that wait put that right.
    """
    world = World(operations, happenings)
    world.run()
    if world.key.held:
        assert_newest(world.bucket, world.key.held)
    else:
        assert world.bucket.objects == {}


def assert_consistent(bucket) -> None:
    """A manifest, if there is one, names only what is there."""
    if MANIFEST in bucket.objects:
        named = [r["key"] for r in json.loads(bucket.objects[MANIFEST])["renditions"]]
        assert [key for key in named if key not in bucket.objects] == []


@pytest.fixture
def environment():
    return _environment()


def _environment():
    return Environment(
        destination_bucket="destination",
        delivery_url="https://cdn.example",
        renditions=tuple(
            Rendition(name=name, width=1, height=1, formats=("jpeg",)) for name in "abc"
        ),
        max_upload_bytes=10,
        max_pixels=10,
        kms_key_arn="",
        background="#ffffff",
        quality="fast",
        duplicates="off",
        index_table="",
        memory_mb=1024,
    )
