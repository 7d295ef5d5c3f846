"""The access matrix, tried for real: what each party may do works, and all else is denied."""

import base64
import hashlib
import json

import pytest

from local.http import request
from tests.local.calling import answer
from tests.local.probing import BODY

DENIED = (401, 403)


@pytest.fixture(scope="module")
def seeded(aws, photo):
    """One upload with its renditions, and private objects that no one outside may see."""
    aws.upload(photo("seed.jpg"), "uploads/seed.jpg")
    s3 = aws.client("s3")
    destination, source = aws.outputs["destinationBucket"], aws.outputs["sourceBucket"]
    others = ("notes.txt", "thumb.jpg.bak", "thumb.jpg/x", "huge.jpg")
    private = ["_index/sha256/manifest.json", "_index/x/thumb.jpg"]
    for key in (*private, *(f"seed.jpg/{name}" for name in others)):
        s3.put_object(Bucket=destination, Key=key, Body=b"private")
    s3.put_object(Bucket=source, Key="private/plan.jpg", Body=b"private")
    s3.create_bucket(Bucket="alien-bucket")
    return aws


def test_anyone_may_upload_under_the_prefix(seeded):
    assert request("PUT", seeded.source_url("uploads/anyone.bin"), b"x")[0] == 200


@pytest.mark.parametrize("key", ["seed.jpg/manifest.json", "seed.jpg/thumb.jpg"])
def test_anyone_may_read_what_is_public(seeded, key):
    assert request("GET", seeded.destination_url(key))[0] == 200
    assert request("HEAD", seeded.destination_url(key))[0] == 200


S3_PROBES = {
    "list the source": ("GET", "source", "", {}),
    "list versions of the source": ("GET", "source", "?versions", {}),
    "list uploads under way": ("GET", "source", "?uploads", {}),
    "read an upload": ("GET", "source", "uploads/seed.jpg", {}),
    "ask for an upload's size": ("HEAD", "source", "uploads/seed.jpg", {}),
    "read outside the prefix": ("GET", "source", "private/plan.jpg", {}),
    "delete an upload": ("DELETE", "source", "uploads/seed.jpg", {}),
    "write at the top": ("PUT", "source", "seed.jpg", {}),
    "write under another prefix": ("PUT", "source", "private/new.jpg", {}),
    "write beside the prefix": ("PUT", "source", "uploads", {}),
    "upload into the index": ("PUT", "source", "uploads/_index/new.jpg", {}),
    "upload the index itself": ("PUT", "source", "uploads/_index", {}),
    "copy another's upload": (
        "PUT",
        "source",
        "uploads/copy.jpg",
        {"x-amz-copy-source": "{source}/uploads/seed.jpg"},
    ),
    "upload over plain HTTP": ("PUT", "source", "uploads/b.jpg", {"X-Forwarded-Proto": "http"}),
    "tag an upload": ("PUT", "source", "uploads/seed.jpg?tagging", {}),
    "read the source's policy": ("GET", "source", "?policy", {}),
    "change the source's policy": ("PUT", "source", "?policy", {}),
    "delete the source's policy": ("DELETE", "source", "?policy", {}),
    "change the notification": ("PUT", "source", "?notification", {}),
    "delete the source": ("DELETE", "source", "", {}),
    "list the destination": ("GET", "destination", "?list-type=2", {}),
    "write a rendition": ("PUT", "destination", "seed.jpg/thumb.jpg", {}),
    "write a manifest": ("PUT", "destination", "seed.jpg/manifest.json", {}),
    "delete a rendition": ("DELETE", "destination", "seed.jpg/thumb.jpg", {}),
    "read an index": ("GET", "destination", "_index/sha256/manifest.json", {}),
    "read an index that looks like a rendition": ("GET", "destination", "_index/x/thumb.jpg", {}),
    "read what is no rendition": ("GET", "destination", "seed.jpg/notes.txt", {}),
    "read a rendition's longer name": ("GET", "destination", "seed.jpg/thumb.jpg.bak", {}),
    "read behind a rendition's name": ("GET", "destination", "seed.jpg/thumb.jpg/x", {}),
    "read another rendition": ("GET", "destination", "seed.jpg/huge.jpg", {}),
    "read over plain HTTP": (
        "GET",
        "destination",
        "seed.jpg/thumb.jpg",
        {"X-Forwarded-Proto": "http"},
    ),
    "change the destination's policy": ("PUT", "destination", "?policy", {}),
}


