import json
import threading
import time
from dataclasses import replace

import pytest

from function.events import EventKind, parse_message
from function.versions import ObjectVersion, is_newer
from ops import backfill, gone
from ops.backfill import Existing
from ops.stack import Stack
from terminal import Failure, Misuse
from tests.support.aws_client import aws_client
from tests.support.ops import BACKFILL_OUTPUTS, BEACH, OUTPUTS


def stack_with_queue(bodies: list[str], refusals: int = 0, outputs: dict = OUTPUTS) -> Stack:
    """A stack whose queue takes messages, but the second of a batch only after some refusals."""
    left = [refusals]

    def send(QueueUrl, Entries):  # noqa: N803 (boto3's names)
        assert QueueUrl == outputs.get("backfillQueueUrl", OUTPUTS["queueUrl"])
        refused = [entry for entry in Entries if entry["Id"] == "1" and left[0]]
        left[0] -= len(refused)
        bodies.extend(entry["MessageBody"] for entry in Entries if entry not in refused)
        return {"Failed": [{"Id": entry["Id"], "Message": "busy"} for entry in refused]}

    return Stack(outputs=outputs, client={"sqs": aws_client("sqs", send_message_batch=send)}.get)


class Bucket:
    """An S3 whose pages of versions a test writes down, each behind the marker of the last one."""

    def __init__(self, *pages: dict) -> None:
        self.pages, self.asked = pages, []

    def get_paginator(self, name):
        assert name == "list_objects_v2"  # what is right under the prefix, which has no prefixes
        return self

    def paginate(self, **_asked):
        return [{"IsTruncated": False}]

    def list_object_versions(self, **asked):
        self.asked.append(asked)
        number = len(self.asked)
        more = {"IsTruncated": number < len(self.pages), "NextKeyMarker": f"uploads/{number}"}
        return self.pages[number - 1] | more


def version(key: str, *, is_latest: bool = True) -> dict:
    return {
        "Key": key,
        "VersionId": f"v-{key}",
        "ETag": f'"e-{key}"',
        "Size": len(key),
        "IsLatest": is_latest,
    }


def stack_of(client) -> Stack:
    return Stack(outputs=OUTPUTS | {"destinationBucket": "made"}, client=lambda service: client)


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


def test_the_newest_versions_are_found_in_the_order_of_their_keys():
    pages = (
        {"Versions": [version("uploads/a"), version("uploads/b", is_latest=False)]},
        {},  # a page of delete markers alone
        {"Versions": [version("uploads/b")]},
    )
    bucket = Bucket(*pages)
    found = list(backfill.find(stack_of(bucket), "uploads/"))
    assert found == [
        Existing(key=key, version_id=f"v-{key}", etag=f"e-{key}", size=9)
        for key in ("uploads/a", "uploads/b")
    ]
    asked = {"Bucket": "photos", "Prefix": "uploads/"}
    assert bucket.asked == [
        asked | {"KeyMarker": marker} for marker in ("", "uploads/1", "uploads/2")
    ]


def test_a_page_of_nothing_but_versions_of_its_marker_is_not_asked_for_again():
    """An upload that was overwritten more than 1,000 times fills pages by itself."""
    old = {"Versions": [version("uploads/a", is_latest=False)], "NextKeyMarker": "uploads/a"}
    pages = [
        {"Versions": [version("uploads/a")], "NextKeyMarker": "uploads/a"},
        *(old | {"NextVersionIdMarker": name} for name in ("v1", "v2")),
        {"Versions": [version("uploads/b")]},
    ]
    asked = []

    def list_versions(**request):
        asked.append((request["KeyMarker"], request.get("VersionIdMarker")))
        return pages[len(asked) - 1] | {"IsTruncated": len(asked) < len(pages)}

    client = aws_client(
        "s3",
        list_object_versions=list_versions,
        list_objects_v2=lambda **_request: {"IsTruncated": False},
    )
    found = backfill.find(stack_of(client), "uploads/")
    assert [upload.key for upload in found] == ["uploads/a", "uploads/b"]
    at = "uploads/a"
    assert asked == [("", None), (at, None), (at, "v1"), (at, "v2")]


def test_a_run_goes_on_behind_the_key_that_it_ended_with():
    """S3 lists the versions of the marker itself, too."""
    bucket = Bucket({"Versions": [version(f"uploads/{name}") for name in "abc"]})
    found = backfill.find(stack_of(bucket), "uploads/", after="uploads/b")
    assert [upload.key for upload in found] == ["uploads/c"]
    assert bucket.asked[0]["KeyMarker"] == "uploads/b"


