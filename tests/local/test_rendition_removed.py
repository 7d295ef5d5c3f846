"""Uploads from before a rendition or a format was taken out of the settings: events come again."""

import json

import pytest

from function.contract.keys import upload_name
from function.contract.messages import s3_event
from local.deploy import deploy
from local.uploader import upload
from tests.local.defaults import PROD
from tests.support.waiting import wait_until

SMALL = {"name": "small", "width": 320, "height": 320, "formats": ["jpeg"]}
POSTER = {"name": "poster", "width": 900, "height": 900, "formats": ["jpeg"]}
BEFORE = PROD | {
    "image-pipeline:renditions": [SMALL | {"formats": ["jpeg", "webp"]}, POSTER],
}
AFTERWARDS = PROD | {"image-pipeline:renditions": [SMALL]}


@pytest.fixture
def server(served, tmp_path):
    with served(tmp_path / "removed", BEFORE, "prod") as server:
        yield server


def test_an_event_that_comes_again_is_no_dead_letter(server, photo):
    """The function may not read what it makes no more, so it must not ask for that either.

    Behind a CDN, that is; in a public bucket it may read what everyone may.
    """
    outputs, s3, sqs = server.outputs, server.client("s3"), server.client("sqs")
    path = photo("beach.jpg", (1300, 900))
    done = upload(path, "", outputs["uploadEndpoint"], outputs["deliveryUrl"], presigned=True)
    assert done.status == "ready"
    folder = f"{upload_name(done.key)}/"
    listing = {"Bucket": outputs["destinationBucket"], "Prefix": folder}
    before = {found["Key"]: found["ETag"] for found in s3.list_objects_v2(**listing)["Contents"]}
    assert {f"{folder}{file}" for file in ("poster.jpg", "small.jpg", "small.webp")} < set(before)

    deploy(server, "prod", settings=AFTERWARDS)
    head = s3.head_object(Bucket=outputs["sourceBucket"], Key=done.key)
    manifest = json.loads(
        s3.get_object(Bucket=outputs["destinationBucket"], Key=f"{folder}manifest.json")[
            "Body"
        ].read()
    )
    event = s3_event(
        outputs["sourceBucket"],
        done.key,
        length=head["ContentLength"],
        etag=manifest["source"]["etag"],
        sequencer=manifest["source"]["sequencer"],
        version_id=head["VersionId"],
    )
    sqs.send_message(QueueUrl=outputs["queueUrl"], MessageBody=event)
    wait_until(lambda: _in_flight(sqs, outputs["queueUrl"]) == 0)
    assert _in_flight(sqs, outputs["deadLetterQueueUrl"]) == 0
    after = {found["Key"]: found["ETag"] for found in s3.list_objects_v2(**listing)["Contents"]}
    assert after == before


def _in_flight(sqs, queue):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(map(int, found.values()))
