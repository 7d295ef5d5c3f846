"""S3 events as they arrive in SQS, from JSON files of real ones."""

import json
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from function.contract import Verdict
from function.contract.messages import format_asked, moderation_event, s3_event
from function.events import (
    Event,
    EventKind,
    OutsidePrefixes,
    as_changed,
    parse_message,
    split_message,
)
from function.versions import ObjectVersion

EVENTS = Path(__file__).parent / "events"
KEY = "uploads/u1/beach.jpg"


def put_event(**changes) -> dict:
    event = json.loads((EVENTS / "put.json").read_text())
    event["Records"][0]["s3"]["object"] |= changes
    return event


def test_a_put_is_an_upload_with_its_key_decoded():
    assert parse_message((EVENTS / "put.json").read_text(), "m1") == [
        Event(
            bucket="image-pipeline-dev-source-1a2b3c4",
            kind=EventKind.CREATED,
            version=ObjectVersion(
                key="uploads/u1/my beach & sun+été.jpg",
                version_id="096fKKXTRTtl3on89fVO.nfljtsv6qko",
                etag="d41d8cd98f00b204e9800998ecf8427e",
                sequencer="0055AED6DCD90281E5",
                bytes=829183,
            ),
            correlation_id="C3D13FE58DE4C810",
        )
    ]


def test_several_records_are_as_many_messages():
    first, second = put_event()["Records"][0], put_event(key="uploads/b")["Records"][0]
    parts = split_message(json.dumps({"Records": [first, second]}))
    assert [json.loads(part) for part in parts] == [{"Records": [first]}, {"Records": [second]}]


@pytest.mark.parametrize(
    "body",
    ["no JSON", "[" * 100_000, "[]", '{"Records": 7}', '{"Records": []}', '{"Records":[{"a":1}]}'],
    ids=["no JSON", "too deep", "no object", "no list", "empty", "one"],
)
def test_any_other_message_stays_as_it_is(body):
    assert split_message(body) == [body]


def test_several_records_of_one_message_are_all_read():
    event = put_event()
    event["Records"] *= 3
    event["Records"].append(json.loads((EVENTS / "delete.json").read_text())["Records"][0])
    kinds = [parsed.kind for parsed in parse_message(json.dumps(event), "m1")]
    assert kinds == ["created", "created", "created", "changed"]


def test_a_backfill_says_so():
    body = s3_event("b", KEY, length=1, etag="e", sequencer="", reprocess=True)
    assert [event.kind for event in parse_message(body, "m1")] == ["backfill"]


@pytest.mark.parametrize(
    "name", ["ObjectRemoved:Delete", "LifecycleExpiration:DeleteMarkerCreated"]
)
def test_a_removal_has_a_key_and_a_sequencer_alone(name):
    event = json.loads((EVENTS / "delete.json").read_text())
    event["Records"][0]["eventName"] = name
    (parsed,) = parse_message(json.dumps(event), "m1")
    assert parsed.kind == EventKind.CHANGED
    assert (parsed.version.key, parsed.version.bytes) == (KEY, 0)
    assert parsed.version.sequencer == "0055AED6DCD90281E6"


def test_a_folder_whose_name_only_begins_like_the_index_is_the_users():
    body = json.dumps(put_event(key="uploads/_indexes/a.jpg"))
    assert len(parse_message(body, "m1")) == 1


def test_an_unversioned_bucket_has_no_version():
    event = put_event()
    del event["Records"][0]["s3"]["object"]["versionId"]
    assert parse_message(json.dumps(event), "m1")[0].version.version_id is None


def test_without_a_request_id_the_message_correlates():
    event = put_event()
    del event["Records"][0]["responseElements"]
    assert parse_message(json.dumps(event), "m1")[0].correlation_id == "m1"


def bridged(name="created", **changes) -> dict:
    event = json.loads((EVENTS / f"bridged-{name}.json").read_text())
    event["detail"]["object"] |= changes
    return event


