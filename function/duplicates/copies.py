"""Renditions of an upload whose bytes were uploaded before: S3 copies them, nothing is decoded."""

from concurrent.futures import ThreadPoolExecutor

from function.contract import rendition_key
from function.manifest import Manifest, RenditionFacts, rendition_url
from function.storage.bucket import FOREVER, STORE_THREADS, Bucket, Headers
from function.versions import ObjectVersion


def copy_renditions(
    original: Manifest, version: ObjectVersion, delivery_url: str, bucket: Bucket
) -> list[RenditionFacts] | None:
    """Copy the renditions of a manifest to a version of an upload that has the same bytes.

    Returns:
        What was copied; None if the original was replaced or removed meanwhile, or has no
        renditions. Copies made by then are named by no manifest, and will be overwritten.
    """
    made_from = original.source.sequencer

    def copy(rendition: RenditionFacts) -> RenditionFacts | None:
        key = rendition_key(version.name, rendition.key.rsplit("/", 1)[-1])
        headers = Headers(rendition.content_type, FOREVER, version.sequencer)
        copied = bucket.copy(
            rendition.key, key, headers, made_from=made_from, length=rendition.bytes
        )
        url = rendition_url(delivery_url, key, original.source.sha256 or "")
        return rendition.replace(key=key, url=url) if copied else None

    with ThreadPoolExecutor(STORE_THREADS) as pool:
        copies = list(pool.map(copy, original.renditions))
    whole = [rendition for rendition in copies if rendition]
    return whole if whole and len(whole) == len(copies) else None