@pytest.mark.parametrize("probe", S3_PROBES)
def test_the_public_may_not(seeded, probe):
    method, bucket, target, headers = S3_PROBES[probe]
    base = seeded.outputs["uploadEndpoint" if bucket == "source" else "deliveryUrl"]
    source = seeded.outputs["sourceBucket"]
    headers = {name: value.format(source=source) for name, value in headers.items()}
    status, body = request(method, f"{base}/{target}", b"x" if method == "PUT" else None, headers)
    assert status in DENIED, body


ALLOWED_UPLOADS = {
    "plain": {},
    "STANDARD": {"x-amz-storage-class": "STANDARD"},
    "S3-managed keys": {"x-amz-server-side-encryption": "AES256"},
    "both": {"x-amz-storage-class": "STANDARD", "x-amz-server-side-encryption": "AES256"},
    "metadata": {"x-amz-meta-camera": "x", "content-type": "image/jpeg"},
}

STORAGE_CLASSES = (
    *("GLACIER", "DEEP_ARCHIVE", "GLACIER_IR", "STANDARD_IA", "ONEZONE_IA"),
    *("INTELLIGENT_TIERING", "REDUCED_REDUNDANCY"),
)
KMS_KEY = "arn:aws:kms:us-east-1:999999999999:key/0f5cbbd4-3a54-4f2c-9f0a-6f3a5a3b1a11"
SSE_C_KEY = b"k" * 32
SSE_C = {
    "x-amz-server-side-encryption-customer-algorithm": "AES256",
    "x-amz-server-side-encryption-customer-key": base64.b64encode(SSE_C_KEY).decode(),
    "x-amz-server-side-encryption-customer-key-MD5": base64.b64encode(
        hashlib.md5(SSE_C_KEY).digest()
    ).decode(),
}
DENIED_UPLOADS = {
    **{name: {"x-amz-storage-class": name} for name in STORAGE_CLASSES},
    "a key that the client supplies": SSE_C,
    "a KMS key": {
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": KMS_KEY,
    },
    "a KMS key and no algorithm": {"x-amz-server-side-encryption-aws-kms-key-id": KMS_KEY},
    "KMS with no key's name": {"x-amz-server-side-encryption": "aws:kms"},
    "two layers of KMS": {"x-amz-server-side-encryption": "aws:kms:dsse"},
    "STANDARD and a KMS key": {
        "x-amz-storage-class": "STANDARD",
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": KMS_KEY,
    },
}


@pytest.mark.parametrize("name", ALLOWED_UPLOADS)
def test_an_upload_may_say(seeded, name):
    url = seeded.source_url("uploads/headers.bin")
    status, body = request("PUT", url, b"x", ALLOWED_UPLOADS[name])
    assert status == 200, body


@pytest.mark.parametrize("name", DENIED_UPLOADS)
@pytest.mark.parametrize(("method", "query"), [("PUT", ""), ("POST", "?uploads")])
def test_an_upload_may_not_choose(seeded, name, method, query):
    url = seeded.source_url("uploads/headers.bin") + query
    status, body = request(method, url, b"x", DENIED_UPLOADS[name])
    assert status in DENIED, body


