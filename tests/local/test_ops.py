"""Dead letters on the embedded AWS: seen with their reason, given back, and sent through again."""

import json
import time

import pytest

from function.contract import s3_event
from local.http import request
from ops import redrive
from ops.__main__ import main
from ops.stack import connect
from terminal import Failure
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


def test_the_reason_is_found_in_the_functions_log(aws, stack, dead):
    logs, group = aws.client("logs"), aws.outputs["logGroup"]
    logs.create_log_stream(logGroupName=group, logStreamName=f"reason-{dead[0]}")
    line = {
        "message": "failed",
        "message_id": dead[0],
        "exception": "Traceback …\nOSError: S3 is down",
    }
    logs.put_log_events(
        logGroupName=group,
        logStreamName=f"reason-{dead[0]}",
        logEvents=[{"timestamp": int(time.time() * 1000), "message": json.dumps(line)}],
    )
    letters = redrive.read(stack)
    redrive.give_back(stack, letters)
    assert redrive.reasons(stack, letters) == {dead[0]: "OSError: S3 is down"}
    assert all(0 <= letter.age_seconds < 600 for letter in letters)
    assert [letter.receives for letter in letters] == [1, 1]


def test_what_matches_is_moved_back_and_processed(aws, stack, dead, capsys):
    assert main(["redrive", "--stack", "local", "--key", "uploads/dead*", "--json"]) == 0
    (letter,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert letter["keys"] == ["uploads/dead one.jpg"]
    assert waiting(aws) == 1
    url = aws.destination_url("dead one.jpg/manifest.json")
    wait_until(lambda: request("GET", url)[0] == 200)


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


def test_an_interrupted_redrive_gives_back_what_it_did_not_move(aws, stack, dead):
    letters = redrive.read(stack)
    moving = redrive.move_all(stack, letters)
    next(moving)
    moving.close()
    assert waiting(aws) == 1


def test_an_unknown_stack_is_one_sentence(stack, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Failure, match="the Pulumi CLI is not installed"):
        connect("staging")
