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
