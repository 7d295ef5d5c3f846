"""Duplicates: the same bytes are copied, look-alikes are named, and nobody depends on anybody."""

import io
import json

import pytest
from PIL import Image, ImageDraw

from function.contract import Status
from function.contract.keys import manifest_key, upload_name
from function.duplicates.search import Duplicates, hamming_distance, probes, recipe_of
from function.engine import work
from function.engine.renditions import Encoders, Rendition
from function.engine.results import Fingerprint
from function.events import Event, EventKind
from function.manifest import Manifest, SourceFacts, Timings
from function.storage.bucket import Headers
from function.versions import ObjectVersion
from tests.support.engine import reconciler_for
from tests.support.memory import MemoryIndex
from tests.support.pictures import display_p3, encoded, gradient

FIRST, SECOND, THIRD = "uploads/a/first.jpg", "uploads/b/second.jpg", "uploads/c/third.jpg"


class World:
    """Two buckets, an index, and uploads that arrive one after another."""

    def __init__(self, source, destination, environment) -> None:
        self.source, self.destination, self.environment = source, destination, environment
        self.index, self.near = MemoryIndex(), False

    def put(self, key: str, body: bytes):
        return self.deliver(EventKind.CREATED, self.source.upload(key, body))

    def delete(self, key: str):
        return self.deliver(EventKind.CHANGED, self.source.mark_deleted(key))

    def backfill(self, key: str):
        held = self.source.head(key).replace(sequencer="00")
        return self.deliver(EventKind.BACKFILL, held)

    def deliver(self, kind: EventKind, version: ObjectVersion):
        event = Event(bucket="source", kind=kind, version=version, correlation_id="c1")
        recipe = recipe_of(self.environment)
        duplicates = Duplicates(self.index, self.destination, self.near, recipe)
        build = (self.environment, self.source, self.destination, duplicates)
        return reconciler_for(*build).reconcile(event)

    def manifest(self, key: str):
        return json.loads(self.destination.objects[manifest_key(upload_name(key))])


@pytest.fixture
def world(source, destination, environment):
    return World(source, destination, environment)


@pytest.fixture
def no_decode(monkeypatch):
    """From the time that a test calls it, nothing is decoded."""

    def stop() -> None:
        def refuse(*arguments, **options):
            raise AssertionError("decoded")

        monkeypatch.setattr(work, "decode", refuse)

    return stop


def picture(seed: int = 0, size=(800, 600), **save) -> bytes:
    image = Image.new("RGB", size, "#456")
    draw = ImageDraw.Draw(image)
    for index in range(12):
        x, y = (index * 197 + seed * 311) % size[0], (index * 131 + seed * 173) % size[1]
        colour = ((index * 53 + seed * 71) % 256, (index * 97) % 256, (index * 29 + seed) % 256)
        draw.ellipse((x - 90, y - 60, x + 90, y + 60), fill=colour)
    buffer = io.BytesIO()
    image.save(buffer, **{"format": "JPEG", "quality": 92} | save)
    return buffer.getvalue()


def test_the_same_bytes_are_copied_and_not_decoded(world, no_decode):
    world.put(FIRST, picture())
    no_decode()
    manifest = world.put(SECOND, picture())
    assert (manifest.status, manifest.original_key) == ("ready", FIRST)
    first, second = world.manifest(FIRST), world.manifest(SECOND)
    assert first["duplicate_of"] is None
    for ours, theirs in zip(second["renditions"], first["renditions"], strict=True):
        assert ours["key"] == theirs["key"].replace("a/first.jpg", "b/second.jpg")
        assert ours["url"] == theirs["url"].replace("a/first.jpg", "b/second.jpg")
        assert world.destination.objects[ours["key"]] == world.destination.objects[theirs["key"]]
        assert world.destination.headers[ours["key"]].sequencer == "02"
        same = ("name", "width", "height", "bytes", "content_type")
        assert {field: ours[field] for field in same} == {field: theirs[field] for field in same}
    for field in ("placeholder", "dominant_color", "perceptual_hash"):
        assert second[field] == first[field]
    same = ("sha256", "width", "height", "format")
    assert [second["source"][f] for f in same] == [first["source"][f] for f in same]
    assert second["source"]["key"] == SECOND


