"""Uploads through the whole deployed system: anonymous HTTP in, anonymous HTTP out."""

import io
import json
from contextlib import contextmanager

import pytest
from PIL import Image

from function.engine.renditions import DEFAULT_RENDITIONS
from local.http import request
from tests.support.waiting import wait_until

SIZES = {"large": (1080, 810), "medium": (640, 480), "small": (320, 240), "thumb": (150, 150)}
TYPES = {"jpg": "image/jpeg", "avif": "image/avif"}


@pytest.mark.parametrize(
    ("name", "mode", "format_name"),
    [
        ("a.jpg", "RGB", "jpeg"),
        ("b.png", "RGBA", "png"),
        ("c.gif", "P", "gif"),
        ("d.webp", "RGB", "webp"),
    ],
)
def test_each_rendition_has_its_size_type_and_headers(aws, photo, name, mode, format_name):
    key = f"uploads/formats/{name}"
    result = aws.upload(photo(name, mode=mode), key)
    assert (result.status, result.error) == ("ready", None)
    manifest = aws.manifest(key)
    assert manifest["source"]["format"] == format_name
    assert (manifest["source"]["width"], manifest["source"]["height"]) == (1600, 1200)
    assert [(r["name"], r["content_type"]) for r in manifest["renditions"]] == [
        (rendition.name, f"image/{output}")
        for rendition in DEFAULT_RENDITIONS
        for output in rendition.formats
    ]
    for rendition in manifest["renditions"]:
        extension = rendition["key"].rsplit(".", 1)[-1]
        assert rendition["key"] == f"formats/{name}/{rendition['name']}.{extension}"
        status, body = request("GET", rendition["url"])
        assert status == 200
        image = Image.open(io.BytesIO(body))
        assert image.size == SIZES[rendition["name"]] == (rendition["width"], rendition["height"])
        assert Image.MIME[image.format] == TYPES[extension] == rendition["content_type"]
        assert len(body) == rendition["bytes"]
        assert rendition["url"].endswith(f"?v={manifest['source']['sha256'][:8]}")


def test_objects_are_encrypted_and_cacheable(aws, photo):
    aws.upload(photo("headers.jpg"), "uploads/headers.jpg")
    s3 = aws.client("s3")
    bucket = aws.outputs["destinationBucket"]
    large = s3.head_object(Bucket=bucket, Key="headers.jpg/large.avif")
    assert large["ServerSideEncryption"] == "AES256"
    assert large["ContentType"] == "image/avif"
    assert large["CacheControl"] == "public, max-age=31536000, immutable"
    manifest = s3.head_object(Bucket=bucket, Key="headers.jpg/manifest.json")
    assert manifest["ContentType"] == "application/json"
    assert manifest["CacheControl"] == "no-cache"


@pytest.mark.parametrize(
    "name",
    [
        *("my photo.jpg", "été/ñandú 😀.jpg", "a+b&c=d.jpg", "50%.jpg", "100%25.jpg", "#1?.jpg"),
        "Screenshot 2026-11-28 at 2.37.13\u202fPM.jpg",  # as macOS names it
        "\U0001f468\u200d\U0001f469\u200d\U0001f467.jpg",  # an emoji of three, joined
    ],
)
def test_keys_of_every_kind_find_their_way(aws, photo, name):
    result = aws.upload(photo("key.jpg", (300, 200)), f"uploads/keys/{name}")
    assert result.status == "ready"
    manifest = aws.manifest(f"uploads/keys/{name}")
    assert manifest["source"]["key"] == f"uploads/keys/{name}"
    assert request("GET", manifest["renditions"][0]["url"])[0] == 200


def test_manifest_is_the_contract(aws, photo):
    result = aws.upload(photo("contract.jpg"), "uploads/contract.jpg")
    manifest = aws.manifest(result.key)
    assert list(manifest)[:3] == ["schema", "status", "id"]
    assert len(manifest["id"]) == 32
    assert set(manifest) == {
        *(
            "schema",
            "status",
            "id",
            "error",
            "source",
            "renditions",
            "placeholder",
            "dominant_color",
        ),
        *("losses", "perceptual_hash", "duplicate_of", "timings_ms", "processed_at"),
    }
    assert set(manifest["source"]) == {
        *("key", "version_id", "etag", "sequencer", "bytes", "sha256", "width", "height"),
        "format",
    }
    assert manifest["source"]["version_id"]
    assert manifest["source"]["sequencer"]
    assert set(manifest["timings_ms"]) == {"fetch", "decode", "render", "store", "total"}
    assert manifest["timings_ms"]["total"] >= manifest["timings_ms"]["decode"] > 0


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("notes.txt", b"not an image at all", "not_an_image"),
        ("empty.jpg", b"", "empty"),
        ("big.jpg", b"\xff" * 26_000_000, "too_many_bytes"),
    ],
)
def test_what_will_never_work_is_recorded_and_kept(aws, tmp_path, name, content, code):
    path = tmp_path / name
    path.write_bytes(content)
    result = aws.upload(path, f"uploads/bad/{name}")
    assert (result.status, result.error.code) == ("rejected", code)
    manifest = aws.manifest(f"uploads/bad/{name}")
    assert manifest["renditions"] == []
    kept = aws.client("s3").head_object(
        Bucket=aws.outputs["sourceBucket"], Key=f"uploads/bad/{name}"
    )
    assert kept["ContentLength"] == len(content)


