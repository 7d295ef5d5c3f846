"""Held uploads in an adopted bucket, whose own policy lets everyone read everything."""

import json
import re
from pathlib import Path

import pytest

from function.contract.keys import decision_key, held_key, look_key
from local import server as servers
from local.deploy import deploy
from local.http import request
from tests.local.defaults import DEFAULTS
from tests.support.waiting import wait_until

SOURCE, DESTINATION = "shop-photos", "shop-images"
SETTINGS = DEFAULTS | {
    "image-pipeline:sourceBucket": SOURCE,
    "image-pipeline:destinationBucket": DESTINATION,
    "image-pipeline:uploads": "private",
    "image-pipeline:publish": "held",
}
KEY, NAME = "uploads/beach.jpg", "beach.jpg"
PAGE = Path(__file__).parents[2] / "docs" / "moderation.md"


@pytest.fixture(scope="module")
def server(tmp_path_factory, photo):
    server = servers.start(tmp_path_factory.mktemp("adopted") / "state")
    try:
        s3 = server.client("s3")
        for bucket in (SOURCE, DESTINATION):
            s3.create_bucket(Bucket=bucket)
            s3.delete_public_access_block(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=SOURCE, VersioningConfiguration={"Status": "Enabled"})
        s3.put_bucket_notification_configuration(
            Bucket=SOURCE, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        deploy(server, "local", settings=SETTINGS)
        allow(server)
        s3.put_object(Bucket=SOURCE, Key=KEY, Body=photo("p.jpg", (400, 300)).read_bytes())
        wait_until(lambda: read(server, f"{NAME}/manifest.json") == 200, 60)
        yield server
    finally:
        servers.stop(server.folder)


def documented() -> dict:
    """The statement of docs/moderation.md, with this bucket and account."""
    (text,) = re.findall(r'```json\n(\{"Sid": "DenyIndex".*?)```', PAGE.read_text(), re.DOTALL)
    return json.loads(text.replace("BUCKET", DESTINATION).replace("ACCOUNT", "000000000000"))


def allow(server, *statements: dict) -> None:
    """Set the destination's policy: what the stack proposes, and more."""
    policy = json.loads(server.outputs["destinationPolicy"])
    policy["Statement"] += statements
    server.client("s3").put_bucket_policy(Bucket=DESTINATION, Policy=json.dumps(policy))


def read(server, key: str) -> int:
    return request("GET", f"{server.outputs['deliveryUrl']}/{key}")[0]


def kept(server) -> list[str]:
    version = server.client("s3").head_object(Bucket=SOURCE, Key=KEY)["VersionId"]
    return [make(NAME, version) for make in (look_key, held_key, decision_key)]


WIDE = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": f"arn:aws:s3:::{DESTINATION}/*",
}


def test_what_the_stack_proposes_lets_nobody_see_what_waits(server):
    allow(server)
    assert {read(server, key) for key in kept(server)} == {403}


def test_a_wider_policy_shows_it_without_the_statement_that_the_page_names(server):
    allow(server, WIDE)
    assert {read(server, key) for key in kept(server)} == {200}
    allow(server, WIDE, documented())
    assert {read(server, key) for key in kept(server)} == {403}
    assert read(server, f"{NAME}/manifest.json") == 200
    # The function still may: a newer upload is held, too.
    server.client("s3").put_object(Bucket=SOURCE, Key=KEY, Body=b"no picture")
    url = f"{server.outputs['deliveryUrl']}/{NAME}/manifest.json"
    wait_until(lambda: json.loads(request("GET", url)[1])["status"] == "rejected", 60)
    assert read(server, kept(server)[0]) == 403
