"""Versions of objects, delete markers among them: list them, and delete them for good."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

from function.contract.keys import MAX_KEY_BYTES
from ops.stack import Stack, read_or_none
from terminal import Advance, Failure

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import (
        ErrorTypeDef,
        ObjectIdentifierTypeDef,
        PaginatorConfigTypeDef,
    )

BATCH: Final = 1000
"""Most versions that S3 deletes in one request (API reference, DeleteObjects)."""

_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that a key may have, but not XML 1.0, such as the body of DeleteObjects. Anyone may
upload such a key to a stack with ``uploads: public``."""

_BUSY: Final = frozenset({"InternalError", "ServiceUnavailable", "SlowDown"})
"""Codes with which S3 refuses a single version for a moment. botocore does not retry them, because
the request as a whole has succeeded (boto3 issue 3052)."""

MAX_TRIES: Final = 8
"""Requests for versions that S3 is too busy to delete; the pauses between them are two minutes."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of an object, or a delete marker."""

    key: str
    version_id: str  # ``null`` in a bucket that never had versions
    bytes: int  # 0 for a delete marker
    modified: str  # when it was stored (ISO 8601)
    is_latest: bool
    is_marker: bool


def _all(_key: str) -> bool:
    return True


def find(
    stack: Stack, bucket: str, prefix: str = "", holds: Callable[[str], bool] = _all
) -> Iterator[list[Version]]:
    """Yield the versions of a bucket, at most ``BATCH`` at once: by key, then newest first.

    Nothing is yielded of a bucket that is gone, or for a prefix that is too long for any key.

    Args:
        stack: where.
        bucket: its name.
        prefix: start of the keys.
        holds: return True for the keys to yield.
    """
    if len(prefix.encode()) > MAX_KEY_BYTES:
        return
    s3 = stack.client("s3")
    size: PaginatorConfigTypeDef = {"PageSize": BATCH}
    pages = s3.get_paginator("list_object_versions")
    try:
        for page in pages.paginate(Bucket=bucket, Prefix=prefix, PaginationConfig=size):
            found = [
                Version(
                    key=item["Key"],
                    version_id=item["VersionId"],
                    bytes=item.get("Size", 0),
                    modified=item["LastModified"].isoformat(),
                    is_latest=item["IsLatest"],
                    is_marker="Size" not in item,
                )
                for item in (*page.get("Versions", []), *page.get("DeleteMarkers", []))
                if holds(item["Key"])
            ]
            found.sort(key=lambda version: version.modified, reverse=True)
            found.sort(key=lambda version: version.key)
            if found:
                yield found
    except s3.exceptions.NoSuchBucket:
        return


def count(batches: Iterable[list[Version]]) -> int:
    """Return how many versions there are."""
    return sum(map(len, batches))


def delete(
    stack: Stack, bucket: str, batches: Iterable[list[Version]], advance: Advance | None = None
) -> int:
    """Delete versions for good and return how many there were.

    ``advance`` is called with the number of versions in each batch.

    Raises:
        Failure: S3 kept one; the same command may be run again.
    """
    s3, deleted = stack.client("s3"), 0
    for batch in batches:
        for item in batch:
            if _NOT_XML.search(item.key):
                s3.delete_object(Bucket=bucket, Key=item.key, VersionId=item.version_id)
        named = [item for item in batch if not _NOT_XML.search(item.key)]
        _delete(s3, bucket, [{"Key": i.key, "VersionId": i.version_id} for i in named])
        deleted += len(batch)
        if advance:
            advance(len(batch))
    return deleted


def _delete(s3: "S3Client", bucket: str, objects: "list[ObjectIdentifierTypeDef]") -> None:
    """Delete at most ``BATCH`` versions; all of them again while S3 is too busy for some."""
    errors: list[ErrorTypeDef] = []
    for number in range(MAX_TRIES if objects else 0):
        if number:
            time.sleep(2 ** (number - 1))
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        errors = answer.get("Errors", [])
        if kept := [error for error in errors if error.get("Code") not in _BUSY]:
            raise Failure(
                f"S3 kept {kept[0].get('Key')} of {bucket} ({kept[0].get('Code')}); remove what "
                "protects it and run the same command again."
            )
        if not errors:
            return
    if errors:
        raise Failure(
            f"S3 refused {MAX_TRIES} times to delete {errors[0].get('Key')} of {bucket} "
            f"({errors[0].get('Code')}); run the same command again later."
        )


def abort_unfinished(stack: Stack, bucket: str, prefix: str, holds: Callable[[str], bool]) -> int:
    """Abort multipart uploads that were begun and not completed; return how many there were.

    One that its uploader completes or aborts meanwhile is passed over.
    """
    s3, found = stack.client("s3"), find_unfinished(stack, bucket, prefix, holds)
    for key, upload_id in found:
        abort = partial(s3.abort_multipart_upload, Bucket=bucket, Key=key, UploadId=upload_id)
        read_or_none(abort, "NoSuchUpload")
    return len(found)


def find_unfinished(
    stack: Stack, bucket: str, prefix: str, holds: Callable[[str], bool]
) -> list[tuple[str, str]]:
    """Return key and id of the multipart uploads that were begun and not completed.

    S3 is asked to encode the keys, as botocore does for other listings alone: an answer with a
    character that XML 1.0 lacks cannot be read. botocore's paginator would encode a marker twice.
    """
    ask = partial(
        stack.client("s3").list_multipart_uploads, Bucket=bucket, Prefix=prefix, EncodingType="url"
    )
    found: list[tuple[str, str]] = []
    page = ask()
    while True:
        decode = unquote_plus if page.get("EncodingType") == "url" else str
        for upload in page.get("Uploads", []):
            key = decode(upload.get("Key", ""))
            if holds(key):
                found.append((key, upload.get("UploadId", "")))
        if not page.get("IsTruncated"):
            return found
        marker = decode(page.get("NextKeyMarker", ""))
        page = ask(KeyMarker=marker, UploadIdMarker=page.get("NextUploadIdMarker", ""))
