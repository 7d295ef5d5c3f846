"""An app that subscribes to finished manifests, by the rule that docs/operate.md prints."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from local import server as servers
from local.deploy import deploy
from local.uploader import upload
from tests.local.defaults import DEFAULTS

OPERATE = Path(__file__).parents[2] / "docs" / "operate.md"


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("announcing") / "state"
    server = servers.start(folder)
    try:
        outputs = deploy(server, settings=DEFAULTS | {"image-pipeline:eventbridge": True})
        yield server, outputs
    finally:
        servers.stop(folder)


def documented_pattern(bucket: str) -> str:
    (pattern,) = re.findall(r'```json\n(\{\s+"source".*?)```', OPERATE.read_text(), re.DOTALL)
    return pattern.replace("<destinationBucket>", bucket)


def subscribe(server: servers.Server, pattern: str) -> tuple[Any, str]:
    sqs, events = server.client("sqs"), server.client("events")
    url = sqs.create_queue(QueueName="app")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    events.put_rule(Name="manifests", EventPattern=pattern)
    events.put_targets(Rule="manifests", Targets=[{"Id": "app", "Arn": arn["QueueArn"]}])
    return sqs, url


def test_an_app_hears_of_each_manifest_and_of_nothing_else(stack, photo):
    server, outputs = stack
    sqs, url = subscribe(server, documented_pattern(outputs["destinationBucket"]))
    for key in ("uploads/a/one.jpg", "uploads/a/two.jpg"):
        result = upload(photo("p.jpg"), key, outputs["uploadEndpoint"], outputs["deliveryUrl"])
        assert result.status == "ready"
    heard: list[str] = []
    give_up = time.monotonic() + 20
    while len(heard) < 2 and time.monotonic() < give_up:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            event = json.loads(message["Body"])
            assert event["detail"]["bucket"]["name"] == outputs["destinationBucket"]
            heard.append(event["detail"]["object"]["key"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert sorted(heard) == ["a/one.jpg/manifest.json", "a/two.jpg/manifest.json"]
    left = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)
    assert "Messages" not in left
