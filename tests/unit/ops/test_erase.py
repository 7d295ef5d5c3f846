"""The passes of an erasure; tests/unit/function/test_reconcile.py searches them for races."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ops import erase, queued
from ops.erase import Erasure, Place, Store, prepare
from ops.scope import Scope
from ops.stack import Stack
from terminal import Failure
from tests.support.aws_client import aws_client
from tests.support.ops import OUTPUTS

PUBLIC = OUTPUTS | {"deliveryUrl": "https://x.s3.amazonaws.com"}


def erasure(uploads, destination, left=0):
    """One that finds so much in each pass, and so much at the end."""
    found = {
        Place.UPLOADS: iter([*uploads, *[0] * 20]),
        Place.DESTINATION: iter([*destination, *[0] * 20]),
    }
    stores = {
        place: Store(count=lambda: left, clear=lambda found=found: next(found))
        for place, found in found.items()
    }
    return Erasure(stack=None, scope=None, stores=stores, seconds=40, distribution=None)


@pytest.mark.parametrize(
    ("uploads", "destination", "passes"),
    [
        ([], [], 3),
        ([5], [9], 3),
        ([5], [9, 2], 3),
        ([5], [9, 2, 1], 4),
        ([5, 1], [9], 4),
        ([5, 0, 1], [9], 5),
    ],
    ids=["nothing", "one pass", "a rendition late", "a manifest late", "an upload late", "later"],
)
def test_two_passes_without_an_upload_and_one_that_finds_nothing_end_it(
    uploads, destination, passes
):
    waits, erasing = [], erasure(uploads, destination)
    assert erasing.clear_buckets(waits.append) == passes
    assert waits == [40] * (passes - 1)
    assert erasing.result.found == {Place.UPLOADS: sum(uploads), Place.UNFINISHED: 0} | {
        Place.DESTINATION: sum(destination)
    }


def test_uploads_that_keep_coming_are_a_failure():
    waits = []
    with pytest.raises(Failure, match="kept coming in 8 passes"):
        erasure([1] * 20, []).clear_buckets(waits.append)
    assert len(waits) == 7


@pytest.fixture
def quiet(monkeypatch):
    monkeypatch.setattr(queued, "remove_waiting", lambda *_given: 0)
    monkeypatch.setattr(queued, "wait_for_function", lambda _stack: None)
    monkeypatch.setattr(queued, "wait_for_readers", lambda _stack: None)


def test_what_is_there_again_at_the_end_is_a_failure(quiet):
    erasing = erasure([1], [1], left=2)
    with pytest.raises(Failure, match="2 upload_versions, 2 destination_versions"):
        erasing.run(lambda _seconds: None)
    left = {Place.UPLOADS: 2, Place.DESTINATION: 2, Place.MESSAGES: 0}
    assert (erasing.result.left, erasing.result.passes) == (left, 3)


def test_an_invalidation_that_is_not_completed_is_known_after_the_failure(quiet, monkeypatch):
    def fail(*_given):
        raise Failure("CloudFront has not completed it.")

    monkeypatch.setattr(erase.invalidation, "start", lambda *_given: "I1")
    monkeypatch.setattr(erase.invalidation, "wait", fail)
    erasing = replace(erasure([1], [1]), distribution="D1")
    with pytest.raises(Failure, match="not completed"):
        erasing.run(lambda _seconds: None)
    assert (erasing.result.invalidation, erasing.result.left) == ("I1", None)


def test_messages_are_looked_for_until_none_is_left(quiet, monkeypatch):
    found = iter([3, 2, 1, 0, 0])
    monkeypatch.setattr(queued, "remove_waiting", lambda *_given: next(found))
    erasing = erasure([1], [1])
    erasing.run(lambda _seconds: None)
    assert erasing.result.found[Place.MESSAGES] == 6
    assert erasing.result.left == dict.fromkeys(
        (Place.UPLOADS, Place.DESTINATION, Place.MESSAGES), 0
    )


def test_a_message_that_is_there_again_at_the_end_is_a_failure(quiet, monkeypatch):
    found = iter([3, 0, 1])
    monkeypatch.setattr(queued, "remove_waiting", lambda *_given: next(found))
    with pytest.raises(Failure, match="1 messages"):
        erasure([1], [1]).run(lambda _seconds: None)


def test_dead_letters_are_looked_for_only_while_no_other_command_hides_them(quiet, monkeypatch):
    done = []
    letters = Store(
        count=lambda: done.append("count") or 0, clear=lambda: done.append("clear") or 0
    )
    monkeypatch.setattr(queued, "wait_for_readers", lambda _stack: done.append("wait"))
    erasing = erasure([1], [1])
    erasing.stores[Place.LETTERS] = letters
    erasing.run(lambda _seconds: None)
    assert done == ["wait", "clear", "wait", "count"]


def stack(outputs, timeouts, variables):
    def answer(FunctionName):  # noqa: N803
        return {"Timeout": timeouts[FunctionName], "Environment": {"Variables": variables}}

    clients = {"lambda": aws_client("lambda", get_function_configuration=answer)}
    return Stack(outputs=outputs, client=clients.get)


@pytest.mark.parametrize(("timeout", "seconds"), [(30, 70), (90, 100)])
def test_the_wait_is_longer_than_any_invocation_of_either_function(timeout, seconds):
    outputs = PUBLIC | {"functionName": "live", "batchFunctionArn": "batch"}
    found = stack(outputs, {"live": timeout, "batch": 60}, {"INDEX_TABLE": ""})
    assert prepare(found, Scope(key="uploads/u/")).seconds == seconds


@pytest.mark.parametrize(("timeout", "seconds"), [(5, 35), (60, 70)])
def test_the_wait_is_longer_than_any_first_view_of_a_lazy_rendition(timeout, seconds):
    outputs = PUBLIC | {"functionName": "live", "viewFunctionName": "views"}
    found = stack(outputs, {"live": timeout}, {})
    assert prepare(found, Scope(key="uploads/u/")).seconds == seconds


@pytest.mark.parametrize("user", ["", "u"])
@pytest.mark.parametrize("index", ["", "index"])
@pytest.mark.parametrize("quotas", [{}, {"quotaTable": "quotas"}], ids=["none", "quotas"])
def test_tables_are_those_that_the_stack_has(user, index, quotas):
    outputs = PUBLIC | {"functionName": "live"} | quotas
    found = stack(outputs, {"live": 30}, {"INDEX_TABLE": index})
    stores = prepare(found, Scope(key="uploads/u/", user=user)).stores
    assert (Place.INDEX in stores) == bool(index)
    assert (Place.QUOTAS in stores) == bool(user and quotas)


THEIRS = ["u/docs/report.pdf", "u/docs/notes", "u/a.jpg/caption.txt"]
OURS = ["u/a.jpg/large.jpg", "u/a.jpg/manifest.json", "u/a.jpg/old.webp"]


@pytest.mark.parametrize(("adopted", "found"), [("destination", OURS), ("source", OURS + THEIRS)])
def test_other_files_in_an_adopted_bucket_stay(adopted, found):
    def versions(Bucket, Prefix, **_page):  # noqa: N803 - S3's names
        keys = OURS + THEIRS if Bucket == "images" and Prefix == "u/" else []
        listed = [{"Key": key, "VersionId": "v", "Size": 1, "IsLatest": True} for key in keys]
        return {"Versions": [one | {"LastModified": datetime.now(UTC)} for one in listed]}

    names = {"destinationBucket": "images", "adoptedBuckets": adopted}
    names["deliveryUrl"] = "https://images.s3.amazonaws.com"
    erased = stack(PUBLIC | {"functionName": "live"} | names, {"live": 30}, {})
    s3 = aws_client("s3", list_object_versions=versions)
    clients = {"lambda": erased.client("lambda"), "s3": s3}
    erased = Stack(outputs=erased.outputs, client=clients.__getitem__)
    places = prepare(erased, Scope(key="uploads/u/")).stores
    assert places[Place.DESTINATION].count() == len(found)


@pytest.mark.parametrize("bucket", ["made", "cdn.example"])
def test_outputs_that_do_not_name_the_cdn_are_told_before_anything_is_looked_for(bucket):
    outputs = OUTPUTS | {"deliveryUrl": "https://cdn.example", "destinationBucket": bucket}
    with pytest.raises(Failure, match="distributionId"):
        prepare(stack(outputs, {"x": 30}, {}), Scope(key="uploads/u/"))


def test_the_margin_covers_requests_that_are_under_way():
    assert erase.MARGIN >= 5
