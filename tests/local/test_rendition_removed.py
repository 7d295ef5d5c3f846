"""Uploads from before a rendition was taken out of the settings, whose events come again."""

import json

import pytest

from function.contract import s3_event, upload_name
from local.deploy import deploy
from local.uploader import upload
from tests.local.defaults import DEFAULTS
from tests.support.waiting import wait_until

ONE = [{"name": "small", "width": 320, "height": 320}]
TWO = [*ONE, {"name": "poster", "width": 900, "height": 900}]
BEFORE = DEFAULTS | {"image-pipeline:renditions": TWO}
AFTERWARDS = DEFAULTS | {"image-pipeline:renditions": ONE}


@pytest.fixture
def server(served, tmp_path):
    with served(tmp_path / "removed", BEFORE) as server:
        yield server


def test_an_event_that_comes_again_is_no_dead_letter(server, photo):
    """The function may not read what it makes no more, so it must not ask for that either."""
    outputs, s3, sqs = server.outputs, server.client("s3"), server.client("sqs")
    path = photo("beach.jpg", (1300, 900))
    done = upload(path, "uploads/beach.jpg", outputs["uploadEndpoint"], outputs["deliveryUrl"])
    assert done.status == "ready"
    folder = f"{upload_name(done.key)}/"
    listing = {"Bucket": outputs["destinationBucket"], "Prefix": folder}
    before = {found["Key"]: found["ETag"] for found in s3.list_objects_v2(**listing)["Contents"]}
    assert {f"{folder}poster.jpg", f"{folder}small.jpg"} < set(before)

    deploy(server, "local", settings=AFTERWARDS)
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
