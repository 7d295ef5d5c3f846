"""The names that all parts of the pipeline share: object keys, S3 events, outputs and metrics.

Every part of this repository may import this module, so it imports the standard library alone.
"""

import hashlib
import json
import re
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote, quote_plus

UPLOADS: Final = "uploads/"
"""Prefix of the uploads in the source bucket, unless the setting ``prefix`` names another one.

Only keys under a stack's prefixes raise events, and the public may write under the first alone."""

PREFIXES: Final = (UPLOADS,)
"""Prefixes of a stack's uploads, the one of new uploads first: ``prefix`` and ``formerPrefixes``.

A stack with exactly these, like every stack of an earlier release, does not state them anywhere.
"""

INDEX: Final = "_index/"
"""Prefix of the destination bucket that is never public; no upload may map into it."""

MANIFEST: Final = "manifest.json"
"""Last part of a manifest's destination key."""

BATCH_OPERATIONS: Final = "batch-operations/"
"""Prefix of the source bucket for the manifests and reports of S3 Batch Operations: nothing there
is public or raises events."""

MODERATION: Final = f"{INDEX}moderation/"
"""Prefix of the destination bucket for ``HELD`` and ``DECISIONS``."""

HELD: Final = f"{MODERATION}held/"
"""Prefix of the destination bucket for what waits for a moderator.

Under the upload's name, it has a small rendition and a record of each version. No file name there
is one that any release lets readers read: those are ``manifest.json`` and renditions, whose names
start with a letter or a digit."""

DECISIONS: Final = f"{MODERATION}decisions/"
"""Prefix of the destination bucket for what moderators decided, one record of each version."""

MODERATED: Final = "moderated"
"""Code of the error of an upload that a moderator rejected."""

MODERATION_SOURCE: Final = "image-pipeline.moderation"
"""``eventSource`` of a moderator's decision in the queue of uploads, as S3's is ``aws:s3``."""

LOOK_SECONDS: Final = 300
"""Seconds for which the URL of a look, which a moderator is sent, can be used."""

MEASURE_HELD: Final = '{"Records": [{"eventSource": "image-pipeline.measure-held"}]}'
"""Message that has the function measure how many uploads wait for a moderator, and how long.

A release that does not know it ignores it."""

MOST_HELD: Final = 10_000
"""Objects that are looked at to measure this, two of each upload: ten requests."""

LONG_WAIT_SECONDS: Final = 86_400
"""Time that uploads may wait for a moderator before an alarm and the doctor tell."""

MAX_REASON: Final = 500
"""Characters of a decision's reason, and of the name of who decided."""

REJECTED_TAG: Final = ("image-pipeline", "rejected")
"""Key and value of the tag of rejected uploads, by which a lifecycle rule finds them."""

BACKFILL_SEQUENCER: Final = "00"
"""Comes before every sequencer of S3's (events are ordered by text padded with zeros), so that a
backfilled event never wins over a real one that is under way. Not empty: renditions carry it as a
header, and a header without a value reads as none."""

MAX_RECEIVES: Final = 5
"""Receives of a message before it is a dead letter: AWS asks for at least 5 (Lambda developer
guide, "Using Lambda with Amazon SQS")."""

MOST_SECONDS: Final = 10
"""Clock time that an upload may take at ``FULL_MEMORY_MB`` or more; below, 0.8 of the timeout."""

FULL_MEMORY_MB: Final = 1024

VIEW_SECONDS: Final = 25
"""Clock time that a first view of a lazy rendition takes at most, whatever its function's timeout:
CloudFront waits 30 s for an origin by default (developer guide, "Response timeout")."""

ASK_AGAIN_SECONDS: Final = 3600
"""Time after which a view of a lazy format that is still not there asks for it again, and one of a
lazy rendition that was given up tries it again."""

MAX_KEY_BYTES: Final = 1024
"""Longest object key, in bytes of UTF-8 (S3 user guide, "Naming Amazon S3 objects")."""

SCHEMA: Final = 1
"""Version of the manifest's fields, which a manifest states as ``schema``."""

METRIC_NAMESPACE: Final = "ImagePipeline"
"""CloudWatch namespace of the function's own metrics."""


