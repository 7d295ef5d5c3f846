"""A live stack of release 0.1.0's formats, with a CDN, takes the new ones: readers miss nothing.

The steps are those of docs/operate.md, "When formats change".
"""

import pytest

from function.contract.keys import manifest_key, upload_name
from local.deploy import deploy
from local.http import request
from local.uploader import upload
from ops.__main__ import main
from ops.rendered import renditions
from ops.stack import connect
from tests.local.defaults import PROD
from tests.support.waiting import wait_until

CHROME = {"Accept": "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"}
FORMATS = ["jpeg", "webp"]
BEFORE = {
    "image-pipeline:encoders": "v0.1",
    "image-pipeline:renditions": [
        {"name": "large", "width": 1080, "height": 1080, "formats": FORMATS},
        {"name": "medium", "width": 640, "height": 640, "formats": FORMATS},
        {"name": "small", "width": 320, "height": 320, "formats": FORMATS},
        {"name": "thumb", "width": 150, "height": 150, "fit": "cover", "formats": FORMATS},
    ],
}
AFTERWARDS = {"image-pipeline:negotiate": ["avif"]}


@pytest.fixture
def server(served, tmp_path, monkeypatch):
    with served(tmp_path / "formats", PROD | BEFORE, "prod") as server:
        monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(server.folder))
        yield server


def make(server, path):
    outputs = server.outputs
    done = upload(path, "", outputs["uploadEndpoint"], outputs["deliveryUrl"], presigned=True)
    assert done.status == "ready"
    return done


def given(server, done, rendition):
    """Return the status and the format that a browser gets which asks for no extension."""
    url = f"{server.outputs['deliveryUrl']}/{upload_name(done.key)}/{rendition}"
    status, body = request("GET", url, headers=CHROME)
    kinds = {b"\xff\xd8": "jpeg", b"RI": "webp", b"\0\0": "avif"}
    return status, kinds.get(body[:2], "nothing")


def assert_whole(done):
    for rendition in done.renditions:
        assert request("GET", rendition.url)[0] == 200, rendition


def test_no_reader_misses_a_file_while_formats_change(server, photo):
    path = photo("beach.jpg", (1300, 900))
    old = make(server, path)
    assert (len(old.renditions), given(server, old, "large")) == (8, (200, "webp"))

    deploy(server, "prod", settings=PROD)
    new = make(server, path)
    assert [r.url.rpartition("/")[2].partition("?")[0] for r in new.renditions] == [
        *("large.jpg", "large.avif", "medium.jpg", "small.jpg", "thumb.jpg")
    ]
    for done in (old, new):
        assert_whole(done)  # the old manifest's WebP, too
        for name in ("large", "medium", "small", "thumb"):
            assert given(server, done, name) == (200, "jpeg")
    stack = connect("prod")
    found = renditions(stack)
    assert found.level == "warn"
    assert upload_name(old.key) in found.detail
    assert found.detail.endswith("large.avif")

    assert main(["backfill", "--stack", "prod"]) == 0
    wait_until(lambda: renditions(stack).level == "ok")

    deploy(server, "prod", settings=PROD | AFTERWARDS)
    for done in (old, new):
        assert given(server, done, "large") == (200, "avif")
        assert given(server, done, "medium") == (200, "jpeg")
        url = f"{server.outputs['deliveryUrl']}/{manifest_key(upload_name(done.key))}"
        assert b"webp" not in request("GET", url)[1]


def test_without_a_backfill_readers_miss_what_is_not_made_yet_and_the_doctor_says_so(server, photo):
    old = make(server, photo("beach.jpg", (1300, 900)))
    deploy(server, "prod", settings=PROD | AFTERWARDS)
    assert_whole(old)
    assert given(server, old, "large")[0] in {403, 404}
    assert renditions(connect("prod")).level == "warn"
