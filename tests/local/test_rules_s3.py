"""Requests that Amazon S3 refuses, over HTTP: missing and long keys, archived objects,
encryption."""

import json
import os
from urllib.parse import quote

import pytest

from local.http import request
from tests.local.calling import answer, caller

BUCKET = "rules-s3"
OBJECTS = f"arn:aws:s3:::{BUCKET}/*"
READ = [("s3:GetObject", OBJECTS), ("s3:GetObjectVersion", OBJECTS)]
LIST = ("s3:ListBucket", f"arn:aws:s3:::{BUCKET}")
LONGEST, TOO_LONG = "é" * 512, "é" * 512 + "a"
KEY = os.urandom(32)
ENCRYPTED = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": KEY}


@pytest.fixture(scope="module")
def s3(bare):
    s3 = bare.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=BUCKET, Key="here", Body=b"x")
    return s3


@pytest.fixture
def public(s3):
    """Grant actions to everyone."""
    s3.delete_public_access_block(Bucket=BUCKET)

    def grant(*actions):
        resources = {"s3:ListBucket": LIST[1]}
        statements = [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": action,
                "Resource": resources.get(action, OBJECTS),
            }
            for action in actions
        ]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        s3.put_bucket_policy(Bucket=BUCKET, Policy=document)

    yield grant
    s3.delete_bucket_policy(Bucket=BUCKET)


def test_an_object_is_encrypted_in_a_bucket_without_a_configuration(s3):
    """Page "Amazon S3 now automatically encrypts all new objects" (S3 user guide)."""
    assert s3.head_object(Bucket=BUCKET, Key="here")["ServerSideEncryption"] == "AES256"
    put = s3.put_object(Bucket=BUCKET, Key="other", Body=b"x")
    assert put["ServerSideEncryption"] == "AES256"


@pytest.mark.parametrize("missing", [{"Key": "gone"}, {"Key": "here", "VersionId": "gone"}])
def test_missing_is_403_without_list_bucket_and_404_with_it(bare, s3, missing):
    """Pages "GetObject" and "HeadObject" (Amazon S3 API reference)."""
    missing = {"Bucket": BUCKET} | missing
    code = "NoSuchVersion" if "VersionId" in missing else "NoSuchKey"
    reader = caller(bare, "s3", *READ)
    assert answer(reader.get_object, **missing) == (403, "AccessDenied")
    assert answer(reader.head_object, **missing) == (403, "403")
    lister = caller(bare, "s3", *READ, LIST)
    assert answer(lister.get_object, **missing) == (404, code)
    assert answer(lister.head_object, **missing) == (404, "404")


def test_a_bucket_policy_tells_a_reader_what_is_missing(bare, s3, public):
    """Page "GetObject" (Amazon S3 API reference): s3:ListBucket may come from either policy."""
    reader = caller(bare, "s3", *READ)
    public("s3:ListBucket")
    assert answer(reader.get_object, Bucket=BUCKET, Key="gone") == (404, "NoSuchKey")


def test_attributes_of_a_missing_object_are_403_without_list_bucket(bare, s3):
    """Page "GetObjectAttributes" (Amazon S3 API reference)."""
    allowed = [*READ, ("s3:GetObjectAttributes", OBJECTS)]
    missing = {"Bucket": BUCKET, "Key": "gone", "ObjectAttributes": ["ETag"]}
    reader = caller(bare, "s3", *allowed)
    assert answer(reader.get_object_attributes, **missing) == (403, "AccessDenied")
    lister = caller(bare, "s3", *allowed, LIST)
    assert answer(lister.get_object_attributes, **missing) == (404, "NoSuchKey")