@pytest.mark.parametrize("find", [backfill.find, gone.find])
@pytest.mark.parametrize("prefix", ["", "upload", "other/uploads/"])
def test_a_prefix_that_the_function_ignores_is_refused(find, prefix):
    bucket = Bucket()
    with pytest.raises(Failure, match=r"must start with uploads/; got"):
        list(find(stack_of(bucket), prefix))


@pytest.mark.parametrize("find", [backfill.find, gone.find])
def test_a_prefix_that_no_key_can_have_is_misuse(find):
    with pytest.raises(Misuse, match="Keys are UTF-8"):
        list(find(stack_of(Bucket()), "uploads/\udcff"))


@pytest.mark.parametrize("outputs", [OUTPUTS, BACKFILL_OUTPUTS])
def test_uploads_go_to_the_queue_of_backfills_where_there_is_one(outputs):
    bodies = []
    stack = stack_with_queue(bodies, outputs=outputs)
    assert len(list(backfill.send(stack, iter([BEACH] * 12), per_second=1e9))) == 2
    assert len(bodies) == 12


def test_a_run_that_is_behind_its_rate_does_not_wait(monkeypatch):
    now, slept = [100.0], []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", slept.append)
    for _batch in backfill.send(stack_with_queue([]), iter([BEACH] * 20), per_second=4):
        now[0] += 5
    assert slept == [0, 0]


def test_only_what_was_refused_of_a_batch_is_sent_again():
    bodies = []
    keys = [f"uploads/{number}" for number in range(3)]
    uploads = [Existing(key=key, version_id=None, etag="", size=1) for key in keys]
    list(backfill.send(stack_with_queue(bodies, refusals=1), iter(uploads), per_second=1e9))
    sent = [parse_message(body, "m1")[0].version.key for body in bodies]
    assert sent == ["uploads/0", "uploads/2", "uploads/1"]


def test_a_batch_is_sent_five_times_at_most():
    sent = backfill.send(stack_with_queue([], refusals=4), iter([BEACH] * 2), per_second=1e9)
    assert len(list(sent)) == 1
    with pytest.raises(Failure, match="refused a message 5 times"):
        list(backfill.send(stack_with_queue([], refusals=5), iter([BEACH] * 2), per_second=1e9))


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
    for batch in backfill.send(stack_with_queue([]), iter([BEACH] * 25), per_second=2):
        sent.append((now[0] - 100, len(batch)))
        now[0] += 0.3  # to send a batch takes time, which counts
    assert sent == [(0, 10), (5, 10), (10, 5)]
    assert now == [112.5]


def test_batches_are_sent_at_one_time_and_told_in_their_order():
    """The first is not answered until the second is, which one sender would never send."""
    second, bodies = threading.Event(), []

    def send(QueueUrl, Entries):  # noqa: N803 (boto3's names)
        (number,) = {
            json.loads(entry["MessageBody"])["Records"][0]["s3"]["object"]["size"]
            for entry in Entries
        }
        if number == 0:
            assert second.wait(20)
        second.set()
        bodies.append(number)
        return {}

    stack = Stack(outputs=OUTPUTS, client={"sqs": aws_client("sqs", send_message_batch=send)}.get)
    uploads = (replace(BEACH, size=number // backfill.BATCH) for number in range(30))
    told = [batch[0].size for batch in backfill.send(stack, uploads, per_second=1e9)]
    assert told == [0, 1, 2]
    assert sorted(bodies) == [0, 1, 2]
    assert bodies[0] != 0


def test_nothing_is_told_as_sent_behind_what_failed():
    """A run goes on behind the last upload that was told, so none may be skipped."""

    def send(QueueUrl, Entries):  # noqa: N803
        fails = '"size": 1,' in Entries[0]["MessageBody"]
        return {"Failed": [{"Id": "0", "Message": "busy"}]} if fails else {}

    stack = Stack(outputs=OUTPUTS, client={"sqs": aws_client("sqs", send_message_batch=send)}.get)
    uploads = (replace(BEACH, size=number // backfill.BATCH) for number in range(60))
    told = []
    with pytest.raises(Failure, match="busy"):
        told.extend(batch[0].size for batch in backfill.send(stack, uploads, per_second=1e9))
    assert told == [0]
