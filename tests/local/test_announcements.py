"""An app that subscribes to finished manifests, by the rule that docs/operate.md prints."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from local.server import Server
from local.uploader import upload
from tests.local.defaults import DEFAULTS

OPERATE = Path(__file__).parents[2] / "docs" / "operate.md"


@pytest.fixture(scope="module")
def server(served, tmp_path_factory):
    settings = DEFAULTS | {"image-pipeline:eventbridge": True}
    with served(tmp_path_factory.mktemp("announcing"), settings) as server:
        yield server


def documented_pattern(bucket: str) -> str:
    (pattern,) = re.findall(r'```json\n(\{\s+"source".*?)```', OPERATE.read_text(), re.DOTALL)
    return pattern.replace("<destinationBucket>", bucket)


def subscribe(server: Server, pattern: str) -> tuple[Any, str]:
    sqs, events = server.client("sqs"), server.client("events")
    url = sqs.create_queue(QueueName="app")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    rule = events.put_rule(Name="manifests", EventPattern=pattern)["RuleArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn["QueueArn"],
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    events.put_targets(Rule="manifests", Targets=[{"Id": "app", "Arn": arn["QueueArn"]}])
    return sqs, url


def test_an_app_hears_of_each_manifest_and_of_nothing_else(server, photo):
    outputs = server.outputs
    sqs, url = subscribe(server, documented_pattern(outputs["destinationBucket"]))
    for key in ("uploads/a/one.jpg", "uploads/a/two.jpg", "uploads/a/last.jpg"):
        result = upload(photo("p.jpg"), key, outputs["uploadEndpoint"], outputs["deliveryUrl"])
        assert result.status == "ready"
    heard: list[str] = []
    give_up = time.monotonic() + 20
    # Further events of the others would have come before the last one's manifest.
    while heard[-1:] != ["a/last.jpg/manifest.json"] and time.monotonic() < give_up:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            event = json.loads(message["Body"])
            assert event["detail"]["bucket"]["name"] == outputs["destinationBucket"]
            heard.append(event["detail"]["object"]["key"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert heard == [f"a/{name}.jpg/manifest.json" for name in ("one", "two", "last")]
