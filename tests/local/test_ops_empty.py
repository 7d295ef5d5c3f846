"""A stack is emptied while people upload to it, and stays empty."""

import json
import threading

import pytest

from function.contract import StackOutput
from local.http import request
from ops import doctor, mappings, teardown
from ops.__main__ import main
from ops.finding import DEPLOY
from ops.stack import connect
from tests.support.waiting import wait_until

TIMEOUT = 3
"""Seconds that an invocation may take, which the command waits for."""


@pytest.fixture(scope="module")
def own(deployed, tmp_path_factory):
    """A stack for this module alone, with a short timeout."""
    with deployed(
        tmp_path_factory.mktemp("empty"),
        {"image-pipeline:timeout": str(TIMEOUT), "image-pipeline:memory": "512"},
    ) as aws:
        yield aws


@pytest.fixture
def uploading(own, photo, monkeypatch):
    """Upload until the test ends; the statuses of S3's answers."""
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(own.server.folder))
    body = photo("again.jpg", (400, 300)).read_bytes()
    ended, statuses = threading.Event(), []

    def upload_all() -> None:
        while not ended.wait(0.05):
            key = f"uploads/again/{len(statuses) % 7}.jpg"
            statuses.append(request("PUT", own.source_url(key), body)[0])

    thread = threading.Thread(target=upload_all)
    thread.start()
    yield statuses
    ended.set()
    thread.join()


def holds(own, output: StackOutput) -> int:
    return teardown.count(connect("local"), own.outputs[output])


def in_flight(own) -> int:
    """Messages that an invocation works on, of both queues."""
    found = [own.queue_attributes(output) for output in ("queueUrl", "backfillQueueUrl")]
    return sum(int(each["ApproximateNumberOfMessagesNotVisible"]) for each in found)


def test_without_yes_it_counts_and_deletes_nothing(own, uploading, capsys):
    wait_until(lambda: holds(own, StackOutput.DESTINATION_BUCKET) > 20, 60)
    assert main(["empty", "--stack", "local", "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)["would_delete"]
    assert counts[own.outputs["sourceBucket"]] > 0
    assert holds(own, StackOutput.DESTINATION_BUCKET) >= counts[own.outputs["destinationBucket"]]
    assert main(["empty", "--stack", "local"]) == 0
    assert "pass --yes to delete them for good" in capsys.readouterr().out
    assert uploading[-1] == 200


def test_both_buckets_are_empty_afterwards_and_stay_so(own, uploading, capsys):
    wait_until(lambda: holds(own, StackOutput.DESTINATION_BUCKET) > 20, 60)
    assert main(["empty", "--stack", "local", "--yes"]) == 0
    assert "versions deleted" in capsys.readouterr().out
    mappings = own.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert {mapping["State"] for mapping in mappings} == {"Disabled"}
    asked = len(uploading)
    wait_until(lambda: len(uploading) > asked)  # the people upload on
    # No invocation begins any more. One that the command did not wait for ends before its messages
    # are visible again or deleted, after six timeouts at the latest.
    wait_until(lambda: in_flight(own) == 0, 6 * TIMEOUT + 10)
    assert holds(own, StackOutput.SOURCE_BUCKET) == 0
    assert holds(own, StackOutput.DESTINATION_BUCKET) == 0
    assert set(uploading[asked:]) == {403}
    assert main(["empty", "--stack", "local", "--yes", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["deleted"].values()) == {0}


def test_the_doctor_tells_of_a_stack_that_was_emptied(own, monkeypatch):
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(own.server.folder))
    assert main(["empty", "--stack", "local", "--yes"]) == 0
    found = {finding.check: finding for finding in doctor.examine(connect("local"))}
    assert found["mapping"].detail == "the event source is Disabled"
    assert (found["canary"].level, found["canary"].fix) == ("fail", DEPLOY)
    assert found["canary"].detail == "uploads are denied, as `ops empty` leaves a stack"


@pytest.mark.parametrize("when", ["while it waits", "while it deletes"])
def test_a_mapping_that_a_backfill_enables_again_is_told(own, capsys, monkeypatch, when):
    """A backfill that runs enables its mapping whenever messages wait."""
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(own.server.folder))
    stack = connect("local")
    (backfills,) = mappings.find(stack, StackOutput.BACKFILL_QUEUE_URL)

    def enable(*_given):
        mappings.switch(own.client("lambda"), backfills["UUID"], enabled=True)
        return 0

    if when == "while it waits":
        monkeypatch.setattr(teardown.time, "sleep", enable)
        monkeypatch.setattr(teardown, "empty", lambda *_given: pytest.fail("it was emptied"))
    else:
        monkeypatch.setattr(teardown.time, "sleep", lambda _seconds: None)
        monkeypatch.setattr(teardown, "empty", enable)
    try:
        assert main(["empty", "--stack", "local", "--yes"]) == 1
    finally:
        mappings.switch(own.client("lambda"), backfills["UUID"], enabled=False)
    said = capsys.readouterr().err
    assert f"The event source mapping {backfills['UUID']} was enabled again meanwhile" in said
    assert "run the same command again" in said


def test_what_a_destruction_that_stopped_has_left_is_emptied(own, photo, capsys, monkeypatch):
    """``pulumi destroy`` deletes the function and the policies before it finds a full bucket."""
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(own.server.folder))
    s3, lambda_ = own.client("s3"), own.client("lambda")
    source, destination = own.outputs["sourceBucket"], own.outputs["destinationBucket"]
    s3.delete_bucket_policy(Bucket=source)
    for mapping in lambda_.list_event_source_mappings()["EventSourceMappings"]:
        lambda_.delete_event_source_mapping(UUID=mapping["UUID"])
    lambda_.delete_function(FunctionName=own.outputs["functionName"])
    s3.put_object(Bucket=source, Key="uploads/left.jpg", Body=b"x")
    s3.put_object(Bucket=destination, Key="left.jpg/manifest.json", Body=b"{}")
    assert main(["empty", "--stack", "local", "--yes", "--json"]) == 0
    deleted = json.loads(capsys.readouterr().out)["deleted"]
    assert deleted == {source: 1, destination: 1}
    s3.delete_bucket(Bucket=source)
    s3.put_object(Bucket=destination, Key="left.jpg/manifest.json", Body=b"{}")
    assert main(["empty", "--stack", "local", "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["deleted"] == {source: 0, destination: 1}
