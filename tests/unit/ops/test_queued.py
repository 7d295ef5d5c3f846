"""tests/local/test_ops_erase.py has the same with real queues."""

import itertools
import json

import pytest

from function.contract.messages import s3_event
from ops import queued, redrive
from ops.scope import Scope
from ops.stack import Stack
from terminal import Failure
from tests.support.aws_client import aws_client
from tests.support.ops import BACKFILL_OUTPUTS

SCOPE = Scope(key="uploads/u1/")


def body(*keys):
    events = [s3_event("photos", key, length=1, etag="e", sequencer="01") for key in keys]
    return json.dumps({"Records": [json.loads(event)["Records"][0] for event in events]})


def test_a_message_loses_the_events_of_the_uploads_alone():
    assert queued.without(body("uploads/u1/a b.jpg"), SCOPE) == ""
    assert queued.without(body("uploads/u2/a.jpg"), SCOPE) is None
    mixed = body("uploads/u1/a.jpg", "uploads/u2/a.jpg")
    assert json.loads(queued.without(mixed, SCOPE)) == json.loads(body("uploads/u2/a.jpg"))
    for other in ("no JSON", '{"Event": "s3:TestEvent"}', "[]"):
        assert queued.without(other, SCOPE) is None


def bridged(key):
    """A message as EventBridge delivers it, whose key is not encoded."""
    detail = {"bucket": {"name": "photos"}, "object": {"key": key, "size": 1}}
    return json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})


def test_a_message_of_eventbridge_is_of_one_upload():
    assert queued.without(bridged("uploads/u1/a+b.jpg"), SCOPE) == ""
    assert queued.without(bridged("uploads/u1%2Fa.jpg"), SCOPE) is None
    assert queued.without(bridged("uploads/u1/a+b.jpg"), Scope(key="uploads/u1/a+b.jpg")) == ""
    assert queued.without(bridged("uploads/u1/a+b.jpg"), Scope(key="uploads/u1/a b.jpg")) is None
    for other in ('{"detail": {}}', '{"detail": {"object": {"key": 1}}}', '"detail"'):
        assert queued.without(other, SCOPE) is None


class Queue:
    """A queue at the seam of SQS: what is received is hidden until it is given back."""

    def __init__(self, *bodies, endless=False, resends=False):
        self.bodies, self.given, self.done = list(bodies), 0, []
        self.resends, self.again = resends, []
        self.endless = endless
        self.client = aws_client(
            "sqs",
            get_queue_attributes=lambda **_asked: {
                "Attributes": {"ApproximateNumberOfMessages": str(len(bodies))}
            },
            receive_message=self.receive,
            send_message=lambda **given: self.note("send", given["MessageBody"]),
            delete_message=lambda **given: self.note("delete", given["ReceiptHandle"]),
            change_message_visibility=lambda **given: self.note("back", given["ReceiptHandle"]),
        )

    def receive(self, **_given):
        taken = ["uploads/u2/new.jpg"] if self.endless else self.bodies[:10]
        self.bodies = self.bodies[10:]
        self.given += 1
        again = [
            {"MessageId": one, "ReceiptHandle": one, "Body": body("uploads/u2/b.jpg")}
            for one in self.again
        ]
        self.again = []
        return {
            "Messages": again
            + [
                {
                    "MessageId": f"{self.given}-{number}",
                    "ReceiptHandle": f"{self.given}-{number}",
                    "Body": body(key),
                    "Attributes": {"SentTimestamp": "0", "ApproximateReceiveCount": "1"},
                }
                for number, key in enumerate(taken)
            ]
        }

    def note(self, what, given):
        self.done.append((what, given))
        made = f"sent {len(self.done)}"
        if self.resends and what == "send":
            self.again.append(made)
        return {"MessageId": made, "MD5OfMessageBody": ""}

    def stack(self):
        outputs = {name: BACKFILL_OUTPUTS[name] for name in ("queueUrl", "deadLetterQueueUrl")}
        return Stack(outputs=outputs, client={"sqs": self.client}.__getitem__)


def test_a_waiting_message_of_another_upload_goes_back_as_a_new_one_before_it_is_deleted():
    queue = Queue("uploads/u1/a.jpg", "uploads/u2/b.jpg")
    assert queued.remove_waiting(queue.stack(), SCOPE) == 1
    sent = body("uploads/u2/b.jpg")
    assert queue.done == [("delete", "1-0"), ("send", sent), ("delete", "1-1")]


def test_a_message_that_was_sent_again_and_comes_back_is_shown_to_others_at_once():
    queue = Queue("uploads/u2/b.jpg", resends=True)
    assert queued.remove_waiting(queue.stack(), SCOPE) == 0
    assert queue.done == [
        *(("send", body("uploads/u2/b.jpg")), ("delete", "1-0")),
        ("back", "sent 1"),
    ]


def test_a_dead_letter_of_another_upload_is_given_back_as_it_is():
    queue = Queue("uploads/u2/b.jpg", "uploads/u1/a.jpg")
    assert queued.remove_letters(queue.stack(), SCOPE) == 1
    assert queue.done == [("delete", "1-1"), ("back", "1-0")]


