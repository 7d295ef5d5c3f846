"""Existing uploads through the queue again: for a new stack, or after renditions have changed.

The messages are S3 events as the function reads them, with an empty sequencer, so that they never
overtake a real event, and marked to be rendered anew.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus

from ops.errors import OpsError
from ops.stack import Stack

BATCH: Final = 10
"""Most messages that SQS takes at once."""


@dataclass(frozen=True, kw_only=True)
class Existing:
    """One upload as it stands in the source bucket."""

    key: str
    version_id: str
    etag: str
    size: int


def find(stack: Stack, prefix: str, after: str = "") -> Iterator[Existing]:
    """List the newest versions of uploads, by key.

    Args:
        stack: where.
        prefix: only keys that start so; under ``uploads/``.
        after: only keys behind this one, to go on where an earlier run ended.

    Raises:
        OpsError: the prefix is outside ``uploads/``, which the function ignores.
    """
    if not prefix.startswith("uploads/"):
        raise OpsError(f"The prefix must start with uploads/; got {prefix!r}.")
    pages = stack.client("s3").get_paginator("list_object_versions")
    bucket = stack.outputs["sourceBucket"]
    for page in pages.paginate(Bucket=bucket, Prefix=prefix, KeyMarker=after):
        for item in page.get("Versions", []):
            if item["IsLatest"] and item["Key"] > after:
                yield _existing(item)


def _existing(item: dict[str, Any]) -> Existing:
    return Existing(
        key=item["Key"],
        version_id=item["VersionId"],
        etag=item["ETag"].strip('"'),
        size=item["Size"],
    )


def send(
    stack: Stack,
    uploads: Iterator[Existing],
    *,
    per_second: float,
    on_sent: Callable[[Existing], None],
) -> int:
    """Send uploads to the queue at a set rate; return how many.

    Args:
        stack: where.
        uploads: what, in the order of ``find``.
        per_second: how many a second; the queue takes any rate, your bill and readers may not.
        on_sent: told each upload once SQS has it.

    Raises:
        OpsError: SQS refused a message; what was sent before is not lost.
    """
    sqs, count, started = stack.client("sqs"), 0, time.monotonic()
    while batch := list(islice(uploads, BATCH)):
        entries = [
            {"Id": str(index), "MessageBody": event(stack.outputs["sourceBucket"], upload)}
            for index, upload in enumerate(batch)
        ]
        answer = sqs.send_message_batch(QueueUrl=stack.outputs["queueUrl"], Entries=entries)
        if answer.get("Failed"):
            raise OpsError(f"SQS refused a message: {answer['Failed'][0]['Message']}")
        for upload in batch:
            on_sent(upload)
        count += len(batch)
        time.sleep(max(0.0, started + count / per_second - time.monotonic()))
    return count


def event(bucket: str, upload: Existing) -> str:
    """The S3 event that an upload would have raised."""
    item = {
        "key": quote_plus(upload.key, safe="/"),
        "size": upload.size,
        "eTag": upload.etag,
        "versionId": upload.version_id,
        "sequencer": "",
    }
    record = {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "reprocess": True,
        "s3": {"bucket": {"name": bucket}, "object": item},
    }
    return json.dumps({"Records": [record]})


def read_state(path: Path) -> str:
    """The last key that an earlier run sent; empty if there was none."""
    return path.read_text("utf-8") if path.is_file() else ""


def write_state(path: Path, key: str) -> None:
    """Remember the last key sent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(key, "utf-8")
