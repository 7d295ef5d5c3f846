from datetime import UTC, datetime

import pytest

from ops import versions
from ops.stack import Stack
from terminal import Failure
from tests.support.aws_client import Refusal, aws_client
from tests.support.ops import OUTPUTS


def stored(key, second, **more):
    modified = datetime(2026, 11, 27, 0, 0, second, tzinfo=UTC)
    return {
        "Key": key,
        "VersionId": f"v{second}",
        "IsLatest": False,
        "LastModified": modified,
    } | more


def stack(**answers):
    return Stack(outputs=OUTPUTS, client={"s3": aws_client("s3", **answers)}.__getitem__)


PAGE = {
    "IsTruncated": False,
    "Versions": [stored("a", 1, Size=7), stored("a", 3, Size=8), stored("b", 2, Size=9)],
    "DeleteMarkers": [stored("a", 2)],
}


def test_versions_come_by_key_and_newest_first_with_delete_markers_among_them():
    (found,) = versions.find(stack(list_object_versions=PAGE), "photos")
    assert [(v.key, v.version_id, v.bytes, v.is_marker) for v in found] == [
        ("a", "v3", 8, False),
        ("a", "v2", 0, True),
        ("a", "v1", 7, False),
        ("b", "v2", 9, False),
    ]


def test_only_keys_that_are_held_come():
    (found,) = versions.find(stack(list_object_versions=PAGE), "photos", "", "b".__eq__)
    assert [version.key for version in found] == ["b"]
    assert list(versions.find(stack(list_object_versions=PAGE), "photos", "", "c".__eq__)) == []


def test_a_bucket_that_is_gone_has_none():
    gone = stack(list_object_versions=Refusal("NoSuchBucket", 404))
    assert versions.count(versions.find(gone, "photos")) == 0


def test_what_s3_keeps_is_a_failure_that_names_it():
    kept = {"Errors": [{"Key": "a", "Code": "AccessDenied"}]}
    refusing = stack(list_object_versions=PAGE, delete_objects=kept)
    with pytest.raises(Failure, match=r"S3 kept a of photos \(AccessDenied\); remove what"):
        versions.delete(refusing, "photos", versions.find(refusing, "photos"))


def refusing(times, *codes):
    """A stack whose S3 refuses so many requests to delete, and the requests."""
    asked = []
    errors = [{"Key": "a", "VersionId": "v3", "Code": code} for code in codes]

    def answer(**given):
        asked.append([item["VersionId"] for item in given["Delete"]["Objects"]])
        return {"Errors": errors} if len(asked) <= times else {}

    return stack(list_object_versions=PAGE, delete_objects=answer), asked


def test_a_version_that_s3_is_too_busy_to_delete_is_asked_for_again(monkeypatch):
    waits = []
    monkeypatch.setattr(versions.time, "sleep", waits.append)
    busy, asked = refusing(2, "InternalError")
    assert versions.delete(busy, "photos", versions.find(busy, "photos")) == 4
    assert asked == [["v3", "v2", "v1", "v2"]] * 3
    assert waits == [1, 2]


def test_s3_that_stays_too_busy_is_not_told_as_protection(monkeypatch):
    waits = []
    monkeypatch.setattr(versions.time, "sleep", waits.append)
    busy, asked = refusing(100, "SlowDown")
    with pytest.raises(Failure, match=r"refused 8 times to delete a of photos \(SlowDown\); run"):
        versions.delete(busy, "photos", versions.find(busy, "photos"))
    assert (len(asked), sum(waits)) == (8, 127)


def test_what_is_protected_is_told_at_once_though_s3_is_busy_for_another():
    kept, asked = refusing(100, "SlowDown", "AccessDenied")
    with pytest.raises(Failure, match=r"S3 kept a of photos \(AccessDenied\)"):
        versions.delete(kept, "photos", versions.find(kept, "photos"))
    assert len(asked) == 1


def test_no_key_starts_with_a_prefix_that_is_longer_than_keys():
    asked = []
    long = stack(list_object_versions=lambda **given: asked.append(given) or PAGE)
    assert list(versions.find(long, "photos", "\u00e9" * 512 + "/")) == []
    assert asked == []
    assert versions.count(versions.find(long, "photos", "\u00e9" * 512)) == 4


