"""A version is held with one small picture, which shows all of it."""

import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace

import pytest
from PIL import Image

from function.contract import Status, Verdict
from function.contract.keys import HELD, held_key, look_key, version_digest
from function.duplicates.rejected import RejectedPictures
from function.engine.renditions import DEFAULT_RENDITIONS, Fit, Rendition
from function.engine.work import work
from function.events import EventKind
from function.holder import Holder, Premature, look_of
from function.moderation import HeldRecord, Moderation, rejection_of
from function.moderation_record import Decision, moment
from function.storage.errors import Gone
from tests.support.memory import MemoryIndex
from tests.support.moderated import assert_bare, decided
from tests.support.pictures import opened

KEY, NAME = "uploads/u1/beach.jpg", "u1/beach.jpg"


@pytest.fixture
def holder(environment, source, destination):
    def look(data, name, format_name):
        return work(data, environment.task.only(name, format_name, has_fingerprint=True))

    moderation = Moderation(destination, holds=True, moderates=True, has_decisions=bool)
    return Holder(environment, source, look, moderation, RejectedPictures(MemoryIndex(), near=True))


def test_a_moderator_is_shown_the_smallest_rendition_that_crops_nothing(
    holder, source, destination, jpeg
):
    version = source.upload(KEY, jpeg)
    manifest = holder.hold(version)
    assert manifest.status == Status.HELD
    assert_bare(json.loads(manifest.to_json()))
    look = destination.objects[look_key(NAME, version.version_id)]
    assert opened(look).size == (320, 240)
    record = json.loads(destination.objects[held_key(NAME, version.version_id)])
    assert (record["width"], record["height"], record["format"]) == (1600, 1200, "jpeg")
    assert record["sha256"] == hashlib.sha256(jpeg).hexdigest()
    assert len(record["perceptual_hash"]) == 16
    assert all(key.startswith("_index/moderation/") for key in destination.objects)


def test_neither_length_nor_md5_of_a_look_tells_which_picture_it_is(
    holder, source, destination, jpeg
):
    looks = []
    for _ in range(4):
        version = source.upload(KEY, jpeg)
        holder.hold(version)
        looks.append(destination.objects[look_key(NAME, version.version_id)])
    assert {len(look) for look in looks} == {65_536}
    assert len(set(looks)) == 4
    assert len({opened(look).tobytes() for look in looks}) == 1


@pytest.mark.parametrize(
    ("renditions", "expected"),
    [
        (DEFAULT_RENDITIONS, ("small", "jpeg")),
        (
            (
                Rendition(name="a", width=9, height=9, fit=Fit.COVER, formats=("webp", "jpeg")),
                Rendition(name="b", width=90, height=9, fit=Fit.COVER),
            ),
            ("a", "jpeg"),
        ),
        (
            (
                Rendition(name="a", width=9, height=9, lazy=True),
                Rendition(name="b", width=90, height=9, formats=("avif",)),
            ),
            ("b", "avif"),
        ),
    ],
)
def test_the_look_is_one_of_the_renditions(environment, renditions, expected):
    rendition, format_name = look_of(environment.replace(renditions=renditions))
    assert (rendition.name, format_name) == expected


@pytest.mark.parametrize(
    ("animated", "shown", "frames"),
    [
        ({"name": "big", "width": 500, "height": 500, "formats": ("webp",)}, (160, 120), 2),
        (
            {"name": "thumb", "width": 9, "height": 9, "fit": "cover", "formats": ("webp",)},
            (9, 9),
            2,
        ),
        (None, (160, 120), 1),
    ],
)
def test_of_an_animation_a_moderator_is_shown_every_frame_that_readers_get(
    holder, source, destination, animated, shown, frames
):
    still = Rendition(name="a", width=160, height=160)
    moving = [Rendition(**animated, animated=True)] if animated else []
    environment = holder.environment.replace(renditions=(still, *moving))

    def look(data, name, format_name):
        return work(data, environment.task.only(name, format_name, has_fingerprint=True))

    buffer = io.BytesIO()
    first, second = (Image.new("RGB", (160, 120), colour) for colour in ("white", "black"))
    first.save(buffer, "GIF", save_all=True, append_images=[second])
    for body, count in ((buffer.getvalue(), frames), (_still(first), 1)):
        version = source.upload(KEY, body)
        holder.replace(environment=environment, engine=look).hold(version)
        found = opened(destination.objects[look_key(NAME, version.version_id)])
        assert getattr(found, "n_frames", 1) == count
        assert found.size == (shown if count > 1 else (160, 120))