def test_not_even_the_owner_may_write_with_a_key_of_their_own(aws):
    """The bucket's configuration blocks SSE-C, whatever policies allow."""
    s3, key = aws.client("s3"), {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": SSE_C_KEY}
    for name in ("sourceBucket", "destinationBucket"):
        refused = answer(s3.put_object, Bucket=aws.outputs[name], Key="uploads/a", Body=b"x", **key)
        assert refused == (403, "AccessDenied")


def test_an_upload_cannot_make_itself_public(seeded):
    headers = {"x-amz-acl": "public-read"}
    status, body = request("PUT", seeded.source_url("uploads/acl.jpg"), b"x", headers)
    assert (status, b"AccessControlListNotSupported" in body) == (400, True)


QUERY_PROBES = {
    "receive from the queue": "Action=ReceiveMessage&QueueUrl={queueUrl}",
    "send to the queue": "Action=SendMessage&QueueUrl={queueUrl}&MessageBody=x",
    "purge the queue": "Action=PurgeQueue&QueueUrl={queueUrl}",
    "receive from the queue of backfills": "Action=ReceiveMessage&QueueUrl={backfillQueueUrl}",
    "send to the queue of backfills": (
        "Action=SendMessage&QueueUrl={backfillQueueUrl}&MessageBody=x"
    ),
    "receive dead letters": "Action=ReceiveMessage&QueueUrl={deadLetterQueueUrl}",
    "assume the function's role": (
        "Action=AssumeRole&Version=2011-06-15&RoleSessionName=x&RoleArn={role}"
    ),
}


@pytest.mark.parametrize("probe", QUERY_PROBES)
def test_the_public_may_not_call(seeded, probe):
    config = seeded.client("lambda").get_function_configuration(
        FunctionName=seeded.outputs["functionName"]
    )
    form = QUERY_PROBES[probe].format(**seeded.outputs, role=config["Role"])
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    status, body = request("POST", f"{seeded.server.endpoint}/", form.encode(), headers)
    assert status in DENIED, body


def test_the_public_may_not_invoke_the_function(seeded):
    name = seeded.outputs["functionName"]
    url = f"{seeded.server.endpoint}/2015-03-31/functions/{name}/invocations"
    status, body = request("POST", url, b"{}")
    assert status in DENIED, body


@pytest.fixture(scope="module")
def names(seeded):
    """Everything that a probe's arguments may name."""
    function = seeded.client("lambda").get_function_configuration(
        FunctionName=seeded.outputs["functionName"]
    )
    yield seeded.outputs | {"role": function["Role"], "roleName": function["Role"].split("/")[-1]}
    # Nothing polls the messages that the function sent there.
    seeded.client("sqs").purge_queue(QueueUrl=seeded.outputs["backfillQueueUrl"])


ALLOWED_TO_FUNCTION = {
    "read an upload": ("s3", "get_object", {"Bucket": "sourceBucket", "Key": "=uploads/seed.jpg"}),
    "list the source": ("s3", "list_objects_v2", {"Bucket": "sourceBucket"}),
    "list the destination": ("s3", "list_objects_v2", {"Bucket": "destinationBucket"}),
    "write a rendition": (
        "s3",
        "put_object",
        {"Bucket": "destinationBucket", "Key": "=probe.jpg/thumb.jpg", "Body": f"={BODY}"},
    ),
    "write a manifest": (
        "s3",
        "put_object",
        {"Bucket": "destinationBucket", "Key": "=probe.jpg/manifest.json", "Body": f"={BODY}"},
    ),
    "read a manifest": (
        "s3",
        "get_object",
        {"Bucket": "destinationBucket", "Key": "=seed.jpg/manifest.json"},
    ),
    "remove a leftover": (
        "s3",
        "delete_object",
        {"Bucket": "destinationBucket", "Key": "=seed.jpg/poster.webp"},
    ),
    "remove a manifest": (
        "s3",
        "delete_object",
        {"Bucket": "destinationBucket", "Key": "=probe.jpg/manifest.json"},
    ),
    "receive from its queue": (
        "sqs",
        "receive_message",
        {"QueueUrl": "queueUrl", "WaitTimeSeconds": 0},
    ),
    "send to its queue": (
        "sqs",
        "send_message",
        {"QueueUrl": "queueUrl", "MessageBody": '={"Event": "s3:TestEvent"}'},
    ),
    "receive from the queue of backfills": (
        "sqs",
        "receive_message",
        {"QueueUrl": "backfillQueueUrl", "WaitTimeSeconds": 0},
    ),
    "send to the queue of backfills": (
        "sqs",
        "send_message",
        {"QueueUrl": "backfillQueueUrl", "MessageBody": '={"Event": "s3:TestEvent"}'},
    ),
    "look at its queue": ("sqs", "get_queue_attributes", {"QueueUrl": "queueUrl"}),
    "write its log": (
        "logs",
        "create_log_stream",
        {"logGroupName": "logGroup", "logStreamName": "=probe"},
    ),
}

DENIED_TO_FUNCTION = {
    "tag an upload, on a stack that keeps rejected ones": (
        "s3",
        "put_object_tagging",
        {"Bucket": "sourceBucket", "Key": "=uploads/seed.jpg", "Tagging": {"TagSet": []}},
    ),
    "write an upload": (
        "s3",
        "put_object",
        {"Bucket": "sourceBucket", "Key": "=private/a.jpg", "Body": f"={BODY}"},
    ),
    "delete an upload": (
        "s3",
        "delete_object",
        {"Bucket": "sourceBucket", "Key": "=uploads/seed.jpg"},
    ),
    "list versions of the source": ("s3", "list_object_versions", {"Bucket": "sourceBucket"}),
    "list uploads under way": ("s3", "list_multipart_uploads", {"Bucket": "sourceBucket"}),
    "read the source's policy": ("s3", "get_bucket_policy", {"Bucket": "sourceBucket"}),
    "read outside the prefix": (
        "s3",
        "get_object",
        {"Bucket": "sourceBucket", "Key": "=private/plan.jpg"},
    ),
    "list versions of the destination": (
        "s3",
        "list_object_versions",
        {"Bucket": "destinationBucket"},
    ),
    "list an alien bucket": ("s3", "list_objects_v2", {"Bucket": "=alien-bucket"}),
    "read an index": (
        "s3",
        "get_object",
        {"Bucket": "destinationBucket", "Key": "=_index/sha256/notes"},
    ),
    "write what is no rendition": (
        "s3",
        "put_object",
        {"Bucket": "destinationBucket", "Key": "=probe.jpg/page.html", "Body": f"={BODY}"},
    ),
    "delete what is not its own": (
        "s3",
        "delete_object",
        {"Bucket": "destinationBucket", "Key": "=_index/sha256/notes"},
    ),
    "open the destination": ("s3", "delete_bucket_policy", {"Bucket": "destinationBucket"}),
    "list buckets": ("s3", "list_buckets", {}),
    "send dead letters": (
        "sqs",
        "send_message",
        {"QueueUrl": "deadLetterQueueUrl", "MessageBody": "=x"},
    ),
    "purge its queue": ("sqs", "purge_queue", {"QueueUrl": "queueUrl"}),
    "purge the queue of backfills": ("sqs", "purge_queue", {"QueueUrl": "backfillQueueUrl"}),
    "read dead letters": ("sqs", "receive_message", {"QueueUrl": "deadLetterQueueUrl"}),
    "change its own code": (
        "lambda",
        "update_function_configuration",
        {"FunctionName": "functionName", "Timeout": 900},
    ),
    "invoke itself": ("lambda", "invoke", {"FunctionName": "functionName"}),
    "assume its own role": (
        "sts",
        "assume_role",
        {"RoleArn": "role", "RoleSessionName": "=again"},
    ),
    "widen its own role": (
        "iam",
        "put_role_policy",
        {
            "RoleName": "roleName",
            "PolicyName": "=more",
            "PolicyDocument": "="
            + json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
                }
            ),
        },
    ),
    "delete its log": ("logs", "delete_log_group", {"logGroupName": "logGroup"}),
    "make a key": ("kms", "create_key", {}),
}


def _arguments(template: dict, names: dict[str, str]) -> dict:
    """Replace names of outputs by their values; ``=text`` stands for itself."""
    return {
        key: value
        if not isinstance(value, str)
        else (value[1:] if value.startswith("=") else names[value])
        for key, value in template.items()
    }


@pytest.mark.parametrize("probe", ALLOWED_TO_FUNCTION)
def test_the_function_may(seeded, names, probe):
    service, operation, template = ALLOWED_TO_FUNCTION[probe]
    assert seeded.as_function(service, operation, **_arguments(template, names)) == "allowed"


@pytest.mark.parametrize("probe", DENIED_TO_FUNCTION)
def test_the_function_may_not(seeded, names, probe):
    service, operation, template = DENIED_TO_FUNCTION[probe]
    answer = seeded.as_function(service, operation, **_arguments(template, names))
    assert answer in ("AccessDenied", "AccessDeniedException"), answer


def test_the_matrix_tries_at_least_twenty_things():
    assert len(S3_PROBES) + len(QUERY_PROBES) + len(DENIED_TO_FUNCTION) >= 50
