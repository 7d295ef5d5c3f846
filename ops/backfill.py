"""Sends existing uploads through the queue: for a new stack, or after its renditions have changed.

The messages are S3 events as the function reads them, marked to be rendered again.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from function.contract import UPLOADS, StackOutput, s3_event
from ops.stack import Stack
from terminal import Failure

BATCH: Final = 10
"""Most messages that SQS takes at once."""

MAX_TRIES: Final = 5
"""Attempts to send a batch of which SQS refuses a part."""

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
    """Refuse a prefix outside ``uploads/``, whose keys the function would ignore."""
    if not prefix.startswith(UPLOADS):
        raise Failure(f"The prefix must start with {UPLOADS}; got {prefix!r}.")


def find(stack: Stack, prefix: str, after: str = "") -> Iterator[Existing]:
    """List the newest versions of uploads with a prefix, by key.

    ``after`` is the last key of an earlier run, after which this one goes on.

    Raises:
        Failure: the prefix is outside ``uploads/``.
    """
    check_prefix(prefix)
    pages = stack.client("s3").get_paginator("list_object_versions")
    for page in pages.paginate(Bucket=stack.source, Prefix=prefix, KeyMarker=after):
        for item in page.get("Versions", []):
            if item["IsLatest"] and item["Key"] > after:
                yield Existing(
                    key=item["Key"],
                    version_id=item["VersionId"],
                    etag=item["ETag"].strip('"'),
                    size=item["Size"],
                )


def send(stack: Stack, uploads: Iterator[Existing], per_second: float) -> Iterator[list[Existing]]:
    """Send uploads to the queue at a set rate; yield each batch once SQS has all of it.

    The queue takes any rate; the rate limits the bill, and how long other uploads wait.

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
    bodies = [event(stack.source, upload) for upload in batch]
    entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(bodies)]
    refused: list[dict[str, Any]] = []
    for _try in range(MAX_TRIES):
        queue = stack.outputs[StackOutput.QUEUE_URL]
        refused = sqs.send_message_batch(QueueUrl=queue, Entries=entries).get("Failed", [])
        if not refused:
            return
        ids = {failure["Id"] for failure in refused}
        entries = [entry for entry in entries if entry["Id"] in ids]
    raise Failure(
        f"SQS refused a message {MAX_TRIES} times ({refused[0].get('Message', 'no reason given')});"
        " run the same command again, with --state to go on from there."
    )


def event(bucket: str, upload: Existing) -> str:
    """Return the S3 event that an upload would have raised, marked to be rendered again."""
    return s3_event(
        bucket,
        upload.key,
        length=upload.size,
        etag=upload.etag,
        sequencer=SEQUENCER,
        version_id=upload.version_id,
        reprocess=True,
    )
