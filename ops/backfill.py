"""Sends existing uploads through a queue: for a new stack, or after its renditions have changed.

The messages are S3 events as the function reads them, marked to be rendered again.
"""

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from function.contract.messages import BACKFILL_SEQUENCER, s3_event
from ops.listing import Listing, Page, workers
from ops.scope import require_utf8
from ops.stack import Stack
from terminal import Failure

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import (
        BatchResultErrorEntryTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

BATCH: Final = 10
"""Most messages that SQS takes in one request."""

SENDERS: Final = 8
"""Batches that are sent at one time; boto3 keeps ten connections (botocore, ``Config``)."""

MAX_TRIES: Final = 5
"""Attempts to send a batch while SQS refuses a part of it."""


@dataclass(frozen=True, kw_only=True)
class Existing:
    """One upload in the source bucket; ``version_id`` is None if it is not known."""

    key: str
    version_id: str | None
    etag: str
    size: int


def check_prefix(stack: Stack, prefix: str) -> None:
    """Refuse a prefix outside the stack's own, because the function would refuse its keys.

    Raises:
        Misuse: it is not UTF-8.
        Failure: it is outside.
    """
    require_utf8(prefix)
    if not prefix.startswith(stack.prefixes):
        raise Failure(f"The prefix must start with {' or '.join(stack.prefixes)}; got {prefix!r}.")


def prefixes_of(stack: Stack, prefix: str | None) -> tuple[str, ...]:
    """Return the prefix that a command names, or those of all uploads in the order of their keys.

    Raises:
        Failure: the prefix is outside those of the stack's uploads.
    """
    if prefix is None:
        return tuple(sorted(stack.prefixes))
    check_prefix(stack, prefix)
    return (prefix,)


def find(stack: Stack, prefix: str, after: str = "") -> Iterator[Existing]:
    """List the newest versions of uploads with a prefix, by key.

    ``after`` is the last key of an earlier run, after which this one goes on.

    Raises:
        Failure: the prefix is outside those of the stack's uploads.
    """
    return _listing(stack, prefix).find(after)


def count(stack: Stack, prefix: str, after: str = "") -> int:
    """Return how many uploads ``find`` lists; faster, as their order does not matter."""
    return _listing(stack, prefix).count(after)


def _listing(stack: Stack, prefix: str) -> Listing[Existing]:
    check_prefix(stack, prefix)
    return Listing(s3=stack.client("s3"), bucket=stack.source, prefix=prefix, page=_page)


def _page(s3: "S3Client", bucket: str, prefix: str, after: str) -> Page[Existing]:
    ask = partial(s3.list_object_versions, Bucket=bucket, Prefix=prefix, KeyMarker=after)
    page = ask()
    # Without a version too: a page may hold nothing but versions of the marker, and would repeat.
    while page["IsTruncated"] and page["NextKeyMarker"] == after:
        page = ask(VersionIdMarker=page["NextVersionIdMarker"])
    found = [
        Existing(
            key=item["Key"],
            version_id=item["VersionId"],
            etag=item["ETag"].strip('"'),
            size=item["Size"],
        )
        for item in page.get("Versions", [])
        if item["IsLatest"]
    ]
    pairs = [(upload.key, upload) for upload in found]
    return pairs, page["NextKeyMarker"] if page["IsTruncated"] else None


def send(stack: Stack, uploads: Iterator[Existing], per_second: float) -> Iterator[list[Existing]]:
    """Send uploads to the queue of backfills at a set rate, in batches, several at one time.

    Yields each batch once SQS has all of it and of the batches before it. The queue takes any rate.
    A stack of an earlier release has no such queue: there, the rate limits how long new uploads
    wait.

    Raises:
        Failure: SQS kept refusing a message; the batches yielded before are in the queue.
    """
    sqs, begun, started = stack.client("sqs"), 0, time.monotonic()
    sending: deque[Future[list[Existing]]] = deque()
    with workers(SENDERS) as pool:
        while batch := list(islice(uploads, BATCH)):
            sending.append(pool.submit(_send_batch, sqs, stack, batch))
            begun += len(batch)
            due = started + begun / per_second
            while sending:
                left = max(0.0, due - time.monotonic())
                wait([sending[0]], None if len(sending) == SENDERS else left)
                if not sending[0].done():
                    break
                yield sending.popleft().result()
            time.sleep(max(0.0, due - time.monotonic()))
        for sent in sending:
            yield sent.result()


def _send_batch(sqs: "SQSClient", stack: Stack, batch: list[Existing]) -> list[Existing]:
    """Send a batch, and retry the messages that SQS refuses while the call itself succeeds."""
    bodies = [event(stack.source, upload) for upload in batch]
    entries: list[SendMessageBatchRequestEntryTypeDef] = [
        {"Id": str(index), "MessageBody": body} for index, body in enumerate(bodies)
    ]
    refused: list[BatchResultErrorEntryTypeDef] = []
    for _try in range(MAX_TRIES):
        answer = sqs.send_message_batch(QueueUrl=stack.backfill_queue, Entries=entries)
        refused = answer.get("Failed", [])
        if not refused:
            return batch
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
        sequencer=BACKFILL_SEQUENCER,
        version_id=upload.version_id,
        reprocess=True,
    )
