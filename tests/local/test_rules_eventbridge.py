"""S3's events by way of EventBridge, and rules and their targets, tried over HTTP."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from function.events import EventKind, parse_message
from tests.local.calling import answer

KEY = "uploads/my beach & sun+été%20.jpg"
PATTERN = {
    "source": ["aws.s3"],
    "detail-type": ["Object Created", "Object Deleted"],
    "detail": {"bucket": {"name": ["rules-bridged"]}, "object": {"key": [{"prefix": "uploads/"}]}},
}


@dataclass
class Bus:
    """A bucket whose events go to the bus, and a rule that sends them to a queue."""

    s3: Any
    events: Any
    sqs: Any
    queue_url: str
    queue_arn: str
    rule_arn: str

    def permit(self, **condition: Any) -> None:
        """Let EventBridge send to the queue on a condition."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.queue_arn,
            "Condition": condition,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.set_queue_attributes(QueueUrl=self.queue_url, Attributes={"Policy": policy})

    def put(self, key: str) -> str:
        return self.s3.put_object(Bucket="rules-bridged", Key=key, Body=b"photo")["VersionId"]

    def heard(self) -> dict[str, Any]:
        """Return the next event."""
        found = self.sqs.receive_message(QueueUrl=self.queue_url, WaitTimeSeconds=10)["Messages"]
        (message,) = found
        self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return json.loads(message["Body"])


@pytest.fixture
def bus(bare) -> Iterator[Bus]:
    s3, events, sqs = (bare.client(service) for service in ("s3", "events", "sqs"))
    s3.create_bucket(Bucket="rules-bridged")
    s3.put_bucket_versioning(Bucket="rules-bridged", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket="rules-bridged", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    url = sqs.create_queue(QueueName="rules-bridged")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = found["Attributes"]["QueueArn"]
    rule = events.put_rule(Name="rules-bridged", EventPattern=json.dumps(PATTERN))["RuleArn"]
    events.put_targets(Rule="rules-bridged", Targets=[{"Id": "queue", "Arn": arn}])
    yield Bus(s3, events, sqs, url, arn, rule)
    events.remove_targets(Rule="rules-bridged", Ids=["queue"])
    events.delete_rule(Name="rules-bridged")
    sqs.delete_queue(QueueUrl=url)
    for kind in ("Versions", "DeleteMarkers"):
        for found in s3.list_object_versions(Bucket="rules-bridged").get(kind, []):
            s3.delete_object(Bucket="rules-bridged", Key=found["Key"], VersionId=found["VersionId"])
    s3.delete_bucket(Bucket="rules-bridged")


def test_an_event_names_the_version_and_does_not_encode_the_key(bus):
    """Page "EventBridge event message structure" (Amazon S3 user guide)."""
    bus.permit(ArnEquals={"aws:SourceArn": bus.rule_arn})
    version = bus.put(KEY)
    created = bus.heard()
    (event,) = parse_message(json.dumps(created), "m1")
    assert (event.kind, event.version.key) == (EventKind.CREATED, KEY)
    assert (event.version.version_id, event.version.bytes) == (version, len(b"photo"))
    assert event.version.etag
    first = event.version.sequencer

    marker = bus.s3.delete_object(Bucket="rules-bridged", Key=KEY)["VersionId"]
    deleted = bus.heard()
    assert "size" not in deleted["detail"]["object"]
    assert deleted["detail"]["deletion-type"] == "Delete Marker Created"
    (event,) = parse_message(json.dumps(deleted), "m2")
    assert (event.kind, event.version.version_id) == (EventKind.CHANGED, marker)
    assert event.version.sequencer > first


@pytest.mark.parametrize(
    "condition",
    [
        {"ArnEquals": {"aws:SourceArn": "arn:aws:events:us-east-1:000000000000:rule/other"}},
        {"StringEquals": {"aws:SourceAccount": "111122223333"}},
    ],
)
def test_a_queue_whose_policy_does_not_name_the_rule_hears_nothing(bus, condition):
    """Page "Using resource-based policies for Amazon EventBridge"."""
    bus.permit(**condition)
    bus.put("uploads/denied.jpg")
    # Events of one bucket are sent by several threads, so the second waits for the first's end.
    bus.sqs.receive_message(QueueUrl=bus.queue_url, WaitTimeSeconds=1)
    bus.permit(ArnEquals={"aws:SourceArn": bus.rule_arn})
    bus.put("uploads/allowed.jpg")
    assert bus.heard()["detail"]["object"]["key"] == "uploads/allowed.jpg"
    assert "Messages" not in bus.sqs.receive_message(QueueUrl=bus.queue_url)


def test_what_is_omitted_of_a_rule_is_not_kept(bus):
    """Page "PutRule" (Amazon EventBridge API reference)."""
    rule = {"Name": "rules-bridged", "EventPattern": json.dumps(PATTERN)}
    bus.events.put_rule(**rule, Description="first", State="DISABLED")
    bus.events.put_rule(**rule)
    found = bus.events.describe_rule(Name="rules-bridged")
    assert (found.get("Description", ""), found["State"]) == ("", "ENABLED")


def test_a_rule_with_targets_is_not_deleted(bus):
    """Page "DeleteRule" (Amazon EventBridge API reference)."""
    refused = answer(bus.events.delete_rule, Name="rules-bridged")
    assert refused == (400, "ValidationException")
    assert bus.events.describe_rule(Name="rules-bridged")["Arn"] == bus.rule_arn