class Metric(StrEnum):
    """Metrics that the function publishes; ``function/metrics.py`` has their units."""

    PROCESSED = "Processed"
    REJECTED = "Rejected"
    FAILED = "Failed"
    DUPLICATES = "Duplicates"
    LOSSY = "Lossy"
    DECODER_BUGS = "DecoderBugs"
    STOPPED = "Stopped"
    WORKERS_REPLACED = "WorkersReplaced"
    COLD_START = "ColdStart"
    BYTES_IN = "BytesIn"
    BYTES_OUT = "BytesOut"
    FETCH_TIME = "FetchTime"
    DECODE_TIME = "DecodeTime"
    RENDER_TIME = "RenderTime"
    STORE_TIME = "StoreTime"
    TOTAL_TIME = "TotalTime"


class ViewMetric(StrEnum):
    """Metrics of the functions for lazy renditions and formats, besides some of ``Metric``."""

    FIRST_VIEWS = "FirstViews"
    FIRST_VIEW_TIME = "FirstViewTime"
    FORMATS_MADE = "FormatsMade"
    FORMAT_TIME = "FormatTime"


class HeldMetric(StrEnum):
    """Metrics of uploads that wait for a moderator, measured at intervals."""

    WAITING = "Waiting"
    OLDEST_WAITING = "OldestWaiting"


RARE_METRICS: Final = frozenset({Metric.DECODER_BUGS, Metric.STOPPED, Metric.WORKERS_REPLACED})
"""Published only when there is something to count, so that they cost nothing otherwise."""


class Status(StrEnum):
    """Outcome of an upload, which its manifest states."""

    READY = "ready"
    REJECTED = "rejected"

    FAILED = "failed"
    """The function gave up because of a bug in it; the dead letter can be sent again."""

    DELETED = "deleted"
    """Exists only while the upload's renditions are being removed."""

    HELD = "held"
    """The upload waits for a moderator; nothing of it can be seen."""


class Publish(StrEnum):
    """When an upload can be seen: the setting ``publish``."""

    AT_ONCE = "at-once"
    """As soon as it was rendered."""
    HELD = "held"
    """Once a moderator has approved it."""


class Verdict(StrEnum):
    """A decision about one version of an upload: a moderator's, or until then, to hold it."""

    APPROVE = "approve"
    REJECT = "reject"

    HOLD = "hold"
    """The function's own. It is kept in case the upload is deleted and comes back."""


class DuplicateSearch(StrEnum):
    """The duplicates of earlier uploads that the function looks for: the setting ``duplicates``."""

    OFF = "off"
    """None are looked for."""
    EXACT = "exact"
    """The same bytes are copied, not rendered."""
    NEAR = "near"
    """Look-alikes are named, too."""


class StackOutput(StrEnum):
    """Outputs of the stack, as ``pulumi stack output`` names them."""

    SOURCE_BUCKET = "sourceBucket"
    DESTINATION_BUCKET = "destinationBucket"
    QUEUE_URL = "queueUrl"
    DEAD_LETTER_QUEUE_URL = "deadLetterQueueUrl"
    FUNCTION_NAME = "functionName"
    BACKFILL_QUEUE_URL = "backfillQueueUrl"
    LOG_GROUP = "logGroup"
    UPLOAD_ENDPOINT = "uploadEndpoint"
    DELIVERY_URL = "deliveryUrl"
    SITE_URL = "siteUrl"
    DASHBOARD_URL = "dashboardUrl"
    BATCH_FUNCTION_ARN = "batchFunctionArn"
    BATCH_ROLE_ARN = "batchRoleArn"
    DISTRIBUTION_ID = "distributionId"
    QUOTA_TABLE = "quotaTable"
    ADOPTED_BUCKETS = "adoptedBuckets"
    DESTINATION_POLICY = "destinationPolicy"
    VIEW_FUNCTION_NAME = "viewFunctionName"
    UPLOAD_PREFIXES = "uploadPrefixes"
    FORMAT_FUNCTION_NAME = "formatFunctionName"
    FORMAT_QUEUE_URL = "formatQueueUrl"


