"""The doctor finds a healthy stack healthy, and names what is broken on purpose."""

import json

import pytest

from function.contract import StackOutput
from ops import mappings
from ops.__main__ import main
from ops.stack import connect

CHECKS = [
    *("notification", "queue policy", "mapping", "concurrency", "redrive policy", "backlog"),
    *(
        "backfill queue",
        "batch function",
        "first views",
        "lazy formats",
        "oldest upload",
        "dead letters",
        "workers",
        "unanswered",
        "renditions",
        "held uploads",
        "held privacy",
        "encryption",
    ),
    *("public access", "versioning", "log retention", "canary"),
]


@pytest.fixture
def diagnose(aws, monkeypatch, capsys):
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(aws.server.folder))

    def run() -> tuple[int, dict[str, dict]]:
        code = main(["doctor", "--stack", "local", "--json"])
        findings = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return code, {finding["check"]: finding for finding in findings}

    return run


def broken(findings: dict[str, dict]) -> list[str]:
    return [name for name, finding in findings.items() if finding["fix"]]


def test_a_healthy_stack_is_healthy_and_the_canary_leaves_nothing(aws, diagnose):
    code, findings = diagnose()
    assert (code, broken(findings), list(findings)) == (0, [], CHECKS)
    for bucket in (aws.outputs["sourceBucket"], aws.outputs["destinationBucket"]):
        listing = aws.client("s3").list_object_versions(Bucket=bucket)
        left = [*listing.get("Versions", []), *listing.get("DeleteMarkers", [])]
        assert [item["Key"] for item in left if "canary" in item["Key"]] == []


def test_a_disabled_mapping_is_found(aws, diagnose, monkeypatch):
    monkeypatch.setattr("ops.canary.SECONDS", 1)
    lambda_ = aws.client("lambda")
    (mapping,) = mappings.find(connect("local"), StackOutput.QUEUE_URL)
    lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        code, findings = diagnose()
    finally:
        lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    assert (code, broken(findings)) == (1, ["mapping", "canary"])
    assert mapping["UUID"] in findings["mapping"]["fix"]


def test_a_lost_notification_is_found(aws, diagnose, monkeypatch):
    monkeypatch.setattr("ops.canary.SECONDS", 1)
    s3, bucket = aws.client("s3"), aws.outputs["sourceBucket"]
    before = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    try:
        code, findings = diagnose()
    finally:
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"QueueConfigurations": before}
        )
    assert (code, broken(findings)) == (1, ["notification", "canary"])


def test_dead_letters_and_a_hole_in_block_public_access_are_found(aws, diagnose):
    sqs, url = aws.client("sqs"), aws.outputs["deadLetterQueueUrl"]
    s3, bucket = aws.client("s3"), aws.outputs["destinationBucket"]
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    s3.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration=block | {"BlockPublicAcls": False}
    )
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    try:
        code, findings = diagnose()
    finally:
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
        sqs.purge_queue(QueueUrl=url)
    assert (code, broken(findings)) == (1, ["dead letters", "public access"])
    assert "BlockPublicAcls" in findings["public access"]["detail"]
