"""Events from the bodies of SQS messages: those of S3 that the function has to process.

S3 itself sends a list of records to the queue. EventBridge, which a stack uses for an adopted
bucket, sends one event in another form (S3 user guide, "EventBridge event message structure", read
2026-11-27).
"""

import json
import logging
import re
from enum import StrEnum
from typing import Any, Final, cast
from urllib.parse import unquote_plus

from function.contract.keys import INDEX, PREFIXES, upload_name
from function.contract.messages import BACKFILL_SEQUENCER, MODERATION_SOURCE
from function.engine.record import Record
from function.moderation_record import Decision
from function.versions import ObjectVersion

CREATED: Final = "ObjectCreated:"
REMOVED: Final = ("ObjectRemoved:", "LifecycleExpiration:")
"""Prefixes of the names of S3's events: a version was created, or one was removed."""

_BRIDGED_REMOVAL: Final = "Object Deleted"

BRIDGED: Final = {"Object Created": "created", _BRIDGED_REMOVAL: "changed"}
"""``detail-type`` of an event that EventBridge delivers, and its ``EventKind``. Deletions by a
lifecycle rule have the same type as those by a request."""

_UNADDRESSED: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters, which obstore refuses in keys, and code points that are none in XML, so that
S3 could not be asked to delete renditions with them. Not all that ``str.isprintable`` refuses:
macOS writes a narrow no-break space into the names of screenshots, and emoji and Persian need
joiners."""

_logger = logging.getLogger(__name__)


class EventKind(StrEnum):
    """The information that an event gives about its key."""

    CREATED = "created"
    """The key holds a new version, which the event describes."""

    CHANGED = "changed"
    """Something was removed. The event does not say what the key holds now."""

    DECIDED = "decided"
    """A moderator has decided about a version, which need not be what the key holds now."""

    BACKFILL = "backfill"
    """An operator asks to render again what the key holds (``python -m ops backfill``)."""


class Event(Record):
    """One change of one key in the source bucket."""

    bucket: str  # source bucket
    kind: EventKind
    # The version that was created or removed. A removal's has no etag and no bytes.
    version: ObjectVersion
    # ``x-amz-request-id`` of the request that caused the event, so that an uploader's request leads
    # to the log lines about it.
    correlation_id: str
    decision: Decision | None = None  # a moderator's, of a version that was decided about

    def sent_by(self, sender: str) -> "Event":
        """Return a decision's event with its sender; any other event unchanged."""
        if not self.decision:
            return self
        return self.replace(decision=self.decision.replace(sender=sender))


class OutsidePrefixes(Exception):
    """An event of a key that the stack had announced, before its prefix was changed.

    No retry helps by itself. But an acknowledged message would be lost, and with it an upload that
    waited while the stack was updated; as a dead letter it can be sent again.
    """

    def __init__(self, key: str, prefixes: tuple[str, ...]) -> None:
        super().__init__(
            f"{key} is outside {' and '.join(prefixes)}; name its prefix in formerPrefixes, run "
            "`pulumi up`, then `python -m ops redrive`."
        )


def split_message(body: str) -> list[str]:
    """Return a message for each record of a message, so that each record fails alone."""
    try:
        found: object = _mapping(json.loads(body)).get("Records")
    except (ValueError, RecursionError):  # ``parse_message`` tells of it
        return [body]
    records = cast("list[Any]", found) if isinstance(found, list) else []
    return [json.dumps({"Records": [each]}) for each in records] if len(records) > 1 else [body]


def parse_message(body: str, message_id: str, prefixes: tuple[str, ...] = PREFIXES) -> list[Event]:
    """Return the events of one SQS message that are ours to process.

    Others, such as S3's test event, are logged and left out. Their message is acknowledged, because
    no retry would change it. The message's id is the correlation id where S3 gave none.

    Raises:
        OutsidePrefixes: a key is outside the prefixes of the stack's uploads.
    """
    try:
        fields = _mapping(json.loads(body))
    except ValueError:
        return _ignored("not JSON", message_id)
    if fields.get("Event") == "s3:TestEvent":
        return _ignored("S3 test event", message_id)
    if fields.get("source") == "aws.s3":
        return _parse_bridged(fields, message_id, prefixes)
    records: object = fields.get("Records")
    if not isinstance(records, list):
        return _ignored("not an S3 event", message_id)
    parsed = (
        _parse_record(_mapping(record), message_id, prefixes)
        for record in cast("list[Any]", records)
    )
    return [event for events in parsed for event in events]


