"""Existing uploads through the queue again: for a new stack, or after renditions have changed.

The messages are S3 events as the function reads them, marked to be rendered anew.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import botocore.exceptions

from function.contract import (
    UPLOADS,
    StackOutput,
    manifest_key,
    name_of_manifest,
    s3_event,
    source_key,
    upload_name,
)
from ops.stack import Stack
from terminal import Failure

BATCH: Final = 10
"""Most messages that SQS takes at once."""

MAX_TRIES: Final = 5
"""How often a batch is sent before SQS's refusal of a part of it counts."""

SEQUENCER: Final = "00"
"""Comes before every sequencer of S3's (events are ordered by text padded with zeros), so that a
backfilled event never wins over a real one that is under way. Not empty: renditions carry it as a
header, and a header without a value reads as none."""


@dataclass(frozen=True, kw_only=True)
class Existing:
    """One upload as it stands in the source bucket; ``version_id`` None if it is not known."""

    key: str
    version_id: str | None
    etag: str
    size: int


def check_prefix(prefix: str) -> None:
    """Refuse what the function would ignore.

    Raises:
        Failure: the prefix is outside ``uploads/``.
    """
    if not prefix.startswith(UPLOADS):
        raise Failure(f"The prefix must start with {UPLOADS}; got {prefix!r}.")


def find(stack: Stack, prefix: str, after: str = "") -> Iterator[Existing]:
    """List the newest versions of uploads, by key.

    Args:
        stack: where.
        prefix: only keys that start so; under ``uploads/``.
        after: only keys behind this one, to go on where an earlier run ended.

    Raises:
        Failure: the prefix is outside ``uploads/``.
    """
    check_prefix(prefix)
    pages = stack.client("s3").get_paginator("list_object_versions")
    bucket = stack.outputs[StackOutput.SOURCE_BUCKET]
    for page in pages.paginate(Bucket=bucket, Prefix=prefix, KeyMarker=after):
        for item in page.get("Versions", []):
            if item["IsLatest"] and item["Key"] > after:
                yield _existing(item)


def find_gone(stack: Stack, prefix: str, after: str = "") -> Iterator[Existing]:
    """List uploads that are gone while what was made of them is still there, by key.

    The function removes all that was made of an upload that it is told of and does not find; so
    these are sent as any other. Arguments and errors are those of ``find``.
    """
    check_prefix(prefix)
    s3, bucket = stack.client("s3"), stack.outputs[StackOutput.DESTINATION_BUCKET]
    begin = upload_name(prefix)
    behind = manifest_key(upload_name(after)) if after else ""
    pages = s3.get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=bucket, Prefix=begin, StartAfter=behind):
        for item in page.get("Contents", []):
            name = name_of_manifest(item["Key"])
            if name is not None and not _is_there(s3, stack, source_key(name)):
                yield Existing(key=source_key(name), version_id=None, etag="", size=0)


def _is_there(s3: Any, stack: Stack, key: str) -> bool:
    try:
        s3.head_object(Bucket=stack.outputs[StackOutput.SOURCE_BUCKET], Key=key)
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return False
        raise
    return True


def _existing(item: dict[str, Any]) -> Existing:
    return Existing(
        key=item["Key"],
        version_id=item["VersionId"],
        etag=item["ETag"].strip('"'),
        size=item["Size"],
    )


def send(
    stack: Stack, uploads: Iterator[Existing], *, per_second: float
) -> Iterator[list[Existing]]:
    """Send uploads to the queue at a set rate; yield each batch once SQS has all of it.

    Args:
        stack: where.
        uploads: what, in the order of ``find``.
        per_second: how many a second; the queue takes any rate, your bill and readers may not.

    Raises:
        Failure: SQS kept refusing a message; what was yielded before is not lost.
    """
    sqs, count, started = stack.client("sqs"), 0, time.monotonic()
    while batch := list(islice(uploads, BATCH)):
        _send_batch(sqs, stack, batch)
        yield batch
        count += len(batch)
        time.sleep(max(0.0, started + count / per_second - time.monotonic()))


def _send_batch(sqs: Any, stack: Stack, batch: list[Existing]) -> None:
    """Send a batch, and again what SQS refused of it: a part may fail while the call succeeds."""
    entries = [
        {"Id": str(index), "MessageBody": event(stack.outputs[StackOutput.SOURCE_BUCKET], upload)}
        for index, upload in enumerate(batch)
    ]
    refused: list[dict[str, Any]] = []
    for _try in range(MAX_TRIES):
        answer = sqs.send_message_batch(
            QueueUrl=stack.outputs[StackOutput.QUEUE_URL], Entries=entries
        )
        refused = answer.get("Failed", [])
        if not refused:
            return
        ids = {failure["Id"] for failure in refused}
        entries = [entry for entry in entries if entry["Id"] in ids]
    raise Failure(
        f"SQS refused a message {MAX_TRIES} times ({refused[0].get('Message', 'no reason given')});"
        " run the same command again, with --state to go on from there."
    )


def event(bucket: str, upload: Existing) -> str:
    """Return the S3 event that an upload would have raised, marked to be rendered anew."""
    return s3_event(
        bucket,
        upload.key,
        length=upload.size,
        etag=upload.etag,
        sequencer=SEQUENCER,
        version_id=upload.version_id,
        reprocess=True,
    )
