"""The stack that keeps everything to itself: signed uploads, a key of its own, CloudFront alone."""

import json
import time

import pytest

from local import server as servers
from local.deploy import deploy
from local.http import request
from local.uploader import post_form

PRIVATE = {
    "image-pipeline:uploads": "presigned",
    "image-pipeline:delivery": "cdn",
    "image-pipeline:encryption": "kms",
}
NAME = "private.jpg"


@pytest.fixture(scope="module")
def stack(tmp_path_factory, photo):
    folder = tmp_path_factory.mktemp("private") / "state"
    server = servers.start(folder)
    try:
        outputs = deploy(server, "prod", settings=PRIVATE)
        s3 = server.client("s3")
        where = {"Bucket": outputs["sourceBucket"], "Key": f"uploads/{NAME}"}
        signed = s3.generate_presigned_url("put_object", Params=where)
        assert request("PUT", signed, photo(NAME).read_bytes())[0] == 200
        _wait_for_manifest(s3, outputs["destinationBucket"])
        yield server, outputs
    finally:
        servers.stop(folder)


def _wait_for_manifest(s3, bucket):
    deadline = time.monotonic() + 60
    while True:
        keys = [c["Key"] for c in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        if f"{NAME}/manifest.json" in keys:
            return
        assert time.monotonic() < deadline, keys
        time.sleep(0.2)


def through_cdn(server, outputs, key: str) -> int:
    """Ask the distribution, which answers on the embedded AWS's own port by its host name."""
    host = outputs["deliveryUrl"].removeprefix("https://")
    return request("GET", f"{server.endpoint}/{key}", None, {"Host": host})[0]


def test_what_is_written_is_encrypted_with_the_stacks_own_key(stack):
    server, outputs = stack
    (alias,) = [
        a
        for a in server.client("kms").list_aliases()["Aliases"]
        if a["AliasName"] == "alias/image-pipeline-prod"
    ]
    for bucket, key in (
        (outputs["sourceBucket"], f"uploads/{NAME}"),
        (outputs["destinationBucket"], f"{NAME}/thumb.jpg"),
        (outputs["destinationBucket"], f"{NAME}/manifest.json"),
    ):
        head = server.client("s3").head_object(Bucket=bucket, Key=key)
        assert head["ServerSideEncryption"] == "aws:kms"
        assert head["SSEKMSKeyId"].endswith(alias["TargetKeyId"])


@pytest.mark.parametrize("key", [f"{NAME}/manifest.json", f"{NAME}/thumb.jpg"])
def test_the_cdn_delivers_what_is_public(stack, key):
    assert through_cdn(*stack, key) == 200


@pytest.mark.parametrize("key", ["_index/a/thumb.jpg", f"{NAME}/notes.txt"])
def test_the_cdn_delivers_nothing_else(stack, key):
    server, outputs = stack
    server.client("s3").put_object(Bucket=outputs["destinationBucket"], Key=key, Body=b"private")
    assert through_cdn(server, outputs, key) == 403


@pytest.mark.parametrize("key", [f"{NAME}/manifest.json", f"{NAME}/thumb.jpg"])
def test_the_bucket_itself_delivers_nothing(stack, key):
    server, outputs = stack
    assert request("GET", f"{server.endpoint}/{outputs['destinationBucket']}/{key}")[0] == 403


def test_without_a_signature_nothing_is_uploaded(stack):
    server, outputs = stack
    url = f"{server.endpoint}/{outputs['sourceBucket']}/uploads/a.jpg"
    assert request("PUT", url, b"x")[0] == 403


def test_a_form_of_the_signers_uploads_with_the_stacks_own_key(stack):
    server, outputs = stack
    wanted = b'{"name": "signed.jpg", "type": "image/jpeg"}'
    status, answer = request("POST", outputs["uploadEndpoint"], wanted)
    assert status == 200, answer
    form = json.loads(answer)
    assert post_form(form, "signed.jpg", b"x")[0] == 204
    head = server.client("s3").head_object(Bucket=outputs["sourceBucket"], Key=form["key"])
    assert head["ServerSideEncryption"] == "aws:kms"


def test_block_public_access_is_whole(stack):
    server, outputs = stack
    for bucket in (outputs["sourceBucket"], outputs["destinationBucket"]):
        block = server.client("s3").get_public_access_block(Bucket=bucket)
        assert set(block["PublicAccessBlockConfiguration"].values()) == {True}
