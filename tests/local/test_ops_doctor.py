"""The doctor on the embedded AWS: each thing that breaks is told, with its fix, and nothing else.

The canary is left out while things are broken: it would wait its minute for a manifest.
"""

import json

import pytest

from function.contract import StackOutput
from ops import canary as canaries
from ops import doctor, mappings, storage, wiring
from ops.__main__ import main
from ops.finding import fail, ok
from ops.stack import Stack, connect
from tests.support.aws_client import Refusal, answer_for

OPEN = {
    "BlockPublicAcls": False,
    "IgnorePublicAcls": False,
    "BlockPublicPolicy": False,
    "RestrictPublicBuckets": False,
}


@pytest.fixture
def stack(aws, monkeypatch):
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(aws.server.folder))
    aws.client("sqs").purge_queue(QueueUrl=aws.outputs["deadLetterQueueUrl"])
    return connect("local")


@pytest.fixture
def troubles(stack, monkeypatch):
    """Findings that are not ok, by check."""
    monkeypatch.delitem(doctor.CHECKS, "canary")

    def examine() -> dict[str, tuple[str, str]]:
        found = list(doctor.examine(stack))
        assert all(finding.fix for finding in found if finding.level != "ok")
        return {f.check: (f.level, f.detail) for f in found if f.level != "ok"}

    return examine


def test_a_notification_of_another_prefix(aws, troubles):
    s3, bucket = aws.client("s3"), aws.outputs["sourceBucket"]
    before = s3.get_bucket_notification_configuration(Bucket=bucket)
    before.pop("ResponseMetadata")
    other = json.loads(json.dumps(before).replace('"uploads/"', '"elsewhere/"'))
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=other)
    try:
        assert list(troubles()) == ["notification"]
    finally:
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=before)


@pytest.mark.parametrize(
    ("output", "attribute", "value", "check"),
    [
        ("queueUrl", "Policy", "", "queue policy"),
        ("queueUrl", "RedrivePolicy", "", "redrive policy"),
        ("backfillQueueUrl", "RedrivePolicy", "", "redrive policy"),
    ],
)
def test_a_queue_without_a_policy(aws, troubles, output, attribute, value, check):
    sqs, url = aws.client("sqs"), aws.outputs[output]
    names = [attribute]
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={attribute: value})
    try:
        assert list(troubles()) == [check]
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


@pytest.mark.parametrize(
    ("enabled", "messages", "finding"),
    [
        (True, 0, ("warn", "it is polled without messages, which costs about $0.26 a month")),
        (
            False,
            1,
            ("fail", "1 upload waits, nothing polls the queue, and SQS deletes after 4 days"),
        ),
    ],
)
def test_a_queue_of_backfills_that_is_polled_in_vain_or_not_at_all(
    aws, stack, troubles, enabled, messages, finding
):
    sqs, url = aws.client("sqs"), aws.outputs["backfillQueueUrl"]
    (mapping,) = mappings.find(stack, StackOutput.BACKFILL_QUEUE_URL)
    mappings.switch(aws.client("lambda"), mapping["UUID"], enabled=enabled)
    for _ in range(messages):
        sqs.send_message(QueueUrl=url, MessageBody='{"Event": "s3:TestEvent"}')
    try:
        assert troubles() == {"backfill queue": finding}
        told = wiring.backfill_queue(stack).fix
        assert f"--uuid {mapping['UUID']} --{'no-enabled' if enabled else 'enabled'}`" in told
    finally:
        mappings.switch(aws.client("lambda"), mapping["UUID"], enabled=False)
        sqs.purge_queue(QueueUrl=url)


def test_a_queue_of_backfills_at_work_is_ok(aws, stack):
    (mapping,) = mappings.find(stack, StackOutput.BACKFILL_QUEUE_URL)
    queue = {"EventSourceMappings": [mapping | {"State": "Enabled"}]}
    polled = answering(stack, "lambda", list_event_source_mappings=queue)
    counts = {"Attributes": {"ApproximateNumberOfMessagesNotVisible": "3"}}
    at_work = answering(polled, "sqs", get_queue_attributes=counts)
    assert wiring.backfill_queue(at_work) == ok("backfill queue", "3 uploads wait")


def test_a_stack_of_an_earlier_release_has_no_queue_of_backfills(stack):
    outputs = {name: url for name, url in stack.outputs.items() if name != "backfillQueueUrl"}
    finding = wiring.backfill_queue(Stack(outputs=outputs, client=stack.client))
    assert (finding.level, finding.fix) == ("warn", "deploy this release with `pulumi up`")
    redrive = wiring.redrive_policy(Stack(outputs=outputs, client=stack.client))
    assert redrive.level == "ok"


@pytest.mark.parametrize(("seconds", "level"), [(720, "ok"), (721, "warn")])
def test_an_upload_that_waits_for_more_than_two_visibility_timeouts(aws, stack, seconds, level):
    """Told for CloudWatch: nobody waits twelve minutes, and the latest of two points counts."""

    def statistics(**query):
        now = {"Timestamp": query["EndTime"], "Maximum": float(seconds)}
        old = {"Timestamp": query["StartTime"], "Maximum": 9999.0}
        return {"Datapoints": [now, old]}

    finding = wiring.oldest_upload(answering(stack, "cloudwatch", get_metric_statistics=statistics))
    assert finding.level == level


def answering(stack, service, **answers):
    """The stack, with one service's operations answered as AWS documents them."""

    def client(name):
        made = stack.client(name)
        return answer_for(made, **answers) if name == service else made

    return Stack(outputs=stack.outputs, client=client)