def test_a_copy_declares_lazy_renditions_of_its_own_and_copies_none(world, no_decode):
    poster = Rendition(name="poster", width=400, height=400, formats=("jpeg",), lazy=True)
    eager = world.environment
    world.environment = eager.replace(renditions=(*eager.renditions, poster))
    world.put(FIRST, picture())
    viewed = "a/first.jpg/poster.jpg"
    world.destination.put(viewed, b"viewed", Headers("", "", "01"))
    no_decode()
    copy = world.put(SECOND, picture())
    assert {facts.key for facts in copy.stored} == {  # they are copied side by side
        key for key in world.destination.objects if key.startswith("b/") and "manifest" not in key
    }
    (lazy,) = (facts for facts in copy.renditions if facts.lazy)
    assert lazy.key == "b/second.jpg/poster.jpg"
    assert "/b/second.jpg/poster.jpg?v=" in lazy.url
    assert (lazy.width, lazy.height) == (400, 300)
    assert "/b/second.jpg/{rendition}?v=" in copy.url_template
    world.delete(FIRST)
    assert viewed not in world.destination.objects


def test_a_copy_loses_what_the_first_one_lost(world, no_decode):
    wide = encoded(gradient(), "PNG", icc_profile=display_p3())
    world.put(FIRST, wide)
    no_decode()
    world.put(SECOND, wide)
    assert world.manifest(FIRST)["losses"] == world.manifest(SECOND)["losses"] == ["wide_gamut"]


def test_a_manifest_tells_no_key_of_another_upload(world):
    world.put(FIRST, picture())
    world.put(SECOND, picture())
    first, second = world.manifest(FIRST), world.manifest(SECOND)
    assert second["duplicate_of"] == first["id"] != second["id"]
    assert "first" not in json.dumps(second)
    assert "original_key" not in second


def test_an_upload_keeps_its_id_when_it_is_rendered_again(world):
    world.put(FIRST, picture())
    before = world.manifest(FIRST)
    world.backfill(FIRST)
    after = world.manifest(FIRST)
    assert (after["id"], after["processed_at"] >= before["processed_at"]) == (before["id"], True)
    world.put(FIRST, picture(2))
    assert world.manifest(FIRST)["id"] != before["id"]


def test_without_an_index_nothing_is_a_duplicate(world):
    world.put(FIRST, picture())
    world.index.entries.clear()
    assert world.put(SECOND, picture()).duplicate_of is None


def test_a_copy_of_a_copy_names_the_original(world):
    for key in (THIRD, SECOND, FIRST):
        world.put(key, picture())
    assert world.manifest(FIRST)["duplicate_of"] == world.manifest(THIRD)["id"]
    assert world.manifest(SECOND)["duplicate_of"] == world.manifest(THIRD)["id"]


def test_deleting_the_original_leaves_its_copies(world, no_decode):
    world.put(FIRST, picture())
    world.put(SECOND, picture())
    before = world.manifest(SECOND)
    world.delete(FIRST)
    assert world.manifest(SECOND) == before
    assert all(r["key"] in world.destination.objects for r in before["renditions"])
    assert world.index.names() == {"b/second.jpg"}
    no_decode()
    assert world.put(THIRD, picture()).original_key == SECOND


@pytest.mark.parametrize("near", [False, True])
def test_a_deleted_upload_leaves_no_entry(world, near):
    world.near = near
    world.put(FIRST, picture())
    assert len(world.index.entries) == (4 if near else 1)
    world.delete(FIRST)
    assert world.index.entries == {}


