"""Uploads that are gone although their manifest is still there, because the event was missed.

Both buckets are listed once and the listings merged. S3 lists by key, and the two orders differ:
``a-1`` comes before ``a/b``, but ``a-1/manifest.json`` comes before ``a/manifest.json`` too, which
comes after ``a/b/manifest.json``. So names of uploads are put into the order of their manifests.
"""

import heapq
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from function.contract.keys import manifest_key, name_of_manifest, source_key, upload_name
from ops.backfill import Existing, check_prefix
from ops.listing import Listing, Page
from ops.stack import Stack, read_or_none

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def find(stack: Stack, prefix: str, after: str = "") -> Iterator[Existing]:
    """List uploads that are gone although their manifest is still there, by the manifest's key.

    If a message names an upload that does not exist, the function removes its manifest and
    renditions; so these uploads are sent like any other. Arguments and errors are those of
    ``backfill.find``.

    A HEAD request checks each one again: the upload may be newer than the listing, or its key may
    have another of the stack's prefixes, of which the function finds the right one. It also covers
    uploads whose key is the start of ``after``: S3 lists them before ``after`` although their
    manifests come later.
    """
    check_prefix(stack, prefix)
    s3 = stack.client("s3")
    name_of = partial(upload_name, prefixes=stack.prefixes)
    behind = manifest_key(name_of(after)) if after else ""
    uploads = Listing(s3=s3, bucket=stack.source, prefix=prefix, page=_keys).find(after)
    begin = name_of(prefix)
    own = next(each for each in stack.prefixes if prefix.startswith(each))
    written = Listing(s3=s3, bucket=stack.destination, prefix=begin, page=_manifests).find(behind)
    for name in without_upload(written, map(name_of, uploads)):
        key = source_key(name, own)
        if not key.startswith(prefix):  # of the prefix u/: u/manifest.json is the manifest of u
            continue
        if not any(_exists(s3, stack.source, source_key(name, each)) for each in stack.prefixes):
            yield Existing(key=key, version_id=None, etag="", size=0)


def _exists(s3: "S3Client", bucket: str, key: str) -> bool:
    head = partial(s3.head_object, Bucket=bucket, Key=key)
    return read_or_none(head, "404", "NoSuchKey") is not None


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

    A manifest's key is held back until the listing of names has reached it, because a later name's
    manifest key sorts after that name. Every name held back is a prefix of the name that the
    listing has reached, so there are never more of them than a key has characters.
    """
    held: list[str] = []
    for name in names:
        while held and held[0] <= name:
            yield heapq.heappop(held)
        heapq.heappush(held, manifest_key(name))
    while held:
        yield heapq.heappop(held)


def _keys(s3: "S3Client", bucket: str, prefix: str, after: str) -> Page[str]:
    page = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, StartAfter=after)
    keys: list[str] = [item["Key"] for item in page.get("Contents", [])]
    return [(key, key) for key in keys], keys[-1] if page["IsTruncated"] else None


def _manifests(s3: "S3Client", bucket: str, prefix: str, after: str) -> Page[str]:
    pairs, rest = _keys(s3, bucket, prefix, after)
    return [pair for pair in pairs if name_of_manifest(pair[0]) is not None], rest