def test_a_truncated_photo_is_rejected_and_its_batch_goes_on(aws, photo, tmp_path):
    whole = photo("whole.jpg").read_bytes()
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(whole[: len(whole) // 2])
    assert aws.upload(broken, "uploads/cut.jpg").status == "rejected"
    assert aws.upload(photo("after.jpg"), "uploads/after.jpg").status == "ready"


def test_overwriting_an_upload_replaces_its_renditions(aws, photo):
    aws.upload(photo("first.jpg", (800, 800)), "uploads/same.jpg")
    before = aws.manifest("uploads/same.jpg")["source"]["version_id"]
    second = photo("second.jpg", (800, 400)).read_bytes()
    assert request("PUT", aws.source_url("uploads/same.jpg"), second)[0] == 200
    wait_until(lambda: aws.manifest("uploads/same.jpg")["source"]["version_id"] != before)
    assert aws.manifest("uploads/same.jpg")["renditions"][0]["height"] == 400


def test_removing_an_upload_removes_all_that_was_made_of_it(aws, photo):
    key = "uploads/removed.jpg"
    aws.upload(photo("removed.jpg"), key)
    urls = [rendition["url"] for rendition in aws.manifest(key)["renditions"]]
    aws.client("s3").delete_object(Bucket=aws.outputs["sourceBucket"], Key=key)
    wait_until(lambda: not made_of(aws, "removed.jpg/"))
    assert {request("GET", url)[0] for url in urls} <= {403, 404}


@contextmanager
def reading_denied_to_the_function(aws, key: str):
    """A statement in the source bucket's policy, as somebody may edit it in by mistake."""
    s3, bucket = aws.client("s3"), aws.outputs["sourceBucket"]
    before = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    function = aws.client("lambda").get_function_configuration(
        FunctionName=aws.outputs["functionName"]
    )
    statement = {
        "Effect": "Deny",
        "Principal": {"AWS": function["Role"]},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/{key}",
    }
    policy = json.loads(before)
    policy["Statement"].append(statement)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    try:
        yield
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=before)


@contextmanager
def quick_retries(aws):
    """Let SQS deliver a failed message again after four seconds."""
    sqs, url = aws.client("sqs"), aws.outputs["queueUrl"]
    before = aws.queue_attributes()["VisibilityTimeout"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "4"})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": before})


def test_a_removal_that_may_not_look_removes_nothing_and_is_retried(aws, photo):
    key = "uploads/denied.jpg"
    aws.upload(photo("denied.jpg"), key)
    # The function looks at the key once more after it has written the manifest.
    aws.wait_until_drained()
    before = made_of(aws, "denied.jpg/")
    with quick_retries(aws):
        with reading_denied_to_the_function(aws, key):
            aws.client("s3").delete_object(Bucket=aws.outputs["sourceBucket"], Key=key)
            wait_until(lambda: len(failures(aws, key)) >= 2)
            assert made_of(aws, "denied.jpg/") == before
        wait_until(lambda: not made_of(aws, "denied.jpg/"))
        aws.wait_until_drained()


def failures(aws, key: str) -> list[dict]:
    """Log entries of failed attempts at a message about a key."""
    entries = [json.loads(line) for line in aws.logged('"failed"')]
    # Other tests write further lines into this log, without a body.
    return [entry for entry in entries if key in entry.get("body", "")]


def test_an_upload_after_a_removal_stays(aws, photo):
    key, s3 = "uploads/again.jpg", aws.client("s3")
    body = photo("again.jpg", (300, 200)).read_bytes()
    for _ in range(3):
        assert request("PUT", aws.source_url(key), body)[0] == 200
        s3.delete_object(Bucket=aws.outputs["sourceBucket"], Key=key)
    version = s3.put_object(Bucket=aws.outputs["sourceBucket"], Key=key, Body=body)["VersionId"]
    # A message that lost too often against the others, or whose environment died, comes again.
    aws.wait_until_drained(lambda: aws.manifest(key)["source"]["version_id"] == version)
    named = {rendition["key"] for rendition in aws.manifest(key)["renditions"]}
    assert made_of(aws, "again.jpg/") == named | {"again.jpg/manifest.json"}


def made_of(aws, prefix: str) -> set[str]:
    listing = aws.client("s3").list_objects_v2(
        Bucket=aws.outputs["destinationBucket"], Prefix=prefix
    )
    return {item["Key"] for item in listing.get("Contents", [])}


def test_log_lines_are_json_with_the_key_and_a_correlation_id(aws, photo):
    aws.upload(photo("logged.jpg"), "uploads/logged.jpg")
    entry = json.loads(wait_until(lambda: aws.logged('"uploads/logged.jpg"'))[-1])
    assert (entry["level"], entry["message"]) == ("INFO", "ready")
    assert entry["correlation_id"]
    assert entry["renditions"] == 5
    assert entry["TotalTime"] > 0
    (directive,) = entry["_aws"]["CloudWatchMetrics"]
    assert all(metric["Name"] in entry for metric in directive["Metrics"])
    assert directive["Dimensions"] == [["FunctionName"]]
    assert entry["FunctionName"] == aws.outputs["functionName"]


def test_nothing_stays_in_the_queues(aws):
    aws.wait_until_drained()
    assert aws.messages("deadLetterQueueUrl") == 0
