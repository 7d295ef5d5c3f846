import time

import pytest

from function.events import EventKind, parse_message
from function.versions import ObjectVersion, is_newer
from ops import backfill
from ops.backfill import Existing
from ops.stack import Stack
from terminal import Failure
from tests.support.aws_client import aws_client
from tests.support.ops import BEACH, OUTPUTS


def stack_with_queue(bodies: list[str], refusals: int = 0) -> Stack:
    """A stack whose queue takes messages, but the second of a batch only after some refusals."""
    left = [refusals]

    def send(QueueUrl, Entries):  # noqa: N803 (boto3's names)
        assert QueueUrl == OUTPUTS["queueUrl"]
        refused = [entry for entry in Entries if entry["Id"] == "1" and left[0]]
        left[0] -= len(refused)
        bodies.extend(entry["MessageBody"] for entry in Entries if entry not in refused)
        return {"Failed": [{"Id": entry["Id"], "Message": "busy"} for entry in refused]}

    return Stack(outputs=OUTPUTS, client={"sqs": aws_client("sqs", send_message_batch=send)}.get)


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
    bodies = []
    stack = stack_with_queue(bodies, refusals=2)
    batches = list(backfill.send(stack, iter([BEACH] * 12), per_second=1e9))
    assert [len(batch) for batch in batches] == [10, 2]
    assert len(bodies) == 12


def test_what_sqs_keeps_refusing_is_one_sentence():
    stack = stack_with_queue([], refusals=99)
    with pytest.raises(Failure, match=r"refused a message 5 times \(busy\)"):
        list(backfill.send(stack, iter([BEACH] * 2), per_second=1e9))


def test_the_rate_is_kept(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.append(now.pop() + seconds))
    sent = []
    for batch in backfill.send(stack_with_queue([]), iter([BEACH] * 25), per_second=20):
        sent.append((now[0] - 100, len(batch)))
        now[0] += 0.3  # to send a batch takes time, which counts
    assert sent == [(0, 10), (0.5, 10), (1.0, 5)]
    assert now == [101.3]