def test_eventbridge_does_not_encode_the_key():
    assert parse_message((EVENTS / "bridged-created.json").read_text(), "m1") == [
        Event(
            bucket="photos-of-a-shop",
            kind=EventKind.CREATED,
            version=ObjectVersion(
                key="uploads/u1/my beach & sun+été%20.jpg",
                version_id="IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
                etag="b1946ac92492d2347c6235b4d2611184",
                sequencer="617f08299329d189",
                bytes=829183,
            ),
            correlation_id="N4N7GDK58NMKJ12R",
        )
    ]


@pytest.mark.parametrize(
    "detail",
    [
        {},
        {"deletion-type": "Permanently Deleted"},
        {"reason": "Lifecycle Expiration", "requester": "s3.amazonaws.com"},
    ],
)
def test_a_removal_by_eventbridge_has_a_key_a_version_and_a_sequencer_alone(detail):
    event = bridged("deleted")
    event["detail"] |= detail
    (parsed,) = parse_message(json.dumps(event), "m1")
    assert parsed.kind == EventKind.CHANGED
    assert parsed.version == ObjectVersion(
        key=KEY,
        version_id="1QW9g1Z99LUNbvaaYVpW9xDlOLU.qxgF",
        etag="",
        sequencer="617f0837b476e463",
        bytes=0,
    )


def test_eventbridge_may_name_no_version_and_no_request():
    event = bridged()
    del event["detail"]["object"]["version-id"], event["detail"]["request-id"]
    (parsed,) = parse_message(json.dumps(event), "m1")
    assert (parsed.version.version_id, parsed.correlation_id) == (None, "m1")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            json.dumps(bridged() | {"detail-type": "Object Restore Completed"}),
            "event Object Restore Completed",
        ),
        (json.dumps(bridged(key="uploads/_index/a.jpg")), "key would land in _index/"),
        (json.dumps(bridged("deleted", key="uploads/")), "key is a folder marker"),
        (json.dumps(bridged() | {"source": "aws.ec2"}), "not an S3 event"),
        ((EVENTS / "test-event.json").read_text(), "S3 test event"),
        (
            '{"Records": [{"eventSource": "aws:s3", "eventName": "ObjectRestore:Post"}]}',
            "event Obj",
        ),
        ("hello", "not JSON"),
        ("[1]", "not an S3 event"),
        ('"text"', "not an S3 event"),
        ('{"Records": 1}', "not an S3 event"),
        ('{"Records": [1]}', "record is not S3's"),
        # A dead letter of a stack that has no lazy formats any more (``ops/redrive.py``).
        (format_asked(KEY, "u1/beach.jpg/hero.avif"), "record is not S3's"),
        ('{"Records": [{"eventSource": "aws:ses"}]}', "record is not S3's"),
        (json.dumps(put_event(key="uploads/")), "key is a folder marker"),
        (json.dumps(put_event(key="uploads/u1/")), "key is a folder marker"),
        (json.dumps(put_event(key="uploads/_index/a.jpg")), "key would land in _index/"),
        (json.dumps(put_event(key="uploads/_index")), "key would land in _index/"),
        (json.dumps(put_event(key="uploads/a//b.jpg")), "key has a control character"),
        (json.dumps(put_event(key="uploads/../b.jpg")), "key has a control character"),
        (json.dumps(put_event(key="uploads/a%0Ab.jpg")), "key has a control character"),
        (json.dumps(put_event(key="uploads/a%7Fb.jpg")), "key has a control character"),
        (json.dumps(put_event(key="uploads/a%C2%85b.jpg")), "key has a control character"),
        (json.dumps(put_event(key="uploads/a%EF%BF%BEb.jpg")), "key has a control character"),
        (json.dumps(bridged(key="uploads/a\ud800b.jpg")), "key has a control character"),
    ],
)
def test_what_is_not_ours_is_ignored_with_a_reason(body, reason, caplog):
    caplog.set_level("INFO", logger="function")
    assert parse_message(body, "m1") == []
    (record,) = caplog.records
    assert record.message == "ignored"
    assert record.reason.startswith(reason)
    assert record.message_id == "m1"


