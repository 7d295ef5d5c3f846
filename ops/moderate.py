"""A moderator's decisions about uploads.

A decision is a message in the queue of uploads, so it takes the permission to send one. The
function records it before it acts on it: a decision that was sent is not lost, and sent twice it is
one.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from function.contract import MODERATED, StackOutput, Status, Verdict
from function.contract.keys import MAX_KEY_BYTES, decision_key, manifest_key, upload_name
from function.contract.messages import MAX_REASON, moderation_event
from function.moderation_record import Decision, DecisionRecord, moment
from ops.stack import Stack
from ops.stored import read
from terminal import Failure, Misuse

WAIT_SECONDS: Final = 60.0
"""Time that all decisions of a command may take; cold starts and a batch before them are within."""

LOOK_EVERY: Final = 0.5

GONE: Final = "gone"
OVERRULED: Final = "overruled"
REPLACED: Final = "replaced"
"""Outcomes of a decision that are no status of the upload."""

_HANDLE: Final = re.compile(r"(.+)#([0-9a-f]{32})")


@dataclass(frozen=True, kw_only=True)
class Upload:
    """The version of an upload that a moderator decides about."""

    key: str
    version_id: str


def find(stack: Stack, named: str) -> Upload:
    """Return the version that a moderator means by a key, or by a handle of ``Held``.

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

    ``OVERRULED`` if a later decision counts, ``REPLACED`` if a newer upload has its key, ``GONE``
    if another version has it because this one was permanently deleted before it was decided about.
    None if it is not carried out by ``end``, a time of the monotonic clock: the decision is in the
    queue, or among the dead letters. Each decision is looked for at least once.
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
    body = read(stack.client("s3"), stack.destination, key)
    return DecisionRecord.from_json(body) if body else None


def _outcome(stack: Stack, upload: Upload, decision: Decision) -> str | None:
    record = _decided(stack, upload)
    is_recorded = record is not None and record.decision.verdict == decision.verdict
    if record and not is_recorded and not decision.overrules(record.decision):
        return OVERRULED
    manifest = _manifest(stack, upload.key)
    # The function records no decision about a version that is gone.
    if manifest is None or manifest["status"] == Status.DELETED:
        return Status.DELETED
    if manifest["source"]["version_id"] != upload.version_id:
        if is_recorded:
            return REPLACED
        return GONE if _is_gone(stack, upload) else None
    if not is_recorded:
        return None
    error: dict[str, Any] | None = manifest["error"]
    is_moderated = error is not None and error["code"] == MODERATED
    is_done = manifest["status"] != Status.HELD and is_moderated is (
        decision.verdict == Verdict.REJECT
    )
    return str(manifest["status"]) if is_done else None


def _is_gone(stack: Stack, upload: Upload) -> bool:
    """Return True if a version no longer exists; False if it does, or if S3 may not say so."""
    s3 = stack.client("s3")
    try:
        s3.head_object(Bucket=stack.source, Key=upload.key, VersionId=upload.version_id)
    except ClientError as error:
        response: Any = error.response
        if response["Error"]["Code"] not in ("403", "404"):
            raise
        return response["Error"]["Code"] == "404"
    return False


def _manifest(stack: Stack, key: str) -> dict[str, Any] | None:
    at = manifest_key(upload_name(key, stack.prefixes))
    body = read(stack.client("s3"), stack.destination, at)
    return json.loads(body) if body else None


def _is_utf8(argument: str) -> bool:
    """Return False for an argument with bytes that are none, which Python keeps as surrogates."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True
