"""A release may be rolled back: a manifest that a newer one has written stays readable."""

import json

import pytest

from function.contract import Status
from function.engine.errors import Reason
from function.events import EventKind
from function.manifest import ErrorFacts, Manifest, SourceFacts, Timings
from tests.support.uploads import ULTRA_HDR

NEW = {"added_later": {"any": ["thing"]}}
MANIFEST = "u1/beach.jpg/manifest.json"


def extended(manifest: bytes) -> bytes:
    """The same manifest, as a release writes it that has one more field at every level."""
    fields = json.loads(manifest)
    fields["source"] |= NEW
    fields["timings_ms"] |= NEW
    fields["renditions"] = [facts | NEW for facts in fields["renditions"]]
    return json.dumps(fields | NEW).encode()


@pytest.fixture
def newer(source, destination, deliver, event, jpeg):
    """A processed upload whose manifest a newer release has written; returns that manifest."""
    source.objects[event.version.key] = jpeg
    deliver(event)
    destination.objects[MANIFEST] = extended(destination.objects[MANIFEST])
    return destination.objects[MANIFEST]


def test_a_manifest_with_unknown_fields_at_every_level_is_read(destination, newer):
    manifest = Manifest.from_json(newer)
    assert extended(manifest.to_json()) == newer
    assert b"added_later" not in manifest.to_json()


def test_a_manifest_of_before_losses_were_told_has_none(newer):
    fields = json.loads(newer)
    del fields["losses"]
    assert Manifest.from_json(json.dumps(fields).encode()).losses == ()


def test_a_loss_that_only_a_newer_release_knows_is_kept(newer):
    fields = json.loads(newer) | {"losses": ["hdr", "smell"]}
    manifest = Manifest.from_json(json.dumps(fields).encode())
    assert json.loads(manifest.to_json())["losses"] == ["hdr", "smell"]


def test_only_a_rendition_with_a_gain_map_says_so(source, deliver, event):
    source.objects[event.version.key] = ULTRA_HDR["jpeg-ultra-hdr"][1]
    manifest = deliver(event)
    fields = json.loads(manifest.to_json())
    told = {facts["url"].rpartition(".")[2][:3]: facts.get("hdr") for facts in fields["renditions"]}
    assert told == {"jpg": True, "avi": None}
    assert fields["losses"] == []
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_a_second_delivery_leaves_a_newer_releases_manifest_as_it_is(
    destination, deliver, event, newer
):
    assert deliver(event) is None
    assert destination.objects[MANIFEST] == newer


def test_a_newer_upload_replaces_a_newer_releases_manifest(destination, deliver, event, newer):
    second = event.version.replace(version_id="v2", sequencer="02")
    deliver(event.replace(version=second))
    assert b"added_later" not in destination.objects[MANIFEST]
    manifest = Manifest.from_json(destination.objects[MANIFEST])
    assert (manifest.source.version_id, len(manifest.renditions)) == ("v2", 5)
    assert {r.key for r in manifest.renditions} | {MANIFEST} == set(destination.objects)


def test_a_removal_takes_what_a_newer_release_has_made(source, destination, deliver, event, newer):
    del source.objects[event.version.key]
    removed = event.version.replace(sequencer="02")
    event = event.replace(kind=EventKind.CHANGED, version=removed)
    assert deliver(event).status == "deleted"
    assert destination.objects == {}


def test_a_rejection_is_read_as_it_was_written(source, deliver, event):
    source.objects[event.version.key] = b"no image"
    written = deliver(event)
    manifest = Manifest.from_json(written.to_json())
    assert manifest == written
    assert isinstance(manifest.error, ErrorFacts)
    assert manifest.error.code == Reason.NOT_AN_IMAGE


def test_the_key_of_the_original_is_in_no_manifest(newer):
    manifest = Manifest.from_json(newer).replace(original_key="uploads/hers.jpg")
    assert b"hers.jpg" not in manifest.to_json()
    assert len(manifest.id) == 32


@pytest.mark.parametrize("version_id", [None, "null"])
def test_uploads_from_before_versions_have_ids_of_their_own_which_stay(newer, version_id):
    """``null`` is the version id of them all (S3 user guide, "How S3 Versioning works")."""
    source = Manifest.from_json(newer).source.replace(version_id=version_id)
    first, second = (
        Manifest.from_json(newer).replace(source=source, id="") for _upload in range(2)
    )
    assert first.id != second.id
    assert Manifest.from_json(first.to_json()).id == first.id


def test_a_bare_manifest_tells_nothing_of_the_file_and_is_read_again():
    facts = SourceFacts(
        key="uploads/a", version_id="v1", etag="e", sequencer="01", bytes=7, sha256="s", width=1
    )
    full = Manifest(Status.HELD, facts, Timings(total=9.0), "now", placeholder="p", id="i")
    bare = full.bare()
    written = json.loads(bare.to_json())
    assert written["source"] == {"key": "uploads/a", "version_id": "v1", "sequencer": "01"}
    assert (written["id"], written["status"], written["processed_at"]) == ("i", "held", "now")
    assert (written["placeholder"], set(written["timings_ms"].values())) == (None, {0})
    assert Manifest.from_json(bare.to_json()) == bare
    assert (bare.is_bare, full.is_bare) == (True, False)


def test_a_manifest_of_what_is_being_removed_is_whole():
    """A removal knows no entity tag; an older release has to read its manifest."""
    facts = SourceFacts(key="uploads/a", version_id="v1", etag="", sequencer="01", bytes=0)
    deleted = Manifest(Status.DELETED, facts, Timings(), "now")
    assert json.loads(deleted.to_json())["source"].keys() >= {"etag", "bytes"}
