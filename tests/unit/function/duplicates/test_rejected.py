"""Pictures that were rejected are known again, and are nobody's original."""

import io

import pytest
from PIL import Image

from function.contract import Status, Verdict
from function.duplicates.index import LIMIT, Entry
from function.duplicates.rejected import RejectedPictures
from function.duplicates.search import Duplicates
from function.engine.results import Fingerprint
from function.engine.work import work
from function.events import Event, EventKind
from function.holder import Holder
from function.moderation import Moderation
from function.moderation_record import Decision, Recognised
from tests.support.engine import reconciler_for
from tests.support.history import version
from tests.support.memory import MemoryBucket, MemoryIndex
from tests.support.pictures import opened

HASH = "0123456789abcdef"


def seen(perceptual_hash: str) -> Fingerprint:
    return Fingerprint("", "", perceptual_hash, tuple(float(n) for n in range(64)))


@pytest.fixture
def index():
    return MemoryIndex()


@pytest.mark.parametrize("near", [True, False])
def test_the_same_bytes_are_known_by_exact_and_near_search(index, near):
    known = RejectedPictures(index, near)
    known.remember(version(1), "ab", HASH)
    found = known.find("ab", None)
    assert (found.key, found.distance) == (version(1).key, 0)
    assert known.find("cd", None) is None
    assert bool(known.find("cd", seen(HASH))) is near


@pytest.mark.parametrize(
    ("other", "distance"),
    [("0123456789abcdee", 1), ("0123456789ab32ef", 8), ("fedcba9876543210", None)],
)
def test_a_similar_picture_is_known(index, other, distance):
    known = RejectedPictures(index, near=True)
    known.remember(version(1), "ab", HASH)
    found = known.find("cd", seen(other))
    assert (found and found.distance) == distance


def test_two_rejected_versions_of_a_key_are_known_and_forgotten_apart(index):
    known = RejectedPictures(index, near=True)
    for number in (1, 2):
        known.remember(version(number), "ab", HASH)
    known.forget(version(1), "ab", HASH)
    assert known.find("ab", None) is not None
    known.forget(version(2), "ab", HASH)
    assert index.entries == {}


def test_a_rejected_picture_stops_the_search_for_duplicates_and_is_never_found(index, destination):
    duplicates = Duplicates(index, destination, near=True, recipe="r")
    duplicates.rejected.remember(version(1), "ab", HASH)
    with pytest.raises(Recognised):
        duplicates.find_exact("u2/a.jpg", "ab")
    with pytest.raises(Recognised):
        duplicates.find_near("u2/a.jpg", seen(HASH))
    before = dict(index.entries)
    assert duplicates.find_exact("u2/a.jpg", "ab", heeds_rejected=False) is None
    assert duplicates.find_near("u2/a.jpg", seen(HASH), heeds_rejected=False) is None
    assert index.entries == before


def test_a_rejected_picture_that_many_have_uploaded_is_known(index, destination):
    """Of a large bucket only the first entries are read, whose names uploaders may choose."""
    index.put(Entry("sha256#ab", f"!/{n}", "2026", HASH, "") for n in range(LIMIT))
    duplicates = Duplicates(index, destination, near=True, recipe="r")
    duplicates.rejected.remember(version(1), "ab", HASH)
    assert duplicates.rejected.find("ab", None).key == version(1).key
    with pytest.raises(Recognised):
        duplicates.find_exact("u2/a.jpg", "ab")


class Public(MemoryBucket):
    """A destination that remembers each key under which readers could get something."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []

    def put(self, key, body, headers, *, expect=None):
        if not key.startswith("_index/"):
            self.shown.append(key)
        return super().put(key, body, headers, expect=expect)


@pytest.mark.parametrize("quality", [None, 60], ids=["the same bytes", "encoded again"])
def test_of_a_rejected_picture_nothing_is_stored_in_a_stack_that_shows_at_once(
    environment, source, jpeg, quality
):
    destination, index = Public(), MemoryIndex()
    duplicates = Duplicates(index, destination, near=True, recipe="r")

    def look(data, name, format_name):
        return work(data, environment.task.only(name, format_name, has_fingerprint=True))

    moderation = Moderation(destination, holds=False, moderates=True, has_decisions=bool)
    holder = Holder(environment, source, look, moderation, duplicates.rejected)
    reconciler = reconciler_for(environment, source, destination, duplicates)
    reconcile = reconciler.replace(holder=holder).reconcile

    def put(key: str, body: bytes):
        return reconcile(Event("source", EventKind.CREATED, source.upload(key, body), "c"))

    first = put("uploads/a.jpg", jpeg)
    assert first.status == Status.READY
    decision = Decision(Verdict.REJECT, "m", "2025")
    decided = first.source.version.replace(sequencer="00")
    reconcile(Event("source", EventKind.DECIDED, decided, "c", decision))
    assert [key for key in destination.objects if not key.startswith("_index/")] == [
        "a.jpg/manifest.json"
    ]
    if quality:
        buffer = io.BytesIO()
        opened(jpeg).save(buffer, "JPEG", quality=quality)
        jpeg = buffer.getvalue()
    destination.shown.clear()
    held = put("uploads/b.jpg", jpeg)
    assert held.status == Status.HELD
    assert destination.shown == ["b.jpg/manifest.json"]
    record = holder.moderation.held_record(held.source)
    assert record.looks_like_rejected.key == "uploads/a.jpg"
    approval = Decision(Verdict.APPROVE, "m", "2026")
    approved = held.source.version.replace(sequencer="00")
    assert reconcile(Event("source", EventKind.DECIDED, approved, "c", approval)).renditions
    again = put("uploads/c.jpg", gradient_of_another())
    assert again.status == Status.READY


def gradient_of_another() -> bytes:
    buffer = io.BytesIO()
    Image.radial_gradient("L").resize((800, 600)).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()
