"""One upload, end to end, against a bucket in memory."""

import hashlib
import json

import pytest

from function.engine.errors import Worn
from function.process import Processor
from function.storage.bucket import Headers
from function.storage.errors import Gone
from tests.support.engine import in_process
from tests.support.numbers import NumberProcessor


@pytest.fixture(params=["real", "numbers"])
def processor(request, source, destination, environment, jpeg):
    """The processor and its stand-in, with an upload that each takes and one that it rejects."""
    if request.param == "numbers":
        return NumberProcessor(source, destination), b"1", b"3"
    return Processor(environment, source, destination, in_process(environment)), jpeg, b"no image"


def test_every_rendition_that_a_manifest_names_is_stored_for_its_version(
    processor, source, destination
):
    process, good, _ = processor
    uploaded = source.upload("uploads/u1/beach.jpg", good)
    manifest = process.process(uploaded, may_copy=False)
    assert (manifest.status, manifest.error) == ("ready", None)
    assert uploaded.to_dict().items() <= manifest.source.to_dict().items()
    named = [rendition.key for rendition in manifest.renditions]
    assert named == list(destination.objects) != []
    assert {key.rpartition("/")[0] for key in named} == {"u1/beach.jpg"}
    assert {destination.headers[key].sequencer for key in named} == {uploaded.sequencer}


def test_a_rejected_upload_has_an_error_and_no_renditions(processor, source, destination):
    process, _, bad = processor
    manifest = process.process(source.upload("uploads/u1/beach.jpg", bad), may_copy=False)
    assert (manifest.status, manifest.error.code) == ("rejected", "not_an_image")
    assert (list(manifest.renditions), destination.objects) == ([], {})


def test_a_version_that_is_gone_is_not_processed(processor, source, destination):
    process, good, _ = processor
    uploaded = source.upload("uploads/u1/beach.jpg", good)
    source.purge_latest(uploaded.key)
    with pytest.raises(Gone):
        process.process(uploaded, may_copy=False)
    assert destination.objects == {}


@pytest.mark.parametrize("failures", [1, 2])
def test_what_a_worn_worker_could_not_tell_is_asked_once_more(
    failures, source, destination, environment, jpeg
):
    """It had stored some renditions by then; who fails twice is a failure of ours."""
    calls = []

    def engine(data):
        calls.append(data)
        for number, result in enumerate(in_process(environment)(data)):
            if number == 3 and len(calls) <= failures:
                raise Worn("the worker ended with status 9")
            yield result

    processor = Processor(environment, source, destination, engine)
    uploaded = source.upload("uploads/u1/beach.jpg", jpeg)
    if failures > 1:
        with pytest.raises(Worn):
            processor.process(uploaded)
        assert len(calls) == 2
        return
    manifest = processor.process(uploaded)
    assert manifest.status == "ready"
    assert len(manifest.renditions) == len(destination.objects) == 5


def test_renditions_come_first_and_the_manifest_last(
    source, destination, upload, event, jpeg, deliver
):
    source.objects[upload.key] = jpeg
    manifest = deliver(event)
    assert manifest.status == "ready"
    assert list(destination.objects)[-1] == "u1/beach.jpg/manifest.json"
    named = {rendition.key for rendition in manifest.renditions}
    assert named == set(list(destination.objects)[:-1])
    assert len(named) == 5


def test_manifest_says_what_was_stored(source, destination, upload, event, jpeg, deliver):
    source.objects[upload.key] = jpeg
    deliver(event)
    manifest = json.loads(destination.objects["u1/beach.jpg/manifest.json"])
    sha256 = hashlib.sha256(jpeg).hexdigest()
    assert manifest["schema"] == 1
    assert manifest["source"] == {
        "key": "uploads/u1/beach.jpg",
        "version_id": "v1",
        "etag": "e1",
        "sequencer": "01",
        "bytes": 1,
        "sha256": sha256,
        "width": 1600,
        "height": 1200,
        "format": "jpeg",
    }
    large = manifest["renditions"][0]
    assert large == {
        "name": "large",
        "url": f"https://cdn.example/u1/beach.jpg/large.jpg?v={sha256[:8]}",
        "key": "u1/beach.jpg/large.jpg",
        "width": 1080,
        "height": 810,
        "bytes": len(destination.objects["u1/beach.jpg/large.jpg"]),
        "content_type": "image/jpeg",
    }
    assert destination.headers["u1/beach.jpg/large.jpg"] == Headers(
        content_type="image/jpeg",
        cache_control="public, max-age=31536000, immutable",
        sequencer="01",
    )


def test_urls_are_quoted(source, destination, environment, upload, jpeg):
    upload = upload.replace(key="uploads/my été #1.jpg")
    source.objects[upload.key] = jpeg
    manifest = Processor(environment, source, destination, in_process(environment)).process(upload)
    expected = "https://cdn.example/my%20%C3%A9t%C3%A9%20%231.jpg/large.jpg?v="
    assert manifest.renditions[0].url.startswith(expected)


@pytest.mark.parametrize(
    ("length", "code"), [(0, "empty"), (25_000_001, "too_many_bytes")], ids=["empty", "large"]
)
def test_length_alone_rejects_before_a_fetch(
    source, destination, environment, upload, length, code
):
    source.objects[upload.key] = b"not to be fetched"
    source.failing.add(upload.key)
    upload = upload.replace(bytes=length)
    manifest = Processor(environment, source, destination, in_process(environment)).process(upload)
    assert (manifest.status, manifest.error.code) == ("rejected", code)
    assert manifest.source.sha256 is None
    del source.objects[upload.key]
    with pytest.raises(Gone):
        Processor(environment, source, destination, in_process(environment)).process(upload)


def test_a_rejection_is_recorded_with_what_is_known(source, destination, upload, event, deliver):
    source.objects[upload.key] = b"no image"
    deliver(event)
    manifest = json.loads(destination.objects["u1/beach.jpg/manifest.json"])
    assert manifest["status"] == "rejected"
    assert manifest["error"]["code"] == "not_an_image"
    assert manifest["renditions"] == []
    assert manifest["source"]["sha256"] == hashlib.sha256(b"no image").hexdigest()
    assert manifest["source"]["width"] is None
    assert list(destination.objects) == ["u1/beach.jpg/manifest.json"]


def test_without_its_renditions_a_manifest_never_appears(
    source, destination, upload, event, jpeg, deliver
):
    source.objects[upload.key] = jpeg
    destination.failing.add("u1/beach.jpg/thumb.jpg")
    with pytest.raises(OSError, match="S3 is down"):
        deliver(event)
    assert "u1/beach.jpg/manifest.json" not in destination.objects


def test_what_is_gone_is_not_an_error_of_s3(destination, event, deliver):
    with pytest.raises(Gone):
        deliver(event)
    assert destination.objects == {}