def test_an_overwritten_upload_is_entered_anew(world):
    world.near = True
    world.put(FIRST, picture(1))
    world.put(FIRST, picture(2))
    assert len(world.index.entries) == 4
    assert world.put(SECOND, picture(1)).duplicate_of is None
    assert world.put(THIRD, picture(2)).original_key == FIRST


def test_an_entry_that_no_manifest_confirms_is_not_believed_and_goes(world):
    world.put(FIRST, picture())
    del world.destination.objects["a/first.jpg/manifest.json"]
    manifest = world.put(SECOND, picture())
    assert manifest.duplicate_of is None
    assert world.index.names() == {"b/second.jpg"}


@pytest.mark.parametrize("what", ["gone", "newer", "of another size"])
def test_renditions_that_are_not_the_originals_are_not_copied(world, what):
    world.put(FIRST, picture())
    key = "a/first.jpg/small.jpg"
    if what == "gone":
        del world.destination.objects[key]
    elif what == "newer":
        headers = world.destination.headers[key]
        world.destination.headers[key] = headers.replace(sequencer="99")
    else:
        world.destination.objects[key] += b"x"
    manifest = world.put(SECOND, picture())
    assert (manifest.status, manifest.original_key) == ("ready", FIRST)
    body = world.destination.objects["b/second.jpg/small.jpg"]
    assert Image.open(io.BytesIO(body)).size == (320, 240)
    assert len(body) == next(r.bytes for r in manifest.renditions if r.key.endswith("small.jpg"))


@pytest.mark.parametrize(
    "change",
    [{"background": "#000000"}, {"native_decoder": False}, {"hdr": "drop"}, {"encoders": "v0.1"}],
)
def test_renditions_of_other_settings_are_not_copied(world, change):
    world.put(FIRST, picture())
    world.environment = world.environment.replace(**change)
    world.destination.copy = None
    assert world.put(SECOND, picture()).original_key == FIRST


def test_a_backfill_renders_anew_and_turns_no_original_into_a_copy(world):
    world.put(FIRST, picture())
    world.put(SECOND, picture())
    world.destination.copy = None
    for key in (FIRST, SECOND):
        world.backfill(key)
    assert world.manifest(FIRST)["duplicate_of"] is None
    assert world.manifest(SECOND)["duplicate_of"] == world.manifest(FIRST)["id"]


def test_who_enters_a_removed_upload_takes_it_out_again(world, monkeypatch):
    """Someone removes the upload between its manifest and its entries."""
    put = world.index.put

    def put_late(entries):
        del world.destination.objects["a/first.jpg/manifest.json"]
        put(entries)

    monkeypatch.setattr(world.index, "put", put_late)
    world.put(FIRST, picture())
    assert world.index.entries == {}


def test_a_rejected_upload_is_not_entered(world):
    world.put(FIRST, b"no image")
    assert world.index.entries == {}


@pytest.mark.parametrize(
    "copy",
    [picture(quality=40), picture(format="WEBP"), picture(size=(800, 600), format="PNG")],
    ids=["jpeg", "webp", "png"],
)
def test_a_copy_that_looks_the_same_is_named_and_rendered_by_itself(world, copy):
    world.near = True
    world.put(FIRST, picture())
    manifest = world.put(SECOND, copy)
    assert manifest.original_key == FIRST
    assert manifest.timings_ms.decode > 0


def test_exact_does_not_look_at_looks(world):
    world.put(FIRST, picture())
    assert world.put(SECOND, picture(quality=40)).duplicate_of is None


def test_another_picture_is_no_copy(world):
    world.near = True
    world.put(FIRST, picture(1))
    assert world.put(SECOND, picture(2)).duplicate_of is None


