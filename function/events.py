"""SQS message bodies to uploads: what S3 says happened, and which of it is ours to process."""

import json
import logging
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import unquote_plus

from function.contract import INDEX, UPLOADS, upload_name

CREATED: Final = "ObjectCreated:"
REMOVED: Final = ("ObjectRemoved:", "LifecycleExpiration:")
"""Beginnings of the names of S3's events that announce an upload, and that one is gone."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One object that was created in the source bucket, or removed from it.

    Attributes:
        bucket: source bucket.
        key: object key, decoded, starting with ``uploads/``.
        version_id: version that the event is about; None in an unversioned bucket.
        etag: entity tag, without quotes.
        sequencer: orders events of one key (hexadecimal, compare after padding to one length).
        size: bytes, as S3 counted them.
        reprocess: bring the key up to date whatever its manifest says (``ops backfill``).
        removed: the event is a removal; the version is the one removed or the delete marker.
        correlation_id: ``x-amz-request-id`` of the uploader's own PUT, so that a log line can be
            found from what the uploader saw.
    """

    bucket: str
    key: str
    version_id: str | None
    etag: str
    sequencer: str
    size: int
    correlation_id: str
    reprocess: bool = False
    removed: bool = False

    @property
    def name(self) -> str:
        """The key without ``uploads/``: what all destination keys of this upload start with."""
        return upload_name(self.key)


def parse_message(body: str, message_id: str) -> list[Upload]:
    """Read the uploads that one SQS message announces.

    S3's test event and events that are not S3's give an empty list and a log line: they
    are acknowledged, for no retry would change them.

    Args:
        body: the message's body, JSON as S3 writes it.
        message_id: SQS's id, the correlation id where S3 gave none.
    """
    try:
        event = json.loads(body)
    except ValueError:
        return _ignored("not JSON", message_id)
    fields = _mapping(event)
    if fields.get("Event") == "s3:TestEvent":
        return _ignored("S3 test event", message_id)
    records: object = fields.get("Records")
    if not isinstance(records, list):
        return _ignored("not an S3 event", message_id)
    uploads = (_parse_record(_mapping(record), message_id) for record in cast("list[Any]", records))
    return [upload for upload in uploads if upload is not None]


def _mapping(value: object) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _parse_record(record: dict[str, Any], message_id: str) -> Upload | None:
    if record.get("eventSource") != "aws:s3":
        _ignored("record is not S3's", message_id)
        return None
    name = str(record.get("eventName"))
    if not name.startswith((CREATED, *REMOVED)):
        _ignored(f"event {name}", message_id)
        return None
    bucket, item = record["s3"]["bucket"]["name"], record["s3"]["object"]
    key = unquote_plus(item["key"])
    reason = _not_ours(key)
    if reason:
        _ignored(reason, message_id, key)
        return None
    return Upload(
        bucket=bucket,
        key=key,
        version_id=item.get("versionId"),
        etag=item.get("eTag", ""),
        sequencer=item.get("sequencer", ""),
        size=int(item.get("size", 0)),
        reprocess=bool(record.get("reprocess")),
        removed=name.startswith(REMOVED),
        correlation_id=record.get("responseElements", {}).get("x-amz-request-id") or message_id,
    )


def _not_ours(key: str) -> str | None:
    if not key.startswith(UPLOADS):
        return f"key is outside {UPLOADS}"
    if key.endswith("/"):
        return "key is a folder marker"
    if upload_name(key).startswith(INDEX):
        return f"key would land in {INDEX}"
    if not key.isprintable() or not {"", ".", ".."}.isdisjoint(key.split("/")):
        return "key has a control character or an empty, . or .. segment, which no URL can address"
    return None


def _ignored(reason: str, message_id: str, key: str | None = None) -> list[Upload]:
    extra = {"reason": reason, "message_id": message_id, "key": key}
    _logger.info("ignored", extra=extra)
    return []