def _mapping(value: object) -> dict[str, Any]:
    """Return the value if it is a JSON object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _parse_record(
    record: dict[str, Any], message_id: str, prefixes: tuple[str, ...]
) -> list[Event]:
    if record.get("eventSource") == MODERATION_SOURCE:
        return _parse_decision(record, message_id, prefixes)
    if record.get("eventSource") != "aws:s3":
        return _ignored("record is not S3's", message_id)
    name = str(record.get("eventName"))
    if not name.startswith((CREATED, *REMOVED)):
        return _ignored(f"event {name}", message_id)
    bucket, item = record["s3"]["bucket"]["name"], record["s3"]["object"]
    kind = EventKind.BACKFILL if record.get("reprocess") else EventKind.CREATED
    kind = EventKind.CHANGED if name.startswith(REMOVED) else kind
    version = ObjectVersion(
        key=unquote_plus(item["key"]),
        version_id=item.get("versionId"),
        etag=item.get("eTag", ""),
        sequencer=item.get("sequencer", ""),
        bytes=int(item.get("size", 0)),
    )
    correlation_id = record.get("responseElements", {}).get("x-amz-request-id") or message_id
    return _events(Event(bucket, kind, version, correlation_id), message_id, prefixes)


def _parse_decision(
    record: dict[str, Any], message_id: str, prefixes: tuple[str, ...]
) -> list[Event]:
    """Return a moderator's decision; one that cannot be read fails, so that somebody hears of it.

    Raises:
        ValueError, KeyError: the record lacks something, or names no version, verdict or time.
    """
    item = record["s3"]["object"]
    version = ObjectVersion(
        key=unquote_plus(item["key"]),
        version_id=str(item["versionId"]),
        etag="",
        sequencer=BACKFILL_SEQUENCER,  # older than every event
        bytes=0,
    )
    verdict = str(record["eventName"]).rpartition(":")[2]
    decision = Decision.parse(record["decision"] | {"verdict": verdict})
    bucket = record["s3"]["bucket"]["name"]
    event = Event(bucket, EventKind.DECIDED, version, message_id, decision)
    return _events(event, message_id, prefixes)


def as_changed(body: str) -> str:
    """Return a message of which ``parse_message`` returned events, with all of them ``changed``.

    Decisions stay what they are: taken again they change nothing, and what a first view had made
    for the CDN until then is forgotten too.
    """
    fields: dict[str, Any] = json.loads(body)
    if "Records" in fields:
        for record in fields["Records"]:
            if record["eventSource"] != MODERATION_SOURCE:
                record["eventName"] = f"{REMOVED[0]}LookAgain"
    else:  # from EventBridge
        fields["detail-type"] = _BRIDGED_REMOVAL
    return json.dumps(fields)


def _parse_bridged(
    fields: dict[str, Any], message_id: str, prefixes: tuple[str, ...]
) -> list[Event]:
    """Return an S3 event from EventBridge; unlike S3 itself, it does not encode the key."""
    name = str(fields.get("detail-type"))
    if name not in BRIDGED:
        return _ignored(f"event {name}", message_id)
    detail, kind = fields["detail"], EventKind(BRIDGED[name])
    item, is_removal = detail["object"], kind == EventKind.CHANGED
    version = ObjectVersion(
        key=item["key"],
        version_id=item.get("version-id"),
        # That of a delete marker is the one of no bytes.
        etag="" if is_removal else item.get("etag", ""),
        sequencer=item.get("sequencer", ""),
        bytes=int(item.get("size", 0)),
    )
    correlation_id = detail.get("request-id") or message_id
    event = Event(detail["bucket"]["name"], kind, version, correlation_id)
    return _events(event, message_id, prefixes)


def _events(event: Event, message_id: str, prefixes: tuple[str, ...]) -> list[Event]:
    """Return one event, or none if the function ignores its key."""
    key = event.version.key
    if not key.startswith(prefixes):
        raise OutsidePrefixes(key, prefixes)
    if reason := not_ours(upload_name(key, prefixes)):
        return _ignored(reason, message_id, key)
    return [event]


def not_ours(name: str) -> str | None:
    """Return why the function ignores uploads of a name, or None if it does not."""
    if not name or name.endswith("/"):
        return "key is a folder marker"
    if f"{name}/".startswith(INDEX):
        return f"key would land in {INDEX}"
    if _UNADDRESSED.search(name) or not {"", ".", ".."}.isdisjoint(name.split("/")):
        return "key has a control character or an empty, . or .. segment, which no URL can address"
    return None


def _ignored(reason: str, message_id: str, key: str | None = None) -> list[Event]:
    _logger.info("ignored", extra={"reason": reason, "message_id": message_id, "key": key})
    return []
