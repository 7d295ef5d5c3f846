"""Leaks that the soak's readers report, and states that its moderators expect in the end."""

import json
from types import SimpleNamespace

import pytest

from function.contract import Status
from tests.soak import readers
from tests.soak.moderators import Moderators, Said
from tests.soak.numbered import Numbered, draw, number_in
from tests.soak.readers import Readers
from tests.soak.verdict import Verdict as Outcome
from tests.support.pictures import encoded, opened

OUTPUTS = {
    "sourceBucket": "up",
    "destinationBucket": "down",
    "uploadEndpoint": "http://up.s3",
    "deliveryUrl": "http://cdn",
}
HELD = {
    "schema": 1,
    "status": "held",
    "source": {"key": "uploads/a.jpg", "version_id": "v1", "sequencer": "01"},
    "timings_ms": {"total": 0},
    "error": None,
    "renditions": [],
}
SECRET = {"etag": "6f", "bytes": 7}


@pytest.fixture
def reader(monkeypatch):
    """A reader of one upload; ``answers`` has what is answered with 200, by a part of the URL."""
    numbered = Numbered()
    monkeypatch.setattr(numbered, "_by_hash", {"known": 7})
    moderators = SimpleNamespace(approved=set())
    server = SimpleNamespace(outputs=OUTPUTS)
    people = SimpleNamespace(keys=["uploads/a.jpg"])
    made = Readers(server, people, moderators, numbered, ("small.jpg",), 1)
    made.answers, made.asked = {}, []

    def request(_method, url):
        made.asked.append(url)
        found = [body for part, body in made.answers.items() if part in url]
        return (200, found[0]) if found else (403, b"")

    monkeypatch.setattr(readers, "request", request)
    made.approve = moderators.approved.add
    return made


def test_the_readers_try_each_way_and_find_nothing_where_all_is_denied(reader):
    reader.answers["/a.jpg/manifest.json"] = json.dumps(HELD).encode()
    reader.read("uploads/a.jpg")
    assert reader.leaks == []
    tried = (
        "http://down.s3/_index/moderation/held/a.jpg/_",
        *("%5Findex", "/decisions/", ".look", "versionId=v1", "?versions&", "?list-type=2"),
        "http://cdn/a.jpg/small.jpg?v=",
    )
    for part in tried:
        assert [url for url in reader.asked if part in url], part


READY = HELD | {"status": "ready", "source": {"version_id": "v1", "sha256": "known"}}
TELLING = [
    READY,
    HELD | {"placeholder": "x"},
    HELD | {"source": HELD["source"] | SECRET},
    HELD | {"status": "deleted", "source": HELD["source"] | SECRET},
]


@pytest.mark.parametrize(
    ("part", "body"),
    [
        ("small.jpg", draw(7, "JPEG")),
        *(("/a.jpg/manifest.json", json.dumps(manifest).encode()) for manifest in TELLING),
    ],
)
def test_what_was_not_approved_is_a_leak(reader, part, body):
    reader.answers[part] = body
    reader.read("uploads/a.jpg")
    assert len(reader.leaks) == 2  # at the CDN, and at the bucket
    if b"ready" in body or part == "small.jpg":
        reader.leaks.clear()
        reader.approve(7)
        reader.read("uploads/a.jpg")
        assert reader.leaks == []


@pytest.mark.parametrize("part", ["_index/moderation", "%5Findex", "list-type", "http://up.s3/"])
def test_whatever_else_is_answered_is_a_leak(reader, part):
    reader.answers[part] = b""
    reader.read("uploads/a.jpg")
    assert reader.leaks
    assert not Outcome(leaked=reader.leaks).is_clean


@pytest.mark.parametrize("number", [1, 4660, 65535])
@pytest.mark.parametrize("size", [(40, 30), (30, 22)])
def test_a_rendition_shows_the_number_of_its_upload(number, size):
    assert number_in(draw(number, "PNG")) == number
    small = opened(draw(number, "JPEG")).resize(size)
    assert number_in(encoded(small, "JPEG", quality=75)) == number
    thumb = opened(draw(number, "WEBP")).crop((8, 0, 56, 48)).resize((16, 16))
    assert number_in(encoded(thumb, "JPEG", quality=75)) == number


def test_the_latest_decision_is_expected_and_a_rejection_of_the_same_time():
    moderators = Moderators.__new__(Moderators)
    moderators.number_of = lambda _key, version_id: None if version_id == "broken" else 1
    moderators.said = {
        ("k", "1"): [Said("2026-02", is_rejection=False), Said("2026-01", is_rejection=True)],
        ("k", "2"): [Said("2026-01", is_rejection=True), Said("2026-01", is_rejection=False)],
    }
    expected = {version: moderators.expected("k", version) for version in ("1", "2", "3", "broken")}
    assert expected == {
        "1": Status.READY,
        "2": Status.REJECTED,
        "3": Status.HELD,
        "broken": Status.REJECTED,
    }
