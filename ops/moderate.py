"""Uploads that wait for a moderator, and what a moderator decides about them.

A decision is a message in the queue of uploads, so it takes the permission to send one. The
function records it before it acts on it: a decision that was sent is not lost, and sent twice it is
one.
"""

import itertools
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config

from function.contract import (
    HELD,
    LOOK_SECONDS,
    MAX_KEY_BYTES,
    MAX_REASON,
    MODERATED,
    MOST_HELD,
    StackOutput,
    Status,
    Verdict,
    decision_key,
    look_key,
    manifest_key,
    moderation_event,
    name_of_held,
    upload_name,
)
from function.moderation_record import Decision, DecisionRecord, moment
from ops.listing import workers
from ops.stack import Stack, read_or_none
from terminal import Failure, Misuse

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

WAIT_SECONDS: Final = 60.0
"""Time that all decisions of a command may take; cold starts and a batch before them are within."""

LOOK_EVERY: Final = 0.5

READERS: Final = 8

OVERRULED: Final = "overruled"
REPLACED: Final = "replaced"
"""Outcomes of a decision that are no status of the upload."""

_SIGNED: Final = Config(signature_version="s3v4")
"""Signs URLs by Signature Version 4, without which S3 gives nothing that a KMS key encrypts (S3
user guide, "Specifying server-side encryption with AWS KMS"). In older regions boto3 takes 2."""

_HANDLE: Final = re.compile(r"(.+)#([0-9a-f]{32})")


