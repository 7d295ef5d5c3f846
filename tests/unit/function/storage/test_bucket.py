"""A bucket's reactions to S3's refusals, as S3 words them: only 404 means a missing object.

The server gives S3's answers over HTTP (status and body from the Amazon S3 API reference, "Error
responses"), and the bucket reads them through obstore;
tests/local/test_storage_contract.py tries the rest.
"""

import pytest
from obstore.exceptions import GenericError, PermissionDeniedError

from function.engine.errors import Rejected
from function.events import Event, EventKind
from function.storage.bucket import Bucket, Headers, check_length
from function.storage.errors import Conflict, Gone, Refused
from function.versions import ObjectVersion
from tests.support.engine import reconciler_for

KEY = "uploads/u1/beach.jpg"
HEADERS = Headers(content_type="image/jpeg", cache_control="no-cache", sequencer="01")
DENIED = (403, "AccessDenied", "User is not authorized to perform: s3:GetObject")
SKEWED = (403, "RequestTimeTooSkewed", "The difference between the request time and the current")
DISABLED = (403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist")
ARCHIVED = (403, "InvalidObjectState", "The operation is not valid for the object's storage class")
NO_KEY = (404, "NoSuchKey", "The specified key does not exist.")
NO_VERSION = (404, "NoSuchVersion", "The specified version does not exist.")
MARKER = (405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
FORBIDDEN = [DENIED, SKEWED, DISABLED]


class S3:
    """S3 that refuses everything in one way, and remembers what it was asked."""

    def __init__(self, server) -> None:
        self.server, self.asked = server, server.asked
        self.refuse(DENIED)

    def refuse(self, refusal):
        status, code, message = refusal
        self.answer(
            status,
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{code}</Code><Message>{message}</Message><Key>{KEY}</Key>"
            "<RequestId>4442587FB7D0A2F9</RequestId><HostId>h</HostId></Error>".encode(),
        )

    def answer(self, status, body):
        self.server.answers = [(status, body)]


@pytest.fixture
def s3(aws_server):
    return S3(aws_server)


@pytest.fixture
def bucket(s3):
    return Bucket("bucket")


def fetch(bucket, key=KEY, version_id="v1"):
    return bucket.fetch(key, version_id=version_id, max_bytes=10)


READS = {
    "head": lambda bucket: bucket.head(KEY),
    "read": lambda bucket: bucket.read(KEY),
    "sequencer": lambda bucket: bucket.sequencer(KEY),
    "sequencers": lambda bucket: bucket.sequencers([KEY])[KEY],
}


@pytest.mark.parametrize("read", READS)
def test_status_404_says_that_an_object_is_missing(s3, bucket, read):
    s3.refuse(NO_KEY)
    assert READS[read](bucket) is None


@pytest.mark.parametrize("refusal", FORBIDDEN, ids=lambda refusal: refusal[1])
@pytest.mark.parametrize("read", [*READS, "fetch"])
def test_status_403_is_raised(s3, bucket, read, refusal):
    s3.refuse(refusal)
    with pytest.raises(PermissionDeniedError):
        {**READS, "fetch": fetch}[read](bucket)


COPIED = (200, b"<CopyObjectResult><ETag>e2</ETag></CopyObjectResult>")
STARTED = (200, b"<Error><Code>InternalError</Code><Message>m</Message></Error>")
KEY_ARN = "arn:aws:kms:eu-central-1:123456789012:key/k"


@pytest.fixture
def original(aws_server):
    """An object of five bytes, as a HEAD describes it."""
    aws_server.headers = {
        "etag": '"e1"',
        "last-modified": "Wed, 25 Nov 2026 10:00:00 GMT",
        "x-amz-meta-sequencer": "01",
    }
    aws_server.answers = [(200, b"12345"), COPIED]
    return aws_server


@pytest.mark.parametrize(
    ("kms_key_arn", "encryption"),
    [
        ("", {"x-amz-server-side-encryption": "AES256"}),
        (
            KEY_ARN,
            {
                "x-amz-server-side-encryption": "aws:kms",
                "x-amz-server-side-encryption-aws-kms-key-id": KEY_ARN,
                "x-amz-server-side-encryption-bucket-key-enabled": "true",
            },
        ),
    ],
    ids=["s3", "kms"],
)
def test_a_copy_is_of_the_object_that_was_seen_and_has_headers_of_its_own(
    original, kms_key_arn, encryption
):
    bucket = Bucket("bucket", kms_key_arn=kms_key_arn)
    assert bucket.copy("a", "b", HEADERS, made_from="01", length=5)
    sent = {name.lower(): value for name, value in original.received[-1][0].items()}
    expected = {
        "x-amz-copy-source": "/bucket/a",
        "x-amz-copy-source-if-match": '"e1"',
        "x-amz-metadata-directive": "REPLACE",
        "content-type": HEADERS.content_type,
        "cache-control": HEADERS.cache_control,
        "x-amz-meta-sequencer": HEADERS.sequencer,
        **encryption,
    }
    assert {name: sent.get(name) for name in expected} == expected
    names = {name for name in sent if "encryption" in name}
    assert names == set(encryption)


@pytest.mark.parametrize(("made_from", "length"), [("02", 5), ("01", 4)])
def test_another_object_is_not_copied(original, made_from, length):
    assert not Bucket("bucket").copy("a", "b", HEADERS, made_from=made_from, length=length)
    assert len(original.asked) == 1


def test_a_copy_that_fails_after_its_status_is_an_error(original):
    """S3 may answer 200 and fail afterwards (API reference, CopyObject)."""
    original.answers = [(200, b"12345"), STARTED]
    with pytest.raises(Refused, match="InternalError"):
        Bucket("bucket").copy("a", "b", HEADERS, made_from="01", length=5)


def test_a_missing_original_is_no_copy_and_a_denied_one_is_an_error(s3, bucket):
    s3.refuse(NO_KEY)
    assert bucket.copy("a", "b", HEADERS, made_from="01", length=1) is False
    s3.refuse(DENIED)
    with pytest.raises((PermissionDeniedError, Refused)):
        bucket.copy("a", "b", HEADERS, made_from="01", length=1)


def test_denied_removals_are_errors(s3, bucket):
    with pytest.raises(PermissionDeniedError):
        bucket.delete(["a", "b"])
    with pytest.raises(Refused, match="AWS refused DELETE /bucket/a with status 403") as refusal:
        bucket.delete_if("a", "etag")
    assert (refusal.value.status, refusal.value.code) == (403, "AccessDenied")


def test_a_conditional_removal_names_the_entity_tag_that_it_expects(s3, bucket):
    s3.answer(204, b"")
    bucket.delete_if("a", '"e1"')
    ((headers, _),) = s3.server.received
    assert headers["if-match"] == '"e1"'


@pytest.mark.parametrize("status", [404, 409, 412])
def test_a_condition_that_does_not_hold_is_a_conflict(s3, bucket, status):
    s3.refuse((status, "PreconditionFailed", "At least one of the pre-conditions did not hold."))
    with pytest.raises(Conflict):
        bucket.delete_if("a", "etag")


@pytest.mark.parametrize("status", [404, 412])
def test_a_put_over_an_object_that_was_replaced_or_deleted_is_a_conflict(s3, bucket, status):
    """404 where it was deleted (S3 user guide, "How to prevent object overwrites")."""
    s3.refuse((status, "PreconditionFailed", "At least one of the pre-conditions did not hold."))
    with pytest.raises(Conflict):
        bucket.put("a", b"body", HEADERS, expect='"etag"')


@pytest.mark.parametrize("refusal", [NO_KEY, NO_VERSION], ids=lambda refusal: refusal[1])
def test_a_version_that_is_gone_is_gone(s3, bucket, refusal):
    s3.refuse(refusal)
    with pytest.raises(Gone):
        fetch(bucket)
    assert s3.asked == [("GET", f"/bucket/{KEY}", {"versionId": ["v1"]})]


def test_a_delete_marker_is_no_upload_and_is_raised(s3, bucket):
    """Only an event that names a marker as an upload asks so, and S3 sends none."""
    s3.refuse(MARKER)
    with pytest.raises(GenericError):
        fetch(bucket)


@pytest.mark.parametrize("version_id", [None, "v1", "a/b+c="])
@pytest.mark.parametrize("key", [KEY, "uploads/my été #1+2.jpg"])
def test_an_archived_upload_is_rejected(s3, bucket, key, version_id):
    s3.refuse(ARCHIVED)
    with pytest.raises(Rejected) as rejection:
        fetch(bucket, key, version_id)
    assert rejection.value.code == "archived"
    assert s3.asked[0] == s3.asked[1]


def test_a_denial_that_mentions_the_error_code_is_a_denial(s3, bucket):
    s3.refuse((403, "AccessDenied", "&lt;Code>InvalidObjectState&lt;/Code>"))
    with pytest.raises(PermissionDeniedError):
        fetch(bucket)


@pytest.mark.parametrize("body", [b"", b"<html>Forbidden", b"<Error/>"])
def test_a_refusal_that_names_no_error_code_is_raised(s3, bucket, body):
    s3.answer(403, body)
    with pytest.raises(PermissionDeniedError):
        fetch(bucket)


def about(kind, sequencer, version_id="v1") -> Event:
    version = ObjectVersion(key=KEY, version_id=version_id, etag="e1", sequencer=sequencer, bytes=1)
    return Event(bucket="bucket", kind=kind, version=version, correlation_id="c1")


def archived(version_id) -> Bucket:
    """A bucket whose upload S3 describes and does not give."""
    bucket = Bucket("bucket")
    bucket.head = lambda key: about(EventKind.CREATED, "", version_id).version
    return bucket


@pytest.fixture
def processed(source, destination, deliver, event, jpeg):
    """An upload and all that was made of it; returns the keys and bodies."""
    source.objects[KEY] = jpeg
    deliver(event)
    return dict(destination.objects)


@pytest.mark.parametrize("refusal", FORBIDDEN, ids=lambda refusal: refusal[1])
@pytest.mark.parametrize(
    ("kind", "sequencer"), [(EventKind.CHANGED, "02"), (EventKind.BACKFILL, "00")]
)
def test_a_head_that_answers_403_removes_nothing(
    s3, bucket, destination, environment, processed, kind, sequencer, refusal
):
    s3.refuse(refusal)
    with pytest.raises(PermissionDeniedError):
        reconciler_for(environment, bucket, destination).reconcile(about(kind, sequencer))
    assert destination.objects == processed
    s3.refuse(NO_KEY)
    reconciler_for(environment, bucket, destination).reconcile(about(kind, sequencer))
    assert destination.objects == {}


def test_a_denied_look_after_the_manifest_is_retried_and_removes_nothing(
    s3, bucket, source, destination, deliver, event, jpeg
):
    source.objects[KEY] = jpeg
    source.head = bucket.head
    with pytest.raises(PermissionDeniedError):
        deliver(event)
    assert len(destination.objects) == 6


def test_a_denied_manifest_is_not_taken_for_none(s3, bucket, source, environment, event, jpeg):
    source.objects[KEY] = jpeg
    with pytest.raises(PermissionDeniedError):
        reconciler_for(environment, source, bucket).reconcile(event)
    assert {command for command, _, _ in s3.asked} == {"GET"}


def test_an_archived_upload_is_recorded(s3, destination, environment, event):
    s3.refuse(ARCHIVED)
    manifest = reconciler_for(environment, archived("v1"), destination).reconcile(event)
    assert (manifest.status, manifest.error.code) == ("rejected", "archived")
    assert list(destination.objects) == ["u1/beach.jpg/manifest.json"]


def test_a_backfill_of_an_upload_archived_since_keeps_its_renditions(
    s3, destination, environment, processed
):
    s3.refuse(ARCHIVED)
    again = about(EventKind.BACKFILL, "00")
    assert reconciler_for(environment, archived("v1"), destination).reconcile(again) is None
    assert destination.objects == processed


def test_an_archived_newer_upload_replaces_the_older_one(s3, destination, environment, processed):
    s3.refuse(ARCHIVED)
    newer = about(EventKind.CREATED, "02", version_id="v2")
    manifest = reconciler_for(environment, archived("v2"), destination).reconcile(newer)
    assert manifest.error.code == "archived"
    assert list(destination.objects) == ["u1/beach.jpg/manifest.json"]


@pytest.mark.parametrize("length", [1, 100])
def test_lengths_within_the_limit_pass(length):
    assert check_length(length, 100) is None


@pytest.mark.parametrize(
    ("length", "code", "message"),
    [
        (0, "empty", "This file is empty."),
        (30_000_000, "too_many_bytes", "This file has 30.0 MB; the limit is 25 MB."),
        (2_550_001, "too_many_bytes", "This file has 2.6 MB; the limit is 2.5 MB."),
    ],
)
def test_other_lengths_are_rejected_in_plain_words(length, code, message):
    with pytest.raises(Rejected) as rejection:
        check_length(length, 2_500_000 if length == 2_550_001 else 25_000_000)
    assert (rejection.value.code, rejection.value.message) == (code, message)
