"""Messages as S3 writes them, and as the function reads them."""

import json

import pytest

from function.contract.keys import upload_name
from function.contract.messages import s3_event
from function.events import EventKind, parse_message
from function.versions import ObjectVersion


def test_an_event_is_written_as_s3_writes_it():
    event = s3_event(
        "source", "uploads/a b+é.jpg", length=3, etag="e1", sequencer="01", version_id="v1"
    )
    assert event == json.dumps(
        {
            "Records": [
                {
                    "eventSource": "aws:s3",
                    "eventName": "ObjectCreated:Put",
                    "s3": {
                        "bucket": {"name": "source"},
                        "object": {
                            "key": "uploads/a+b%2B%C3%A9.jpg",
                            "size": 3,
                            "eTag": "e1",
                            "sequencer": "01",
                            "versionId": "v1",
                        },
                    },
                }
            ]
        }
    )


@pytest.mark.parametrize("reprocess", [True, False])
def test_the_function_reads_the_event(reprocess):
    body = s3_event(
        "source",
        "uploads/a b+é.jpg",
        length=3,
        etag="e1",
        sequencer="01",
        version_id="v1",
        request_id="r1",
        reprocess=reprocess,
    )
    (event,) = parse_message(body, "m1")
    assert event.version == ObjectVersion(
        key="uploads/a b+é.jpg", version_id="v1", etag="e1", sequencer="01", bytes=3
    )
    assert upload_name(event.version.key) == "a b+é.jpg"
    assert (event.bucket, event.correlation_id) == ("source", "r1")
    assert event.kind == (EventKind.BACKFILL if reprocess else EventKind.CREATED)


def test_an_event_leaves_out_what_is_not_known():
    body = s3_event("source", "uploads/a.jpg", length=0, etag="", sequencer="00")
    (record,) = json.loads(body)["Records"]
    assert set(record) == {"eventSource", "eventName", "s3"}
    assert "versionId" not in record["s3"]["object"]
