"""A message for which no time is left is sent to its queue again."""

import json
from pathlib import Path

import pytest

from function.contract import VIEW_SECONDS
from function.contract.messages import s3_event
from function.events import EventKind, as_changed, parse_message
from function.postpone import LOOK_AGAIN_SECONDS, count, look_again, postpone, queue_url
from function.storage.deadline import Deadline

RECORD = {
    "messageId": "m1",
    "body": '{"Records": []}',
    "messageAttributes": {},
    "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:uploads",
}


def postponed(times) -> dict:
    """A record as Lambda gives it (Lambda developer guide, "Using Lambda with Amazon SQS")."""
    attribute = {
        "stringValue": str(times),
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": "Number",
    }
    return RECORD | {"messageAttributes": {"postponed": attribute}}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (RECORD, 0),
        (postponed(2), 2),
        *((postponed(value), 0) for value in ("1.5", "", "-1", "9" * 5000)),
    ],
)
def test_postponements_are_counted(record, expected):
    assert count(record) == expected


@pytest.mark.parametrize(
    ("arn", "url"),
    [
        (RECORD["eventSourceARN"], "https://sqs.eu-central-1.amazonaws.com/123456789012/uploads"),
        ("arn:aws-cn:sqs:cn-north-1:1:q", "https://sqs.cn-north-1.amazonaws.com.cn/1/q"),
        ("arn:aws-us-gov:sqs:us-gov-west-1:1:q", "https://sqs.us-gov-west-1.amazonaws.com/1/q"),
    ],
)
def test_the_queue_is_that_of_the_record(arn, url):
    assert queue_url(arn) == url


def test_a_message_is_sent_with_the_same_body_and_a_higher_count(aws_server):
    aws_server.answers = [(200, b'{"MessageId": "m2"}')]
    postpone(Deadline(), postponed(2))
    ((headers, body),) = aws_server.received
    assert headers["x-amz-target"] == "AmazonSQS.SendMessage"
    assert json.loads(body) == {
        "QueueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/uploads",
        "MessageBody": '{"Records": []}',
        "MessageAttributes": {"postponed": {"DataType": "Number", "StringValue": "3"}},
    }


def test_a_second_look_comes_later_and_does_not_say_what_the_key_holds(aws_server):
    aws_server.answers = [(200, b'{"MessageId": "m2"}')]
    key = "uploads/a.jpg"
    sent = s3_event("source", key, length=1, etag="e", sequencer="07", reprocess=True)
    (before,) = parse_message(sent, "m1")
    look_again(Deadline(), postponed(2) | {"body": sent})
    ((headers, body),) = aws_server.received
    assert headers["x-amz-target"] == "AmazonSQS.SendMessage"
    message = json.loads(body)
    (after,) = parse_message(message.pop("MessageBody"), "m1")
    assert message == {
        "QueueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/uploads",
        "DelaySeconds": 60,
    }
    assert before.kind == EventKind.BACKFILL
    assert after == before.replace(kind=EventKind.CHANGED)


def test_a_second_look_at_what_eventbridge_told_of_is_of_its_form():
    sent = (Path(__file__).parent / "events/bridged-created.json").read_text()
    (before,) = parse_message(sent, "m1")
    (after,) = parse_message(as_changed(sent), "m1")
    assert (before.kind, after.kind) == (EventKind.CREATED, EventKind.CHANGED)
    assert after.version == before.version.replace(etag="")
    assert parse_message(as_changed(as_changed(sent)), "m1") == [after]


def test_a_second_look_comes_when_no_first_view_of_before_is_at_work():
    """A request that was sent in time may still be carried out: there is twice as long."""
    assert LOOK_AGAIN_SECONDS >= 2 * VIEW_SECONDS
