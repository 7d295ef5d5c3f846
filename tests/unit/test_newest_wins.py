"""Whatever order events come in, however often, and wherever a process dies: the newest wins."""

import dataclasses
import json
from collections.abc import Callable

import pytest
from conftest import MemoryBucket
from hypothesis import given, settings
from hypothesis import strategies as st

from function import process as module
from function.decode import Source
from function.environment import Environment
from function.events import Upload, is_newer
from function.process import process
from function.render import Rendered
from function.schema import Rendition

KEY = "uploads/u1/beach.jpg"
MANIFEST = "u1/beach.jpg/manifest.json"
NAMES = {b"1": ["a", "b"], b"2": ["b", "c"], b"3": [], b"4": ["a", "c"]}
"""Renditions that each version of the upload has; the third one is rejected."""


class Crash(BaseException):
    """The process dies here; nothing may catch this."""


class Source4:
    """The source bucket: four versions of one key, each with its number as its bytes."""

    def fetch(self, key, *, version_id, max_bytes):
        return version_id.encode()


class Interrupted:
    """A bucket that lets something happen before each of its operations."""

    def __init__(self, bucket, interrupt: Callable[[], None]) -> None:
        self._bucket, self._interrupt = bucket, interrupt

    def __getattr__(self, name):
        def call(*arguments, **options):
            self._interrupt()
            return getattr(self._bucket, name)(*arguments, **options)

        return call


def version(number: int) -> Upload:
    return Upload(
        bucket="source",
        key=KEY,
        version_id=str(number),
        etag="e",
        sequencer=f"0{number}",
        size=1,
        correlation_id="c",
    )


def fake_decode(data, renditions, **options):
    if not NAMES[data]:
        raise module.Rejected("not_an_image", "No.")
    source = object.__new__(Source)
    for name, value in {"width": 1, "height": 1, "format": "jpeg", "data": data}.items():
        object.__setattr__(source, name, value)
    return source


def fake_render(source, renditions, **options):
    for name in NAMES[source.data]:
        rendition = Rendition(name=name, width=1, height=1)
        yield Rendered(rendition=rendition, format="jpeg", width=1, height=1, body=source.data)


@pytest.fixture(autouse=True)
def _cheap_images(monkeypatch):
    monkeypatch.setattr(module, "decode", fake_decode)
    monkeypatch.setattr(module, "render", fake_render)
    monkeypatch.setattr(module, "fingerprint", lambda source: None)
    monkeypatch.setattr(module, "STORE_THREADS", 1)
    monkeypatch.setattr(module, "MAX_ATTEMPTS", 50)


def assert_newest(bucket, newest: int) -> None:
    manifest = json.loads(bucket.objects[MANIFEST])
    assert manifest["source"]["version_id"] == str(newest)
    names = NAMES[str(newest).encode()]
    assert [rendition["name"] for rendition in manifest["renditions"]] == names
    stored = {key: body for key, body in bucket.objects.items() if key != MANIFEST}
    assert stored == {f"u1/beach.jpg/{name}.jpg": str(newest).encode() for name in names}


@pytest.mark.parametrize("order", [[1, 2], [2, 1], [1, 1], [2, 1, 2], [1, 3, 2], [4, 3, 2, 1]])
def test_the_newest_wins_in_any_order(destination, environment, order):
    for number in order:
        process(version(number), environment, Source4(), destination)
    assert_newest(destination, max(order))


def test_a_second_delivery_changes_nothing(destination, environment):
    assert process(version(1), environment, Source4(), destination) is not None
    before = dict(destination.objects)
    assert process(version(1), environment, Source4(), destination) is None
    assert destination.objects == before


def test_a_rejected_newer_version_removes_the_old_renditions(destination, environment):
    process(version(1), environment, Source4(), destination)
    process(version(3), environment, Source4(), destination)
    assert list(destination.objects) == [MANIFEST]


def test_what_a_dead_process_wrote_over_is_put_right_by_its_next_delivery(destination, environment):
    process(version(2), environment, Source4(), destination)
    destination.objects["u1/beach.jpg/b.jpg"] = b"1"
    destination.headers["u1/beach.jpg/b.jpg"] = dataclasses.replace(
        destination.headers["u1/beach.jpg/b.jpg"], sequencer="01"
    )
    process(version(1), environment, Source4(), destination)
    assert_newest(destination, 2)


def test_a_backfill_renders_the_same_version_anew_once(destination, environment):
    process(version(2), environment, Source4(), destination)
    destination.objects["u1/beach.jpg/b.jpg"] = b"as the old settings had it"
    again = dataclasses.replace(version(2), sequencer="", reprocess=True)
    assert process(again, environment, Source4(), destination) is not None
    assert_newest(destination, 2)
    assert json.loads(destination.objects[MANIFEST])["source"]["sequencer"] == "02"


def test_a_backfill_never_overtakes_a_real_event(destination, environment):
    process(version(2), environment, Source4(), destination)
    stale = dataclasses.replace(version(1), sequencer="", reprocess=True)
    assert process(stale, environment, Source4(), destination) is None
    assert_newest(destination, 2)


def test_a_backfill_before_any_event_is_replaced_by_one(destination, environment):
    early = dataclasses.replace(version(1), sequencer="", reprocess=True)
    process(early, environment, Source4(), destination)
    process(version(2), environment, Source4(), destination)
    assert_newest(destination, 2)


def test_a_sequencer_is_compared_as_s3_says():
    assert is_newer("0B", "0A11")
    assert not is_newer("0A1", "0A11")
    assert not is_newer("0A1", "0A10")


@settings(max_examples=500, deadline=None)
@given(
    events=st.lists(st.integers(1, 4), min_size=1, max_size=6),
    happenings=st.lists(st.sampled_from(["go", "go", "go", "die", "run"]), max_size=60),
)
def test_the_newest_wins_through_crashes_and_races(events, happenings):
    """Before each S3 call another event may run to its end or die inside, or this one may die.

    Whoever died is delivered again, as SQS does, after all others.
    """
    bucket, waiting, script = MemoryBucket(), list(events), list(happenings)
    environment = _environment()

    def interrupt() -> None:
        happening = script.pop(0) if script else "go"
        if happening == "die":
            raise Crash
        if happening == "run" and waiting:
            deliver(waiting.pop(0))

    def deliver(number: int) -> None:
        try:
            process(version(number), environment, Source4(), Interrupted(bucket, interrupt))
        except (Crash, module.Contended):
            waiting.append(number)

    while waiting:
        deliver(waiting.pop(0))
        assert_consistent(bucket)
    assert_newest(bucket, max(events))


def assert_consistent(bucket) -> None:
    """A manifest, if there is one, names only what is there."""
    if MANIFEST in bucket.objects:
        named = [r["key"] for r in json.loads(bucket.objects[MANIFEST])["renditions"]]
        assert [key for key in named if key not in bucket.objects] == []


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
        memory_mb=1024,
    )