def _still(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(("body", "code"), [(b"no image", "not_an_image"), (b"", "empty")])
def test_what_is_no_picture_is_rejected_and_tells_nothing_else(
    holder, source, destination, body, code
):
    manifest = holder.hold(source.upload(KEY, body))
    assert (manifest.status, manifest.error.code) == (Status.REJECTED, code)
    assert_bare(json.loads(manifest.to_json()))
    assert destination.objects == {}


def test_an_upload_that_is_too_long_is_not_fetched(holder, source, destination, jpeg):
    version = source.upload(KEY, jpeg)
    small = holder.replace(environment=holder.environment.replace(max_upload_bytes=10))
    assert small.hold(version).error.code == "too_many_bytes"
    source.mark_deleted(KEY)
    with pytest.raises(Gone):
        small.hold(version)


def test_an_empty_upload_that_is_gone_is_not_even_rejected(holder, source):
    version = source.upload(KEY, b"")
    source.mark_deleted(KEY)
    with pytest.raises(Gone):
        holder.hold(version)


def test_a_name_that_is_too_long_for_the_records_is_rejected(holder, source, destination, jpeg):
    version = source.upload(f"uploads/{'a' * 980}", jpeg)
    assert holder.hold(version).error.code == "key_too_long"
    assert destination.objects == {}


def test_a_picture_that_was_rejected_is_known_again(holder, source, destination, jpeg, tmp_path):
    """By its bytes under another key, and by its look after it was encoded again."""
    first = source.upload(KEY, jpeg)
    holder.hold(first)
    holder.take(first, decided(1, Verdict.REJECT).decision)
    holder.refuse(first, None)
    again = tmp_path / "again.jpg"
    opened(jpeg).resize((800, 600), Image.Resampling.LANCZOS).save(again, quality=60)
    found = []
    for number, body in enumerate([jpeg, again.read_bytes()]):
        version = source.upload(f"uploads/u2/{number}.jpg", body)
        holder.hold(version)
        record = destination.objects[held_key(f"u2/{number}.jpg", version.version_id)]
        found.append(json.loads(record)["looks_like_rejected"])
    assert [each["key"] for each in found] == [KEY, KEY]
    assert found[0]["distance"] == 0
    assert found[1]["distance"] <= 8


def test_a_rejection_that_is_taken_back_is_forgotten(holder, source, destination, jpeg):
    version = source.upload(KEY, jpeg)
    manifest = holder.hold(version)
    record = holder.moderation.held_record(version)
    holder.take(version, decided(1, Verdict.REJECT, 1).decision)
    holder.refuse(version, manifest)
    assert holder.rejected.index.entries
    holder.take(version, decided(1, Verdict.APPROVE, 2).decision)
    facts = manifest.source.replace(sha256=record.sha256)
    shown = manifest.replace(source=facts, perceptual_hash=record.perceptual_hash)
    holder.accept(version, shown)
    assert holder.rejected.index.entries == {}


def test_a_picture_that_was_shown_is_known_again_too(holder, source, jpeg):
    version = source.upload(KEY, jpeg)
    record = holder.hold(version) and holder.moderation.held_record(version)
    shown = holder.hold(version).replace(status=Status.READY, perceptual_hash="00" * 8)
    shown = shown.replace(source=shown.source.replace(sha256=record.sha256))
    holder.moderation.destination.objects.clear()
    holder.take(version, decided(1, Verdict.REJECT).decision)
    holder.refuse(version, shown)
    assert holder.rejected.find(record.sha256, None).key == KEY


@pytest.mark.parametrize(
    ("history", "is_forgotten"),
    [
        ([Verdict.HOLD, Verdict.REJECT], False),
        ([Verdict.REJECT], True),
        ([Verdict.REJECT, Verdict.REJECT], True),
        ([Verdict.HOLD, Verdict.REJECT, Verdict.REJECT], False),
        ([Verdict.HOLD, Verdict.APPROVE, Verdict.REJECT], True),
        ([Verdict.HOLD, Verdict.APPROVE], False),
        ([Verdict.HOLD, Verdict.REJECT, Verdict.APPROVE], False),
    ],
)
def test_the_cdn_forgets_what_readers_may_have_seen(holder, source, jpeg, history, is_forgotten):
    version, asked = source.upload(KEY, jpeg), []
    cdn = SimpleNamespace(forget=lambda *what: asked.append(what))
    holder = holder.replace(cdn=cdn)
    for at, verdict in enumerate(history):
        holder.moderation.record(version, decided(1, verdict, at).decision)
    event = decided(1, history[-1], len(history) - 1)
    event = event.replace(version=version, correlation_id="m7")
    once = [(NAME, f"m7-{version_digest(version.version_id)}")]
    holder.take_down(event, None)
    assert asked == (once if is_forgotten else [])
    rejected = rejection_of(version)
    holder.replace(cdn=None).take_down(event, rejected)
    # Any event of a key that shows a rejection, except a backfill, which may be of all uploads.
    other = event.replace(decision=None, kind=EventKind.CHANGED)
    for silent, standing in (
        (other, None),
        (other, holder.moderation.hold(holder_record(version), b"")),
        (other.replace(kind=EventKind.BACKFILL), rejected),
    ):
        holder.take_down(silent, standing)
    assert len(asked) == int(is_forgotten)
    holder.take_down(other, rejected)
    assert asked == (2 * once if is_forgotten else [])


def holder_record(version) -> HeldRecord:
    """The record of a version that waits; its facts do not matter."""
    return HeldRecord(version.key, version.version_id, "", "", "", 1, 1, 1, "png", "ab")


def test_the_cdn_forgets_each_of_two_uploads_that_one_message_rejects(holder, source, jpeg):
    """CloudFront refuses two requests of the same reference for different paths."""
    asked = []
    cdn = SimpleNamespace(forget=lambda *what: asked.append(what))
    for version in (source.upload(KEY, jpeg), source.upload("uploads/b.jpg", jpeg)):
        event = decided(1, Verdict.REJECT).replace(version=version, correlation_id="m7")
        holder.take(version, event.decision)
        holder.replace(cdn=cdn).take_down(event, None)
    assert [name for name, _ in asked] == [NAME, "b.jpg"]
    assert len({reference for _, reference in asked}) == 2


@pytest.mark.parametrize(
    ("before", "is_forgotten"),
    [([], True), ([Verdict.HOLD], False), ([Verdict.HOLD, Verdict.APPROVE], True)],
)
def test_the_cdn_forgets_a_rejected_version_that_was_deleted_before_the_decision_came(
    holder, source, jpeg, before, is_forgotten
):
    version, asked = source.upload(KEY, jpeg), []
    for at, verdict in enumerate(before):
        holder.moderation.record(version, decided(1, verdict, at).decision)
    source.purge_latest(KEY)
    event = decided(1, Verdict.REJECT, 9).replace(version=version)
    cdn = SimpleNamespace(forget=lambda *what: asked.append(what))
    holder.replace(cdn=cdn).take_down(event, None)
    assert bool(asked) is is_forgotten


class Overruled(MemoryIndex):
    """An index during whose first change another decision is taken and carried out."""

    def __init__(self, happen) -> None:
        super().__init__()
        self.ahead = [happen]

    def put(self, entries):
        self._happen()
        super().put(entries)

    def delete(self, keys):
        self._happen()
        super().delete(keys)

    def _happen(self):
        while self.ahead:
            self.ahead.pop()()


@pytest.mark.parametrize("verdict", [Verdict.APPROVE, Verdict.REJECT])
def test_the_later_of_two_decisions_at_work_says_whether_a_picture_is_known_again(
    holder, source, jpeg, verdict
):
    version = source.upload(KEY, jpeg)
    manifest = holder.hold(version)
    known = holder.moderation.held_record(version)
    facts = manifest.source.replace(sha256=known.sha256)
    shown = manifest.replace(source=facts, perceptual_hash=known.perceptual_hash)
    first = Verdict.REJECT if verdict == Verdict.APPROVE else Verdict.APPROVE
    carry_out = {
        Verdict.APPROVE: lambda: holder.accept(version, shown),
        Verdict.REJECT: lambda: holder.refuse(version, manifest),
    }

    def overrule():
        holder.take(version, decided(1, verdict, 2).decision)
        carry_out[verdict]()

    index = Overruled(overrule)
    holder = holder.replace(rejected=RejectedPictures(index, near=True))
    holder.take(version, decided(1, first, 1).decision)
    carry_out[first]()
    assert bool(index.entries) is (verdict == Verdict.REJECT)


def test_nothing_is_decided_about_what_is_gone(holder, source, destination, jpeg):
    version = source.upload(KEY, jpeg)
    source.purge_latest(KEY)
    for act in (
        partial(holder.hold, version),
        partial(holder.refuse, version, None),
        partial(holder.take, version, decided(1, Verdict.APPROVE).decision),
    ):
        with pytest.raises(Gone):
            act()
    assert [key for key in destination.objects if key.startswith(HELD)] == []


@pytest.mark.parametrize(("minutes", "is_taken"), [(-60, True), (4, True), (6, False)])
def test_a_decision_from_the_future_is_not_taken(
    holder, source, destination, jpeg, minutes, is_taken
):
    """No later decision could overrule it until then."""
    version = source.upload(KEY, jpeg)
    at = moment(datetime.now(UTC) + timedelta(minutes=minutes))
    decision = Decision(Verdict.APPROVE, "m", at)
    if is_taken:
        holder.take(version, decision)
        assert holder.moderation.verdict(version) == Verdict.APPROVE
        return
    with pytest.raises(Premature, match=r"beach\.jpg says 2026|to come"):
        holder.take(version, decision)
    assert destination.objects == {}
