"""An upload of the doctor's own, followed to its manifest and removed again."""

import base64
import json
import secrets
import time
from typing import Any, Final

from function.contract import StackOutput, Status, manifest_key, source_key
from ops.finding import Finding, fail, ok
from ops.stack import Stack

PIXEL: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
"""A PNG of one pixel."""

SECONDS: Final = 60
"""How long the canary may take; a cold start is a few seconds of it."""

POLL_SECONDS: Final = 0.2


def canary(stack: Stack) -> Finding:
    """An upload goes the whole way; afterwards nothing of it is left.

    One that is late, because the queue is, is processed without it: its source is gone by then,
    which the function logs and acknowledges.
    """
    name = f"canary-{secrets.token_hex(6)}.png"
    s3, started = stack.client("s3"), time.monotonic()
    source = stack.outputs[StackOutput.SOURCE_BUCKET]
    destination = stack.outputs[StackOutput.DESTINATION_BUCKET]
    s3.put_object(Bucket=source, Key=source_key(name), Body=PIXEL, ContentType="image/png")
    try:
        manifest = _wait_for_manifest(stack, name, started + SECONDS)
        absent = _absent(stack, manifest)
    finally:
        _remove(s3, source, source_key(name))
        _remove(s3, destination, f"{name}/")
    seconds = time.monotonic() - started
    if manifest is None:
        fix = "see the findings above, then the function's log (`logGroup`)"
        return fail("canary", f"no manifest after {SECONDS} s", fix)
    if manifest["status"] != Status.READY:
        return fail("canary", f"its manifest says {manifest['error']}", "see the function's log")
    if absent:
        return fail("canary", f"its manifest names {absent[0]}, which is absent", "see the log")
    return ok("canary", f"{len(manifest['renditions'])} renditions after {seconds:.1f} s; removed")


def _wait_for_manifest(stack: Stack, name: str, deadline: float) -> dict[str, Any] | None:
    s3 = stack.client("s3")
    where = {"Bucket": stack.outputs[StackOutput.DESTINATION_BUCKET], "Key": manifest_key(name)}
    while time.monotonic() < deadline:
        try:
            return json.loads(s3.get_object(**where)["Body"].read())
        except s3.exceptions.NoSuchKey:
            time.sleep(POLL_SECONDS)
    return None


def _absent(stack: Stack, manifest: dict[str, Any] | None) -> list[str]:
    """Renditions that a manifest names and that are not there."""
    if manifest is None:
        return []
    s3, bucket = stack.client("s3"), stack.outputs[StackOutput.DESTINATION_BUCKET]
    there = {
        item["Key"]
        for rendition in manifest["renditions"]
        for item in s3.list_objects_v2(Bucket=bucket, Prefix=rendition["key"]).get("Contents", [])
    }
    return [r["key"] for r in manifest["renditions"] if r["key"] not in there]


def _remove(s3: Any, bucket: str, prefix: str) -> None:
    """Delete every version of what is under a prefix."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            s3.delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])
