"""Receive counts, dead letters and message sizes of Amazon SQS, tried over HTTP."""

import contextlib
import json

import pytest

from ops import receipts
from tests.local.calling import answer


@pytest.fixture
def queues(bare):
    """A queue whose messages are dead after two receives, and its dead-letter queue."""
    sqs = bare.client("sqs")
    dead = sqs.create_queue(QueueName="rules-dead")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
    redrive = {"deadLetterTargetArn": attributes["QueueArn"], "maxReceiveCount": 2}
    live = sqs.create_queue(
        QueueName="rules-live",
        Attributes={"RedrivePolicy": json.dumps(redrive), "MaximumMessageSize": "1024"},
    )["QueueUrl"]
    yield sqs, live, dead
    for url in (live, dead):
        sqs.delete_queue(QueueUrl=url)


def receive(sqs, url, **options):
    """The receive counts of what is there."""
    names = ["ApproximateReceiveCount"]
    found = sqs.receive_message(QueueUrl=url, MessageSystemAttributeNames=names, **options)
    return [int(message["Attributes"][names[0]]) for message in found.get("Messages", [])]


def test_every_receive_counts_however_short(queues):
    """Pages "Amazon SQS visibility timeout" and "Using dead-letter queues in Amazon SQS"."""
    sqs, live, dead = queues
    sqs.send_message(QueueUrl=live, MessageBody="x")
    assert receive(sqs, live, VisibilityTimeout=0) == [1]
    assert receive(sqs, live, VisibilityTimeout=0) == [2]
    assert receive(sqs, dead) == []
    # Received more than maxReceiveCount times: it is dead instead.
    assert receive(sqs, live, VisibilityTimeout=0) == []
    # "ReceiveMessage": the count is across all queues.
    assert receive(sqs, dead) == [3]


def test_a_message_made_visible_again_was_received_all_the_same(queues):
    """Page "ChangeMessageVisibility" (Amazon SQS API reference)."""
    sqs, live, _dead = queues
    sqs.send_message(QueueUrl=live, MessageBody="x")
    message = sqs.receive_message(QueueUrl=live, VisibilityTimeout=300)["Messages"][0]
    assert receive(sqs, live) == []
    sqs.change_message_visibility(
        QueueUrl=live, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
    )
    assert receive(sqs, live, VisibilityTimeout=0) == [2]


def test_a_deleted_message_is_never_dead(queues):
    """Page "DeleteMessage" (Amazon SQS API reference)."""
    sqs, live, dead = queues
    sqs.send_message(QueueUrl=live, MessageBody="x")
    for _ in range(2):
        message = sqs.receive_message(QueueUrl=live, VisibilityTimeout=0)["Messages"][0]
    sqs.delete_message(QueueUrl=live, ReceiptHandle=message["ReceiptHandle"])
    assert receive(sqs, live) == receive(sqs, dead) == []


def test_deleting_by_an_earlier_handle_succeeds_and_deletes_nothing(queues):
    """Page "DeleteMessage" (Amazon SQS API reference)."""
    sqs, live, dead = queues
    sqs.send_message(QueueUrl=live, MessageBody="x")

    def handle():
        message = sqs.receive_message(QueueUrl=live, VisibilityTimeout=0)["Messages"][0]
        return message["ReceiptHandle"]

    earlier = handle()
    handle()
    sqs.delete_message(QueueUrl=live, ReceiptHandle=earlier)
    assert receive(sqs, live) == []
    assert receive(sqs, dead, VisibilityTimeout=0) == [3]  # so it is still there
    sqs.send_message(QueueUrl=live, MessageBody="y")
    latest = handle()
    for _ in range(2):
        sqs.delete_message(QueueUrl=live, ReceiptHandle=latest)
    assert receive(sqs, live) == []
    # A handle that no receive returned, and one of another queue
    for url, handle in ((live, "made up"), (dead, latest)):
        refused = answer(sqs.delete_message, QueueUrl=url, ReceiptHandle=handle)
        assert refused == (400, "ReceiptHandleIsInvalid")


def test_a_message_is_at_most_as_large_as_the_queue_takes(queues):
    """Page "Amazon SQS message quotas" (Amazon SQS developer guide)."""
    sqs, live, _dead = queues
    refused = (400, "InvalidParameterValue")
    assert answer(sqs.send_message, QueueUrl=live, MessageBody="x" * 1025) == refused
    assert answer(sqs.send_message, QueueUrl=live, MessageBody="x" * 1024) == (200, "")