@pytest.mark.parametrize(
    "name",
    [
        "Screenshot 2026-11-28 at 2.37.13\u202fPM.png",  # as macOS names it
        "\U0001f468\u200d\U0001f469\u200d\U0001f467.jpg",  # an emoji of three, joined
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.jpg",  # Persian
        "a\u00a0b.jpg",
        "\U0001fae9.jpg",  # newer than Python 3.13's tables of characters
        "a b+c%&{}~é.jpg",
    ],
)
def test_a_name_with_unusual_spaces_or_joiners_is_an_upload(name):
    (event,) = parse_message(json.dumps(put_event(key=quote_plus(f"uploads/{name}"))), "m1")
    assert event.version.key == f"uploads/{name}"


@pytest.mark.parametrize("make", [bridged, put_event])
def test_an_upload_of_a_prefix_that_the_stack_has_no_more_is_not_acknowledged(make):
    """It waited while the stack was updated; as a dead letter it can be sent again."""
    body = json.dumps(make(key="uploads/a.jpg"))
    with pytest.raises(OutsidePrefixes, match="is outside incoming/; name its prefix"):
        parse_message(body, "m1", ("incoming/",))
    (event,) = parse_message(body, "m1", ("incoming/", "uploads/"))
    assert event.version.key == "uploads/a.jpg"


@pytest.mark.parametrize("key", ["shop/in/", "shop/in/_index/a.jpg", "shop/in/u1/", "shop/in/a//b"])
def test_a_name_is_what_follows_the_prefix(key, caplog):
    caplog.set_level("INFO", logger="function")
    assert parse_message(json.dumps(put_event(key=key)), "m1", ("shop/in/",)) == []
    assert [record.message for record in caplog.records] == ["ignored"]


def decision(**changes) -> str:
    how = {"by": "ann", "at": "2026-01-01T00:00:00Z", "reason": "ok"} | changes
    return moderation_event("source", "uploads/a é+b.jpg", "v1", Verdict.REJECT, **how)


def test_a_moderators_decision_names_a_version_and_who_decided():
    (parsed,) = parse_message(decision(), "m1")
    assert (parsed.kind, parsed.bucket, parsed.correlation_id) == ("decided", "source", "m1")
    version = ObjectVersion("uploads/a é+b.jpg", "v1", etag="", sequencer="00", bytes=0)
    assert parsed.version == version
    found = parsed.sent_by("AIDA:ann").decision
    assert (found.verdict, found.by, found.reason) == (Verdict.REJECT, "ann", "ok")
    assert (found.at, found.sender) == ("2026-01-01T00:00:00.000000+00:00", "AIDA:ann")


@pytest.mark.parametrize(
    "broken",
    [
        decision(at="2026-01-01"),
        decision().replace("versionId", "version"),
        decision().replace("Decision:reject", "Decision:hold"),
    ],
)
def test_a_decision_that_cannot_be_read_is_not_lost(broken):
    """It fails, and ends in the dead-letter queue, where somebody sees it."""
    with pytest.raises((ValueError, KeyError)):
        parse_message(broken, "m1")


def test_a_decision_outside_the_uploads_is_not_lost():
    with pytest.raises(OutsidePrefixes):
        parse_message(decision().replace("uploads/", "others/"), "m1")


def test_a_second_look_after_a_decision_is_the_same_decision():
    """So the CDN forgets what a first view was making when it was carried out."""
    assert parse_message(as_changed(decision()), "m1") == parse_message(decision(), "m1")


def test_an_upload_has_no_sender():
    (parsed,) = parse_message((EVENTS / "put.json").read_text(), "m1")
    assert parsed.sent_by("AIDA:ann") is parsed
