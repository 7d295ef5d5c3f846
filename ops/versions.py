"""Versions of objects, delete markers among them: list them, and delete them for good."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ops.stack import Stack
from terminal import Advance, Failure

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import (
        DeleteTypeDef,
        ErrorTypeDef,
        ObjectIdentifierTypeDef,
        PaginatorConfigTypeDef,
    )

BATCH: Final = 1000
"""Most versions that S3 deletes in one request (API reference, DeleteObjects)."""

_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that a key may have, but not XML 1.0, such as the body of DeleteObjects. Anyone may
upload such a key to a stack with ``uploads: public``."""


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

    Nothing is yielded of a bucket that is gone.

    Args:
        stack: where.
        bucket: its name.
        prefix: start of the keys.
        holds: return True for the keys to yield.
    """
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
        objects: list[ObjectIdentifierTypeDef] = [
            {"Key": item.key, "VersionId": item.version_id} for item in named
        ]
        delete: DeleteTypeDef = {"Objects": objects, "Quiet": True}
        errors: list[ErrorTypeDef] = []
        if named:
            errors = s3.delete_objects(Bucket=bucket, Delete=delete).get("Errors", [])
        for error in errors:
            raise Failure(
                f"S3 kept {error.get('Key')} of {bucket} ({error.get('Code')}); remove what "
                "protects it and run the same command again."
            )
        deleted += len(batch)
        if advance:
            advance(len(batch))
    return deleted


def abort_unfinished(stack: Stack, bucket: str, prefix: str, holds: Callable[[str], bool]) -> int:
    """Abort multipart uploads that were begun and not completed; return how many there were."""
    s3, found = stack.client("s3"), find_unfinished(stack, bucket, prefix, holds)
    for key, upload_id in found:
        s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
    return len(found)


def find_unfinished(
    stack: Stack, bucket: str, prefix: str, holds: Callable[[str], bool]
) -> list[tuple[str, str]]:
    """Return key and id of the multipart uploads that were begun and not completed."""
    pages = stack.client("s3").get_paginator("list_multipart_uploads")
    return [
        (upload.get("Key", ""), upload.get("UploadId", ""))
        for page in pages.paginate(Bucket=bucket, Prefix=prefix)
        for upload in page.get("Uploads", [])
        if holds(upload.get("Key", ""))
    ]
