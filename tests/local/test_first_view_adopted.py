"""Lazy renditions of a stack whose two buckets are its account's own."""

import pytest

from function.contract.keys import upload_name
from local import server as servers
from local.deploy import deploy
from local.http import request
from tests.local.defaults import PROD
from tests.support.waiting import wait_until

SOURCE, DESTINATION = "shop-photos", "shop-images"
SETTINGS = PROD | {
    "image-pipeline:sourceBucket": SOURCE,
    "image-pipeline:destinationBucket": DESTINATION,
    "image-pipeline:uploads": "private",
    "image-pipeline:renditions": [
        {"name": "grid", "width": 200, "height": 200, "formats": ["jpeg"], "lazy": True},
        {"name": "thumb", "width": 150, "height": 150, "formats": ["jpeg"]},
    ],
}
KEY = "uploads/u1/beach.jpg"
NAME = upload_name(KEY)
GRID, THUMB = f"{NAME}/grid.jpg", f"{NAME}/thumb.jpg"


@pytest.fixture
def server(tmp_path):
    server = servers.start(tmp_path / "state")
    try:
        s3 = server.client("s3")
        for bucket in (SOURCE, DESTINATION):
            s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=SOURCE, VersioningConfiguration={"Status": "Enabled"})
        s3.put_bucket_notification_configuration(
            Bucket=SOURCE, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        deploy(server, "prod", settings=SETTINGS)
        policy = server.outputs["destinationPolicy"]
        s3.put_bucket_policy(Bucket=DESTINATION, Policy=policy)
        yield server
    finally:
        servers.stop(server.folder)


def test_they_are_made_and_go_with_an_upload_that_eventbridge_tells_of(server, photo):
    s3, url = server.client("s3"), f"{server.outputs['deliveryUrl']}/{GRID}"

    def etags() -> dict[str, str]:
        found = s3.list_objects_v2(Bucket=DESTINATION).get("Contents", [])
        return {each["Key"]: each["ETag"] for each in found}

    def put(size: tuple[int, int]) -> None:
        before = etags().get(THUMB)
        s3.put_object(Bucket=SOURCE, Key=KEY, Body=photo("beach.jpg", size).read_bytes())
        wait_until(lambda: etags().get(THUMB) not in (None, before), 60)

    put((400, 300))
    wait_until(lambda: f"{NAME}/manifest.json" in etags())
    first = request("GET", url)
    assert (first[0], GRID in etags()) == (200, True)

    put((300, 400))
    wait_until(lambda: GRID not in etags())
    # The second look at the key, in the form in which EventBridge told of it.
    wait_until(lambda: messages(server, "queueUrl", "Delayed") == 1)
    wait_until(lambda: messages(server, "queueUrl", "NotVisible") == 0)
    second = request("GET", url)
    assert (second[0], second[1] != first[1]) == (200, True)

    s3.delete_object(Bucket=SOURCE, Key=KEY)
    wait_until(lambda: etags() == {})
    wait_until(lambda: messages(server, "queueUrl", "Delayed") == 2)
    assert request("GET", url)[0] == 404
    assert messages(server, "deadLetterQueueUrl", "") == 0


def messages(server, output: str, kind: str) -> int:
    name = f"ApproximateNumberOfMessages{kind}"
    found = server.client("sqs").get_queue_attributes(
        QueueUrl=server.outputs[output], AttributeNames=[name]
    )
    return int(found["Attributes"][name])