def test_versions_are_deleted_by_their_id_and_counted():
    asked, told = [], []
    deleting = stack(
        list_object_versions=PAGE, delete_objects=lambda **given: asked.append(given) or {}
    )
    found = versions.find(deleting, "photos")
    assert (
        versions.delete(deleting, "photos", found, lambda steps, name="": told.append(steps)) == 4
    )
    objects = [(item["Key"], item["VersionId"]) for item in asked[0]["Delete"]["Objects"]]
    assert objects == [("a", "v3"), ("a", "v2"), ("a", "v1"), ("b", "v2")]
    assert told == [4]


@pytest.mark.parametrize("odd", ["a\x01", "a\x1b[31m", "a\ufffe"])
def test_keys_that_xml_cannot_hold_are_deleted_one_by_one(odd):
    single, several = [], []
    page = {"IsTruncated": False, "Versions": [stored(odd, 1, Size=7), stored("a\r\n", 2, Size=7)]}
    deleting = stack(
        list_object_versions=page,
        delete_object=lambda **given: single.append(given) or {},
        delete_objects=lambda **given: several.append(given) or {},
    )
    assert versions.delete(deleting, "photos", versions.find(deleting, "photos")) == 2
    assert single == [{"Bucket": "photos", "Key": odd, "VersionId": "v1"}]
    (asked,) = several
    assert [item["Key"] for item in asked["Delete"]["Objects"]] == ["a\r\n"]


def test_keys_that_xml_cannot_hold_need_no_other_request():
    page = {"IsTruncated": False, "Versions": [stored("a\x01", 1, Size=7)]}
    deleting = stack(list_object_versions=page, delete_object={})
    assert versions.delete(deleting, "photos", versions.find(deleting, "photos")) == 1


def test_uploads_that_were_never_completed_are_aborted():
    aborted = []
    unfinished = stack(
        list_multipart_uploads={
            "IsTruncated": False,
            "Uploads": [{"Key": "a", "UploadId": "1"}, {"Key": "ab", "UploadId": "2"}],
        },
        abort_multipart_upload=lambda **given: aborted.append(given) or {},
    )
    assert versions.abort_unfinished(unfinished, "photos", "a", "a".__eq__) == 1
    assert aborted == [{"Bucket": "photos", "Key": "a", "UploadId": "1"}]


def test_an_upload_that_its_uploader_completes_meanwhile_is_passed_over():
    unfinished = stack(
        list_multipart_uploads={"Uploads": [{"Key": "a", "UploadId": "1"}]},
        abort_multipart_upload=Refusal("NoSuchUpload", 404),
    )
    assert versions.abort_unfinished(unfinished, "photos", "a", "a".__eq__) == 1


def test_keys_of_unfinished_uploads_are_encoded_so_that_xml_can_hold_them():
    pages = {
        None: {
            "EncodingType": "url",
            "IsTruncated": True,
            "NextKeyMarker": "u1/a+%1Bb%2B.jpg",
            "NextUploadIdMarker": "1",
            "Uploads": [{"Key": "u1/a+%1Bb%2B.jpg", "UploadId": "1"}],
        },
        "u1/a \x1bb+.jpg": {
            "EncodingType": "url",
            "IsTruncated": False,
            "Uploads": [{"Key": "u1/%C3%A9", "UploadId": "2"}],
        },
    }
    asked = []

    def answer(KeyMarker=None, **given):  # noqa: N803 (boto3's name)
        asked.append(given)
        return pages[KeyMarker]

    unfinished = stack(list_multipart_uploads=answer)
    found = versions.find_unfinished(unfinished, "photos", "u1/", lambda _key: True)
    assert found == [("u1/a \x1bb+.jpg", "1"), ("u1/\u00e9", "2")]
    wanted = {"Bucket": "photos", "Prefix": "u1/", "EncodingType": "url"}
    assert asked == [wanted, wanted | {"UploadIdMarker": "1"}]
