import pytest

from function.events import EventKind, parse_message
from function.versions import ObjectVersion, is_newer
from ops import backfill
from ops.backfill import Existing
from ops.stack import Stack
from terminal import Failure
from tests.support.ops import BEACH, OUTPUTS


class Queue:
    """An SQS that refuses the second message of a batch so many times."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.bodies: list[str] = []

    def send_message_batch(self, QueueUrl, Entries):  # noqa: N803 (boto3's names)
        refused = [entry for entry in Entries if entry["Id"] == "1" and self.refusals]
        self.refusals -= len(refused)
        self.bodies += [entry["MessageBody"] for entry in Entries if entry not in refused]
        return {"Failed": [{"Id": entry["Id"], "Message": "busy"} for entry in refused]}


def test_a_backfilled_event_is_one_that_the_function_reads():
    (event,) = parse_message(backfill.event("photos", BEACH), "m1")
    assert (event.bucket, event.kind) == ("photos", EventKind.BACKFILL)
    assert event.version == ObjectVersion(
        key=BEACH.key, version_id="v1", etag="e1", sequencer="00", bytes=7
    )


def test_a_backfilled_event_is_older_than_any_of_s3():
    (event,) = parse_message(backfill.event("photos", BEACH), "m1")
    assert is_newer("0055AED6DCD90281E5", event.version.sequencer)
    assert not is_newer(event.version.sequencer, "0055AED6DCD90281E5")


def test_without_a_version_the_event_names_none():
    body = backfill.event("photos", Existing(key="uploads/a", version_id=None, etag="", size=1))
    assert parse_message(body, "m1")[0].version.version_id is None


def test_what_sqs_refuses_of_a_batch_is_sent_again():
    queue = Queue(refusals=2)
    stack = Stack(outputs=OUTPUTS, client=lambda service: queue)
    batches = list(backfill.send(stack, iter([BEACH] * 12), per_second=1e9))
    assert [len(batch) for batch in batches] == [10, 2]
    assert len(queue.bodies) == 12


def test_what_sqs_keeps_refusing_is_one_sentence():
    stack = Stack(outputs=OUTPUTS, client=lambda service: Queue(refusals=99))
    with pytest.raises(Failure, match=r"refused a message 5 times \(busy\)"):
        list(backfill.send(stack, iter([BEACH] * 2), per_second=1e9))
