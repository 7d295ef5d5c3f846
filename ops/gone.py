"""Uploads that are gone although their manifest is still there, because no event told of it.

Both buckets are listed once and the listings merged. S3 lists by key, and the two orders differ:
``a-1`` comes before ``a/b``, but ``a-1/manifest.json`` comes before ``a/manifest.json`` too, which
comes after ``a/b/manifest.json``. So names of uploads are put into the order of their manifests.
"""

import heapq
from collections.abc import Iterable, Iterator
from functools import partial

from function.contract import manifest_key, name_of_manifest, source_key, upload_name
from ops.backfill import Existing, check_prefix
from ops.stack import Stack, read_or_none


def find(stack: Stack, prefix: str, after: str = "") -> Iterator[Existing]:
    """List uploads that are gone although their manifest is still there, by the manifest's key.

    The function removes the manifest and renditions of an upload that it is told of and does not
    find, so these are sent as any other. Arguments and errors are those of ``backfill.find``.

    One HEAD asks for each again: the upload may have come since the bucket was listed. It also
    answers for uploads whose key ``after`` starts with, which S3 lists before ``after`` although
    their manifests come later.
    """
    check_prefix(prefix)
    s3 = stack.client("s3")
    behind = manifest_key(upload_name(after)) if after else ""
    uploads = _keys(stack, stack.source, prefix, after)
    written = _keys(stack, stack.destination, upload_name(prefix), behind)
    for name in without_upload(manifests(written), map(upload_name, uploads)):
        key = source_key(name)
        if not key.startswith(prefix):  # of the prefix u/: u/manifest.json is the manifest of u
            continue
        head = partial(s3.head_object, Bucket=stack.source, Key=key)
        if read_or_none(head, "404", "NoSuchKey") is None:
            yield Existing(key=key, version_id=None, etag="", size=0)


def manifests(keys: Iterable[str]) -> Iterator[str]:
    """Return which of a destination bucket's keys are manifests."""
    return (key for key in keys if name_of_manifest(key) is not None)


def without_upload(manifests: Iterable[str], names: Iterable[str]) -> Iterator[str]:
    """Return names of uploads that have a manifest but are not among ``names``.

    Both are in the order of S3's listings, the order of their UTF-8, which is that of ``str``.
    """
    expected = in_manifest_order(names)
    upload = next(expected, None)
    for manifest in manifests:
        while upload is not None and upload < manifest:
            upload = next(expected, None)
        if upload != manifest:
            yield manifest.removesuffix(manifest_key(""))


def in_manifest_order(names: Iterable[str]) -> Iterator[str]:
    """Return the manifest keys of uploads in their order, given the uploads' names in theirs.

    A key is held back until the listing has reached it: a later name's manifest key sorts behind
    that name. All names that are held start the one that the listing has reached, so there are no
    more of them than a key has characters.
    """
    held: list[str] = []
    for name in names:
        while held and held[0] <= name:
            yield heapq.heappop(held)
        heapq.heappush(held, manifest_key(name))
    while held:
        yield heapq.heappop(held)


def _keys(stack: Stack, bucket: str, prefix: str, after: str) -> Iterator[str]:
    pages = stack.client("s3").get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=bucket, Prefix=prefix, StartAfter=after):
        for item in page.get("Contents", []):
            yield item["Key"]