def test_the_nearest_is_named(world):
    world.near = True
    hashes = {FIRST: "00000000000000ff", SECOND: "0000000000000003"}
    for key, value in hashes.items():
        manifest = world.put(key, picture(len(key)))
        standing = manifest.replace(perceptual_hash=value)
        world.destination.objects[manifest_key(upload_name(key))] = standing.to_json()
    world.index.entries.clear()
    duplicates = Duplicates(world.index, world.destination, near=True, recipe="")
    for key in hashes:
        name = upload_name(key)
        standing = Manifest.from_json(world.destination.objects[manifest_key(name)])
        duplicates.record(name, None, standing)
    sought = Fingerprint(
        placeholder="", dominant_color="", perceptual_hash=f"{1:016x}", margins=(1.0,) * 64
    )
    assert duplicates.find_near("c/third.jpg", sought).source.key == SECOND
    far = sought.replace(perceptual_hash="00000000001fffff")
    assert duplicates.find_near("c/third.jpg", far) is None


def test_twenty_four_buckets_are_looked_up():
    sought = Fingerprint(
        placeholder="", dominant_color="", perceptual_hash="0123456789abcdef", margins=(1.0,) * 64
    )
    assert len(set(probes(sought))) == 24


BANDS = (0xFFFFFC0000000000, 0x000003FFFFE00000, 0x00000000001FFFFF)
"""The first 22 of 64 bits, the next 21 and the last 21."""


def test_the_bands_are_the_whole_hash_cut_in_three(world):
    world.near = True
    world.put(FIRST, picture())
    stored = int(world.manifest(FIRST)["perceptual_hash"], 16)
    expected = {f"near#{band}#{stored & mask:016x}" for band, mask in enumerate(BANDS)}
    buckets = {entry.bucket for entry in world.index.entries.values()}
    assert {bucket for bucket in buckets if bucket.startswith("near#")} == expected


def test_the_three_least_certain_bits_of_each_band_are_looked_up_both_ways():
    """The first bit of a hash is its highest: here bits 0, 9, 21, then 22, 30, 42, then the last.

    The bits next to them, in the band before or after, are more certain than those.
    """
    uncertain = ((0, 9, 21), (22, 30, 42), (43, 50, 63))
    margins = [5.0 + bit for bit in range(64)]
    for bits in uncertain:
        for margin, bit in enumerate(bits):
            margins[bit] = float(margin)
    expected = set()
    for band, bits in enumerate(uncertain):
        for flips in range(8):
            value = sum(1 << 63 - bit for at, bit in enumerate(bits) if flips >> at & 1)
            expected.add(f"near#{band}#{value:016x}")
    sought = Fingerprint(
        placeholder="", dominant_color="", perceptual_hash="0" * 16, margins=tuple(margins)
    )
    found = probes(sought)
    assert (set(found), len(found)) == (expected, 24)
    ones = probes(sought.replace(perceptual_hash="f" * 16))
    assert {f"near#{band}#{mask:016x}" for band, mask in enumerate(BANDS)} < set(ones)


@pytest.fixture
def entered(world):
    """Enters uploads that are ready, by key, hash and time, and returns who looks for a hash."""

    def enter(*uploads: tuple[str, str, str]):
        duplicates = Duplicates(world.index, world.destination, near=True, recipe="today")
        for key, perceptual_hash, since in uploads:
            facts = SourceFacts(
                key=key, version_id=key, etag="", sequencer="1", bytes=1, sha256="5" * 64
            )
            manifest = Manifest(
                status=Status.READY,
                source=facts,
                timings_ms=Timings(),
                processed_at=since,
                perceptual_hash=perceptual_hash,
            )
            path = manifest_key(upload_name(key))
            world.destination.put(path, manifest.to_json(), Headers("", "", "1"))
            duplicates.record(upload_name(key), None, manifest)
        return duplicates

    return enter


SOUGHT = Fingerprint(
    placeholder="", dominant_color="", perceptual_hash="0" * 16, margins=(1.0,) * 64
)