@dataclass(frozen=True, kw_only=True)
class Held:
    """One version that waits."""

    handle: str  # names the version to ``approve`` and ``reject``: its key, # and an id
    key: str
    version_id: str
    held_at: str  # ISO 8601
    bytes: int
    width: int
    height: int
    format: str
    looks_like_rejected: dict[str, Any] | None
    look: str  # URL of a small picture of it, for five minutes

    @property
    def age_seconds(self) -> int:
        """Time since it was held."""
        return max(0, round((datetime.now(UTC) - _parsed(self.held_at)).total_seconds()))


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How much waits for a moderator."""

    count: int
    since: datetime | None  # when the oldest was held, or backfilled; None if none waits
    is_all: bool  # False: so many were looked at, and there are more


@dataclass(frozen=True, kw_only=True)
class Upload:
    """The version of an upload that a moderator decides about."""

    key: str
    version_id: str


def waiting(stack: Stack) -> list[Held]:
    """Return all that waits, the oldest first."""
    keys = [key for key in _listed(stack) if key.endswith(".json")]
    # Made once: a client takes longer to make than a record to read, and only clients, not what
    # makes them, are for several threads.
    s3, signer = stack.client("s3"), stack.client("s3", config=_SIGNED)
    with workers(READERS) as pool:
        found = [held for held in pool.map(partial(_held, stack, s3, signer), keys) if held]
    return sorted(found, key=lambda held: held.held_at)


def count(stack: Stack) -> Waiting:
    """Return how much waits, after ten requests at most."""
    found = list(itertools.islice(_objects(stack), MOST_HELD + 1))
    times = [at for key, at in found[:MOST_HELD] if key.endswith(".json")]
    return Waiting(count=len(times), since=min(times, default=None), is_all=len(found) <= MOST_HELD)


def find(stack: Stack, named: str) -> Upload:
    """Return the version that a moderator means by a key, or by a handle of ``waiting``.

    A key means what its manifest is of now; a handle is that of one version, so nobody approves
    what was uploaded after they looked.

    Raises:
        Misuse: the key is not an upload's.
        Failure: there is no such upload, it has another version by now, two are called so, or
            nothing can be decided about it, because its bucket kept no versions or its name is too
            long for the record.
    """
    if not _is_utf8(named):
        raise Misuse(f"Keys are UTF-8; got {named!r}.")
    handle = _HANDLE.fullmatch(named)
    key, wanted = (handle[1], handle[2]) if handle else (named, "")
    if not key.startswith(stack.prefixes):
        raise Misuse(f"Keys start with {' or '.join(stack.prefixes)}; got {key!r}.")
    if len(decision_key(upload_name(key, stack.prefixes), "").encode()) > MAX_KEY_BYTES:
        raise Failure(
            f"{key} is too long a name for S3 to store a decision's record; "
            "delete it from the bucket of the uploads instead."
        )
    # An uploader may choose a key that is another upload's handle, whose id readers know.
    if handle and _manifest(stack, named):
        raise Failure(
            f"{named} is the key of an upload and names a version of {key}, too. Decide about the "
            f"former by its own name in `moderate list`; delete it first to decide about {key}."
        )
    manifest = _manifest(stack, key)
    if manifest is None or manifest["status"] == Status.DELETED:
        raise Failure(f"{key} has no manifest: it was deleted, or was not processed yet.")
    if wanted not in ("", manifest["id"]):
        raise Failure(f"{key} was replaced since; look at it again with `moderate list`.")
    source = manifest["source"]
    if source["key"] != key:
        raise Failure(f"{source['key']} has its name now; decide about that upload instead.")
    version_id = source["version_id"]
    if version_id in (None, "", "null"):
        raise Failure(
            f"{key} is from before its bucket kept versions, so a decision about it could not be "
            "told from one about the next upload; delete it from the bucket of the uploads instead."
        )
    return Upload(key=key, version_id=version_id)


def decide(stack: Stack, upload: Upload, verdict: Verdict, reason: str) -> Decision:
    """Send a decision, with the ARN of whose credentials these are, and the time; return it.

    Raises:
        Misuse: the reason is too long, or not UTF-8.
    """
    if not _is_utf8(reason):
        raise Misuse(f"--reason must be UTF-8; got {reason!r}.")
    if len(reason) > MAX_REASON:
        raise Misuse(f"--reason takes {MAX_REASON} characters; got {len(reason)}.")
    by, at = stack.client("sts").get_caller_identity()["Arn"], moment(datetime.now(UTC))
    body = moderation_event(
        stack.source, upload.key, upload.version_id, verdict, by=by, at=at, reason=reason
    )
    stack.client("sqs").send_message(
        QueueUrl=stack.outputs[StackOutput.QUEUE_URL], MessageBody=body
    )
    return Decision(verdict, by, at, reason)


def follow(
    stack: Stack,
    upload: Upload,
    decision: Decision,
    *,
    end: float,
    sleep: Callable[[float], None] = time.sleep,
) -> str | None:
    """Wait until a decision is carried out, and return the status that the upload has then.

    ``OVERRULED`` if a later decision counts, ``REPLACED`` if a newer upload has its key. None if it
    is not carried out by ``end``, a time of the monotonic clock: the decision is in the queue, or
    among the dead letters. Each decision is looked for at least once.
    """
    while (status := _outcome(stack, upload, decision)) is None:
        if time.monotonic() >= end:
            return None
        sleep(LOOK_EVERY)
    return status


def takes_down(stack: Stack, upload: Upload) -> bool:
    """Return True if an upload is rejected that readers may have seen, so that a CDN may keep it.

    Also if that was decided before: the CDN may not have been told then.
    """
    record = _decided(stack, upload)
    return record is not None and record.takes_down


def _decided(stack: Stack, upload: Upload) -> DecisionRecord | None:
    key = decision_key(upload_name(upload.key, stack.prefixes), upload.version_id)
    body = _body(stack.client("s3"), stack.destination, key)
    return DecisionRecord.from_json(body) if body else None


def _outcome(stack: Stack, upload: Upload, decision: Decision) -> str | None:
    record = _decided(stack, upload)
    if record is None:
        return None
    if record.decision.verdict != decision.verdict:
        return None if decision.overrules(record.decision) else OVERRULED
    manifest = _manifest(stack, upload.key)
    if manifest is None:
        return Status.DELETED
    if manifest["source"]["version_id"] != upload.version_id:
        return REPLACED
    error: dict[str, Any] | None = manifest["error"]
    is_moderated = error is not None and error["code"] == MODERATED
    is_done = manifest["status"] != Status.HELD and is_moderated is (
        decision.verdict == Verdict.REJECT
    )
    return str(manifest["status"]) if is_done else None


def _held(stack: Stack, s3: "S3Client", signer: "S3Client", key: str) -> Held | None:
    record = _read(s3, stack.destination, key)
    if record is None:  # decided meanwhile
        return None
    look = look_key(upload_name(record["key"], stack.prefixes), record["version_id"])
    identity = re.sub(r".*/_|\.json", "", key)
    url = signer.generate_presigned_url(
        "get_object", Params={"Bucket": stack.destination, "Key": look}, ExpiresIn=LOOK_SECONDS
    )
    return Held(
        handle=f"{record['key']}#{identity}",
        key=record["key"],
        version_id=record["version_id"],
        held_at=record["held_at"],
        bytes=record["length"],
        width=record["width"],
        height=record["height"],
        format=record["format"],
        looks_like_rejected=record["looks_like_rejected"],
        look=url,
    )


def _manifest(stack: Stack, key: str) -> dict[str, Any] | None:
    at = manifest_key(upload_name(key, stack.prefixes))
    return _read(stack.client("s3"), stack.destination, at)


def _read(s3: "S3Client", bucket: str, key: str) -> dict[str, Any] | None:
    body = _body(s3, bucket, key)
    return json.loads(body) if body else None


def _body(s3: "S3Client", bucket: str, key: str) -> bytes | None:
    found = read_or_none(lambda: s3.get_object(Bucket=bucket, Key=key), "NoSuchKey")
    return found["Body"].read() if found else None


def _listed(stack: Stack) -> Iterator[str]:
    return (key for key, _ in _objects(stack))


def _objects(stack: Stack) -> Iterator[tuple[str, datetime]]:
    pages = stack.client("s3").get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=stack.destination, Prefix=HELD):
        for item in page.get("Contents", []):
            key, at = item.get("Key", ""), item.get("LastModified")
            if at and name_of_held(key):
                yield key, at


def _is_utf8(argument: str) -> bool:
    """Return False for an argument with bytes that are none, which Python keeps as surrogates."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parsed(text: str) -> datetime:
    return datetime.fromisoformat(text)
