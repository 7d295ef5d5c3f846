"""From S3 to the queue: the policy first, then the notification."""

from tests.infra.engine import ACCOUNT

EVENT_KINDS = ("ObjectCreated", "ObjectRemoved", "LifecycleExpiration")


def test_notification_comes_after_the_policy_that_lets_s3_send(program):
    notification = program.one("BucketNotification", "-uploads")
    program.assert_after(notification, program.one("QueuePolicy", "-uploads"))
    assert [
        {"queueArn": q["queueArn"], "events": q["events"], "filterPrefix": q["filterPrefix"]}
        for q in notification.inputs["queues"]
    ] == [
        {
            "queueArn": program.one("QueuePolicy", "-uploads").policy()["Statement"][0]["Resource"],
            "events": [f"s3:{kind}:*" for kind in EVENT_KINDS],
            "filterPrefix": "uploads/",
        }
    ]


def test_only_s3_on_behalf_of_the_source_bucket_may_send(program):
    statement = program.one("QueuePolicy", "-uploads").statements()["S3MaySend"]
    source = program.one("Bucket", "-source")
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"].endswith(f"{source.name}-1234567")