@pytest.mark.parametrize(
    ("allow", "refused"),
    [
        ("", set()),
        ('{"redrivePermission":"allowAll"}', set()),
        ('{"redrivePermission":"denyAll"}', {"rules-live", "rules-other"}),
        ('{"redrivePermission":"byQueue","sourceQueueArns":["ARN:rules-live"]}', {"rules-other"}),
    ],
)
def test_a_dead_letter_queue_may_name_the_queues_that_use_it(queues, allow, refused):
    """Page "SetQueueAttributes" (Amazon SQS API reference), RedriveAllowPolicy."""
    sqs, live, dead = queues
    found = sqs.get_queue_attributes(QueueUrl=live, AttributeNames=["All"])["Attributes"]
    arn, policy = found["QueueArn"].rpartition(":")[0], found["RedrivePolicy"]
    given = {"RedriveAllowPolicy": allow.replace("ARN", arn)}
    sqs.set_queue_attributes(QueueUrl=dead, Attributes=given)
    other = sqs.create_queue(QueueName="rules-other")["QueueUrl"]
    redrive = {"Attributes": {"RedrivePolicy": policy}}
    try:
        for name, url in (("rules-live", live), ("rules-other", other)):
            expected = (400, "InvalidParameterValue") if name in refused else (200, "")
            assert answer(sqs.set_queue_attributes, QueueUrl=url, **redrive) == expected
        sqs.delete_queue(QueueUrl=other)
        expected = (400, "InvalidParameterValue") if "rules-other" in refused else (200, "")
        assert answer(sqs.create_queue, QueueName="rules-other", **redrive) == expected
    finally:
        with contextlib.suppress(sqs.exceptions.QueueDoesNotExist):
            sqs.delete_queue(QueueUrl=other)


def test_attributes_count_towards_a_messages_size(queues):
    """Page "Amazon SQS message metadata" (Amazon SQS developer guide)."""
    sqs, live, _dead = queues
    tries = {"tries": {"DataType": "Number", "StringValue": "1"}}
    longest = 1024 - len("tries" + "Number" + "1")
    message = {"QueueUrl": live, "MessageAttributes": tries}
    for too_long in ("x" * (longest + 1), "é" * (longest // 2 + 1)):
        refused = answer(sqs.send_message, MessageBody=too_long, **message)
        assert refused == (400, "InvalidParameterValue")
    assert answer(sqs.send_message, MessageBody="x" * longest, **message) == (200, "")
    batch = {"Id": "1", "MessageBody": "x" * (longest + 1), "MessageAttributes": tries}
    sent = sqs.send_message_batch(QueueUrl=live, Entries=[batch])
    assert [failed["Code"] for failed in sent["Failed"]] == ["InvalidParameterValue"]


def test_a_request_may_not_name_more_seconds_than_sqs_has(queues):
    """Pages "SendMessage", "ReceiveMessage", "ChangeMessageVisibility" (SQS API reference)."""
    sqs, live, _dead = queues
    refused = (400, "InvalidParameterValue")
    sqs.send_message(QueueUrl=live, MessageBody="x")
    message = {"QueueUrl": live, "MessageBody": "x"}
    assert answer(sqs.send_message, DelaySeconds=901, **message) == refused
    assert answer(sqs.receive_message, QueueUrl=live, WaitTimeSeconds=21) == refused
    assert answer(sqs.receive_message, QueueUrl=live, VisibilityTimeout=43_201) == refused
    entry = {"Id": "a", "MessageBody": "x", "DelaySeconds": 901}
    (failed,) = sqs.send_message_batch(QueueUrl=live, Entries=[entry])["Failed"]
    assert failed["Code"] == "InvalidParameterValue"
    found = sqs.receive_message(QueueUrl=live, VisibilityTimeout=43_200, WaitTimeSeconds=20)
    handle = {"QueueUrl": live, "ReceiptHandle": found["Messages"][0]["ReceiptHandle"]}
    hide = sqs.change_message_visibility
    assert answer(hide, VisibilityTimeout=43_201, **handle) == refused
    assert answer(hide, VisibilityTimeout=43_200, **handle) == (200, "")
    assert answer(sqs.send_message, DelaySeconds=900, **message) == (200, "")


def test_the_visibility_of_a_message_that_is_not_in_flight_is_not_changed(queues):
    """Page "ChangeMessageVisibility" (Amazon SQS API reference)."""
    sqs, live, dead = queues
    sqs.send_message(QueueUrl=live, MessageBody="x")
    found = sqs.receive_message(QueueUrl=live, VisibilityTimeout=300)["Messages"][0]
    handle = {"QueueUrl": live, "ReceiptHandle": found["ReceiptHandle"], "VisibilityTimeout": 0}
    assert answer(sqs.change_message_visibility, **handle) == (200, "")
    refused = answer(sqs.change_message_visibility, **handle)
    assert refused == (400, "AWS.SimpleQueueService.MessageNotInflight")
    receipts.give_back(sqs, live, [found["ReceiptHandle"]])  # which is no failure
    assert receive(sqs, live, VisibilityTimeout=0) == [2]
    assert receive(sqs, dead) == []