def part_of_user(sub: str) -> str:
    """Return the part of keys that a user has, as ``signer/users.py`` makes it.

    The signer ships alone and has its own copy; tests/unit/signer/test_users.py holds them equal.
    """
    encoded = sub.encode("utf-8", "surrogatepass")
    part = re.sub(rb"[^A-Za-z0-9-]", lambda found: b"_%02x" % ord(found[0]), encoded).decode()
    most = 255
    return part if len(part) <= most else f"__{hashlib.sha256(encoded).hexdigest()}"


def read_prefixes(text: str | None) -> tuple[str, ...]:
    """Return the prefixes that ``write_prefixes`` wrote; ``uploads/`` for an empty text."""
    return tuple(text.split(",")) if text else PREFIXES


def write_prefixes(prefixes: tuple[str, ...]) -> str:
    """Return prefixes as one text, for variables and outputs; empty for ``uploads/`` alone."""
    return "" if prefixes == PREFIXES else ",".join(prefixes)


def source_key(name: str, prefix: str = UPLOADS) -> str:
    """Return the source key of an upload, e.g. ``uploads/u1/beach.jpg`` for ``u1/beach.jpg``."""
    return f"{prefix}{name}"


def upload_name(key: str, prefixes: tuple[str, ...] = PREFIXES) -> str:
    """Return a source key without its prefix, which starts all destination keys of the upload.

    No prefix starts with another one, so a key has at most one.
    """
    return next((key.removeprefix(each) for each in prefixes if key.startswith(each)), key)


def rendition_key(name: str, file: str) -> str:
    """Return the destination key of a rendition, e.g. ``u1/beach.jpg/thumb.webp``."""
    return f"{name}/{file}"


def manifest_key(name: str) -> str:
    """Return the destination key of an upload's manifest, e.g. ``u1/beach.jpg/manifest.json``."""
    return f"{name}/{MANIFEST}"


_SAFE_IN_PATHS: Final = "!$&'()*+,;=:@/"
"""Characters that RFC 1738 calls safe in a path, beside letters, digits and ``-_.``."""


def cdn_paths(prefix: str) -> list[str]:
    """Return the CDN's paths of all destination keys with a prefix, as an invalidation names them.

    CloudFront wants no other characters encoded than RFC 1738 asks for, or it forgets nothing
    (developer guide, "What you need to know when invalidating files", read 2026-11-27), but a
    manifest's URLs encode more. The guide does not say which of the two its cache goes by.
    """
    return sorted({f"/{quote(prefix, safe=safe)}*" for safe in (_SAFE_IN_PATHS, "/")})


def version_digest(version_id: str) -> str:
    """Return the name of a version that its upload's manifest has as ``id``."""
    return hashlib.sha256(version_id.encode()).hexdigest()[:32]


def look_key(name: str, version_id: str) -> str:
    """Return the destination key of the picture that moderators are shown of a held version."""
    return f"{HELD}{name}/_{version_digest(version_id)}.look"


def held_key(name: str, version_id: str) -> str:
    """Return the destination key of the record of a held version."""
    return f"{HELD}{name}/_{version_digest(version_id)}.json"


def decision_key(name: str, version_id: str) -> str:
    """Return the destination key of the record of what was decided about a version."""
    return f"{DECISIONS}{name}/_{version_digest(version_id)}.json"


def name_of_held(key: str) -> str | None:
    """Return the name of the upload of which this is the record of a held version, or its look.

    None for other keys.
    """
    found = re.fullmatch(rf"{HELD}(.+)/_[0-9a-f]{{32}}\.(json|look)", key)
    return found[1] if found else None


REJECTED_MARK: Final = "\n"
"""Starts the names of index entries of rejected pictures. No upload's name has one, and it sorts
before all that they have, so those entries come first in their buckets."""


def rejected_entry(name: str, version_id: str) -> str:
    """Return the name of the index entries of a version that a moderator rejected."""
    return f"{REJECTED_MARK}{name}{REJECTED_MARK}{version_digest(version_id)}"


def name_of_entry(entry: str) -> str:
    """Return the name of the upload that an index entry is of, rejected or not."""
    return entry.removeprefix(REJECTED_MARK).partition(REJECTED_MARK)[0]


def name_of_manifest(key: str) -> str | None:
    """Return the name of the upload whose manifest has this key; None for other keys."""
    ending = manifest_key("")
    return key.removesuffix(ending) if key.endswith(ending) else None


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