def test_a_deleted_object_is_missing(bare, s3):
    """Page "Working with delete markers" (Amazon S3 user guide): it is not found."""
    s3.put_object(Bucket=BUCKET, Key="deleted", Body=b"x")
    s3.delete_object(Bucket=BUCKET, Key="deleted")
    deleted = {"Bucket": BUCKET, "Key": "deleted"}
    assert answer(caller(bare, "s3", *READ).get_object, **deleted) == (403, "AccessDenied")
    assert answer(caller(bare, "s3", *READ, LIST).get_object, **deleted) == (404, "NoSuchKey")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_missing_is_403_for_everyone_who_may_only_read(bare, s3, public, method):
    """Pages "GetObject" and "HeadObject" (Amazon S3 API reference), without a signature."""
    url = f"{bare.endpoint}/{BUCKET}"
    public("s3:GetObject")
    assert request(method, f"{url}/here")[0] == 200
    status, body = request(method, f"{url}/gone")
    assert (status, b"<Code>AccessDenied</Code>" in body) == (403, method == "GET")
    public("s3:GetObject", "s3:ListBucket")
    assert request(method, f"{url}/gone")[0] == 404


def test_a_key_is_at_most_1024_bytes_of_utf_8(s3):
    """Page "Naming Amazon S3 objects" (Amazon S3 user guide)."""
    for call in (s3.put_object, s3.get_object, s3.delete_object):
        assert answer(call, Bucket=BUCKET, Key=TOO_LONG) == (400, "KeyTooLongError")
    assert answer(s3.put_object, Bucket=BUCKET, Key=LONGEST) == (200, "")


def test_a_long_key_is_refused_in_a_bucket_that_everyone_may_write_to(bare, s3, public):
    """Page "Naming Amazon S3 objects" (Amazon S3 user guide), without a signature."""
    public("s3:PutObject")
    url = f"{bare.endpoint}/{BUCKET}"
    status, body = request("PUT", f"{url}/{quote(TOO_LONG)}", b"x")
    assert (status, b"<Code>KeyTooLongError</Code>" in body) == (400, True)
    assert request("PUT", f"{url}/{quote(LONGEST)}", b"x")[0] == 200


@pytest.mark.parametrize(("name", "status"), [("name", 204), ("names", 400)])
def test_a_form_uploads_to_a_key_of_at_most_1024_bytes(bare, s3, name, status):
    """Pages "Naming Amazon S3 objects" and "POST Object" (Amazon S3), ``${filename}`` filled in."""
    form = s3.generate_presigned_post(BUCKET, "é" * 510 + "${filename}")
    assert post(f"{bare.endpoint}/{BUCKET}", form["fields"], name) == status


def post(url, fields, filename):
    """Upload a file by a form, and return the status of the answer."""
    parts = [
        f'--limit\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in fields.items()
    ]
    file = (
        f'--limit\r\nContent-Disposition: form-data; name="file"; filename="{filename}"'
        "\r\n\r\nx\r\n"
    )
    body = "".join([*parts, file, "--limit--\r\n"]).encode()
    kind = {"Content-Type": "multipart/form-data; boundary=limit"}
    return request("POST", url, body, kind)[0]


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_an_archived_object_cannot_be_read(s3, storage_class):
    """Page "Working with archived objects" (Amazon S3 user guide) and "InvalidObjectState"."""
    archived = {"Bucket": BUCKET, "Key": storage_class}
    version = s3.put_object(**archived, Body=b"x", StorageClass=storage_class)["VersionId"]
    assert answer(s3.get_object, **archived) == (403, "InvalidObjectState")
    assert answer(s3.get_object, **archived, VersionId=version) == (403, "InvalidObjectState")
    copy = {"Bucket": BUCKET, "Key": "copy", "CopySource": archived}
    assert answer(s3.copy_object, **copy) == (403, "InvalidObjectState")
    headers = s3.head_object(**archived)["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amz-storage-class"] == storage_class


