"""S3 events as they arrive in SQS, from JSON files of real ones."""

import json
from pathlib import Path

import pytest

from function.events import Upload, parse_message

EVENTS = Path(__file__).parent / "events"


def put_event(**changes) -> dict:
    event = json.loads((EVENTS / "put.json").read_text())
    event["Records"][0]["s3"]["object"] |= changes
    return event


def test_a_put_is_an_upload_with_its_key_decoded():
    assert parse_message((EVENTS / "put.json").read_text(), "m1") == [
        Upload(
            bucket="image-pipeline-dev-source-1a2b3c4",
            key="uploads/u1/my beach & sun+été.jpg",
            version_id="096fKKXTRTtl3on89fVO.nfljtsv6qko",
            etag="d41d8cd98f00b204e9800998ecf8427e",
            sequencer="0055AED6DCD90281E5",
            size=829183,
            correlation_id="C3D13FE58DE4C810",
        )
    ]


def test_several_records_of_one_message_are_all_read():
    event = put_event()
    event["Records"] *= 3
    event["Records"].append(json.loads((EVENTS / "delete.json").read_text())["Records"][0])
    removed = [upload.removed for upload in parse_message(json.dumps(event), "m1")]
    assert removed == [False, False, False, True]


@pytest.mark.parametrize(
    "name", ["ObjectRemoved:Delete", "LifecycleExpiration:DeleteMarkerCreated"]
)
def test_a_removal_has_a_key_and_a_sequencer_alone(name):
    event = json.loads((EVENTS / "delete.json").read_text())
    event["Records"][0]["eventName"] = name
    (upload,) = parse_message(json.dumps(event), "m1")
    assert (upload.key, upload.removed, upload.size) == ("uploads/u1/beach.jpg", True, 0)
    assert upload.sequencer == "0055AED6DCD90281E6"


def test_an_unversioned_bucket_has_no_version():
    event = put_event()
    del event["Records"][0]["s3"]["object"]["versionId"]
    assert parse_message(json.dumps(event), "m1")[0].version_id is None


def test_without_a_request_id_the_message_correlates():
    event = put_event()
    del event["Records"][0]["responseElements"]
    assert parse_message(json.dumps(event), "m1")[0].correlation_id == "m1"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
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
        ('{"Records": [{"eventSource": "aws:ses"}]}', "record is not S3's"),
        (json.dumps(put_event(key="other/a.jpg")), "key is outside uploads/"),
        (json.dumps(put_event(key="uploads/")), "key is a folder marker"),
        (json.dumps(put_event(key="uploads/u1/")), "key is a folder marker"),
        (json.dumps(put_event(key="uploads/_index/a.jpg")), "key would land in _index/"),
        (json.dumps(put_event(key="uploads/a//b.jpg")), "key has a control character"),
        (json.dumps(put_event(key="uploads/../b.jpg")), "key has a control character"),
        (json.dumps(put_event(key="uploads/a%0Ab.jpg")), "key has a control character"),
    ],
)
def test_what_is_not_ours_is_ignored_with_a_reason(body, reason, caplog):
    caplog.set_level("INFO", logger="function")
    assert parse_message(body, "m1") == []
    (record,) = caplog.records
    assert record.message == "ignored"
    assert record.reason.startswith(reason)
    assert record.message_id == "m1"
