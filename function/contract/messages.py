"""Messages in the queues: S3's events, decisions, and what the stack sends to itself."""

import json
from typing import Any, Final
from urllib.parse import quote_plus

from function.contract import Verdict

MODERATION_SOURCE: Final = "image-pipeline.moderation"
"""``eventSource`` of a moderator's decision in the queue of uploads, as S3's is ``aws:s3``."""

MEASURE_HELD: Final = '{"Records": [{"eventSource": "image-pipeline.measure-held"}]}'
"""Message that has the function measure how many uploads wait for a moderator, and how long.

A release that does not know it ignores it."""

MAX_REASON: Final = 500
"""Characters of a decision's reason, and of the name of who decided."""

BACKFILL_SEQUENCER: Final = "00"
"""Comes before every sequencer of S3's (events are ordered by text padded with zeros), so that a
backfilled event never wins over a real one that is under way. Not empty: renditions carry it as a
header, and a header without a value reads as none."""

FORMAT_ASKED: Final = "image-pipeline:FormatAsked"
"""Source of the messages that ask for a lazy format, which is not S3: the function for uploads
ignores one that somebody sends to its queue."""


def format_asked(upload: str, key: str) -> str:
    """Return the message that has one file of an upload made: JSON, the body of an SQS message.

    It names the upload's source key as S3's events do, so that ``ops redrive`` can show which
    upload it is for; ``key`` is the file's destination key.
    """
    item = {"key": quote_plus(upload, safe="/")}
    record = {"eventSource": FORMAT_ASKED, "s3": {"object": item}, "made": key}
    return json.dumps({"Records": [record]})


def s3_event(
    bucket: str,
    key: str,
    *,
    length: int,
    etag: str,
    sequencer: str,
    version_id: str | None = None,
    request_id: str | None = None,
    reprocess: bool = False,
) -> str:
    """Return the message that S3 sends when an upload is created: JSON, the body of an SQS message.

    The key is encoded here as S3 encodes it; ``length`` is the object's bytes, ``request_id``
    S3's id of the uploader's request. With ``reprocess``, which S3 itself never sends, the upload
    is rendered again even if its manifest is up to date.
    """
    item = {"key": quote_plus(key, safe="/"), "size": length, "eTag": etag, "sequencer": sequencer}
    if version_id:
        item["versionId"] = version_id
    record: dict[str, Any] = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}
    if reprocess:
        record["reprocess"] = True
    record["s3"] = {"bucket": {"name": bucket}, "object": item}
    if request_id:
        record["responseElements"] = {"x-amz-request-id": request_id}
    return json.dumps({"Records": [record]})


def moderation_event(
    bucket: str, key: str, version_id: str, verdict: Verdict, *, by: str, at: str, reason: str = ""
) -> str:
    """Return the message that tells the function of a moderator's decision: an SQS message's body.

    Args:
        bucket: the source bucket.
        key: source key of the upload.
        version_id: the version that the moderator saw; a newer one needs its own decision.
        verdict: what was decided.
        by: who decided, at most ``MAX_REASON`` characters.
        at: when, in ISO 8601 with a time zone: of two decisions the later one counts.
        reason: why, at most ``MAX_REASON`` characters.
    """
    item = {"key": quote_plus(key, safe="/"), "versionId": version_id}
    record = {
        "eventSource": MODERATION_SOURCE,
        "eventName": f"Decision:{verdict}",
        "s3": {"bucket": {"name": bucket}, "object": item},
        "decision": {"by": by, "at": at, "reason": reason},
    }
    return json.dumps({"Records": [record]})