def test_an_object_in_instant_retrieval_is_read_and_copied(s3):
    """Page "Understanding and managing Amazon S3 storage classes" (Amazon S3 user guide)."""
    instant = {"Bucket": BUCKET, "Key": "instant"}
    s3.put_object(**instant, Body=b"x", StorageClass="GLACIER_IR")
    assert answer(s3.get_object, **instant) == (200, "")
    assert answer(s3.copy_object, Bucket=BUCKET, Key="copy", CopySource=instant) == (200, "")


@pytest.mark.parametrize("versioned", [False, True])
def test_an_object_with_a_customers_key_demands_it(s3, versioned):
    """Page "Using server-side encryption with customer-provided keys (SSE-C)" (S3 user guide)."""
    version = s3.put_object(Bucket=BUCKET, Key="secret", Body=b"x", **ENCRYPTED)["VersionId"]
    secret = {"Bucket": BUCKET, "Key": "secret"} | ({"VersionId": version} if versioned else {})
    assert answer(s3.get_object, **secret) == (400, "InvalidRequest")
    assert answer(s3.head_object, **secret) == (400, "400")
    wrong = ENCRYPTED | {"SSECustomerKey": os.urandom(32)}
    assert answer(s3.get_object, **secret, **wrong) == (403, "AccessDenied")
    assert answer(s3.get_object, **secret, **ENCRYPTED) == (200, "")


def test_a_bucket_may_block_customers_keys(bare, s3):
    """Page "Blocking or unblocking SSE-C for a general purpose bucket" (Amazon S3 user guide)."""
    bucket, default = "rules-s3-blocking", {"SSEAlgorithm": "AES256"}
    secret = {"Bucket": bucket, "Key": "secret"} | ENCRYPTED
    s3.create_bucket(Bucket=bucket)

    def block(kind):
        rule = {"ApplyServerSideEncryptionByDefault": default}
        rule |= {"BlockedEncryptionTypes": {"EncryptionType": [kind]}}
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})

    block("NONE")
    assert answer(s3.put_object, **secret, Body=b"x") == (200, "")
    block("SSE-C")
    source = {"Bucket": BUCKET, "Key": "here"}
    for call, arguments in (
        (s3.put_object, {"Body": b"x"}),
        (s3.copy_object, {"CopySource": source}),
        (s3.create_multipart_upload, {}),
    ):
        assert answer(call, **secret, **arguments) == (403, "AccessDenied")
    fields = {"x-amz-server-side-encryption-customer-algorithm": "AES256"}
    conditions = [fields]
    form = s3.generate_presigned_post(bucket, "form", Fields=fields, Conditions=conditions)
    assert post(f"{bare.endpoint}/{bucket}", form["fields"], "name") == 403
    assert answer(s3.get_object, **secret) == (200, "")
    assert answer(s3.put_object, Bucket=bucket, Key="plain", Body=b"x") == (200, "")


def test_a_bucket_policy_is_at_most_20_kb(s3):
    """Page "Adding a bucket policy by using the Amazon S3 console" (Amazon S3 user guide)."""

    def policy(length):
        statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": OBJECTS}
        empty = {"Version": "2012-10-17", "Id": "", "Statement": [statement]}
        return json.dumps(empty | {"Id": "a" * (length - len(json.dumps(empty)))})

    assert answer(s3.put_bucket_policy, Bucket=BUCKET, Policy=policy(20_481))[0] == 400
    assert answer(s3.put_bucket_policy, Bucket=BUCKET, Policy=policy(20_480)) == (204, "")
    s3.delete_bucket_policy(Bucket=BUCKET)


def test_at_most_a_thousand_keys_are_deleted_at_once(s3):
    """Page "DeleteObjects" (Amazon S3 API reference)."""

    def delete(count):
        keys = [{"Key": f"many/{number}"} for number in range(count)]
        return answer(s3.delete_objects, Bucket=BUCKET, Delete={"Objects": keys, "Quiet": True})

    assert delete(1_001) == (400, "MalformedXML")
    assert delete(1_000) == (200, "")
