"""Dead letters on the embedded AWS: seen with their reason, given back, and sent through again."""

import json
import time

import pytest

from function.contract import StackOutput
from function.contract.messages import s3_event
from local.http import request
from ops import mappings, redrive
from ops.__main__ import main
from ops.stack import Stack, connect
from terminal import Failure
from tests.support.aws_client import aws_client
from tests.support.waiting import wait_until


@pytest.fixture
def stack(aws, monkeypatch):
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(aws.server.folder))
    return connect("local")


def event(aws, key: str) -> str:
    """An S3 event for an object that is there, as the queue would have had it."""
    head = aws.client("s3").head_object(Bucket=aws.outputs["sourceBucket"], Key=key)
    return s3_event(
        aws.outputs["sourceBucket"],
        key,
        length=head["ContentLength"],
        etag=head["ETag"].strip('"'),
        sequencer="00",
        version_id=head["VersionId"],
    )


@pytest.fixture
def dead(aws, photo):
    """Two dead letters: one for an upload whose renditions are missing, one that is no event."""
    sqs, url = aws.client("sqs"), aws.outputs["deadLetterQueueUrl"]
    aws.upload(photo("dead.jpg", (300, 200)), "uploads/dead one.jpg")
    aws.client("s3").delete_object(
        Bucket=aws.outputs["destinationBucket"], Key="dead one.jpg/manifest.json"
    )
    ids = [
        sqs.send_message(QueueUrl=url, MessageBody=body)["MessageId"]
        for body in (event(aws, "uploads/dead one.jpg"), "poison")
    ]
    yield ids
    sqs.purge_queue(QueueUrl=url)


def waiting(aws) -> int:
    attributes = aws.client("sqs").get_queue_attributes(
        QueueUrl=aws.outputs["deadLetterQueueUrl"], AttributeNames=["All"]
    )["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"])


def test_dry_run_shows_dead_letters_and_leaves_them(aws, stack, dead, capsys):
    assert main(["redrive", "--stack", "local", "--dry-run"]) == 0
    output = capsys.readouterr().out
    assert "uploads/dead one.jpg" in output
    assert output.splitlines()[-1] == "2 dead letters, 0 moved back"
    assert "not in the log" in output
    assert waiting(aws) == 2


EXCEPTION = """Traceback (most recent call last):
  File "bucket.py", line 255, in get
obstore.exceptions.NotFoundError: Object at location a not found

Debug source:
NotFound {
    path: "a",
}

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "bucket.py", line 257, in get
obstore.exceptions.GenericError: S3 is down

Debug source:
Generic {
    store: "S3",
}"""
"""As the S3 library's exceptions are logged."""


def test_the_reason_is_found_in_the_functions_log(aws, stack, dead):
    logs, group = aws.client("logs"), aws.outputs["logGroup"]
    logs.create_log_stream(logGroupName=group, logStreamName=f"reason-{dead[0]}")
    line = {
        "message": "failed",
        "message_id": dead[0],
        "exception": EXCEPTION,
    }
    logs.put_log_events(
        logGroupName=group,
        logStreamName=f"reason-{dead[0]}",
        logEvents=[{"timestamp": int(time.time() * 1000), "message": json.dumps(line)}],
    )
    letters = redrive.read(stack)
    redrive.give_back(stack, letters)
    assert redrive.reasons(stack, letters) == {
        dead[0]: "obstore.exceptions.GenericError: S3 is down"
    }
    assert all(0 <= letter.age_seconds < 600 for letter in letters)
    assert [letter.receives for letter in letters] == [1, 1]


def test_what_matches_is_moved_back_and_processed(aws, stack, dead, capsys):
    assert main(["redrive", "--stack", "local", "--key", "uploads/dead*", "--json"]) == 0
    (letter,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert letter["keys"] == ["uploads/dead one.jpg"]
    assert waiting(aws) == 1
    url = aws.destination_url("dead one.jpg/manifest.json")
    wait_until(lambda: request("GET", url)[0] == 200)


def test_dead_letters_of_a_backfill_go_back_to_its_queue_which_is_polled_until_they_are_done(
    aws, stack, dead, monkeypatch
):
    sqs, url = aws.client("sqs"), aws.outputs["deadLetterQueueUrl"]
    sqs.purge_queue(QueueUrl=url)
    body = json.loads(event(aws, "uploads/dead one.jpg"))
    body["Records"][0]["reprocess"] = True
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))
    queues = []
    move = redrive.move_all

    def moving(stack, letters):
        for letter in move(stack, letters):
            queues.append([letter.is_backfill, polling(stack)])
            yield letter

    monkeypatch.setattr(redrive, "move_all", moving)
    assert main(["redrive", "--stack", "local"]) == 0
    assert queues == [[True, "Enabled"]]
    assert polling(stack) == "Disabled"
    # All the way: the live queue had no part in it, and the command has waited.
    assert request("GET", aws.destination_url("dead one.jpg/manifest.json"))[0] == 200
    assert waiting(aws) == 0


def polling(stack) -> str:
    """The state of the mapping that polls the queue of backfills."""
    (found,) = mappings.find(stack, StackOutput.BACKFILL_QUEUE_URL)
    return found["State"]


@pytest.mark.parametrize(
    ("output", "is_backfill"), [("queueUrl", False), ("backfillQueueUrl", True)]
)
def test_each_letter_goes_to_the_queue_that_it_came_from(stack, output, is_backfill):
    sent = []
    sqs = aws_client(
        "sqs",
        send_message=lambda **given: sent.append(given["QueueUrl"]) or {},
        delete_message={},
    )
    letter = redrive.DeadLetter(
        message_id="m",
        receipt="r",
        body="{}",
        keys=(),
        sent=0,
        receives=6,
        is_backfill=is_backfill,
        asks_for_format=False,
    )
    answered = Stack(outputs=stack.outputs, client=lambda service: sqs)
    assert list(redrive.move_all(answered, [letter])) == [letter]
    assert sent == [stack.outputs[output]]


def test_limit_leaves_the_rest(aws, stack, dead, capsys):
    assert main(["redrive", "--stack", "local", "--limit", "1", "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 dead letter, 0 moved back"
    assert waiting(aws) == 2


def test_more_letters_than_one_receive_are_all_read_and_given_back(aws, stack, dead):
    sqs, url = aws.client("sqs"), aws.outputs["deadLetterQueueUrl"]
    for number in range(21):
        sqs.send_message(QueueUrl=url, MessageBody=f"poison {number}")
    letters = redrive.read(stack, limit=15)
    assert (len(letters), waiting(aws)) == (15, 8)
    redrive.give_back(stack, letters)
    assert waiting(aws) == 23


def test_an_interrupted_redrive_gives_back_what_it_did_not_move(aws, stack, dead, monkeypatch):
    move = redrive.move_all

    def interrupted(stack, letters):
        yield next(move(stack, letters))
        raise KeyboardInterrupt

    monkeypatch.setattr(redrive, "move_all", interrupted)
    assert main(["redrive", "--stack", "local"]) == 1
    assert waiting(aws) == 1


def test_an_unknown_stack_is_one_sentence(stack, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Failure, match="the Pulumi CLI is not installed"):
        connect("staging")