def test_eight_bits_of_64_may_differ(entered):
    """In the last band alone, so that the other two bands are shared."""
    near, far = f"{0xFF:016x}", f"{0x1FF:016x}"
    assert entered((FIRST, far, "1")).find_near("z", SOUGHT) is None
    assert entered((SECOND, near, "2")).find_near("z", SOUGHT).source.key == SECOND


def test_of_those_as_near_the_earliest_is_named(entered):
    near = f"{0xF:016x}"
    duplicates = entered((FIRST, near, "3"), (SECOND, near, "1"), (THIRD, near, "2"))
    assert duplicates.find_near("z", SOUGHT).source.key == SECOND


def test_an_upload_duplicates_none_that_came_after_it(entered):
    """Each is asked for as if it came again: its own entry says when it came first."""
    same = "0" * 16
    duplicates = entered((FIRST, same, "2"), (SECOND, same, "1"), (THIRD, same, "2"))
    found = {key: duplicates.find_exact(upload_name(key), "5" * 64) for key in (FIRST, SECOND)}
    assert found[SECOND] is None
    assert found[FIRST].manifest.source.key == SECOND
    # Among entries of the same time, the name decides.
    index = duplicates.index
    index.delete([(entry.bucket, "b/second.jpg") for entry in index.entries.values()])
    assert duplicates.find_exact("a/first.jpg", "5" * 64) is None
    assert duplicates.find_exact("c/third.jpg", "5" * 64).manifest.source.key == FIRST


def test_a_copy_is_made_only_of_todays_recipe(entered):
    duplicates = entered((FIRST, "0" * 16, "1"))
    assert duplicates.find_exact("z", "5" * 64).has_same_recipe
    assert not duplicates.replace(recipe="other").find_exact("z", "5" * 64).has_same_recipe


def test_an_entry_whose_manifest_has_other_bytes_or_looks_is_deleted(entered):
    duplicates = entered((FIRST, "0" * 16, "1"))
    index = duplicates.index
    for entry in list(index.entries.values()):
        index.put([entry.replace(bucket="sha256#other")])
    assert duplicates.find_exact("z", "other") is None
    assert ("sha256#other", "a/first.jpg") not in index.entries
    assert len(index.entries) == 4
    for key, entry in list(index.entries.items()):
        index.entries[key] = entry.replace(perceptual_hash=f"{1:016x}")
    assert duplicates.find_near("z", SOUGHT) is None
    assert len(index.entries) == 3


@pytest.mark.parametrize("change", [{"status": Status.DELETED}, {"status": Status.REJECTED}])
def test_what_is_not_ready_is_no_original(entered, world, change):
    duplicates = entered((FIRST, "0" * 16, "1"))
    path = manifest_key(upload_name(FIRST))
    standing = Manifest.from_json(world.destination.objects[path])
    world.destination.objects[path] = standing.replace(**change).to_json()
    assert duplicates.find_exact("z", "5" * 64) is None
    assert duplicates.find_near("z", SOUGHT) is None


def test_hamming_distance_counts_bits():
    assert hamming_distance("00000000000000ff", "0000000000000001") == 7
    assert hamming_distance("f" * 16, "0" * 16) == 64
    assert hamming_distance("f" * 16, "f" * 16) == 0


def test_the_recipe_of_settings_that_do_not_change_does_not_change(environment):
    """Another digest would make every entry of a live index count as made by other settings."""
    both = ("jpeg", "webp")
    before = environment.replace(
        renditions=tuple(r.replace(formats=both) for r in environment.renditions)
    )
    assert recipe_of(before.replace(encoders=Encoders.V0_1)) == "61f4752d"
    assert recipe_of(before) == "065fcbcc"
    lazy = Rendition(name="poster", width=9, height=9, lazy=True)
    assert recipe_of(before.replace(renditions=(*before.renditions, lazy))) == "065fcbcc"
    at_once = (*before.renditions, lazy.replace(lazy=False))
    assert recipe_of(before.replace(renditions=at_once)) != "065fcbcc"
