"""The queue of backfills is polled while it has messages, and no longer."""

import time

import pytest

from ops import backfill_queue, mappings
from ops.backfill_queue import BackfillQueue
from ops.stack import Stack
from terminal import Failure
from tests.support.aws_client import aws_client
from tests.support.lambda_mapping import LambdaMapping
from tests.support.ops import BACKFILL_OUTPUTS, OUTPUTS


class Clock:
    """Time that passes only while something sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    return clock


def queue_of(mapping: LambdaMapping, counts=(), on_count=lambda: None) -> BackfillQueue:
    """A queue whose looks see these many messages, one after the other, and then none."""
    left = list(counts)

    def attributes(QueueUrl, AttributeNames):  # noqa: N803 (boto3's names)
        assert QueueUrl == BACKFILL_OUTPUTS["backfillQueueUrl"]
        assert len(AttributeNames) == 3
        on_count()
        number = left.pop(0) if left else 0
        return {
            "Attributes": {
                "ApproximateNumberOfMessages": str(number // 2),
                "ApproximateNumberOfMessagesNotVisible": str(number - number // 2),
            }
        }

    return BackfillQueue(
        url=BACKFILL_OUTPUTS["backfillQueueUrl"],
        uuid=mapping.uuid,
        sqs=aws_client("sqs", get_queue_attributes=attributes),
        lambda_=mapping.client,
    )


def test_a_mapping_is_enabled_for_the_block_and_disabled_after_it(clock):
    mapping = LambdaMapping()
    with queue_of(mapping).polled():
        assert mapping.state == "Enabled"
    assert (mapping.state, mapping.updates) == ("Disabled", [True, False])


@pytest.mark.parametrize("error", [KeyboardInterrupt, Failure("SQS refused")])
def test_a_backfill_that_breaks_off_leaves_it_enabled_and_says_so(clock, capsys, error):
    mapping = LambdaMapping()
    with pytest.raises(BaseException, match=r"SQS refused|^$"), queue_of(mapping).polled():
        raise error
    assert (mapping.state, mapping.updates) == ("Enabled", [True])
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"{mapping.uuid} stays enabled" in said
    assert "--state" in said
    assert "After `ops redrive`, `ops doctor` says how to disable it" in said


@pytest.mark.parametrize("state", ["Enabling", "Disabling"])
def test_an_interrupt_while_it_is_switched_is_told_too(clock, monkeypatch, capsys, state):
    mapping = LambdaMapping()

    def interrupt(_seconds):
        if mapping.state == state:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt), queue_of(mapping).polled():
        pass
    assert mapping.state == state
    assert f"{mapping.uuid} may stay enabled; a backfill disables it" in capsys.readouterr().err


def test_it_is_drained_once_it_looks_empty_for_a_minute(clock):
    """Counts may be wrong for a minute after the last message was sent (GetQueueAttributes)."""
    started = clock.now
    counts = [7, 0, 0, 3, 0]
    assert list(queue_of(LambdaMapping("Enabled"), counts).drain())[:5] == counts
    last = started + 4 * backfill_queue.LOOK_SECONDS  # the look that saw the first of the zeros
    assert clock.now - last == pytest.approx(60, abs=backfill_queue.LOOK_SECONDS)
    assert clock.now - last >= 60


def test_a_mapping_that_another_backfill_has_disabled_is_enabled_again(clock):
    mapping = LambdaMapping("Enabled")
    looks = queue_of(mapping, [5, 5]).drain()
    next(looks)
    mapping.state = "Disabled"
    next(looks)
    assert mapping.state == "Enabled"
    mapping.state = "Disabled"  # while nothing waits, there is no need
    assert next(looks) == 0
    assert (mapping.state, mapping.updates) == ("Disabled", [True])


def test_no_more_is_sent_while_too_many_wait(clock, monkeypatch):
    """SQS deletes a message after four days, processed or not."""
    monkeypatch.setattr(backfill_queue, "LOOK_EVERY", 2)
    most = backfill_queue.MOST_WAITING
    sent = []
    counts = [most + 1, most + 1, most, most + 1, 5]
    queue = queue_of(LambdaMapping("Enabled"), counts, lambda: sent.append("look"))
    for upload in queue.limit(iter("abcd")):
        sent += [upload]
    assert sent == [*["look"] * 3, "a", "b", "look", "look", "c", "d"]
    assert clock.now == 1000 + 3 * backfill_queue.LOOK_SECONDS


def test_the_slowest_backfill_clears_what_may_wait_before_sqs_deletes_it():
    retention, per_second = 4 * 24 * 3600, 2 / 10
    assert backfill_queue.MOST_WAITING / per_second < retention / 6


def stack_with(found) -> Stack:
    clients = {
        "lambda": aws_client("lambda", list_event_source_mappings={"EventSourceMappings": found}),
        "sqs": aws_client("sqs"),
    }
    return Stack(outputs=BACKFILL_OUTPUTS, client=clients.get)


def test_it_is_found_by_the_stacks_outputs():
    arn = "arn:aws:sqs:eu-west-1:123456789012:backfill"
    queue = backfill_queue.find(stack_with([{"UUID": LambdaMapping.uuid, "EventSourceArn": arn}]))
    assert queue
    assert (queue.uuid, queue.url) == (LambdaMapping.uuid, BACKFILL_OUTPUTS["backfillQueueUrl"])


def test_a_stack_of_an_earlier_release_has_none_and_its_backfills_go_to_the_live_queue():
    stack = Stack(outputs=OUTPUTS, client=lambda service: None)
    assert backfill_queue.find(stack) is None
    assert stack.backfill_queue == OUTPUTS["queueUrl"]


def test_a_queue_that_nothing_polls_is_one_sentence():
    with pytest.raises(Failure, match=r"No event source mapping polls \S+backfill; deploy the"):
        backfill_queue.find(stack_with([]))


def test_mappings_and_looks_do_not_ask_more_often_than_aws_likes():
    assert mappings.POLL_SECONDS >= 1
    assert backfill_queue.LOOK_SECONDS >= 1