@pytest.mark.parametrize(
    ("left", "backfills", "level"),
    [(10, False, "ok"), (9, False, "warn"), (12, True, "ok"), (11, True, "warn")],
)
def test_a_new_account_s_concurrency(aws, stack, left, backfills, level):
    """GetAccountSettings (Lambda API reference); the local stack's maxConcurrency is 10.

    While a backfill runs, its own 2 come on top.
    """
    limit = {"ConcurrentExecutions": 20, "UnreservedConcurrentExecutions": left}
    found = [
        mapping | ({"State": "Enabled"} if backfills else {})
        for mapping in mappings.find(stack, *mappings.QUEUES)
    ]
    answers = {
        "get_account_settings": {"AccountLimit": limit},
        "list_event_source_mappings": {"EventSourceMappings": found},
    }
    finding = wiring.concurrency(answering(stack, "lambda", **answers))
    assert finding.level == level
    assert f"{left} unreserved executions" in finding.detail


@pytest.mark.parametrize("on", [True, False])
def test_the_account_s_block_public_access(aws, stack, on):
    """GetPublicAccessBlock (S3 Control API reference), as an organisation's S3 policy sets it."""
    block = {"PublicAccessBlockConfiguration": dict.fromkeys(OPEN, on)}
    finding = storage.public_access(answering(stack, "s3control", get_public_access_block=block))
    assert finding.level == ("fail" if on else "ok")
    if on:
        assert finding.detail.startswith("the account's BlockPublicPolicy, RestrictPublicBuckets")


def test_an_account_s_block_that_may_not_be_read_is_a_warning(aws, stack):
    denied = Refusal("AccessDenied", 403)
    finding = storage.public_access(answering(stack, "s3control", get_public_access_block=denied))
    assert (finding.level, finding.check) == ("warn", "public access")
    assert "s3:GetAccountPublicAccessBlock" in finding.fix


@pytest.mark.parametrize("output", ["sourceBucket", "destinationBucket"])
def test_block_public_access_switched_off(aws, troubles, output):
    s3, bucket = aws.client("s3"), aws.outputs[output]
    before = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=OPEN)
    try:
        (level, detail) = troubles()["public access"]
        assert (level, detail) == ("fail", f"{bucket} lacks BlockPublicAcls, IgnorePublicAcls")
        s3.delete_public_access_block(Bucket=bucket)
        assert troubles()["public access"] == (level, detail)
    finally:
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=before)


def test_block_public_access_that_overrules_a_public_policy(aws, troubles):
    s3, bucket = aws.client("s3"), aws.outputs["sourceBucket"]
    before = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    s3.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(OPEN, True)
    )
    try:
        assert "is public by policy, which" in troubles()["public access"][1]
    finally:
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=before)


def test_a_private_bucket_with_its_policies_unblocked(aws, troubles):
    s3, bucket = aws.client("s3"), aws.outputs["sourceBucket"]
    before = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    try:
        assert troubles() == {
            "public access": ("fail", f"{bucket} lacks BlockPublicPolicy, RestrictPublicBuckets")
        }
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=before)


def test_a_bucket_that_lost_its_encryption(aws, troubles):
    s3, buckets = aws.client("s3"), (aws.outputs["sourceBucket"], aws.outputs["destinationBucket"])
    before = s3.get_bucket_encryption(Bucket=buckets[0])["ServerSideEncryptionConfiguration"]
    key = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}
    s3.put_bucket_encryption(Bucket=buckets[0], ServerSideEncryptionConfiguration=key)
    try:
        assert troubles() == {"encryption": ("warn", "the buckets differ: aws:kms, AES256")}
    finally:
        s3.put_bucket_encryption(Bucket=buckets[0], ServerSideEncryptionConfiguration=before)


def test_suspended_versions(aws, troubles):
    s3, bucket = aws.client("s3"), aws.outputs["sourceBucket"]
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    try:
        assert troubles() == {"versioning": ("fail", "the source keeps no versions")}
    finally:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


def test_a_log_kept_for_ever_is_a_warning_alone(aws, stack, troubles, capsys):
    logs, name = aws.client("logs"), aws.outputs["logGroup"]
    logs.delete_retention_policy(logGroupName=name)
    try:
        assert troubles() == {"log retention": ("warn", "the log is kept for ever")}
        assert main(["doctor", "--stack", "local"]) == 0
        assert "WARN log retention" in capsys.readouterr().out
    finally:
        logs.put_retention_policy(logGroupName=name, retentionInDays=1)


def test_a_check_that_aws_refuses_does_not_end_the_others(aws, stack, troubles, monkeypatch):
    broken = stack.outputs | {"queueUrl": stack.outputs["queueUrl"] + "-gone"}
    monkeypatch.setitem(stack.outputs, "queueUrl", broken["queueUrl"])
    found = troubles()
    assert found["backlog"][1].startswith("AWS answered")
    assert "versioning" not in found


def test_a_canary_that_does_not_arrive_is_a_failure(aws, stack, monkeypatch):
    monkeypatch.setattr(canaries, "SECONDS", 0)
    assert canaries.canary(stack) == fail(
        "canary",
        "no manifest after 0 s",
        "see the findings above, then the function's log (`logGroup`)",
    )


def test_a_failure_exits_with_1_and_says_what_to_do(aws, stack, troubles, capsys):
    sqs, url = aws.client("sqs"), aws.outputs["deadLetterQueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    try:
        assert main(["doctor", "--stack", "local"]) == 1
    finally:
        sqs.purge_queue(QueueUrl=url)
    output = capsys.readouterr().out
    assert "FAIL dead letters   1 upload failed; see why with `python -m ops" in output
