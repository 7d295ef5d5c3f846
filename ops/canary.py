"""The doctor's own upload, followed to its manifest and removed again."""

import base64
import secrets
import time
from typing import TYPE_CHECKING, Final

from function.contract import Status
from function.contract.keys import DECISIONS, HELD, manifest_key, source_key
from function.manifest import Manifest
from ops import versions
from ops.finding import DEPLOY, Finding, fail, ok
from ops.stack import Stack, read_or_none
from ops.teardown import denies_uploads
from terminal import counted

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PIXEL: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
"""A PNG of one pixel."""

SECONDS: Final = 60
"""Time for the canary's manifest to appear; a cold start is a few seconds of it."""

POLL_SECONDS: Final = 0.2


def canary(stack: Stack) -> Finding:
    """Check that an upload gets its renditions, then remove it without a trace.

    If the queue is slow, the function sees the canary's event after the check has ended. Its source
    is gone by then, which the function logs and acknowledges. Where uploads wait for a moderator,
    the canary does too, and is removed before anybody has to decide.
    """
    if denies_uploads(stack):
        return fail("canary", "uploads are denied, as `ops empty` leaves a stack", DEPLOY)
    name = f"canary-{secrets.token_hex(6)}.png"
    s3, started = stack.client("s3"), time.monotonic()
    source, destination = stack.source, stack.destination
    key = source_key(name, stack.prefixes[0])
    try:
        s3.put_object(Bucket=source, Key=key, Body=PIXEL, ContentType="image/png")
        manifest = _wait_for_manifest(s3, destination, name, started + SECONDS)
        absent = _absent(s3, destination, manifest) if manifest else []
    finally:
        made = [(destination, f"{prefix}{name}/") for prefix in ("", HELD, DECISIONS)]
        for bucket, prefix in ((source, key), *made):
            versions.delete(stack, bucket, versions.find(stack, bucket, prefix))
    seconds = time.monotonic() - started
    if manifest is None:
        fix = "see the findings above, then the function's log (`logGroup`)"
        return fail("canary", f"no manifest after {SECONDS} s", fix)
    if manifest.status == Status.HELD or manifest.is_moderated:
        waits = "waits for a moderator" if manifest.status == Status.HELD else "a moderator said no"
        return ok("canary", f"{waits} after {seconds:.1f} s; removed")
    if manifest.status != Status.READY:
        why = f": {manifest.error.code}, {manifest.error.message}" if manifest.error else ""
        told = f"its manifest says {manifest.status}{why}"
        return fail("canary", told, "see the function's log")
    if absent:
        return fail("canary", f"its manifest names {absent[0]}, which is absent", "see the log")
    made = counted(len(manifest.stored), "rendition")
    return ok("canary", f"{made} after {seconds:.1f} s; removed")


def _wait_for_manifest(s3: "S3Client", bucket: str, name: str, deadline: float) -> Manifest | None:
    key = manifest_key(name)
    while time.monotonic() < deadline:
        answer = read_or_none(lambda: s3.get_object(Bucket=bucket, Key=key), "NoSuchKey")
        if answer:
            return Manifest.from_json(answer["Body"].read())
        time.sleep(POLL_SECONDS)
    return None


def _absent(s3: "S3Client", bucket: str, manifest: Manifest) -> list[str]:
    """Return the keys of renditions that a manifest names and that are not there."""
    keys = [rendition.key for rendition in manifest.stored]
    found = {key: s3.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents", []) for key in keys}
    return [key for key in keys if key not in {item["Key"] for item in found[key]}]
