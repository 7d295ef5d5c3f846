"""Conditional writes and deletions of Amazon S3, tried over HTTP."""

import http.client
import threading

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.server import REGION, ROOT_KEY
from tests.local.calling import answer, caller

BUCKET = "rules-conditions"
OBJECTS = f"arn:aws:s3:::{BUCKET}/*"


@pytest.fixture(scope="module")
def s3(bare):
    s3 = bare.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    return s3


@pytest.fixture
def etag(s3):
    return s3.put_object(Bucket=BUCKET, Key="key", Body=b"first")["ETag"]


@pytest.fixture
def overtaken(bare):
    """Put with a condition, and do something else between the first and the last byte."""

    def put(meanwhile, **condition):
        headers = {name.replace("_", "-"): value for name, value in condition.items()}
        url = f"{bare.endpoint}/{BUCKET}/key"
        headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD"
        signed = AWSRequest(method="PUT", url=url, data=b"second", headers=headers)
        S3SigV4Auth(Credentials(ROOT_KEY, ROOT_KEY), "s3", REGION).add_auth(signed)
        connection = http.client.HTTPConnection("127.0.0.1", bare.port, timeout=30)
        connection.putrequest("PUT", f"/{BUCKET}/key")
        body = {"Content-Length": "6", "Expect": "100-continue"}
        for name, value in (dict(signed.headers) | body).items():
            connection.putheader(name, value)
        connection.endheaders()
        assert connection.sock.recv(64).startswith(b"HTTP/1.1 100")  # it is being served
        connection.send(b"sec")
        meanwhile()
        connection.send(b"ond")
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, text.partition("<Code>")[2].partition("</Code>")[0]

    return put


def test_an_etag_is_no_condition_that_nothing_is_there(s3, etag):
    """Page "PutObject" (Amazon S3 API reference)."""
    refused = answer(s3.put_object, Bucket=BUCKET, Key="key", Body=b"x", IfNoneMatch='"other"')
    assert refused == (501, "NotImplemented")
    assert s3.head_object(Bucket=BUCKET, Key="key")["ETag"] == etag


def test_none_is_overwritten(s3, etag):
    """Page "How to prevent object overwrites with conditional writes" (Amazon S3 user guide)."""
    put = {"Bucket": BUCKET, "Body": b"x", "IfNoneMatch": "*"}
    assert answer(s3.put_object, Key="key", **put) == (412, "PreconditionFailed")
    s3.delete_object(Bucket=BUCKET, Key="key")
    assert answer(s3.put_object, Key="key", **put) == (200, "")


def test_only_the_object_that_was_read_is_overwritten(s3, etag):
    """Page "How to prevent object overwrites with conditional writes" (Amazon S3 user guide)."""
    put = {"Bucket": BUCKET, "Body": b"x"}
    assert answer(s3.put_object, Key="key", IfMatch='"other"', **put) == (412, "PreconditionFailed")
    assert answer(s3.put_object, Key="gone", IfMatch=etag, **put) == (404, "NoSuchKey")
    assert answer(s3.put_object, Key="key", IfMatch=etag, **put) == (200, "")


def test_only_the_object_that_was_read_is_deleted(s3, etag):
    """Page "How to perform conditional deletes" (Amazon S3 user guide)."""
    delete = {"Bucket": BUCKET}
    other = {"Key": "key", "IfMatch": '"other"'}
    assert answer(s3.delete_object, **other, **delete) == (412, "PreconditionFailed")
    for condition in (etag, "*"):
        missing = {"Key": "gone", "IfMatch": condition}
        assert answer(s3.delete_object, **missing, **delete) == (404, "NoSuchKey")
    assert answer(s3.delete_object, Key="key", IfMatch=etag, **delete) == (204, "")


def test_to_match_an_etag_takes_the_permission_to_read_it(bare, s3, etag):
    """Both pages above: s3:GetObject besides s3:PutObject or s3:DeleteObject; not for ``*``."""
    matching = {"Bucket": BUCKET, "Key": "key", "IfMatch": etag}
    write = [("s3:PutObject", OBJECTS), ("s3:DeleteObject", OBJECTS)]
    writer, reader = (
        caller(bare, "s3", *write),
        caller(bare, "s3", *write, ("s3:GetObject", OBJECTS)),
    )
    assert answer(writer.put_object, **matching, Body=b"first") == (403, "AccessDenied")
    assert answer(writer.delete_object, **matching) == (403, "AccessDenied")
    assert answer(reader.put_object, **matching, Body=b"first") == (200, "")
    assert answer(reader.delete_object, **matching) == (204, "")
    s3.put_object(Bucket=BUCKET, Key="key", Body=b"first")
    assert answer(writer.delete_object, **matching | {"IfMatch": "*"}) == (204, "")


def test_a_deletion_meanwhile_is_a_conflict(s3, overtaken, etag):
    """Page "How to prevent object overwrites with conditional writes": 409 for If-None-Match."""

    def delete():
        s3.delete_object(Bucket=BUCKET, Key="key")

    conflict = (409, "ConditionalRequestConflict")
    assert overtaken(delete, if_none_match="*") == conflict
    assert overtaken(lambda: None, if_none_match="*") == (200, "")


def test_with_an_etag_a_deletion_meanwhile_leaves_nothing_to_match(s3, overtaken, etag):
    """Page "How to prevent object overwrites with conditional writes": 404 for If-Match."""

    def delete():
        s3.delete_object(Bucket=BUCKET, Key="key")

    assert overtaken(delete, if_match=etag) == (404, "NoSuchKey")


def test_another_write_meanwhile_is_a_conflict_for_an_etag(s3, overtaken, etag):
    """Page "PutObject" (Amazon S3 API reference), If-Match: 409 for a conflicting operation."""

    def write():
        s3.put_object(Bucket=BUCKET, Key="key", Body=b"third")

    assert overtaken(write, if_match=etag) == (409, "ConditionalRequestConflict")
    assert s3.get_object(Bucket=BUCKET, Key="key")["Body"].read() == b"third"


def test_another_write_meanwhile_is_a_failed_condition_for_none(s3, overtaken):
    """Page "How to prevent object overwrites with conditional writes": the first to finish wins."""
    s3.delete_object(Bucket=BUCKET, Key="key")

    def write():
        s3.put_object(Bucket=BUCKET, Key="key", Body=b"third")

    assert overtaken(write, if_none_match="*") == (412, "PreconditionFailed")


def test_a_change_of_another_key_is_no_conflict(s3, overtaken):
    """Page "How to prevent object overwrites with conditional writes": of the same object."""
    s3.delete_object(Bucket=BUCKET, Key="key")
    s3.put_object(Bucket=BUCKET, Key="other", Body=b"x")
    assert overtaken(lambda: s3.delete_object(Bucket=BUCKET, Key="other"), if_none_match="*") == (
        (200, "")
    )


def test_of_many_at_once_one_succeeds(s3):
    """Page "How to prevent object overwrites with conditional writes": the first to finish wins."""
    s3.delete_object(Bucket=BUCKET, Key="key")
    answers = []

    def put():
        answers.append(answer(s3.put_object, Bucket=BUCKET, Key="key", Body=b"x", IfNoneMatch="*"))

    threads = [threading.Thread(target=put) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [(200, ""), *[(412, "PreconditionFailed")] * 7]