def test_after_an_interruption_the_dead_letters_that_were_not_deleted_can_be_seen_again():
    queue = Queue("uploads/u1/a.jpg", "uploads/u2/b.jpg", "uploads/u1/c.jpg")
    note, queue.note = queue.note, lambda *_given: (_ for _ in ()).throw(KeyboardInterrupt)
    queue.client.delete_message = lambda **_given: queue.note()
    queue.client.change_message_visibility = lambda **given: note("back", given["ReceiptHandle"])
    with pytest.raises(KeyboardInterrupt):
        queued.remove_letters(queue.stack(), SCOPE)
    assert queue.done == [("back", "1-0"), ("back", "1-1"), ("back", "1-2")]


def test_dead_letters_are_counted_and_given_back():
    queue = Queue("uploads/u2/b.jpg", "uploads/u1/a.jpg", "uploads/u1/b.jpg")
    assert queued.count_letters(queue.stack(), SCOPE) == 2
    assert {what for what, _receipt in queue.done} == {"back"}


@pytest.mark.parametrize("read", [queued.count_letters, queued.remove_letters])
def test_an_erasure_that_cannot_see_every_dead_letter_fails(monkeypatch, read):
    """SQS hides only so many messages at one time; the others would be taken for erased."""
    monkeypatch.setattr(redrive, "MOST_READ", 10)
    queue = Queue(*["uploads/u2/b.jpg"] * 10, "uploads/u1/a.jpg")
    with pytest.raises(Failure, match=r"`python -m ops redrive --limit 5`"):
        read(queue.stack(), SCOPE)
    assert queue.done == [("back", f"1-{number}") for number in range(10)]


def test_a_queue_into_which_others_send_without_end_is_left_after_a_while():
    queue = Queue(endless=True)
    assert queued.remove_waiting(queue.stack(), SCOPE) == 0
    assert queue.given == queued.MORE


@pytest.mark.parametrize(("in_flight", "looks"), [(["0"], 1), (["2", "1", "0"], 3)])
@pytest.mark.parametrize("delayed", [False, True])
def test_messages_in_flight_are_waited_for(monkeypatch, in_flight, looks, delayed):
    """And so are messages that were sent with a delay."""
    answers, sleeps = iter(in_flight), []
    monkeypatch.setattr(queued.time, "sleep", sleeps.append)
    sqs = aws_client(
        "sqs",
        get_queue_attributes=lambda **_asked: {
            "Attributes": {
                "ApproximateNumberOfMessagesNotVisible": "0" if delayed else next(answers),
                "ApproximateNumberOfMessagesDelayed": next(answers) if delayed else "0",
                "VisibilityTimeout": "180",
            }
        },
    )
    outputs = {"queueUrl": BACKFILL_OUTPUTS["queueUrl"]}
    queued.wait_for_function(Stack(outputs=outputs, client={"sqs": sqs}.__getitem__))
    assert len(sleeps) == looks - 1


def test_a_message_that_stays_in_flight_is_waited_for_a_visibility_timeout(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(queued.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(queued.time, "sleep", lambda seconds: clock.append(clock.pop() + seconds))
    found = {"ApproximateNumberOfMessagesNotVisible": "1", "VisibilityTimeout": "180"}
    sqs = aws_client("sqs", get_queue_attributes={"Attributes": found})
    outputs = {"queueUrl": BACKFILL_OUTPUTS["queueUrl"]}
    queued.wait_for_function(Stack(outputs=outputs, client={"sqs": sqs}.__getitem__))
    assert 180 < clock[0] < 190


def readers(monkeypatch, hidden):
    """Have others hide so many dead letters at each look; returns the time, which only waits."""
    clock, answers = [0.0], iter(hidden)
    monkeypatch.setattr(queued.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(queued.time, "sleep", lambda seconds: clock.append(clock.pop() + seconds))
    asked = {"VisibilityTimeout": "30"}
    sqs = aws_client(
        "sqs",
        get_queue_attributes=lambda **_asked: {
            "Attributes": asked | {"ApproximateNumberOfMessagesNotVisible": next(answers)}
        },
    )
    outputs = {name: BACKFILL_OUTPUTS[name] for name in ("queueUrl", "deadLetterQueueUrl")}
    return clock, Stack(outputs=outputs, client={"sqs": sqs}.__getitem__)


def test_dead_letters_that_another_command_looks_at_are_waited_for(monkeypatch):
    clock, stack = readers(monkeypatch, ["2"] * 100 + ["0"])
    queued.wait_for_readers(stack)
    assert clock[0] == 100 * queued.LOOK_SECONDS


def test_dead_letters_that_stay_hidden_are_a_failure(monkeypatch):
    clock, stack = readers(monkeypatch, itertools.repeat("1"))
    with pytest.raises(Failure, match="1 dead letter cannot be looked at"):
        queued.wait_for_readers(stack)
    assert clock[0] > redrive.HIDE_SECONDS


def test_messages_that_a_killed_command_has_hidden_are_waited_for(monkeypatch):
    clock, stack = readers(monkeypatch, itertools.repeat("1"))  # the queue's own time is 30 s
    queued.wait_for_function(stack)
    assert clock[0] > queued.HIDE_SECONDS
